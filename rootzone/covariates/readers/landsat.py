"""Landsat surface reflectance: a band, and the QA_PIXEL band beside it that says what is clear."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.mosaic import read_piece, virtual_raster
from rootzone.covariates.layers.opened import Opened, Quality
from rootzone.covariates.layers.source import Layer
from rootzone.covariates.readers.raster import Raster

# Landsat Collection 2 QA_PIXEL: fill, dilated cloud, cirrus, cloud, shadow, snow (bits 0 to 5).
LANDSAT_BAD_BITS = 0b111111
_SCENE = re.compile(r"^(L[A-Z]\d\d)_")
# Band numbers of the Operational Land Imager; older sensors number their bands otherwise.
_SENSORS = ("LC08", "LC09", "LO08", "LO09")


class Landsat(Raster):
    """Landsat 8 and 9, Collection 2 Level 2."""

    def opened_files(self, layer: Layer, paths: list[Path], gaps: tuple[str, ...] = ()) -> Opened:
        """A band and its QA_PIXEL, which must lie on the same lattice."""
        path = paths[0]
        scene = _SCENE.match(path.name)
        if scene is not None and scene[1] not in _SENSORS:
            raise RequestError(
                f"OTHER_SENSOR {path}: {scene[1]} numbers its bands otherwise (SR_B5 is short-wave "
                "infrared and SR_B2 green in Landsat 4 to 7). Take Landsat 8 or 9, or write an "
                "entry of your own that says which band is which."
            )
        variable = layer.values.get("variable", "")
        quality_path = path.with_name(path.name.replace(variable or "\0", "QA_PIXEL"))
        if not quality_path.is_file() or quality_path == path:
            raise RequestError(
                f"{layer.address}: {quality_path.name} is missing beside {path.name}. Without it "
                "clouds would count as land; download the QA_PIXEL band of the same scene."
            )
        pieces = self.pieces(layer, [str(path)])
        quality = read_piece(str(quality_path))
        if (pieces[0].bounds, pieces[0].width) != (quality.bounds, quality.width):
            raise RequestError(f"{quality_path.name} does not cover the pixels of {path.name}.")
        flags = virtual_raster([quality], 1, 1.0, "uint16")
        opened = self.opened(layer, pieces, (path, quality_path), gaps)
        return replace(opened, quality=Quality(flags, landsat_is_clear))


def landsat_is_clear(flags: AnyArray) -> BoolArray:
    """Whether no bit of fill, cloud, cirrus, shadow or snow is set."""
    return np.asarray((flags.astype(np.uint16) & LANDSAT_BAD_BITS) == 0)


READER = Landsat()
