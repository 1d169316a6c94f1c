"""How far our parameters are from measured soils, per texture class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import BoolArray, FloatArray
from rootzone._shared.units import cm_from_mm
from rootzone.hydraulics.read_rosetta import read_rosetta_table
from rootzone.hydraulics.read_unsoda import MeasuredSoils
from rootzone.hydraulics.simplex import parameters_from_texture
from rootzone.hydraulics.texture import close_textures
from rootzone.hydraulics.usda import USDA_CLASSES, usda_class
from rootzone.hydraulics.van_genuchten import theta_from_psi


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


def validate_against(measured: MeasuredSoils) -> list[ClassErrors]:
    """Errors of the texture lookup per USDA class, and over all as the last entry.

    The curve is the one looked up from texture alone; no guard acts on it. Classes without soils
    are left out, as are soils whose texture is refused.

    Returns
    -------
    list of ClassErrors
        In the order of ``USDA_CLASSES``, then ``all``.
    """
    texture = close_textures(*measured.textures)
    parameters = parameters_from_texture(
        texture.sand_pct, texture.silt_pct, read_rosetta_table().values
    )
    curves = parameters[:4, measured.point_soil]
    theta_error = theta_from_psi(-measured.suction_cm, *curves) - measured.theta
    with np.errstate(divide="ignore", invalid="ignore"):
        ks_error = np.log10(cm_from_mm(parameters[4])) - np.log10(measured.ks_cm_d)
    classes = usda_class(texture.sand_pct, texture.silt_pct, texture.clay_pct)
    table = []
    for number, name in [*enumerate(USDA_CLASSES), (-1, "all")]:
        of_class = classes >= 0 if name == "all" else classes == number
        if of_class.any():
            errors = (theta_error[of_class[measured.point_soil]], ks_error[of_class])
            table.append(_class_errors(name, of_class, *errors))
    return table


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
