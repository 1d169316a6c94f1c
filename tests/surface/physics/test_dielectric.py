from __future__ import annotations

import numpy as np
import pytest

from rootzone.surface.physics.dielectric import (
    mironov2009_constants,
    mironov2013_constants,
    permittivity,
)
from tests.surface.physics.tables import columns


def test_mironov_2009_gives_the_table_at_five_frequencies() -> None:
    # tests/surface/data/mironov2009.csv, equal to four public codes
    f_ghz, clay, theta, re, im = columns(
        "mironov2009", "f_ghz", "clay_pct", "theta", "eps_re", "eps_im"
    )
    for f in np.unique(f_ghz):
        at = f_ghz == f
        told = permittivity(theta[at], mironov2009_constants(clay[at], f * 1e9))
        np.testing.assert_allclose(told, [re[at], im[at]], rtol=1e-12)


def test_mironov_2013_gives_the_table_at_all_temperatures() -> None:
    clay, t, theta, re, im = columns(
        "mironov2013_1p4ghz", "clay_pct", "t_degc", "theta", "eps_re", "eps_im"
    )
    told = permittivity(theta, mironov2013_constants(clay, t))
    np.testing.assert_allclose(told, [re, im], rtol=1e-12)


def test_the_two_forms_agree_at_twenty_degrees() -> None:
    # Two laboratories' fits of one soil physics: half a percent in the real part.
    theta = np.linspace(0.05, 0.4, 8)
    old, _ = permittivity(theta, mironov2009_constants(20.0, 1.4e9))
    new, _ = permittivity(theta, mironov2013_constants(20.0, 20.0))
    np.testing.assert_allclose(new, old, rtol=5e-3)


def test_the_curve_is_continuous_where_bound_water_ends_and_its_slope_is_not() -> None:
    soil = mironov2009_constants(20.0)
    bend = soil.bound_limit  # .02863 + .30673e-2 * 20 = .089976
    assert bend == pytest.approx(0.089976)
    eps = [permittivity(bend + step, soil)[0] for step in (-2e-6, -1e-6, 0.0, 1e-6, 2e-6)]
    below, above = (eps[1] - eps[0]) / 1e-6, (eps[4] - eps[3]) / 1e-6
    assert eps[2] - eps[1] == pytest.approx(1e-6 * below, rel=1e-3)
    assert above > 1.1 * below
