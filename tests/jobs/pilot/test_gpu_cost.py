from __future__ import annotations

import json
from pathlib import Path

import pytest

from rootzone._shared.errors import RequestError
from rootzone.jobs.pilot.gpu_cost import (
    GpuRate,
    gpu_cost,
    gpus_of,
    known_rate,
    rate_file,
    write_rate,
)


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOTZONE_SETTINGS", str(tmp_path / "user" / "settings.yaml"))


def test_what_nobody_measured_is_not_known() -> None:
    assert known_rate(None) is None
    cost = gpu_cost(None, 1000, 365.25, 1e-4, shards=10, gpus=2)
    assert (cost.rate, cost.gpu_hours, cost.wall_hours) == (None, None, None)


def test_a_measured_rate_is_kept_and_a_given_one_goes_first() -> None:
    write_rate(GpuRate(2.5e5, "NVIDIA H100", "semi-arid years of 12 layers"))
    kept = known_rate(None)
    assert kept is not None
    assert (kept.site_years_per_s, kept.card) == (2.5e5, "NVIDIA H100")
    assert kept.source == str(rate_file())
    given = known_rate(1e4)
    assert given is not None
    assert (given.site_years_per_s, given.source) == (1e4, "--gpu-rate")


def test_the_spin_up_is_paid_for() -> None:
    # Two years of 365.25 days at 1,000 site-years a second: 2 ms a site; 3,600 sites take 7.2 s.
    cost = gpu_cost(GpuRate(1e3), 3_600, 730.5, 0.0, shards=4, gpus=1)
    assert cost.gpu_hours == pytest.approx(7.2 / 3600)


def test_whole_rounds_of_shards_count_for_the_wall_time() -> None:
    # 5 shards on 2 cards take 3 rounds of a fifth of the work.
    cost = gpu_cost(GpuRate(1e3), 3_600_000, 365.25, 0.0, shards=5, gpus=2)
    assert cost.gpu_hours == pytest.approx(1.0)
    assert cost.wall_hours == pytest.approx(0.6)


@pytest.mark.parametrize(
    "text", ["{}", '{"site_years_per_s": -1, "card": "", "columns": ""}', "not JSON"]
)
def test_a_file_that_is_no_rate_is_refused(text: str) -> None:
    rate_file().parent.mkdir(parents=True)
    rate_file().write_text(text)
    with pytest.raises(RequestError, match=r"gpu_rate\.json"):
        known_rate(None)


def test_a_changed_rate_is_told_by_its_seal() -> None:
    path = write_rate(GpuRate(2.5e5))
    facts = json.loads(path.read_text())
    path.write_text(json.dumps({**facts, "site_years_per_s": 1e9}))
    with pytest.raises(RequestError, match=r"gpu_rate\.json"):
        known_rate(None)


@pytest.mark.parametrize(
    ("gres", "gpus"), [("gpu", 1), ("gpu:2", 2), ("gpu:h100", 1), ("gpu:h100:4", 4)]
)
def test_a_resources_gpus_are_counted(gres: str, gpus: int) -> None:
    assert gpus_of(gres) == gpus


@pytest.mark.parametrize("gres", ["", "gpu:", "fpga:1", "gpu:a:b", "gpu:h100:0", "gpu:1:2:3"])
def test_what_asks_for_no_gpu_is_refused(gres: str) -> None:
    with pytest.raises(RequestError, match="--gres"):
        gpus_of(gres)
