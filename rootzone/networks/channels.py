"""The channels a network sees: names, units, sources, and the fixed ranges they are scaled by.

A specification travels with every trained network. Ranges are physical constants, never taken from
data, so a tile is scaled the same way whatever else is on it. Missing values stay NaN until the
network's first line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray, Float32Array
from rootzone._shared.digests import digest_json
from rootzone._shared.errors import RequestError

VERSION = 1  # of the ranges and the order; a change of either is a new version
LAND, WEATHER, DAY, SURFACE = ORIGINS = ("land", "weather", "day", "surface")
NUMBER, CLASS, ANGLE = KINDS = ("number", "class", "angle")
FAITHFUL_DEPTH_CM = (15, 30)


@dataclass(frozen=True)
class Channel:
    """One channel: where its values come from and what 0 and 1 mean.

    Parameters
    ----------
    name : str
        Name, unique in its specification.
    unit : str
        Unit of the physical values; ``-`` for none.
    origin : str
        ``land`` (a band of the land raster), ``weather`` (a column of the weather table), ``day``
        (the calendar) or ``surface`` (a field by day: a product, physics).
    column : str
        Band or column of that origin.
    low, high : float
        Physical values that become 0 and 1. Values beyond them go beyond 0 and 1.
    kind : str
        ``number``, ``class`` (codes, as one ordinal or as one of ``code``) or ``angle``.
    code : int, optional
        The class that is 1 where all others are 0.
    turn : str
        ``sin`` or ``cos`` where the channel is that of an angle; empty for the angle itself.
    legend : str
        Legend of class codes.
    """

    name: str
    unit: str
    origin: str
    column: str
    low: float
    high: float
    kind: str = NUMBER
    code: int | None = None
    turn: str = ""
    legend: str = ""

    def scaled(self, physical: AnyArray) -> Float32Array:
        """Values between 0 and 1 for values in range; NaN stays NaN, nothing is clipped.

        Parameters
        ----------
        physical : array
            Values in the channel's unit: percent, metres, class codes, degrees.

        Examples
        --------
        >>> float(Channel("rain_mm", "mm d-1", "weather", "rain_mm", 0.0, 100.0).scaled(25.0))
        0.25
        """
        values = np.asarray(physical, dtype=np.float32)
        if self.code is not None:
            return np.where(np.isnan(values), values, (values == self.code)).astype(np.float32)
        if self.turn:
            turned = np.sin if self.turn == "sin" else np.cos
            values = turned(np.radians(values)).astype(np.float32)
        span = np.float32(self.high - self.low)
        return np.asarray((values - np.float32(self.low)) / span, dtype=np.float32)


@dataclass(frozen=True)
class FeatureSpec:
    """The channels of a network in order, and how they are put together.

    Parameters
    ----------
    name : str
        Name of the choice of channels.
    version : int
        Version of ranges and order.
    channels : tuple of Channel
        In the order the network takes them.
    forcing : str
        ``nearest`` (the weather cell a pixel lies in) or ``bilinear`` (between four cells).
    texture_depth_cm : tuple of int
        Depth interval of sand, silt and clay [cm].
    """

    name: str
    version: int
    channels: tuple[Channel, ...]
    forcing: str = "nearest"
    texture_depth_cm: tuple[int, int] = FAITHFUL_DEPTH_CM

    def __post_init__(self) -> None:
        names = self.names
        if not names or len(set(names)) != len(names):
            raise RequestError(f"Feature specification {self.name}: names {names} are not unique.")
        for channel in self.channels:
            if channel.origin not in ORIGINS or channel.kind not in KINDS:
                raise RequestError(f"Channel {channel.name} has an unknown origin or kind.")
            if not channel.low < channel.high:
                raise RequestError(
                    f"Channel {channel.name}: {channel.low:g} to {channel.high:g} is no range."
                )

    def __len__(self) -> int:
        return len(self.channels)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the channels in order."""
        return tuple(channel.name for channel in self.channels)

    @cached_property
    def digest(self) -> str:
        """Digest of everything above: networks of one digest take the same channels."""
        return digest_json(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """JSON values that `from_dict` reads."""
        out = asdict(self)
        out["texture_depth_cm"] = list(self.texture_depth_cm)
        out["channels"] = [asdict(channel) for channel in self.channels]
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FeatureSpec:
        """The specification that `to_dict` wrote.

        Raises
        ------
        RequestError
            A key is missing or unknown.
        """
        known = {field.name for field in fields(Channel)}
        try:
            channels = tuple(Channel(**channel) for channel in data["channels"])
            top, bottom = data["texture_depth_cm"]
            spec = cls(data["name"], data["version"], channels, data["forcing"], (top, bottom))
        except (KeyError, TypeError, ValueError) as error:
            raise RequestError(
                f"This is not a feature specification: {error}. A channel has {sorted(known)}."
            ) from error
        return spec

    def of_origin(self, origin: str) -> list[int]:
        """Positions of the channels of one origin, ascending."""
        return [i for i, channel in enumerate(self.channels) if channel.origin == origin]

    @cached_property
    def dynamic(self) -> list[int]:
        """Positions of the channels a day's table holds: weather, then the calendar."""
        return [*self.of_origin(WEATHER), *self.of_origin(DAY)]

    def columns(self, origin: str) -> tuple[str, ...]:
        """Bands or columns that the channels of one origin need, each once."""
        return tuple(dict.fromkeys(self.channels[i].column for i in self.of_origin(origin)))

    def scaled(self, channel: int, physical: AnyArray) -> Float32Array:
        """Values of one channel, by its position, as `Channel.scaled` gives them."""
        return self.channels[channel].scaled(physical)

    def scaled_land(self, bands: Mapping[str, AnyArray]) -> Float32Array:
        """All land channels from their bands, shape (land channel, ...).

        Level ground faces nowhere: its aspect is NaN, and as sine and cosine it is the zero vector,
        which is 0.5 in both channels.

        Parameters
        ----------
        bands : mapping of str to array
            Physical values by band, all of one shape; ``slope_deg`` tells level ground.
        """
        at = self.of_origin(LAND)
        out = np.empty((len(at), *next(iter(bands.values())).shape), dtype=np.float32)
        for i, position in enumerate(at):
            channel = self.channels[position]
            out[i] = channel.scaled(bands[channel.column])
            if channel.turn and "slope_deg" in bands:
                level = np.isnan(bands[channel.column]) & (bands["slope_deg"] == 0.0)
                out[i][level] = 0.5
        return out


def require_same_spec(expected: FeatureSpec, got: FeatureSpec) -> None:
    """Nothing, if two specifications are the same.

    Parameters
    ----------
    expected : FeatureSpec
        What the network was trained with.
    got : FeatureSpec
        What it is to be fed with.

    Raises
    ------
    RequestError
        They differ; the message names the first differences.
    """
    if expected.digest == got.digest:
        return
    differences = _differences(expected, got)
    more = f"; and {len(differences) - 4} more" if len(differences) > 4 else ""
    raise RequestError(
        f"The network was trained with the features {expected.name} v{expected.version} "
        f"({len(expected)} channels, {expected.digest}), not with {got.name} v{got.version} "
        f"({len(got)} channels, {got.digest}): {'; '.join(differences[:4])}{more}. Set "
        "learning.features as it was, or train again."
    )


def _differences(expected: FeatureSpec, got: FeatureSpec) -> list[str]:
    out = [
        f"{key} {getattr(expected, key)} against {getattr(got, key)}"
        for key in ("version", "forcing", "texture_depth_cm")
        if getattr(expected, key) != getattr(got, key)
    ]
    missing = [name for name in expected.names if name not in got.names]
    extra = [name for name in got.names if name not in expected.names]
    out += [f"without channel {name}" for name in missing]
    out += [f"with another channel {name}" for name in extra]
    if not missing and not extra and expected.names != got.names:
        out.append("the channels stand in another order")
    theirs = {channel.name: channel for channel in got.channels}
    out += [
        f"{channel.name} is scaled from {channel.low:g} to {channel.high:g} [{channel.unit}] "
        f"against {theirs[channel.name].low:g} to {theirs[channel.name].high:g}"
        for channel in expected.channels
        if channel.name in theirs and channel != theirs[channel.name]
    ]
    return out or [f"name {expected.name} against {got.name}"]
