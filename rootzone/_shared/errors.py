"""Errors a user can act on, each with the exit code the command line gives it."""

from __future__ import annotations

import errno

# What a disk says when no more fits on it: full, over quota, or a file too large.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class RootzoneError(Exception):
    """Base of every error this package raises on purpose.

    The message says what is wrong with the value seen, where, and how to mend it.

    Examples
    --------
    >>> import rootzone as rz
    >>> try:
    ...     rz.read("nowhere.parquet")
    ... except rz.RootzoneError as error:
    ...     print(error)
    nowhere.parquet does not exist.
    """

    exit_code = 1


class RequestError(RootzoneError):
    """The request, a file it names, or the campaign file is wrong."""

    exit_code = 2


class ToleranceError(RootzoneError):
    """The work finished, but more sites are quarantined than the campaign allows."""

    exit_code = 3


class StoppedEarly(RootzoneError):  # noqa: N818 - an outcome, not a fault
    """The work stopped before its end; the same command resumes it."""

    exit_code = 4
