"""Where a map can be trusted: how like the training sites each pixel is.

Distances are taken between land features scaled by their spread over the training sites, and
counted in mean distances between those sites: the dissimilarity index of Meyer and Pebesma (2021),
doi:10.1111/2041-210X.13650, with equal weights. Near 0 a pixel is like a site, above 1 it is
farther from all of them than they are from each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import Window
from rootzone.learning.scene.land import LandSource

NEIGHBOURS: Final = 8
_MOST_PAIRS: Final = 1000  # sites whose distances give the mean: half a million pairs
_NEVER_FLAT: Final = 1e-9
_BLOCK_PX: Final = 512


@dataclass(frozen=True)
class TrainingSites:
    """Land features of the sites a model learnt from.

    Parameters
    ----------
    numbers : array, shape (site, feature)
        Scaled features that are numbers; NaN where missing.
    classes : array, shape (site, class layer)
        Class codes; NaN where missing.
    rung_above_0 : array of bool, shape (site,)
        Whether the site's labels needed a higher rung of the convergence ladder.

    Raises
    ------
    RequestError
        There is no site.
    """

    numbers: FloatArray
    classes: FloatArray
    rung_above_0: BoolArray

    def __post_init__(self) -> None:
        if not len(self.numbers):
            raise RequestError("There are no training sites to measure a distance to.")

    @cached_property
    def spread(self) -> FloatArray:
        """Standard deviation of each feature; 1 where all sites are alike."""
        spread = np.nanstd(self.numbers, axis=0)
        return np.where(spread > _NEVER_FLAT, spread, 1.0)

    @cached_property
    def low(self) -> FloatArray:
        """Smallest value of each feature."""
        return np.asarray(np.nanmin(self.numbers, axis=0))

    @cached_property
    def high(self) -> FloatArray:
        """Largest value of each feature."""
        return np.asarray(np.nanmax(self.numbers, axis=0))

    @cached_property
    def known_classes(self) -> tuple[FloatArray, ...]:
        """Codes that occur, for each class layer."""
        return tuple(np.unique(column[np.isfinite(column)]) for column in self.classes.T)

    @cached_property
    def _known(self) -> BoolArray:
        """Sites whose features are all known."""
        return np.asarray(np.isfinite(self.numbers).all(axis=1))

    @cached_property
    def _places(self) -> tuple[Any, BoolArray]:
        """Tree of the sites whose features are all known, and their rungs."""
        from scipy.spatial import cKDTree

        known = self._known
        return cKDTree(self.numbers[known] / self.spread), self.rung_above_0[known]

    @cached_property
    def mean_distance(self) -> float:
        """Mean distance between two sites, of evenly chosen ones where there are many."""
        from scipy.spatial.distance import pdist

        places = self._places[0].data
        step = max(1, -(-len(places) // _MOST_PAIRS))
        distances = pdist(places[::step])
        mean = float(distances.mean()) if distances.size else 0.0
        return mean if mean > _NEVER_FLAT else 1.0

    def judge(self, numbers: FloatArray, classes: FloatArray) -> FloatArray:
        """How like the training sites some pixels are.

        Parameters
        ----------
        numbers : array, shape (pixel, feature)
            Scaled features, as those of the sites.
        classes : array, shape (pixel, class layer)
            Class codes.

        Returns
        -------
        array, shape (3, pixel)
            Distance to the nearest site in mean distances between sites; share of the 8 nearest
            sites whose labels needed a higher rung; 1 where a feature lies outside the range of
            the sites or a class occurs at none of them, else 0. NaN where a feature is missing,
            and everywhere if each site lacks one.
        """
        out = np.full((3, len(numbers)), np.nan)
        known = np.isfinite(numbers).all(axis=1)
        if not known.any() or not self._known.any():
            return out
        tree, rungs = self._places
        k = min(NEIGHBOURS, len(rungs))
        distance, nearest = tree.query(numbers[known] / self.spread, k=list(range(1, k + 1)))
        out[0, known] = distance[:, 0] / self.mean_distance
        out[1, known] = rungs[nearest].mean(axis=1)
        out[2, known] = self.outside(numbers[known], classes[known])
        return out

    def distance(self, numbers: FloatArray) -> FloatArray:
        """Distance to the nearest site alone, as `judge` has it, shape (pixel,)."""
        out = np.full(len(numbers), np.nan)
        known = np.isfinite(numbers).all(axis=1)
        if known.any() and self._known.any():
            nearest = self._places[0].query(numbers[known] / self.spread)[0]
            out[known] = nearest / self.mean_distance
        return out

    def outside(self, numbers: FloatArray, classes: FloatArray) -> BoolArray:
        """Whether a feature lies outside the sites' range, or a class occurs at no site."""
        beyond = ((numbers < self.low) | (numbers > self.high)).any(axis=1)
        for column, codes in zip(classes.T, self.known_classes, strict=True):
            beyond |= np.isfinite(column) & ~np.isin(column, codes)
        return np.asarray(beyond)


def split_features(bands: Sequence[str], values: AnyArray) -> tuple[FloatArray, FloatArray]:
    """Numbers and classes of some pixels from land bands in physical units.

    Aspect becomes its sine and cosine times the slope's sine, so that level ground, which faces
    nowhere, has no gap and north no seam.

    Parameters
    ----------
    bands : sequence of str
        Names of the land bands, in the order of ``values``.
    values : array, shape (band, pixel)
        Physical values.

    Returns
    -------
    numbers, classes : array, shape (pixel, feature) and (pixel, class layer)
    """
    by_name = {name: np.asarray(v, dtype=np.float64) for name, v in zip(bands, values, strict=True)}
    slope = np.radians(by_name["slope_deg"])
    aspect = np.radians(by_name["aspect_deg"])
    level = by_name["slope_deg"] == 0.0
    facing = [np.where(level, 0.0, np.sin(slope) * turn(aspect)) for turn in (np.sin, np.cos)]
    plain = [by_name[name] for name in ("sand_pct", "clay_pct", "elevation_m", "slope_deg")]
    numbers = np.stack([*plain, *facing], axis=1)
    classes = np.stack([by_name["land_cover"], by_name["climate_class"]], axis=1)
    return numbers, classes


FEATURES: Final = (
    "sand_pct",
    "clay_pct",
    "elevation_m",
    "slope_deg",
    "aspect_deg",
    "land_cover",
    "climate_class",
)


def land_at(land: LandSource, row: IntArray, col: IntArray) -> AnyArray:
    """Land bands at some pixels, read block by block, shape (band, pixel)."""
    out = np.full((len(FEATURES), row.size), np.nan, dtype=np.float32)
    across = -(-land.grid.width // _BLOCK_PX)
    block = (row // _BLOCK_PX) * across + col // _BLOCK_PX
    for number in np.unique(block):
        here = np.flatnonzero(block == number)
        top, left = int(row[here].min()), int(col[here].min())
        box = Window(top, left, int(row[here].max()) - top + 1, int(col[here].max()) - left + 1)
        out[:, here] = land.read(FEATURES, box)[:, row[here] - top, col[here] - left]
    return out
