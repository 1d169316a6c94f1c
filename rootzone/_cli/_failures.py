"""What the machine refuses, in one sentence and with the exit status that is due.

Our own errors tell themselves. What stands here are errors of the system and of libraries that come
from outside the program: a full disk, a folder that cannot be written, too many open files, a file
that a library cannot read. Anything else is a fault of ours and stays a traceback.
"""

from __future__ import annotations

import errno
import re
import sys
from pathlib import Path

from rootzone._shared.errors import NO_ROOM, RequestError, StoppedEarly

AGAIN = "the same command goes on."
_WORDS = {
    errno.ENOSPC: "the disk is full (bytes or inodes)",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is larger than the disk or ulimit -f allows",
    errno.EMFILE: "too many files are open in this process (ulimit -n)",
    errno.ENFILE: "too many files are open on this machine",
    errno.EIO: "the disk failed to read or write",
    errno.ESTALE: "the network disk lost the file",
    errno.ENOMEM: "there is no memory left",
    errno.EAGAIN: "no more processes or threads can be started (ulimit -u)",
    errno.EROFS: "the disk is mounted read-only",
    errno.EACCES: "it may not be read or written",
    errno.EPERM: "it may not be changed",
}
_WAIT = {errno.EMFILE, errno.ENFILE, errno.EIO, errno.ESTALE, errno.ENOMEM, errno.EAGAIN, *NO_ROOM}


def in_one_sentence(error: BaseException) -> RequestError | StoppedEarly | None:
    """One of our errors for one of the system's or a library's; None for a fault of ours.

    Parameters
    ----------
    error : exception
        What reached the command line.
    """
    if isinstance(error, MemoryError):
        return StoppedEarly(
            "There is no memory left. What was finished is kept; close other programs or take "
            f"fewer --cores or --workers, and {AGAIN}"
        )
    number = _number(error)
    if number is not None:
        return _of_system(number, error)
    if isinstance(error, UnicodeDecodeError):
        return RequestError(f"A file is not UTF-8 text: {error}.")
    if isinstance(error, ValueError) and str(error).endswith("has an empty name"):
        return RequestError(
            "A path names no file: it is empty, or the folder itself ('.' or '/'). Look at the "
            "arguments and options again; an unset variable of the shell is the usual cause."
        )
    if isinstance(error, RecursionError):
        return RequestError("A file is nested too deep to be read.")
    if _from_a_library(error):
        return RequestError(
            f"{_path(error, _short(error))}{_short(error)}. If a file is damaged, make it again."
        )
    return None


def _of_system(number: int, error: BaseException) -> RequestError | StoppedEarly:
    words = _WORDS.get(number, _short(error))
    sentence = f"{_path(error, words)}{words}."
    if number in _WAIT:
        mend = "Make room" if number in NO_ROOM else "Mend that"
        return StoppedEarly(f"{sentence} Nothing was left half-written. {mend}, then {AGAIN}")
    return RequestError(sentence)


def _number(error: BaseException) -> int | None:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    if isinstance(error, OSError) and re.search(r"\d+ requested and \d+ written", str(error)):
        return errno.ENOSPC  # NumPy's words
    found = re.search(r"\(os error (\d+)\)|\[Errno (\d+)\]", str(error))
    return int(found[1] or found[2]) if found else None


def _path(error: BaseException, words: str) -> str:
    name = getattr(error, "filename", None)
    shown = str(Path(str(name))) if name else ""
    return f"{shown}: " if shown and shown not in words else ""


def _from_a_library(error: BaseException) -> bool:
    """Whether a library says that it cannot read or write a file."""
    if isinstance(error, OSError):
        return True
    libraries = {
        "polars": ("polars.exceptions", "PolarsError"),
        "pyarrow": ("pyarrow", "ArrowException"),
        "rasterio": ("rasterio.errors", "RasterioError"),
        "pyogrio": ("pyogrio.errors", "DataSourceError"),
        "pyproj": ("pyproj.exceptions", "ProjError"),
        "safetensors": ("safetensors", "SafetensorError"),
        "zipfile": ("zipfile", "BadZipFile"),
        "zlib": ("zlib", "error"),
    }
    for library, (module, name) in libraries.items():
        if library in sys.modules:  # an error of a library that was never imported cannot come
            kind = getattr(sys.modules.get(module), name, None)
            if kind is not None and isinstance(error, kind):
                return True
    return isinstance(error, RuntimeError) and str(error).startswith("NetCDF")


def _short(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{(text[0] if text else type(error).__name__)[:300]}".removesuffix(".")
