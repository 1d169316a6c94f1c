"""Daily images from folders of GeoTIFFs: two files a day, values and where they come from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.day_in_name import day_in_name
from rootzone._shared.digests import digest_file, digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone._shared.provenance import Provenance
from rootzone.maps.map_run import made_alike
from rootzone.surface.fusion.daily import DailySettings, Filled, Origin, Series, fill_day
from rootzone.surface.fusion.fuse_files import Quantity, band_of, opened, require_bounds
from rootzone.surface.fusion.write_image import image_writer

_CACHE_BYTES: Final = 400_000_000
MEANING: Final = {
    Origin.UNKNOWN: "unknown",
    Origin.OBSERVED: "the fine sensor saw it that day",
    Origin.FUSED: "fused from two pairs (ESTARFM)",
    Origin.CHANGED: "fine value of another day and the coarse change since",
    Origin.BETWEEN: "between the fine values before and after",
    Origin.USUAL: "mean of the season",
}


class Composites(NamedTuple):
    """Files of one sensor, each with the first day of what it sums up in its name."""

    paths: Sequence[Path]
    days_each: int = 1

    def by_day(self) -> dict[dt.date, Path]:
        """Files by the middle of their days."""
        shift = dt.timedelta(days=self.days_each // 2)
        found: dict[dt.date, Path] = {}
        for path in self.paths:
            day = day_in_name(path.name) + shift
            if day in found:
                raise RequestError(f"{found[day]} and {path} are of one day; leave one out.")
            found[day] = path
        return found


@dataclass(frozen=True)
class DayMade:
    """One day: its files and the share of pixels by origin."""

    day: dt.date
    values: Path
    origin: Path
    share: dict[str, float]
    mean: float


def day_files(out: Path, name: str, day: dt.date) -> tuple[Path, Path]:
    """Values and origins of a day.

    >>> [path.name for path in day_files(Path(), "lst", dt.date(2022, 6, 1))]
    ['lst_20220601.tif', 'lst_20220601.origin.tif']
    """
    stem = f"{name}_{day:%Y%m%d}"
    return out / f"{stem}.tif", out / f"{stem}.origin.tif"


def make_daily(
    name: str,
    quantity: Quantity,
    fine: Composites,
    coarse: Composites,
    days: Sequence[dt.date],
    out: Path,
    settings: DailySettings,
    say: Callable[[str], None],
) -> list[DayMade]:
    """Write the image of every day; days already made of the same files are kept.

    Parameters
    ----------
    name : str
        Beginning of the file names.
    quantity : Quantity
        What the images measure.
    fine, coarse : Composites
        Files of both sensors; coarse ones may lie on any grid.
    days : sequence of date
        Days wanted.
    out : Path
        Folder.
    settings : DailySettings
        How gaps are filled.
    say : callable
        Told how it goes.

    Raises
    ------
    RequestError
        A name tells no day, two files one day, fine files lie on different grids, most of an image
        lies outside the bounds, or a day gets no pixel at all.
    """
    finer, coarser = fine.by_day(), coarse.by_day()
    if not finer or not coarser:
        raise RequestError(f"There are no {'coarse' if finer else 'fine'} images to fill from.")
    grid_of = finer[min(finer)]
    read = _reader(grid_of, settings.bounds)
    shares: dict[dt.date, float] = {}

    def clear(day: dt.date) -> float:
        if day not in shares:
            shares[day] = float(np.isfinite(fine_series.read(day)).mean())
        return shares[day]

    fine_series = Series(list(finer), lambda day: read(finer[day], ""))
    coarse_series = Series(list(coarser), lambda day: read(coarser[day], "bilinear"))
    made = []
    told = {
        **{k: v for k, v in vars(settings).items() if k != "bounds"},
        "bounds": list(settings.bounds), "days_each": [fine.days_each, coarse.days_each],
    }  # fmt: skip
    inputs = {
        sensor: digest_json(sorted(digest_file(path) for path in table.values()))
        for sensor, table in (("fine", finer), ("coarse", coarser))
    }
    for day in days:
        record = Provenance("rootzone surface daily", inputs, told | {"day": day.isoformat()})
        paths = day_files(out, name, day)
        if not all(path.is_file() and made_alike(path, record) for path in paths):
            reach = max(8, coarse.days_each)
            filled = fill_day(day, fine_series, coarse_series, clear, settings, reach)
            _write_day(paths, filled, grid_of, quantity, record, day)
        made.append(_told(day, paths))
        part = ", ".join(f"{share:.0%} {what}" for what, share in made[-1].share.items() if share)
        say(f"{paths[0].name}: mean {made[-1].mean:.4g} {quantity.unit}; {part}")
    return made


def _reader(grid_of: Path, bounds: tuple[float, float]) -> Callable[[Path, str], FloatArray]:
    """Read a file on the grid of another, keeping the last ones in memory."""
    with open_raster(grid_of) as file:
        held = max(4, _CACHE_BYTES // (8 * file.width * file.height))

    def read(path: Path, resample: str) -> FloatArray:
        with ExitStack() as stack:
            # The second of a pair is the coarse one, which may be put on the grid of the first.
            pair = [grid_of, path] if resample else [path, grid_of]
            files = stack.enter_context(opened(pair, resample))
            values = band_of(files[1 if resample else 0], 1)
        known = values[np.isfinite(values)]
        if known.size:
            require_bounds(str(path), known, bounds)
        return values

    kept: Callable[[Path, str], FloatArray] = lru_cache(maxsize=held)(read)
    return kept


def _write_day(
    paths: tuple[Path, Path],
    filled: Filled,
    grid_of: Path,
    quantity: Quantity,
    record: Provenance,
    day: dt.date,
) -> None:
    if not np.isfinite(filled.values).any():
        raise RequestError(
            f"{day}: no pixel gets a value; no fine image lies within reach or in its season. "
            "Give more images, or leave the day out."
        )
    legend = {f"origin_{code.value}": meaning for code, meaning in MEANING.items()}
    tags = {"long_name": f"{quantity.meaning}, daily", "date": day.isoformat()}
    with open_raster(grid_of) as like:
        with image_writer(paths[0], like, record, unit=quantity.unit, tags=tags) as file:
            file.write(filled.values.astype(np.float32), 1)
        with image_writer(paths[1], like, record, dtype="uint8", tags=tags | legend) as file:
            file.write(filled.origin, 1)


def _told(day: dt.date, paths: tuple[Path, Path]) -> DayMade:
    with open_raster(paths[1]) as file:
        origin = file.read(1)
    with open_raster(paths[0]) as file:
        mean = float(np.nanmean(band_of(file, 1)))
    share = {code.name.lower(): float((origin == code).mean()) for code in Origin}
    return DayMade(day, *paths, share, mean)
