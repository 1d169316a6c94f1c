"""What the second polarisation says of a place: nothing where the class table is right."""

from __future__ import annotations

import numpy as np

from rootzone.surface.physics.dielectric import mironov2009_constants
from rootzone.surface.physics.emission import brightness, cosine
from rootzone.surface.samples.polarisation import LEAST_LOOKS, miss_of_looks, over_looks


def columns(h_shift: float, looks: int = 40) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """One place whose roughness is its class's plus a shift, from dry to wet."""
    theta = np.linspace(0.08, 0.35, looks)
    read = {
        "teff_k": np.full(looks, 290.0), "incidence_deg": np.full(looks, 40.0),
        "h0": np.full(looks, 0.156), "omega0": np.full(looks, 0.05), "b0": np.full(looks, 0.13),
        "vwc_kg_m2": np.full(looks, 1.0), "clay_pct": np.full(looks, 20.0),
        "bulk_density_g_cm3": np.full(looks, 1.4),
    }  # fmt: skip
    tb_h, tb_v = brightness(
        theta, mironov2009_constants(read["clay_pct"]), read["teff_k"], read["h0"] + h_shift,
        read["omega0"], read["b0"] * read["vwc_kg_m2"], cosine(read["incidence_deg"]),
    )  # fmt: skip
    return {**read, "tb_h": tb_h, "tb_v": tb_v}, theta


def test_where_the_class_table_is_right_nothing_is_missed() -> None:
    read, theta = columns(0.0)
    found, miss = miss_of_looks(read)
    np.testing.assert_allclose(found, theta, atol=1e-9)
    np.testing.assert_allclose(miss, 0.0, atol=1e-6)


def test_a_rougher_place_is_brighter_than_expected_and_more_so_when_wet() -> None:
    # Roughness hides reflection: SCA-V takes the place for drier, and what it then expects of
    # horizontal brightness is below what is seen; reflection grows with water, so the miss does.
    read, theta = columns(0.25)
    found, miss = miss_of_looks(read)
    assert (found < theta).all()
    mean, slope = over_looks(found, miss)
    smoother_mean, smoother_slope = over_looks(*miss_of_looks(columns(-0.1)[0]))
    assert mean * smoother_mean < 0.0
    assert slope * smoother_slope < 0.0


def test_few_looks_frozen_ground_and_limits_say_nothing() -> None:
    read, _ = columns(0.25)
    read["teff_k"][: 40 - LEAST_LOOKS] = 270.0
    assert np.isfinite(over_looks(*miss_of_looks(read))).all()
    read["teff_k"][40 - LEAST_LOOKS] = 270.0
    assert np.isnan(over_looks(*miss_of_looks(read))).all()
    read["tb_v"][:] = 320.0  # brighter than the ground is warm: the driest there is
    assert np.isnan(miss_of_looks(read)[1]).all()
