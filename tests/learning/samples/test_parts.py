from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from rootzone.campaign.learning_section import Split
from rootzone.covariates.grid import MasterGrid
from rootzone.labels.splits import PARTS
from rootzone.learning.samples.label_index import SIMULATED, STATION, GridLabels
from rootzone.learning.samples.parts import REGIONS_ALONG, parts_of, region_of

# 12 x 12 tiles of 16 pixels: regions of 2 x 2 tiles.
GRID = MasterGrid("EPSG:5070", 100.0, -800025.0, 2000025.0, 192, 192, 16)


def _labels(source: str, n: int, days: range, first: int, seed: int) -> GridLabels:
    rng = np.random.default_rng(seed)
    row, col = rng.integers(0, 192, (2, n))
    dates = [dt.date(2023, 1, 1) + dt.timedelta(days=d) for d in days]
    names = [f"{source}{first + k}" for k in range(n)]
    labels = pl.DataFrame(
        {
            "site_id": np.repeat(names, len(dates)), "date": dates * n, "depth_mm": 200.0,
            "theta": 0.2, "weight": 1.0,
        }
    )  # fmt: skip
    sites = pl.DataFrame({"site_id": names, "row": row, "col": col})
    made = GridLabels.from_labels(labels, sites, GRID, [200.0])
    object.__setattr__(made, "source", source)
    return made


@pytest.fixture(scope="module")
def sources() -> dict[str, GridLabels]:
    return {
        SIMULATED: _labels(SIMULATED, 200, range(0, 364, 4), 0, seed=1),
        STATION: _labels(STATION, 24, range(90, 300, 3), 1000, seed=2),
    }


@pytest.mark.parametrize("kind", ["season_dates", "blocked_dates"])
def test_a_held_out_date_is_held_out_of_both_sources(
    kind: str, sources: dict[str, GridLabels]
) -> None:
    parts = parts_of(Split(kind=kind), 2, sources)  # type: ignore[arg-type]
    held = {name: set(labels.part(parts[name], "test").dates) for name, labels in sources.items()}
    for name, labels in sources.items():
        seen = set(labels.part(parts[name], "train").dates)
        assert not seen & (held[SIMULATED] | held[STATION])


@pytest.mark.parametrize("kind", ["season_dates", "blocked_dates", "stations", "regions"])
def test_every_label_belongs_to_one_part(kind: str, sources: dict[str, GridLabels]) -> None:
    parts = parts_of(Split(kind=kind), 2, sources)  # type: ignore[arg-type]
    for name, labels in sources.items():
        counts = [len(labels.part(parts[name], part)) for part in PARTS]
        assert sum(counts) == len(labels)
        # Of 24 stations or some 20 regions with stations, shares are coarse; the largest trains.
        assert counts[0] == max(counts)


def test_stations_are_held_out_whole(sources: dict[str, GridLabels]) -> None:
    parts = parts_of(Split(kind="stations"), 2, sources)
    seen, held = (
        set(sources[STATION].part(parts[STATION], part).used_places) for part in ("train", "test")
    )
    assert len(held) == 5  # 24 stations: round(0.8 * 24) = 19 train or validate, 5 are left
    assert not seen & held


def test_no_tile_of_a_held_out_region_trains_in_either_source(
    sources: dict[str, GridLabels],
) -> None:
    parts = parts_of(Split(kind="regions"), 2, sources)
    held = set()
    for name, labels in sources.items():
        held |= set(region_of(labels.part(parts[name], "test").tile.astype(np.int64), GRID))
    for name, labels in sources.items():
        seen = region_of(labels.part(parts[name], "train").tile.astype(np.int64), GRID)
        assert not set(seen.tolist()) & held


def test_regions_are_blocks_of_whole_tiles() -> None:
    # 12 tiles along each side in 6 regions: tiles 0, 1, 12 and 13 make the first.
    region = region_of(np.arange(144), GRID)
    assert np.flatnonzero(region == 0).tolist() == [0, 1, 12, 13]
    assert len(set(region.tolist())) == REGIONS_ALONG**2


def test_the_split_depends_on_its_seed_alone(sources: dict[str, GridLabels]) -> None:
    split = Split(kind="stations")
    assert parts_of(split, 2, sources) == parts_of(split, 2, sources)
    assert parts_of(split, 2, sources) != parts_of(split, 3, sources)
