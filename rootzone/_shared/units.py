"""Unit conversions, one named function each, so no bare factor stands in a formula."""

from __future__ import annotations

from typing import Final, TypeVar

from rootzone._shared.arrays import FloatArray

Number = TypeVar("Number", float, FloatArray)

MM_PER_CM: Final = 10.0  # for kernels, which `_shared.jit` keeps: they call no plain function

FREEZING_K = 273.15


def mm_from_cm(value_cm: Number) -> Number:
    """Millimetres from centimetres; also mm d-1 from cm d-1."""
    return value_cm * 10.0


def cm_from_mm(value_mm: Number) -> Number:
    """Centimetres from millimetres; also cm d-1 from mm d-1."""
    return value_mm / 10.0


def m_from_mm(value_mm: Number) -> Number:
    """Metres from millimetres."""
    return value_mm / 1000.0


def mm_from_m(value_m: Number) -> Number:
    """Millimetres from metres."""
    return value_m * 1000.0


def m_from_cm(value_cm: Number) -> Number:
    """Metres from centimetres."""
    return value_cm / 100.0


def cm_from_m(value_m: Number) -> Number:
    """Centimetres from metres."""
    return value_m * 100.0


def kelvin_from_degc(value_degc: Number) -> Number:
    """Kelvin from degrees Celsius."""
    return value_degc + FREEZING_K


def degc_from_kelvin(value_k: Number) -> Number:
    """Degrees Celsius from Kelvin."""
    return value_k - FREEZING_K


def cm_h_from_mm_d(value_mm_d: Number) -> Number:
    """Conductivity or flux in cm h-1 from mm d-1."""
    return value_mm_d / 240.0


def mm_d_from_cm_h(value_cm_h: Number) -> Number:
    """Conductivity or flux in mm d-1 from cm h-1."""
    return value_cm_h * 240.0


def fraction_from_pct(value_pct: Number) -> Number:
    """Fraction from percent."""
    return value_pct / 100.0


def pct_from_fraction(value: Number) -> Number:
    """Percent from fraction."""
    return value * 100.0


def cm_d_from_cm_h(value_cm_h: Number) -> Number:
    """Conductivity in cm d-1 from cm h-1, the unit of POLARIS ksat."""
    return value_cm_h * 24.0


def per_cm_from_per_kpa(value_per_kpa: Number) -> Number:
    """Van Genuchten alpha in cm-1 from kPa-1, the unit of POLARIS alpha.

    One kPa holds up 10.19716 cm of water (density 1000 kg m-3, gravity 9.80665 m s-2).
    """
    return value_per_kpa / 10.19716212977928


def minutes_from_hours(value_h: Number) -> Number:
    """Minutes from hours."""
    return value_h * 60.0


def hours_from_minutes(value_min: Number) -> Number:
    """Hours from minutes."""
    return value_min / 60.0


def natural_from_log10(value_log10: Number) -> Number:
    """The value whose base-10 logarithm is given."""
    value: Number = 10.0**value_log10
    return value
