from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest

from rootzone._shared.errors import RequestError
from rootzone.engines.swim.gpu import run_device
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.engines.swim.settings import PHYSICS, STEPPINGS


def test_without_the_package_the_request_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_device, "find_spec", lambda name: None)
    with pytest.raises(RequestError, match=r"numba-cuda.*pip install 'rootzone\[gpu\]'"):
        run_device.open_device()
    assert run_device.count_devices() == 0


def test_without_a_gpu_the_request_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("numba.cuda") is None:
        pytest.skip("this Numba has no CUDA target")
    from numba import cuda

    monkeypatch.setattr(run_device, "find_spec", lambda name: object())
    monkeypatch.setattr(cuda, "is_available", lambda: False)
    with pytest.raises(RequestError, match=r"no NVIDIA GPU answers.*--gres=gpu:1.*device cpu"):
        run_device.open_device()
    assert run_device.count_devices() == 0


@pytest.mark.parametrize(
    ("said", "kind", "advice"),
    [
        ("CUDA_ERROR_OUT_OF_MEMORY", RuntimeError, "nvidia-smi"),
        ("libnvvm.so not found", type("NvvmSupportError", (Exception,), {}), r"numba-cuda\[cu13\]"),
    ],
)
def test_what_cuda_refuses_is_told_with_a_way_out(
    said: str, kind: type[Exception], advice: str
) -> None:
    with pytest.raises(RequestError, match=advice), run_device.in_words():
        raise kind(said)


def test_another_error_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError), run_device.in_words():
        raise ZeroDivisionError


@pytest.mark.parametrize("physics", PHYSICS)
@pytest.mark.parametrize("stepping", STEPPINGS)
def test_every_pair_may_ask_for_a_gpu(physics: str, stepping: str) -> None:
    assert settings_from_mapping(physics, stepping, {"device": "cuda"}).device == "cuda"


def test_the_engine_needs_no_cuda_before_it_runs_there() -> None:
    import rootzone.engines.swim.engine

    assert rootzone.engines.swim.engine
    assert "rootzone.engines.swim.gpu.kernels" not in sys.modules
