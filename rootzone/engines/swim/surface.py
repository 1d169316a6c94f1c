"""What the surface makes of a day's weather before the soil sees it, whichever grid is below.

Cover takes its share of the evaporative demand, the curve number sends off its share of the rain;
the rest is rain and demand in the hours their windows leave open. What then cannot enter ponds or
runs off in the steps themselves. Snow comes before all this, see ``snow.py``.
"""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel
from rootzone.engines.swim import forcing, layout, state


@kernel
def effective_curve_number(settings: FloatArray) -> float:
    """Curve number of the column after cover; 0 where the surface ponds instead."""
    if settings[layout.SET_CN2_BARE] <= 0.0:
        return 0.0
    return forcing.covered_curve_number(
        settings[layout.SET_CN2_BARE],
        settings[layout.SET_CN_RED],
        settings[layout.SET_CN_COV],
        settings[layout.SET_RESIDUE_COVER],
    )


@kernel
def demand_share(settings: FloatArray) -> float:
    """Share of potential evaporation that reaches the soil under its residue."""
    return forcing.cover_factor(0.0, settings[layout.SET_RESIDUE_COVER])


@kernel
def fill_weights(layers: FloatArray, settings: FloatArray, per_layer: FloatArray) -> None:
    """Write each layer's weight in the curve number, from the thicknesses in column 0 [mm]."""
    n_layer = layers.shape[0]
    first = state.LAYER_WEIGHT * n_layer
    forcing.fill_wetness_weights(
        layers[:, 0],
        settings[layout.SET_CN_DEPTH_MM],
        settings[layout.SET_CN_EXPONENT],
        per_layer[first : first + n_layer],
    )


@kernel
def morning_runoff_mm(
    per_layer: FloatArray, n_layer: int, rain_mm: float, curve_number: float
) -> float:
    """Runoff of the day by the curve number, from the water contents of the evening before.

    Parameters
    ----------
    per_layer : array, flat
        Rows of ``state.LAYER_*``.
    n_layer : int
        Layers, 1 or more.
    rain_mm : float
        Rain of the day [mm d-1], 0 or more.
    curve_number : float
        After cover; 0 where the surface ponds, which then sheds nothing in the morning.

    Returns
    -------
    runoff_mm : float
        [mm d-1], 0 on a day without rain.
    """
    if curve_number <= 0.0 or rain_mm <= 0.0:
        return 0.0
    wetness = forcing.profile_wetness(
        per_layer[state.LAYER_THETA * n_layer : (state.LAYER_THETA + 1) * n_layer],
        per_layer[state.LAYER_DRY * n_layer : (state.LAYER_DRY + 1) * n_layer],
        per_layer[state.LAYER_WET * n_layer : (state.LAYER_WET + 1) * n_layer],
        per_layer[state.LAYER_WEIGHT * n_layer : (state.LAYER_WEIGHT + 1) * n_layer],
    )
    return forcing.curve_number_runoff_mm(rain_mm, curve_number, wetness)
