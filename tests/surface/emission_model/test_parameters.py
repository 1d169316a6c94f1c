from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rootzone._shared.errors import RequestError, StoppedEarly
from rootzone.networks.run_training import RunOptions
from rootzone.surface.emission_model.channels import COVARIATES, PHYSICAL, channels_of, ln_held
from rootzone.surface.emission_model.config import RetrievalConfig
from rootzone.surface.emission_model.predict import retrieve_pixels, usable
from rootzone.surface.emission_model.train import PointSamples, new_network, train_retrieval
from rootzone.surface.physics.dielectric import mironov2009_constants
from rootzone.surface.physics.emission import brightness, cosine
from rootzone.surface.physics.retrieve import Scene, porosity_from_bulk_density, retrieve_scav

N = 240


def made_up(seed: int = 0, h_shift: float = 0.25) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Land rougher than its class by ``h_shift``, and its water content."""
    rng = np.random.default_rng(seed)
    x = {
        "teff_k": rng.uniform(280, 300, N), "incidence_deg": np.full(N, 40.0),
        "vwc_kg_m2": rng.uniform(0.2, 2.0, N), "h0": rng.choice([0.108, 0.156, 0.0], N),
        "omega0": rng.choice([0.05, 0.0], N), "b0": np.full(N, 0.11),
        "clay_pct": rng.uniform(8, 40, N), "bulk_density_g_cm3": rng.uniform(1.2, 1.6, N),
        "ndvi": rng.uniform(0.2, 0.7, N), "sand_pct": np.full(N, 40.0),
    }  # fmt: skip
    theta = rng.uniform(0.08, 0.35, N)
    tb_h, tb_v = brightness(
        theta, mironov2009_constants(x["clay_pct"]), x["teff_k"], x["h0"] + h_shift, x["omega0"],
        0.11 * x["vwc_kg_m2"], cosine(x["incidence_deg"]),
    )  # fmt: skip
    return {**x, "tb_h": tb_h, "tb_v": tb_v}, theta


def samples(seed: int = 0) -> PointSamples:
    columns, theta = made_up(seed)
    return PointSamples(channels_of(columns), theta, np.arange(N), np.arange(N) % 8)


def test_an_untrained_network_is_scav_to_the_bit() -> None:
    columns, _ = made_up()
    told = retrieve_pixels(new_network(RetrievalConfig(with_q=True), 1), channels_of(columns))
    scene = Scene(
        columns["teff_k"], columns["clay_pct"], columns["h0"], columns["omega0"],
        columns["b0"] * columns["vwc_kg_m2"], columns["incidence_deg"],
        porosity_from_bulk_density(columns["bulk_density_g_cm3"]),
    )  # fmt: skip
    scav = retrieve_scav(columns["tb_v"], scene)
    assert np.array_equal(told.theta, scav.theta)
    assert np.array_equal(told.at_bound, scav.at_bound)
    assert np.array_equal(told.h, columns["h0"])
    assert np.array_equal(told.omega, columns["omega0"])
    assert not told.teff_shift_k.any()


def test_a_pixel_like_its_footprint_has_its_water_and_another_soil_its_own_share() -> None:
    columns, _ = made_up()
    network = new_network(RetrievalConfig(), 1)
    with torch.no_grad():
        network.share.fill_(0.06)  # k = 0.6
    alike = retrieve_pixels(network, channels_of(columns))
    assert np.array_equal(alike.theta, alike.theta_seen)
    sandy = {**columns, "pixel_clay_pct": columns["clay_pct"] - 5.0}
    told = retrieve_pixels(network, channels_of(sandy))
    assert np.array_equal(told.theta_seen, alike.theta_seen)  # what was seen stays what it was
    assert np.array_equal(told.h, alike.h)
    x = torch.from_numpy(channels_of(sandy).T)
    share = np.exp(network.log_share(x).detach().numpy())
    inside = told.theta < told.theta_seen.max()
    np.testing.assert_allclose(told.theta[inside], (told.theta_seen * share)[inside], rtol=1e-12)
    assert (share != 1.0).all()
    # k times the logarithm of what both soils hold, by hand for the first sample
    pair = ln_held(np.full(2, 40.0), np.array([sandy["pixel_clay_pct"][0], columns["clay_pct"][0]]))
    assert share[0] == pytest.approx(np.exp(0.6 * (pair[0] - pair[1])), rel=1e-3)


def test_training_finds_the_roughness_that_the_class_table_lacks(tmp_path: Path) -> None:
    # Truth is h0 + 0.25 everywhere and nothing else is wrong. Error falls, and h rises; not all the
    # way: Teff, omega and b take their parts, as one brightness cannot tell them apart, and the
    # class, which decides how far an offset reaches, is not among the covariates.
    network, result = train_retrieval(
        samples(0), samples(1), tmp_path, config=RetrievalConfig(prior_weight=1e-5), epochs=60
    )
    columns, theta = made_up(2)
    before = retrieve_pixels(new_network(RetrievalConfig(), 1), channels_of(columns))
    after = retrieve_pixels(network, channels_of(columns))
    rmse = [float(np.sqrt(np.mean((t.theta - theta) ** 2))) for t in (before, after)]
    assert rmse[0] > 0.02
    assert rmse[1] < 0.4 * rmse[0]
    assert np.median(after.h - columns["h0"]) > 0.03
    assert result.history[-1]["epoch"] == len(result.history) - 1


def test_stopped_and_resumed_it_ends_with_the_same_weights(tmp_path: Path) -> None:
    def stop(step: int) -> None:
        if step == 5:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGTERM)

    a, b = tmp_path / "a", tmp_path / "b"
    _, whole = train_retrieval(samples(0), samples(1), a, epochs=8)
    with pytest.raises(StoppedEarly):
        train_retrieval(samples(0), samples(1), b, epochs=8, options=RunOptions(after_step=stop))
    _, again = train_retrieval(samples(0), samples(1), b, epochs=8)
    assert all(torch.equal(whole.weights[name], again.weights[name]) for name in whole.weights)


def test_the_second_polarisation_and_cells_without_stations_teach_too(tmp_path: Path) -> None:
    config = RetrievalConfig(tb_h_weight=0.05, consistency_weight=0.05)
    cells = torch.from_numpy(channels_of(made_up(3)[0]).reshape(-1, 24, 10).swapaxes(0, 1).copy())
    network, _ = train_retrieval(
        samples(0), samples(1), tmp_path, config=config, epochs=30, unlabelled=cells
    )
    told = retrieve_pixels(network, channels_of(made_up(4)[0]))
    none = retrieve_pixels(new_network(config, 1), channels_of(made_up(4)[0]))
    assert np.abs(told.residual_tbh_k).mean() < 0.5 * np.abs(none.residual_tbh_k).mean()


def test_a_sample_without_an_input_is_refused() -> None:
    columns, theta = made_up()
    columns["tb_v"][3] = np.nan
    with pytest.raises(RequestError, match="1 of 240"):
        PointSamples(channels_of(columns), theta, np.arange(N), np.arange(N))
    whole = PointSamples.usable(channels_of(columns), theta)
    assert int((~whole).sum()) == 1


def test_an_unknown_covariate_counts_as_average_and_a_lacking_input_is_named() -> None:
    columns, _ = made_up()
    columns["ndvi"] = np.full(N, np.nan)
    channels = channels_of(columns)
    ndvi = len(PHYSICAL) + [c.name for c in COVARIATES].index("ndvi")
    assert not channels[ndvi].any()
    del columns["tb_h"]
    with pytest.raises(RequestError, match="needs tb_h"):
        channels_of(columns)


def test_frozen_dense_and_wet_pixels_are_not_recommended() -> None:
    columns, _ = made_up()
    columns["teff_k"][0], columns["vwc_kg_m2"][1] = 270.0, 6.0
    water = np.zeros(N)
    water[2] = 0.06
    assert list(np.flatnonzero(~usable(channels_of(columns), water))) == [0, 1, 2]
