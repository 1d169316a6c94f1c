from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import pytest

from rootzone.jobs.driver.slurm import ArrayRequest, minutes_for, sbatch_text, tasks_for
from rootzone.jobs.pilot.pilot import Measured, estimate

REQUEST = ArrayRequest(
    "/data/my campaign/campaign.yaml", "rootzone-co", 12, 4, 90, 3000, "/data/my campaign/logs"
)


def test_the_script_is_one_array_that_can_be_requeued() -> None:
    text = sbatch_text(REQUEST)
    assert text.count("--array=1-12") == 1
    assert "#SBATCH --requeue" in text
    assert "#SBATCH --time=01:30:00" in text
    assert "#SBATCH --signal=B:TERM@60" in text
    assert '--task "$SLURM_ARRAY_TASK_ID/12" --cores 4' in text


def test_no_library_takes_more_cores_than_the_task_has() -> None:
    text = sbatch_text(REQUEST)
    for name in ("NUMBA_NUM_THREADS", "POLARS_MAX_THREADS"):
        assert f'export {name}="${{SLURM_CPUS_PER_TASK:-4}}"' in text


def test_a_path_with_a_blank_stays_one_word() -> None:
    assert "simulate '/data/my campaign/campaign.yaml' --task" in sbatch_text(REQUEST)


def test_partition_and_account_stand_only_where_they_are_given() -> None:
    assert "--partition" not in sbatch_text(REQUEST)
    assert "--partition=long" in sbatch_text(replace(REQUEST, partition="long"))


def test_bash_reads_the_script_without_complaint() -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    subprocess.run([bash, "-n"], input=sbatch_text(REQUEST), text=True, check=True)


def test_there_are_no_more_tasks_than_shards_and_at_least_one() -> None:
    assert tasks_for(1000.0, shards=40, cores=1) == 40
    assert tasks_for(0.001, shards=40, cores=1) == 1


def test_the_time_limit_leaves_room_above_the_upper_estimate() -> None:
    pilot = Measured([0.1, 0.12] * 4, [0.1, 0.12] * 4, 0.0, 0.0, 1.0, 0.0, 0.0, 64, 0)
    cost = estimate(pilot, sites=36_000, shards=40, sites_per_shard=900, cores=1)
    minutes = minutes_for(cost, tasks=4, workers=1)
    assert minutes >= 1.5 * cost.core_hours.high * 60 / 4
    assert minutes % 10 == 0
