"""One way to compile a kernel, with a cache that cannot go stale.

Numba's own on-disk cache looks only at the file of the outermost function: a changed helper in
another file leaves old machine code in use. Here the cache folder carries the digest of every
file of the package that holds kernels or numbers they keep (whatever speaks of ``_shared.jit``),
so a change in any of them starts a fresh one, and worker processes share what their parent
compiled. Set ``ROOTZONE_CACHE_DIR`` to move it off a slow or read-only home.
"""

from __future__ import annotations

import os
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from rootzone._shared.digests import digest_sources


def cache_dir() -> Path:
    """Folder that holds compiled kernels for exactly this version of the sources."""
    root = os.environ.get("ROOTZONE_CACHE_DIR")
    base = Path(root) if root else Path.home() / ".cache" / "rootzone"
    return base / "numba" / digest_sources(marker=b"_shared.jit")


if "NUMBA_CACHE_DIR" not in os.environ:
    os.environ["NUMBA_CACHE_DIR"] = str(cache_dir())

import numba  # noqa: E402 - Numba reads NUMBA_CACHE_DIR when it is imported

# A caller may have imported Numba before us; then it has not seen the folder, and would keep code
# beside the sources, where a changed helper in another file goes unnoticed.
numba.config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]

F = TypeVar("F", bound=Callable[..., Any])

prange = numba.prange


def kernel(function: F) -> F:
    """Compile a scalar or plain-array function; division by zero gives inf or NaN, as in NumPy."""
    compiled: F = numba.njit(cache=True, error_model="numpy", nogil=True)(function)
    return compiled


def parallel_kernel(function: F) -> F:
    """Compile a loop over independent sites; use ``prange`` for that loop and nowhere else."""
    compiled: F = numba.njit(cache=True, error_model="numpy", nogil=True, parallel=True)(function)
    return compiled


def inner_kernel(function: F) -> F:
    """As ``kernel``, for the parts of a hot loop: put in place of the call, arrays not counted.

    Counting references to array arguments costs 30 to 60 ns a call, more than many a formula.
    So these functions must not allocate or return arrays. They may also fuse a multiplication and
    an addition into one rounding.
    """
    compiled: F = numba.njit(
        cache=True,
        error_model="numpy",
        nogil=True,
        forceinline=True,
        fastmath={"contract"},
        _nrt=False,
    )(function)
    return compiled


def exact_inner_kernel(function: F) -> F:
    """As ``inner_kernel``, but every operation is rounded by itself, as another program does it.

    For parts whose answers are compared bit by bit, or fail on the same day as the original.
    """
    compiled: F = numba.njit(
        cache=True, error_model="numpy", nogil=True, forceinline=True, _nrt=False
    )(function)
    return compiled


_SLOT: Any = object()


def slot() -> Any:  # noqa: ANN401 - whatever the copies put there
    """A name in a text that every copy of it must give a meaning, see :func:`instance`."""
    return _SLOT


def instance(text: F, name: str, **parts: Any) -> F:  # noqa: ANN401 - kernels and constants
    """The same text under another name, with some of the names in it standing for other things.

    One loop over columns, one day and one control of the step serve several solvers that differ in
    the functions they call. Numba keeps machine code on disk only where a kernel calls others by
    global names, not where they are handed in, so each solver gets its own copy of the text with
    those names bound to its functions. Mark the result with ``kernel`` or ``inner_kernel``.

    Parameters
    ----------
    text : function
        Not compiled yet; its globals are complete when this is called.
    name : str
        Of the copy; unlike that of any other copy in the module of the text.
    **parts
        What the names stand for in the copy; each must be a global name that the text uses.

    Raises
    ------
    KeyError
        A part is no name of the text, or a slot of the text is left open.

    Examples
    --------
    >>> def twice(x):
    ...     return step(step(x))
    >>> instance(twice, "add_two", step=lambda x: x + 1)(5)
    7
    """
    unknown = [part for part in parts if part not in text.__code__.co_names]
    if unknown:
        raise KeyError(f"{text.__name__} uses no global name {', '.join(unknown)}")
    names = {name: text.__globals__.get(name) for name in text.__code__.co_names}
    unfilled = [name for name, value in names.items() if value is _SLOT and name not in parts]
    if unfilled:
        raise KeyError(f"{name} leaves {', '.join(unfilled)} of {text.__name__} open")
    copy: Any = types.FunctionType(text.__code__, {**text.__globals__, **parts}, name)
    copy.__qualname__ = name
    copy.__module__ = text.__module__
    copy.__doc__ = text.__doc__
    return copy  # type: ignore[no-any-return]
