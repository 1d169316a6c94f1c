from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from rootzone.jobs.pilot.pilot import Measured, estimate, mean_interval, pilot_sites


def sites(n: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "site_id": range(n),
            "year": [2020] * n,
            "stratum": ["common" if i % 10 else "rare" for i in range(n)],
            "cell_id": [0] * n,
        }
    )


def measured(seconds: list[float]) -> Measured:
    return Measured(seconds, seconds, 0.001, 0.001, 20_000.0, 2.0, 2.0, 64, 0)


def test_every_replicate_holds_each_stratum_in_proportion() -> None:
    samples = pilot_sites(sites(1000), 80, 8, np.random.default_rng(0))
    assert [sample.height for sample in samples] == [10] * 8
    # A tenth of the sites is rare: of 10 in a sample, one.
    assert [sample.filter(stratum="rare").height for sample in samples] == [1] * 8


def test_replicates_differ_and_the_same_seed_gives_the_same() -> None:
    one = pilot_sites(sites(1000), 80, 8, np.random.default_rng(0))
    two = pilot_sites(sites(1000), 80, 8, np.random.default_rng(0))
    assert [a["site_id"].to_list() for a in one] == [b["site_id"].to_list() for b in two]
    assert len({tuple(a["site_id"]) for a in one}) == 8


def test_a_campaign_smaller_than_the_pilot_is_sampled_whole() -> None:
    samples = pilot_sites(sites(5), 64, 8, np.random.default_rng(0))
    assert all(sorted(sample["site_id"]) == [0, 1, 2, 3, 4] for sample in samples)


def test_the_interval_is_students() -> None:
    # Mean 2, standard error 1 / sqrt 3; t at 95 % with 2 degrees of freedom is 2.920 (any table).
    interval = mean_interval([1.0, 2.0, 3.0])
    assert interval.value == pytest.approx(2.0)
    assert interval.high - interval.value == pytest.approx(2.920 / 3**0.5, abs=1e-3)


def test_the_interval_covers_the_true_cost_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(400):
        interval = mean_interval(rng.normal(5.0, 1.0, 8).tolist())
        hits += interval.low <= 5.0 <= interval.high
    # 90 % of 400 is 360, its standard deviation sqrt(400 x 0.9 x 0.1) = 6; four of them either way.
    assert 336 <= hits <= 384


def test_core_hours_are_seconds_a_site_times_sites_and_the_start_of_each_worker() -> None:
    cost = estimate(measured([0.009] * 8), sites=36_000, shards=10, sites_per_shard=3600, cores=4)
    # 36,000 x (9 + 1) ms is 360 s, four workers take 2 s each to start: 368 s.
    assert cost.core_hours.value == pytest.approx(368 / 3600)
    # Replicates without spread leave what two runs of the same work differ by: a quarter.
    assert cost.core_hours.low == pytest.approx(0.75 * 368 / 3600)
    assert cost.core_hours.high == pytest.approx(1.25 * 368 / 3600)


def test_wall_time_counts_whole_rounds_of_shards() -> None:
    cost = estimate(measured([0.009] * 8), sites=36_000, shards=10, sites_per_shard=3600, cores=4)
    # 10 shards on 4 cores are 3 rounds of 36 s, and 2 s to start.
    assert cost.wall_hours.value == pytest.approx((3 * 36 + 2) / 3600)
    # A driver that takes 5 s itself ends 5 s later; no core of a worker does.
    late = replace(measured([0.009] * 8), program_s=5.0)
    slower = estimate(late, sites=36_000, shards=10, sites_per_shard=3600, cores=4)
    assert slower.wall_hours.value == pytest.approx((3 * 36 + 2 + 5) / 3600)
    assert slower.core_hours.value == cost.core_hours.value


def test_disk_and_files_grow_with_sites_and_shards() -> None:
    cost = estimate(measured([0.01] * 8), sites=500_000, shards=200, sites_per_shard=2500, cores=2)
    # 500,000 x 20 kB.
    assert cost.disk_gb == pytest.approx(10.0)
    assert cost.files == 404
    assert cost.memory_mb_per_worker < 1500


def test_a_wider_spread_gives_a_wider_interval() -> None:
    narrow = estimate(measured([1.0, 1.1] * 4), 100, 1, 100, 1).core_hours
    wide = estimate(measured([0.5, 1.6] * 4), 100, 1, 100, 1).core_hours
    assert narrow.value == pytest.approx(wide.value)
    assert wide.high > narrow.high
