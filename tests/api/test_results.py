"""What goes in at the front door and what comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import xarray as xr
from click.testing import CliRunner

import rootzone as rz
from rootzone._cli import cli
from rootzone._shared.tables import PROFILES
from rootzone.api.example import example_campaign

LOAM = {"sand_pct": 40.0, "silt_pct": 40.0, "clay_pct": 20.0}
N_DAY = 40


@pytest.fixture(scope="module")
def weather() -> dict[str, object]:
    rng = np.random.default_rng(5)
    return {
        "date": np.arange("2023-06-01", "2023-07-11", dtype="datetime64[D]"),
        "rain_mm": np.where(rng.random(N_DAY) < 0.3, 12.0, 0.0),
        "eo_mm": np.full(N_DAY, 4.0),
    }


@pytest.fixture(scope="module")
def run(weather: dict[str, object]) -> rz.Profiles:
    soils = rz.make_soils({"site_id": ["a", "b"], "sand_pct": [40, 80], "silt_pct": [40, 10],
                           "clay_pct": [20, 10]})  # fmt: skip
    return rz.simulate(soils, weather)


def test_a_table_may_be_a_mapping_polars_pandas_or_a_file(tmp_path: Path) -> None:
    frame = pl.DataFrame({"site_id": [1], "top_mm": [0.0], "bottom_mm": [300.0], **LOAM})
    frame.write_csv(tmp_path / "soil.csv")
    given = [frame, frame.lazy(), frame.to_pandas(), frame.to_dict(as_series=False),
             tmp_path / "soil.csv", str(tmp_path / "soil.csv")]  # fmt: skip
    made = [rz.make_soils(one).to_polars() for one in given]
    assert all(one.equals(made[0]) for one in made)


def test_a_named_index_of_pandas_is_a_column(run: rz.Profiles, weather: dict[str, object]) -> None:
    soils = rz.make_soils({"site_id": ["a"], "sand_pct": 40, "silt_pct": 40, "clay_pct": 20})
    by_day = pd.DataFrame(weather).set_index("date")
    again = rz.simulate(soils, by_day).to_polars()
    assert again.equals(run.to_polars().filter(pl.col("site_id") == "a"))


def test_the_front_door_gives_the_numbers_of_the_verbs(
    weather: dict[str, object], tmp_path: Path
) -> None:
    table = tmp_path / "texture.csv"
    pl.DataFrame({"site_id": [7], "top_mm": 0.0, "bottom_mm": 1500.0, **LOAM}).write_csv(table)
    sky = pl.DataFrame({"cell_id": [7] * N_DAY, **weather})  # type: ignore[dict-item]
    sky.write_parquet(tmp_path / "weather.parquet")
    layers = ",".join(map(str, rz.LAYERS_MM))
    invoke = CliRunner().invoke
    at = {name: str(tmp_path / name) for name in ("soils.parquet", "weather.parquet", "p.parquet")}
    shown = invoke(cli, ["soils", str(table), "--out", at["soils.parquet"], "--layers", layers])
    assert shown.exit_code == 0, shown.output
    shown = invoke(cli, ["simulate-tables", "--soils", at["soils.parquet"], "--weather",
                         at["weather.parquet"], "--out", at["p.parquet"]])  # fmt: skip
    assert shown.exit_code == 0, shown.output
    soils = rz.make_soils(table, thickness_mm=rz.LAYERS_MM)
    by_verb, run = rz.read(at["p.parquet"]), rz.simulate(soils, sky)
    assert isinstance(by_verb, rz.Profiles)
    assert soils.to_polars().equals(rz.read(at["soils.parquet"]).to_polars())  # type: ignore[union-attr]
    assert run.to_polars().equals(by_verb.to_polars())
    shown = invoke(cli, ["label-tables", at["p.parquet"], "--soils", at["soils.parquet"], "--out",
                         str(tmp_path / "labels"), "--depth", "200"])  # fmt: skip
    assert shown.exit_code == 0, shown.output
    on_disk = rz.read(tmp_path / "labels")
    assert isinstance(on_disk, rz.Labels)
    ours = rz.make_labels(run, depth_mm=200).to_polars()
    assert ours["theta"].equals(on_disk.to_polars()["theta"])


def test_labelled_arrays_have_cf_names_units_and_provenance(run: rz.Profiles) -> None:
    data = run.to_xarray()
    assert data["theta"].dims == ("site_id", "date", "layer")
    # CF standard name table, version 86 and later; units are those of the stored columns.
    name = "volume_fraction_of_condensed_water_in_soil"
    assert data["theta"].attrs["standard_name"] == name
    assert data["theta"].attrs["units"] == "m3 m-3"
    assert data["drainage_mm"].attrs["units"] == "mm d-1"
    assert data["date"].attrs["standard_name"] == "time"
    # Mid-depths of 50, 50, 50, 50, 100 mm by hand: 25, 75, 125, 175, 250 mm.
    assert data["depth_mm"].values[:5].tolist() == [25.0, 75.0, 125.0, 175.0, 250.0]
    assert data.attrs["digest"] == run.provenance.digest  # type: ignore[union-attr]


def test_labelled_arrays_hold_the_values_of_the_table(run: rz.Profiles) -> None:
    data, frame = run.to_xarray(), run.to_polars()
    row = frame.filter(pl.col("site_id") == "b").row(10, named=True)
    there = data.sel(site_id="b", date=np.datetime64(row["date"]))
    assert there["theta"].values.tolist() == row["theta"]
    assert float(there["runoff_mm"]) == row["runoff_mm"]


def test_labelled_arrays_go_to_netcdf_and_back(run: rz.Profiles, tmp_path: Path) -> None:
    theta = run.at_depth(200).to_xarray()
    theta.to_netcdf(tmp_path / "theta.nc")
    with xr.open_dataset(tmp_path / "theta.nc") as again:
        xr.testing.assert_allclose(again["theta"].load(), theta)


def test_sites_of_other_lengths_are_filled_with_nan() -> None:
    profiles = {"site_id": [1, 1, 2], "date": ["2023-01-01", "2023-01-02", "2023-01-02"],
                "theta": [[0.1, 0.2, 0.3], [0.2, 0.3, 0.4], [0.5, 0.6]]}  # fmt: skip
    data = rz.Profiles(
        pl.DataFrame(profiles).with_columns(pl.col("date").str.to_date()), PROFILES
    ).to_xarray()
    assert np.isnan(data["theta"].sel(site_id=2, date="2023-01-01")).all()
    assert data["theta"].sel(site_id=2, date="2023-01-02").values[:2].tolist() == [0.5, 0.6]
    assert np.isnan(data["theta"].values[1, 1, 2])


def test_rows_with_the_same_keys_have_no_cube() -> None:
    twice = pl.DataFrame({"site_id": [1, 1], "date": ["2023-01-01"] * 2, "theta": [[0.1], [0.2]]})
    profiles = rz.Profiles(twice.with_columns(pl.col("date").str.to_date()), PROFILES)
    with pytest.raises(rz.RootzoneError, match="Two rows are of site_id 1, date 2023-01-01"):
        profiles.to_xarray()


def test_a_table_goes_to_disk_and_back_with_units_and_provenance(tmp_path: Path) -> None:
    soils = rz.make_soils(LOAM)
    soils.write(tmp_path / "soils.parquet")
    again = rz.read(tmp_path / "soils.parquet")
    assert isinstance(again, rz.Soils)
    assert again.to_polars().equals(soils.to_polars())
    assert again.provenance == soils.provenance
    with pytest.raises(rz.RootzoneError, match="exists"):
        soils.write(tmp_path / "soils.parquet")


def test_pandas_frames_carry_their_units() -> None:
    assert rz.make_soils(LOAM).to_pandas().attrs["units"]["alpha_per_cm"] == "cm-1"


def test_one_bad_site_is_a_row_and_the_others_stand(weather: dict[str, object]) -> None:
    soils = rz.make_soils({"sand_pct": [40, 90], "silt_pct": [40, 90], "clay_pct": [20, 90]})
    assert soils.to_polars()["site_id"].unique().to_list() == [1]
    assert soils.refused is not None
    assert soils.refused["site_id"].unique().to_list() == [2]
    two = pl.concat(
        [soils.to_polars(), soils.to_polars().with_columns(site_id=pl.lit(9, pl.Int64), n=0.5)]
    )
    run = rz.simulate(two, weather)
    assert run.to_polars()["site_id"].unique().to_list() == [1]
    assert run.failures is not None
    assert run.failures["site_id"].to_list() == [9]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda w: rz.make_soils(42), "are a int. Give a polars or pandas frame"),
        (lambda w: rz.make_soils({"sand_pct": [40, 50], "silt_pct": [40]}), "differ in length"),
        (lambda w: rz.make_soils({"snad_pct": 40, "silt_pct": 40, "clay_pct": 20}), "sand_pct"),
        (lambda w: rz.make_soils(LOAM, dul_suction=300), "no limit 'dul_suction'"),
        (lambda w: rz.make_soils({**LOAM, "clay_pct": 80.0}), "none of the 1 sites is usable"),
        (lambda w: rz.make_soils("no.csv"), "no.csv does not exist"),
        (lambda w: rz.simulate(rz.make_soils(LOAM), {"date": ["2023-06-01"]}), "rain_mm"),
        (lambda w: rz.simulate(rz.make_soils(LOAM), w, rain_hour=4), "rain_hour is not a setting"),
        (lambda w: rz.simulate(LOAM, w), "columns of neither physics"),
        (
            lambda w: rz.simulate(rz.make_soils(LOAM), {**w, "rain_mm": np.full(N_DAY, -1.0)}),
            "None of the 1 sites could be simulated",
        ),
        (lambda w: rz.simulate(rz.make_soils(LOAM), w).at_depth(2000), "below the last"),
        (lambda w: rz.simulate(rz.make_soils(LOAM), w).at_depth("deep"), "neither a depth"),
        (
            lambda w: rz.make_labels({"site_id": [1], "date": ["2023-06-01"], "theta": [[0.1]]}),
            "depths of the profiles' layers are not known",
        ),
        (lambda w: rz.make_labels({"site_id": [1]}), "lack the column date"),
        (lambda w: rz.read_stations("nowhere"), "nowhere does not exist"),
        (lambda w: rz.open_campaign("no.yaml"), "no.yaml"),
    ],
)
def test_bad_input_is_refused_with_what_to_mend(
    call: object, told: str, weather: dict[str, object], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises(rz.RootzoneError) as caught:
        call(weather)  # type: ignore[operator]
    assert told in str(caught.value)


def test_a_campaign_goes_on_with_what_the_command_line_left(beside: Path) -> None:
    campaign = rz.open_campaign("campaign.yaml")
    runs = sorted((beside / "runs").glob("shard=*/profiles.parquet"))
    before = [path.stat().st_mtime_ns for path in runs]
    assert campaign.simulate().sites_done == 24
    assert [path.stat().st_mtime_ns for path in runs] == before
    shown = CliRunner().invoke(cli, ["labels", "campaign.yaml"])
    assert shown.exit_code == 0, shown.output
    labels = campaign.labels(depth_mm=200)
    assert labels.to_xarray().sizes == {"site_id": 24, "date": 365, "depth_mm": 1}
    site = labels.to_polars()["site_id"][0]
    profile = campaign.profiles(site=site).at_depth(200).to_polars()
    ours = labels.to_polars().filter(pl.col("site_id") == site)
    both = ours.join(profile, on="date", suffix="_profile")
    assert both.height == 365
    assert both["theta"].to_list() == pytest.approx(both["theta_profile"].to_list(), abs=1e-6)
    assert campaign.made() == ["forcing", "sites", "soils", "simulate", "labels"]


def test_a_profile_of_no_site_is_refused(beside: Path) -> None:
    campaign = rz.open_campaign("campaign.yaml")
    with pytest.raises(rz.RootzoneError, match="Site 99999 has no profiles"):
        campaign.profiles(site=99999)
    with pytest.raises(rz.RootzoneError, match="Name a site or a shard"):
        campaign.profiles()


def test_the_data_folder_comes_from_the_environment(
    beside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOTZONE_DATA", "/somewhere")
    assert rz.open_campaign("campaign.yaml").data == Path("/somewhere")


def test_the_example_is_opened_where_it_is_there_already(example: Path) -> None:
    before = (example / "campaign.yaml").stat().st_mtime_ns
    assert example_campaign(example).made()[:2] == ["forcing", "sites"]
    assert (example / "campaign.yaml").stat().st_mtime_ns == before


def test_pictures_have_units_on_their_axes(run: rz.Profiles) -> None:
    assert run.plot().get_ylabel() == "depth [mm]"
    assert run.at_depth(200).plot().get_ylabel() == "water content [m³ m⁻³]"
    assert len(rz.make_soils(LOAM).plot().axes) == 2


def test_a_column_cover_of_the_soils_grows_at_its_site(weather: dict[str, object]) -> None:
    soils = rz.make_soils({"site_id": ["a", "b"], "sand_pct": 40, "silt_pct": 40, "clay_pct": 20})
    named = pl.col("site_id").replace_strict({"a": "grass", "b": "bare"}).alias("cover")
    sky = weather | {"tmax_degc": np.full(N_DAY, 26.0), "tmin_degc": np.full(N_DAY, 14.0)}
    both = rz.simulate(soils.to_polars().with_columns(named), sky).to_polars()
    alone = rz.simulate(soils, sky, cover="grass").to_polars()
    assert both.filter(site_id="a").equals(alone.filter(site_id="a"))
    fallow = rz.simulate(soils, sky).to_polars().filter(site_id="b")
    assert both.filter(site_id="b").select(fallow.columns).equals(fallow)


def test_members_of_a_soil_give_a_label_its_spread(weather: dict[str, object]) -> None:
    soils = rz.make_soils(
        {"site_id": ["a", "b"], "sand_pct": 40, "silt_pct": 40, "clay_pct": 20, "bd_g_cm3": 1.4},
        ptf="wosten1999", members=["rosetta3_h3", "weynants2009"], fill_inputs=True,
    )  # fmt: skip
    assert sorted(soils.to_polars()["site_id"].unique()) == [
        f"{site}@{name}" for site in "ab" for name in ("rosetta3_h3", "weynants2009", "wosten1999")
    ]
    labels = rz.make_labels(rz.simulate(soils, weather), depth_mm=200)
    own = labels.to_polars().filter(pl.col("site_id").str.starts_with("a@"))["theta"]
    spread = labels.spread().filter(site_id="a")
    assert spread.height == N_DAY
    first = own.gather_every(N_DAY).to_numpy().astype(float)  # the first day of each member
    assert spread["theta"][0] == pytest.approx(first.mean())
    assert spread["theta_sd"][0] == pytest.approx(first.std(ddof=1))
    assert spread["theta_high"][0] - spread["theta_low"][0] == pytest.approx(np.ptp(first))
    assert spread["members"].unique().to_list() == [3]


def test_labels_without_members_have_no_spread(run: rz.Profiles) -> None:
    with pytest.raises(rz.RootzoneError, match="SITE@FUNCTION"):
        rz.make_labels(run).spread()
