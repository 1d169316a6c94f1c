"""Sensors of the multimodal network, their channels, and the constants that scale them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray, Float32Array

Range = tuple[float, float]
_VV, _VH, _DB_L = (-25.0, 0.0), (-32.0, -5.0), (-35.0, 5.0)
_REFLECTANCE, _SHARE = (0.0, 0.6), (0.0, 1.0)


@dataclass(frozen=True)
class Modality:
    """A sensor.

    Attributes
    ----------
    group : str
        What it belongs to when inputs are taken away: sar, optics or terrain.
    channels : mapping of str to pair of float
        What becomes 0 and 1, in the channel's own unit.
    """

    group: str
    channels: Mapping[str, Range]


_BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
MODALITIES: Final[Mapping[str, Modality]] = {
    "s1": Modality(
        "sar", {"vv_db": _VV, "vh_db": _VH, "incidence_deg": (20.0, 50.0), "ascending": _SHARE}
    ),
    "l_band": Modality("sar", {"hh_db": _DB_L, "hv_db": _DB_L}),
    "s2": Modality("optics", {f"s2_{band}": _REFLECTANCE for band in _BANDS}),
    "landsat": Modality("optics", {f"l8_{band}": _REFLECTANCE for band in _BANDS}),
    "leaves": Modality("optics", {"lai": (0.0, 7.0), "fpar": _SHARE}),
    "terrain": Modality("terrain", {"height_m": (-100.0, 6000.0), "slope_deg": (0.0, 60.0)}),
}
SCALARS: Final[Mapping[str, Range]] = {
    "air_k": (250.0, 310.0), "rain_1d_mm": (0.0, 50.0), "rain_7d_mm": (0.0, 100.0),
    "sin_day": _SHARE, "cos_day": _SHARE, "sin_lon": _SHARE, "cos_lon": _SHARE, "sin_lat": _SHARE,
}  # fmt: skip
"""Weather, time and place: one number a window."""
_GROUPS: Final = {
    "sar": ("sar",), "sar_optics": ("sar", "optics"),
    "sar_optics_terrain": ("sar", "optics", "terrain"), "all": ("sar", "optics", "terrain"),
}  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """What a network sees.

    Parameters
    ----------
    sensors : tuple of str
        Of `MODALITIES`, in their order.
    scalars : tuple of str
        Of `SCALARS`.
    """

    sensors: tuple[str, ...]
    scalars: tuple[str, ...]

    @classmethod
    def of(cls, name: str, there: Sequence[str]) -> Inputs:
        """Named inputs, of the sensors that there are.

        >>> Inputs.of("sar_optics", ["s1", "s2", "terrain"]).sensors
        ('s1', 's2')
        >>> len(Inputs.of("all", ["s1"]).scalars)
        8
        """
        kept = tuple(
            key for key, one in MODALITIES.items() if key in there and one.group in _GROUPS[name]
        )
        return cls(kept, tuple(SCALARS) if name == "all" else ())

    @property
    def ranges(self) -> dict[str, Range]:
        """What becomes 0 and 1 of every channel, in the order of the stack."""
        images = {k: v for one in self.sensors for k, v in MODALITIES[one].channels.items()}
        return images | {name: SCALARS[name] for name in self.scalars}

    @property
    def widths(self) -> dict[str, int]:
        """Channels of each sensor, as a network's shape tells them."""
        return {one: len(MODALITIES[one].channels) for one in self.sensors}

    @property
    def names(self) -> tuple[str, ...]:
        """Channels of the whole stack."""
        return tuple(self.ranges)

    def of_sensor(self, sensor: str) -> slice:
        """Where a sensor's channels lie in the stack; ``scalars`` for weather, time and place."""
        first = 0
        for name, width in self.widths.items():
            if name == sensor:
                return slice(first, first + width)
            first += width
        return slice(first, first + len(self.scalars))


def scaled(values: Mapping[str, AnyArray], ranges: Mapping[str, Range]) -> Float32Array:
    """Channels brought to about 0 to 1, shape (channel, row, col); NaN stays.

    Parameters
    ----------
    values : mapping of str to array, shape (row, col)
        In their own units; a channel that is not there is NaN everywhere.
    ranges : mapping
        What becomes 0 and 1.

    Examples
    --------
    >>> vv = np.full((1, 1), -12.5)
    >>> scaled({"vv_db": vv}, {"vv_db": (-25.0, 0.0)})
    array([[[0.5]]], dtype=float32)
    """
    shape = next(np.shape(v) for v in values.values())
    out = np.full((len(ranges), *shape), np.nan, np.float32)
    for k, (name, (low, high)) in enumerate(ranges.items()):
        if name in values:
            out[k] = (np.asarray(values[name]) - low) / (high - low)
    return out
