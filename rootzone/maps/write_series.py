"""All maps of a depth in one file: NetCDF, or Zarr for those who read it over a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone.covariates.grid import Window
from rootzone.maps import cf
from rootzone.maps.cf import CfVariable, SeriesSpec
from rootzone.maps.encoding import NODATA
from rootzone.maps.names import MapFiles

CHUNK_PX = 512


def write_netcdf(
    path: Path, spec: SeriesSpec, files: Sequence[MapFiles], record: Provenance
) -> None:
    """Copy finished maps into one NetCDF-4 file; the water contents stay as they are.

    Parameters
    ----------
    path : Path
        The file.
    spec : SeriesSpec
        What it holds.
    files : sequence of MapFiles
        The maps, in the order of ``spec.days``.
    record : Provenance
        Goes into an attribute and a sidecar.
    """
    import netCDF4

    with atomic_path(path) as temporary, netCDF4.Dataset(temporary, "w") as file:
        file.setncatts({**cf.global_attributes(spec), "rootzone": record.to_json()})
        for name, size in spec.sizes.items():
            file.createDimension(name, size)
        for name, variable in cf.variables(spec).items():
            _netcdf_variable(file, name, variable, spec)
        for number, day in enumerate(files):
            for window, layers in _windows_of(day, spec):
                rows, cols = _slices(window)
                for name, values in layers.items():
                    file[name][number, rows, cols] = values
    write_sidecar(path, record)


def _netcdf_variable(
    file: Any,  # noqa: ANN401 - netCDF4 is untyped
    name: str,
    variable: CfVariable,
    spec: SeriesSpec,
) -> None:
    options: dict[str, Any] = {}
    if name in cf.MAPS:
        chunk = (1, min(CHUNK_PX, spec.grid.height), min(CHUNK_PX, spec.grid.width))
        options = {"compression": "zlib", "shuffle": True, "chunksizes": chunk}
    made = file.createVariable(
        name, variable.dtype, variable.dims, fill_value=variable.fill, **options
    )
    made.setncatts(dict(variable.attributes))
    made.set_auto_maskandscale(False)
    if variable.values is not None:
        made[...] = variable.values


def write_zarr(path: Path, spec: SeriesSpec, files: Sequence[MapFiles], record: Provenance) -> None:
    """Copy finished maps into a Zarr store with the same names and attributes.

    Parameters
    ----------
    path : Path
        The store, a folder. It is made beside its place and moved there when whole.
    spec, files, record
        As in ``write_netcdf``.

    Raises
    ------
    RequestError
        The extra ``rootzone[zarr]`` is not installed.
    """
    try:
        import zarr
    except ImportError as error:
        raise RequestError(
            "maps.time_series: zarr needs the zarr package; install rootzone[zarr], or choose "
            "netcdf."
        ) from error
    with _atomic_folder(path) as temporary:
        store: Any = zarr.open_group(temporary, mode="w", zarr_format=3)
        for name, variable in cf.variables(spec).items():
            _zarr_variable(store, name, variable, spec)
        for number, day in enumerate(files):
            for window, layers in _windows_of(day, spec):
                rows, cols = _slices(window)
                for name, values in layers.items():
                    store[name][number, rows, cols] = values
        store.attrs.update({**cf.global_attributes(spec), "rootzone": record.to_json()})
        _consolidate(temporary)
    write_sidecar(path, record)


def _zarr_variable(
    store: Any,  # noqa: ANN401 - zarr's types differ between versions
    name: str,
    variable: CfVariable,
    spec: SeriesSpec,
) -> None:
    shape = tuple(spec.sizes[dim] for dim in variable.dims)
    chunk = {"time": 1, "y": CHUNK_PX, "x": CHUNK_PX}
    fill = variable.fill if variable.fill is not None else 0
    made = store.create_array(
        name,
        shape=shape,
        dtype=variable.dtype,
        chunks=tuple(min(chunk.get(d, n), n) for d, n in zip(variable.dims, shape, strict=True))
        if name in cf.MAPS
        else shape,
        fill_value=fill,
        dimension_names=variable.dims,
    )
    attributes = {k: v.tolist() if isinstance(v, np.ndarray) else v
                  for k, v in variable.attributes.items()}  # fmt: skip
    if variable.fill is not None and not np.isnan(variable.fill):
        attributes["_FillValue"] = variable.fill
    made.attrs.update(attributes)
    if variable.values is not None:
        made[...] = variable.values


def _consolidate(store: Path) -> None:
    """All metadata in one file, which saves a reader a request for each variable."""
    import warnings

    import zarr

    with warnings.catch_warnings():
        # Zarr warns that its third format does not name this yet; readers of it agree on it.
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(str(store))


@contextmanager
def _atomic_folder(path: Path) -> Iterator[Path]:
    """A folder beside ``path`` that takes its place once the block has succeeded."""
    temporary = path.with_name(f".{path.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _windows_of(day: MapFiles, spec: SeriesSpec) -> Iterator[tuple[Window, Mapping[str, AnyArray]]]:
    """Stored numbers of one map, window by window."""
    from rasterio.windows import Window as Part

    with ExitStack() as stack:
        theta = stack.enter_context(open_raster(day.theta))
        flags = stack.enter_context(open_raster(day.flags))
        for window in spec.grid.windows(CHUNK_PX):
            part = Part(window.col, window.row, window.width, window.height)
            both = theta.read(window=part)
            layers = {"theta": _signed(both[0]), "theta_half_width": _signed(both[1])}
            yield window, {**layers, "flags": flags.read(1, window=part)}


def _signed(stored: AnyArray) -> AnyArray:
    """16-bit numbers of a map in the signed type that CF packs into; floats as they are."""
    if stored.dtype != np.uint16:
        return stored
    most = np.iinfo(np.int16).max  # 3.2767 m3 m-3, far above any water content
    return np.where(stored == NODATA, np.int16(cf.FILL), np.minimum(stored, most).astype(np.int16))


def _slices(window: Window) -> tuple[slice, slice]:
    return (
        slice(window.row, window.row + window.height),
        slice(window.col, window.col + window.width),
    )
