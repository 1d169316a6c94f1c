"""All that satellites and models would see of a made-up province, as a folder the catalog reads.

Files lie where the packed catalog looks for them, so that the folder is a ``data`` folder of a
campaign. Noise is that of `look`, `look_coarse` and `look_optical`, which state it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import Float32Array
from rootzone._shared.seeds import stream
from rootzone.surface.worlds.look import coarse_model, radar, true_ndvi
from rootzone.surface.worlds.look_coarse import eight_days
from rootzone.surface.worlds.look_optical import Optical, lai_of_ndvi, optical
from rootzone.surface.worlds.samples import Looks
from rootzone.surface.worlds.write_modis import LAI, LST, NDVI, write_modis
from rootzone.surface.worlds.write_optical import write_landsat, write_sentinel2
from rootzone.surface.worlds.write_province import write_composites
from rootzone.surface.worlds.write_sensors import (
    write_era5_land,
    write_glass,
    write_gleam,
    write_radar,
)

_LANDSAT_DAYS = 16


def write_catalog_folder(
    folder: Path, looks: Looks, era5_land: Mapping[str, Float32Array], n_looks: int = 2
) -> dict[str, list[Path]]:
    """Files of every product by the name of its catalog entry.

    Parameters
    ----------
    folder : Path
        Gets ``smap_l3/``, ``sentinel1/``, ``sentinel2/``, ``landsat/``, ``modis/``, ``gleam/``,
        ``glass/`` and ``era5_land/``.
    looks : Looks
        The province, and what SMAP saw of it.
    era5_land : mapping of str to array, shape (date, row, col)
        Layers of a second land model over the same dates, such as those of
        `look_coarse.second_model` [m3 m-3].
    n_looks : int
        Of sensors with a file a look: how many, from the first on.

    Returns
    -------
    dict of str to list of Path
        Files of values, those of flags beside them left out.
    """
    province = looks.province
    rng = stream(province.settings.seed, 31)
    green, year = true_ndvi(province), str(province.dates[0])[:4]
    seen = radar(province, green, rng)
    seen = replace(
        seen, day=seen.day[:n_looks], vv=seen.vv[:n_looks], vh=seen.vh[:n_looks],
        incidence_deg=seen.incidence_deg[:n_looks],
    )  # fmt: skip
    glass = eight_days(province, green, looks.lst_k, rng)
    glass = replace(glass, first=glass.first[:n_looks])
    s2 = _first(optical(province, green, rng), n_looks)
    l8 = _first(optical(province, green, rng, _LANDSAT_DAYS), n_looks)
    days = range(min(n_looks, province.dates.size))
    modis = folder / "modis"
    gleam = [folder / "gleam" / f"{name}_{year}_GLEAM_v3.8a.nc" for name in ("SMsurf", "SMroot")]
    for path, layer in zip(gleam, ("0_10cm", "0_100cm"), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        values = coarse_model(province, layer, rng, cells_px=12)
        write_gleam(path, province, values, path.name.split("_")[0])
    month = str(province.dates[0])[5:7]
    model = folder / "era5_land" / f"era5_land_moisture_{year}_{month}.nc"
    model.parent.mkdir(parents=True, exist_ok=True)
    write_era5_land(model, province, dict(era5_land))
    return {
        "smap_l3_moisture": write_composites(folder / "smap_l3", looks, days),
        "sentinel1": write_radar(folder / "sentinel1", province, seen),
        "sentinel2": _values(write_sentinel2(folder / "sentinel2", province, s2), "SCL"),
        "landsat": _values(write_landsat(folder / "landsat", province, l8), "QA_PIXEL"),
        "modis_lst": [write_modis(modis, province, looks.lst_k[k], k, LST) for k in days],
        "modis_ndvi": [write_modis(modis, province, looks.ndvi[8], 8, NDVI)],
        "modis_lai": [write_modis(modis, province, lai_of_ndvi(looks.ndvi[4]), 4, LAI)],
        "gleam_v3": gleam,
        "glass_lai": write_glass(folder / "glass", province, glass),
        "era5_land_moisture": [model],
    }


def _first(scenes: Optical, n: int) -> Optical:
    bright = {band: np.asarray(seen[:n]) for band, seen in scenes.reflectance.items()}
    return Optical(scenes.day[:n], bright, scenes.cloud[:n])


def _values(paths: list[Path], flags: str) -> list[Path]:
    return [path for path in paths if flags not in path.name]
