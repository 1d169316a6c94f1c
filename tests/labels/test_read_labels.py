"""Labels read back: distributions of folders and tables, samples for a split."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.labels import read_labels
from rootzone.labels.read_labels import read_distribution, read_samples


def labels(folder: Path, sites: int = 40) -> Path:
    """Two months of labels at two depths, one file each."""
    for month in (1, 2):
        frame = pl.DataFrame(
            {
                "site_id": [site for site in range(sites) for _ in range(2)],
                "date": date(2023, month, 1),
                "depth_mm": [200.0, 500.0] * sites,
                "theta": [0.2, 0.4] * sites,
                "weight": [1.0, 3.0] * sites,
            }
        )
        path = folder / "year=2023" / f"month={month:02d}" / "labels-0.parquet"
        path.parent.mkdir(parents=True)
        frame.write_parquet(path)
    return folder


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_distribution_is_the_same_with_any_number_of_workers(
    tmp_path: Path, workers: int
) -> None:
    table = read_distribution(labels(tmp_path), workers=workers)
    # By hand: half 0.2 and half 0.4; weighted 1 to 3.
    assert table.n == 160
    assert table.summary()["mean"] == pytest.approx(0.3)
    assert table.summary(weighted=True)["mean"] == pytest.approx(0.35)


def test_one_depth_can_be_chosen(tmp_path: Path) -> None:
    table = read_distribution(labels(tmp_path), 500.0)
    assert (table.n, table.summary()["min"]) == (80, pytest.approx(0.4))


def test_a_table_without_water_contents_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"sm": [0.2]}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(RequestError, match="no column theta"):
        read_distribution(tmp_path / "t.parquet")


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="holds no labels"):
        read_distribution(tmp_path)


def test_of_very_many_samples_some_sites_are_read_with_all_their_dates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = labels(tmp_path)
    assert read_samples(folder).height == 160
    monkeypatch.setattr(read_labels, "MOST_SAMPLES", 60)
    fewer = read_samples(folder)
    sites = fewer["site_id"].n_unique()
    assert 0 < sites < 40
    assert fewer.height == sites * 4
    assert fewer["date"].n_unique() == 2
