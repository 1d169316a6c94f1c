"""The torch retention functions: equal to the numpy ones, and finite everywhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rootzone.hydraulics.read_rosetta import read_rosetta_table
from rootzone.hydraulics.simplex import parameters_from_texture
from rootzone.hydraulics.van_genuchten import psi_from_theta
from rootzone.hydraulics.van_genuchten import theta_from_psi as theta_from_psi_numpy
from rootzone.networks.retention import (
    Retention,
    effective_saturation,
    ln_suction_from_theta,
    retention_of,
    theta_from_psi,
)

# Carsel and Parrish (1988), doi:10.1029/WR024i005p00755: sand, loam, silt loam, clay.
CARSEL_PARRISH = np.array(
    [
        [0.045, 0.43, 0.145, 2.68],
        [0.078, 0.43, 0.036, 1.56],
        [0.067, 0.45, 0.020, 1.41],
        [0.068, 0.38, 0.008, 1.09],
    ]
)


def soil(rows: np.ndarray, dtype: torch.dtype = torch.float64) -> Retention:
    return Retention(*(torch.tensor(rows[:, k], dtype=dtype)[:, None] for k in range(4)))


def usda_triangle() -> np.ndarray:
    """theta_r, theta_s, alpha, n of Rosetta at every 5 % of the triangle."""
    sand, silt = np.meshgrid(np.arange(0, 101, 5.0), np.arange(0, 101, 5.0))
    inside = sand + silt <= 100.0
    sand, silt = sand[inside], silt[inside]
    table = read_rosetta_table()
    return parameters_from_texture(sand, silt, table.values)[:4].T


def test_water_content_equals_the_numpy_function() -> None:
    psi = -np.logspace(-3, 7, 41)
    p = [CARSEL_PARRISH[:, k][:, None] for k in range(4)]
    expected = theta_from_psi_numpy(psi[None, :], *p)
    found = theta_from_psi(torch.tensor(psi)[None, :], soil(CARSEL_PARRISH))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def test_suction_equals_the_numpy_function_between_the_clamps() -> None:
    share = np.linspace(0.01, 0.99, 99)[None, :]
    p = [CARSEL_PARRISH[:, k][:, None] for k in range(4)]
    theta = p[0] + (p[1] - p[0]) * share
    expected = np.log(-psi_from_theta(theta, *p))
    found = ln_suction_from_theta(torch.tensor(theta), soil(CARSEL_PARRISH), psi_max_cm=1e300)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12, atol=1e-12)


def test_suction_of_loam_by_hand() -> None:
    # Loam at theta 0.254, Se = 0.176 / 0.352 = 1/2, n = 1.56, m = 0.358974: Se^(-1/m) = 2^2.785714
    # = 6.89578; (5.89578)^(1/1.56) = 3.11844; over 0.036 cm-1: 86.623 cm.
    found = ln_suction_from_theta(
        torch.tensor([[0.254]], dtype=torch.float64), soil(CARSEL_PARRISH[1:2])
    )
    assert math.exp(float(found)) == pytest.approx(86.623, abs=0.001)


def test_suction_stops_at_its_largest_value_with_a_gradient_of_nought() -> None:
    theta = torch.tensor([[0.10]], dtype=torch.float64, requires_grad=True)
    # Clay holds 0.2703 at 1500 kPa (Carsel and Parrish's parameters in Eq. 11), so 0.10 is drier.
    found = ln_suction_from_theta(theta, soil(CARSEL_PARRISH[3:]))
    assert float(found.detach()) == pytest.approx(math.log(15_296.0), rel=1e-12)
    found.backward()
    assert float(theta.grad) == 0.0  # type: ignore[arg-type]


def test_both_pass_gradcheck() -> None:
    rows = soil(CARSEL_PARRISH)
    psi = -torch.logspace(0, 4, 7, dtype=torch.float64)[None, :].repeat(4, 1)
    share = torch.linspace(0.05, 0.95, 7, dtype=torch.float64)[None, :]
    theta = rows.theta_r + (rows.theta_s - rows.theta_r) * share
    parameters = tuple(values.clone().requires_grad_(True) for values in rows)
    assert torch.autograd.gradcheck(
        lambda h, *p: theta_from_psi(h, Retention(*p)),
        (psi.requires_grad_(True), *parameters),
    )
    assert torch.autograd.gradcheck(
        lambda t, *p: ln_suction_from_theta(t, Retention(*p), psi_max_cm=1e300),
        (theta.requires_grad_(True), *parameters),
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_no_value_and_no_gradient_overflows_over_the_whole_texture_triangle(
    dtype: torch.dtype,
) -> None:
    rows = soil(usda_triangle(), torch.float32)
    theta = torch.linspace(-0.2, 1.2, 281)[None, :].to(dtype).requires_grad_(True)
    psi = -torch.logspace(-30, 30, 61)[None, :].to(dtype)
    psi = torch.cat([psi, torch.zeros(1, 1, dtype=dtype)], dim=1).requires_grad_(True)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype is torch.bfloat16):
        suction = ln_suction_from_theta(theta, rows)
        water = theta_from_psi(psi, rows)
    assert suction.dtype is torch.float32
    assert water.dtype is torch.float32
    suction.sum().backward()
    water.sum().backward()
    for values in (suction, water, theta.grad, psi.grad):
        assert torch.isfinite(values).all()  # type: ignore[arg-type]
    assert suction.max() <= math.log(15_296.0) + 1e-6
    assert water.shape == (rows.n.shape[0], 62)


def test_saturated_and_missing_inputs() -> None:
    rows = soil(CARSEL_PARRISH[:1])
    psi = torch.tensor([[0.0, 5.0, -math.inf, math.nan]], dtype=torch.float64)
    theta = theta_from_psi(psi, rows)[0]
    assert theta[:2].tolist() == [0.43, 0.43]  # theta_s of sand
    assert float(theta[2]) == 0.045  # theta_r
    assert torch.isnan(theta[3])
    assert torch.isnan(ln_suction_from_theta(torch.tensor([[math.nan]]), rows))


def test_effective_saturation_is_the_share_of_the_pores_in_use() -> None:
    # Sand: (0.2375 - 0.045) / (0.43 - 0.045) = 0.5
    found = effective_saturation(torch.tensor([[0.2375]]), soil(CARSEL_PARRISH[:1]))
    assert float(found) == pytest.approx(0.5, rel=1e-6)


def test_a_batch_of_soils_is_taken_apart_in_its_order() -> None:
    batch = torch.arange(4.0).view(1, 1, 4, 1, 1).expand(2, 3, 4, 5, 6)
    parts = retention_of(batch)
    assert [float(values[0, 0, 0, 0]) for values in parts] == [0.0, 1.0, 2.0, 3.0]
    assert parts.n.shape == (2, 3, 5, 6)
