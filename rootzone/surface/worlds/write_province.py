"""A made-up province as files in the layouts of real ones, for the demo and for trials.

SMAP L2 enhanced half orbits (HDF5), a land map and vegetation composites (GeoTIFF; MODIS's
scale), and stations in a plain table. Every file says that it is made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.atomic import atomic_path, write_text
from rootzone._shared.provenance import Provenance
from rootzone.covariates.fetch.checksums import NAME as CHECKSUMS
from rootzone.covariates.fetch.checksums import record_files
from rootzone.maps.write_cog import Band, CogSpec, write_cog
from rootzone.surface.grids.cell_grid import ease_grid
from rootzone.surface.physics.classes import class_fractions, prior_of_fractions
from rootzone.surface.samples.scene import LAND_BANDS
from rootzone.surface.worlds.look import (
    INCIDENCE_DEG,
    cell_means,
    vegetation_water,
    yearly_ndvi_range,
)
from rootzone.surface.worlds.province import CELL_PX, Province
from rootzone.surface.worlds.samples import Looks
from rootzone.surface.worlds.write_smap import (
    NOTE,
    SmapCells,
    write_smap_l2,
    write_smap_l3,
)

_COMPOSITE_DAYS = 16


def write_province(folder: Path, looks: Looks) -> None:
    """Write everything that satellites and stations saw of a province.

    Parameters
    ----------
    folder : Path
        Gets ``smap/``, ``ndvi/``, ``land.tif``, ``stations.csv``, ``MADE_UP.txt`` and the
        checksums of them all.
    looks : Looks
        The province and what was seen of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "MADE_UP.txt", f"{NOTE}. Settings: {looks.province.settings.to_dict()}\n")
    _write_land(folder / "land.tif", looks.province)
    _write_ndvi(folder / "ndvi", looks)
    _write_smap(folder / "smap", looks)
    _write_stations(folder / "stations.csv", looks)
    (folder / CHECKSUMS).unlink(missing_ok=True)  # of a province that was here before
    files = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*"))
             if path.is_file()]  # fmt: skip
    record_files(folder, files, "made up")


def _record(province: Province) -> Provenance:
    return Provenance("made-up province", settings=province.settings.to_dict())


def _write_land(path: Path, province: Province) -> None:
    most, least = yearly_ndvi_range(province.igbp)
    values = (
        province.sand_pct, province.clay_pct, province.bulk_density_g_cm3,
        province.igbp.astype(np.float64), most, least,
    )  # fmt: skip
    units = ("%", "%", "g cm-3", "-", "-", "-")
    bands = [Band(n, u, f"{n}, made up") for n, u in zip(LAND_BANDS, units, strict=True)]
    spec = CogSpec(province.grid, bands, "float32", float("nan"), "average", {"note": NOTE})
    write_cog(path, spec, np.stack(values).astype(np.float32), _record(province))


def _write_ndvi(folder: Path, looks: Looks) -> None:
    """Composites with MODIS's scale of 0.0001 and fill of -3000 (MOD13A2)."""
    province = looks.province
    for start in range(0, province.dates.size, _COMPOSITE_DAYS):
        middle = min(start + _COMPOSITE_DAYS // 2, province.dates.size - 1)
        day = str(province.dates[middle]).replace("-", "")
        stored = np.rint(looks.ndvi[middle] / 1e-4).astype(np.int16)
        band = Band("ndvi", "-", "vegetation index, 16 days, made up", 1e-4)
        spec = CogSpec(province.grid, [band], "int16", -3000, "average", {"note": NOTE})
        write_cog(folder / f"MOD13A2_{day}.tif", spec, stored[None], _record(province))


def _write_smap(folder: Path, looks: Looks) -> None:
    for number in range(looks.smap.day.size):
        made = cells_of(looks, number)
        stamp = f"{_day(looks, number)}T120000"
        write_smap_l2(folder / f"SMAP_L2_SM_P_E_{number:05d}_D_{stamp}_R18290_001.h5", made)


def write_composites(folder: Path, looks: Looks, numbers: Sequence[int]) -> list[Path]:
    """Some looks as enhanced daily composites (SPL3SMP_E), whose morning pass they are.

    Parameters
    ----------
    folder : Path
        Gets ``SMAP_L3_SM_P_E_20220401_R18290_001.h5`` and so on.
    looks : Looks
        What was seen.
    numbers : sequence of int
        Which looks.
    """
    made = []
    for number in numbers:
        made.append(folder / f"SMAP_L3_SM_P_E_{_day(looks, number)}_R18290_001.h5")
        folder.mkdir(parents=True, exist_ok=True)
        write_smap_l3(made[-1], {"AM": cells_of(looks, number)})
    return made


def _day(looks: Looks, number: int) -> str:
    return str(looks.province.dates[looks.smap.day[number]]).replace("-", "")


def cells_of(looks: Looks, number: int) -> SmapCells:
    """Enhanced cells of one look, as SMAP's files have them."""
    province, smap = looks.province, looks.smap
    first_row, first_col = (
        int(v) for v in ease_grid(9).row_col(province.grid.left + 1.0, province.grid.top - 1.0)
    )
    size = province.grid.height // CELL_PX
    row, col = (part.ravel() for part in np.mgrid[0:size, 0:size])
    prior = prior_of_fractions(class_fractions(province.igbp))
    cover = province.igbp[CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX].ravel()
    day = int(smap.day[number])

    def cells(field: AnyArray) -> FloatArray:
        return cell_means(np.asarray(field, np.float64)).ravel()

    tau = cells(prior.b * vegetation_water(province.igbp, looks.ndvi[day]))
    noon = province.dates[day].astype("datetime64[s]") + np.timedelta64(12, "h")
    return SmapCells(
        first_row + row, first_col + col, np.full(row.size, noon),
        smap.tb_h[number].ravel(), smap.tb_v[number].ravel(),
        np.full(row.size, INCIDENCE_DEG), smap.teff_k[number].ravel(),
        cells(province.clay_pct), cells(province.bulk_density_g_cm3), cells(prior.h),
        cells(prior.omega), tau, cover, cells(prior.b), nominal_km=9,
    )  # fmt: skip


def _write_stations(path: Path, looks: Looks) -> None:
    """A plain table, a value a row, as ``rootzone stations`` reads it."""
    province, seats = looks.province, looks.stations
    lon, lat = province.grid.lon_lat(seats.row, seats.col)
    dates, n = province.dates, seats.row.size
    frame = pl.DataFrame(
        {
            "network": ["made-up"] * (n * dates.size),
            "station": np.repeat([f"S{k:02d}" for k in range(n)], dates.size),
            "date": np.tile(dates.astype(str), n),
            "lat": np.repeat(lat.round(5), dates.size),
            "lon": np.repeat(lon.round(5), dates.size),
            "depth_m": np.full(n * dates.size, 0.05),
            "theta": seats.theta.T.ravel().round(4),
        }
    ).filter(pl.col("theta").is_not_nan())
    with atomic_path(path) as temporary:
        frame.write_csv(temporary)
