"""rootzone forcing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from rootzone._cli import cli
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import read_provenance
from rootzone._shared.table_files import read_table
from rootzone._shared.tables import WEATHER
from rootzone.engines.tables.read_weather import WeatherNeeds, weather_from_frame
from tests.covariates.weather_files import write_year

# Inside the twelve cells that weather_files writes (rows 224-226, columns 466-469).
CAMPAIGN = """\
name: small
region:
  bounds_lonlat_deg: [-105.36, 39.97, -105.21, 40.08]
years: [2023]
engine:
  spin_up_days: 0
"""


@pytest.fixture
def campaign(tmp_path):
    path = tmp_path / "campaign.yaml"
    path.write_text(CAMPAIGN)
    return path


def run(*arguments):
    return CliRunner().invoke(cli, ["forcing", *map(str, arguments)])


def test_a_year_is_written_with_its_gap_report_and_provenance(campaign):
    write_year(campaign.parent / "data", 2023)
    done = run(campaign)
    assert done.exit_code == 0, done.output
    assert "{}" not in done.output
    path = campaign.parent / "weather" / "weather_2023.parquet"
    table = read_table(path, WEATHER, required=["pet_mm", "net_30d_mm"])
    assert table.height == 12 * 365
    report = json.loads((path.parent / "gaps_2023.json").read_text())
    assert report["cells"] == 12
    assert report["gaps"] == []
    record = read_provenance(path)
    # The default demand is APSIM's Eo: the source's own is not opened, and the simulation gets the
    # very doubles that the formula gives of the table's radiation and temperatures.
    assert record.settings["pet_form"] == "apsim"
    assert set(record.inputs) == {f"{v}_2023.nc" for v in ("pr", "tmmx", "tmmn", "srad", "vpd")}
    needs = WeatherNeeds(0.13)
    driven = weather_from_frame(path, table, needs).batch.columns["eo_mm"]
    formula = weather_from_frame(path, table.drop("pet_mm"), needs).batch.columns["eo_mm"]
    assert driven.tolist() == formula.tolist()


def test_nothing_is_overwritten_without_force(campaign):
    write_year(campaign.parent / "data", 2023)
    assert run(campaign).exit_code == 0
    again = run(campaign)
    assert isinstance(again.exception, RequestError)
    assert run(campaign, "--force").exit_code == 0


def test_a_gap_stops_the_work_or_is_counted(campaign):
    def change(short, values):
        values = values.copy()
        if short == "pr":
            values[45] = np.nan
        return values

    write_year(campaign.parent / "data", 2023, change=change)
    refused = run(campaign)
    assert isinstance(refused.exception, RequestError)
    assert "FORCING_GAP gridmet 2023" in str(refused.exception)
    assert not (campaign.parent / "weather").exists()
    campaign.write_text(CAMPAIGN + "weather:\n  gaps: fill\n")
    filled = run(campaign, "--json")
    assert filled.exit_code == 0, filled.output
    facts = json.loads(filled.stdout)[0]
    assert facts["cell_days"] == {"rain_mm": {"missing day": 12}}
    assert facts["left_empty"] == {"rain_mm": 12}


def test_the_years_of_spin_up_are_prepared_too(campaign):
    campaign.write_text(CAMPAIGN.replace("spin_up_days: 0", "spin_up_days: 365"))
    for year in (2022, 2023):
        write_year(campaign.parent / "data", year)
    done = run(campaign, "--json")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert [(f["year"], f["sums_reach_into_year_before"]) for f in facts] == [
        (2022, False),
        (2023, True),
    ]


def test_missing_files_name_the_command_that_gets_them(campaign):
    refused = run(campaign)
    assert isinstance(refused.exception, RequestError)
    assert "rootzone fetch" in str(refused.exception)


def test_a_finished_year_is_kept_and_a_damaged_one_made_again(campaign):
    campaign.write_text(CAMPAIGN.replace("[2023]", "[2022, 2023]"))
    for year in (2022, 2023):
        write_year(campaign.parent / "data", year)
    assert run(campaign).exit_code == 0
    folder = campaign.parent / "weather"
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name in ("weather_2022.parquet", "gaps_2023.json"):
        hurt = bytearray(whole[name])
        hurt[200] ^= 4
        (folder / name).write_bytes(hurt)
        done = run(campaign)
        assert done.exit_code == 0, done.output
        kept = 2022 + 2023 - int(name.partition(".")[0][-4:])
        assert f"{kept}: kept as it is" in done.output
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
    (folder / "weather_2023.parquet").unlink()
    campaign.write_text(campaign.read_text() + "weather:\n  gaps: fill\n")
    other = run(campaign)
    assert isinstance(other.exception, RequestError)
    assert "weather_2022.parquet was made with other settings" in str(other.exception)
