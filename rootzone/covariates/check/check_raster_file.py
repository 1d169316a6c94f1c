"""What a raster really is: driver, coordinate system, lattice, nodata, values, and what misfits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.covariates.check.findings import FileFinding
from rootzone.covariates.grid import ANCHOR_X_M, ANCHOR_Y_M
from rootzone.covariates.layers.legends import CLASS_NODATA, packed_legends
from rootzone.covariates.layers.mosaic import quiet
from rootzone.covariates.layers.opened import same_crs
from rootzone.covariates.layers.source import Layer

_SAMPLE_WINDOWS, _SAMPLE_PX = 8, 256  # at most 8 x 8 windows of 256 px are looked at
_SENTINELS = (-9999.0, -999999.0, -32768.0, 32767.0, 65535.0, 255.0, 250.0)
_LATTICE_TOLERANCE_M = 0.3
_PIXEL_TOLERANCE = 1e-4


def raster_report(
    path: Path, layer: Layer | None, refusal: str | None
) -> tuple[dict[str, Any], list[FileFinding]]:
    """Facts of a raster, what does not fit its entry, and what opening it refused.

    Parameters
    ----------
    path : Path
        The file.
    layer : Layer, optional
        Its entry.
    refusal : str, optional
        What the reader said when it was asked to open the file.
    """
    try:
        facts = raster_facts(path)
    except RequestError as error:
        mend = "convert it to GeoTIFF where GDAL can read it; HDF4 needs a GDAL built with it"
        return {}, [FileFinding("UNREADABLE", "problem", str(error), mend)]
    findings = [*_upright(facts), *raster_findings(facts, layer)]
    if refusal is not None:
        findings.extend(_refused(refusal, findings))
    return facts, findings


def _refused(refusal: str, findings: list[FileFinding]) -> Iterator[FileFinding]:
    """What stops reading, unless a finding has told it."""
    code, _, words = refusal.partition(" ")
    named = code.isupper() and "_" in code
    told = {finding.code for finding in findings if finding.level == "problem"}
    if told if not named else code in told:
        return
    mend = "as the sentence says; reading stops there"
    yield FileFinding(code if named else "REFUSED", "problem", words if named else refusal, mend)


def _upright(facts: dict[str, Any]) -> Iterator[FileFinding]:
    transform = facts.get("transform")
    if transform is None:
        return
    if transform[1] or transform[3]:
        yield FileFinding(
            "ROTATED",
            "problem",
            f"its rows do not run from west to east (transform {transform})",
            "rewrite it north-up: gdalwarp IN OUT",
        )
    elif transform[4] > 0:
        yield FileFinding(
            "UPSIDE_DOWN",
            "problem",
            f"its first row is the southern one (transform {transform})",
            "rewrite it north-up: gdalwarp IN OUT",
        )


def raster_facts(path: Path) -> dict[str, Any]:
    """Driver, coordinate system, lattice, type, nodata and values of a raster.

    Values come from up to 64 windows spread over the raster, or from all of a small one.

    Raises
    ------
    RequestError
        GDAL cannot open the file.
    """
    from rasterio.errors import RasterioIOError

    try:
        with quiet(), open_raster(path) as data:
            if data.count == 0:
                return {"driver": data.driver, "subdatasets": list(data.subdatasets)}
            transform = data.transform
            values = _sample(data)
            return {
                "driver": data.driver,
                "crs": data.crs.to_wkt() if data.crs else None,
                "crs_name": _crs_name(data.crs),
                "width": data.width,
                "height": data.height,
                "left": None if transform.is_identity else transform.c,
                "top": None if transform.is_identity else transform.f,
                "pixel": None if transform.is_identity else transform.a,
                "transform": None if transform.is_identity else list(transform)[:6],
                "dtype": data.dtypes[0],
                "bands": data.count,
                "nodata": data.nodata,
                "scale": data.scales[0],
                "offset": data.offsets[0],
                "unit": data.units[0],
                **_value_facts(values, data.nodata),
            }
    except RasterioIOError as error:
        raise RequestError(f"GDAL cannot open it: {error}") from error


def _crs_name(crs: Any) -> str | None:  # noqa: ANN401 - rasterio is untyped
    if not crs:
        return None
    from pyproj import CRS

    return str(CRS.from_user_input(crs).name)


def _sample(data: Any) -> AnyArray:  # noqa: ANN401 - rasterio is untyped
    if data.width * data.height <= (_SAMPLE_WINDOWS * _SAMPLE_PX) ** 2:
        return np.asarray(data.read(1)).ravel()
    return np.concatenate(list(_windows(data)))


def _windows(data: Any) -> Iterator[AnyArray]:  # noqa: ANN401 - rasterio is untyped
    from rasterio.windows import Window

    for i in np.linspace(0, max(data.height - _SAMPLE_PX, 0), _SAMPLE_WINDOWS).astype(int):
        for j in np.linspace(0, max(data.width - _SAMPLE_PX, 0), _SAMPLE_WINDOWS).astype(int):
            yield np.asarray(data.read(1, window=Window(j, i, _SAMPLE_PX, _SAMPLE_PX))).ravel()


def _value_facts(values: AnyArray, nodata: float | None) -> dict[str, Any]:
    known = values[np.isfinite(values)]
    if nodata is not None:
        known = known[known != nodata]
    if known.size == 0:
        return {"values_looked_at": int(values.size), "lowest": None, "highest": None, "codes": {}}
    whole = bool(np.all(known == np.round(known)))
    distinct, counts = np.unique(known, return_counts=True)
    few = {int(v): int(n) for v, n in zip(distinct, counts, strict=True)}
    return {
        "values_looked_at": int(values.size),
        "lowest": float(known.min()),
        "highest": float(known.max()),
        "codes": few if whole and distinct.size <= 64 else {},
        "sentinels": [s for s in _SENTINELS if s in (known.min(), known.max())],
    }


def raster_findings(facts: dict[str, Any], layer: Layer | None) -> list[FileFinding]:
    """Everything that does not fit the catalog entry, in the order it should be mended."""
    if layer is None or "subdatasets" in facts:
        return []
    checks: tuple[Callable[[dict[str, Any], Layer], Iterator[FileFinding]], ...] = (
        _crs, _pixel, _lattice, _nodata, _codes, _range,
    )  # fmt: skip
    return [finding for check in checks for finding in check(facts, layer)]


def _crs(facts: dict[str, Any], layer: Layer) -> Iterator[FileFinding]:
    wanted = layer.source.crs
    if wanted is None or facts["left"] is None:
        return
    if facts["crs"] is None:
        yield FileFinding(
            "NO_CRS",
            "note",
            f"the file names no coordinate system; the catalog's {wanted} is used",
            f"write it into the file: gdal_edit.py -a_srs '{wanted}' FILE",
        )
    elif not same_crs(facts["crs"], wanted, _bounds(facts)):
        yield FileFinding(
            "OTHER_CRS",
            "problem",
            f"the file is in {facts['crs_name']}, the catalog says {wanted}",
            "take the original file rather than a reprojected one, or correct crs in the catalog",
        )


def _bounds(facts: dict[str, Any]) -> tuple[float, float, float, float]:
    left, top, pixel = facts["left"], facts["top"], facts["pixel"]
    return left, top - pixel * facts["height"], left + pixel * facts["width"], top


def _pixel(facts: dict[str, Any], layer: Layer) -> Iterator[FileFinding]:
    wanted, seen = layer.source.pixel, facts["pixel"]
    if wanted is None or seen is None or abs(seen / wanted - 1) < _PIXEL_TOLERANCE:
        return
    other = [
        name
        for name, size in layer.source.pixel_of_other_legend.items()
        if abs(seen / size - 1) < _PIXEL_TOLERANCE
    ]
    if other:
        yield FileFinding(
            "OTHER_NUMBERING",
            "problem",
            f"pixels of {seen:.7g} degrees are those of the {other[0]} product, but the entry's "
            f"legend is {layer.source.legend}: the same codes mean other classes",
            f"hold it against an entry with legend: {other[0]}",
        )
    else:
        yield FileFinding(
            "OTHER_PIXEL",
            "problem",
            f"pixels are {seen:.10g}, the catalog says {wanted:.10g}",
            "take the product at its own resolution, or correct pixel in the catalog",
        )


def _lattice(facts: dict[str, Any], layer: Layer) -> Iterator[FileFinding]:
    remainder = layer.source.edges_mod_30_m
    if remainder is None or facts["left"] is None or abs(facts["pixel"] - 30.0) > 0.01:
        return
    right = 15.0 - (15.0 - (facts["left"] - ANCHOR_X_M)) % 30.0
    up = 15.0 - (15.0 - (facts["top"] - ANCHOR_Y_M)) % 30.0
    facts["lattice_offset_m"] = [right, up]
    if max(abs(right), abs(up)) < _LATTICE_TOLERANCE_M:
        return
    new = _bounds(facts)
    yield FileFinding(
        "HALF_PIXEL" if abs(abs(right) - 15) < 1 or abs(abs(up) - 15) < 1 else "OFF_LATTICE",
        "problem",
        f"pixel edges lie {right:+.3f} m east and {up:+.3f} m north of the product's lattice "
        f"(edges at {remainder:g} mod 30 m); half a pixel may as well be the other way",
        f"take the product as its provider serves it. {layer.source.note} If you "
        f"know that only the corner is written wrong: gdal_edit.py -a_ullr {new[0] - right:.0f} "
        f"{new[3] - up:.0f} {new[2] - right:.0f} {new[1] - up:.0f} FILE",
    )


def _nodata(facts: dict[str, Any], layer: Layer) -> Iterator[FileFinding]:
    declared, wanted = facts["nodata"], layer.source.nodata
    hidden = {*facts.get("sentinels", []), *(v for v in wanted if v in facts["codes"])} - {declared}
    hidden &= set(wanted) if layer.source.kind == "class" else hidden
    if hidden:
        listed = ", ".join(f"{value:g}" for value in sorted(hidden))
        covered = hidden <= set(wanted)
        yield FileFinding(
            "UNDECLARED_NODATA",
            "note" if covered else "problem",
            f"{listed} occurs as a value, and the file does not declare it as nodata"
            + ("; the catalog does" if covered else ""),
            f"gdal_edit.py -a_nodata {min(hidden):g} FILE"
            + ("" if covered else ", or add it to nodata in the catalog"),
        )
    if declared is not None and wanted and declared not in wanted:
        yield FileFinding(
            "OTHER_NODATA",
            "note",
            f"the file declares nodata {declared:g}, the catalog {', '.join(map(str, wanted))}",
            "both are treated as nodata; add it to nodata in the catalog to silence this",
        )


def _codes(facts: dict[str, Any], layer: Layer) -> Iterator[FileFinding]:
    source = layer.source
    if source.kind != "class" or source.legend is None:
        return
    legend = layer.legend or packed_legends().get(source.legend)
    if legend is None:
        return
    codes = np.array([c for c in facts["codes"] if c not in source.nodata] or [CLASS_NODATA])
    strange = {code: facts["codes"][code] for code in legend.unknown_codes(codes)}
    if not facts["codes"] and facts["lowest"] is not None:
        yield FileFinding(
            "NOT_CLASSES",
            "problem",
            f"values from {facts['lowest']:g} to {facts['highest']:g} are no class codes",
            "this is another product; name the right entry with --as",
        )
    elif strange:
        listed = ", ".join(f"{code} ({count} px)" for code, count in strange.items())
        yield FileFinding(
            "UNKNOWN_CODES",
            "problem",
            f"{listed} not in the legend {source.legend}",
            legend.hint_for_unknown(strange, packed_legends()),
        )


def _range(facts: dict[str, Any], layer: Layer) -> Iterator[FileFinding]:
    if layer.range is None or facts["lowest"] is None or layer.source.kind == "class":
        return
    sentinels = {*facts.get("sentinels", []), *layer.source.nodata}
    ends = [value for value in (facts["lowest"], facts["highest"]) if value not in sentinels]
    low, high = layer.range
    scale, offset = _packing(facts, layer)
    scaled = [value * scale + offset for value in ends]
    wrong = [value for value in scaled if not low <= value <= high]
    if wrong:
        yield FileFinding(
            "OUT_OF_RANGE",
            "problem",
            f"values reach {wrong[0]:g} [{layer.unit}], only {low:g} to {high:g} can be true",
            _range_remedy(layer, scaled),
        )
    elif layer.part is not None and layer.part.log10 and scaled and min(scaled) > 0:
        yield FileFinding(
            "NATURAL_NOT_LOG10",
            "problem",
            f"all values are positive ({min(scaled):g} to {max(scaled):g}), but the product stores "
            f"{layer.unit}; this looks like back-transformed values",
            "take the tile as served; back-transform after resampling, never before",
        )
    elif layer.unit == "%" and scaled and 0 < max(scaled) <= 1:
        yield FileFinding(
            "FRACTION_NOT_PERCENT",
            "problem",
            f"no value is above {max(scaled):g}, so this looks like fractions, not percent",
            "set scale: 100 in the catalog entry",
        )


def _packing(facts: dict[str, Any], layer: Layer) -> tuple[float, float]:
    """Factor and term that the reader will use: the variable's, the entry's, or a NetCDF's own."""
    source = layer.source
    if layer.part is not None and layer.part.scale is not None:
        return layer.part.scale, source.offset
    if not {"scale", "offset"} & source.model_fields_set and facts["driver"] == "netCDF":
        return facts["scale"], facts["offset"]
    return source.scale, source.offset


def _range_remedy(layer: Layer, values: list[float]) -> str:
    if layer.part is not None and layer.part.log10 and max(values) > layer.part.range[1]:
        return (
            f"the entry expects {layer.unit}; these look like natural values. Take the tile as "
            "served, and back-transform after resampling"
        )
    return "declare nodata, scale or offset, or correct range in the catalog"
