"""Texture closure: what is scaled, and which fault is named."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootzone.hydraulics.outcomes import REFUSAL_TEXT, RULE_QUANTITY, RULE_TEXT, Refusal, Rule
from rootzone.hydraulics.texture import close_textures

pytestmark = pytest.mark.kernels


def _one(sand: float, silt: float, clay: float, tolerance_pct: float = 10.0):
    texture = close_textures(
        np.array([sand]), np.array([silt]), np.array([clay]), tolerance_pct=tolerance_pct
    )
    return texture.sand_pct[0], texture.silt_pct[0], texture.clay_pct[0], texture.refusal[0]


def test_fractions_are_scaled_to_100() -> None:
    # Eq. 6 by hand: T = 48 + 36 + 12 = 96, so 50, 37.5 and the rest.
    assert _one(48.0, 36.0, 12.0) == (50.0, 37.5, 12.5, Refusal.NONE)


@pytest.mark.parametrize(
    ("fractions", "reason"),
    [
        ((np.nan, 40.0, 20.0), Refusal.TEXTURE_MISSING),
        ((np.inf, 40.0, 20.0), Refusal.TEXTURE_MISSING),
        ((-9999.0, 40.0, 20.0), Refusal.TEXTURE_NEGATIVE),
        ((101.0, -1.0, 0.0), Refusal.TEXTURE_NEGATIVE),  # negative is looked for before above 100
        ((100.5, 0.0, 0.0), Refusal.TEXTURE_ABOVE_100),
        ((0.0, 0.0, 0.0), Refusal.TEXTURE_ALL_ZERO),
        ((0.4, 0.4, 0.2), Refusal.TEXTURE_NOT_CLOSED),  # fractions of one
        ((40.0, 30.0, 19.0), Refusal.TEXTURE_NOT_CLOSED),  # 89 %, tolerance 10
    ],
)
def test_each_fault_has_its_name(fractions: tuple[float, float, float], reason: Refusal) -> None:
    sand, silt, clay, refusal = _one(*fractions)
    assert refusal == reason
    assert np.isnan([sand, silt, clay]).all()


def test_the_closure_tolerance_counts_as_closed() -> None:
    assert _one(40.0, 30.0, 20.0)[3] == Refusal.NONE
    assert _one(40.0, 30.0, 20.0, tolerance_pct=9.0)[3] == Refusal.TEXTURE_NOT_CLOSED


def test_a_faulty_row_does_not_stop_the_others() -> None:
    texture = close_textures(
        np.array([np.nan, 40.0]), np.array([40.0, 40.0]), np.array([20.0, 20.0])
    )
    assert texture.refusal.tolist() == [Refusal.TEXTURE_MISSING, Refusal.NONE]
    assert texture.sand_pct[1] == 40.0


def test_no_rows_give_no_rows() -> None:
    assert close_textures(np.empty(0), np.empty(0), np.empty(0)).refusal.size == 0


fraction = st.floats(0.0, 100.0)


@given(fraction, fraction, fraction)
def test_whatever_is_closed_adds_up_and_stays_inside_0_to_100(
    sand: float, silt: float, clay: float
) -> None:
    *parts, refusal = _one(sand, silt, clay)
    if refusal == Refusal.NONE:
        assert min(parts) >= 0.0
        assert max(parts) <= 100.0
        assert sum(parts) == pytest.approx(100.0, abs=1e-12)


def test_every_refusal_and_rule_is_explained() -> None:
    assert set(REFUSAL_TEXT) == set(Refusal)
    assert set(RULE_TEXT) == set(Rule)
    assert set(RULE_QUANTITY) == set(Rule)
