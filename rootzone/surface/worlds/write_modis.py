"""MODIS tiles of a made-up province as AppEEARS cuts them: sinusoidal GeoTIFF and its flags.

Temperature of the day (MOD11A1), vegetation index (MOD13A1) and leaf area (MCD15A3H). Every file
says that it is made up.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.atomic import atomic_path
from rootzone.surface.worlds.province import Province
from rootzone.surface.worlds.write_smap import NOTE

_SINUSOIDAL: Final = "+proj=sinu +R=6371007.181 +units=m"
_KM_M: Final = 926.625433056  # side of a pixel of 1 km on the product's sphere


class Tile(NamedTuple):
    """How a product is called and packed.

    Attributes
    ----------
    product : str
        First part of the names, underscores included.
    value, flags : str
        The two layers.
    pixel_m : float
        Side of a pixel [m].
    scale : float
        Value of a step of the stored number.
    kind : str
        Type of the stored numbers.
    fill, nodata : int or None
        What stands where there is no value, and whether the file says so.
    none : int
        Flag of a pixel without a value; good ones have 0.
    """

    product: str
    value: str
    flags: str
    pixel_m: float
    scale: float
    kind: str
    fill: int
    nodata: int | None
    none: int


LST: Final = Tile("MOD11A1.061_", "LST_Day_1km", "QC_Day", _KM_M, 0.02, "uint16", 0, 0, 2)
"""Day temperature [K], daily; 2 is cloud."""
NDVI: Final = Tile(
    "MOD13A1.061__", "500m_16_days_NDVI", "500m_16_days_pixel_reliability", _KM_M / 2, 1e-4,
    "int16", -3000, -3000, 3,
)  # fmt: skip
"""Vegetation index [-], 16 days; 3 is cloud."""
LAI: Final = Tile(
    "MCD15A3H.061_", "Lai_500m", "FparLai_QC", _KM_M / 2, 0.1, "uint8", 255, 255, 4 << 5
)
"""Leaf area [-], 4 days; bits 5 to 7 are 4 where nothing was produced."""


def write_modis(folder: Path, province: Province, field: AnyArray, day: int, tile: Tile) -> Path:
    """A field of one day, and its flags beside it.

    Parameters
    ----------
    folder : Path
        Gets ``MOD11A1.061_LST_Day_1km_doy2022124_aid0001.tif`` and its quality layer.
    province : Province
        Where and when.
    field : array, shape (row, col)
        In the unit of the product; NaN where there is none, as under clouds.
    day : int
        Number of the date.
    tile : Tile
        `LST`, `NDVI` or `LAI`.

    Returns
    -------
    Path
        The file of values.
    """
    import rasterio
    from rasterio.warp import Resampling, calculate_default_transform, reproject

    grid, size = province.grid, tile.pixel_m
    source = rasterio.transform.from_origin(
        grid.left, grid.top, grid.resolution_m, grid.resolution_m
    )
    transform, width, height = calculate_default_transform(
        grid.crs, _SINUSOIDAL, grid.width, grid.height, *grid.bounds_m, resolution=size
    )
    # On the product's own lattice of pixels.
    left, top = np.floor(transform.c / size) * size, np.ceil(transform.f / size) * size
    onto = rasterio.transform.from_origin(left, top, size, size)
    values = np.full((height + 1, width + 1), np.nan)
    reproject(
        np.asarray(field, np.float64), values, src_transform=source, src_crs=grid.crs,
        dst_transform=onto, dst_crs=_SINUSOIDAL, resampling=Resampling.nearest,
        src_nodata=np.nan, dst_nodata=np.nan,
    )  # fmt: skip
    known = np.isfinite(values)
    stored = np.where(known, np.rint(values / tile.scale), tile.fill).astype(tile.kind)
    flags = np.where(known, 0, tile.none).astype(np.uint8)
    date = province.dates[day]
    of_year = int((date - date.astype("datetime64[Y]")).astype(int)) + 1
    folder.mkdir(parents=True, exist_ok=True)
    told: list[tuple[str, AnyArray, int | None]] = [
        (tile.value, stored, tile.nodata), (tile.flags, flags, None)
    ]  # fmt: skip
    stamp = f"doy{str(date)[:4]}{of_year:03d}_aid0001.tif"
    for name, numbers, nodata in told:
        profile = {"driver": "GTiff", "count": 1, "crs": _SINUSOIDAL, "transform": onto,
                   "height": numbers.shape[0], "width": numbers.shape[1], "dtype": numbers.dtype,
                   "nodata": nodata}  # fmt: skip
        path = folder / f"{tile.product}{name}_{stamp}"
        with atomic_path(path) as temporary, rasterio.open(temporary, "w", **profile) as file:
            file.write(numbers, 1)
            file.update_tags(note=NOTE)
    return folder / f"{tile.product}{tile.value}_{stamp}"
