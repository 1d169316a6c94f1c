"""A fraction that a table leaves out is what the other two leave of 100 %, and is told so."""

from __future__ import annotations

import polars as pl
import pytest

import rootzone as rz
from rootzone._shared.errors import RequestError
from rootzone.hydraulics.outcomes import Rule
from rootzone.stations.readers.read_soils import soils_of_frame

FULL = {"sand_pct": [40.0, 62.0], "silt_pct": [40.0, 25.0], "clay_pct": [20.0, 13.0]}


@pytest.mark.parametrize("left_out", list(FULL))
@pytest.mark.parametrize("how", ["no column", "empty column"])
def test_the_soil_is_that_of_the_whole_texture_and_every_layer_is_noted(left_out, how):
    # By hand: 40 + 40 + 20 and 62 + 25 + 13 are 100, so any third follows from the others.
    given = FULL | {left_out: [None, None]}
    if how == "no column":
        del given[left_out]
    whole, closed = rz.make_soils(FULL), rz.make_soils(given)
    assert closed.to_polars().equals(whole.to_polars())
    notes = closed.adjustments.filter(pl.col("rule") == Rule.TEXTURE_BY_DIFFERENCE.name)
    assert notes["after"].to_list() == FULL[left_out]
    assert notes["before"].null_count() == notes.height == 2
    assert Rule.TEXTURE_BY_DIFFERENCE.name not in whole.adjustments["rule"].to_list()


def test_an_empty_cell_of_a_column_with_values_stays_missing():
    soils = rz.make_soils(FULL | {"silt_pct": [40.0, None]})
    assert soils.refused["reason"].to_list() == ["TEXTURE_MISSING"]


def test_rounded_fractions_may_make_101_percent_and_no_more():
    # 70.6 + 29.9 = 100.5: no silt. 70 + 40 = 110: nothing that could be silt.
    soils = rz.make_soils({"sand_pct": [70.6, 70.0], "clay_pct": [29.9, 40.0]})
    assert soils.to_polars()["site_id"].unique().to_list() == [1]
    assert soils.refused["reason"].to_list() == ["TEXTURE_NEGATIVE"]


def test_fractions_of_one_are_not_percent():
    with pytest.raises(RequestError, match=r"leaves silt_pct out.* multiply them by 100"):
        rz.make_soils({"sand_pct": [0.4, 0.62], "clay_pct": [0.2, 0.13]})


@pytest.mark.parametrize("spelt", ["Silt", "slit_pct", "SILT_PCT", "silt_%"])
def test_a_misspelt_fraction_is_asked_about(spelt):
    given = {"sand_pct": [40.0], "clay_pct": [20.0], spelt: [40.0]}
    with pytest.raises(RequestError, match=rf"silt_pct is missing; did you mean {spelt}\?"):
        rz.make_soils(given)


def test_a_column_of_something_else_hides_no_fraction():
    soils = rz.make_soils({"sand_pct": [40.0], "clay_pct": [20.0], "slope_pct": [3.0]})
    assert soils.to_polars().height == len(rz.LAYERS_MM)


def test_one_fraction_alone_is_too_few():
    with pytest.raises(RequestError, match=r"silt_pct is missing.*clay_pct is missing"):
        rz.make_soils({"sand_pct": [40.0]})


@pytest.mark.parametrize("depth", [{"depth_cm": [5, 20]}, {"depth_mm": [50, 200]}])
def test_station_soils_name_the_fraction(depth):
    table = {"network": ["N"] * 2, "station": ["a"] * 2, **depth, **FULL}
    del table["silt_pct"]
    soils = soils_of_frame(pl.DataFrame(table), "t")
    assert soils["silt_pct"].to_list() == FULL["silt_pct"]
    assert soils["by_difference"].to_list() == ["silt", "silt"]
    assert soils["standing"].to_list() == ["measured"] * 2
    whole = soils_of_frame(pl.DataFrame(table | FULL), "t")
    assert whole["by_difference"].null_count() == 2
