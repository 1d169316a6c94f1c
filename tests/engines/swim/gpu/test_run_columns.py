from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone.engines.swim import batch_kernels, layout
from rootzone.engines.swim.batch import ColumnResults, run_columns
from rootzone.engines.swim.gpu.run_columns import LANES_PER_MULTIPROCESSOR, Shape, room
from rootzone.engines.swim.gpu.run_device import Device
from rootzone.engines.swim.settings import default_settings
from tests.engines.swim.gpu.columns_case import columns_case, settings_case

SETTINGS = default_settings("van_genuchten", "converged")


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


def _shape(work_size: int = 10_000) -> Shape:
    return Shape(12, 365, work_size, 0, 0)


def test_a_large_card_gets_as_many_lanes_as_its_registers_hold() -> None:
    card = Device("card", 132, 80e9)
    lanes, size = room(card, _shape(), SETTINGS, 1_000_000, 65_536)
    assert (lanes, size) == (132 * LANES_PER_MULTIPROCESSOR, 65_536)


def test_a_small_card_gets_fewer_lanes_and_columns_in_whole_warps() -> None:
    # 1e9 bytes free, 0.4 of them for a chunk, 0.6 of that for scratch of 8 (10,000 + settings)
    # bytes a lane: 2,991 lanes, in warps of 32 that is 2,976.
    lanes, size = room(Device("card", 132, 1e9), _shape(), SETTINGS, 1_000_000, 65_536)
    assert lanes % 32 == 0
    assert size % 32 == 0
    assert lanes == 0.24e9 // (8 * (10_000 + layout.N_SETTINGS)) // 32 * 32 or lanes == size


def test_there_are_no_more_lanes_than_columns() -> None:
    assert room(Device("card", 132, 80e9), _shape(), SETTINGS, 40, 65_536) == (40, 40)


def test_a_card_without_room_is_refused_in_words() -> None:
    with pytest.raises(RequestError, match=r"card has 0\.001 GB free.*run with device cpu"):
        room(Device("card", 132, 1e6), _shape(), SETTINGS, 1_000, 65_536)
