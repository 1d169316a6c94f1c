"""The tables handed on, and the report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.provenance import Provenance, read_provenance
from rootzone._shared.table_files import read_table, write_table
from rootzone._shared.tables import SITES
from rootzone.design.run_design import YearDesign, joined
from rootzone.design.tables import DRAWN, RESERVES, STRATA, site_numbers
from rootzone.design.write_report import facts_of, write_balance_html, write_balance_json
from tests.design.test_run_design import ORDER, _draw

RECORD = Provenance("rootzone sites", {"land_cover": "0" * 16}, {"seed": 1})


@pytest.fixture(scope="module")
def design(tmp_path_factory: pytest.TempPathFactory) -> YearDesign:
    """A finished design."""
    return _draw(tmp_path_factory.mktemp("design"))


def test_a_sites_number_is_its_year_and_pixel_and_survives_float64() -> None:
    # By hand: 2199 * 10^12 + 1.68e10 is below 2^53 = 9.007e15.
    numbers = site_numbers(2199, np.array([160_000 * 105_000 - 1]))
    assert numbers.tolist() == [2199 * 10**12 + 16_799_999_999]
    assert numbers.astype(float).astype(int).tolist() == numbers.tolist()


@pytest.mark.parametrize(
    ("table", "schema"), [("sites", DRAWN), ("reserves", RESERVES), ("strata", STRATA)]
)
def test_every_column_has_a_unit_and_a_meaning_in_the_file(
    design: YearDesign, tmp_path: Path, table: str, schema: object
) -> None:
    frame = joined([design], table)
    assert frame.columns == [column.name for column in schema.columns]
    path = tmp_path / f"{table}.parquet"
    write_table(path, frame, schema, RECORD)
    assert read_table(path, schema).equals(frame)
    assert read_provenance(path) == RECORD


def test_sites_are_what_later_stages_read(design: YearDesign, tmp_path: Path) -> None:
    path = tmp_path / "sites.parquet"
    write_table(path, design.sites, DRAWN, RECORD)
    assert len(read_table(path, SITES)) == ORDER.sites


def test_sites_are_in_the_order_of_their_numbers(design: YearDesign) -> None:
    assert design.sites["site_id"].is_sorted()


def test_strata_come_largest_first(design: YearDesign) -> None:
    assert design.strata["pixels"].is_sorted(descending=True)


def test_cells_are_counted_wherever_there_are_candidates(design: YearDesign) -> None:
    assert design.cell_pixels.sum() == design.candidates
    cells = design.sites.select("weather_row", "weather_col").to_numpy()
    assert np.all(design.cell_pixels[cells[:, 0], cells[:, 1]] > 0)


def test_the_report_needs_nothing_beside_it(design: YearDesign, tmp_path: Path) -> None:
    path = tmp_path / "balance.html"
    write_balance_html(path, [design], RECORD)
    text = path.read_text()
    assert text.count("data:image/png;base64,") == 3
    assert "http" not in text
    assert "<script" not in text
    assert read_provenance(path) == RECORD


def test_the_report_names_every_stratum_and_covariate(design: YearDesign, tmp_path: Path) -> None:
    path = tmp_path / "balance.html"
    write_balance_html(path, [design], RECORD)
    text = path.read_text()
    for name in [*design.strata["stratum"], *(item.name for item in design.balance)]:
        assert name in text


def test_the_same_design_gives_the_same_report_to_the_byte(
    design: YearDesign, tmp_path: Path
) -> None:
    for name in ("one.html", "two.html"):
        write_balance_html(tmp_path / name, [design], RECORD)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_the_json_holds_the_facts_of_the_report(design: YearDesign, tmp_path: Path) -> None:
    path = tmp_path / "balance.json"
    write_balance_json(path, [design], RECORD)
    facts = json.loads(path.read_text())[0]
    assert facts == json.loads(json.dumps(facts_of(design)))
    assert facts["sites"] == ORDER.sites
    assert facts["weight_sum"] == pytest.approx(facts["candidates"])
    assert len(facts["by_stratum"]) == len(design.strata)


def test_years_are_joined_in_their_order(design: YearDesign) -> None:
    both = joined([design, design], "sites")
    assert isinstance(both, pl.DataFrame)
    assert len(both) == 2 * ORDER.sites
