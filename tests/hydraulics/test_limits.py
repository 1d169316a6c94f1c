"""Limits: contradictions are refused together, and kernels get the same numbers."""

import pytest

from rootzone._shared.errors import RequestError
from rootzone.hydraulics.limits import Bounds, SoilLimits


def test_psidul_belongs_to_the_head_of_dul() -> None:
    assert SoilLimits().psidul_cm == -100.0
    assert SoilLimits(dul_suction_cm=330.0).psidul_cm == -330.0


def test_kernels_get_every_number_under_its_own_name() -> None:
    limits = SoilLimits(dul_suction_cm=330.0, on_k_above_ks="refuse")
    bounds = limits.bounds()
    for name in Bounds._fields[:-1]:
        assert getattr(bounds, name) == getattr(limits, name)
    assert bounds.on_k_above_ks == 2.0


def test_all_contradictions_are_shown_together() -> None:
    with pytest.raises(RequestError) as caught:
        SoilLimits(dul_suction_cm=20_000.0, gap_dul_sat=0.0, n_min=0.9, initial_fraction=1.5)
    message = str(caught.value)
    for part in ("suctions", "gap", "n_min", "initial_fraction"):
        assert part in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sat_min", 0.01),
        ("sat_max", 1.2),
        ("theta_span_min", 0.0),
        ("theta_r_max", -0.1),
        ("alpha_min_per_cm", 0.0),
        ("ks_max_mm_d", float("nan")),
        ("kdul_min_mm_d", 0.0),
        ("bd_max_g_cm3", 2.7),
        ("micropore_share_max", 1.0),
        ("on_k_above_ks", "hope"),
    ],
)
def test_each_contradiction_is_refused(name: str, value: float | str) -> None:
    with pytest.raises(RequestError, match="Soil limits"):
        SoilLimits(**{name: value})
