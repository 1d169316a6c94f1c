from __future__ import annotations

import errno
import os
import signal
from contextlib import suppress

import pytest

from rootzone.jobs.driver.run_signals import Interrupted, disk_is_full, stop_on_signals


def test_a_signal_raises_where_the_program_stands() -> None:
    with pytest.raises(Interrupted, match="SIGTERM"), stop_on_signals():
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_that_a_callback_swallowed_is_found_at_the_next_look() -> None:
    with stop_on_signals() as stop:
        with suppress(Interrupted):
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Interrupted, match="SIGTERM"):
            stop.check()


def test_no_signal_breaks_into_the_orderly_end() -> None:
    with stop_on_signals() as stop:
        stop.begin_end()
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted):
            stop.check()


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_no_handler_of_ordinary_errors_swallows_a_stop() -> None:
    assert not issubclass(Interrupted, Exception)


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError("parquet: ... No space left on device"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
    ],
)
def test_a_full_disk_is_told_from_other_errors(error: OSError, full: bool) -> None:
    assert disk_is_full(error) is full
