from __future__ import annotations

import shlex
import stat
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from rootzone._cli import cli
from rootzone._shared.errors import RequestError, StoppedEarly
from rootzone.engines.apsim import scratch
from rootzone.engines.apsim.engine import ApsimEngine
from rootzone.engines.apsim.find_models import ModelsProgram, find_models
from rootzone.engines.apsim.settings import ApsimSettings
from rootzone.engines.failures import FailureClass
from rootzone.engines.protocol import SiteBatch, WeatherBatch
from tests.engines.apsim.recorded import RecordedEngine

STAND_IN = Path(__file__).with_name("stand_in_models.py")
COMMAND = shlex.join([sys.executable, str(STAND_IN)])
N_LAYER, N_DAY = 3, 40
GOOD, FAILS, HANGS, DIES, UNREADABLE = 1.5, 1.11, 1.22, 1.33, 1.44


def batch(kinds: list[float]) -> SiteBatch:
    """Sites whose bulk density tells the stand-in how to behave."""
    n_site = len(kinds)
    rng = np.random.default_rng(1)
    weather = WeatherBatch(
        np.array([7, 8]),
        np.array([0, N_DAY, 2 * N_DAY]),
        np.array([17_897, 17_897]),  # 2019-01-01
        {
            "rain_mm": rng.gamma(0.5, 4.0, 2 * N_DAY),
            "eo_mm": np.full(2 * N_DAY, 2.0),
            "radn_mj_m2": np.full(2 * N_DAY, 15.0),
            "tmax_degc": np.full(2 * N_DAY, 20.0),
            "tmin_degc": np.full(2 * N_DAY, 8.0),
        },
    )
    levels = {
        "thickness_mm": 100.0, "airdry": 0.06, "ll15": 0.1, "dul": 0.25, "sat": 0.4,
        "ks_mm_d": 200.0, "theta_initial": 0.2, "kdul_mm_d": 1.0, "psidul_cm": -100.0,
    }  # fmt: skip
    soil = {name: np.full(n_site * N_LAYER, value) for name, value in levels.items()}
    soil["bd_g_cm3"] = np.repeat(kinds, N_LAYER)
    return SiteBatch(
        np.arange(100, 100 + n_site),
        np.arange(n_site + 1) * N_LAYER,
        soil,
        np.arange(n_site) % 2,
        weather,
    )


def engine(tmp_path: Path, **settings: object) -> ApsimEngine:
    chosen = {"models": COMMAND, "scratch": str(tmp_path), "site_timeout_s": 60.0, **settings}
    return ApsimEngine(ApsimSettings.model_validate(chosen))


def test_good_sites_come_back_in_order_whatever_the_cut(tmp_path: Path) -> None:
    sites = batch([GOOD] * 5)
    one = engine(tmp_path).run(sites)
    many = engine(tmp_path, simulations_per_file=2, processes=2).run(sites)
    assert not one.failures
    assert one.profiles.site_ids.tolist() == [100, 101, 102, 103, 104]
    assert one.profiles.theta_of(0).shape == (N_DAY, N_LAYER)
    for name, values in one.profiles.daily.items():
        assert np.array_equal(values, many.profiles.daily[name])
    assert np.array_equal(one.profiles.theta, many.profiles.theta)


def test_a_failing_site_keeps_apsims_words_and_the_others_finish(tmp_path: Path) -> None:
    ran = engine(tmp_path).run(batch([GOOD, FAILS, GOOD]))
    assert ran.profiles.site_ids.tolist() == [100, 102]
    (failure,) = ran.failures
    assert failure.site_id == 101
    assert failure.failure_class == FailureClass.NO_CONVERGENCE
    assert "after 20 of 40 days" in failure.text
    assert "Swim failed to find solution" in failure.text


def test_a_hung_site_is_stopped_alone_with_its_whole_process_group(tmp_path: Path) -> None:
    start = time.monotonic()
    ran = engine(tmp_path, site_timeout_s=0.01, start_timeout_s=2.0).run(batch([GOOD, HANGS, GOOD]))
    assert ran.profiles.site_ids.tolist() == [100, 102]
    assert [f.failure_class for f in ran.failures] == [FailureClass.TIMEOUT]
    assert time.monotonic() - start < 30


def test_a_process_that_dies_takes_only_its_own_site_along(tmp_path: Path) -> None:
    ran = engine(tmp_path).run(batch([GOOD, GOOD, DIES, GOOD]))
    assert ran.profiles.site_ids.tolist() == [100, 101, 103]
    (failure,) = ran.failures
    assert failure.failure_class == FailureClass.WORKER_DIED
    assert "signal 9" in failure.text


def test_a_file_that_apsim_cannot_read_is_halved_until_the_culprit_stands_alone(
    tmp_path: Path,
) -> None:
    ran = engine(tmp_path).run(batch([GOOD, GOOD, UNREADABLE, GOOD, GOOD]))
    assert ran.profiles.site_ids.tolist() == [100, 101, 103, 104]
    assert [f.failure_class for f in ran.failures] == [FailureClass.SETUP_ERROR]


def test_nothing_is_left_in_scratch(tmp_path: Path) -> None:
    engine(tmp_path).run(batch([GOOD, FAILS]))
    assert list(tmp_path.iterdir()) == []


def test_the_stream_gives_what_the_run_gives(tmp_path: Path) -> None:
    sites = batch([GOOD, FAILS, GOOD, GOOD])
    made = engine(tmp_path, simulations_per_file=2)
    chunks = list(made.stream(sites))
    whole = made.run(sites)
    assert [s for c in chunks for s in c.profiles.site_ids.tolist()] == [100, 102, 103]
    assert np.array_equal(
        np.concatenate([chunk.profiles.theta for chunk in chunks]), whole.profiles.theta
    )


def test_the_identity_tells_version_format_and_keys_but_not_the_machine(tmp_path: Path) -> None:
    identity = engine(tmp_path, processes=2).identity()
    assert identity["apsim_version"] == "2024.8.7572.0"
    assert identity["file_format"] == "77"
    assert identity["cn2_bare"] == 73.0
    assert str(tmp_path) not in str(identity)
    assert identity == engine(tmp_path, processes=1).identity()


def test_a_current_apsim_gets_the_native_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_VERSION", "2026.8.8123.0")
    assert engine(tmp_path).file_format == "213"
    assert engine(tmp_path, file_format="77").file_format == "77"


def starts_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path.parent / f"{tmp_path.name}-starts"
    path.write_text("")
    monkeypatch.setenv("STAND_IN_STARTS", str(path))
    return path


def test_messages_are_read_by_the_numbers_of_the_apsim_that_wrote_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_KINDS", "2022")  # error 0, information 2, diagnostic 3
    ran = engine(tmp_path).run(batch([GOOD, FAILS, GOOD]))
    assert ran.profiles.site_ids.tolist() == [100, 102]
    (failure,) = ran.failures
    assert failure.failure_class == FailureClass.NO_CONVERGENCE
    assert "Swim failed to find solution" in failure.text


def test_rows_left_in_the_wal_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_FAULT", "wal")
    assert engine(tmp_path).run(batch([GOOD, GOOD])).profiles.site_ids.tolist() == [100, 101]


def test_a_hung_site_costs_its_file_minutes_not_its_limit_times_the_sites(tmp_path: Path) -> None:
    made = engine(tmp_path, site_timeout_s=600.0)
    many, one = batch([GOOD] * 100), batch([GOOD])
    # 60 s to start, 3 s for each of 100 sites of a year; alone, all of its own limit.
    assert made._limit_s(many, np.arange(100)) == 360.0
    assert made._limit_s(one, np.arange(1)) == 660.0


def test_the_reason_of_an_unreadable_file_is_kept_and_told_alike_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_FAULT", "json")
    starts = starts_of(monkeypatch, tmp_path)
    ran = engine(tmp_path).run(batch([GOOD] * 20))
    texts = {failure.text for failure in ran.failures}
    assert len(ran.failures) == 20
    assert len(texts) == 1
    assert "Could not find type 'Models.Climate.Weather'" in texts.pop()
    assert {f.failure_class for f in ran.failures} == {FailureClass.SETUP_ERROR}
    # The file, its first and its last site: not two starts a site.
    assert len(starts.read_text().split()) == 3


def test_an_apsim_that_refuses_the_format_stops_the_run_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_FAULT", "version")
    starts = starts_of(monkeypatch, tmp_path)
    with pytest.raises(RequestError, match=r"refuses files of format 77.*file_format"):
        engine(tmp_path).run(batch([GOOD] * 20))
    assert len(starts.read_text().split()) == 1


def test_a_full_scratch_is_no_fault_of_the_sites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_FAULT", "full")
    monkeypatch.setattr(scratch.shutil, "disk_usage", lambda _: SimpleNamespace(free=100_000))
    with pytest.raises(StoppedEarly, match=r"scratch folder .* is full \(0.1 MB free\)"):
        engine(tmp_path).run(batch([GOOD, GOOD]))


def test_what_a_killed_run_left_is_ended_and_removed_at_the_next_start(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, '.');"
        "from tests.engines.apsim.test_engine import engine, batch, HANGS;"
        "from pathlib import Path; engine(Path(sys.argv[1])).run(batch([HANGS]))"
    )
    running = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("rootzone-apsim-*/run.db")) and time.monotonic() < deadline:
        time.sleep(0.1)
    (left,) = tmp_path.glob("rootzone-apsim-*")
    running.kill()
    running.wait()
    time.sleep(1.0)  # the kernel ends Models with its parent
    at_work = [p for p in Path("/proc").glob("[0-9]*/cmdline") if str(left) in _text_of(p)]
    assert at_work == []
    engine(tmp_path)
    assert not left.exists()


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def test_an_apsim_tells_over_how_many_hours_its_rain_falls() -> None:
    # APSIM's pull request 9738 of March 2025: 720 minutes in place of 1440.
    assert ModelsProgram(("Models",), "2024.8.7572.0").rain_hours == 24
    assert ModelsProgram(("Models",), "2025.3.7681.0").rain_hours == 12
    assert ModelsProgram(("Models",), "").rain_hours is None


def test_a_missing_engine_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ROOTZONE_APSIM_MODELS", raising=False)
    with pytest.raises(RequestError, match=r"not on PATH.*embedded engine"):
        find_models(None)
    with pytest.raises(RequestError, match=r"'nowhere'.*not to be found"):
        find_models("nowhere --flag")


def test_models_is_found_on_path_and_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "Models"
    models.write_text(f'#!/bin/sh\nexec {COMMAND} "$@"\n')
    models.chmod(models.stat().st_mode | stat.S_IXUSR)
    monkeypatch.delenv("ROOTZONE_APSIM_MODELS", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert find_models(None).command == (str(models),)
    monkeypatch.setenv("ROOTZONE_APSIM_MODELS", COMMAND)
    assert find_models(None).command[1] == str(STAND_IN)


def test_scratch_that_cannot_be_written_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"scratch folder .* cannot be written"):
        engine(tmp_path, scratch=str(tmp_path / "none"))


def test_weather_without_radiation_is_refused_for_all(tmp_path: Path) -> None:
    sites = batch([GOOD])
    columns = dict(sites.weather.columns)
    del columns["radn_mj_m2"]
    weather = WeatherBatch(
        sites.weather.cell_ids, sites.weather.day_start, sites.weather.first_day, columns
    )
    lacking = SiteBatch(sites.site_ids, sites.layer_start, sites.soil, sites.cell, weather)
    with pytest.raises(RequestError, match="radn_mj_m2"):
        engine(tmp_path).run(lacking)


def test_recorded_answers_are_replayed_site_by_site(tmp_path: Path) -> None:
    sites = batch([GOOD, FAILS, GOOD])
    recorded = engine(tmp_path).run(sites)
    replay = RecordedEngine(recorded, "apsim/swim3/apsim")
    again = replay.run(sites.take(np.array([2, 1])))
    assert again.profiles.site_ids.tolist() == [102]
    assert np.array_equal(again.profiles.theta_of(0), recorded.profiles.theta_of(1))
    assert [f.failure_class for f in again.failures] == [FailureClass.NO_CONVERGENCE]
    assert replay.label == "recorded:apsim/swim3/apsim"


@pytest.mark.apsim
def test_real_apsim_agrees_with_the_embedded_engine(tmp_path: Path) -> None:
    from rootzone.covariates.weather.apsim_eo import apsim_mm
    from rootzone.engines.swim.engine import SwimEngine
    from rootzone.engines.swim.read_settings import settings_from_mapping

    sites = batch([GOOD])
    columns = dict(sites.weather.columns)
    # APSIM takes no demand from us: it computes its own from radiation and temperature.
    columns["eo_mm"] = apsim_mm(
        columns["radn_mj_m2"], columns["tmax_degc"], columns["tmin_degc"], 0.13
    )
    weather = replace(sites.weather, columns=columns)
    real = ApsimEngine(ApsimSettings(scratch=str(tmp_path))).run(sites)
    ours = SwimEngine(settings_from_mapping("swim3", "apsim", {})).run(
        replace(sites, weather=weather)
    )
    assert not real.failures
    # reference/swim3 README: against another step, expect 1e-2 at most. Real APSIM of 2020 and
    # with today's SWIM3 gave 6.0e-3 and 2.8e-5 with this demand.
    assert np.abs(real.profiles.theta - ours.profiles.theta).max() < 1e-2


def test_two_tables_run_through_apsim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOTZONE_APSIM_MODELS", COMMAND)
    soil = (
        "site_id,cell_id,layer,thickness_mm,bd_g_cm3,airdry,ll15,dul,sat,ks_mm_d,theta_initial,"
        "kdul_mm_d,psidul_cm\n"
    )
    layers = "".join(
        f"{site},c,{layer},100,{kind},0.06,0.1,0.25,0.4,200,0.2,1.0,-100\n"
        for site, kind in (("007", GOOD), ("8", FAILS))
        for layer in (1, 2)
    )
    (tmp_path / "soils.csv").write_text(soil + layers)
    days = [date(2019, 1, 1) + timedelta(days=i) for i in range(10)]
    (tmp_path / "weather.csv").write_text(
        "cell_id,date,rain_mm,radn_mj_m2,tmax_degc,tmin_degc\n"
        + "".join(f"c,{day},{i % 3},15,20,8\n" for i, day in enumerate(days))
    )
    out = tmp_path / "profiles.parquet"
    ran = CliRunner().invoke(
        cli,
        ["simulate-tables", "--engine", "apsim", "--soils", str(tmp_path / "soils.csv"),
         "--weather",
         str(tmp_path / "weather.csv"), "--out", str(out), "--set", f"scratch={tmp_path}"],
    )  # fmt: skip
    assert ran.exit_code == 3, ran.output
    assert "APSIM 2024.8.7572.0" in ran.output
    assert "rain over 24 hours" in ran.output
    assert pl.read_parquet(out)["site_id"].unique().to_list() == ["007"]
    failed = pl.read_parquet(tmp_path / "profiles.failed.parquet")
    assert failed["failure_class"].to_list() == ["NO_CONVERGENCE"]
