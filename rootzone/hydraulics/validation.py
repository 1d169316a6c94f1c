"""How far our parameters are from measured soils, per texture class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import BoolArray, FloatArray
from rootzone._shared.units import cm_from_mm
from rootzone.hydraulics.layer_properties import filled
from rootzone.hydraulics.measured_soils import MeasuredSoils
from rootzone.hydraulics.pedotransfer import PEDOTRANSFERS
from rootzone.hydraulics.texture import close_textures
from rootzone.hydraulics.usda import USDA_CLASSES, usda_class
from rootzone.hydraulics.van_genuchten import theta_from_psi

# Points this near to a measured water content that a function takes are no test of it [cm].
_GIVEN_AT_CM = {"theta_33kpa": (300.0, 370.0), "theta_1500kpa": (14_000.0, 16_500.0)}


@dataclass(frozen=True)
class ClassErrors:
    """Errors of one texture class, ours minus measured.

    Parameters
    ----------
    name : str
        USDA class, or ``all``.
    soils, points, ks_soils : int
        Soils of the class, retention points, and soils with a measured Ks.
    theta_rmse, theta_bias : float
        Over all points of the class [m3 m-3]; NaN without points.
    log10_ks_rmse, log10_ks_bias : float
        Over soils with Ks [log10 of cm d-1]; NaN without any.
    """

    name: str
    soils: int
    points: int
    theta_rmse: float
    theta_bias: float
    ks_soils: int
    log10_ks_rmse: float
    log10_ks_bias: float


def validate_against(measured: MeasuredSoils, ptf: str = "rosetta3") -> list[ClassErrors]:
    """Errors of a pedotransfer function per USDA class, and over all as the last entry.

    The curve is the function's own; no guard acts on it. Organic matter that it needs and that was
    not measured is filled as ``rootzone soils --fill-inputs`` does, and so is bulk density in a
    collection that has none at all; elsewhere soils without it are left out. So are classes without
    soils, soils whose texture or properties are refused, and points that the function was given:
    its water contents at 33 and 1500 kPa.

    Returns
    -------
    list of ClassErrors
        In the order of ``USDA_CLASSES``, then ``all``; empty where no soil has what it needs.
    """
    function = PEDOTRANSFERS[ptf]
    texture = close_textures(*measured.textures)
    known = _known(measured, texture.sand_pct, texture.silt_pct, texture.clay_pct)
    unusable = function.refusals(known) > 0
    known = {name: np.where(unusable, np.nan, values) for name, values in known.items()}
    parameters = function.predict(known)
    curves = parameters[:4, measured.point_soil]
    theta_error = theta_from_psi(-measured.suction_cm, *curves) - measured.theta
    with np.errstate(divide="ignore", invalid="ignore"):
        ks_error = np.log10(cm_from_mm(parameters[4])) - np.log10(measured.ks_cm_d)
    classes = usda_class(known["sand_pct"], known["silt_pct"], known["clay_pct"])
    for name in set(function.needs) & set(_GIVEN_AT_CM):
        low, high = _GIVEN_AT_CM[name]
        theta_error[(measured.suction_cm > low) & (measured.suction_cm < high)] = np.nan
    table = []
    for number, name in [*enumerate(USDA_CLASSES), (-1, "all")]:
        of_class = classes >= 0 if name == "all" else classes == number
        if of_class.any():
            errors = (theta_error[of_class[measured.point_soil]], ks_error[of_class])
            table.append(_class_errors(name, of_class, *errors))
    return table


def _known(
    measured: MeasuredSoils, sand_pct: FloatArray, silt_pct: FloatArray, clay_pct: FloatArray
) -> dict[str, FloatArray]:
    """Closed textures, and properties with what can be filled filled."""
    missing = np.full(sand_pct.size, np.nan)
    given = measured.properties
    om, bd, _ = filled(
        given.get("om_pct", missing),
        given.get("bd_g_cm3", missing),
        sand_pct,
        clay_pct,
        measured.depth_mm,
    )
    measured_bd = given.get("bd_g_cm3", missing)
    return {
        **{name: given.get(name, missing) for name in _GIVEN_AT_CM},
        "sand_pct": sand_pct,
        "silt_pct": silt_pct,
        "clay_pct": clay_pct,
        "om_pct": om,
        "bd_g_cm3": measured_bd if np.isfinite(measured_bd).any() else bd,
        "top_mm": measured.depth_mm,
        "bottom_mm": measured.depth_mm,
    }


def _class_errors(
    name: str, of_class: BoolArray, theta_error: FloatArray, ks_error: FloatArray
) -> ClassErrors:
    theta_error = theta_error[np.isfinite(theta_error)]
    ks_error = ks_error[np.isfinite(ks_error)]
    return ClassErrors(
        name,
        int(of_class.sum()),
        int(theta_error.size),
        *_rmse_and_bias(theta_error),
        int(ks_error.size),
        *_rmse_and_bias(ks_error),
    )


def _rmse_and_bias(errors: FloatArray) -> tuple[float, float]:
    if errors.size == 0:
        return float("nan"), float("nan")
    return float(np.sqrt(np.mean(errors**2))), float(np.mean(errors))


def markdown_table(errors: list[ClassErrors]) -> str:
    """The errors as a Markdown table, the one in docs/soil-hydraulics.md."""
    head = (
        "| class | soils | points | theta RMSE | theta bias "
        "| soils with Ks | log10 Ks RMSE | log10 Ks bias |"
    )
    rows = [
        f"| {row.name} | {row.soils} | {row.points} | {row.theta_rmse:.3f} | "
        f"{row.theta_bias:+.3f} | {row.ks_soils} | {row.log10_ks_rmse:.2f} | "
        f"{row.log10_ks_bias:+.2f} |"
        for row in errors
    ]
    return "\n".join([head, "|---|--:|--:|--:|--:|--:|--:|--:|", *rows])


def summary_table(rows: list[tuple[str, str, ClassErrors]]) -> str:
    """All soils of each collection by each function, as a Markdown table."""
    head = (
        "| collection | function | soils | points | theta RMSE | theta bias "
        "| soils with Ks | log10 Ks RMSE | log10 Ks bias |"
    )
    lines = [
        f"| {name} | {ptf} | {row.soils} | {row.points} | {row.theta_rmse:.3f} | "
        f"{row.theta_bias:+.3f} | {row.ks_soils} | {_or_none(row.log10_ks_rmse, '.2f')} | "
        f"{_or_none(row.log10_ks_bias, '+.2f')} |"
        for name, ptf, row in rows
    ]
    return "\n".join([head, "|---|---|--:|--:|--:|--:|--:|--:|--:|", *lines])


def _or_none(value: float, spec: str) -> str:
    return format(value, spec) if np.isfinite(value) else "none"
