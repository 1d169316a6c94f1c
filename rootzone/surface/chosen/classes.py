"""Classes of every pixel, at any scale of whole kilometres, and the environments they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone.surface.chosen.bands import blocks, most_frequent
from rootzone.surface.samples.scene import Scene
from rootzone.surface.select.environments import ALL, JOIN, texture_groups

COVER_GROUPS: Final[Mapping[str, Sequence[int]]] = {
    "forest": (1, 2, 3, 4, 5), "shrub and bare": (6, 7, 16), "grass": (8, 9, 10),
    "crop": (12, 14), "wet": (11,), "other": (13, 15),
}  # fmt: skip
"""IGBP classes of each group."""
CLUSTERED: Final = (
    "sand_pct", "clay_pct", "bulk_density_g_cm3", "ndvi_max", "ndvi_min", "ndvi_mean",
)  # fmt: skip
"""What clusters of places are made of: soil, and greenness over all composites."""
_WATER = 17


class Coded(NamedTuple):
    """A class of every pixel by its number.

    Attributes
    ----------
    code : array of int, shape (row, col)
        Index into ``names``.
    names : sequence of str
        Empty where a class is not known.
    """

    code: IntArray
    names: Sequence[str]


def place_vectors(scene: Scene) -> FloatArray:
    """`CLUSTERED` of every pixel, shape (row x col, column); NaN where not known."""
    known = np.isfinite(scene.ndvi)
    count = known.sum(axis=0)
    total = np.where(known, scene.ndvi, 0.0).sum(axis=0)
    mean = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    fields = [scene.land[name] for name in CLUSTERED[:-1]]
    return np.stack([np.asarray(field, np.float64).ravel() for field in (*fields, mean)], axis=1)


def classes_at(
    scene: Scene, more: Mapping[str, Coded], scale_km: int = 1
) -> dict[str, AnyArray]:  # fmt: skip
    """Texts of each class at every pixel, empty where it is not known; ``cover`` of water is None.

    Parameters
    ----------
    scene : Scene
        The region.
    more : mapping
        Further classes on its grid, such as climate.
    scale_km : int
        A block has the class of most of its pixels, and the texture of its mean soil.
    """
    igbp = most_frequent(scene.land["igbp"].astype(np.int64), scale_km)
    cover = np.full(igbp.shape, "", dtype=object)
    for name, codes in COVER_GROUPS.items():
        cover[np.isin(igbp, codes)] = name
    cover[igbp == _WATER] = None
    sand, clay = (blocks(scene.land[name], scale_km) for name in ("sand_pct", "clay_pct"))
    coded = {
        name: np.array(told.names, dtype=object)[most_frequent(told.code, scale_km)]
        for name, told in more.items()
    }
    return {"cover": cover, "texture": texture_groups(clay, sand), **coded}


def environment_codes(
    classes: Mapping[str, AnyArray], by: Sequence[str], known: Sequence[str]
) -> FloatArray:
    """Number of each pixel's environment among ``known``; NaN on water.

    The most classes that make a known environment count; a pixel of none has that of `ALL`.
    """
    shape = next(iter(classes.values())).shape
    out = np.full(shape, float(known.index(ALL)))
    for level in range(1, len(by) + 1):
        joined = np.array(
            [JOIN.join(map(str, parts)) for parts in zip(*(classes[n].ravel() for n in by[:level]),
                                                         strict=True)],
            dtype=object,
        ).reshape(shape)  # fmt: skip
        for number, name in enumerate(known):
            out[joined == name] = number
    if "cover" in classes:
        is_water = np.array([name is None for name in classes["cover"].ravel()])
        out[is_water.reshape(shape)] = np.nan
    return out
