"""Rasters that GDAL opens: one file, a file a year, tiles by degrees, or an address.

A file is held against its entry before a pixel is read: coordinate system, unit, packing, type.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone._shared.errors import RequestError
from rootzone.covariates.fetch.checksums import check_inputs
from rootzone.covariates.layers.flags import flag_path, quality_of, shares
from rootzone.covariates.layers.mosaic import (
    SENTINEL,
    Piece,
    missing_files,
    read_piece,
    virtual_raster,
    without_values,
)
from rootzone.covariates.layers.opened import Opened, same_crs
from rootzone.covariates.layers.source import FlagFile, Layer, fill

if TYPE_CHECKING:
    from rootzone.covariates.check.findings import FileFinding
    from rootzone.covariates.grid import Bounds

_LISTED = 6
_ZARR = ".zarr"
_METRES = frozenset({"m", "metre", "metres", "meter", "meters"})
_FEET = frozenset({
    "ft", "foot", "feet", "us survey foot", "us survey feet", "foot_us", "us_survey_foot", "ft-us",
    "us-ft", "ftus", "international foot",
})  # fmt: skip


class Raster:
    """GeoTIFF, Erdas, ASCII grid, PNG, and the variable of a NetCDF, HDF or Zarr file."""

    terrain = False  # whether slope and aspect are worked out from the values

    def files(self, layer: Layer, data_folder: Path, bounds: Bounds) -> list[Path]:
        """Files a layer needs, whether they are there or not; globs give those that are there.

        A layer that is read over the network needs none.
        """
        pattern = layer.path_pattern()
        if layer.is_remote or (layer.part is not None and layer.part.remainder_of):
            return []
        if "{tile}" in pattern:
            tiles = layer.source.tile_names(bounds)
            return [data_folder / fill(pattern, {"tile": tile}) for tile in tiles]
        if "{any}" in pattern:
            return _newest(sorted(data_folder.glob(pattern.replace("{any}", "*"))))
        return [data_folder / pattern]

    def open(self, layer: Layer, data_folder: Path, bounds: Bounds) -> Opened:
        """A layer as one raster; see `RasterReader.open`."""
        if layer.is_remote:
            return self.open_remote(layer, data_folder, bounds)
        paths, gaps = self.those_there(layer, data_folder, bounds)
        return self.opened_files(layer, paths, gaps)

    def open_remote(self, layer: Layer, data_folder: Path, bounds: Bounds) -> Opened:
        """A layer at an address: a GeoTIFF by its blocks, a Zarr store by its chunks."""
        if layer.source.path.rstrip("/").endswith(_ZARR):
            from rootzone.covariates.fetch.zarr_parts import region_of_store

            store = region_of_store(
                layer.path_pattern(), variable_of(layer), bounds, data_folder, layer.source.crs
            )
            return self.opened_files(layer, [store])
        pieces = self.pieces(layer, _remote_uris(layer, bounds))
        if not layer.source.keep:
            return self.opened(layer, pieces, (), ())
        from rootzone.covariates.fetch.kept_windows import kept_window

        band = layer.source.band
        kept = tuple(kept_window(piece, bounds, band, data_folder) for piece in pieces)
        return self.opened(layer, kept, (), (), band=1)

    def opened_files(self, layer: Layer, paths: list[Path], gaps: tuple[str, ...] = ()) -> Opened:
        """Files that are there as one raster."""
        pieces = self.pieces(layer, [self.uri(layer, path) for path in paths])
        opened = self.opened(layer, pieces, tuple(paths), gaps)
        flags = self.flags_of(layer)
        found = None if flags is None else quality_of(layer, paths[0], pieces[0], flags)
        if found is None:
            return opened
        return replace(opened, quality=found[0], files=(*opened.files, found[1]))

    def flags_of(self, layer: Layer) -> FlagFile | None:
        """The raster of flags that lies beside each file, as the entry says."""
        return layer.source.flag_file

    def check(self, path: Path, layer: Layer | None) -> tuple[dict[str, Any], list[FileFinding]]:
        """Facts of a raster, what does not fit, and what opening it would refuse."""
        from rootzone.covariates.check.check_raster_file import raster_report

        refusal = None if layer is None else self._refusal(path, layer)
        facts, findings = raster_report(path, layer, refusal)
        flags = None if layer is None or refusal is not None else self.flags_of(layer)
        if layer is not None and flags is not None:
            beside = flag_path(layer, path, flags)
            if beside is not None:
                facts["by_flags"] = shares(beside, flags.rules)
        return facts, findings

    def _refusal(self, path: Path, layer: Layer) -> str | None:
        variables = layer.source.variables
        if variables and "variable" not in layer.values:
            if "{variable}" in layer.source.path:  # a band beside those of the entry
                return None
            layer = replace(layer, values=layer.values | {"variable": next(iter(variables))})
        try:
            self.opened_files(layer, [path])
        except RequestError as error:
            return str(error)
        return None

    def those_there(
        self, layer: Layer, data_folder: Path, bounds: Bounds
    ) -> tuple[list[Path], tuple[str, ...]]:
        """Files that are there, and names of tiles that are not and may be absent."""
        paths = self.files(layer, data_folder, bounds)
        missing = missing_files(paths)
        there = [path for path in paths if path not in missing]
        if not there or (missing and layer.source.on_missing_tile == "refuse"):
            wanted = [str(p.relative_to(data_folder)) for p in missing] or [layer.path_pattern()]
            listed = ", ".join(wanted[:_LISTED]) + (", ..." if len(wanted) > _LISTED else "")
            raise RequestError(
                f"{layer.address}: {len(wanted)} of {max(len(paths), 1)} files are missing from "
                f"{data_folder}: {listed}. Fetch them with rootzone fetch, correct path in the "
                "catalog, or accept the hole with on_missing_tile: nodata."
            )
        check_inputs(there, data_folder)
        return there, tuple(path.name for path in missing)

    def uri(self, layer: Layer, path: Path) -> str:
        """What GDAL opens for a file."""
        suffix = path.suffix.lower()
        if suffix == ".hdf":
            return _hdf4_uri(layer, path)
        if suffix == ".nc":
            return f'NETCDF:"{path}":{variable_of(layer)}'
        if suffix == ".zarr":
            return f'ZARR:"{path}":/{variable_of(layer)}'
        return str(path)

    def pieces(self, layer: Layer, uris: list[str]) -> tuple[Piece, ...]:
        """Headers of rasters that are what their entry says."""
        return tuple(_checked(layer, read_piece(uri, layer.source.crs)) for uri in uris)

    def opened(
        self,
        layer: Layer,
        pieces: tuple[Piece, ...],
        files: tuple[Path, ...],
        gaps: tuple[str, ...],
        band: int | None = None,
    ) -> Opened:
        """Pieces as one raster."""
        source = layer.source
        is_class = source.kind == "class"
        dtype = None if is_class else "float32"
        nodata = source.nodata[0] if source.nodata else (0.0 if is_class else None)
        number = band or source.band
        if is_class or len(source.nodata) < 2:
            raster = virtual_raster(pieces, number, nodata, dtype)
        else:
            laid = [without_values(piece, number, source.nodata) for piece in pieces]
            raster = virtual_raster(laid, 1, nodata, dtype, SENTINEL)
        scale, offset = (1.0, 0.0) if is_class else _packing(layer, pieces)
        return Opened(raster, read_piece(raster), files, gaps, scale=scale, offset=offset)


READER = Raster()


def variable_of(layer: Layer) -> str:
    """Variable of a NetCDF, HDF or Zarr file that a layer is.

    Raises
    ------
    RequestError
        The entry does not say.
    """
    if layer.part is not None and layer.part.names:
        return layer.part.names[0]
    if layer.source.variable is None:
        raise RequestError(f"{layer.source_name}: say which variable of the file is meant.")
    return layer.source.variable


def _remote_uris(layer: Layer, bounds: Bounds) -> list[str]:
    """GDAL reads the parts of a remote file it needs, of cloud-optimised TIFFs few."""
    pattern = layer.path_pattern()
    tiles = layer.source.tile_names(bounds) if "{tile}" in pattern else [""]
    return ["/vsicurl/" + fill(pattern, {"tile": tile}) for tile in tiles]


def _newest(paths: list[Path]) -> list[Path]:
    """Granules by their reprocessing number, such as R19240: names sort, numbers decide."""
    return sorted(paths, key=lambda path: [int(n) for n in re.findall(r"_R(\d+)_", path.name)])


def _packing(layer: Layer, pieces: tuple[Piece, ...]) -> tuple[float, float]:
    """Factor and term: the catalog's where it gives them, the file's own in CF NetCDF.

    Elsewhere a factor inside the file is no agreement: MODIS files say 10000 and mean a division.
    """
    source = layer.source
    declared = {(piece.scale, piece.offset) for piece in pieces}
    part_scale = layer.part.scale if layer.part is not None else None
    if part_scale is not None:
        return part_scale, source.offset
    if {"scale", "offset"} & source.model_fields_set or declared == {(1.0, 0.0)}:
        return source.scale, source.offset
    if len(declared) == 1 and pieces[0].uri.startswith("NETCDF:"):
        return pieces[0].scale, pieces[0].offset
    scale, offset = sorted(declared)[-1]
    raise RequestError(
        f"{layer.address}: {pieces[0].uri} declares scale {scale:g} and offset {offset:g}, the "
        "catalog none. Write scale and offset into the entry: products differ in whether they "
        "mean a factor or a divisor."
    )


def _hdf4_uri(layer: Layer, path: Path) -> str:
    import rasterio

    with rasterio.Env() as environment:
        if "HDF4Image" not in environment.drivers():
            raise RequestError(
                f"{path} is HDF4, which this GDAL {rasterio.__gdal_version__} was built without "
                "(rasterio wheels never have it). Order the layer as GeoTIFF or NetCDF from "
                "AppEEARS or Harmony, or convert it where GDAL has HDF4: gdal_translate "
                f"'HDF4_EOS:EOS_GRID:\"{path.name}\":MOD_Grid_MCD15A3H:{variable_of(layer)}' "
                "OUT.tif"
            )
    return f'HDF4_EOS:EOS_GRID:"{path}":MOD_Grid_MCD15A3H:{variable_of(layer)}'


def _checked(layer: Layer, piece: Piece) -> Piece:
    """The piece, if it is what the catalog promises."""
    _unit_agrees(layer, piece)
    _is_not_scaled_yet(layer, piece)
    _same_crs(layer, piece)
    return piece


def _same_crs(layer: Layer, piece: Piece) -> None:
    from pyproj import CRS

    if layer.source.crs is None or same_crs(piece.crs, layer.source.crs, piece.bounds):
        return
    found = CRS.from_user_input(piece.crs).name
    raise RequestError(
        f"{piece.uri}: the file is in {found}, {layer.source_name} in the catalog says "
        f"{layer.source.crs}. If the file was reprojected, take the original: classes would be "
        "shifted twice. If the file is right, correct crs in the catalog."
    )


def _unit_agrees(layer: Layer, piece: Piece) -> None:
    """Heights in feet under an entry in metres would make slopes 3.28 times too steep."""
    seen, wanted = piece.unit.strip().lower(), layer.unit.strip().lower()
    if (seen in _FEET and wanted in _METRES) or (seen in _METRES and wanted in _FEET):
        raise RequestError(
            f"OTHER_UNIT {piece.uri}: the file is in {piece.unit!r}, {layer.source_name} in the "
            f"catalog says {layer.unit!r}. Write an entry of your own with the file's unit, or "
            "convert the file: gdal_calc.py -A IN --calc='A*0.3048006096' --outfile=OUT (US survey "
            "foot)."
        )


def _is_not_scaled_yet(layer: Layer, piece: Piece) -> None:
    """A product of whole numbers that comes as decimals has been scaled already."""
    source = layer.source
    packed = {"scale", "offset"} & source.model_fields_set and source.scale != 1.0
    plain = piece.dtype.startswith("float") and (piece.scale, piece.offset) == (1.0, 0.0)
    if packed and plain and source.kind != "class":
        raise RequestError(
            f"ALREADY_SCALED {piece.uri}: the file holds {piece.dtype}, but {layer.source_name} "
            f"stores whole numbers to be multiplied by {source.scale:g}. Values that were scaled "
            "once would be scaled twice. Take the product as served, or write an entry of your own "
            "with scale: 1 and offset: 0."
        )
