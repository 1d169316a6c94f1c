"""The composite loss, term by term, with sums done by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from rootzone.campaign.learning_section import Learning
from rootzone.networks.families.unet import ModelConfig
from rootzone.networks.losses import (
    CompositeLoss,
    LossState,
    LossTerms,
    bound_penalty,
    vertical_jump,
)
from rootzone.networks.models import Prediction
from rootzone.networks.retention import retention_of

# theta_r, theta_s, alpha, n of loam: Carsel and Parrish (1988), doi:10.1029/WR024i005p00755
LOAM = (0.078, 0.43, 0.036, 1.56)


@dataclass
class Batch:
    """Labels of one row of pixels in one depth."""

    y: Tensor
    mask: Tensor
    soil: Tensor
    weight: Tensor | None = None
    y_psi: Tensor | None = None


def row(*values: float, grad: bool = False) -> Tensor:
    return torch.tensor(values).view(1, 1, 1, -1).requires_grad_(grad)


def loam(n_pixel: int, depth: int = 1) -> Tensor:
    return torch.tensor(LOAM).view(1, 1, 4, 1, 1).repeat(1, depth, 1, 1, n_pixel)


def batch(y: Tensor, mask: Tensor, weight: Tensor | None = None) -> Batch:
    return Batch(y, mask.bool(), loam(y.shape[-1]), weight)


def score(theta: Tensor, targets: Batch, progress: float = 0.5, **settings: object) -> LossTerms:
    return CompositeLoss(Learning(**settings))(Prediction(theta, None), targets, progress)  # type: ignore[arg-type]


def test_mse_counts_labelled_pixels_only() -> None:
    # Eq. 15 by hand: errors 0.02 and 0.04 at two labels, (0.0004 + 0.0016) / 2 = 0.001.
    terms = score(row(0.22, 0.9, 0.34), batch(row(0.20, math.nan, 0.30), row(1, 0, 1)))
    assert float(terms.mse) == pytest.approx(0.001, rel=1e-5)
    assert int(terms.n_label) == 2


def test_a_label_of_weight_three_counts_three_times() -> None:
    # (3 * 0.0004 + 1 * 0.0016) / 4 = 0.0007
    targets = batch(row(0.20, 0.30), row(1, 1), row(3.0, 1.0))
    assert float(score(row(0.22, 0.34), targets).mse) == pytest.approx(0.0007, rel=1e-5)


@pytest.mark.parametrize("physics", ["full", "bound", "none"])
def test_a_batch_without_labels_scores_nought_with_finite_gradients(physics: str) -> None:
    theta = row(0.2, 0.3, grad=True)
    terms = score(theta, batch(row(math.nan, math.nan), row(0, 0)), physics=physics)
    assert float(terms.total.detach()) == 0.0
    terms.total.backward()
    assert theta.grad is not None
    assert theta.grad.tolist() == [[[[0.0, 0.0]]]]


def test_a_pixel_without_a_prediction_counts_in_no_term() -> None:
    # As a correction of physics gives it where physics has no value; by hand: 0.05 below at one of
    # two predicted pixels, 0.05 / 2 = 0.025, and no label at the third.
    theta = row(0.028, 0.2, math.nan, grad=True)
    terms = score(theta, batch(row(0.028, 0.2, math.nan), row(1, 1, 0)))
    assert float(terms.bound.detach()) == pytest.approx(0.025, rel=1e-4)
    terms.total.backward()
    assert theta.grad is not None
    # What reaches the pixel itself is cut off by the network, which put the NaN there last.
    assert bool(torch.isfinite(theta.grad[..., :2]).all())


def test_the_bound_penalty_is_the_mean_distance_outside_over_all_pixels() -> None:
    # Eq. 16 by hand, loam: 0.078 - 0.028 = 0.05 below, 0.53 - 0.43 = 0.10 above, two inside:
    # 0.15 / 4 = 0.0375, labels or not.
    terms = score(row(0.028, 0.2, 0.53, 0.4), batch(row(0, 0, 0, 0), row(0, 0, 0, 0)))
    assert float(terms.bound) == pytest.approx(0.0375, rel=1e-5)


def test_pixels_without_a_soil_are_left_out_of_the_bound_penalty() -> None:
    soil = loam(2)
    soil[..., 1] = torch.nan
    theta = row(0.028, 5.0, grad=True)
    penalty = bound_penalty(theta, retention_of(soil))
    assert float(penalty.detach()) == pytest.approx(0.05, rel=1e-5)  # one pixel, 0.05 below
    penalty.backward()
    assert theta.grad is not None
    assert torch.isfinite(theta.grad).all()


def test_the_bounded_output_has_no_bound_penalty_at_all() -> None:
    torch.manual_seed(0)
    model = ModelConfig.reading("unet_a", 2, widths=(4, 4, 4), output="bounds").build()
    model.head.weight.data.mul_(1e3)
    soil = torch.tensor(LOAM).view(1, 1, 4, 1, 1).repeat(2, 1, 1, 16, 16)
    soil[:, :, 1] -= 0.1 * torch.rand_like(soil[:, :, 1])
    theta = model(torch.randn(2, 2, 16, 16), soil).theta
    assert float(bound_penalty(theta, retention_of(soil)).detach()) == 0.0


@pytest.mark.parametrize(
    ("space", "expected"),
    # Loam, Eq. 18 by hand: Se = 1/2 at 0.254 gives 86.623 cm, Se = 1/4 at 0.166 gives 325.752 cm.
    # Eq. 17: (325.752 - 86.623) / 15296 = 0.0156334; log: log10(325.752 / 86.623) / log10(15296)
    # = 0.575250 / 4.184578 = 0.137470.
    [("linear", 0.0156334), ("log", 0.137470)],
)
def test_the_matric_potential_term_of_loam_by_hand(space: str, expected: float) -> None:
    terms = score(row(0.166, 0.9), batch(row(0.254, 0.1), row(1, 0)), psi_space=space)
    assert float(terms.psi) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("label", [0.0, 0.05, 0.43, 0.996])
def test_labels_outside_theta_r_and_theta_s_are_left_out_of_the_matric_potential(
    label: float,
) -> None:
    theta = row(0.2, 0.166, grad=True)
    both = score(theta, batch(row(label, 0.254), row(1, 1)))
    alone = score(row(0.2, 0.166), batch(row(0.0, 0.254), row(0, 1)))
    assert float(both.psi.detach()) == pytest.approx(float(alone.psi), rel=1e-5)
    assert int(both.n_label) == 2  # and still count in the squared error
    both.psi.backward()
    assert theta.grad is not None
    assert float(theta.grad[..., 0]) == 0.0


def test_the_total_is_the_convex_sum_of_equation_14() -> None:
    # a = 0.8 (1 - 0.25) = 0.6; 0.6 MSE + 0.4 (2 bound + psi)
    targets = batch(row(0.254, 0.2), row(1, 0))
    terms = score(row(0.166, 0.53), targets, 0.25, alpha_start=0.8, lambda_bound=2.0)
    assert terms.data_weight == pytest.approx(0.6)
    by_hand = 0.6 * terms.mse + 0.4 * (2.0 * terms.bound + terms.psi)
    assert float(terms.total) == pytest.approx(float(by_hand), rel=1e-6)
    # MSE 0.088^2, bound 0.10 / 2, psi as above: 0.6 * 0.007744 + 0.4 * (0.1 + 0.0156334)
    assert float(terms.total) == pytest.approx(0.0508998, rel=1e-4)


def test_without_physics_the_total_is_the_squared_error_at_any_time() -> None:
    terms = score(row(0.166, 0.53), batch(row(0.254, 0.2), row(1, 0)), 1.0, physics="none")
    assert float(terms.total) == pytest.approx(0.088**2, rel=1e-5)
    assert terms.data_weight == 1.0


def test_bound_alone_has_no_matric_potential() -> None:
    terms = score(row(0.166, 0.53), batch(row(0.254, 0.2), row(1, 0)), 1.0, physics="bound")
    assert float(terms.psi) == 0.0
    assert float(terms.total) == pytest.approx(0.05, rel=1e-5)


def test_a_balanced_lambda_is_fixed_at_half_time_to_the_ratio_of_the_means() -> None:
    loss, state = CompositeLoss(Learning(lambda_bound="balanced")), LossState()
    targets = batch(row(0.254, 0.2), row(1, 0))
    dry, wet = Prediction(row(0.166, 0.53), None), Prediction(row(0.166, 0.83), None)
    assert loss(dry, targets, 0.2, state).lambda_bound == 1.0
    # bound 0.05 and psi 0.0156334 noted once: their ratio 0.312669; it no longer moves after T/2
    assert loss(dry, targets, 0.5, state).lambda_bound == pytest.approx(0.312669, rel=1e-3)
    assert loss(wet, targets, 0.9, state).lambda_bound == pytest.approx(0.312669, rel=1e-3)


def test_the_running_means_of_a_balanced_lambda_forget_and_survive_a_checkpoint() -> None:
    state = LossState()
    state.note(bound=0.1, psi=0.2)
    state.note(bound=0.2, psi=0.2)  # 0.98 * 0.1 + 0.02 * 0.2 = 0.102
    other = LossState()
    other.load_state_dict(state.state_dict())
    assert other.bound == pytest.approx(0.102)
    assert other.balanced() == pytest.approx(0.2 / 0.102)


@pytest.mark.parametrize(("bound", "expected"), [(0.0, 100.0), (1e-9, 100.0), (50.0, 0.1)])
def test_a_balanced_lambda_stays_between_a_tenth_and_a_hundred(
    bound: float, expected: float
) -> None:
    state = LossState()
    state.note(bound=bound, psi=0.5)
    assert state.balanced() == expected


def test_a_halo_counts_in_no_term() -> None:
    theta = torch.full((1, 1, 5, 5), 9.0)
    theta[..., 2:3, 1:4] = row(0.166, 0.2, 0.3)
    soil = torch.full((1, 1, 4, 5, 5), torch.nan)
    soil[..., 2:3, 1:4] = loam(3)
    targets = Batch(row(0.254, 0.2, 0.3), row(1, 1, 1).bool(), soil)
    terms = score(theta, targets)
    assert float(terms.mse) == pytest.approx(0.088**2 / 3, rel=1e-4)
    assert float(terms.bound) == 0.0


def test_a_jump_of_wetness_between_depths_is_what_coherence_punishes() -> None:
    # Loam at Se 0.5 over Se 0.25: jump 0.25, squared 0.0625; two depths, one pair.
    theta = torch.tensor([0.254, 0.166]).view(1, 2, 1, 1)
    soil = loam(1, depth=2)
    assert float(vertical_jump(theta, retention_of(soil))) == pytest.approx(0.0625, rel=1e-4)
    targets = Batch(torch.zeros(1, 2, 1, 1), torch.zeros(1, 2, 1, 1).bool(), soil)
    terms = score(theta, targets, coherence_weight=0.1, physics="none")
    assert float(terms.total) == pytest.approx(0.00625, rel=1e-4)


def test_one_depth_has_no_coherence() -> None:
    terms = score(row(0.2), batch(row(0.2), row(1)), coherence_weight=1.0)
    assert float(terms.coherence) == 0.0


def test_coherence_leaves_out_pixels_whose_soil_is_missing_in_one_depth() -> None:
    soil = loam(2, depth=2)
    soil[0, 1, :, 0, 1] = torch.nan
    theta = torch.tensor([[0.254, 0.3], [0.166, 0.1]]).view(1, 2, 1, 2).requires_grad_(True)
    jump = vertical_jump(theta, retention_of(soil))
    assert float(jump.detach()) == pytest.approx(0.0625, rel=1e-4)
    jump.backward()
    assert theta.grad is not None
    assert torch.isfinite(theta.grad).all()


def test_the_spread_settles_at_the_error_and_leaves_the_mean_alone() -> None:
    theta, targets = row(0.23, grad=True), batch(row(0.20), row(1))
    for spread, sign in ((0.01, -1.0), (0.03, 0.0), (0.09, 1.0)):
        tensor = row(spread, grad=True)
        terms = CompositeLoss(Learning(physics="none"))(Prediction(theta, tensor), targets, 0.0)
        terms.spread.backward()
        # gradient in s: (s^2 - e^2) / s with e = 0.03: below, at and above the error
        assert float(tensor.grad) == pytest.approx((spread**2 - 0.0009) / spread, abs=1e-6)  # type: ignore[arg-type]
        assert math.copysign(1.0, float(tensor.grad) or 1.0) == sign or sign == 0.0  # type: ignore[arg-type]
    assert theta.grad is None


def test_no_gradient_is_lost_to_a_missing_soil_or_label() -> None:
    torch.manual_seed(0)
    model = ModelConfig.reading("unet_a", 2, widths=(4, 4, 4), output="bounds", n_depths=2).build()
    soil = torch.tensor(LOAM).view(1, 1, 4, 1, 1).repeat(2, 2, 1, 16, 16)
    soil[0, :, :, 3, 3] = torch.nan
    soil[1, 0, 3, 5, 5] = torch.nan
    y = torch.full((2, 2, 16, 16), torch.nan)
    y[:, :, 3, 3] = 0.2
    y[:, :, 5, 5] = 0.2
    mask = torch.isfinite(y)
    mask[0, :, 3, 3] = False  # no soil: the bounded output has no prediction there
    terms = CompositeLoss(Learning(coherence_weight=1.0))(
        model(torch.randn(2, 2, 16, 16), soil), Batch(y, mask, soil), 0.5
    )
    terms.total.backward()
    assert torch.isfinite(terms.total)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_the_parts_can_be_logged_as_numbers() -> None:
    figures = score(row(0.22, grad=True), batch(row(0.20), row(1))).figures()
    assert figures["mse"] == pytest.approx(0.0004, rel=1e-4)
    assert figures["n_label"] == 1.0


def test_mse_over_all_pixels_divides_by_their_number() -> None:
    # Eq. 2 of the surface half: (10 x 0.02^2 + 1 x 0.04^2) / 4 pixels; over labels: / 11.
    targets = batch(row(0.20, math.nan, 0.30, 0.1), row(1, 0, 1, 0), row(10.0, 10.0, 1.0, 1.0))
    theta = row(0.22, 0.9, 0.34, 0.9)
    whole = score(theta, targets, physics="none", mse_over="all")
    assert float(whole.mse) == pytest.approx((10 * 0.0004 + 0.0016) / 4, rel=1e-5)
    labels = score(theta, targets, physics="none")
    assert float(labels.mse) == pytest.approx((10 * 0.0004 + 0.0016) / 11, rel=1e-5)


def test_the_second_labels_win_in_psi_where_they_are_known_and_count_nowhere_else() -> None:
    model = row(0.20, 0.25, 0.30)
    station = row(math.nan, 0.15, math.nan)
    theta = row(0.21, 0.22, 0.29)
    both = batch(model, row(1, 1, 1))
    both.y_psi = station
    mixed = batch(row(0.20, 0.15, 0.30), row(1, 1, 1))
    # By hand: the same as labels in which the station stands in place of the model.
    assert float(score(theta, both).psi) == pytest.approx(float(score(theta, mixed).psi))
    plain = batch(model, row(1, 1, 1))
    assert float(score(theta, both).mse) == float(score(theta, plain).mse)
    # A station is a target where the model has a gap, too.
    gap = batch(model, row(1, 0, 1))
    gap.y_psi = station
    assert float(score(theta, gap).psi) == pytest.approx(float(score(theta, mixed).psi))


def test_without_a_bound_weight_a_value_outside_costs_nothing() -> None:
    # Eq. 3 of the surface half has no bound term: 0.5 lies above theta_s 0.43.
    terms = score(row(0.5), batch(row(0.3), row(1)), progress=1.0, lambda_bound=0.0)
    assert float(terms.bound) == pytest.approx(0.07, rel=1e-5)
    assert float(terms.total) == pytest.approx(float(terms.psi))
