"""Chips of a campaign: around stations on days with a radar scene, and anywhere by a product."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone._shared.seeds import stream
from rootzone._shared.units import FREEZING_K
from rootzone.covariates.grid import Window
from rootzone.networks.mixing import SIMULATED
from rootzone.surface.multimodal.chips import SHIFT_PX, ChipFile, Chips, window_around
from rootzone.surface.multimodal.open_chips import OpenChips

Say = Callable[[str], None]


def station_chips(chips: OpenChips, say: Say) -> Chips:
    """A chip for every station and day with a radar scene and a value; frozen days are left out.

    Raises
    ------
    RequestError
        There is none.
    """
    places, grid, side = chips.places, chips.grid, chips.chosen.window_px
    kept = ChipFile(chips.folder / "chips" / "stations", _identity(chips, "stations"))
    found = kept.read(side)
    if found is not None:
        return found
    side = min(side + 2 * SHIFT_PX, *grid.shape)
    windows = [
        window_around(int(r), int(c), side, *grid.shape)
        for r, c in zip(places.row, places.col, strict=True)
    ]
    out = _Collected()
    left = {"no value at the station": 0, "not seen by the radar": 0, "frozen": 0}
    names = chips.inputs.names
    for day in chips.days:
        told = [daily.get(day, np.nan) for daily in places.daily]
        there = [k for k, value in enumerate(told) if np.isfinite(value)]
        left["no value at the station"] += len(told) - len(there)
        if not there:
            continue
        air = chips.air_k(day)
        for k, stack in zip(there, chips.stacks(day, [windows[k] for k in there]), strict=True):
            row, col = int(places.row[k]) - windows[k].row, int(places.col[k]) - windows[k].col
            if not np.isfinite(stack[names.index("vv_db"), row, col]):
                left["not seen by the radar"] += 1
            elif air is not None and air[places.row[k], places.col[k]] < FREEZING_K:
                left["frozen"] += 1
            else:
                out.add(stack, told[k], row, col, k, day, _limits(chips, windows[k]))
    say(
        f"{out.n} chips at {len(places.name)} stations; left out: "
        + ", ".join(f"{n} {why}" for why, n in left.items())
    )
    if not out.n:
        raise RequestError(
            "No station has a value on a day with a radar scene that saw it: "
            + ", ".join(f"{n} {why}" for why, n in left.items())
        )
    kept.write(out.chips(chips.chosen.window_px))
    return station_chips(chips, say)


def product_chips(chips: OpenChips, say: Say) -> Chips:
    """Chips drawn over the region and the days of a product, with a label at every pixel.

    Raises
    ------
    RequestError
        The product has no day with a radar scene.
    """
    chosen = chips.chosen
    kept = ChipFile(chips.folder / "chips" / "product", _identity(chips, "product"))
    found = kept.read(chosen.window_px, source=SIMULATED)
    if found is not None:
        return found
    label = chips.label
    days = [day for day in chips.days if day in label.coarse.by_day]
    if not days:
        raise RequestError(
            f"The product has {len(label.coarse.by_day)} days, the radar {len(chips.days)}, and "
            "none is of both."
        )
    on = lru_cache(maxsize=1)(label.on)  # windows of a day come one after another
    return _anywhere(chips, days, kept, lambda day, w: on(day)[_cut(w)], say)


def bare_chips(chips: OpenChips, say: Say) -> Chips:
    """Chips drawn over the region without labels, for painting; their labels are 0."""
    chosen = chips.chosen
    kept = ChipFile(chips.folder / "chips" / "painted", _identity(chips, "painted"))
    found = kept.read(chosen.window_px, source=SIMULATED)
    if found is not None:
        return found
    return _anywhere(chips, chips.days, kept, lambda day, w: np.zeros(w.shape), say)


def _anywhere(
    chips: OpenChips,
    days: list[int],
    kept: ChipFile,
    label: Callable[[int, Window], AnyArray],
    say: Say,
) -> Chips:
    """As many chips a day on all days, at places drawn by the campaign's first seed."""
    chosen, (height, width) = chips.chosen, chips.grid.shape
    side = chosen.window_px
    rng = stream(chips.opened.section.seeds[0], 31)
    each = -(-chosen.product_chips // len(days))
    out = _Collected()
    for day in days:
        rows = rng.integers(0, height - side + 1, each)
        cols = rng.integers(0, width - side + 1, each)
        windows = [Window(int(r), int(c), side, side) for r, c in zip(rows, cols, strict=True)]
        for window, stack in zip(windows, chips.stacks(day, windows), strict=True):
            y = np.asarray(label(day, window), np.float32)
            if np.isfinite(y).any() and out.n < chosen.product_chips:
                block = (window.row // side) * (width // side + 1) + window.col // side
                out.add(stack, y, side // 2, side // 2, block, day, _limits(chips, window))
    say(f"{out.n} windows drawn on {len(days)} days")
    kept.write(out.chips(side))
    found = kept.read(side, source=SIMULATED)
    assert found is not None  # noqa: S101 - just written
    return found


class _Collected:
    """Chips one after another."""

    def __init__(self) -> None:
        self.parts: dict[str, list[Any]] = {
            name: [] for name in ("x", "y", "row", "col", "place", "date", "limits")
        }

    @property
    def n(self) -> int:
        """How many."""
        return len(self.parts["date"])

    def add(
        self,
        x: AnyArray,
        y: AnyArray | float,
        row: int,
        col: int,
        place: int,
        day: int,
        limits: AnyArray | None,
    ) -> None:
        """Take one in."""
        told = (x.astype(np.float16), y, row, col, place, day, limits)
        for name, value in zip(self.parts, told, strict=True):
            self.parts[name].append(value)

    def chips(self, window_px: int) -> Chips:
        """All of them."""
        whole: dict[str, Any] = {
            name: np.stack(v) for name, v in self.parts.items() if v[0] is not None
        }
        return Chips(window_px=window_px, **whole)


def _cut(window: Window) -> tuple[slice, slice]:
    return np.s_[window.row : window.row + window.height, window.col : window.col + window.width]


def _limits(chips: OpenChips, window: Window) -> AnyArray | None:
    if chips.chosen.output != "bounds":
        return None
    lacking = {"theta_r", "theta_s"} - set(chips.land)
    if lacking:
        raise RequestError(
            f"surface.multimodal.output: bounds needs the bands {', '.join(sorted(lacking))} in "
            "surface.land."
        )
    both = [chips.land[name][_cut(window)] for name in ("theta_r", "theta_s")]
    return np.stack(both).astype(np.float16)


def _identity(chips: OpenChips, what: str) -> dict[str, Any]:
    chosen = chips.chosen
    return {
        "what": what, "files": chips.digest, "inputs": list(chips.inputs.names),
        "window_px": chosen.window_px, "output": chosen.output,
        "reach_days": [chosen.radar_reach_days, chosen.optics_reach_days],
        "drawn": [chosen.product_chips, chips.opened.section.seeds[0], chosen.product_quantity],
    }  # fmt: skip
