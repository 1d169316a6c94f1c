"""Threads that draw their next column from one counter, so that none waits for another.

``prange`` deals its work out beforehand; columns differ in cost by a factor of ten, and a core that
another program uses falls behind. With a shared counter each thread takes the next column when it
is free. Which thread computes a column has no say in its result.
"""

from __future__ import annotations

from typing import Any

import numba
from numba.core import cgutils, types
from numba.extending import intrinsic

from rootzone._shared.arrays import IntArray


def _take_next_in_python(counter: IntArray) -> int:
    """Value of the counter, which then goes up by one: for JIT off, where all is one thread."""
    value = int(counter[0])
    counter[0] = value + 1
    return value


@intrinsic  # type: ignore[untyped-decorator, unused-ignore]
def _take_next_compiled(typing_context: Any, counter: Any) -> Any:  # noqa: ANN401 - Numba's types
    """Value of the counter, which then goes up by one, whichever thread asks."""
    del typing_context

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        one = cgutils.intp_t(1)
        return builder.atomic_rmw("add", array.data, one, "seq_cst")

    return types.int64(counter), generate


take_next = _take_next_in_python if numba.config.DISABLE_JIT else _take_next_compiled
