"""Which soil rows no engine should run, and what to say about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone.engines.failures import FailureClass
from rootzone.engines.tables.problems import Rule
from rootzone.engines.tables.read_columns import Numbers

SWIM3_COLUMNS = ("ll15", "dul", "sat", "ks_mm_d", "theta_initial", "kdul_mm_d", "psidul_cm")
VG_COLUMNS = ("theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d", "theta_initial")

# Columns of the swim3 set that no formula uses: checked where they are there, not needed.
UNUSED_COLUMNS = ("bd_g_cm3", "airdry")

# Lowest and highest value that can be a soil, both ends allowed, and the unit. Wider than nature,
# so they catch wrong units and not rare soils; far outside them a solver would only crawl.
RANGES: Mapping[str, tuple[float, float, str]] = {
    "thickness_mm": (2.0, 5000.0, "mm"),
    "bd_g_cm3": (0.05, 2.65, "g cm-3"),
    "airdry": (0.0, 1.0, "m3 m-3"),
    "ll15": (1e-3, 1.0, "m3 m-3"),
    "dul": (1e-3, 1.0, "m3 m-3"),
    "sat": (1e-3, 1.0, "m3 m-3"),
    "theta_r": (0.0, 1.0, "m3 m-3"),
    "theta_s": (1e-3, 1.0, "m3 m-3"),
    "theta_initial": (0.0, 1.0, "m3 m-3"),
    "ks_mm_d": (0.01, 1e5, "mm d-1"),
    "kdul_mm_d": (1e-8, 1e4, "mm d-1"),
    "psidul_cm": (-10_000.0, -10.0, "cm"),
    "alpha_per_cm": (1e-4, 1.0, "cm-1"),
    "n": (1.05, 10.0, "-"),
    "l": (-10.0, 10.0, "-"),
    "psi_initial_cm": (-6e6, 0.0, "cm"),
}
# Layers that the engines' scratch has room for.
MOST_LAYERS = 500
# Smallest difference between limits of a layer that a retention curve can be drawn through; APSIM
# compares at three decimals.
LEAST_GAP = 1e-3
LEAST_SPAN = 0.01  # theta_s - theta_r
LEAST_WATER = 1e-6  # theta_initial - theta_r


@dataclass(frozen=True)
class SoilRows:
    """Soil rows in the order site by site, layer by layer.

    Parameters
    ----------
    site : array of int, shape (row,)
        Number of the site; -1 where the row names none.
    layer : Numbers
        Layer numbers as given.
    cell : array of int, shape (row,)
        Number of the site's weather cell among the ids of this table; -1 where empty.
    columns : mapping of str to Numbers
        The physical columns.
    """

    site: IntArray
    layer: Numbers
    cell: IntArray
    columns: Mapping[str, Numbers]

    def values(self, name: str) -> FloatArray:
        """Values of a column, NaN where there is none."""
        return self.columns[name].values


def soil_rules(rows: SoilRows) -> list[Rule]:
    """Every check of the soil rows, in the order in which a site's first problem is told."""
    rules = [*_cell_rules(rows), *_layer_rules(rows)]
    for name, column in rows.columns.items():
        rules += _value_rules(name, column)
    below = [
        ("airdry", "ll15", 0.0),
        ("ll15", "dul", LEAST_GAP),
        ("dul", "sat", LEAST_GAP),
        ("theta_r", "theta_s", LEAST_SPAN),
        ("theta_initial", "sat", 0.0),
        ("theta_initial", "theta_s", 0.0),
        ("theta_r", "theta_initial", LEAST_WATER),
    ]
    for lower, upper, gap in below:
        if lower in rows.columns and upper in rows.columns:
            rules.append(_order_rule(rows, lower, upper, gap))
    for name in ("kdul_mm_d", "psidul_cm"):
        if name in rows.columns:
            rules.append(_profile_rule(rows, name))
    if "l" in rows.columns and "n" in rows.columns:
        rules.append(_connectivity_rule(rows))
    return rules


def _connectivity_rule(rows: SoilRows) -> Rule:
    """Refuse a Mualem l at which conductivity rises as soil dries.

    In dry soil K falls with Se to the power of l + 2 / m, m = 1 - 1 / n, so l must be above -2 / m.
    """
    n, pore_l = rows.values("n"), rows.values("l")
    with np.errstate(divide="ignore", invalid="ignore"):
        least = -2.0 / (1.0 - 1.0 / n)
        broken = (n > 1.0) & (pore_l <= least)

    def say(row: int) -> str:
        return (
            f"l {pore_l[row]:.6g} is not above -2/m = {least[row]:.6g} (m = 1 - 1/n, n "
            f"{n[row]:.6g}), so conductivity would rise as the soil dries; take a larger l, "
            "0.5 where nothing is measured"
        )

    return Rule(FailureClass.SOIL_VALUE, "l", broken, say)


def _value_rules(name: str, column: Numbers) -> list[Rule]:
    low, high, unit = RANGES[name]
    values = column.values
    outside = (values < low) | (values > high)
    missing = np.isnan(values) & ~column.not_numbers & (name not in UNUSED_COLUMNS)

    def say_outside(row: int) -> str:
        return f"{name} {values[row]:.6g} is outside {low:g} to {high:g} [{unit}]; check its unit"

    return [
        Rule(
            FailureClass.SOIL_VALUE,
            name,
            column.not_numbers,
            lambda row: f"{name} holds text where a number [{unit}] is due",
        ),
        Rule(
            FailureClass.SOIL_VALUE,
            name,
            missing,
            lambda row: f"{name} [{unit}] is empty or not finite; give its value",
        ),
        Rule(FailureClass.SOIL_VALUE, name, outside, say_outside),
    ]


def _order_rule(rows: SoilRows, lower: str, upper: str, gap: float) -> Rule:
    low, high = rows.values(lower), rows.values(upper)
    # A billionth of slack, so that 0.135 - 0.134 counts as 0.001.
    broken = low > high if gap == 0.0 else high - low < gap - 1e-9

    def say(row: int) -> str:
        relation = "is above" if gap == 0.0 else f"is not below, by {gap:g},"
        return (
            f"{lower} {low[row]:.6g} {relation} {upper} {high[row]:.6g} [m3 m-3]; "
            "correct the limits of the layer"
        )

    return Rule(FailureClass.SOIL_ORDER, lower, broken, say)


def _profile_rule(rows: SoilRows, name: str) -> Rule:
    """A value that belongs to the whole profile must be the same in every layer."""
    values = rows.values(name)
    first = values[_first_row_of_site(rows.site)]
    broken = values != first
    broken &= ~(np.isnan(values) | np.isnan(first))
    return Rule(
        FailureClass.SOIL_VALUE,
        name,
        broken,
        lambda row: (
            f"{name} {values[row]:.6g} differs from {first[row]:.6g} in the first layer; "
            "it is one value for the profile"
        ),
    )


def _cell_rules(rows: SoilRows) -> list[Rule]:
    first = rows.cell[_first_row_of_site(rows.site)]
    return [
        Rule(
            FailureClass.SOIL_CELL,
            "cell_id",
            rows.cell < 0,
            lambda row: "cell_id is empty; give the weather cell of the site",
        ),
        Rule(
            FailureClass.SOIL_CELL,
            "cell_id",
            (rows.cell != first) & (rows.cell >= 0) & (first >= 0),
            lambda row: "cell_id differs between the layers; a site lies in one weather cell",
        ),
    ]


def _layer_rules(rows: SoilRows) -> list[Rule]:
    """Layers must run 1, 2, 3 ... without a gap or a repeat; rows come sorted by layer."""
    layer = rows.layer.values
    expected = _position_in_site(rows.site) + 1.0
    not_whole = np.isnan(layer) | (layer != np.floor(layer)) | (layer < 1)
    previous = np.concatenate(([np.nan], layer[:-1]))
    doubled = (layer == previous) & (expected > 1)
    out_of_place = (layer != expected) & ~not_whole & ~doubled

    def say_missing(row: int) -> str:
        return (
            f"layer {expected[row]:.0f} is missing (found {layer[row]:.0f} in its place); "
            "number the layers 1, 2, 3 ... from the top"
        )

    return [
        Rule(
            FailureClass.SOIL_LAYERS,
            "layer",
            not_whole,
            lambda row: "layer is not a whole number from 1; number the layers from the top",
        ),
        Rule(
            FailureClass.SOIL_LAYERS,
            "layer",
            doubled,
            lambda row: f"layer {layer[row]:.0f} occurs twice; keep one row for each layer",
        ),
        Rule(FailureClass.SOIL_LAYERS, "layer", out_of_place, say_missing),
        Rule(
            FailureClass.SOIL_LAYERS,
            "layer",
            expected > MOST_LAYERS,
            lambda row: f"more than {MOST_LAYERS} layers; join some",
        ),
    ]


def _first_row_of_site(site: IntArray) -> IntArray:
    """For each row the first row of its site; rows of a site lie together."""
    starts = np.flatnonzero(np.diff(site, prepend=np.iinfo(np.int64).min))
    lengths = np.diff(np.append(starts, site.size))
    return np.repeat(starts, lengths)


def _position_in_site(site: IntArray) -> IntArray:
    return np.arange(site.size) - _first_row_of_site(site)


def used_columns(needed: Sequence[str], present: Sequence[str]) -> tuple[str, ...]:
    """Physical columns worth reading: those needed, and unused ones that can still be checked."""
    extra = [name for name in (*UNUSED_COLUMNS, "l") if name in present]
    return ("thickness_mm", *needed, *extra)
