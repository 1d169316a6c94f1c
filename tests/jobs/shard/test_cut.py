"""Cutting a campaign into shards."""

import polars as pl
import pytest

from rootzone._shared.content_digest import digest_rows
from rootzone._shared.errors import RequestError
from rootzone.jobs.shard.cut import cut_campaign, even_sizes


def _sites(n: int, years: tuple[int, ...] = (2020,), rounds: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "site_id": list(range(n)),
            "year": [years[i % len(years)] for i in range(n)],
            "cell_id": [(i * 7) % 5 for i in range(n)],
            "stratum": ["a"] * n,
            "weight": [1.0] * n,
            "round": [rounds] * n,
        }
    )


def _soils(n: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "site_id": [i for i in range(n) for _ in range(2)],
            "cell_id": [(i * 7) % 5 for i in range(n) for _ in range(2)],
            "layer": [1, 2] * n,
            "thickness_mm": [100.0, 200.0] * n,
            "ks_mm_d": [float(10 + i) for i in range(2 * n)],
        }
    )


def test_parts_are_as_few_and_as_even_as_the_limit_allows() -> None:
    # By hand: 10 in parts of at most 4 needs 3 parts; the first takes the odd one.
    assert even_sizes(10, 4) == [4, 3, 3]
    assert even_sizes(4, 4) == [4]


def test_a_shard_holds_one_year_and_every_site_is_in_one_shard() -> None:
    cut = cut_campaign(_sites(23, (2020, 2021)), _soils(23), 5)
    per_shard = cut.sites.group_by("shard").agg(pl.col("year").n_unique(), pl.len())
    assert per_shard["year"].to_list() == [1] * len(cut.shards)
    assert sorted(cut.sites["site_id"]) == list(range(23))
    # 12 sites in 2020 and 11 in 2021 by hand: 3 shards each.
    assert [shard.n_site for shard in cut.shards] == [4, 4, 4, 4, 4, 3]
    assert [shard.year for shard in cut.shards] == [2020] * 3 + [2021] * 3


def test_sites_of_a_cell_lie_together() -> None:
    cells = cut_campaign(_sites(20), _soils(20), 5).sites["cell_id"].to_list()
    assert cells == sorted(cells)


def test_soil_rows_of_a_shard_are_those_of_its_sites_from_the_top_down() -> None:
    soils = _soils(9).sample(fraction=1.0, shuffle=True, seed=3)
    cut = cut_campaign(_sites(9), soils, 4)
    for shard in cut.shards:
        sites = cut.sites.slice(shard.first_site, shard.n_site)["site_id"].to_list()
        layers = cut.soils.slice(shard.first_soil, shard.n_soil)
        assert layers["site_id"].to_list() == [site for site in sites for _ in range(2)]
        assert layers["layer"].to_list() == [1, 2] * len(sites)


def test_a_changed_soil_row_changes_the_digest_of_its_shard_alone() -> None:
    soils = _soils(20)
    changed = soils.with_columns(
        pl.when((pl.col("site_id") == 3) & (pl.col("layer") == 2))
        .then(99.0)
        .otherwise(pl.col("ks_mm_d"))
        .alias("ks_mm_d")
    )
    before = cut_campaign(_sites(20), soils, 5)
    after = cut_campaign(_sites(20), changed, 5)
    differ = [
        b.number
        for b, a in zip(before.shards, after.shards, strict=True)
        if b.soils_digest != a.soils_digest
    ]
    home = before.sites.filter(pl.col("site_id") == 3)["shard"].to_list()
    assert differ == home


def test_new_weights_change_no_digest() -> None:
    sites = _sites(6)
    before = cut_campaign(sites, _soils(6), 5)
    after = cut_campaign(sites.with_columns(weight=pl.lit(7.0)), _soils(6), 5)
    assert [s.sites_digest for s in before.shards] == [s.sites_digest for s in after.shards]


def test_a_later_round_comes_after_the_drawn_sites_and_renumbers_none() -> None:
    drawn = _sites(12)
    stand_ins = _sites(14, rounds=1).filter(pl.col("site_id") >= 12)
    base = cut_campaign(drawn, _soils(14), 5)
    both = cut_campaign(pl.concat([stand_ins, drawn]), _soils(14), 5)
    assert both.shards[: len(base.shards)] == base.shards
    assert [shard.round for shard in both.shards] == [0, 0, 0, 1]


def test_a_site_without_soil_rows_stays_in_its_shard() -> None:
    cut = cut_campaign(_sites(4), _soils(3), 10)
    assert cut.shards[0].n_site == 4
    assert cut.shards[0].n_soil == 6


def test_integer_sites_meet_the_same_digits_as_text_in_the_soils_table() -> None:
    soils = _soils(4).with_columns(pl.col("site_id").cast(pl.String))
    assert cut_campaign(_sites(4), soils, 10).shards[0].n_soil == 8


def test_a_site_drawn_twice_is_refused_by_name() -> None:
    sites = pl.concat([_sites(3), _sites(1)])
    with pytest.raises(RequestError, match=r"share a site_id, among them 0"):
        cut_campaign(sites, _soils(3), 5)


def test_no_sites_at_all_is_refused() -> None:
    with pytest.raises(RequestError, match="no sites"):
        cut_campaign(_sites(0), _soils(0), 5)


def test_the_digest_of_rows_sees_values_and_names_but_not_column_order() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None], "c": [[1.0], [2.0, 3.0]]})
    assert digest_rows(frame) == digest_rows(frame.select("c", "b", "a"))
    assert digest_rows(frame) != digest_rows(frame.with_columns(b=pl.lit("x")))
    assert digest_rows(frame) != digest_rows(frame.rename({"a": "z"}))
    moved = frame.with_columns(c=pl.Series([[1.0, 2.0], [3.0]]))
    assert digest_rows(frame) != digest_rows(moved)
