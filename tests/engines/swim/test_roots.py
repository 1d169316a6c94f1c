"""Columns with plants on them: balance, limits, step and grid, and bare ground as it was."""

import numpy as np
import pytest

from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.hydraulics.van_genuchten import theta_from_psi
from rootzone.inversion.column_runs import ColumnSetup, batch_of
from rootzone.stations.station_forcing import StationForcing

# Years of weather: minutes as plain Python.
pytestmark = [pytest.mark.kernels, pytest.mark.slow]

TEXTURES = (((90, 5),), ((40, 40),), ((20, 20),), ((10, 80),))


@pytest.fixture(scope="module")
def forcing() -> StationForcing:
    """Two years of storms and a dry summer."""
    rng = np.random.default_rng(11)
    day = np.arange(730)
    season = np.sin((day - 100) / 365.25 * 2.0 * np.pi)
    wet = rng.random(day.size) < 0.25 - 0.15 * season
    rain = np.where(wet, rng.exponential(9.0, day.size), 0.0)
    mean = 11.0 + 13.0 * season
    columns = {
        "rain_mm": rain,
        "eo_mm": np.clip(3.2 + 2.8 * season, 0.2, None),
        "tmax_degc": mean + 7.0,
        "tmin_degc": mean - 7.0,
    }
    return StationForcing(10957, columns, 0, (), {})


def run(forcing: StationForcing, physics: str = "van_genuchten", **settings):
    engine = SwimEngine(settings_from_mapping(physics, "converged", settings), threads=1)
    batch = batch_of(list(TEXTURES), forcing, ColumnSetup(engine))
    found = engine.run(batch)
    assert not found.failures
    return found.profiles, batch


@pytest.mark.parametrize("physics", ["van_genuchten", "swim3"])
def test_the_year_of_grass_closes_and_takes_no_more_than_is_asked(
    forcing: StationForcing, physics: str
) -> None:
    profiles, _ = run(forcing, physics, cover="grass")
    daily = profiles.daily
    assert np.abs(daily["balance_error_mm"]).max() < 1e-6
    eo = np.tile(forcing.columns["eo_mm"], len(TEXTURES))
    # kc 0.9 and cover 0.5, whatever compensation does.
    assert (daily["transpiration_mm"] <= 0.45 * eo + 1e-9).all()
    assert daily["transpiration_mm"].sum() > 0.2 * 0.45 * eo.sum()
    # Rain = through + interception; through = runoff + es + infiltration, no pond here.
    rain = np.tile(forcing.columns["rain_mm"], len(TEXTURES))
    left = sum(daily[name] for name in ("runoff_mm", "es_mm", "infiltration_mm"))
    held = np.diff(daily["canopy_mm"].reshape(len(TEXTURES), -1), axis=1, prepend=0.0).ravel()
    assert np.abs(rain - daily["interception_mm"] - held - left).max() < 1e-9


def test_roots_leave_water_below_wilting(forcing: StationForcing) -> None:
    dry = StationForcing(
        forcing.first_day,
        {**forcing.columns, "rain_mm": np.zeros(730)},
        0, (), {},
    )  # fmt: skip
    profiles, batch = run(dry, cover="grass", cover_fraction=0.9, growing_season=False)
    # Below 40 cm evaporation hardly reaches: roots stop at the water of 15,000 cm.
    values = batch.soil
    m = 1.0 - 1.0 / values["n"]
    span = values["theta_s"] - values["theta_r"]
    wilting = (
        values["theta_r"] + span * (1 + (15000.0 * values["alpha_per_cm"]) ** values["n"]) ** -m
    )
    for site in range(len(TEXTURES)):
        own = wilting[12 * site : 12 * site + 12]
        assert (profiles.theta_of(site)[-1, 6:8] >= own[6:8] - 1e-6).all()


def test_a_sand_emptied_by_day_is_not_drained_below_wilting_by_night() -> None:
    # Nothing evaporates through the litter but 1e-7 mm a day, and gravity takes K(15,000 cm), below
    # 1e-13 m3 m-3 a day. With the residual of wetter cells, fluxes of a state still wetter than the
    # water in it took 5e-7 and 7e-7 here, 6e-5 in the worst of all textures and climates.
    days = np.ones(15)
    for rain_mm in (0.0, 30.0):
        columns = {"rain_mm": rain_mm * (np.arange(15) == 0), "eo_mm": 8.0 * days}
        columns |= {"tmax_degc": 25.0 * days, "tmin_degc": 15.0 * days}
        sealed = {"cover_fraction": 0.999, "litter_cover": 1.0 - 1e-16, "vapour": False}
        engine = SwimEngine(
            settings_from_mapping(
                "van_genuchten",
                "converged",
                {"cover": "crop", "growing_season": False, **sealed},
            ),
            threads=1,
        )
        textures = [((90, 5),), ((88, 8),), ((91, 4),), ((95, 3),)]
        weather = StationForcing(10957, columns, 0, (), {})
        batch = batch_of(textures, weather, ColumnSetup(engine))
        found = engine.run(batch)
        assert not found.failures
        wilting = theta_from_psi(
            np.array([-15000.0]),
            *(batch.soil[name] for name in ("theta_r", "theta_s", "alpha_per_cm", "n")),
        )
        least = np.concatenate([found.profiles.theta_of(i).min(axis=0) for i in range(4)])
        assert (least >= wilting - 1e-9).all()
        assert (least - wilting < 1e-6).any()  # roots did empty a layer


@pytest.mark.parametrize("physics", ["van_genuchten", "swim3"])
def test_roots_by_layer_take_water_where_they_are(forcing: StationForcing, physics: str) -> None:
    dry = StationForcing(
        forcing.first_day,
        {**forcing.columns, "rain_mm": np.zeros(730)},
        0, (), {},
    )  # fmt: skip
    left = {}
    always = {"cover": "grass", "litter_cover": 0.999, "growing_season": False}
    for layers in ("200:100", "200:0, 400:100"):  # the upper four layers, or the fifth and sixth
        profiles, _ = run(dry, physics, **always, root_layers=layers)
        left[layers] = profiles.theta_of(1)[20]  # before either has wilted
    assert (left["200:100"][:3] < left["200:0, 400:100"][:3]).all()
    assert (left["200:100"][5:8] > left["200:0, 400:100"][5:8]).all()


def test_bare_ground_is_the_same_to_the_bit_whatever_the_plant_keys_say(
    forcing: StationForcing,
) -> None:
    plain, _ = run(forcing)
    told, _ = run(forcing, cover="bare", root_beta=0.9, compensation=0.5)
    assert np.array_equal(plain.theta, told.theta)
    assert "transpiration_mm" not in plain.daily


def test_a_plant_without_demand_takes_nothing(forcing: StationForcing) -> None:
    profiles, _ = run(forcing, cover="grass", kc=0.0)
    assert profiles.daily["transpiration_mm"].max() == 0.0


def test_finer_steps_and_cells_give_the_same_year(forcing: StationForcing) -> None:
    usual, _ = run(forcing, cover="grass")
    fine, _ = run(
        forcing, cover="grass", tolerance=1e-3, theta_step=2e-3, iteration_residual=1e-4,
        first_cell_cm=0.35, cell_growth=1.15,
    )  # fmt: skip
    # Bare columns differ by as much between these settings (docs/engine.md, accuracy).
    difference = usual.theta_of(1)[:, 3] - fine.theta_of(1)[:, 3]
    assert np.sqrt(np.mean(difference**2)) < 3e-3
    ours, theirs = (p.daily["transpiration_mm"].sum() for p in (usual, fine))
    assert ours == pytest.approx(theirs, rel=0.01)


def test_a_leaf_area_column_that_is_not_there_is_named(forcing: StationForcing) -> None:
    from rootzone._shared.errors import RequestError

    with pytest.raises(RequestError, match="column lai"):
        run(forcing, cover="grass", lai=True)
