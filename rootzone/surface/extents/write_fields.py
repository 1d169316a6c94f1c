"""Leaf area and coarse surface moisture by day, as files that the surface network reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, inputs_of
from rootzone._shared.table_files import read_table
from rootzone.covariates.grid import MasterGrid, Window, from_lon_lat
from rootzone.covariates.observe.ease import ease_grid
from rootzone.covariates.observe.observed import OBSERVATIONS
from rootzone.covariates.weather.leaf_area import dates_of_maps
from rootzone.maps.map_run import made_alike
from rootzone.maps.write_cog import Band, CogSpec, write_cog
from rootzone.surface.extents.write_land import VERB, refuse_foreign

if TYPE_CHECKING:
    from rootzone.covariates.open_campaign import CampaignFiles

_MORNING: Final = ("desc", "am")
_EASE: Final = re.compile(r"ease2_(\d+)km")


def of_day(pattern: str, key: str, name: str, day: date) -> str:
    """Path of a day's file: the ``*`` in a pattern's name becomes the quantity and the day.

    Raises
    ------
    RequestError
        There is no single ``*`` in the name.

    Examples
    --------
    >>> of_day("data/lai/*.tif", "lai", "lai", date(2019, 4, 1))
    'data/lai/lai_20190401.tif'
    """
    if Path(pattern).name.count("*") != 1 or pattern.count("*") != 1:
        raise RequestError(
            f"surface.deepsoil.{key}: {pattern!r} has no single * in its file name for the day."
        )
    return pattern.replace("*", f"{name}_{day:%Y%m%d}")


def write_leaf_area(files: CampaignFiles, pattern: str, say: Callable[[str], None]) -> list[Path]:
    """Write the maps of ``weather.leaf_area`` in the campaign's years on its grid.

    Raises
    ------
    RequestError
        The entry is not of leaf area by date, or files not made here are in the way.
    """
    entry = files.campaign.weather.leaf_area
    if entry is None:
        say("no lai is written: weather.leaf_area names no entry")
        return []
    source = files.catalog.source(entry)
    days = dates_of_maps(source, entry, files.catalog.data_folder)
    made = []
    with files.stack(max(files.campaign.years)) as stack:
        for spelt, day in days.items():
            if day.year not in files.campaign.years:
                continue
            address = f"{entry}/{spelt}"
            inputs = inputs_of({path.name: path for path in stack.files(address)})
            path = files.folder / of_day(pattern, "lai", "lai", day)
            record = Provenance(VERB, inputs, {"grid": stack.grid.to_dict()})
            made.append(path)
            if not made_alike(path, record):
                values = np.asarray(stack.read(address, stack.grid.full_window))
                _write(path, stack.grid, "lai", "m2 m-2", values, record)
    say(f"{len(made)} days of leaf area")
    return made


def write_coarse(
    files: CampaignFiles, tables: Sequence[Path], pattern: str, say: Callable[[str], None]
) -> list[Path]:
    """Write coarse moisture, the morning's where both passes are there, on its own cells.

    Parameters
    ----------
    files : CampaignFiles
        The campaign.
    tables : sequence of Path
        What ``rootzone surface observe --out`` made of SMAP's files.
    pattern : str
        ``surface.deepsoil.smap``.
    say : callable
        Told how it goes.

    Raises
    ------
    RequestError
        A table has no moisture on an EASE-Grid inside the region.
    """
    made = []
    for table in tables:
        frame = read_table(table, OBSERVATIONS).filter(pl.col("quantity") == "theta")
        morning = frame.filter(pl.col("orbit").is_in(_MORNING))
        frame = morning if morning.height else frame
        for (name,), part in frame.group_by("grid", maintain_order=True):
            made += _of_grid(files, str(name), part, pattern, inputs_of({table.name: table}))
    if tables and not made:
        raise RequestError(
            f"{', '.join(map(str, tables))}: no water content (quantity theta) on an EASE-Grid "
            "inside the region."
        )
    lacking = "no smap is written: surface.deepsoil.observations names no table"
    say(f"{len(made)} days of coarse moisture" if made else lacking)
    return made


def _of_grid(
    files: CampaignFiles, name: str, frame: pl.DataFrame, pattern: str, inputs: dict[str, str]
) -> list[Path]:
    hit = _EASE.fullmatch(name)
    if hit is None:
        return []
    whole = ease_grid(int(hit[1]))
    west, south, east, north = files.region.bounds
    x, y = from_lon_lat(whole.crs, np.array([west, east]), np.array([north, south]))
    rows, cols = (np.asarray(one) for one in whole.row_col(x, y))
    # A cell more on every side, so that nothing within the region is beyond a middle.
    window = Window(
        int(rows.min()) - 1, int(cols.min()) - 1,
        int(np.ptp(rows)) + 3, int(np.ptp(cols)) + 3,
    )  # fmt: skip
    grid = MasterGrid(
        whole.crs, whole.resolution_m, whole.left + window.col * whole.resolution_m,
        whole.top - window.row * whole.resolution_m, window.width, window.height,
    )  # fmt: skip
    made = []
    for (day,), part in frame.group_by("date", maintain_order=True):
        row = part["row"].to_numpy() - window.row
        col = part["col"].to_numpy() - window.col
        inside = np.asarray(grid.contains(row, col))
        if not inside.any():
            continue
        values = np.full(grid.shape, np.nan, dtype=np.float32)
        values[row[inside], col[inside]] = part["value"].to_numpy()[inside]
        path = files.folder / of_day(pattern, "smap", "smap", day)
        record = Provenance(VERB, inputs, {"grid": grid.to_dict()})
        made.append(path)
        if not made_alike(path, record):
            _write(path, grid, "theta", "m3 m-3", values, record)
    return made


def _write(
    path: Path, grid: MasterGrid, name: str, unit: str, values: AnyArray, record: Provenance
) -> None:
    refuse_foreign(path)
    bands = [Band(name, unit, f"{name}, by {VERB}")]
    spec = CogSpec(grid, bands, "float32", float("nan"), "average")
    write_cog(path, spec, values[None].astype(np.float32), record)
