from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from rootzone.surface.physics.dielectric import mironov2009_constants
from rootzone.surface.physics.retrieve import Scene, retrieve_scav
from rootzone.surface.physics.retrieve_torch import Emission, one_brightness, retrieve, stacked


def emission(n: int, seed: int = 4, moving: bool = False) -> Emission:
    rng = np.random.default_rng(seed)

    def drawn(low: float, high: float) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, n)).requires_grad_(moving)

    leaves = [drawn(280, 305), drawn(0.05, 0.5), drawn(0.02, 0.1), drawn(0.05, 0.5), drawn(0, 0.1)]
    soil = stacked(mironov2009_constants(rng.uniform(5, 50, n)))
    fixed = torch.full((n,), 0.766, dtype=torch.float64)
    return Emission(*leaves, fixed, torch.full_like(fixed, 0.6), soil)


def test_the_layer_gives_what_the_retrieval_gives_to_the_bit() -> None:
    rng = np.random.default_rng(0)
    clay, t = rng.uniform(5, 50, 300), rng.uniform(280, 305, 300)
    tb = rng.uniform(200, 280, 300)
    scene = Scene(t, clay, 0.156, 0.05, 0.13, 40.0, 0.5)
    ones = torch.ones(300, dtype=torch.float64)
    cos_i = ones * float(np.cos(np.deg2rad(40.0)))
    seen = Emission(
        torch.from_numpy(t), 0.156 * ones, 0.05 * ones, 0.13 * ones, 0.0 * ones, cos_i,
        0.5 * ones, stacked(mironov2009_constants(clay)),
    )  # fmt: skip
    theta, at_bound = retrieve(torch.from_numpy(tb), seen)
    told = retrieve_scav(tb, scene)
    assert np.array_equal(theta.numpy(), told.theta)
    assert np.array_equal(at_bound.numpy(), told.at_bound)


def test_gradients_are_those_of_finite_differences() -> None:
    seen = emission(6, moving=True)
    truth = torch.linspace(0.12, 0.35, 6, dtype=torch.float64)
    tb = one_brightness(truth, seen, True).detach().requires_grad_()

    def told(tb_k: Tensor, *leaves: Tensor) -> Tensor:
        return retrieve(tb_k, Emission(*leaves, *seen[5:]))[0]

    assert torch.autograd.gradcheck(told, (tb, *seen[:5]), eps=1e-5, atol=1e-6)


def test_a_value_at_a_limit_or_missing_passes_no_gradient() -> None:
    seen = emission(3, moving=True)
    tb = torch.tensor([50.0, float("nan"), 240.0], dtype=torch.float64)
    theta, at_bound = retrieve(tb, seen)
    theta[torch.isfinite(theta)].sum().backward()
    assert at_bound.tolist() == [True, True, False]
    assert seen.h.grad is not None
    assert seen.h.grad[:2].tolist() == [0.0, 0.0]
    assert float(seen.h.grad[2]) > 0.0  # rougher soil emits more, so the same brightness is wetter


def test_two_polarisations_tell_two_of_three_unknowns() -> None:
    # Roughness and opacity trade off: with both channels the Jacobian of (theta, h, tau) has rank
    # 2, so the third needs a prior.
    seen = emission(1, moving=True)
    theta = torch.tensor([0.2], dtype=torch.float64, requires_grad=True)
    rows = []
    for vertical in (True, False):
        tb = one_brightness(theta, seen, vertical)
        rows.append(torch.cat(torch.autograd.grad(tb.sum(), [theta, seen.h, seen.tau])))
    assert int(torch.linalg.matrix_rank(torch.stack(rows), rtol=1e-6)) == 2
