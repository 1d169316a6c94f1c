"""The GPU of this machine: whether one answers, what it is, and plain words where none does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from rootzone._shared.errors import RequestError

_PACKAGE = "pip install 'rootzone[gpu]'"


@dataclass(frozen=True)
class Device:
    """A GPU that answers.

    Parameters
    ----------
    name : str
        Such as ``NVIDIA H100 80GB HBM3``; ``simulator`` where Numba only plays one.
    multiprocessors : int
        Each runs some hundred threads at a time.
    free_bytes : float
        Memory not in use.
    """

    name: str
    multiprocessors: int
    free_bytes: float


def simulated() -> bool:
    """Whether Numba plays a GPU in plain Python (``NUMBA_ENABLE_CUDASIM=1``), for tests."""
    from numba import config

    return bool(config.ENABLE_CUDASIM)


def open_device() -> Device:
    """The GPU this process computes on, the first one that ``CUDA_VISIBLE_DEVICES`` leaves.

    Raises
    ------
    RequestError
        numba-cuda is not installed, or no GPU answers.
    """
    if find_spec("numba_cuda") is None and not simulated():
        raise RequestError(
            f"device cuda needs the package numba-cuda, which is not installed: {_PACKAGE}; or run "
            "with device cpu."
        )
    from numba import cuda

    with in_words():
        if not simulated() and not cuda.is_available():
            raise RequestError(
                "device cuda: no NVIDIA GPU answers on this machine "
                f"({_reason(cuda)}). Run where there is one (Slurm: --gres=gpu:1; see nvidia-smi "
                "and CUDA_VISIBLE_DEVICES), or with device cpu."
            )
        context = cuda.current_context()
        if simulated():
            return Device("simulator", 1, float("inf"))
        card = cuda.get_current_device()
        name = card.name.decode() if isinstance(card.name, bytes) else str(card.name)
        free = float(context.get_memory_info()[0])
        return Device(name, int(card.MULTIPROCESSOR_COUNT), free)


def count_devices() -> int:
    """GPUs that this process may use; 0 where none answers or numba-cuda is missing."""
    if find_spec("numba_cuda") is None:
        return 0
    from numba import cuda

    return len(cuda.gpus) if cuda.is_available() else 0


def _reason(cuda: Any) -> str:  # noqa: ANN401 - the module numba.cuda
    error = getattr(cuda, "cuda_error", lambda: None)()
    text = " ".join(str(error).split()) if error else "the driver reports none"
    return text.rstrip(".: ")


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """What the CUDA driver or compiler refuses becomes a request that can be mended.

    Raises
    ------
    RequestError
        Memory is short, or a library of CUDA's toolkit is missing.
    """
    try:
        yield
    except RequestError:
        raise
    except Exception as error:
        kind = type(error).__name__
        text = " ".join(str(error).split())[:300]
        if "OUT_OF_MEMORY" in text:
            raise RequestError(
                f"device cuda: the GPU has no room ({text}). Another program may be using it (see "
                "nvidia-smi); free it, or run with device cpu."
            ) from error
        if kind in ("NvvmSupportError", "CudaSupportError", "DynamicLibNotFoundError"):
            raise RequestError(
                f"device cuda: a library of CUDA's toolkit is missing ({kind}: {text}). Numba "
                "compiles the engine for the GPU with libnvvm; where no toolkit is installed, pip "
                "install 'numba-cuda[cu13]' (or [cu12], by the driver; see nvidia-smi)."
            ) from error
        raise
