"""Soils on which retention and conductivity were measured, of whatever collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class MeasuredSoils:
    """Soils with texture, and what was measured on them.

    Parameters
    ----------
    sand_pct, silt_pct, clay_pct : array, shape (soil,)
        Fractions [%] at 2 and 50 micrometres, measured or log-interpolated.
    ks_cm_d : array, shape (soil,)
        Saturated conductivity [cm d-1], NaN where not measured.
    point_soil : array of int, shape (point,)
        Soil of each retention point.
    suction_cm, theta : array, shape (point,)
        Retention points [cm], [m3 m-3].
    properties : mapping of str to array, shape (soil,)
        What else is known, as `rootzone.hydraulics.pedotransfer.PROPERTIES` names it; NaN where
        missing.
    middle_mm : array, shape (soil,), optional
        Depth of the sample [mm]; topsoil where it is not known.
    name, seen_in_training : str
        Name of the collection, and which functions were made from it.
    """

    sand_pct: FloatArray
    silt_pct: FloatArray
    clay_pct: FloatArray
    ks_cm_d: FloatArray
    point_soil: IntArray
    suction_cm: FloatArray
    theta: FloatArray
    properties: Mapping[str, FloatArray] = field(default_factory=dict)
    middle_mm: FloatArray | None = None
    name: str = "measured"
    seen_in_training: str = ""

    @property
    def textures(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Sand, silt and clay [%]."""
        return self.sand_pct, self.silt_pct, self.clay_pct

    @property
    def depth_mm(self) -> FloatArray:
        """Depth of each sample's middle [mm], 100 where it is not known."""
        if self.middle_mm is None:
            return np.full(self.sand_pct.size, 100.0)
        return np.where(np.isfinite(self.middle_mm), self.middle_mm, 100.0)
