"""ESTARFM from GeoTIFFs to a cloud-optimised GeoTIFF, strip by strip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone._shared.provenance import Provenance, inputs_of
from rootzone.surface.fusion.estarfm import (
    NAMES,
    NOTHING_KNOWN,
    fuse_images,
    mean_of_rows,
    row_squares,
    row_sums,
    spread_of_rows,
)
from rootzone.surface.fusion.write_image import image_writer

PairOfFiles = tuple[Path, Path]
_STRIP_PX: Final = 512
_CACHE_MB: Final = 16  # GDAL would take a twentieth of the machine
_OFF_GRID = 0.01  # of a pixel


class Quantity(NamedTuple):
    """What the images measure, and the form and bounds that suit it."""

    unit: str
    bounds: tuple[float, float]
    unbiased: bool
    meaning: str


QUANTITIES: Final = {
    "lst": Quantity("K", (200.0, 350.0), True, "land surface temperature"),
    "ndvi": Quantity("1", (-1.0, 1.0), False, "normalised difference vegetation index"),
    "reflectance": Quantity("1", (0.0, 1.0), False, "surface reflectance"),
}


@dataclass(frozen=True)
class FusionSettings:
    """How files are fused.

    Parameters
    ----------
    bounds : tuple of float
        Values that a result lies between, in the files' unit.
    unbiased : bool
        The form for two sensors that differ by more than noise.
    half_px : int
        Half-width of the window [pixels].
    classes : int
        Land-cover classes expected in a scene.
    resample : str
        ``nearest`` or ``bilinear``: put coarse images on the fine grid so; empty: all five lie on
        it already.
    unit, meaning : str
        Of the result's bands.
    """

    bounds: tuple[float, float]
    unbiased: bool
    half_px: int = 25
    classes: int = 4
    resample: str = ""
    unit: str = ""
    meaning: str = ""


class Fused(NamedTuple):
    """What was written."""

    pixels: int
    known: int
    mean: float
    coarse_mean: float


def fuse_files(
    pairs: Sequence[PairOfFiles], coarse: Path, out: Path, settings: FusionSettings
) -> Fused:
    """Write the fine image of a day as a COG (float32, NaN where unknown), with its provenance.

    The scene's standard deviations are taken first; then strips of rows are fused with their rim,
    so the values are those of the whole scene at once and memory holds one strip.

    Parameters
    ----------
    pairs : two pairs of Path
        ``(fine, coarse)`` GeoTIFFs of a day before and a day after, with equal bands.
    coarse : Path
        Coarse image of the day.
    out : Path
        GeoTIFF to write.
    settings : FusionSettings
        Form, bounds, window.

    Returns
    -------
    Fused
        Pixels, how many are known, the mean of the result and of the coarse image there.

    Raises
    ------
    RequestError
        A file lies on another grid (and ``resample`` is not set), has other bands, holds no value,
        or a fine band has one value only; no pixel is known in all five.
    """
    if len(pairs) != 2:
        raise RequestError(f"ESTARFM takes two pairs of images, not {len(pairs)}.")
    paths = [pairs[0][0], pairs[0][1], pairs[1][0], pairs[1][1], coarse]
    import rasterio

    with ExitStack() as stack:
        stack.enter_context(rasterio.Env(GDAL_CACHEMAX=_CACHE_MB))
        images = stack.enter_context(opened(paths, settings.resample))
        spreads = _checked(images, paths, settings)
        limits = 2.0 / settings.classes * spreads[:, :, None, None]
        told = {
            **{k: v for k, v in vars(settings).items() if k != "bounds"},
            "bounds": list(settings.bounds),
        }
        record = Provenance(
            "rootzone surface fuse",
            inputs_of(dict(zip(NAMES, paths, strict=True))),
            told,
        )
        return _write(out, images, limits, settings, record)


def clear_share(pair: PairOfFiles, resample: str) -> float:
    """Share of pixels of the fine grid known in the first band of both images of a pair."""
    with opened(list(pair), resample) as (fine, coarse):
        parts = zip(_strips(fine, 1), _strips(coarse, 1), strict=True)
        clear = sum(int((np.isfinite(a) & np.isfinite(b)).sum()) for a, b in parts)
        return float(clear / (fine.height * fine.width))


@contextmanager
def opened(paths: Sequence[Path], resample: str) -> Iterator[list[Any]]:
    """The files on the grid of the first, which is a fine one."""
    with ExitStack() as stack:
        files = [stack.enter_context(open_raster(path)) for path in paths]
        fine = files[0]
        for k, (path, file) in enumerate(zip(paths, files, strict=True)):
            if file.count != fine.count:
                raise RequestError(
                    f"{path} has {file.count} bands, {paths[0]} has {fine.count}: give files of "
                    "the same bands in the same order."
                )
            apart = _apart(file, fine)
            if not apart:
                continue
            is_coarse = k % 2 == 1 or k == 4
            if not (is_coarse and resample):
                way = (
                    "Put it on that grid first, or let --resample nearest|bilinear do it."
                    if is_coarse
                    else "Fine images must lie on one grid."
                )
                raise RequestError(f"{path} {apart} than {paths[0]}. {way}")
            files[k] = stack.enter_context(_on_grid(file, fine, path, resample))
        yield files


def _apart(file: Any, fine: Any) -> str:  # noqa: ANN401 - rasterio is untyped
    if file.crs != fine.crs:
        return f"has another coordinate system ({file.crs})"
    if file.shape != fine.shape:
        return f"has another size ({file.height} x {file.width} pixels)"
    step = abs(fine.transform.a)
    off = max(abs(a - b) for a, b in zip(file.transform[:6], fine.transform[:6], strict=True))
    return f"lies elsewhere (corner or step differ by {off:g})" if off > _OFF_GRID * step else ""


def _on_grid(file: Any, fine: Any, path: Path, resample: str) -> Any:  # noqa: ANN401
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT

    if file.crs is None or fine.crs is None:
        raise RequestError(f"{path} has no coordinate system, so it cannot be put on a grid.")
    return WarpedVRT(
        file,
        crs=fine.crs,
        transform=fine.transform,
        width=fine.width,
        height=fine.height,
        resampling=Resampling[resample],
    )


def band_of(file: Any, number: int, window: Any = None) -> FloatArray:  # noqa: ANN401
    """A band in its unit, NaN where the file's mask says unknown."""
    values: AnyArray = file.read(number, window=window, masked=True)
    scale, offset = file.scales[number - 1], file.offsets[number - 1]
    filled: FloatArray = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
    return filled if (scale, offset) == (1.0, 0.0) else filled * scale + offset


def _checked(images: Sequence[Any], paths: Sequence[Path], settings: FusionSettings) -> FloatArray:
    """Standard deviation of the fine images, shape (2, band); refuse what has nothing to tell."""
    spreads = np.zeros((2, images[0].count))
    for k, (name, path, image) in enumerate(zip(NAMES, paths, images, strict=True)):
        for b in range(image.count):
            told = _looked_over(image, b + 1, settings.bounds)
            what = f"{path} ({name})"
            if told.known == 0:
                raise RequestError(
                    f"{what} holds no value in band {b + 1}: clouds everywhere, or another place?"
                )
            require_inside(
                f"{what}: band {b + 1}", told.inside / told.known, settings.bounds, told.middle
            )
            if name.startswith("fine"):
                if told.low == told.high:
                    raise RequestError(
                        f"{what} is {told.low:g} everywhere in band {b + 1}: nothing in it tells "
                        "similar pixels apart. Take another pair."
                    )
                rows = [row_squares(part, told.mean) for part in _strips(image, b + 1)]
                spreads[k // 2, b] = spread_of_rows(np.concatenate(rows))
    return spreads


class _LookedOver(NamedTuple):
    """A band's known pixels, how many lie inside bounds, their range, mean and a middle value."""

    known: int
    inside: int
    low: float
    high: float
    mean: float
    middle: float


def _looked_over(image: Any, number: int, bounds: tuple[float, float]) -> _LookedOver:  # noqa: ANN401
    known, inside, low, high, sums = 0, 0, np.inf, -np.inf, []
    middles: list[float] = []
    for part in _strips(image, number):
        sums.append(row_sums(part))
        there = part[np.isfinite(part)]
        if there.size:
            known += there.size
            inside += int(((there >= bounds[0]) & (there <= bounds[1])).sum())
            low, high = min(low, float(there.min())), max(high, float(there.max()))
            middles.append(float(np.median(there)))
    mean = mean_of_rows(np.concatenate(sums))
    middle = float(np.median(middles)) if middles else np.nan
    return _LookedOver(known, inside, low, high, mean, middle)


def _strips(image: Any, number: int) -> Iterator[FloatArray]:  # noqa: ANN401
    """A band in strips of whole rows."""
    for first in range(0, image.height, _STRIP_PX):
        window = _window(first, min(first + _STRIP_PX, image.height), image.width)
        yield band_of(image, number, window)


def require_bounds(what: str, known: FloatArray, bounds: tuple[float, float]) -> None:
    """Refuse an image most of whose known values lie outside what its quantity can be."""
    inside = float(((known >= bounds[0]) & (known <= bounds[1])).mean())
    require_inside(what, inside, bounds, float(np.median(known)))


def require_inside(what: str, inside: float, bounds: tuple[float, float], middle: float) -> None:
    """Refuse an image less than half of which lies inside its bounds.

    Raises
    ------
    RequestError
        It is in another unit, or stored as integers without their scale.
    """
    if inside < 0.5:
        raise RequestError(
            f"{what}: {1.0 - inside:.0%} of it lies outside the bounds {bounds[0]:g} to "
            f"{bounds[1]:g} (median {middle:g}). Is it in another unit, or stored as integers "
            "without its scale? Say --bounds in the files' own unit."
        )


def _write(
    out: Path,
    images: Sequence[Any],
    limits: FloatArray,
    settings: FusionSettings,
    record: Provenance,
) -> Fused:
    fine = images[0]
    known, total, coarse_total = 0, 0.0, 0.0
    told = {"long_name": settings.meaning}
    with image_writer(out, fine, record, count=fine.count, unit=settings.unit, tags=told) as file:
        for first in range(0, fine.height, _STRIP_PX):
            rows = slice(first, min(first + _STRIP_PX, fine.height))
            values, today = _strip(images, rows, limits, settings)
            file.write(values.astype(np.float32), window=_window(rows.start, rows.stop, fine.width))
            there = np.isfinite(values[0])
            known += int(there.sum())
            total += float(values[0][there].sum())
            coarse_total += float(today[0][there].sum())
        if known == 0:
            raise RequestError(NOTHING_KNOWN)
    return Fused(fine.height * fine.width, known, total / known, coarse_total / known)


def _strip(
    images: Sequence[Any], rows: slice, limits: FloatArray, settings: FusionSettings
) -> tuple[FloatArray, FloatArray]:
    """Fused values of some rows, and the day's coarse image there."""
    fine = images[0]
    top = max(rows.start - settings.half_px, 0)
    bottom = min(rows.stop + settings.half_px, fine.height)
    window = _window(top, bottom, fine.width)
    parts = [
        np.stack([band_of(image, b + 1, window) for b in range(image.count)]) for image in images
    ]
    valid: BoolArray = np.logical_and.reduce([np.isfinite(part).all(axis=0) for part in parts])
    values = fuse_images(
        parts,
        valid,
        limits,
        max(valid.shape),
        settings.bounds,
        settings.unbiased,
        settings.half_px,
    )
    inner = slice(rows.start - top, rows.stop - top)
    return values[:, inner], parts[4][:, inner]


def _window(top: int, bottom: int, width: int) -> Any:  # noqa: ANN401 - rasterio is untyped
    from rasterio.windows import Window

    return Window(0, top, width, bottom - top)
