"""Chosen models run on an image of any pixel size: ``rootzone surface apply``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.open_files import open_raster
from rootzone._shared.provenance import Provenance, inputs_of
from rootzone._shared.seal import read_sealed_json
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.maps.write_cog import Band, CogSpec, cog_writer
from rootzone.surface.select.chosen_graph import OUTPUTS, SCENE, ChosenModels, needed_bands
from rootzone.surface.select.interpret import interpret

_SIDE: Final = 1024  # of a window [pixel]: a few dozen arrays of 8 MB
_ENVIRONMENT: Final = "environment"
_KM_A_DEGREE: Final = 111.32


def run_apply(models: Path, image: Path, out: Path, day: dt.date | None = None) -> None:
    """Write `chosen_graph.OUTPUTS` of an image, window by window.

    Parameters
    ----------
    models : Path
        Of ``rootzone surface select --models``.
    image : Path
        GeoTIFF; bands by their descriptions, in the units of the samples.
    out : Path
        GeoTIFF of four bands.
    day : date, optional
        Its day.

    Raises
    ------
    RequestError
        A band is missing, or pixels are not square and north up.
    """
    kept = ChosenModels.of_dict(
        read_sealed_json(models, "rootzone surface select --models makes it again.")
    )
    with open_raster(image) as file:
        grid = _grid(image, file)
        numbers = {str(name): k for k, name in enumerate(file.descriptions, 1)}
        fixed = _fixed(kept, file, numbers, day)
        lacking = [n for n in (*_needed(kept), _ENVIRONMENT) if n not in numbers and n not in fixed]
        if lacking:
            raise RequestError(
                f"{image} has no band {lacking[0]!r}{did_you_mean(lacking[0], list(numbers))}; the "
                f"models read {', '.join(_needed(kept))}."
            )
        legends = {"model": kept.models, "environment": kept.environments}
        meaning = {
            band: "; ".join(f"{number}: {name}" for number, name in enumerate(names))
            for band, names in legends.items()
        }
        meaning |= {
            "theta": "volumetric water content, 0-50 mm",
            "spread": "root of the mixture's variance, from errors at stations left out",
        }
        bands = [Band(n, "m3 m-3" if n in ("theta", "spread") else "-", meaning[n])
                 for n in OUTPUTS]  # fmt: skip
        spec = CogSpec(grid, bands, "float32", float("nan"), "nearest")
        record = Provenance(
            "rootzone surface apply", inputs_of({p.name: p for p in (models, image)}),
            {"date": day.isoformat() if day else None},
        )  # fmt: skip
        graph = kept.graph(SCENE, _ENVIRONMENT)
        with cog_writer(out, spec, record) as put:
            for window in grid.windows(_SIDE):
                fields = {n: _read(file, k, window) for n, k in numbers.items()} | fixed
                found = interpret(graph, {SCENE: fields})
                whole = [np.broadcast_to(found[n], window.shape) for n in OUTPUTS]
                put(window, np.stack(whole).astype(np.float32))


def _needed(kept: ChosenModels) -> list[str]:
    return needed_bands(list(kept.graphs.values()))


def _fixed(
    kept: ChosenModels,
    file: Any,  # noqa: ANN401 - an open raster
    numbers: dict[str, int],
    day: dt.date | None,
) -> dict[str, AnyArray]:
    """Bands that are one number everywhere, where the image has none of that name."""
    out: dict[str, float] = {}
    if len(kept.environments) == 1:
        out[_ENVIRONMENT] = 0.0
    size = abs(file.transform.a)
    out["scale_km"] = size * _KM_A_DEGREE if file.crs.is_geographic else size / 1000.0
    if day is not None:
        out["month"] = float(day.month)
    return {name: np.array(value) for name, value in out.items() if name not in numbers}


def _grid(image: Path, file: Any) -> MasterGrid:  # noqa: ANN401 - an open raster
    t = file.transform
    if t.b or t.d or abs(t.a + t.e) > 1e-9 * abs(t.a):
        raise RequestError(f"{image}: pixels are not square and north up; warp it first.")
    return MasterGrid(file.crs.to_string(), t.a, t.c, t.f, file.width, file.height)


def _read(file: Any, band: int, window: Window) -> AnyArray:  # noqa: ANN401
    from rasterio.windows import Window as Part

    part = Part(window.col, window.row, window.width, window.height)
    stored = file.read(band, window=part, masked=True).astype(np.float64)
    scaled = stored * file.scales[band - 1] + file.offsets[band - 1]
    return np.asarray(np.ma.filled(scaled, np.nan), np.float64)
