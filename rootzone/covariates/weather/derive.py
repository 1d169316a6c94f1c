"""Weather that a product does not deliver, worked out from what it does.

Dew point, humidity or vapour pressure become a deficit; two wind components a speed; radiation of
the daylight hours a daily sum. Where there is no radiation at all it is estimated from the range of
temperature, and said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.weather import pet

TOP = "top_mj_m2"  # radiation at the top of the atmosphere: always known from place and day
_KRS = 0.16  # FAO-56 Eq. 50, away from coasts
_MJ_PER_J = 1e-6
ESTIMATED = ("radn_mj_m2",)  # what is estimated, rather than converted, from temperatures


def vapour_from_humidity(
    rhmax_pct: AnyArray, rhmin_pct: AnyArray, tmax_degc: AnyArray, tmin_degc: AnyArray
) -> FloatArray:
    """Vapour pressure [kPa] from the extremes of relative humidity [%]; FAO-56 Eq. 17."""
    wet = pet.saturation_kpa(tmin_degc) * rhmax_pct
    return np.asarray((wet + pet.saturation_kpa(tmax_degc) * rhmin_pct) / 200.0)


def vapour_from_mean_humidity(
    rh_pct: AnyArray, tmax_degc: AnyArray, tmin_degc: AnyArray
) -> FloatArray:
    """Vapour pressure [kPa] from the mean relative humidity [%]; FAO-56 Eq. 19."""
    return np.asarray(rh_pct / 100.0 * pet.mean_saturation_kpa(tmax_degc, tmin_degc))


def vapour_from_specific_humidity(sph_kg_kg: AnyArray, pressure_kpa: AnyArray) -> FloatArray:
    """Vapour pressure [kPa] from specific humidity [kg kg-1] and air pressure [kPa].

    ``e = q p / (0.622 + 0.378 q)``, the ratio of the molar masses of water and dry air.
    """
    return np.asarray(sph_kg_kg * pressure_kpa / (0.622 + 0.378 * sph_kg_kg))


def deficit(vapour_kpa: AnyArray, tmax_degc: AnyArray, tmin_degc: AnyArray) -> FloatArray:
    """Vapour pressure deficit [kPa]: mean saturation less vapour pressure, never negative."""
    return np.maximum(pet.mean_saturation_kpa(tmax_degc, tmin_degc) - vapour_kpa, 0.0)


def moved(columns: Mapping[str, AnyArray], warmer_degc: AnyArray) -> dict[str, AnyArray]:
    """Daily columns where the air is warmer by so much; its vapour stays, up to saturation.

    Parameters
    ----------
    columns : mapping of str to array, shape (day, cell)
        ``tmax_degc``, ``tmin_degc``, ``vpd_kpa`` and others, which stay.
    warmer_degc : array, shape (cell,)
        [degC].

    Examples
    --------
    Air of 20 and 10 degC with a deficit of 0.5 kPa holds 1.783 - 0.5 = 1.283 kPa; 5 degC colder it
    could hold 1.289, so 0.006 is left.

    >>> air = {"tmax_degc": 20.0, "tmin_degc": 10.0, "vpd_kpa": 0.5}
    >>> {name: round(float(v), 3) for name, v in moved(air, -5.0).items()}
    {'tmax_degc': 15.0, 'tmin_degc': 5.0, 'vpd_kpa': 0.006}
    """
    tmax, tmin = (np.asarray(columns[name], np.float64) for name in ("tmax_degc", "tmin_degc"))
    vapour = pet.mean_saturation_kpa(tmax, tmin) - columns["vpd_kpa"]
    new_max, new_min = tmax + warmer_degc, tmin + warmer_degc
    return {
        **columns,
        "tmax_degc": new_max,
        "tmin_degc": new_min,
        "vpd_kpa": deficit(vapour, new_max, new_min),
    }


def radiation_from_range(
    tmax_degc: AnyArray, tmin_degc: AnyArray, top_mj_m2: AnyArray
) -> FloatArray:
    """Solar radiation [MJ m-2 d-1] from the day's range of temperature; FAO-56 Eq. 50, k 0.16."""
    spread = np.maximum(np.asarray(tmax_degc) - np.asarray(tmin_degc), 0.0)
    return np.asarray(np.minimum(_KRS * np.sqrt(spread), 0.75) * top_mj_m2)


def _daylight(watts: AnyArray, seconds: AnyArray) -> FloatArray:
    return np.asarray(watts * seconds * _MJ_PER_J, dtype=np.float64)


def _speed(u: AnyArray, v: AnyArray) -> FloatArray:
    return np.asarray(np.hypot(u, v), dtype=np.float64)


def _middle(high: AnyArray, low: AnyArray) -> FloatArray:
    return np.asarray((high + low) / 2.0, dtype=np.float64)


_Form = tuple[tuple[str, ...], Callable[..., FloatArray]]
# For each column the ways to work it out, the best first.
_FORMS: Mapping[str, tuple[_Form, ...]] = {
    "wind_m_s": ((("wind_u_m_s", "wind_v_m_s"), _speed),),
    "vapour_kpa": (
        (("dewpoint_degc",), pet.saturation_kpa),
        (("sph_kg_kg", "pressure_kpa"), vapour_from_specific_humidity),
        (("rhmax_pct", "rhmin_pct", "tmax_degc", "tmin_degc"), vapour_from_humidity),
        (("rh_pct", "tmax_degc", "tmin_degc"), vapour_from_mean_humidity),
    ),
    "vpd_kpa": (
        (("vpdmax_kpa", "vpdmin_kpa"), _middle),
        (("vapour_kpa", "tmax_degc", "tmin_degc"), deficit),
    ),
    "radn_mj_m2": (
        (("radn_daylight_w_m2", "daylength_s"), _daylight),
        (("tmax_degc", "tmin_degc", TOP), radiation_from_range),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """How the wanted columns come about.

    Parameters
    ----------
    read : tuple of str
        Columns to read.
    steps : tuple of (str, tuple of str, callable)
        What to work out, in order: column, its inputs, and how.
    estimated : tuple of str
        Columns that are estimates.
    """

    read: tuple[str, ...]
    steps: tuple[tuple[str, tuple[str, ...], Callable[..., FloatArray]], ...]
    estimated: tuple[str, ...]

    def apply(self, columns: Mapping[str, AnyArray], top_mj_m2: AnyArray) -> dict[str, AnyArray]:
        """The columns that were read and those worked out."""
        found: dict[str, AnyArray] = {**columns, TOP: top_mj_m2}
        for name, inputs, form in self.steps:
            found[name] = form(*(found[one] for one in inputs)).astype(np.float32)
        del found[TOP]
        return found


def recipe(wanted: Collection[str], delivered: Collection[str], source: str) -> Recipe:
    """How the wanted columns come from those a product delivers.

    Parameters
    ----------
    wanted : collection of str
        Columns, such as ``vpd_kpa``.
    delivered : collection of str
        Columns the product has.
    source : str
        Its catalog entry, for the message.

    Raises
    ------
    RequestError
        A column can neither be read nor worked out.
    """
    read: dict[str, None] = {}
    steps: list[tuple[str, tuple[str, ...], Callable[..., FloatArray]]] = []
    estimated = []
    for column in wanted:
        if not _can(column, delivered):
            raise RequestError(
                f"catalog.forcing: {source} delivers {', '.join(sorted(delivered))}; there is no "
                f"way to {column} from them."
                + (
                    " Set weather.pet: fao56 (needs wind), hargreaves or apsim."
                    if column == "pet_mm"
                    else " Name another source, or another form of weather.pet."
                )
            )
        _need(column, delivered, read, steps)
        made = {name for name, inputs, _ in steps if TOP in inputs}
        estimated += [name for name in made if name not in estimated]
    return Recipe(tuple(read), tuple(steps), tuple(estimated))


def _can(column: str, delivered: Collection[str]) -> bool:
    if column in delivered or column == TOP:
        return True
    forms = _FORMS.get(column, ())
    return any(all(_can(one, delivered) for one in inputs) for inputs, _ in forms)


def _need(
    column: str,
    delivered: Collection[str],
    read: dict[str, None],
    steps: list[tuple[str, tuple[str, ...], Callable[..., FloatArray]]],
) -> None:
    if column == TOP or column in {name for name, _, _ in steps}:
        return
    if column in delivered:
        read[column] = None
        return
    for inputs, form in _FORMS[column]:
        if all(_can(one, delivered) for one in inputs):
            for one in inputs:
                _need(one, delivered, read, steps)
            steps.append((column, inputs, form))
            return
