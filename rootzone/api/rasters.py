"""Maps as labelled arrays: bands, coordinates, units and coordinate reference system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared import open_files
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import check

if TYPE_CHECKING:
    import xarray as xr

    from rootzone._shared.provenance import Provenance


def open_raster(path: Path, record: Provenance | None) -> xr.Dataset:
    """A map that ``rootzone map`` wrote.

    Raises
    ------
    RequestError
        The file cannot be read.
    """
    import xarray as xr

    try:
        if path.suffix == ".tif":
            data = _geotiff(path)
        elif path.suffix == ".zarr":
            data = xr.open_zarr(check(path))
        else:
            data = xr.open_dataset(check(path))
    except (OSError, ValueError, ImportError) as error:
        raise RequestError(f"{path} cannot be read as a map: {error}") from error
    if record is not None:
        data.attrs.update(digest=record.digest, provenance=record.to_json())
    return data


def stacked(paths: Sequence[Path]) -> xr.Dataset:
    """Maps of several days at one depth, one after the other along ``time``.

    Raises
    ------
    RequestError
        There is none.
    """
    import xarray as xr

    if not paths:
        raise RequestError("There is no map at that depth; labels.depths_mm says which are made.")
    days = [open_raster(path, None) for path in paths]
    time = np.array([one.attrs["date"] for one in days], dtype="datetime64[ns]")
    return xr.concat(days, xr.Variable("time", time, {"axis": "T"}), combine_attrs="drop_conflicts")


def _geotiff(path: Path) -> xr.Dataset:
    """Bands in their units, NaN where there is no value, on the centres of their pixels."""
    import xarray as xr
    from pyproj import CRS

    with open_files.open_raster(path) as file:
        x = file.transform.c + (np.arange(file.width) + 0.5) * file.transform.a
        y = file.transform.f + (np.arange(file.height) + 0.5) * file.transform.e
        bands = {}
        for number in file.indexes:
            name = file.descriptions[number - 1] or f"band_{number}"
            bands[name] = (("y", "x"), _values(file, number), _about(file, number))
        crs = CRS.from_user_input(file.crs.to_wkt())
        tags = file.tags()
    axis = {"units": "m", "standard_name": "projection_x_coordinate"}
    coords: dict[str, Any] = {
        "x": ("x", x, axis),
        "y": ("y", y, {**axis, "standard_name": "projection_y_coordinate"}),
        "crs": ((), 0, crs.to_cf()),
    }
    told = {key: text for key, text in tags.items() if key not in {"rootzone", "AREA_OR_POINT"}}
    return xr.Dataset(bands, coords=coords, attrs={"Conventions": "CF-1.11", **told})


def _values(file: Any, number: int) -> Any:  # noqa: ANN401 - rasterio
    stored = file.read(number, masked=True)
    if np.issubdtype(stored.dtype, np.integer) and file.scales[number - 1] == 1.0:
        return stored.filled() if file.nodata is not None else stored.data
    scaled = stored.astype(float) * file.scales[number - 1] + file.offsets[number - 1]
    return scaled.filled(np.nan)


def _about(file: Any, number: int) -> dict[str, str]:  # noqa: ANN401 - rasterio
    tags = file.tags(number)
    told = {key: tags[key] for key in ("long_name", "units") if key in tags}
    return {**told, "grid_mapping": "crs"}
