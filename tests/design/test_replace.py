"""Stand-ins for failed sites."""

from __future__ import annotations

import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.design.replace import replace_failed


def _sites() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "site_id": [1, 2, 3, 4],
            "year": [2023] * 4,
            "stratum": ["71-BSk", "71-BSk", "71-BSk", "42-Dfc"],
            "block": [0, 0, 1, 0],
            "weight": [30.0, 50.0, 20.0, 7.0],
        }
    )


def _reserves() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "site_id": [11, 12, 13, 21],
            "year": [2023, 2023, 2023, 2024],
            "stratum": ["71-BSk"] * 4,
            "block": [0, 1, 0, 0],
            "rank": [2, 1, 3, 1],
            "weight": [0.0] * 4,
        }
    )


def _weights(frame: pl.DataFrame) -> dict[int, float]:
    return dict(zip(frame["site_id"], frame["weight"], strict=True))


def test_without_failures_nothing_changes() -> None:
    result = replace_failed(_sites(), _reserves(), [])
    assert result.sites.drop("replaces").equals(_sites())
    assert result.stand_ins.is_empty()


def test_a_stand_in_comes_from_the_block_of_the_failed_site_and_takes_its_weight() -> None:
    result = replace_failed(_sites(), _reserves(), [2])
    assert _weights(result.sites) == {1: 30.0, 3: 20.0, 4: 7.0, 11: 50.0}
    assert result.stand_ins["replaces"].to_list() == [2]


def test_without_one_in_its_block_the_first_in_rank_of_the_stratum_stands_in() -> None:
    # Block 1 has one reserve, 12; the second failure there gets rank 2, which is 11.
    sites = _sites().with_columns(block=pl.lit(1, pl.Int64))
    result = replace_failed(sites, _reserves(), [1, 2])
    assert dict(result.stand_ins.select("replaces", "site_id").iter_rows()) == {1: 12, 2: 11}


def test_a_failed_stand_in_is_replaced_in_its_turn() -> None:
    result = replace_failed(_sites(), _reserves(), [2, 11])
    assert result.stand_ins.select("site_id", "replaces").row(0) == (13, 2)


def test_later_failures_do_not_change_earlier_stand_ins() -> None:
    before = replace_failed(_sites(), _reserves(), [1]).stand_ins
    after = replace_failed(_sites(), _reserves(), [1, 2]).stand_ins
    assert before.row(0) in after.rows()


def test_reserves_of_another_year_are_left_alone() -> None:
    result = replace_failed(_sites(), _reserves(), [1, 2, 3])
    assert 21 not in result.stand_ins["site_id"]


def test_a_lost_site_leaves_its_weight_to_its_stratum_in_proportion() -> None:
    # By hand: no reserves, site 2 (50) is lost; 30 and 20 grow by 50 / 50, so they double.
    result = replace_failed(_sites(), _reserves().clear(), [2])
    assert _weights(result.sites) == {1: 60.0, 3: 40.0, 4: 7.0}
    assert result.lost.select("site_id", "weight").rows() == [(2, 50.0)]


@pytest.mark.parametrize("failed", [[1], [2, 11], [3, 12, 1, 2], [1, 2, 11, 13]])
def test_weights_of_a_stratum_add_up_to_its_pixels_whatever_fails(failed: list[int]) -> None:
    # Three sites of 30 + 50 + 20 = 100 pixels.
    sites = replace_failed(_sites(), _reserves(), failed).sites
    total = sites.filter(stratum="71-BSk")["weight"].sum()
    assert total == pytest.approx(100.0, rel=1e-12)


def test_a_stratum_without_any_site_left_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match=r"42-Dfc \(2023\)"):
        replace_failed(_sites(), _reserves(), [4])


def test_an_identifier_from_elsewhere_is_refused() -> None:
    with pytest.raises(RequestError, match="neither drawn nor in reserve: 99"):
        replace_failed(_sites(), _reserves(), [99])
