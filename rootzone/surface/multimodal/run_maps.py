"""Daily maps at the pixels of the land, from fixed windows that overlap and blend; a point too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone._shared.days import calendar_day, day_number
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone._shared.units import FREEZING_K
from rootzone.covariates.grid import Window
from rootzone.maps.encoding import NO_VALUE, Flag, flags_of, pack_theta
from rootzone.maps.map_run import made_alike, not_whole
from rootzone.maps.map_spec import theta_spec
from rootzone.maps.style import put_style
from rootzone.maps.write_cog import write_cog
from rootzone.surface.chain.hold_out import map_split
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.chain.run_maps import inside_grid
from rootzone.surface.multimodal.evaluate import read_skill
from rootzone.surface.multimodal.open_chips import OpenChips
from rootzone.surface.multimodal.trained import Trained
from rootzone.surface.multimodal.windows import blended_bands, starts
from rootzone.surface.product.write_day import (
    FROZEN,
    MISSING_INPUT,
    SurfaceMapFiles,
    files_of,
    write_beside,
    write_days_series,
)

if TYPE_CHECKING:
    from rootzone.surface.multimodal.network import MultimodalNetwork

NOT_SEEN: Final = Flag(64, "not_seen_by_radar", "no radar scene of the day saw it; no value")
MULTIMODAL_FLAGS: Final = (
    NO_VALUE,
    Flag(MISSING_INPUT.bit, MISSING_INPUT.name, "a sensor's channel is missing here"),
    FROZEN,
    NOT_SEEN,
)
_SOURCE: Final = "radar, optics, terrain and weather by a multimodal ConvNeXt V2, by rootzone"


def make_maps(opened: OpenSurface, say: Callable[[str], None]) -> list[SurfaceMapFiles]:
    """Write the maps of all days that are asked for; days already made are kept.

    Parameters
    ----------
    opened : OpenSurface
        A campaign of the system ``multimodal``.
    say : callable
        Told how it goes.

    Raises
    ------
    RequestError
        No radar scene is of a day that is asked for, or nothing is trained yet.
    """
    trained = Trained(OpenChips(opened))
    chips, section = trained.chips, opened.section
    split = map_split(opened)
    networks = trained.networks(split)
    spreads = spreads_wide(trained)
    weights = [round(float(sum(p.sum() for p in n.state_dict().values())), 6) for n in networks]
    record = Provenance(
        "rootzone surface map", {"files": chips.digest},
        {"system": "multimodal", "split": split, "networks": weights, "spreads": spreads,
         "interval_pct": section.interval_pct, "windows": _windows(chips)},
    )  # fmt: skip
    made = []
    for day in days_to_map(chips):
        files = files_of(trained.folder / "maps", calendar_day(day))
        made.append(files)
        if not not_whole(files) and made_alike(files.theta, record):
            put_style(files.style)
            continue
        theta, spread, flags = field_of(chips, networks, day)
        _write(files, chips, theta, spreads * spread, flags, section.interval_pct, record)
        say(f"{files.theta.name}: mean {np.nanmean(theta):.3f} m3 m-3")
    series = trained.folder / "maps" / "surface_theta.nc"
    days = {**record.settings, "dates": [files.day.isoformat() for files in made]}
    of_days = replace(record, settings=days)
    if not (series.is_file() and made_alike(series, of_days)):
        write_days_series(
            series, chips.grid, made, section.interval_pct, of_days, _SOURCE, MULTIMODAL_FLAGS
        )
    return made


def spreads_wide(trained: Trained) -> float:
    """Half-width of the interval in spreads of the network; NaN where nothing was scored yet."""
    return float(read_skill(trained)["spreads"]) if trained.skill.is_file() else np.nan


def _windows(chips: OpenChips) -> str:
    side = chips.chosen.window_px
    return f"{side} px, half a window apart, Hann weights; response norms over a window"


def days_to_map(chips: OpenChips) -> list[int]:
    """Days since 1970-01-01 to map: those asked for, or all with a radar scene.

    Raises
    ------
    RequestError
        No radar scene within reach is of a day that is asked for.
    """
    wanted = [day_number(day) for day in chips.opened.section.dates] or chips.days
    for day in wanted:
        require_look(chips, day)
    return wanted


def require_look(chips: OpenChips, day: int) -> None:
    """Refuse a day without a radar scene within reach."""
    reach = chips.chosen.radar_reach_days
    if not any(0 <= day - one <= reach for one in chips.days):
        near = min(chips.days, key=lambda one: abs(one - day))
        raise RequestError(
            f"No radar scene is of {calendar_day(day)} or up to {reach} days before it "
            f"(surface.multimodal.radar_reach_days); the nearest is of {calendar_day(near)}."
        )


def field_of(
    chips: OpenChips, networks: list[MultimodalNetwork], day: int
) -> tuple[FloatArray, FloatArray, AnyArray]:
    """Water content of a day by some networks, its spread, and its flags; shape (row, col)."""
    shape = chips.grid.shape
    unseen, missing = np.ones(shape, bool), np.ones(shape, bool)
    n_images = sum(chips.inputs.widths.values())
    radar = chips.inputs.of_sensor("s1")

    def read(first: int, height: int) -> AnyArray:
        stack = chips.stacks(day, [Window(first, 0, height, shape[1])])[0]
        rows = slice(first, first + height)
        unseen[rows] = np.isnan(stack[radar][:2]).any(axis=0)
        missing[rows] = np.isnan(stack[:n_images]).any(axis=0)
        return _with_soil(chips, stack, rows)

    theta, spread = blended_bands(
        lambda windows: predicted(networks, windows, chips), read, shape, chips.chosen.window_px
    )
    air = chips.air_k(day)
    frozen: BoolArray = np.zeros(shape, bool) if air is None else np.asarray(air < FREEZING_K)
    theta[unseen | frozen] = np.nan
    flags = flags_of(
        [
            (NO_VALUE, np.isnan(theta)),
            (MISSING_INPUT, missing),
            (FROZEN, frozen),
            (NOT_SEEN, unseen),
        ]
    )
    return theta, spread, flags


def _with_soil(chips: OpenChips, stack: AnyArray, rows: slice) -> AnyArray:
    """Channels with theta_r and theta_s behind them, where the output is bounded by them."""
    if chips.chosen.output != "bounds":
        return stack
    both = [chips.land[name][rows] for name in ("theta_r", "theta_s")]
    return np.concatenate([stack, np.stack(both)])


def predicted(networks: list[MultimodalNetwork], windows: AnyArray, chips: OpenChips) -> AnyArray:
    """Water content and spread of the networks together, shape (window, 2, row, col)."""
    import torch

    from rootzone.networks.ensemble import combine

    x = torch.from_numpy(np.ascontiguousarray(windows, np.float32))
    soil = None
    if chips.chosen.output == "bounds":
        soil = torch.full((len(x), 1, 4, *x.shape[-2:]), torch.nan)
        soil[:, 0, :2], x = x[:, -2:], x[:, :-2]
    x = x.to(chips.device).contiguous(memory_format=torch.channels_last)
    soil = soil if soil is None else soil.to(chips.device)
    with torch.inference_mode():
        whole = combine([network(x, soil) for network in networks])
    assert whole.spread is not None  # noqa: S101 - these networks have one
    return np.asarray(torch.stack([whole.theta[:, 0], whole.spread[:, 0]], dim=1).cpu().numpy())


def _write(
    files: SurfaceMapFiles,
    chips: OpenChips,
    theta: FloatArray,
    half: FloatArray,
    flags: AnyArray,
    interval_pct: float,
    record: Provenance,
) -> None:
    width = np.where(np.isfinite(theta), half, np.nan)
    tags = {
        "depth_kind": "layer 0-50 mm", "sensor": ", ".join(chips.inputs.sensors),
        "windows": _windows(chips),
    }  # fmt: skip
    spec = theta_spec(chips.grid, "uint16", files.depth_mm, files.day, interval_pct, tags)
    write_cog(files.theta, spec, np.stack([pack_theta(theta), pack_theta(width)]), record)
    write_beside(files, spec, MULTIMODAL_FLAGS, flags, record)


def at_point(opened: OpenSurface, lat: float, lon: float, day: dt.date) -> dict[str, Any]:
    """Moisture at one pixel and day as the map has it, and without each sensor.

    Raises
    ------
    RequestError
        The point lies outside the region, or no radar scene is of the day.
    """
    trained = Trained(OpenChips(opened))
    chips = trained.chips
    row, col = inside_grid(chips.grid, lat, lon)
    number, side = day_number(day), chips.chosen.window_px
    require_look(chips, number)
    networks = trained.networks(map_split(opened))
    # Those windows of the map that hold the pixel, so that the value is the map's.
    down, across = ([s for s in starts(n, side) if s <= at < s + side]
                    for n, at in zip(chips.grid.shape, (row, col), strict=True))  # fmt: skip
    places = [(r, c) for r in down for c in across]
    stacks = [
        _with_soil_of(chips, s, r, c)
        for s, (r, c) in zip(
            chips.stacks(number, [Window(r, c, side, side) for r, c in places]), places, strict=True
        )
    ]
    from rootzone.surface.multimodal.windows import hann_weights

    weights = np.array([hann_weights(side)[row - r, col - c] for r, c in places])

    def told(windows: AnyArray) -> tuple[float, float]:
        both = predicted(networks, windows, chips)
        values = [both[k, :, row - r, col - c] for k, (r, c) in enumerate(places)]
        theta, spread = np.average(values, axis=0, weights=weights)
        return float(theta), float(spread)

    whole = np.stack(stacks)
    theta, spread = told(whole)
    out: dict[str, Any] = {"row": row, "col": col, "date": day.isoformat(), "theta": theta}
    if trained.skill.is_file():
        out["half_width"] = spreads_wide(trained) * spread
    scalars = ["scalars"] if chips.inputs.scalars else []
    for sensor in [*chips.inputs.sensors, *scalars]:
        if len(chips.inputs.sensors) > 1 or sensor == "scalars":
            gone = whole.copy()
            gone[:, chips.inputs.of_sensor(sensor)] = np.nan
            out[f"without_{sensor}"] = told(gone)[0]
    return out


def _with_soil_of(chips: OpenChips, stack: AnyArray, row: int, col: int) -> AnyArray:
    if chips.chosen.output != "bounds":
        return stack
    side = chips.chosen.window_px
    cut = np.s_[row : row + side, col : col + side]
    return np.concatenate([stack, np.stack([chips.land[n][cut] for n in ("theta_r", "theta_s")])])
