"""Guarded soil columns: order, bounds, SWIM3's traps, and a note of every change."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootzone.campaign.model import Soil
from rootzone.hydraulics import soils as module
from rootzone.hydraulics.limits import soil_with
from rootzone.hydraulics.outcomes import Refusal, Rule
from rootzone.hydraulics.soil_columns import SoilColumns, uniform_first_rows
from rootzone.hydraulics.soils import soils_from_parameters, soils_from_textures
from rootzone.hydraulics.swim3_traps import micropore_ks, retention_falls
from rootzone.hydraulics.van_genuchten import theta_from_psi

pytestmark = pytest.mark.kernels

LOAM = (0.0887, 0.4040, 0.00667, 1.4187, 123.07)  # Rosetta 3, data/rosetta at 40/40/20
SAND = (np.array([92.0]), np.array([5.0]), np.array([3.0]), uniform_first_rows(1, 1))
TRIANGLE = np.array(
    [(i, j, 100 - i - j) for i in range(0, 101, 5) for j in range(0, 101 - i, 5)], dtype=float
)


def _layer(parameters=LOAM, bd=None, **limits) -> SoilColumns:
    return soils_from_parameters(
        np.array(parameters, dtype=float).reshape(5, 1),
        uniform_first_rows(1, 1),
        bd_g_cm3=None if bd is None else np.array([bd], dtype=float),
        limits=soil_with(**limits),
    )


def _notes(soils: SoilColumns) -> dict[Rule, tuple[float, float]]:
    found = soils.adjustments
    return {
        Rule(rule): (before, after)
        for rule, before, after in zip(found.rule, found.before, found.after, strict=True)
    }


def test_limits_lie_on_the_curve_where_no_guard_acts() -> None:
    soils = _layer()
    heads = {"airdry": -1e6, "ll15": -15_000.0, "dul": -100.0, "sat": 0.0}
    for name, psi_cm in heads.items():
        assert soils[name][0] == pytest.approx(float(theta_from_psi(psi_cm, *LOAM[:4])), abs=1e-14)
    assert len(soils.adjustments) == 0
    assert soils.psidul_cm == -100.0


def test_dul_at_330_cm_is_available() -> None:
    soils = _layer(dul_suction_cm=330.0)
    assert soils["dul"][0] == pytest.approx(float(theta_from_psi(-330.0, *LOAM[:4])), abs=1e-14)
    assert soils.psidul_cm == -330.0


def test_the_start_lies_half_way_from_ll15_to_dul() -> None:
    soils = _layer()
    assert soils["theta_initial"] == pytest.approx(0.5 * (soils["ll15"] + soils["dul"]))


def test_the_start_stays_above_theta_r_where_ll15_was_lowered_for_swim3() -> None:
    # 92/5/3: LL15 is mended to 0.004, below theta_r 0.052; half way up from it would be 0.0517.
    soils = soils_from_textures(*SAND, limits=Soil(on_k_above_ks="lower_ll15"))
    before, after = _notes(soils)[Rule.LL15_MICROPORE_K]
    assert after < soils["theta_r"][0] < before
    assert soils["theta_initial"][0] == pytest.approx(0.5 * (before + soils["dul"][0]))


def test_limits_agree_with_the_reference_soils(shared: Path) -> None:
    # reference/swim3/soils.json, made by other code from rosetta-soil 0.3.2; six decimals kept.
    known = json.loads((shared / "reference" / "swim3" / "soils.json").read_text())
    for head, name in ((100.0, "psidul_-100"), (330.0, "psidul_-330")):
        for soil in known[name]:
            if len(set(soil["texture"])) > 1:
                continue
            texture = known["rosetta3_geo"][soil["texture"][0]]
            found = soils_from_textures(
                *(np.array([texture[key]]) for key in ("sand", "silt", "clay")),
                uniform_first_rows(1, 1),
                limits=Soil(dul_suction_cm=head, on_k_above_ks="note"),
            )
            assert found["dul"][0] == pytest.approx(soil["dul"][0], abs=2e-6)
            assert found["sat"][0] == pytest.approx(soil["sat"][0], abs=2e-6)
            assert found["kdul_mm_d"][0] == pytest.approx(soil["kdul"], rel=1e-5)
            if Rule.LL15_BELOW_DUL not in _notes(found):
                assert found["ll15"][0] == pytest.approx(soil["ll15"][0], abs=2e-6)


@pytest.mark.parametrize("head", [100.0, 330.0])
def test_every_texture_gives_an_ordered_soil_that_swim3_can_take(head: float) -> None:
    soils = soils_from_textures(
        *TRIANGLE.T,
        uniform_first_rows(len(TRIANGLE), 1),
        limits=Soil(dul_suction_cm=head, on_k_above_ks="lower_ll15"),
    )
    assert soils.usable.all()
    airdry, ll15, dul, sat = (soils[name] for name in ("airdry", "ll15", "dul", "sat"))
    assert (airdry >= 0.0).all()
    assert (ll15 - airdry >= 0.001 - 1e-12).all()
    assert (dul - ll15 >= 0.005 - 1e-12).all()
    assert (sat - dul >= 0.005 - 1e-12).all()
    # APSIM's own check, at three decimals.
    assert (np.round(sat, 3) <= np.round(1.0 - soils["bd_g_cm3"] / 2.65, 3)).all()
    for i in range(len(TRIANGLE)):
        ks, kdul = soils["ks_mm_d"][i], soils["kdul_mm_d"][i]
        assert micropore_ks(ll15[i], dul[i], sat[i], ks, kdul, head) <= 0.9 * ks * (1 + 1e-9)
        assert retention_falls(ll15[i], dul[i], sat[i], head)


def test_sand_keeps_its_ll15_with_a_note_of_micropore_k_and_ks() -> None:
    soils = soils_from_textures(*SAND)
    parameters = [soils[name] for name in ("theta_r", "theta_s", "alpha_per_cm", "n")]
    assert soils["ll15"] == pytest.approx(theta_from_psi(-15_000.0, *parameters))
    km, ks = _notes(soils)[Rule.MICROPORE_K_ABOVE_KS]
    # reference/swim3/soils.json, sand, psidul_-100: the real SWIM3's Km, of six-decimal limits.
    assert km == pytest.approx(4.475e10, rel=1e-2)
    assert ks == soils["ks_mm_d"][0]


def test_sand_is_mended_by_a_lower_ll15_or_refused_where_that_is_asked_for() -> None:
    mended = soils_from_textures(*SAND, limits=Soil(on_k_above_ks="lower_ll15"))
    before, after = _notes(mended)[Rule.LL15_MICROPORE_K]
    assert after < before
    assert mended["ll15"][0] == after
    refused = soils_from_textures(*SAND, limits=Soil(on_k_above_ks="refuse"))
    assert refused.refusal.tolist() == [Refusal.K_ABOVE_KS]


def test_every_layer_that_swim3_would_get_wrong_is_noted() -> None:
    soils = soils_from_textures(*TRIANGLE.T, uniform_first_rows(len(TRIANGLE), 1))
    noted = {rule: set() for rule in Rule}
    for row, rule in zip(soils.adjustments.row, soils.adjustments.rule, strict=True):
        noted[Rule(rule)].add(int(row))
    for row in range(len(TRIANGLE)):
        ll15, dul, sat = (soils[name][row] for name in ("ll15", "dul", "sat"))
        ks, kdul = soils["ks_mm_d"][row], soils["kdul_mm_d"][row]
        above = micropore_ks(ll15, dul, sat, ks, kdul, 100.0) > ks
        assert above == (row in noted[Rule.MICROPORE_K_ABOVE_KS])
        assert (row in noted[Rule.RETENTION_RISES]) != retention_falls(ll15, dul, sat, 100.0)
    assert noted[Rule.MICROPORE_K_ABOVE_KS]
    assert noted[Rule.RETENTION_RISES]


def test_a_layer_is_judged_by_the_kdul_of_its_profile() -> None:
    # Silt over clay: the clay alone is sound, under the silt's KDul of 199 mm/d it is not.
    silt, clay = (0.0706, 0.4785, 0.00595, 1.693, 359.0), (0.1296, 0.4860, 0.0122, 1.2409, 17.0)
    assert Rule.MICROPORE_K_ABOVE_KS not in _notes(_layer(clay))
    both = soils_from_parameters(np.array([silt, clay]).T, uniform_first_rows(1, 2))
    assert both["kdul_mm_d"].tolist() == [both["kdul_layer_mm_d"][0]] * 2
    assert both.adjustments.row.tolist() == [1]
    assert both.adjustments.rule.tolist() == [Rule.MICROPORE_K_ABOVE_KS]


@pytest.mark.parametrize(
    ("position", "value", "rule", "after"),
    [
        (0, 0.31, Rule.THETA_R_BOUND, 0.30),
        (1, 0.95, Rule.SAT_BOUND, 0.90),
        (2, 0.90, Rule.ALPHA_BOUND, 0.50),
        (3, 1.01, Rule.N_BOUND, 1.05),
        (4, 9e4, Rule.KS_BOUND, 2e4),
    ],
)
def test_a_parameter_out_of_bounds_is_brought_in_with_a_note(
    position: int, value: float, rule: Rule, after: float
) -> None:
    parameters = list(LOAM)
    parameters[1] = 0.45
    parameters[position] = value
    soils = _layer(parameters)
    assert _notes(soils)[rule] == (value, after)
    assert soils.values[position, 0] == after


@pytest.mark.parametrize(
    ("position", "value", "reason"),
    [
        (0, np.nan, Refusal.PARAMETER_MISSING),
        (4, np.inf, Refusal.PARAMETER_MISSING),
        (0, -0.01, Refusal.PARAMETER_IMPOSSIBLE),
        (1, 43.0, Refusal.PARAMETER_IMPOSSIBLE),  # percent given as a fraction
        (2, 0.0, Refusal.PARAMETER_IMPOSSIBLE),
        (3, 1.0, Refusal.PARAMETER_IMPOSSIBLE),
        (4, 0.0, Refusal.PARAMETER_IMPOSSIBLE),
        (0, 0.5, Refusal.SOIL_ORDER),  # theta_r bounded to 0.3, theta_s 0.35
    ],
)
def test_what_cannot_be_mended_is_refused_by_name(
    position: int, value: float, reason: Refusal
) -> None:
    parameters = list(LOAM)
    parameters[1] = 0.35
    parameters[position] = value
    soils = _layer(parameters)
    assert soils.refusal.tolist() == [reason]
    assert np.isnan(soils.values).all()
    assert len(soils.adjustments) == 0


def test_one_bad_layer_takes_its_site_out_but_no_other() -> None:
    parameters = np.tile(np.array(LOAM)[:, np.newaxis], 4)
    parameters[3, 1] = np.nan
    soils = soils_from_parameters(parameters, uniform_first_rows(2, 2))
    assert soils.refusal.tolist() == [
        Refusal.SITE_INCOMPLETE, Refusal.PARAMETER_MISSING, Refusal.NONE, Refusal.NONE,
    ]  # fmt: skip
    assert np.isfinite(soils.values[:, 2:]).all()


def test_bulk_density_is_estimated_from_sat_when_not_given() -> None:
    # By hand: SAT fills 93 % of the pores, 2.65 (1 - 0.4040/0.93) = 1.49882.
    soils = _layer()
    assert soils["bd_g_cm3"][0] == pytest.approx(1.49882, abs=1e-5)
    assert len(soils.adjustments) == 0


@pytest.mark.parametrize(
    ("bd", "rule"),
    [(np.nan, Rule.BD_ESTIMATED), (1350.0, Rule.BD_BOUND), (0.1, Rule.BD_BOUND)],
)
def test_an_unusable_bulk_density_is_estimated_with_a_note(bd: float, rule: Rule) -> None:
    soils = _layer(bd=bd)
    assert soils["bd_g_cm3"][0] == pytest.approx(1.49882, abs=1e-5)
    assert rule in _notes(soils)


def test_a_given_bulk_density_caps_sat_at_the_pore_space() -> None:
    # By hand: 1 - 1.7225/2.65 = 0.35, below theta_s 0.4040, so the whole curve is lowered.
    soils = _layer(bd=1.7225)
    before, after = _notes(soils)[Rule.SAT_POROSITY]
    assert (before, after) == (0.4040, pytest.approx(0.35, abs=1e-12))
    assert soils["sat"][0] == soils["theta_s"][0] == after
    lowered = (LOAM[0], after, *LOAM[2:4])
    assert soils["dul"][0] == pytest.approx(float(theta_from_psi(-100.0, *lowered)), abs=1e-14)
    assert soils["bd_g_cm3"][0] == 1.7225


def test_a_bulk_density_that_leaves_no_room_gives_way_to_the_estimate() -> None:
    # theta_r 0.15 needs theta_s of 0.25 or more; BD 2.0 leaves 0.245.
    soils = _layer((0.15, *LOAM[1:]), bd=2.0)
    assert Rule.BD_BELOW_THETA_S in _notes(soils)
    assert soils["sat"][0] == LOAM[1]


def test_a_wet_dul_is_lowered_from_sat() -> None:
    # alpha 1e-4: theta(100 cm) is 0.0003 below theta_s.
    soils = _layer((0.08, 0.40, 1e-4, 2.0, 100.0))
    assert _notes(soils)[Rule.DUL_BELOW_SAT][1] == pytest.approx(0.395)
    assert soils["dul"][0] == pytest.approx(0.395)
    assert soils["kdul_mm_d"][0] < 100.0


def test_a_mended_profiles_kdul_is_bounded_by_what_deeper_layers_bear() -> None:
    silt, clay = (0.0706, 0.4785, 0.00595, 1.693, 359.0), (0.1296, 0.4860, 0.0122, 1.2409, 17.0)
    both = soils_from_parameters(
        np.array([silt, clay]).T,
        uniform_first_rows(1, 2),
        limits=Soil(on_k_above_ks="lower_ll15"),
    )
    own = both["kdul_layer_mm_d"]
    assert both["kdul_mm_d"][0] == both["kdul_mm_d"][1]
    assert own[1] < both["kdul_mm_d"][0] < own[0]
    before, after = _notes(both)[Rule.KDUL_PROFILE]
    assert (before, after) == (own[0], both["kdul_mm_d"][0])
    found = micropore_ks(both["ll15"][1], both["dul"][1], both["sat"][1], 17.0, after, 100.0)
    assert found == pytest.approx(0.9 * 17.0)


def test_a_scaled_texture_is_noted_only_beyond_the_note_limit() -> None:
    # Sums 98 and 99.5 %: both are scaled and counted, one is noted.
    soils = soils_from_textures(
        np.array([40.0, 40.0]), np.array([40.0, 40.0]), np.array([18.0, 19.5]),
        uniform_first_rows(2, 1),
    )  # fmt: skip
    assert soils.n_normalised == 2
    assert soils.adjustments.row.tolist() == [0]
    assert _notes(soils) == {Rule.TEXTURE_NORMALISED: (98.0, 100.0)}


def test_a_bad_texture_is_refused_and_the_rest_is_done() -> None:
    soils = soils_from_textures(
        np.array([np.nan, -1.0, 40.0, 40.0]),
        np.array([40.0, 40.0, 40.0, 10.0]),
        np.array([20.0, 61.0, 20.0, 10.0]),
        uniform_first_rows(4, 1),
    )
    assert soils.refusal.tolist() == [
        Refusal.TEXTURE_MISSING, Refusal.TEXTURE_NEGATIVE, Refusal.NONE, Refusal.TEXTURE_NOT_CLOSED,
    ]  # fmt: skip


def test_chunks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    first_row = np.array([0, 3, 4, 9, 20, *range(21, 232)])
    whole = soils_from_textures(*TRIANGLE.T, first_row)
    monkeypatch.setattr(module, "_CHUNK_ROWS", 7)
    pieces = soils_from_textures(*TRIANGLE.T, first_row)
    assert np.array_equal(whole.values, pieces.values)
    assert np.array_equal(whole.adjustments.row, pieces.adjustments.row)
    assert np.array_equal(whole.adjustments.after, pieces.adjustments.after)


def test_no_sites_give_no_soils() -> None:
    soils = soils_from_textures(*np.empty((3, 0)), uniform_first_rows(0, 6))
    assert soils.values.shape == (13, 0)
    assert len(soils.adjustments) == 0


@given(
    st.floats(0.0, 0.4), st.floats(0.05, 1.0), st.floats(-5.0, 1.0), st.floats(1.001, 12.0),
    st.floats(-4.0, 7.0), st.one_of(st.none(), st.floats(0.0, 3.0)),
)  # fmt: skip
def test_any_parameters_end_ordered_or_refused(
    theta_r: float, theta_s: float, log10_alpha: float, n: float, log10_ks: float, bd: float | None
) -> None:
    soils = _layer((theta_r, theta_s, 10.0**log10_alpha, n, 10.0**log10_ks), bd=bd)
    if soils.usable[0]:
        limits = [soils[name][0] for name in ("airdry", "ll15", "dul", "sat")]
        assert limits[0] >= 0.0
        assert min(np.diff(limits)) >= 0.001 - 1e-12
        assert limits[3] <= 1.0 - soils["bd_g_cm3"][0] / 2.65 + 1e-12
        assert soils["theta_r"][0] < soils["theta_initial"][0] <= soils["sat"][0]
        assert 0.0 < soils["kdul_mm_d"][0] <= soils["ks_mm_d"][0]
        assert np.isfinite(soils.values).all()
    else:
        assert np.isnan(soils.values).all()
