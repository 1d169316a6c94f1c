"""What the settings say of plants: whether they can grow, and their part of the kernels' vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.units import cm_from_mm
from rootzone.engines.plants.roots import root_layers
from rootzone.engines.swim import layout

if TYPE_CHECKING:
    from rootzone.covariates.layers.covers import Cover
    from rootzone.engines.swim.settings import SwimSettings


def plant_problems(told: SwimSettings, plants: Cover) -> list[str]:
    """Why a cover cannot grow, a sentence each; none where it can."""
    problems = []
    if told.stepping == "apsim":
        problems.append(
            f"cover {told.cover} needs stepping converged: SWIM3's own step rules have no "
            "roots here; APSIM has crop models of its own"
        )
    if told.root_layers is not None:
        problems += _root_layer_problems(told)
    elif plants.root_depth_mm <= 0.0:
        problems.append(
            f"cover {told.cover} has no roots (root_depth_mm {plants.root_depth_mm:g}); give "
            "it some, or set cover=bare"
        )
    if plants.grow_full_degc <= plants.grow_from_degc:
        problems.append(
            f"grow_full_degc {plants.grow_full_degc:g} is not above grow_from_degc "
            f"{plants.grow_from_degc:g}"
        )
    h1, h2, high, low, h4 = plants.feddes_cm
    if not 0.0 <= h1 <= h2 < high <= low < h4:
        problems.append(f"feddes_cm {plants.feddes_cm} must rise from wet to dry")
    return problems


def _root_layer_problems(told: SwimSettings) -> list[str]:
    problems = [
        f"{key}: root_layers says where roots are; leave one of them out"
        for key in ("root_beta", "root_depth_mm")
        if getattr(told, key) is not None
    ]
    try:
        root_layers(told.root_layers or "", layout.MOST_ROOT_LAYERS)
    except RequestError as error:
        problems.append(str(error))
    return problems


def fill_plants(vector: FloatArray, told: SwimSettings, plants: Cover) -> None:
    """Write roots and stress into the vector of the kernels."""
    vector[layout.SET_ROOT_BETA] = plants.root_beta
    vector[layout.SET_ROOT_DEPTH_CM] = cm_from_mm(plants.root_depth_mm)
    if told.root_layers is not None:
        bottom_cm, part = root_layers(told.root_layers, layout.MOST_ROOT_LAYERS)
        first = layout.SET_ROOT_BOTTOM_CM
        vector[first : first + len(part)] = bottom_cm
        vector[layout.SET_ROOT_PART : layout.SET_ROOT_PART + len(part)] = part
        vector[layout.SET_ROOT_DEPTH_CM] = bottom_cm[-1]
    vector[layout.SET_OMEGA_C] = plants.compensation
    if told.root_stress == "available":
        vector[layout.SET_STRESS_KIND] = layout.STRESS_AVAILABLE
        vector[layout.SET_STRESS_1] = plants.stress_depletion
    elif told.root_stress == "feddes":
        vector[layout.SET_STRESS_KIND] = layout.STRESS_FEDDES
        vector[layout.SET_STRESS_1 : layout.SET_STRESS_4 + 1] = plants.feddes_cm
    else:
        vector[layout.SET_STRESS_KIND] = layout.STRESS_S_SHAPE
        vector[layout.SET_STRESS_1] = told.s_shape_h50_cm
        vector[layout.SET_STRESS_2] = told.s_shape_p


def five_suctions(text: str) -> tuple[float, ...]:
    """Feddes's suctions from text such as ``10,25,200,800,8000``."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) != 5:
        raise RequestError(
            f"feddes_cm {text!r} is not five suctions such as 10,25,200,800,8000: no uptake wetter "
            "than the first, full from the second to the third at 5 mm d-1 or the fourth at "
            "1 mm d-1, none drier than the fifth."
        )
    return values
