"""What the verbs that need a network do first."""

from __future__ import annotations

import importlib.util

from rootzone._shared.errors import RequestError


def require_learning(threads: int | None = None) -> None:
    """Make sure that the learning libraries are there, and set torch's threads.

    Raises
    ------
    RequestError
        The extra ``learn`` is not installed.
    """
    missing = [name for name in ("torch", "safetensors") if not importlib.util.find_spec(name)]
    if missing:
        raise RequestError(
            f"This verb needs {' and '.join(missing)}: pip install 'rootzone[learn]'."
        )
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
