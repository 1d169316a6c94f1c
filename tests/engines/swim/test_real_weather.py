"""Measured weather: every station-year tried runs through the whole engine."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.settings import default_settings

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.mark.slow
@pytest.mark.parametrize("physics", ["van_genuchten", "swim3"])
def test_measured_years_from_desert_to_rainforest_run_in_every_texture(
    shared: Path, physics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every 80th of some 1,000 station-years of USCRN (NOAA); benchmarks/engine_real_weather.py
    # runs all of them.
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from _engine_cases import uscrn_station_years, usda_sites, weather_batch

    years = uscrn_station_years()[::80]
    names, cells = [name for name, _ in years], [forcing for _, forcing in years]
    rain = np.array([forcing[:, 0].sum() for forcing in cells])
    assert rain.min() < 300.0 < 1000.0 < rain.max()  # dry and wet places are among them
    batch = usda_sites(weather_batch(cells, names))
    run = SwimEngine(default_settings(physics, "converged")).run(batch)
    assert [failure.text for failure in run.failures] == []
    assert len(run.profiles.site_ids) == 12 * len(years)
    assert np.abs(run.profiles.daily["balance_error_mm"]).max() < 1e-6
    assert shared.is_dir()
    del sys.modules["_engine_cases"]
