from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.arrays import AnyArray
from rootzone.engines.swim import batch_kernels, layout
from rootzone.engines.swim.batch import ColumnResults, run_columns
from tests.engines.swim.gpu.columns_case import OTHER_PAIRS, columns_case, settings_case


@pytest.fixture(scope="module")
def on_cpu() -> ColumnResults:
    return run_columns(columns_case(), settings_case("cpu"), threads=1)


@pytest.fixture(scope="module")
def on_gpu(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, AnyArray]:
    """The same kernels under Numba's CUDA simulator: plain Python, threads and blocks of a GPU."""
    out = tmp_path_factory.mktemp("gpu") / "results.npz"
    simulator = {"NUMBA_ENABLE_CUDASIM": "1", "NUMBA_DISABLE_JIT": "1"}
    root = Path(__file__).parents[4]
    subprocess.run(
        [sys.executable, "-m", "tests.engines.swim.gpu.columns_case", str(out)],
        env={**os.environ, **simulator},
        cwd=root,
        check=True,
    )
    with np.load(out) as found:
        return dict(found)


@pytest.mark.parametrize("name", ["theta", "daily", "report", "value"])
def test_a_gpus_columns_are_the_cpus_to_the_bit_where_both_are_plain_python(
    name: str, on_gpu: Mapping[str, AnyArray]
) -> None:
    np.testing.assert_array_equal(on_gpu[name], on_gpu[f"plain_{name}"])


@pytest.mark.parametrize("pair", OTHER_PAIRS)
@pytest.mark.parametrize("name", ["theta", "daily", "report", "value"])
def test_solvers_with_scratch_in_one_piece_are_the_cpus_to_the_bit(
    pair: tuple[str, str], name: str, on_gpu: Mapping[str, AnyArray]
) -> None:
    key = "_".join(pair)
    assert not np.isnan(on_gpu[f"{key}_plain_theta"]).any()
    np.testing.assert_array_equal(on_gpu[f"{key}_gpu_{name}"], on_gpu[f"{key}_plain_{name}"])


@pytest.mark.parametrize("name", ["theta", "value"])
def test_a_gpus_columns_are_the_compiled_cpus_but_for_rounding(
    name: str, on_cpu: ColumnResults, on_gpu: Mapping[str, AnyArray]
) -> None:
    # The compiler fuses multiplications and additions, plain Python does not.
    np.testing.assert_allclose(on_gpu[name], getattr(on_cpu, name), rtol=0, atol=1e-12)


def test_the_verdict_on_a_gpu_is_the_compiled_cpus(
    on_cpu: ColumnResults, on_gpu: Mapping[str, AnyArray]
) -> None:
    np.testing.assert_array_equal(on_gpu["report"], on_cpu.report)
    status = on_cpu.report[:, batch_kernels.STATUS]
    assert status.tolist() == [layout.OK, layout.OK, layout.BAD_STATE, layout.OK]


def test_a_failed_columns_days_are_no_numbers(
    on_cpu: ColumnResults, on_gpu: Mapping[str, AnyArray]
) -> None:
    first, last = on_cpu.theta_start[2:4]
    assert np.isnan(on_gpu["theta"][first:last]).all()


def test_depths_alone_are_what_the_whole_run_has_at_those_depths(
    on_gpu: Mapping[str, AnyArray],
) -> None:
    assert on_gpu["depths"].shape == (3 + 3 + 3 + 1, 2)
    np.testing.assert_array_equal(on_gpu["depths"], on_gpu["daily"][:, layout.N_DAILY :])
    np.testing.assert_array_equal(on_gpu["depths_report"], on_gpu["report"])
    np.testing.assert_array_equal(on_gpu["depths_value"], on_gpu["value"])
