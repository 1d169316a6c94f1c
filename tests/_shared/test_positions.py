"""Places that cannot be, whatever table they stand in."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import rootzone as rz
from rootzone._cli import cli
from rootzone._shared.errors import RequestError
from rootzone._shared.positions import refuse_impossible_places
from rootzone._shared.table_files import read_table
from rootzone._shared.tables import SITES
from rootzone.covariates.weather.read_met import read_met


@pytest.mark.parametrize(
    ("lat", "lon", "said"),
    [
        (-105.2, 40.0, "exchanged"),  # Boulder with its columns exchanged
        (91.0, 200.0, "-90 to 90"),
        (40.0, -190.0, "-180 to 180"),
        (4433000.0, 476000.0, "metres of a projection"),  # UTM 13N of Boulder
    ],
)
def test_a_row_off_the_globe_is_named_with_what_would_explain_it(lat, lon, said) -> None:
    frame = pl.DataFrame({"lat": [40.0, None, lat], "lon": [-105.0, None, lon]})
    with pytest.raises(RequestError, match=said) as told:
        refuse_impossible_places(frame, Path("p.csv"))
    assert "p.csv row 3" in str(told.value)
    assert "1 of 2 rows" in str(told.value)


def test_places_of_either_convention_and_tables_without_places_pass() -> None:
    for frame in (
        pl.DataFrame({"Latitude": [-90.0, 90.0], "Longitude": [-180.0, 360.0]}),
        pl.DataFrame({"lat": [float("nan")], "lon": [999.0]}),
        pl.DataFrame({"lat": [400.0]}),
        pl.DataFrame({"lat": ["far"], "lon": ["away"]}),
    ):
        refuse_impossible_places(frame, Path("p.csv"))


def test_a_sites_table_is_held_to_it(tmp_path: Path) -> None:
    columns = {c.name: [1] for c in SITES.columns if c.required and c.kind in ("int", "id")}
    columns |= {c.name: [1.0] for c in SITES.columns if c.required and c.kind == "float"}
    columns |= {c.name: ["a"] for c in SITES.columns if c.required and c.kind == "text"}
    columns |= {c.name: [True] for c in SITES.columns if c.required and c.kind == "bool"}
    path = tmp_path / "sites.csv"
    pl.DataFrame(columns | {"lat": [40.0], "lon": [-105.0]}).write_csv(path)
    assert read_table(path, SITES).height == 1
    pl.DataFrame(columns | {"lat": [-105.0], "lon": [40.0]}).write_csv(path)
    with pytest.raises(RequestError, match="exchanged"):
        read_table(path, SITES)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_labels_are_held_to_it_where_they_are_split(tmp_path: Path, ending: str) -> None:
    frame = pl.DataFrame(
        {
            "site_id": ["a", "b"],
            "date": [date(2020, 6, 1), date(2020, 6, 2)],
            "theta": [0.2, 0.3],
            "lat": [-105.0, -106.0],
            "lon": [40.0, 41.0],
        }
    )
    path = tmp_path / f"labels.{ending}"
    if ending == "csv":
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    words = ["split", str(path), "--out", str(tmp_path / "s.parquet")]
    done = CliRunner().invoke(cli, words)
    assert isinstance(done.exception, RequestError)
    assert "exchanged" in str(done.exception)


def test_the_latitude_of_a_met_file_is_held_to_it(tmp_path: Path) -> None:
    text = (
        "[weather.met.weather]\nlatitude = {} (DECIMAL DEGREES)\ntav = 10 (oC)\namp = 10 (oC)\n"
        "year day radn maxt mint rain\n() () (MJ/m2) (oC) (oC) (mm)\n2020 1 10 10 0 0\n"
    )
    path = tmp_path / "w.met"
    path.write_text(text.format("40.1"))
    assert read_met(path).latitude_deg == 40.1
    for wrong in ("-105.2", "north"):
        path.write_text(text.format(wrong))
        with pytest.raises(RequestError, match="latitude"):
            read_met(path)


def test_the_front_door_refuses_such_a_table_in_memory_and_on_disk(tmp_path: Path) -> None:
    frame = pl.DataFrame({"site_id": [1], "lat": [-105.0], "lon": [40.0]})
    with pytest.raises(RequestError, match=r"table of soil layers, row 1.*exchanged"):
        rz.make_soils(frame, thickness_mm=[100.0])
    frame.write_csv(tmp_path / "sites.csv")
    with pytest.raises(RequestError, match="exchanged"):
        rz.read(tmp_path / "sites.csv")
