"""Asking again, later and later, while a service says that it is asked too much."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from rootzone._shared.errors import RequestError
from rootzone._shared.seeds import stream
from rootzone.covariates.fetch.run_transfer import Patience

Answer = TypeVar("Answer")
PASSING: Final = (429, 500, 502, 503, 504)
"""What a server says when the same request may succeed later."""


class Busy(Exception):  # noqa: N818 - a state of the service
    """The service refused a request that may succeed later; ``status`` is its HTTP code."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def patiently(
    ask: Callable[[], Answer],
    patience: Patience,
    say: Callable[[str], None] = lambda line: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """What ``ask`` gives, asked again while it raises `Busy`.

    Pauses are twice as long each time; each thread waits its own share of them, from half to the
    whole, so that workers refused together do not ask together again.

    Parameters
    ----------
    ask : callable
        The question.
    patience : Patience
        How often, and the first pause.
    say : callable
        Told every pause.
    sleep : callable
        Waits some seconds.

    Raises
    ------
    RequestError
        It was still busy at the last try.
    """
    failures = 0
    while True:
        try:
            return ask()
        except Busy as refused:
            failures += 1
            if failures >= patience.attempts:
                raise RequestError(
                    f"Earth Engine answered {refused.status} to {failures} tries: {refused}. "
                    "Give the same command again later: it goes on with what is missing."
                ) from refused
            share = 0.5 + 0.5 * float(stream(threading.get_ident() % 2**31, failures).random())
            pause_s = patience.pause_s(failures) * share
            say(f"Earth Engine is busy ({refused.status}); waiting {pause_s:.1f} s")
            sleep(pause_s)
