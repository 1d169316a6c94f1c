from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, read_provenance
from rootzone._shared.table_files import read_table, write_table
from rootzone._shared.tables import PROFILES, SCHEMAS, SOILS, WEATHER

RECORD = Provenance(verb="test")


def weather() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "cell_id": ["a", "a"],
            "date": [date(2023, 1, 1), date(2023, 1, 2)],
            "rain_mm": [0.0, 2.5],
            "eo_mm": [1.0, 1.2],
        }
    )


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_a_table_comes_back_as_it_was_written(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"weather{ending}"
    write_table(path, weather(), WEATHER, RECORD)
    assert read_table(path, WEATHER).equals(weather())
    assert read_provenance(path) == RECORD


def test_units_and_meanings_lie_in_the_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "weather.parquet"
    write_table(path, weather(), WEATHER, RECORD)
    metadata = pq.read_schema(path).field("rain_mm").metadata
    assert metadata[b"unit"] == b"mm d-1"
    assert metadata[b"description"] == b"precipitation"


def test_a_missing_column_is_named_with_its_unit_and_the_likeliest_slip(tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    path.write_text("cell_id,date,rain\n1,2023-01-01,0.0\n")
    with pytest.raises(RequestError) as caught:
        read_table(path, WEATHER)
    assert str(path) in str(caught.value)
    assert "rain_mm [mm d-1] is missing" in str(caught.value)
    assert "did you mean rain?" in str(caught.value)


def test_a_wrong_unit_in_the_metadata_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weather.parquet"
    write_table(path, weather(), WEATHER, RECORD)
    table = pq.read_table(path)
    fields = [
        field.with_metadata({"unit": "inch"}) if field.name == "rain_mm" else field
        for field in table.schema
    ]
    pq.write_table(table.cast(pa.schema(fields)), path)
    with pytest.raises(RequestError, match=r"rain_mm is in \[inch\], not in \[mm d-1\]"):
        read_table(path, WEATHER)


def test_text_among_numbers_is_refused_with_the_column(tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    path.write_text("cell_id,date,rain_mm\n1,2023-01-01,0.0\n1,2023-01-02,trace\n")
    with pytest.raises(RequestError, match=r"column rain_mm holds .*string.*, not float"):
        read_table(path, WEATHER)


def test_a_column_that_only_one_reader_needs_can_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    path.write_text("cell_id,date,rain_mm\n1,2023-01-01,0.0\n")
    read_table(path, WEATHER)
    with pytest.raises(RequestError, match="eo_mm"):
        read_table(path, WEATHER, required=["eo_mm"])


def test_other_endings_and_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="does not exist"):
        read_table(tmp_path / "none.csv", SOILS)
    sheet = tmp_path / "soils.xlsx"
    sheet.touch()
    with pytest.raises(RequestError, match=r"tables end in \.parquet or \.csv"):
        read_table(sheet, SOILS)
    broken = tmp_path / "soils.parquet"
    broken.write_text("no parquet")
    with pytest.raises(RequestError, match="cannot be read as a Parquet"):
        read_table(broken, SOILS)


def test_a_frame_that_does_not_fit_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "profiles.parquet"
    with pytest.raises(RequestError, match="not a profiles table"):
        write_table(path, weather(), PROFILES, RECORD)
    assert not path.exists()


def test_every_column_has_a_unit_and_a_meaning() -> None:
    for schema in SCHEMAS.values():
        for column in schema.columns:
            assert column.unit, column.name
            assert column.meaning, column.name
