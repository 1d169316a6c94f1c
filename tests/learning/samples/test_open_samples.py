from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from rootzone.learning.samples.open_samples import digest_labels, read_labels, weighted
from tests.learning.scenes import some_labels


def _write(folder: Path, n_day: int, n_site: int) -> None:
    for month, half in ((1, range(31)), (2, range(31, n_day))):
        days = [dt.date(2023, 1, 1) + dt.timedelta(days=d) for d in half]
        path = folder / "year=2023" / f"month={month:02d}" / "labels-00000.parquet"
        path.parent.mkdir(parents=True)
        pl.DataFrame(
            {
                "site_id": np.repeat(np.arange(n_site), len(days)), "date": days * n_site,
                "depth_mm": 200.0, "theta": 0.2, "weight": 1.0, "engine": "any",
            }
        ).write_parquet(path)  # fmt: skip


def test_labels_that_fit_are_all_read(tmp_path: Path) -> None:
    _write(tmp_path, n_day=59, n_site=4)
    labels, stride = read_labels(tmp_path)
    assert (labels.height, stride) == (59 * 4, 1)
    assert labels.schema["site_id"] == pl.String


def test_of_too_many_labels_whole_days_are_left_out_in_every_file_alike(tmp_path: Path) -> None:
    _write(tmp_path, n_day=59, n_site=4)
    # 236 rows, at most 60: every fourth day, since 236 / 60 is 3.9.
    labels, stride = read_labels(tmp_path, most=60)
    assert stride == 4
    days = labels["date"].unique().sort()
    assert set(days.diff().drop_nulls().dt.total_days()) == {4}
    assert labels.height == len(days) * 4


def test_the_digest_is_that_of_what_the_labels_say() -> None:
    labels = some_labels()
    again = some_labels()
    assert digest_labels(labels) == digest_labels(again)
    again.theta[0] += np.float32(0.01)
    assert digest_labels(labels) != digest_labels(again)


def test_labels_count_by_the_land_of_their_sites_or_alike() -> None:
    labels = pl.DataFrame({"site_id": ["a", "b"], "theta": [0.1, 0.2], "weight": [30.0, 2.5]})
    assert weighted(labels, "design")["weight"].to_list() == [30.0, 2.5]
    assert weighted(labels, "equal").to_dict(as_series=False) == {
        "site_id": ["a", "b"], "theta": [0.1, 0.2], "weight": [1.0, 1.0],
    }  # fmt: skip
