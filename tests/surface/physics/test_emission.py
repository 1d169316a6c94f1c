from __future__ import annotations

import numpy as np
import torch

from rootzone.surface.physics.dielectric import mironov2009_constants
from rootzone.surface.physics.emission import brightness, cosine, fresnel
from tests.surface.physics.tables import columns

FORWARD = ("theta", "clay_pct", "t_k", "angle_deg", "h", "n", "q", "omega", "tau_nadir")


def test_fresnel_gives_the_table() -> None:
    # SMRT 1.7 equal to 1e-15 for the same permittivity
    re, im, angle, r_h, r_v = columns(
        "fresnel_1p41ghz", "eps_re", "eps_im", "angle_deg", "r_h", "r_v"
    )
    np.testing.assert_allclose(fresnel(re, im, cosine(angle)), [r_h, r_v], rtol=1e-12)


def test_brightness_gives_the_table_for_five_roughness_settings() -> None:
    theta, clay, t, angle, h, n, q, omega, tau, tb_h, tb_v = columns(
        "tau_omega_tb", *FORWARD, "tb_h", "tb_v"
    )
    told = brightness(theta, mironov2009_constants(clay), t, h, omega, tau, cosine(angle), q, n)
    np.testing.assert_allclose(told, [tb_h, tb_v], rtol=1e-12)


def test_tensors_give_what_arrays_give() -> None:
    theta, clay, t, angle, h, n, q, omega, tau = columns("tau_omega_tb", *FORWARD)

    def told(kind: object) -> list[object]:
        x = [kind(v) for v in (theta, clay, t, angle, h, n, q, omega, tau)]  # type: ignore[operator]
        soil = mironov2009_constants(x[1])
        return list(brightness(x[0], soil, x[2], x[4], x[7], x[8], cosine(x[3]), x[6], x[5]))

    arrays, tensors = told(np.asarray), told(torch.from_numpy)
    for array, tensor in zip(arrays, tensors, strict=True):
        np.testing.assert_allclose(tensor.numpy(), array, rtol=1e-12)  # type: ignore[attr-defined]


def test_wetter_soil_is_never_brighter_over_the_whole_triangle() -> None:
    theta = np.linspace(0.02, 0.6, 117)[:, None, None]
    clay = np.linspace(0.0, 76.0, 20)[:, None]
    tau = np.linspace(0.0, 1.2, 13)
    _, tb_v = brightness(
        theta, mironov2009_constants(clay), 290.0, 0.15, 0.05, tau, np.float64(cosine(40.0))
    )
    assert np.all(np.diff(tb_v, axis=0) < 0.0)


def test_float32_stays_within_a_thousandth_kelvin() -> None:
    soil64 = mironov2009_constants(torch.tensor(20.0, dtype=torch.float64))
    soil32 = mironov2009_constants(torch.tensor(20.0))
    theta = torch.linspace(0.05, 0.5, 46, dtype=torch.float64)
    _, fine = brightness(theta, soil64, 290.0, 0.1, 0.05, 0.2, 0.766)
    _, coarse = brightness(theta.float(), soil32, 290.0, 0.1, 0.05, 0.2, 0.766)
    assert float((fine - coarse).abs().max()) < 1e-3
