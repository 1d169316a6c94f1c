"""Write cloud-optimised GeoTIFFs piece by piece, whole or not at all.

Pieces go into a plain tiled file beside the final one; GDAL's COG driver then puts tiles and
overviews in order. Overviews of numbers are means over the pixels that have a value, overviews of
classes and flags the most frequent one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone._shared.arrays import AnyArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone.covariates.grid import MasterGrid, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK_PX = 512
_CACHE_MB = 128  # GDAL would take a twentieth of the machine, in every process
Put = Callable[[Window, AnyArray], None]


@dataclass(frozen=True)
class Band:
    """One band of a map.

    Parameters
    ----------
    name : str
        Short name.
    unit : str
        Unit of the physical values.
    meaning : str
        One line.
    scale : float
        From stored to physical values.
    """

    name: str
    unit: str
    meaning: str
    scale: float = 1.0


@dataclass(frozen=True)
class CogSpec:
    """What a file is made of.

    Parameters
    ----------
    grid : MasterGrid
        Where.
    bands : sequence of Band
        Its bands.
    dtype : str
        ``uint16``, ``float32`` or ``uint8``.
    nodata : float or None
        Stored value of pixels without one.
    overviews : str
        ``average`` or ``mode``.
    tags : mapping of str to str
        Texts about the whole file.
    """

    grid: MasterGrid
    bands: Sequence[Band]
    dtype: str
    nodata: float | None
    overviews: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def predictor(self) -> str:
        """What the compression expects: differences of integers, or bytes of floats."""
        return "FLOATING_POINT" if self.dtype.startswith("float") else "STANDARD"


@contextmanager
def cog_writer(path: Path, spec: CogSpec, record: Provenance) -> Iterator[Put]:
    """Yield a function that puts a window of all bands; finish the file after the block.

    Parameters
    ----------
    path : Path
        Final place; nothing is there before the block and the conversion have succeeded.
    spec : CogSpec
        What it is made of.
    record : Provenance
        Goes into the tags and a sidecar.
    """
    import rasterio
    from rasterio.windows import Window as Part

    with atomic_path(path) as temporary:
        scratch = temporary.with_name(temporary.stem + ".plain.tif")
        try:
            with rasterio.Env(GDAL_CACHEMAX=_CACHE_MB):
                with rasterio.open(scratch, "w", **_plain_profile(spec)) as file:
                    _describe(file, spec, record)

                    def put(window: Window, values: AnyArray) -> None:
                        part = Part(window.col, window.row, window.width, window.height)
                        file.write(values, window=part)

                    yield put
                _convert(scratch, temporary, spec)
        finally:
            scratch.unlink(missing_ok=True)
    write_sidecar(path, record)


def write_cog(path: Path, spec: CogSpec, values: AnyArray, record: Provenance) -> None:
    """Write an array, shape (band, row, col), as one file."""
    with cog_writer(path, spec, record) as put:
        put(spec.grid.full_window, values)


def _plain_profile(spec: CogSpec) -> dict[str, Any]:
    grid = spec.grid
    return {
        "driver": "GTiff",
        "width": grid.width,
        "height": grid.height,
        "count": len(spec.bands),
        "dtype": spec.dtype,
        "crs": grid.crs,
        "transform": grid.affine(),
        "nodata": spec.nodata,
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "interleave": "pixel",
        "bigtiff": "if_safer",
        "sparse_ok": True,
    }


def _describe(file: Any, spec: CogSpec, record: Provenance) -> None:  # noqa: ANN401
    file.descriptions = [band.name for band in spec.bands]
    file.units = [band.unit for band in spec.bands]
    file.scales = [band.scale for band in spec.bands]
    file.offsets = [0.0] * len(spec.bands)
    file.update_tags(**spec.tags, rootzone=record.to_json(), digest=record.digest)
    for number, band in enumerate(spec.bands, 1):
        tags = {"long_name": band.meaning, "units": band.unit}
        if band.scale != 1.0:
            # Readers that ignore GDAL's own scale find it here in words.
            tags["scale_text"] = f"{band.name} [{band.unit}] = stored number * {band.scale:g}"
        file.update_tags(number, **tags)


def _convert(scratch: Path, final: Path, spec: CogSpec) -> None:
    from rasterio.shutil import copy

    copy(
        scratch,
        final,
        driver="COG",
        COMPRESS="DEFLATE",
        PREDICTOR=spec.predictor,
        BLOCKSIZE=BLOCK_PX,
        OVERVIEW_RESAMPLING=spec.overviews.upper(),
        BIGTIFF="IF_SAFER",
        NUM_THREADS="1",  # one process per core is the rule here
    )
