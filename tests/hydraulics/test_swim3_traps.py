"""SWIM3's derived curves and the LL15 that keeps them sound."""

import json
from pathlib import Path

import numpy as np
import pytest

from rootzone.hydraulics.swim3_traps import (
    kdul_for_micropore_ks,
    ll15_for_falling_retention,
    ll15_for_micropore_ks,
    micropore_ks,
    micropore_power,
    retention_falls,
)

pytestmark = pytest.mark.kernels


def test_micropore_power_by_hand() -> None:
    # DUL/LL15 = e and 15,000/100 = 150: b = ln 150, P = 2 ln 150 + 2 + 1.
    assert micropore_power(0.1 * np.e, 0.1, 100.0) == pytest.approx(2.0 * np.log(150.0) + 3.0)


def test_micropore_ks_by_hand() -> None:
    # SAT/DUL = 2 and P = 2 b + 3 with b = 1 (DUL/LL15 = 150), so Km = 0.99 x 1 x 2^5.
    assert micropore_ks(0.2 / 150.0, 0.2, 0.4, 500.0, 1.0, 100.0) == pytest.approx(0.99 * 32.0)


def test_micropore_ks_is_swim3s_own(shared: Path) -> None:
    # reference/swim3/soils.json: P and Km of the real SWIM3, top layer of each soil.
    soils = json.loads((shared / "reference" / "swim3" / "soils.json").read_text())
    for head, name in ((100.0, "psidul_-100"), (330.0, "psidul_-330")):
        for soil in soils[name]:
            derived = soil["derived_top_layer"]
            ll15, dul, sat, ks = (soil[key][0] for key in ("ll15", "dul", "sat", "ks"))
            assert micropore_power(dul, ll15, head) == pytest.approx(
                derived["micro_power"], rel=1e-9
            )
            found = micropore_ks(ll15, dul, sat, ks, soil["kdul"], head)
            assert found == pytest.approx(derived["micro_ks_mm_d"], rel=1e-9)


def test_the_mended_ll15_gives_exactly_the_wanted_micropore_ks() -> None:
    # Rosetta 3 sand (92/5/3), DUL at 100 cm: SWIM3's Km is 4.5e10 mm/d against KS 4867.
    dul, sat, ks, kdul = 0.099772, 0.366722, 4866.78, 1.70253
    assert micropore_ks(0.052133, dul, sat, ks, kdul, 100.0) > 1e10
    ll15 = ll15_for_micropore_ks(dul, sat, ks, kdul, 100.0, 0.9)
    assert 0.0 < ll15 < 0.052133
    assert micropore_ks(ll15, dul, sat, ks, kdul, 100.0) == pytest.approx(0.9 * ks, rel=1e-9)


def test_no_ll15_helps_where_kdul_is_as_large_as_ks() -> None:
    assert ll15_for_micropore_ks(0.2, 0.4, 10.0, 10.0, 100.0, 0.9) == 0.0


def test_the_largest_kdul_gives_exactly_the_wanted_micropore_ks() -> None:
    kdul = kdul_for_micropore_ks(0.1, 0.3, 0.45, 70.0, 100.0, 0.9)
    assert micropore_ks(0.1, 0.3, 0.45, 70.0, kdul, 100.0) == pytest.approx(63.0, rel=1e-12)


def _slopes(ll15: float, dul: float, sat: float, head: float) -> tuple[float, float, float]:
    """Slopes at DUL, at LL15 and of the chord, from swim3.md section 2."""
    x_dul, x_ll15, x_zero = np.log10([head, 15_000.0, 6.0e6])
    wet, chord, dry = (
        (dul - sat) / x_dul,
        (ll15 - dul) / (x_ll15 - x_dul),
        -ll15 / (x_zero - x_ll15),
    )
    at_dul = 0.5 * (wet + chord)
    if at_dul / wet >= 2.0:
        at_dul = 3.0 * wet
    return at_dul, 0.5 * (chord + dry), chord


@pytest.mark.parametrize("seed", range(3))
def test_a_falling_cubic_is_told_from_a_rising_one(seed: int) -> None:
    # Independent check: the Hermite cubic's slope sampled at 2,001 points.
    rng = np.random.default_rng(seed)
    t = np.linspace(0.0, 1.0, 2001)
    verdicts = []
    for _ in range(60):
        ll15, dul, sat = np.sort(rng.uniform(0.01, 0.5, 3))
        start, end, chord = _slopes(ll15, dul, sat, 100.0)
        slope = (
            (6 * t**2 - 6 * t) * -chord + (3 * t**2 - 4 * t + 1) * start + (3 * t**2 - 2 * t) * end
        )
        verdicts.append(bool(slope.max() <= 1e-6))
        assert retention_falls(ll15, dul, sat, 100.0) == verdicts[-1]
    assert len(set(verdicts)) == 2  # both kinds were met


def test_ll15_is_left_alone_where_the_retention_curve_falls() -> None:
    assert ll15_for_falling_retention(0.12, 0.30, 0.40, 100.0) == 0.12


def test_ll15_is_lowered_to_the_edge_of_a_falling_retention_curve() -> None:
    found = ll15_for_falling_retention(0.0511, 0.0698, 0.3635, 100.0)
    assert 0.0 < found < 0.0511
    assert retention_falls(found, 0.0698, 0.3635, 100.0)
    assert not retention_falls(found + 1e-6, 0.0698, 0.3635, 100.0)
