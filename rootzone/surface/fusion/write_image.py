"""Cloud-optimised GeoTIFFs on the grid of another file, piece by piece, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rootzone._shared.atomic import atomic_path
from rootzone._shared.provenance import Provenance, write_sidecar

_PREDICTOR = {"float32": "FLOATING_POINT", "uint8": "STANDARD"}


@contextmanager
def image_writer(
    path: Path,
    like: Any,  # noqa: ANN401 - rasterio is untyped
    record: Provenance,
    *,
    count: int = 1,
    dtype: str = "float32",
    unit: str = "",
    tags: Mapping[str, str] | None = None,
) -> Iterator[Any]:
    """Yield an open raster to put windows into; finish the file and its record after the block.

    Parameters
    ----------
    path : Path
        Final place; a block that raises leaves nothing there.
    like : rasterio dataset
        Whose grid it has.
    record : Provenance
        Goes into the tags and a sidecar.
    count, dtype, unit : int, str, str
        Bands, ``float32`` (NaN where unknown) or ``uint8``, and the bands' unit.
    tags : mapping, optional
        Further texts.
    """
    import rasterio
    from rasterio.shutil import copy

    profile = {
        "driver": "GTiff", "width": like.width, "height": like.height, "count": count,
        "dtype": dtype, "crs": like.crs, "transform": like.transform,
        "nodata": np.nan if dtype == "float32" else None,
        "tiled": True, "blockxsize": 256, "blockysize": 256,
    }  # fmt: skip
    resampling = "AVERAGE" if dtype == "float32" else "MODE"
    with atomic_path(path) as temporary:
        scratch = temporary.with_name(temporary.stem + ".plain.tif")
        try:
            with rasterio.open(scratch, "w", **profile) as file:
                file.units = [unit] * count
                file.update_tags(**(tags or {}), rootzone=record.to_json(), digest=record.digest)
                yield file
            copy(
                scratch, temporary, driver="COG", COMPRESS="DEFLATE",
                PREDICTOR=_PREDICTOR[dtype], OVERVIEW_RESAMPLING=resampling,
            )  # fmt: skip
        finally:
            scratch.unlink(missing_ok=True)
    write_sidecar(path, record)
