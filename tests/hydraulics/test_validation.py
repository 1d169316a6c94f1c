"""Errors against measured soils: by hand on a made-up soil, and on UNSODA itself."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.hydraulics.measured_soils import MeasuredSoils
from rootzone.hydraulics.read_unsoda import read_unsoda
from rootzone.hydraulics.validation import markdown_table, validate_against


def _made_up() -> MeasuredSoils:
    """One loam whose measured values are ours plus 0.01, and Ks ten times ours."""
    # Rosetta 3 at 40/40/20 (data/rosetta): theta_s 0.404017, Ks 12.3071 cm d-1.
    return MeasuredSoils(
        np.array([40.0]), np.array([40.0]), np.array([20.0]), np.array([123.071]),
        np.array([0, 0]), np.array([0.0, 0.0]), np.array([0.414017, 0.394017]),
    )  # fmt: skip


def test_errors_by_hand() -> None:
    loam, everything = validate_against(_made_up())
    assert (loam.name, loam.soils, loam.points, loam.ks_soils) == ("loam", 1, 2, 1)
    # Errors -0.01 and +0.01: RMSE 0.01, bias 0. log10 of a tenth: -1.
    assert loam.theta_rmse == pytest.approx(0.01, abs=1e-6)
    assert loam.theta_bias == pytest.approx(0.0, abs=1e-6)
    assert loam.log10_ks_rmse == pytest.approx(1.0, abs=1e-4)
    assert loam.log10_ks_bias == pytest.approx(-1.0, abs=1e-4)
    assert everything.name == "all"


def test_the_table_is_markdown() -> None:
    lines = markdown_table(validate_against(_made_up())).splitlines()
    assert lines[2] == "| loam | 1 | 2 | 0.010 | +0.000 | 1 | 1.00 | -1.00 |"


def test_unsoda_errors_are_those_of_rosetta_itself(shared: Path) -> None:
    # realdata/README.md: rosetta-soil 0.3.2 called directly, texture only, v3: theta RMSE 0.074,
    # log10 Ks RMSE 0.85 to 0.90, 655 textured soils.
    everything = validate_against(read_unsoda(shared / "realdata" / "unsoda"))[-1]
    assert everything.soils == 655
    assert everything.theta_rmse == pytest.approx(0.074, abs=0.0005)
    assert 0.85 <= everything.log10_ks_rmse <= 0.905


def test_the_table_in_the_docs_is_what_the_command_prints(shared: Path) -> None:
    table = markdown_table(validate_against(read_unsoda(shared / "realdata" / "unsoda")))
    docs = Path(__file__).parents[2] / "docs" / "soil-hydraulics.md"
    assert table in docs.read_text(encoding="utf-8")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    pl.DataFrame({"code": ["1"]}).write_parquet(tmp_path / "unsoda_soils.parquet")
    with pytest.raises(RequestError, match="sand_pct"):
        read_unsoda(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="does not exist"):
        read_unsoda(tmp_path / "nowhere")


def test_a_measured_water_content_is_no_test_of_a_function_that_takes_it() -> None:
    # Two points, one at 336 cm, which H4 takes: one remains.
    soils = MeasuredSoils(
        np.array([40.0]), np.array([40.0]), np.array([20.0]), np.array([np.nan]),
        np.array([0, 0]), np.array([336.0, 1000.0]), np.array([0.25, 0.20]),
        properties={"bd_g_cm3": np.array([1.4]), "theta_33kpa": np.array([0.25])},
    )  # fmt: skip
    assert validate_against(soils, "rosetta3_h4")[-1].points == 1
    assert validate_against(soils, "rosetta3_h5") == []  # no water content at 1500 kPa


def test_bulk_density_and_organic_matter_bring_unsoda_nearer(shared: Path) -> None:
    # science/station_soils.md, section 5: H3 0.067, Wosten 0.061 (texture alone 0.074).
    unsoda = read_unsoda(shared / "realdata" / "unsoda")
    assert validate_against(unsoda, "rosetta3_h3")[-1].theta_rmse <= 0.067
    assert round(validate_against(unsoda, "wosten1999")[-1].theta_rmse, 3) <= 0.061


def test_the_four_collections_in_the_docs_are_what_the_command_prints(shared: Path) -> None:
    from click.testing import CliRunner

    from rootzone._cli.validate_soils import command

    data = shared / "realdata"
    fits = data / "soils" / "gshp_kssl_unsoda"
    words = [
        "--unsoda", data / "unsoda", "--kssl", fits / "kssl_reference.csv",
        "--gshp", fits / "gshp_reference.csv",
        "--mesosoil", data / "soils" / "oklahoma_mesonet" / "mesosoil_v2_1.parquet",
        "--ptf", "rosetta3", "--ptf", "wosten1999",
    ]  # fmt: skip
    printed = CliRunner().invoke(command, [str(word) for word in words]).stdout
    docs = (Path(__file__).parents[2] / "docs" / "soil-hydraulics.md").read_text(encoding="utf-8")
    lines = [line for line in printed.splitlines() if line.startswith("| ")]
    assert len(lines) == 9
    assert all(line in docs for line in lines)
