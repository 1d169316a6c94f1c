"""Scenes of optical sensors in their layouts: Sentinel-2 L2A and Landsat 8 Collection 2 Level 2.

A file a band and one of classes or flags; numbers are packed as those of the real products. Every
file says that it is made up.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray
from rootzone._shared.provenance import Provenance
from rootzone.maps.write_cog import Band, CogSpec, write_cog
from rootzone.surface.worlds.look_optical import Optical
from rootzone.surface.worlds.province import Province
from rootzone.surface.worlds.write_smap import NOTE


class SensorFiles(NamedTuple):
    """How a sensor's files are called and packed.

    Attributes
    ----------
    bands : dict of str to str
        The file's band by that of `look_optical.BANDS`.
    file : str
        Name of a file, of ``date`` (20220503) and ``band``.
    scale, offset : float
        Reflectance is stored number times scale plus offset.
    flags : str
        The band of classes or flags.
    flags_type : str
        Type of its numbers.
    flags_fill : int
        Its number without an image.
    clear, cloud : int
        Its numbers of a clear and of a cloudy pixel.
    """

    bands: dict[str, str]
    file: str
    scale: float
    offset: float
    flags: str
    flags_type: str
    flags_fill: int
    clear: int
    cloud: int

    def packed(self, reflectance: AnyArray) -> AnyArray:
        """Reflectance as the file has it; 0 stands for no image."""
        return np.clip(np.rint((reflectance - self.offset) / self.scale), 1, 65535)

    def flagged(self, cloud: BoolArray) -> AnyArray:
        """The band of flags."""
        return np.where(cloud, self.cloud, self.clear)


SENTINEL2: Final = SensorFiles(
    {"blue": "B02", "green": "B03", "red": "B04", "nir": "B8A", "swir1": "B11", "swir2": "B12"},
    "T13TGE_{date}T174911_{band}_20m.tif", 1e-4, -0.1, "SCL", "uint8", 0, 5, 9,
)  # fmt: skip
"""Processing baseline 04.00 and later; classes 5 bare soil, 9 cloud of high probability."""
LANDSAT8: Final = SensorFiles(
    {"blue": "SR_B2", "green": "SR_B3", "red": "SR_B4", "nir": "SR_B5", "swir1": "SR_B6",
     "swir2": "SR_B7"},
    "LC08_L2SP_033032_{date}_{date}_02_T1_{band}.TIF", 2.75e-5, -0.2, "QA_PIXEL", "uint16", 1,
    21824, 22280,
)  # fmt: skip
"""QA_PIXEL 21824 is clear land, 22280 cloud of high confidence, as the product's guide lists."""


def write_sentinel2(folder: Path, province: Province, seen: Optical) -> list[Path]:
    """Sentinel-2 L2A bands and scene classes: uint16, (reflectance + .1) x 10000 as of 2022.

    Parameters
    ----------
    folder : Path
        Gets ``T13TGE_20220503T174911_B04_20m.tif`` and so on, a file a band, and SCL.
    province : Province
        Where and when.
    seen : Optical
        Reflectance and clouds.
    """
    return _write_scenes(folder, province, seen, SENTINEL2)


def write_landsat(folder: Path, province: Province, seen: Optical) -> list[Path]:
    """Landsat 8 surface reflectance and QA_PIXEL: uint16, (reflectance + .2) / 2.75e-5.

    Parameters
    ----------
    folder : Path
        Gets ``LC08_L2SP_033032_20220503_20220503_02_T1_SR_B4.TIF`` and so on, a file a band.
    province : Province
        Where and when.
    seen : Optical
        Reflectance and clouds.
    """
    return _write_scenes(folder, province, seen, LANDSAT8)


def _write_scenes(
    folder: Path, province: Province, seen: Optical, sensor: SensorFiles
) -> list[Path]:
    made = []
    record = Provenance("made-up province", settings=province.settings.to_dict())
    for number, day in enumerate(seen.day.tolist()):
        date = str(province.dates[day]).replace("-", "")
        files = {
            name: (sensor.packed(seen.reflectance[band][number]), "uint16", 0, "average")
            for band, name in sensor.bands.items()
        }
        flags = sensor.flagged(seen.cloud[number])
        files[sensor.flags] = flags, sensor.flags_type, sensor.flags_fill, "mode"
        for name, (stored, kind, fill, how) in files.items():
            band = Band(name, "-", f"{name}, made up")
            spec = CogSpec(province.grid, [band], kind, fill, how, {"note": NOTE})
            made.append(folder / sensor.file.format(date=date, band=name))
            write_cog(made[-1], spec, stored[None].astype(kind), record)
    return made
