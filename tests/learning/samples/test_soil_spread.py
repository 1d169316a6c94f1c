"""Labels of unsure soils count less, and widen the interval."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.learning.samples.soil_spread import (
    counted_by_spread,
    read_soil_spread,
    soil_widths,
)

WINTER, SUMMER = dt.date(2023, 1, 5), dt.date(2023, 7, 5)


def table(rows: list[tuple[str, dt.date, float | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "site_id": [r[0] for r in rows], "date": [r[1] for r in rows],
            "depth_mm": pl.Series([200.0] * len(rows), dtype=pl.Float32),
            "theta_sd": pl.Series([r[2] for r in rows], dtype=pl.Float64),
        }
    )  # fmt: skip


SPREAD = table([("a", WINTER, 0.02), ("b", WINTER, 0.0), ("c", WINTER, 0.06), ("d", WINTER, None)])


def labels(*sites: str) -> pl.DataFrame:
    return pl.DataFrame(
        {"site_id": sites, "date": [WINTER] * len(sites), "depth_mm": 200.0, "theta": 0.2,
         "weight": 10.0}
    )  # fmt: skip


def test_a_label_of_ordinary_noise_counts_as_before_and_an_unsure_one_less() -> None:
    # The median is .02. By hand: 2 / (1 + 1), 2 / 1, 2 / (1 + 9); without a spread as the median.
    found = counted_by_spread(labels("a", "b", "c", "d", "e"), SPREAD)
    assert found["weight"].to_list() == pytest.approx([10.0, 20.0, 2.0, 10.0, 10.0])
    assert found.columns == labels("a").columns


def test_without_a_spread_the_option_is_refused() -> None:
    with pytest.raises(RequestError, match=r"soil\.members"):
        counted_by_spread(labels("a"), None)


def test_the_width_follows_the_season() -> None:
    # Root mean square of .03 and .04: sqrt(.00125); 80 % of a normal lie within 1.2816.
    rows = table([("a", WINTER, 0.03), ("b", WINTER, 0.04), ("a", SUMMER, 0.02)])
    found = soil_widths(rows, 0.8)
    assert found == pytest.approx({"DJF": 1.281552 * 0.00125**0.5, "JJA": 1.281552 * 0.02})
    assert soil_widths(None, 0.8) == {}


def test_the_spread_is_read_from_every_part(tmp_path: Path) -> None:
    assert read_soil_spread(tmp_path) is None
    for number, site in enumerate("ab"):
        path = tmp_path / "year=2023" / f"part-{number:05d}.parquet"
        path.parent.mkdir(exist_ok=True)
        table([(site, WINTER, 0.01)]).with_columns(members=pl.lit(3)).write_parquet(path)
    found = read_soil_spread(tmp_path)
    assert found is not None
    assert found["site_id"].to_list() == ["a", "b"]
