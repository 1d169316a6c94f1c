"""NASA's retrievals from real brightness temperatures, and ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone.surface.physics.dielectric import mironov2009_constants, permittivity
from rootzone.surface.physics.emission import Q_PER_H, brightness, cosine, fresnel
from rootzone.surface.physics.retrieve import (
    Retrieved,
    Scene,
    nadir_from_slant_opacity,
    porosity_from_bulk_density,
    retrieve_dca,
    retrieve_scah,
    retrieve_scav,
)
from rootzone.surface.physics.retrieve_kernels import NOT_KNOWN, smooth_reflectivities
from tests.surface.physics.tables import DATA

SLANT = "vegetation_opacity_slant"


def scene_of(cells: pl.DataFrame) -> Scene:
    value = {name: cells[name].cast(pl.Float64).to_numpy() for name in cells.columns[5:16]}
    incidence = value["boresight_incidence_deg"]
    slant = value.get(SLANT, value.get(f"{SLANT}_option2"))
    assert slant is not None
    return Scene(
        value["surface_temperature_k"], 100.0 * value["clay_fraction"], value["roughness_h"],
        value["albedo"], nadir_from_slant_opacity(slant, incidence), incidence,
        porosity_from_bulk_density(value["bulk_density"]),
    )  # fmt: skip


def test_72_real_smap_cells_get_nasas_answer() -> None:
    cells = pl.read_csv(DATA / "smap_scav_cells.csv", infer_schema_length=None)
    scene = scene_of(cells)
    scav = retrieve_scav(cells["tbv"].to_numpy(), scene)
    scah = retrieve_scah(cells["tbh"].to_numpy(), scene)
    assert scav.theta == pytest.approx(cells["soil_moisture_option2_scav"].to_numpy(), abs=2e-4)
    assert scah.theta == pytest.approx(cells["soil_moisture_option1_scah"].to_numpy(), abs=3e-4)
    # The table's last 12 rows are capped at porosity by NASA.
    assert list(np.flatnonzero(scav.at_bound)) == list(range(60, 72))


def real_cells(shared: Path) -> pl.DataFrame:
    return pl.read_parquet(shared / "realdata/surface/smap_l2/smap_l2_retrieved_cells.parquet")


def test_2022_real_smap_cells_get_nasas_answer(shared: Path) -> None:
    cells = real_cells(shared)
    scene = scene_of(cells)
    scav = retrieve_scav(cells["tbv"].to_numpy(), scene)
    assert cells.height == 2022
    assert np.abs(scav.theta - cells["soil_moisture_option2"].to_numpy()).max() < 2e-4
    scah = retrieve_scah(cells["tbh"].to_numpy(), scene)
    assert np.abs(scah.theta - cells["soil_moisture_option1"].to_numpy()).max() < 3e-4
    assert int(scav.at_bound.sum()) == 142  # cells NASA capped, counted in the files


def test_nasas_dual_channel_parameters_give_back_both_brightnesses(shared: Path) -> None:
    cells = real_cells(shared).filter(pl.col("soil_moisture") > 0, pl.col("tau_dca") >= 0)
    value = {name: cells[name].cast(pl.Float64).to_numpy() for name in cells.columns[5:23]}
    cos_i = cosine(value["boresight_incidence_deg"])
    told = brightness(
        value["soil_moisture"], mironov2009_constants(100.0 * value["clay_fraction"]),
        value["surface_temperature_k"], value["h_dca"], value["w_dca"],
        value["tau_dca"] * cos_i, cos_i, Q_PER_H * value["h_dca"],
    )  # fmt: skip
    for tb, seen in zip(told, ("tbh", "tbv"), strict=True):
        assert np.median(np.abs(tb - value[seen])) <= 0.6


def test_the_dual_channel_retrieval_comes_near_nasas(shared: Path) -> None:
    # A regularised fit whose prior is only nearly the file's: the median within .005 m3 m-3.
    cells = real_cells(shared).filter(pl.col("soil_moisture") > 0, pl.col("tau_dca") >= 0)
    scav = scene_of(cells)
    scene = Scene(
        scav.t_k, scav.clay_pct, cells["h_dca"].to_numpy(), cells["w_dca"].to_numpy(), scav.tau,
        scav.incidence_deg, scav.porosity,
    )  # fmt: skip
    told = retrieve_dca(cells["tbh"].to_numpy(), cells["tbv"].to_numpy(), scene)
    assert np.nanmedian(np.abs(told.theta - cells["soil_moisture"].to_numpy())) < 0.005
    assert np.isfinite(told.theta).mean() > 0.99


def made_up(n: int = 400) -> tuple[np.ndarray, Scene]:
    rng = np.random.default_rng(1)
    scene = Scene(
        rng.uniform(275, 310, n), rng.uniform(0, 70, n), rng.uniform(0, 1.2, n),
        rng.uniform(0, 0.15, n), rng.uniform(0, 1.0, n), rng.uniform(20, 50, n), 0.6,
        rng.uniform(0, 0.2, n),
    )  # fmt: skip
    return rng.uniform(0.03, 0.55, n), scene


def forward(theta: np.ndarray, s: Scene) -> tuple[np.ndarray, np.ndarray]:
    soil = mironov2009_constants(s.clay_pct)
    tb_h, tb_v = brightness(theta, soil, s.t_k, s.h, s.omega, s.tau, cosine(s.incidence_deg), s.q)
    return tb_h, tb_v


def test_the_brightness_of_a_water_content_gives_it_back() -> None:
    theta, scene = made_up()
    tb_h, tb_v = forward(theta, scene)
    for told in (retrieve_scav(tb_v, scene), retrieve_scah(tb_h, scene)):
        np.testing.assert_allclose(told.theta, theta, atol=1e-11)
        assert not told.at_bound.any()


def test_the_compiled_formula_is_the_written_one() -> None:
    theta, scene = made_up(50)
    soil, cos_i = mironov2009_constants(scene.clay_pct), cosine(scene.incidence_deg)
    written = fresnel(*permittivity(theta, soil), cos_i)
    compiled = [
        smooth_reflectivities(theta[i], *(part[i] for part in soil), cos_i[i]) for i in range(50)
    ]
    np.testing.assert_allclose(np.transpose(compiled), written, rtol=1e-12)


def test_what_no_soil_can_emit_stays_at_a_limit_and_says_so() -> None:
    told = retrieve_scav(np.array([330.0, 40.0]), Scene(300.0, 20.0, 0.1, 0.05, 0.1, 40.0, 0.45))
    assert list(told.theta) == [0.02, 0.45]
    assert list(told.at_bound) == [True, True]


def test_a_missing_input_gives_a_missing_value() -> None:
    told: Retrieved = retrieve_scav(
        np.array([250.0, np.nan, 250.0]),
        Scene(np.array([290.0, 290.0, np.nan]), 20.0, 0.1, 0.05, 0.1),
    )
    assert list(np.isnan(told.theta)) == [False, True, True]
    assert list(told.outcome[1:]) == [NOT_KNOWN] * 2


def test_an_opacity_along_the_slant_taken_for_nadir_is_too_wet() -> None:
    # tau 0.3 at 40 degrees stands as 0.3 / cos 40 = 0.392 in a file.
    scene = Scene(290.0, 20.0, 0.1, 0.05, 0.3)
    _, tb_v = forward(np.array([0.2]), scene)
    wrong = Scene(290.0, 20.0, 0.1, 0.05, 0.3 / np.cos(np.deg2rad(40.0)))
    assert retrieve_scav(tb_v, wrong).theta[0] > 0.22
