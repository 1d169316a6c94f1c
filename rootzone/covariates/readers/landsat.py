"""Landsat surface reflectance: bands of the sensors of Landsat 8 and 9 only."""

from __future__ import annotations

import re
from pathlib import Path

from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.opened import Opened
from rootzone.covariates.layers.source import FlagFile, FlagRule, Layer
from rootzone.covariates.readers.raster import Raster

_SCENE = re.compile(r"^(L[A-Z]\d\d)_")
# Band numbers of the Operational Land Imager; older sensors number their bands otherwise.
_SENSORS = ("LC08", "LC09", "LO08", "LO09")
# Bits of QA_PIXEL in Collection 2.
_BITS = {"fill": 0, "cloud": 3, "dilated cloud": 1, "cirrus": 2, "cloud shadow": 4, "snow": 5}
QA_PIXEL = FlagFile(
    name="QA_PIXEL",
    rules=tuple(FlagRule(why=why, shift=at, bits=1, drop=(1,)) for why, at in _BITS.items()),
)


class Landsat(Raster):
    """Landsat 8 and 9, Collection 2 Level 2; clear pixels only, unless an entry says otherwise."""

    def flags_of(self, layer: Layer) -> FlagFile | None:
        """QA_PIXEL of the same scene."""
        return layer.source.flag_file or QA_PIXEL

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
        return super().opened_files(layer, paths, gaps)


READER = Landsat()
