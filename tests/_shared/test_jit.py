from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.jit import kernel, parallel_kernel, prange

pytestmark = pytest.mark.kernels


@kernel
def _ratio(a: float, b: float) -> float:
    return a / b


@parallel_kernel
def _squares(values: np.ndarray, out: np.ndarray) -> None:
    for i in prange(values.size):
        out[i] = values[i] ** 2


def test_division_by_zero_follows_numpy_when_compiled() -> None:
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        pytest.skip("plain Python raises on division by zero; only compiled code is meant here")
    assert _ratio(1.0, 0.0) == np.inf


def test_a_parallel_loop_gives_each_element_its_own_answer() -> None:
    values = np.arange(5.0)
    out = np.empty(5)
    _squares(values, out)
    assert out.tolist() == [0.0, 1.0, 4.0, 9.0, 16.0]


def test_the_cache_folder_follows_the_environment(tmp_path: Path) -> None:
    environment = {**os.environ, "ROOTZONE_CACHE_DIR": str(tmp_path)}
    environment.pop("NUMBA_CACHE_DIR", None)
    code = "import rootzone._shared.jit as j, numba; print(numba.config.CACHE_DIR)"
    shown = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert Path(shown).parent == tmp_path / "numba"


def test_a_caller_who_imported_numba_first_gets_the_same_cache(tmp_path: Path) -> None:
    code = (
        "import numba, os; from rootzone._shared import jit; "
        "print(numba.config.CACHE_DIR == os.environ['NUMBA_CACHE_DIR'] == str(jit.cache_dir()))"
    )
    environment = {**os.environ, "ROOTZONE_CACHE_DIR": str(tmp_path)}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"
