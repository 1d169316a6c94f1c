"""Finished windows put together: the two rasters of a map, and the trust layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray
from rootzone._shared.open_files import open_raster
from rootzone._shared.parts import Parts
from rootzone._shared.provenance import Provenance
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.region import Region
from rootzone.maps.encoding import (
    FLAG_TYPE,
    NO_VALUE,
    OUTSIDE,
    UNKNOWN_BITS,
    UNLIKE_TRAINING,
    WATER,
    Dtype,
    pack_theta,
)
from rootzone.maps.map_spec import flags_spec, theta_spec
from rootzone.maps.names import MapFiles
from rootzone.maps.stac import stac_item, write_stac_item
from rootzone.maps.style import put_style
from rootzone.maps.write_cog import Band, CogSpec, cog_writer

OUTSIDE_BAND = 3  # of the trust layer


class MapSource(Protocol):
    """Where the pixels of maps come from."""

    def values(self, day: int, window: Window) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Packed water content and half-width (depth, row, col), and flags (row, col)."""


@dataclass(frozen=True)
class MapPlan:
    """What is common to the maps of one run.

    Parameters
    ----------
    grid : MasterGrid
        Where.
    days : tuple of date
        The days, ascending.
    depths_mm : tuple of float
        Depths, in the order of the source's depth axis [mm].
    folder : Path
        Where maps lie.
    dtype : {"uint16", "float32"}
        Stored numbers.
    interval_pct : float
        Central interval of the second band [%].
    window_px : int
        Windows the source holds.
    tags : mapping of str to str
        Texts for every file.
    record : Provenance
        What made them, but for depth and day.
    trust : Path or None
        Trust layer that gives a flag, where there is one.
    region : Region or None
        What the maps are cut to: pixels outside have no value.
    """

    grid: MasterGrid
    days: tuple[date, ...]
    depths_mm: tuple[float, ...]
    folder: Path
    dtype: Dtype
    interval_pct: float
    window_px: int
    tags: Mapping[str, str]
    record: Provenance
    trust: Path | None
    region: Region | None = None

    def outside(self, window: Window) -> BoolArray | None:
        """Pixels of a window outside the region; None where there is no outline to cut to."""
        return None if self.region is None else ~self.region.mask(self.grid, window)

    def files(self, day: int, depth: int) -> MapFiles:
        """Files of one map, by its positions."""
        return MapFiles(self.folder, self.depths_mm[depth], self.days[day])

    def maps(self) -> list[tuple[int, int]]:
        """Positions of day and depth of every map."""
        return [(day, k) for day in range(len(self.days)) for k in range(len(self.depths_mm))]

    def record_of(self, day: int, depth: int) -> Provenance:
        """Provenance of one map."""
        own = {"depth_mm": self.depths_mm[depth], "date": self.days[day].isoformat()}
        record = self.record
        return Provenance(record.verb, record.inputs, {**record.settings, **own}, record.code)


def assemble_map(plan: MapPlan, source: MapSource, day: int, depth: int) -> None:
    """Write one map: water content, flags, catalog item and colours.

    The catalog item comes last; a map that has it is whole.
    """
    files, record = plan.files(day, depth), plan.record_of(day, depth)
    where = (plan.depths_mm[depth], plan.days[day])
    theta = theta_spec(plan.grid, plan.dtype, *where, plan.interval_pct, plan.tags)
    flags = flags_spec(plan.grid, *where, plan.tags)
    files.stac.unlink(missing_ok=True)
    with (
        cog_writer(files.theta, theta, record) as put_theta,
        cog_writer(files.flags, flags, record) as put_flags,
    ):
        for window, unlike in _with_trust(plan):
            values, half, bits = source.values(day, window)
            outside = plan.outside(window)
            if outside is not None:
                bits = np.where(outside, bits | FLAG_TYPE(OUTSIDE.bit), bits)
            both, bits = finished_pixels(values[depth], half[depth], bits, unlike, plan.dtype)
            put_theta(window, both)
            put_flags(window, bits[None])
    put_style(files.style)
    properties = {"rootzone:digest": record.digest, **{f"rootzone:{k}": v for k, v in
                  plan.tags.items()}}  # fmt: skip
    write_stac_item(files.stac, stac_item(files, theta, flags, properties))


def finished_pixels(
    theta: AnyArray, half: AnyArray, flags: AnyArray, unlike: AnyArray | None, dtype: Dtype
) -> tuple[AnyArray, AnyArray]:
    """The last touch on a window: no value on water or where an input is not known.

    Parameters
    ----------
    theta, half : array, shape (row, col)
        Packed numbers.
    flags : array of uint16
        Flags known so far.
    unlike : array of bool or None
        Pixels outside the training sites' range.
    dtype : {"uint16", "float32"}
        How the numbers are packed.

    Returns
    -------
    both : array, shape (2, row, col)
        Water content and half-width.
    flags : array of uint16
        All flags.
    """
    nothing = pack_theta(np.array(np.nan), dtype)
    water = (flags & WATER.bit) != 0
    unknown = (flags & UNKNOWN_BITS) != 0
    missing = unknown | (np.isnan(theta) if dtype == "float32" else theta == nothing)
    bits = flags.copy()
    bits[missing & ~water] |= FLAG_TYPE(NO_VALUE.bit)
    if unlike is not None:
        bits[unlike & ~water] |= FLAG_TYPE(UNLIKE_TRAINING.bit)
    both = np.stack([theta, half])
    both[:, water | missing] = nothing
    return both, bits


def _with_trust(plan: MapPlan) -> Iterator[tuple[Window, AnyArray | None]]:
    """Windows of the run, each with the pixels outside the training sites' range."""
    windows = plan.grid.windows(plan.window_px)
    if plan.trust is None:
        yield from ((window, None) for window in windows)
        return
    from rasterio.windows import Window as Part

    with open_raster(plan.trust) as file:
        for window in windows:
            part = Part(window.col, window.row, window.width, window.height)
            yield window, file.read(OUTSIDE_BAND, window=part) > 0.5


TRUST_BANDS = (
    Band(
        "distance_to_training",
        "1",
        "distance to the nearest training site in land features, in mean distances between sites",
    ),
    Band("higher_rung_share", "1", "share of the 8 nearest sites that needed a higher rung"),
    Band("outside_training_range", "1", "1 outside the range of the training sites, else 0"),
)


def trust_spec(grid: MasterGrid, tags: Mapping[str, str]) -> CogSpec:
    """The trust layer: three bands of float32, NaN where land features are missing."""
    return CogSpec(grid, TRUST_BANDS, "float32", float("nan"), "average", dict(tags))


def assemble_trust(
    path: Path, spec: CogSpec, record: Provenance, parts: Parts, windows: Iterable[Window]
) -> None:
    """Write the trust layer from its finished windows."""
    with cog_writer(path, spec, record) as put:
        for window in windows:
            put(window, parts.get(f"trust_{window.row}_{window.col}")["trust"])
