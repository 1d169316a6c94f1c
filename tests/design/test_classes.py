"""The class tables of the design, from the legends of the catalog."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.legends import CLASS_NODATA, packed_legends
from rootzone.design.classes import (
    class_table,
    codes_of_stratum,
    stratum_code,
    stratum_label,
    stratum_title,
)


@pytest.mark.parametrize("name", ["koppen_beck", "koppen_kottek"])
def test_climate_labels_are_those_of_the_catalog(name: str) -> None:
    table, legend = class_table(name), dict(packed_legends()[name].names)
    legend.pop(32, None)  # the sea counts as missing here
    assert table.labels == legend


@pytest.mark.parametrize("name", ["nlcd", "lcmap", "worldcover", "igbp", "corine"])
def test_every_land_cover_of_the_catalog_has_a_name(name: str) -> None:
    assert set(packed_legends()[name].classes) <= set(class_table(name).labels)


@pytest.mark.parametrize("name", sorted(packed_legends()))
def test_the_catalogs_mark_for_no_data_counts_as_missing(name: str) -> None:
    assert class_table(name).is_missing[CLASS_NODATA]


def test_nlcd_has_the_sixteen_classes_of_the_paper() -> None:
    # MRLC legend; 51 and 72 to 74 exist in Alaska only and are no classes here.
    codes = set(class_table("nlcd").labels)
    assert codes == {
        11, 12, 21, 22, 23, 24, 31, 41, 42, 43, 52, 71, 81, 82, 90, 95,
    }  # fmt: skip


def test_beck_has_thirty_classes_and_bsk_is_seven() -> None:
    # Beck et al. (2018), legend.txt.
    table = class_table("koppen_beck")
    assert len(table.labels) == 30
    assert table.labels[7] == "BSk"
    assert table.titles[7] == "arid, steppe, cold"


def test_a_stratum_number_holds_both_codes() -> None:
    # By hand: 71 * 256 + 7.
    code = stratum_code(np.array([71], np.uint8), np.array([7], np.uint8))
    assert code.tolist() == [18183]
    assert codes_of_stratum(18183) == (71, 7)


def test_a_stratum_is_named_by_both_classes() -> None:
    tables = class_table("nlcd"), class_table("koppen_beck")
    assert stratum_label(18183, *tables) == "71-BSk"
    assert stratum_title(18183, *tables) == "grassland and herbaceous | arid, steppe, cold"


def test_unknown_codes_are_counted_and_missing_ones_are_not() -> None:
    codes = np.array([71, 0, 99, 99, 250], dtype=np.uint8)
    assert class_table("nlcd").unknown_codes(codes) == {99: 2}


def test_an_unknown_table_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(RequestError, match="did you mean koppen_beck"):
        class_table("koppen_bek")


def test_labels_are_found_back_as_codes() -> None:
    assert class_table("koppen_beck").codes_of_labels(["BSk", "ET"]) == [7, 29]


def test_an_unknown_label_is_refused_with_the_nearest() -> None:
    with pytest.raises(RequestError, match="did you mean BSk"):
        class_table("koppen_beck").codes_of_labels(["BSK"])
