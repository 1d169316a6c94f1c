"""Limits: contradictions are refused together, and kernels get the same numbers."""

import pytest

from rootzone._shared.digests import digest_json
from rootzone._shared.errors import RequestError
from rootzone.campaign.model import Soil
from rootzone.hydraulics.limits import Bounds, bounds_of, limits_of, soil_with


def test_kernels_get_every_number_under_its_own_name() -> None:
    soil = soil_with(dul_suction_cm=330.0, sat_max=0.8, on_k_above_ks="refuse")
    bounds = bounds_of(soil)
    assert (bounds.dul_suction_cm, bounds.sat_max, bounds.on_k_above_ks) == (330.0, 0.8, 2.0)
    told = limits_of(soil)
    assert tuple(told) == Bounds._fields
    assert all(getattr(bounds, name) == told[name] for name in Bounds._fields[:-1])


def test_the_record_of_a_soils_table_keeps_its_form() -> None:
    # regression: digest of the default limits at commit d306896, part of every soils table's own.
    assert digest_json(limits_of(Soil())) == "2ddf630bc4658b5e"


def test_all_values_out_of_range_are_shown_together() -> None:
    with pytest.raises(RequestError) as caught:
        soil_with(dul_suction_cm=20_000.0, gap_dul_sat=0.0, n_min=0.9, initial_fraction=1.5)
    message = str(caught.value)
    for part in ("dul_suction_cm", "gap_dul_sat", "n_min", "initial_fraction"):
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
        ("ll15_suction_cm", 50.0),  # wetter than DUL at 100 cm
    ],
)
def test_each_contradiction_is_refused(name: str, value: float | str) -> None:
    with pytest.raises(RequestError, match="Soil limits"):
        soil_with(**{name: value})
