"""What DeepSoil's surface half learns from in the county: target, leaf area, coarse product.

The target is what a land-surface model with a satellite's help would say: the county's true water
content at 5 cm with a bias by land cover and a smooth error, nothing over water. The coarse product
is the truth's mean over the county with a radiometer's noise.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.provenance import Provenance
from rootzone._shared.seeds import stream
from rootzone.covariates.grid import MasterGrid
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.settings import default_settings
from rootzone.made_up.county_fields import Waves
from rootzone.made_up.truth import read_truth, write_truth
from rootzone.made_up.write_campaign import SEED, TRUTH
from rootzone.maps.write_cog import Band, CogSpec, write_cog
from rootzone.surface.worlds.write_smap import NOTE

if TYPE_CHECKING:
    from rootzone.covariates.open_campaign import CampaignFiles

SURFACE_MM: Final = 50.0
_COARSE_PX: Final = 32  # the truth's pixels that the coarse product's mean is made of
_WATER: Final = 11
# Of the target [m3 m-3] and the most leaf area [m2 m-2], by NLCD code; others 0 and 0.5.
_BIAS: Final = {71: 0.035, 82: 0.06, 52: 0.02, 42: -0.03}
_LEAVES: Final = {71: 1.2, 82: 3.0, 52: 1.0, 42: 3.5}


def target_days(year: int, every: int) -> list[date]:
    """Days of March to November that the target is there on.

    Examples
    --------
    >>> len(target_days(2023, 8)), target_days(2023, 8)[0]
    (34, datetime.date(2023, 3, 6))
    """
    found = days_of(year, every)
    return [day for day in found if 3 <= day.month <= 11]


def days_of(year: int, every: int) -> list[date]:
    """Every so many days of a year from its first on."""
    first = date(year, 1, 1)
    return [first + timedelta(days=k) for k in range(0, (date(year + 1, 1, 1) - first).days, every)]


def write_county_surface(
    files: CampaignFiles, folder: Path, stations: int, every: int, threads: int = 1
) -> None:
    """Write target, leaf area and coarse moisture of a campaign in the county, and its truth.

    Parameters
    ----------
    files : CampaignFiles
        The campaign, of one year; its county lies in its data already.
    folder : Path
        Gets ``target``, ``lai`` and ``smap30``.
    stations : int
        As many as the county was made with.
    every : int
        Days between two targets; weather may be on twice as many.
    threads : int
        Threads of the engine.
    """
    grid, (year,) = files.grid, files.campaign.years
    engine = SwimEngine(default_settings("van_genuchten", "converged"), threads=threads)
    targets = target_days(year, every)
    report = [date(year, month, day) for month in range(1, 13) for day in (1, 15)]
    depths = [SURFACE_MM, *(float(depth) for depth in files.campaign.labels.depths_mm)]
    truth = files.data / TRUTH
    write_truth(
        truth, grid, SEED, [year], sorted({*targets, *report}), depths, engine, n_station=stations
    )
    with files.stack(year) as stack:
        cover = np.asarray(stack.read(files.campaign.catalog.land_cover, grid.full_window))
    for day in targets:
        theta = read_truth(truth, SURFACE_MM, day)
        assert theta is not None  # noqa: S101 - written above
        _put(folder / "target" / f"hydroblocks_{day:%Y%m%d}.tif", grid, _target(theta, cover, grid))
    for day in days_of(year, 4):
        _put(folder / "lai" / f"lai_{day:%Y%m%d}.tif", grid, _leaf_area(cover, day))
    _write_coarse(files, folder / "smap30", stations, engine)


def _target(theta: AnyArray, cover: AnyArray, grid: MasterGrid) -> AnyArray:
    east, north = (np.arange(n) * grid.resolution_m / 1000.0 for n in (grid.width, grid.height))
    smooth = Waves.drawn(stream(SEED, 31), 6.0, 0.5).at_km(*np.meshgrid(east, north))
    bias = _by_cover(_BIAS, cover, 0.0)
    told = np.clip(theta + bias + 0.012 * smooth, 0.02, 0.6)
    return np.where(cover == _WATER, np.nan, told)


def _leaf_area(cover: AnyArray, day: date) -> AnyArray:
    season = np.sin(np.pi * np.clip((day.timetuple().tm_yday - 60) / 270.0, 0.0, 1.0))
    return np.asarray(_by_cover(_LEAVES, cover, 0.5) * (0.3 + 0.7 * season))


def _by_cover(told: dict[int, float], cover: AnyArray, other: float) -> FloatArray:
    out = np.full(cover.shape, other)
    for code, value in told.items():
        out[cover == code] = value
    return out


def _write_coarse(files: CampaignFiles, folder: Path, stations: int, engine: SwimEngine) -> None:
    """One cell over the county: the mean of pixels of about a kilometre, drier, with noise."""
    grid, (year,) = files.grid, files.campaign.years
    size = grid.resolution_m * _COARSE_PX
    coarse = MasterGrid(
        grid.crs, size, grid.left, grid.top, grid.width // _COARSE_PX, grid.height // _COARSE_PX
    )
    whole = MasterGrid(grid.crs, size * coarse.width, grid.left, grid.top, 1, 1)
    days, rng = days_of(year, 2), stream(SEED, 32)
    truth = files.data / TRUTH / "coarse"
    write_truth(truth, coarse, SEED, [year], days, [SURFACE_MM], engine, n_station=stations)
    for day in days:
        theta = read_truth(truth, SURFACE_MM, day)
        assert theta is not None  # noqa: S101 - written above
        seen = float(np.nanmean(theta)) - 0.02 + 0.02 * rng.standard_normal()
        value = np.full((1, 1), np.clip(seen, 0.02, 0.6))
        _put(folder / f"smap_{day:%Y%m%d}.tif", whole, value)


def _put(path: Path, grid: MasterGrid, values: AnyArray) -> None:
    bands = [Band("theta" if path.parent.name != "lai" else "lai", "-", "made up")]
    spec = CogSpec(grid, bands, "float32", float("nan"), "average", {"note": NOTE})
    write_cog(path, spec, values[None].astype(np.float32), Provenance("made-up county"))
