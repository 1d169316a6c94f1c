"""POLARIS units."""

import numpy as np
import pytest

from rootzone.hydraulics.polaris import parameters_from_polaris


def test_logarithms_and_units_become_ours() -> None:
    # By hand: 1 cm of water is 0.0980665 kPa, so 10^-0.5 kPa-1 is 0.031011 cm-1;
    # 10^0.2 cm h-1 is 1.584893 x 24 x 10 = 380.374 mm d-1.
    found = parameters_from_polaris(*(np.array([v]) for v in (0.05, 0.42, -0.5, 1.4, 0.2)))
    assert found[:, 0] == pytest.approx([0.05, 0.42, 0.0310113, 1.4, 380.374], rel=1e-5)


def test_no_data_becomes_missing() -> None:
    found = parameters_from_polaris(*(np.array([v]) for v in (0.05, 0.42, -9999.0, 1.4, -9999.0)))
    assert np.isnan(found[[2, 4], 0]).all()
    assert np.isfinite(found[[0, 1, 3], 0]).all()
