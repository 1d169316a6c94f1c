from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rootzone._shared.errors import RequestError
from rootzone.networks.ranks import ALONE, Ranks, device_named, with_shared_norms
from rootzone.networks.run_log import read_log
from rootzone.networks.run_training import new_network
from tests.learning.ddp_script import run
from tests.learning.made_up_samples import TINY

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of the same training by one process and by two that torchrun starts."""
    alone, together = (tmp_path_factory.mktemp(name) for name in ("alone", "together"))
    run(alone)
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
               "-m", "tests.learning.ddp_script", str(together)]  # fmt: skip
    ran = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return alone, together


def _read(path: Path) -> dict[str, Any]:
    return dict(torch.load(path, weights_only=True))


def test_two_processes_have_the_gradient_of_one_on_the_same_global_batch(
    two_processes: tuple[Path, Path],
) -> None:
    alone, together = two_processes
    one = _read(alone / "rank0of1.pt")["gradients"]
    for rank in (0, 1):
        two = _read(together / f"rank{rank}of2.pt")["gradients"]
        worst = max(float((one[name] - two[name]).abs().max()) for name in one)
        # float32 sums in another order; gradients here are up to about 0.1.
        assert worst < 1e-6
        assert max(float(value.abs().max()) for value in one.values()) > 1e-3


def test_two_processes_keep_the_same_batch_statistics_as_one(
    two_processes: tuple[Path, Path],
) -> None:
    alone, together = two_processes
    one = _read(alone / "rank0of1.pt")["state"]
    two = _read(together / "rank1of2.pt")["state"]
    running = [name for name in one if "running_var" in name or "num_batches" in name]
    assert running
    for name in running:
        torch.testing.assert_close(two[name], one[name], rtol=1e-4, atol=1e-6)
    # A bias before batch norm has no gradient but rounding, which Adam scales up to its step size:
    # means may differ by 1e-3 for each of the 3 steps.
    for name in (name for name in one if "running_mean" in name):
        torch.testing.assert_close(two[name], one[name], rtol=0, atol=3e-3)


def test_only_the_first_process_writes_and_its_log_is_that_of_one(
    two_processes: tuple[Path, Path],
) -> None:
    alone, together = two_processes
    one, two = read_log(alone / "log.csv"), read_log(together / "log.csv")
    assert len(one) == len(two) == 1
    for name in ("loss", "mse", "psi", "labels_per_batch", "validation_rmse"):
        # As above: what the biases before batch norm move by rounding is seen here too.
        assert float(two[0][name]) == pytest.approx(float(one[0][name]), rel=1e-2)


def test_shares_are_consecutive_and_leave_nothing_out() -> None:
    batch = np.arange(100, 108)
    shares = [Ranks(rank, 4).share(batch) for rank in range(4)]
    assert np.concatenate(shares).tolist() == batch.tolist()
    assert [share.size for share in shares] == [2, 2, 2, 2]


def test_a_batch_that_cannot_be_shared_equally_is_refused() -> None:
    with pytest.raises(RequestError, match=r"batch of 7 samples cannot be shared.*by 2"):
        Ranks(0, 2).share(np.arange(7))


def test_a_single_process_keeps_its_network_and_its_tensors() -> None:
    network = new_network(TINY, seed=1)
    assert with_shared_norms(network, ALONE) is network
    value = torch.ones(2)
    assert ALONE.gather(value) is value


def test_a_device_that_is_not_there_is_refused() -> None:
    if not torch.cuda.is_available():
        with pytest.raises(RequestError, match=r"sees no GPU here. Use --device cpu"):
            device_named("cuda")
    with pytest.raises(RequestError, match="it is cpu or cuda"):
        device_named("tpu")
