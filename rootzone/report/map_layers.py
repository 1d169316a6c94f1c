"""Maps small enough to stand inside a page: averaged to a few hundred pixels, a byte each."""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster

NONE = 255  # code of a pixel without a value
CODES = 250  # codes of the others, 0 to 250
THETA_TOP = 0.625  # [m3 m-3] at the last code: steps of 0.0025
_SUFFIX = ".tif"
# Flags that say why a pixel has no value, the plainest last.
_WITHOUT_VALUE = ("outside_region", "water_or_ice", "missing_land", "missing_weather", "no_value")


@dataclass(frozen=True)
class MapFile:
    """A map on disk.

    Parameters
    ----------
    path : Path
        The GeoTIFF.
    depth_mm : float
        Depth below the surface [mm].
    day : date
        The day.
    """

    path: Path
    depth_mm: float
    day: date

    @property
    def flags(self) -> Path:
        """Its twin with a byte of flags a pixel."""
        return self.path.with_name(self.path.stem + ".flags.tif")


def map_files(folder: Path) -> list[MapFile]:
    """Maps of a folder by their names, ``theta_0200mm_20230715.tif``, in order of depth and day."""
    found = []
    for path in folder.glob("theta_*mm_*.tif"):
        parts = path.name.removesuffix(_SUFFIX).split("_")
        if len(parts) != 3 or not (len(parts[2]) == 8 and parts[2].isdigit()):
            continue
        depth = float(parts[1].removesuffix("mm").replace("p", "."))
        found.append(MapFile(path, depth, date.fromisoformat(parts[2])))
    return sorted(found, key=lambda m: (m.depth_mm, m.day))


@dataclass(frozen=True)
class Raster:
    """A file read small.

    Parameters
    ----------
    bands : array, shape (band, row, col)
        Physical values, NaN where there are none.
    names, units : sequence of str
        Names and units of the bands, empty where the file is silent.
    meanings : sequence of str
        What each band is, in words.
    tags : dict
        Texts about the whole file.
    full : (int, int)
        Rows and columns of the file itself.
    """

    bands: FloatArray
    names: Sequence[str]
    units: Sequence[str]
    meanings: Sequence[str]
    tags: dict[str, str]
    full: tuple[int, int]


def read_small(path: Path, longest_px: int, *, classes: bool = False) -> Raster:
    """A GeoTIFF averaged so that its longer side has at most so many pixels.

    Parameters
    ----------
    path : Path
        The file.
    longest_px : int
        Largest side [pixels].
    classes : bool
        Take the most frequent value instead of the mean.

    Raises
    ------
    RequestError
        It cannot be read.
    """
    from rasterio.enums import Resampling
    from rasterio.errors import RasterioIOError

    try:
        with open_raster(path) as file:
            shape = small_shape(file.height, file.width, longest_px)
            how = Resampling.mode if classes else Resampling.average
            stored = file.read(out_shape=(file.count, *shape), resampling=how, masked=True)
            scale = np.array(file.scales)[:, None, None]
            offset = np.array(file.offsets)[:, None, None]
            values = stored.astype(np.float64).filled(np.nan) * scale + offset
            long_names = [file.tags(i + 1).get("long_name", "") for i in range(file.count)]
            return Raster(
                values,
                [name or f"band {i + 1}" for i, name in enumerate(file.descriptions)],
                [unit or "" for unit in file.units],
                long_names,
                dict(file.tags()),
                (file.height, file.width),
            )
    except RasterioIOError as error:
        raise RequestError(f"{path} cannot be read as a map: {error}") from error


def small_shape(height: int, width: int, longest_px: int) -> tuple[int, int]:
    """Rows and columns of a map averaged by a whole number of pixels.

    Examples
    --------
    >>> small_shape(1000, 1300, 600)
    (334, 434)
    """
    step = max(1, math.ceil(max(height, width) / longest_px))
    return math.ceil(height / step), math.ceil(width / step)


def codes_of(values: FloatArray, low: float, high: float) -> AnyArray:
    """Values as bytes: 0 at ``low``, 250 at ``high``, beyond them cut, 255 for none."""
    span = high - low if high > low else 1.0
    codes = np.clip(np.rint((values - low) / span * CODES), 0, CODES)
    return np.where(np.isfinite(values), codes, NONE).astype(np.uint8)


def packed(codes: AnyArray) -> str:
    """Bytes as text: each the difference to its left neighbour, deflated, in base 64."""
    flat = codes.reshape(codes.shape[0], -1).astype(np.int16)
    differences = np.diff(flat, axis=1, prepend=0).astype(np.uint8)
    return base64.b64encode(zlib.compress(differences.tobytes(), 6)).decode()


def layer(
    key: str,
    title: str,
    unit: str,
    shown: tuple[float, float],
    coded: tuple[float, float],
    stops: Sequence[str],
    images: Sequence[FloatArray | None],
) -> dict[str, Any]:
    """A layer of the viewer as JSON values; one image stands for all dates.

    Parameters
    ----------
    key, title, unit : str
        Name, name for a person, unit.
    shown : (float, float)
        Values at the ends of the colours.
    coded : (float, float)
        Values at the first and last code.
    stops : sequence of str
        Colours from low to high.
    images : sequence of array or None
        Values by date, None where there is no map.
    """
    texts = [None if image is None else packed(codes_of(image, *coded)) for image in images]
    return {
        "key": key, "title": title, "unit": unit, "shown": list(shown), "coded": list(coded),
        "stops": list(stops), "images": texts,
    }  # fmt: skip


def bit_layer(
    key: str, title: str, tags: dict[str, str], images: Sequence[FloatArray | None]
) -> dict[str, Any]:
    """A layer of flags: a byte of bits a pixel, their meanings from the file's tags."""
    bits = [
        {
            "bit": int(name.removeprefix("bit_")),
            "text": text.partition(": ")[2] or text,
            "none": _rank(text.partition(":")[0]),
        }
        for name, text in tags.items()
        if name.startswith("bit_")
    ]
    texts = [
        None if image is None else packed(np.nan_to_num(image, nan=0.0).astype(np.uint8))
        for image in images
    ]
    return {"key": key, "title": title, "unit": "", "bits": sorted(bits, key=lambda b: b["bit"]),
            "images": texts}  # fmt: skip


def _rank(name: str) -> int:
    """How well a flag explains a pixel without a value, 1 the best; 0 where it does not."""
    return _WITHOUT_VALUE.index(name) + 1 if name in _WITHOUT_VALUE else 0


def picture_bytes(layers: Sequence[dict[str, Any]]) -> int:
    """How much the images of some layers take in the page [bytes]."""
    return sum(len(text) for one in layers for text in one["images"] if text)
