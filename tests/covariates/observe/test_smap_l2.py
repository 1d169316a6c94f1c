"""Real half orbits read, and files that are not what they seem."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.observe.smap_l2 import GROUP, observe_smap_l2, read_smap_l2
from rootzone.surface.physics.retrieve import retrieve_scav
from rootzone.surface.samples.smap_scene import scene_of
from rootzone.surface.worlds.write_smap import SmapCells, write_smap_l2


def half_orbits(shared: Path) -> list[Path]:
    return sorted((shared / "realdata/surface/smap_l2").glob("*.h5"))


def test_real_half_orbits_come_to_nasas_retrievals_by_way_of_the_reader(shared: Path) -> None:
    n = 0
    for path in half_orbits(shared):
        half = read_smap_l2(path)
        told = retrieve_scav(half.values["tb_v_corrected"], scene_of(half)).theta
        nasa = half.values["theta_sca_v"]
        known = np.isfinite(nasa)
        assert np.abs(told - nasa)[known].max() < 2e-4
        n += int(known.sum())
    assert n == 1342 + 680  # counted in the two files


def test_a_real_half_orbit_says_what_it_left_out(shared: Path) -> None:
    seen = observe_smap_l2(half_orbits(shared)[0])
    counts = seen.dropped.counts
    assert seen.frame.height + sum(counts.values()) == 5 * 17251  # five quantities a cell
    assert {"fill value", "water in the cell", "frozen", "dense vegetation"} <= set(counts)
    assert seen.frame["orbit"].unique().to_list() == ["asc"]
    theta = seen.frame.filter(pl.col("quantity") == "theta_sca_v")
    assert theta["date"].unique().to_list()[0].isoformat() == "2015-08-11"
    assert theta["value"].is_between(0.02, 1.0).all()


def cells(n: int = 60) -> SmapCells:
    rng = np.random.default_rng(0)
    number = np.arange(n)
    return SmapCells(
        row=80 + number // 10, col=200 + number % 10,
        time=np.full(n, np.datetime64("2022-06-01T12:00:00")),
        tb_h=rng.uniform(210, 240, n), tb_v=rng.uniform(245, 270, n),
        incidence_deg=np.full(n, 40.0),
        teff_k=rng.uniform(285, 295, n), clay_pct=rng.uniform(10, 40, n),
        bulk_density_g_cm3=np.full(n, 1.4), h=np.full(n, 0.156), omega=np.full(n, 0.05),
        tau=np.full(n, 0.13) * rng.uniform(0.5, 1.5, n), igbp=np.full(n, 10), b=np.full(n, 0.13),
    )  # fmt: skip


def test_what_is_written_in_the_real_layout_is_read_again(tmp_path: Path) -> None:
    made = cells()
    path = tmp_path / "SMAP_L2_SM_P_00001_D_20220601T120000_R18290_001.h5"
    write_smap_l2(path, made)
    half = read_smap_l2(path)
    assert half.nominal_km == 36
    np.testing.assert_allclose(half.values["tb_v_corrected"], made.tb_v, rtol=1e-6)
    np.testing.assert_allclose(scene_of(half).tau, made.tau, rtol=1e-6)
    assert str(half.time[0]) == "2022-06-01T12:00:00"
    with netCDF4.Dataset(path) as file:
        assert "made up" in file.note


def spoilt(path: Path, change: object) -> Path:
    write_smap_l2(path, cells())
    with netCDF4.Dataset(path, "a") as file:
        change(file.groups[GROUP].variables)  # type: ignore[operator]
    return path


def swap(v: dict[str, netCDF4.Variable]) -> None:
    h = v["tb_h_corrected"][:].copy()
    v["tb_h_corrected"][:] = v["tb_v_corrected"][:]
    v["tb_v_corrected"][:] = h


def celsius(v: dict[str, netCDF4.Variable]) -> None:
    for name in ("tb_h_corrected", "tb_v_corrected"):
        v[name][:] = v[name][:] - 273.15


def nadir(v: dict[str, netCDF4.Variable]) -> None:
    name = "vegetation_opacity_option2"
    v[name][:] = v[name][:] * np.cos(np.deg2rad(40.0))


def other_fill(v: dict[str, netCDF4.Variable]) -> None:
    v["tb_v_corrected"][:3] = -999.0


def from_the_south(v: dict[str, netCDF4.Variable]) -> None:
    v["EASE_row_index"][:] = 405 - v["EASE_row_index"][:]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (swap, "swapped"),
        (celsius, "Celsius"),
        (nadir, "at nadir"),
        (other_fill, "fill value"),
        (from_the_south, "counted from the south"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, change: object, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        read_smap_l2(spoilt(tmp_path / "a.h5", change))


def test_files_of_another_flavour_are_named(tmp_path: Path) -> None:
    for group, words in (
        ("Soil_Moisture_Retrieval_Data_AM", "L3"),
        ("Geophysical_Data", "level 4"),
    ):
        path = tmp_path / f"{group}.h5"
        with netCDF4.Dataset(path, "w") as file:
            file.createGroup(group)
        with pytest.raises(RequestError, match=words):
            read_smap_l2(path)


def test_a_cut_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.h5"
    with netCDF4.Dataset(path, "w") as file:
        group = file.createGroup(GROUP)
        group.createDimension("cell", 3)
        group.createVariable("tb_h_corrected", "f4", ("cell",))
    with pytest.raises(RequestError, match="lacks tb_v_corrected"):
        read_smap_l2(path)
