"""Pedotransfer functions by name: what each needs, and its parameters of many layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone.hydraulics import closed_forms, rosetta_networks
from rootzone.hydraulics.outcomes import Refusal
from rootzone.hydraulics.read_rosetta import read_rosetta_table
from rootzone.hydraulics.simplex import parameters_from_texture

PtfName = Literal[
    "rosetta3",
    "rosetta3_h3",
    "rosetta3_h4",
    "rosetta3_h5",
    "wosten1999",
    "weynants2009",
    "saxton_rawls2006",
    "toth2015",
]
PTF_NAMES: Final[tuple[str, ...]] = get_args(PtfName)

# What a layer may be known by, in our units; each may be missing.
PROPERTIES: Final[tuple[str, ...]] = ("bd_g_cm3", "om_pct", "theta_33kpa", "theta_1500kpa")
_RANGES: Final[dict[str, tuple[float, float]]] = {
    "bd_g_cm3": (0.2, 2.1),
    "om_pct": (0.0, 100.0),
    "theta_33kpa": (0.0, 1.0),
    "theta_1500kpa": (0.0, 1.0),
}
Layers = Mapping[str, FloatArray]


@dataclass(frozen=True)
class Pedotransfer:
    """One function from what is known of a soil layer to its van Genuchten parameters.

    Parameters
    ----------
    name : str
        As ``soil.ptf`` and ``--ptf`` take it.
    needs : tuple of str
        Columns beside texture that must be known, of ``PROPERTIES``.
    source : str
        Paper or package, for the provenance.
    predict : callable
        Closed textures and properties by name, shape (row,) each, to parameters, shape (5, row).
    """

    name: str
    needs: tuple[str, ...]
    source: str
    predict: Callable[[Layers], FloatArray]

    def refusals(self, layers: Layers) -> AnyArray:
        """``Refusal`` number of each row whose properties are missing or impossible, (row,)."""
        refusal = np.zeros(layers["sand_pct"].size, np.uint8)
        unknown = np.full(refusal.size, np.nan)  # of a table without such a column
        for name in self.needs:
            values = layers.get(name, unknown)
            low, high = _RANGES[name]
            with np.errstate(invalid="ignore"):
                wrong = (values <= low) | (values >= high)
            if name == "om_pct":
                wrong = wrong & (values != 0.0)
            refusal[(refusal == 0) & wrong] = Refusal.PTF_INPUT_IMPOSSIBLE
            refusal[(refusal == 0) & ~np.isfinite(values)] = Refusal.PTF_INPUT_MISSING
        if "theta_1500kpa" in self.needs:
            dry, wet = (layers.get(name, unknown) for name in ("theta_1500kpa", "theta_33kpa"))
            with np.errstate(invalid="ignore"):
                rising = dry >= wet
            refusal[(refusal == 0) & rising] = Refusal.PTF_INPUT_IMPOSSIBLE
        return refusal


def _topsoil(layers: Layers) -> FloatArray:
    middle = 0.5 * (layers["top_mm"] + layers["bottom_mm"])
    return np.asarray(middle < closed_forms.TOPSOIL_MM, dtype=np.float64)


def _rosetta3(layers: Layers) -> FloatArray:
    return parameters_from_texture(
        layers["sand_pct"], layers["silt_pct"], read_rosetta_table().values
    )


def _rosetta_network(name: str, *properties: str) -> Callable[[Layers], FloatArray]:
    def predict(layers: Layers) -> FloatArray:
        names = ("sand_pct", "silt_pct", "clay_pct", *properties)
        return rosetta_networks.rosetta_networks(name, [layers[key] for key in names])[0]

    return predict


def _wosten(layers: Layers) -> FloatArray:
    return closed_forms.wosten1999(
        layers["silt_pct"],
        layers["clay_pct"],
        layers["bd_g_cm3"],
        layers["om_pct"],
        _topsoil(layers),
    )


def _weynants(layers: Layers) -> FloatArray:
    return closed_forms.weynants2009(
        layers["sand_pct"], layers["clay_pct"], layers["bd_g_cm3"], layers["om_pct"]
    )


def _saxton_rawls(layers: Layers) -> FloatArray:
    bd = layers.get("bd_g_cm3", np.full(layers["sand_pct"].size, np.nan))
    return closed_forms.saxton_rawls2006(
        layers["sand_pct"], layers["clay_pct"], layers["om_pct"], bd
    )


def _toth(layers: Layers) -> FloatArray:
    return closed_forms.toth2015(
        layers["sand_pct"],
        layers["clay_pct"],
        layers["bd_g_cm3"],
        layers["om_pct"],
        _topsoil(layers),
    )


_NETWORK = rosetta_networks.SOURCE
PEDOTRANSFERS: Final[dict[str, Pedotransfer]] = {
    function.name: function
    for function in (
        Pedotransfer(
            "rosetta3", (), "rosetta-soil 0.3.2, Rosetta 3, texture only, geometric mean", _rosetta3
        ),
        Pedotransfer(
            "rosetta3_h3",
            PROPERTIES[:1],
            f"{_NETWORK}, with bulk density",
            _rosetta_network("rosetta3_h3", "bd_g_cm3"),
        ),
        Pedotransfer(
            "rosetta3_h4",
            ("bd_g_cm3", "theta_33kpa"),
            f"{_NETWORK}, with bulk density and water at 33 kPa",
            _rosetta_network("rosetta3_h4", "bd_g_cm3", "theta_33kpa"),
        ),
        Pedotransfer(
            "rosetta3_h5",
            ("bd_g_cm3", "theta_33kpa", "theta_1500kpa"),
            f"{_NETWORK}, with bulk density and water at 33 and 1500 kPa",
            _rosetta_network("rosetta3_h5", "bd_g_cm3", "theta_33kpa", "theta_1500kpa"),
        ),
        Pedotransfer(
            "wosten1999",
            ("bd_g_cm3", "om_pct"),
            "Wosten et al. (1999), continuous functions of HYPRES",
            _wosten,
        ),
        Pedotransfer("weynants2009", ("bd_g_cm3", "om_pct"), "Weynants et al. (2009)", _weynants),
        Pedotransfer("saxton_rawls2006", ("om_pct",), "Saxton and Rawls (2006)", _saxton_rawls),
        Pedotransfer(
            "toth2015",
            ("bd_g_cm3", "om_pct"),
            "Toth et al. (2015), function 21 of EU-HYDI; Ks of Wosten et al. (1999)",
            _toth,
        ),
    )
}
