"""The table mode: what is read, refused, quarantined and written."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from rootzone._shared.daily import PLANT_COLUMNS
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import read_provenance
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.kind import needs_of
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.engines.tables.read_soils import choose_physics
from rootzone.engines.tables.read_weather import WeatherNeeds, weather_from_frame
from rootzone.engines.tables.table_mode import TableRun, simulate_tables
from tests.engines.swim.tables import edited, soils, weather
from tests.engines.tables.read_profiles import read_profiles


def run(
    folder: Path,
    soil: pl.DataFrame,
    forcing: pl.DataFrame,
    *,
    physics: str = "van_genuchten",
    ending: str = ".parquet",
    out: str = "profiles",
    force: bool = False,
    float32: bool = False,
    **values: Any,
) -> TableRun:
    """Write the tables, run the engine on them, and hand back what it came to."""
    paths = [folder / f"soils{ending}", folder / f"weather{ending}"]
    for path, frame in zip(paths, (soil, forcing), strict=True):
        frame.write_parquet(path) if ending == ".parquet" else frame.write_csv(path)
    stepping = "converged" if physics == "van_genuchten" else "apsim"
    settings = settings_from_mapping(physics, stepping, values)
    return simulate_tables(
        *paths,
        folder / f"{out}{ending}",
        SwimEngine(settings),
        physics=physics,
        needs=needs_of(settings),
        initial=settings.initial,
        extra_columns=settings.extra_columns,
        force=force,
        float32=float32,
    )


def text_of(result: TableRun, site_id: Any) -> str:
    """What is said about a failed site."""
    return next(f.text for f in result.failures if f.site_id == site_id)


# ---------------------------------------------------------------- what comes out


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_one_row_for_each_site_and_date_with_one_value_per_layer(
    tmp_path: Path, ending: str
) -> None:
    result = run(tmp_path, soils([7, 3]), weather(20), ending=ending)
    frame = read_profiles(Path(result.out))
    assert frame.columns == [
        "site_id",
        "date",
        "theta",
        "theta_200mm",  # the depth of labels with the default settings
        "runoff_mm",
        "drainage_mm",
        "es_mm",
        "infiltration_mm",
        "pond_mm",
        "balance_error_mm",
        "steps",
    ]
    assert frame["site_id"].to_list() == [7] * 20 + [3] * 20  # the order of the soils table
    assert frame["date"].head(20).to_list() == weather(20)["date"].to_list()
    assert frame["theta"].list.len().unique().to_list() == [3]
    assert (result.sites, result.done, result.failed) == (2, 2, 0)


def test_csv_and_parquet_hold_the_same_numbers_to_the_bit(tmp_path: Path) -> None:
    frames = [
        read_profiles(Path(run(tmp_path, soils([1]), weather(), ending=ending).out))
        for ending in (".parquet", ".csv")
    ]
    assert frames[0].equals(frames[1])


def test_theta_in_csv_is_one_quoted_cell(tmp_path: Path) -> None:
    result = run(tmp_path, soils([1]), weather(2), ending=".csv")
    with Path(result.out).open(newline="") as handle:
        first = next(csv.DictReader(handle))
    values = [float(text) for text in first["theta"].strip("[]").split(", ")]
    assert first["theta"].startswith("[")
    assert len(values) == 3


def test_units_and_provenance_lie_in_the_parquet_file(tmp_path: Path) -> None:
    result = run(tmp_path, soils([1]), weather())
    stored = pq.read_schema(result.out)
    assert stored.field("theta").metadata[b"unit"] == b"m3 m-3"
    assert stored.field("drainage_mm").metadata[b"unit"] == b"mm d-1"
    record = read_provenance(Path(result.out))
    assert record.digest == result.digest
    assert record.settings["stepping"] == "converged"
    assert set(record.inputs) == {"soils", "weather"}


def test_the_same_work_gives_the_same_digest_and_another_setting_another(tmp_path: Path) -> None:
    digests = [
        run(tmp_path, soils([1]), weather(3), out=f"p{i}", cn2_bare=cn2).digest
        for i, cn2 in enumerate((73, 73, 74))
    ]
    assert digests[0] == digests[1] != digests[2]


def test_single_precision_is_the_rounded_double(tmp_path: Path) -> None:
    double = read_profiles(Path(run(tmp_path, soils([1]), weather(), out="a").out))
    result = run(tmp_path, soils([1]), weather(), out="b", float32=True)
    single = read_profiles(Path(result.out))
    assert single.schema["theta"] == pl.List(pl.Float32)
    rounded = double["theta"].explode().cast(pl.Float32)
    assert single["theta"].explode().equals(rounded)


def test_sites_of_unlike_depth_share_a_table(tmp_path: Path) -> None:
    deep = soils(["deep"], thickness_mm=(50.0, 100.0, 150.0, 200.0, 300.0))
    result = run(tmp_path, pl.concat([soils(["flat"], thickness_mm=(200.0,)), deep]), weather())
    frame = read_profiles(Path(result.out))
    lengths = frame.group_by("site_id").agg(pl.col("theta").list.len().first()).sort("site_id")
    assert lengths["theta"].to_list() == [5, 1]


def test_cells_may_cover_unlike_dates(tmp_path: Path) -> None:
    late = weather(5, cell_ids=(2,)).with_columns(pl.col("date") + dt.timedelta(days=400))
    result = run(tmp_path, soils([1, 2], cell_ids=[1, 2]), pl.concat([weather(20), late]))
    spans = read_profiles(Path(result.out)).group_by("site_id").agg(pl.len(), pl.col("date").min())
    assert spans.sort("site_id")["len"].to_list() == [20, 5]
    assert spans.sort("site_id")["date"].to_list()[1] == dt.date(2022, 2, 5)


def test_daily_results_close_the_water_balance(tmp_path: Path) -> None:
    frame = read_profiles(Path(run(tmp_path, soils([1]), weather(40, rain_mm=60.0)).out))
    storage = frame["theta"].list.eval(pl.element() * pl.Series([100.0, 200.0, 300.0])).list.sum()
    before = pl.Series([0.25 * 600.0]).append(storage.head(-1))
    rain = weather(40, rain_mm=60.0)["rain_mm"]
    out = frame["runoff_mm"] + frame["drainage_mm"] + frame["es_mm"]
    error = rain - out - (storage - before) - frame["pond_mm"].diff().fill_null(0.0)
    assert float(error.abs().max()) < 1e-6  # type: ignore[arg-type]


# ---------------------------------------------------------------- what goes in


def test_rows_may_come_in_any_order(tmp_path: Path) -> None:
    ordered = read_profiles(Path(run(tmp_path, soils([1, 2]), weather(), out="a").out))
    shuffled = run(
        tmp_path,
        soils([1, 2]).sample(fraction=1.0, shuffle=True, seed=4),
        weather().sample(fraction=1.0, shuffle=True, seed=5),
        out="b",
    )
    frame = read_profiles(Path(shuffled.out)).sort("site_id", "date")
    assert frame.equals(ordered)


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
@pytest.mark.parametrize(
    "ids", [[3, -1], ["b", "a"], ["007", "7"], ["Weld, CO", 'say "hi"'], [10**12, 5]]
)
def test_ids_are_kept_as_given(tmp_path: Path, ending: str, ids: list[Any]) -> None:
    result = run(tmp_path, soils(ids), weather(2), ending=ending)
    kept = pl.read_csv(result.out, infer_schema=False) if ending == ".csv" else None
    if kept is not None:
        assert kept["site_id"].unique(maintain_order=True).to_list() == [str(i) for i in ids]
    else:
        frame = read_profiles(Path(result.out))
        assert frame["site_id"].unique(maintain_order=True).to_list() == ids


def test_cell_ids_meet_as_text_and_number(tmp_path: Path) -> None:
    forcing = weather(2).with_columns(pl.col("cell_id").cast(pl.String))
    assert run(tmp_path, soils([1]), forcing).done == 1


@pytest.mark.parametrize(
    "turn",
    [
        lambda date: date,
        lambda date: date.cast(pl.Datetime("us")),
        lambda date: date.cast(pl.Datetime("ns")),
        lambda date: date.dt.to_string("%Y-%m-%d"),
        lambda date: date.dt.to_string("%Y-%m-%dT00:00:00"),
    ],
    ids=["date", "datetime", "datetime ns", "text", "text with time"],
)
def test_dates_may_be_dates_datetimes_or_iso_texts(tmp_path: Path, turn: Any) -> None:
    result = run(tmp_path, soils([1]), weather(3).with_columns(turn(pl.col("date"))))
    dates = read_profiles(Path(result.out))["date"].to_list()
    assert dates == weather(3)["date"].to_list()


def test_potential_evaporation_by_the_formula_of_apsim(tmp_path: Path) -> None:
    # By hand, swim3.md section 5: radn 20, tmax 20, tmin 10, albedo 0.13 gives
    # 1.1 * 23.8846 * 20 * (0.000204 - 0.000183 * 0.13) * (12 + 4 + 29) = 4.260 mm.
    forcing = weather(5, rain_mm=0.0).with_columns(
        radn_mj_m2=pl.lit(20.0), tmax_degc=pl.lit(20.0), tmin_degc=pl.lit(10.0)
    )
    given = forcing.with_columns(
        eo_mm=pl.lit(1.1 * 23.8846 * 20.0 * (0.000204 - 0.000183 * 0.13) * 45.0)
    )
    by_formula = run(tmp_path, soils([1]), forcing.drop("eo_mm"), out="a")
    as_given = run(tmp_path, soils([1]), given, out="b")
    left, right = (read_profiles(Path(result.out)) for result in (by_formula, as_given))
    assert left["es_mm"].to_list() == pytest.approx(right["es_mm"].to_list(), rel=1e-9)


def test_a_column_pet_mm_is_the_demand_where_there_is_no_eo_mm(tmp_path: Path) -> None:
    forcing = weather(5, rain_mm=0.0).with_columns(
        radn_mj_m2=pl.lit(20.0), tmax_degc=pl.lit(20.0), tmin_degc=pl.lit(10.0), eo_mm=pl.lit(0.5)
    )
    renamed = forcing.rename({"eo_mm": "pet_mm"})
    both = forcing.with_columns(pet_mm=pl.lit(12.0))
    results = [
        run(tmp_path, soils([1]), t, out=o)
        for t, o in zip((forcing, renamed, both), "abc", strict=True)
    ]
    evaporated = [read_profiles(Path(result.out))["es_mm"].to_list() for result in results]
    assert evaporated[0] == pytest.approx([0.5] * 5, abs=1e-9)  # moist soil gives what air asks for
    assert evaporated[0] == evaporated[1] == evaporated[2]
    assert [result.notes for result in results[:2]] == [[], []]
    (note,) = results[2].notes
    assert "pet_mm beside it has no say" in note


def test_a_day_without_pet_mm_is_no_day_of_the_formula(tmp_path: Path) -> None:
    # The demand is one column; a hole in it is not filled from another without a word.
    forcing = weather(3).rename({"eo_mm": "pet_mm"})
    holed = forcing.with_columns(pet_mm=pl.Series([1.0, None, 1.0]))
    result = run(tmp_path, soils([1]), holed)
    assert result.failed_by_class == {"FORCING_VALUE": 1}
    assert "pet_mm [mm d-1] is empty" in text_of(result, 1)


def test_an_engine_with_a_demand_of_its_own_refuses_another(tmp_path: Path) -> None:
    table = weather(3).with_columns(
        radn_mj_m2=pl.lit(20.0), tmax_degc=pl.lit(20.0), tmin_degc=pl.lit(10.0)
    )
    # Eo by hand: 1.1 * 23.8846 * 20 * (0.000204 - 0.000183 * 0.13) * (0.6 * 20 + 0.4 * 10 + 29)
    own = 1.1 * 23.8846 * 20.0 * (0.000204 - 0.000183 * 0.13) * 45.0
    needs = WeatherNeeds(0.13, temperature=True, radiation=True)
    path = tmp_path / "weather.csv"
    for name in ("eo_mm", "pet_mm"):
        given = table.drop("eo_mm").with_columns(pl.lit(own + 0.005).alias(name))
        batch = weather_from_frame(path, given, needs).batch
        assert set(batch.columns) >= {"eo_mm", "radn_mj_m2", "tmax_degc", "tmin_degc"}
        other = table.drop("eo_mm").with_columns(pl.lit(own + 1.0).alias(name))
        with pytest.raises(RequestError, match="would not heed the column"):
            weather_from_frame(path, other, needs)


def test_an_albedo_that_no_formula_reads_is_told(tmp_path: Path) -> None:
    (note,) = weather_from_frame(tmp_path / "w.csv", weather(2), WeatherNeeds(0.2)).notes
    assert note == "salb 0.2 has no say in the simulation: eo_mm of w.csv is the demand"


def test_an_l_at_which_conductivity_rises_as_soil_dries_is_refused(tmp_path: Path) -> None:
    # n 2 gives m 0.5, so -2 / m is -4: K goes with Se to the power of l + 4 in dry soil.
    table = soils([1, 2]).with_columns(
        n=pl.lit(2.0), l=pl.when(pl.col("site_id") == 1).then(-3.9).otherwise(-4.0)
    )
    result = run(tmp_path, table, weather(3))
    assert result.failed_by_class == {"SOIL_VALUE": 1}
    assert "l -4 is not above -2/m = -4" in text_of(result, 2)


def test_physics_follows_the_columns(tmp_path: Path) -> None:
    for physics in ("swim3", "van_genuchten"):
        path = tmp_path / f"{physics}.csv"
        soils([1], physics=physics).write_csv(path)
        assert choose_physics(path) == physics


def test_columns_of_neither_physics_are_named(tmp_path: Path) -> None:
    path = tmp_path / "soils.csv"
    soils([1]).drop("alpha_per_cm").write_csv(path)
    with pytest.raises(RequestError, match=r"swim3 lacks ll15.*van_genuchten lacks alpha_per_cm"):
        choose_physics(path)


def test_apsim_tables_run_too(tmp_path: Path) -> None:
    result = run(tmp_path, soils([1], physics="swim3"), weather(), physics="swim3")
    assert result.failed == 0


def test_the_first_day_may_start_from_heads(tmp_path: Path) -> None:
    by_head = soils([1]).drop("theta_initial").with_columns(psi_initial_cm=pl.lit(-1000.0))
    # Van Genuchten by hand: 0.089 + 0.315 (1 + 6.7^1.42)^(-0.42/1.42) = 0.2287; a day of no rain
    # and no demand moves little of it.
    still = weather(1, rain_mm=0.0).with_columns(eo_mm=pl.lit(0.0))
    frame = read_profiles(Path(run(tmp_path, by_head, still, initial="psi").out))
    expected = 0.089 + 0.315 * (1.0 + 6.7**1.42) ** (-0.42 / 1.42)
    assert frame["theta"].to_list()[0] == pytest.approx([expected] * 3, abs=1e-3)


def test_heads_must_be_there_when_asked_for(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"lacks columns.*psi_initial_cm"):
        run(tmp_path, soils([1]), weather(2), initial="psi")


# ---------------------------------------------------------------- quarantine


SOIL_FAULTS = [
    ("n", None, "SOIL_VALUE", "n [-] is empty"),
    ("n", 0.9, "SOIL_VALUE", "n 0.9 is outside 1.05 to 10 [-]"),
    ("n", "two", "SOIL_VALUE", "holds text where a number"),
    ("theta_s", float("nan"), "SOIL_VALUE", "theta_s [m3 m-3] is empty or not finite"),
    ("theta_s", float("inf"), "SOIL_VALUE", "theta_s [m3 m-3] is empty or not finite"),
    ("theta_s", 1.2, "SOIL_VALUE", "theta_s 1.2 is outside"),
    ("theta_r", 0.5, "SOIL_ORDER", "theta_r 0.5 is not below, by 0.01, theta_s 0.404"),
    ("theta_initial", 0.6, "SOIL_ORDER", "theta_initial 0.6 is above theta_s 0.404"),
    (
        "theta_initial",
        0.05,
        "SOIL_ORDER",
        "theta_r 0.089 is not below, by 1e-06, theta_initial 0.05",
    ),
    ("thickness_mm", -5.0, "SOIL_VALUE", "thickness_mm -5 is outside"),
    ("thickness_mm", 0.0, "SOIL_VALUE", "thickness_mm 0 is outside"),
    ("ks_mm_d", -1.0, "SOIL_VALUE", "ks_mm_d -1 is outside"),
    ("alpha_per_cm", 0.0, "SOIL_VALUE", "alpha_per_cm 0 is outside"),
    ("layer", 5, "SOIL_LAYERS", "layer 2 is missing"),
    ("layer", 1, "SOIL_LAYERS", "layer 1 occurs twice"),
    ("layer", 1.5, "SOIL_LAYERS", "not a whole number"),
    ("layer", None, "SOIL_LAYERS", "not a whole number"),
    ("cell_id", 99, "SOIL_CELL", "differs between the layers"),
    ("cell_id", None, "SOIL_CELL", "cell_id is empty"),
]


@pytest.mark.parametrize(("column", "value", "failure_class", "said"), SOIL_FAULTS)
def test_a_wrong_soil_row_quarantines_its_site_alone(
    tmp_path: Path, column: str, value: Any, failure_class: str, said: str
) -> None:
    table = soils([1, 2, 3])
    result = run(tmp_path, edited(table, 4, column, value), weather(5))  # site 2, layer 2
    assert result.failed_by_class == {failure_class: 1}
    assert result.done == 2
    assert said in text_of(result, 2)
    row = 6 if value == 5 else 5  # counted from 1; layer 5 is seen where layer 2 should follow
    assert f"row {row}" in text_of(result, 2)
    assert set(read_profiles(Path(result.out))["site_id"]) == {1, 3}


SWIM3_FAULTS = [
    ("ll15", 0.37, "SOIL_ORDER", "ll15 0.37 is not below, by 0.001, dul 0.365"),
    ("dul", 0.41, "SOIL_ORDER", "dul 0.41 is not below, by 0.001, sat 0.404"),
    ("airdry", 0.2, "SOIL_ORDER", "airdry 0.2 is above ll15 0.134"),
    ("sat", 1.01, "SOIL_VALUE", "sat 1.01 is outside"),
    ("psidul_cm", 100.0, "SOIL_VALUE", "psidul_cm 100 is outside"),
    ("psidul_cm", -330.0, "SOIL_VALUE", "differs from -100 in the first layer"),
    ("kdul_mm_d", 0.0, "SOIL_VALUE", "kdul_mm_d 0 is outside"),
]


@pytest.mark.parametrize(("column", "value", "failure_class", "said"), SWIM3_FAULTS)
def test_a_wrong_apsim_soil_row_quarantines_its_site_alone(
    tmp_path: Path, column: str, value: float, failure_class: str, said: str
) -> None:
    table = edited(soils(["a", "b"], physics="swim3"), 4, column, value)
    result = run(tmp_path, table, weather(5), physics="swim3")
    assert result.failed_by_class == {failure_class: 1}
    assert said in text_of(result, "b")


WEATHER_FAULTS = [
    ("rain_mm", -1.0, "FORCING_VALUE", "rain_mm -1 is outside"),
    ("rain_mm", None, "FORCING_VALUE", "rain_mm [mm d-1] is empty"),
    ("rain_mm", "trace", "FORCING_VALUE", "holds text where a number"),
    ("eo_mm", float("nan"), "FORCING_VALUE", "eo_mm [mm d-1] is empty"),
    ("date", None, "FORCING_VALUE", "a date is empty"),
    ("date", dt.date(2021, 1, 7), "FORCING_DUPLICATE", "2021-01-07 occurs twice"),
    ("date", dt.date(2022, 1, 7), "FORCING_GAP", "days are missing between"),
]


@pytest.mark.parametrize(("column", "value", "failure_class", "said"), WEATHER_FAULTS)
def test_a_wrong_weather_row_quarantines_the_sites_of_its_cell(
    tmp_path: Path, column: str, value: Any, failure_class: str, said: str
) -> None:
    forcing = edited(weather(10, cell_ids=(1, 2)), 15, column, value)  # cell 2, its sixth day
    result = run(tmp_path, soils([1, 2, 3], cell_ids=[1, 2, 2]), forcing)
    assert result.failed_by_class == {failure_class: 2}
    assert said in text_of(result, 2)
    assert "weather cell 2" in text_of(result, 3)
    assert set(read_profiles(Path(result.out))["site_id"]) == {1}


def test_a_missing_day_is_a_gap(tmp_path: Path) -> None:
    forcing = weather(10).filter(pl.col("date") != dt.date(2021, 1, 4))
    result = run(tmp_path, soils([1]), forcing)
    assert "1 days are missing between 2021-01-03 and 2021-01-05" in text_of(result, 1)


def test_a_site_in_an_unknown_cell_is_named(tmp_path: Path) -> None:
    result = run(tmp_path, soils([1, 2], cell_ids=[1, 9]), weather(5))
    assert result.failed_by_class == {"FORCING_MISSING": 1}
    assert "weather cell 9 is not in the weather table" in text_of(result, 2)


def test_tmin_above_tmax_is_refused(tmp_path: Path) -> None:
    forcing = edited(weather(5), 2, "tmin_degc", 20.0)
    result = run(tmp_path, soils([1]), forcing, snow=True)
    assert "tmin_degc 20 is above tmax_degc 15" in text_of(result, 1)


def test_a_row_without_a_site_is_told_with_its_number(tmp_path: Path) -> None:
    result = run(tmp_path, edited(soils([1, 2]), 5, "site_id", None), weather(5))
    assert "1 rows of soils.parquet have no site_id, the first is row 6" in text_of(result, None)


def test_words_in_csv_numbers_are_counted(tmp_path: Path) -> None:
    table = soils([1, 2]).with_columns(pl.col("n").cast(pl.String))
    table = table.with_columns(n=pl.when(pl.col("site_id") == 2).then(pl.lit("?")).otherwise("n"))
    result = run(tmp_path, table, weather(5), ending=".csv")
    assert "n reads ?" in text_of(result, 2)
    assert "2 more at this site" in text_of(result, 2)
    assert result.done == 1


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_the_quarantine_lies_beside_the_profiles_and_goes_when_mended(
    tmp_path: Path, ending: str
) -> None:
    wrong = edited(soils([1, 2]), 0, "n", 0.5)
    first = run(tmp_path, wrong, weather(5), ending=ending)
    table = tmp_path / f"profiles.failed{ending}"
    assert first.failed_table == str(table)
    frame = pl.read_csv(table) if ending == ".csv" else pl.read_parquet(table)
    assert frame["site_id"].to_list() == [1]
    assert frame["failure_class"].to_list() == ["SOIL_VALUE"]
    assert frame["layer"].to_list() == [1]
    assert frame["attempts"].to_list() == [0]
    second = run(tmp_path, soils([1, 2]), weather(5), ending=ending, force=True)
    assert second.failed_table is None
    assert not table.exists()


def test_when_every_site_fails_the_table_is_empty_but_whole(tmp_path: Path) -> None:
    result = run(tmp_path, edited(soils([1]), 0, "n", 0.5), weather(5))
    frame = read_profiles(Path(result.out))
    assert frame.height == 0
    assert frame.schema["theta"] == pl.List(pl.Float64)


# ---------------------------------------------------------------- the file as a whole


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.drop("n"), r"lacks columns.*n \[-\]"),
        (lambda frame: frame.rename({"ks_mm_d": "ks_mm"}), "did you mean ks_mm"),
        (lambda frame: frame.clear(), "has no rows"),
    ],
)
def test_a_soils_table_that_cannot_be_used_is_refused(
    tmp_path: Path, change: Any, said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        run(tmp_path, change(soils([1])), weather(5))


def test_weather_with_neither_form_of_evaporation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no eo_mm or pet_mm is there.*radn_mj_m2"):
        run(tmp_path, soils([1]), weather(5).drop("eo_mm"))


@pytest.mark.parametrize("switch", ["snow", "frozen_soil"])
def test_winter_needs_temperatures(tmp_path: Path, switch: str) -> None:
    with pytest.raises(RequestError, match=r"snow, frozen soil or leaves .* needs: tmax_degc"):
        run(tmp_path, soils([1]), weather(5).drop("tmax_degc"), **{switch: True})


def test_numeric_dates_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="give dates"):
        run(tmp_path, soils([1]), weather(3).with_columns(date=pl.lit(20210101)))


def test_another_unit_in_the_metadata_is_refused(tmp_path: Path) -> None:
    table = soils([1]).to_arrow()
    position = table.schema.get_field_index("ks_mm_d")
    field = table.schema.field(position).with_metadata({"unit": "cm d-1"})
    path = tmp_path / "s.parquet"
    pq.write_table(table.cast(table.schema.set(position, field)), path)
    from rootzone.engines.tables.read_soils import read_soils

    with pytest.raises(RequestError, match=r"ks_mm_d is in \[cm d-1\], not in \[mm d-1\]"):
        read_soils(path, "van_genuchten")


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    run(tmp_path, soils([1]), weather(3))
    with pytest.raises(RequestError, match="--force"):
        run(tmp_path, soils([1]), weather(3))
    assert run(tmp_path, soils([1]), weather(3), force=True).done == 1


def test_an_output_of_another_ending_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"must end in \.parquet or \.csv"):
        simulate_tables(
            tmp_path / "none.csv",
            tmp_path / "none.csv",
            tmp_path / "out.nc",
            SwimEngine(settings_from_mapping("van_genuchten", "converged", {})),
            physics="van_genuchten",
            needs=WeatherNeeds(0.13),
        )


def test_an_engine_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    class Broken(SwimEngine):
        def stream(self, batch: Any) -> Any:
            yield from super().stream(batch)
            raise KeyboardInterrupt

    soils([1]).write_parquet(tmp_path / "s.parquet")
    weather(3).write_parquet(tmp_path / "w.parquet")
    with pytest.raises(KeyboardInterrupt):
        simulate_tables(
            tmp_path / "s.parquet",
            tmp_path / "w.parquet",
            tmp_path / "p.parquet",
            Broken(settings_from_mapping("van_genuchten", "converged", {})),
            physics="van_genuchten",
            needs=WeatherNeeds(0.13),
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.parquet", "w.parquet"]


# ---------------------------------------------------------------- winter


def test_winter_water_is_all_accounted_for(tmp_path: Path) -> None:
    forcing = weather(60).with_columns(
        tmax_degc=pl.when(pl.int_range(60) < 30).then(-8.0).otherwise(9.0),
        tmin_degc=pl.when(pl.int_range(60) < 30).then(-14.0).otherwise(1.0),
    )
    result = run(tmp_path, soils([1]), forcing, snow=True, frozen_soil=True)
    frame = read_profiles(Path(result.out))
    assert frame.columns[-1] == "snow_mm"
    assert float(frame["snow_mm"].max()) > 10.0  # type: ignore[arg-type]
    storage = frame["theta"].list.eval(pl.element() * pl.Series([100.0, 200.0, 300.0])).list.sum()
    held = storage + frame["pond_mm"] + frame["snow_mm"]
    before = pl.Series([0.25 * 600.0]).append(held.head(-1))
    out = frame["runoff_mm"] + frame["drainage_mm"] + frame["es_mm"]
    error = forcing["rain_mm"] - out - (held - before)
    assert float(error.abs().max()) < 1e-6  # type: ignore[arg-type]


# ---------------------------------------------------------------- covers of the sites' own


def warm(n_day: int = 40) -> pl.DataFrame:
    """Weather warm enough for leaves."""
    return weather(n_day, rain_mm=2.0).with_columns(
        pl.lit(26.0).alias("tmax_degc"), pl.lit(14.0).alias("tmin_degc")
    )


def covered(*covers: str | None) -> pl.DataFrame:
    """A loam a cover."""
    ids = list(range(1, len(covers) + 1))
    named = pl.Series("cover", [cover for cover in covers for _ in range(3)], dtype=pl.String)
    return soils(ids).with_columns(named)


def test_a_column_cover_grows_at_each_site_what_it_says(tmp_path: Path) -> None:
    out = run(tmp_path, covered("grass", None, "bare"), warm()).out
    by_site = read_profiles(Path(out)).partition_by("site_id")
    # As the same site with the setting; and no cover is as no column.
    grass = read_profiles(Path(run(tmp_path, soils([1]), warm(), out="g", cover="grass").out))
    fallow = read_profiles(Path(run(tmp_path, soils([2]), warm(), out="b").out))
    assert by_site[0].equals(grass)
    assert by_site[1].select(fallow.columns).equals(fallow)
    assert by_site[1]["transpiration_mm"].sum() == by_site[2]["transpiration_mm"].sum() == 0.0
    assert by_site[0]["transpiration_mm"].sum() > 1.0


def test_a_column_of_bare_ground_alone_has_the_same_columns(tmp_path: Path) -> None:
    frame = read_profiles(Path(run(tmp_path, covered("bare", "bare"), warm(3)).out))
    assert frame.select(PLANT_COLUMNS).sum().row(0) == (0.0, 0.0, 0.0)


def test_a_cover_that_is_none_or_cannot_grow_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"row 4: there is no cover 'gras'.*grass"):
        run(tmp_path, covered("bare", "gras"), warm(3))
    swim3 = soils([1], physics="swim3").with_columns(pl.lit("grass").alias("cover"))
    with pytest.raises(RequestError, match=r"column cover.*grass needs stepping converged"):
        run(tmp_path, swim3, warm(3), physics="swim3")


def test_apsim_grows_no_cover_and_says_so(tmp_path: Path) -> None:
    class Apsim(SwimEngine):
        @property
        def name(self) -> str:
            return "apsim"

    covered("grass").write_parquet(tmp_path / "s.parquet")
    warm(3).write_parquet(tmp_path / "w.parquet")
    engine = Apsim(settings_from_mapping("van_genuchten", "converged", {}))
    paths = [tmp_path / name for name in ("s.parquet", "w.parquet", "out.parquet")]
    with pytest.raises(RequestError, match="has a column cover"):
        simulate_tables(*paths, engine, physics="van_genuchten", needs=WeatherNeeds(0.23))


def test_a_long_gap_in_leaf_area_fails_its_cell_alone(tmp_path: Path) -> None:
    # 50 days: cell 1 has leaf area every fourth day, as MODIS; cell 2 none for 33 days of it;
    # cell 3 a code of MODIS (250 times 0.1) where leaf area is due.
    forcing = weather(50, cell_ids=(1, 2, 3))
    day = pl.col("date").rank("dense").over("cell_id") - 1
    lai = (
        pl.when((pl.col("cell_id") == 2) & day.is_between(10, 42)).then(None)
        .when((pl.col("cell_id") == 3) & (day == 8)).then(25.0)
        .when(day % 4 == 0).then(2.0)
        .when(pl.col("cell_id") == 2).then(2.0)
    )  # fmt: skip
    forcing = forcing.with_columns(lai.alias("lai"))
    result = run(tmp_path, soils([7, 8, 9], cell_ids=[1, 2, 3]), forcing, cover="grass", lai=True)
    assert result.sites == 3
    assert {f.site_id for f in result.failures} == {8, 9}
    assert "lai is missing on 33 days from 2021-01-11 on" in text_of(result, 8)
    assert "lai 25 is outside 0 to 20" in text_of(result, 9)
    # Where leaves follow temperature, or none grow, the column has no say.
    bare = run(tmp_path, soils([8, 9], cell_ids=[2, 3]), forcing, out="bare", force=True)
    assert not bare.failures
