"""One file over HTTP: resumed where it stopped, retried, and refused where it is not the data.

A transfer grows in ``.NAME.part`` beside its target and is renamed once it is whole. What the
server said of the file (length, ETag) lies in ``.NAME.part.json``, so that a later run resumes only
the same file. requests and urllib3 carry the bytes; resuming is ours, because neither they nor
pooch do it.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rootzone._shared.addresses import check_address, check_peer, check_redirect, without_secrets
from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.magic import kind_of_bytes, mismatch
from rootzone.covariates.fetch.refusals import (
    AGAIN,
    GaveUp,
    NotServed,
    in_short,
    refused,
    unreachable,
    words_of,
)

if TYPE_CHECKING:
    import requests

_LOG = logging.getLogger(__name__)
_CHUNK_BYTES = 1 << 15  # what a broken connection loses at most
_TIMEOUT_S = (10.0, 60.0)  # to connect, and between two pieces
_LONGEST_PAUSE_S = 120.0
_HEAD_BYTES = 512


@dataclass(frozen=True)
class Patience:
    """How long to try.

    Parameters
    ----------
    attempts : int
        Tries without a single new byte before giving up.
    first_pause_s : float
        Pause after the first failure [s]; it doubles each time.
    """

    attempts: int = 6
    first_pause_s: float = 2.0

    def pause_s(self, failures: int) -> float:
        """Pause after so many failures in a row [s]."""
        return min(self.first_pause_s * 2.0 ** (failures - 1), _LONGEST_PAUSE_S)


def open_session() -> requests.Session:
    """A session that says who asks.

    Raises
    ------
    RequestError
        The optional library is not installed.
    """
    from rootzone import __version__

    try:
        import requests
    except ImportError as error:
        raise RequestError(
            "Fetching needs the library requests: pip install 'rootzone[fetch]'"
        ) from error
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _guarded(requests))
    session.headers["User-Agent"] = f"rootzone/{__version__} (research data fetcher)"
    session.headers["Accept-Encoding"] = "identity"
    return session


def _guarded(requests: ModuleType) -> Any:  # noqa: ANN401 - an adapter of the optional library
    """What carries every request, those after a redirect too, and refuses private addresses.

    A name is looked up before the request, for a clear answer, and the address that was in fact
    connected to is looked at before anything is sent: a name may be given another address between.
    Behind a proxy it is the proxy that looks names up.
    """

    class Guarded(requests.adapters.HTTPAdapter):  # type: ignore[misc,name-defined]
        def init_poolmanager(self, *args: Any, **more: Any) -> None:  # noqa: ANN401
            super().init_poolmanager(*args, **more)
            pools = self.poolmanager.pool_classes_by_scheme
            self.poolmanager.pool_classes_by_scheme = {k: _looking(p) for k, p in pools.items()}

        def send(self, request: Any, *args: Any, **more: Any) -> Any:  # noqa: ANN401
            check_redirect(request.url)
            return super().send(request, *args, **more)

    return Guarded()


def _looking(pool: Any) -> Any:  # noqa: ANN401 - classes of urllib3
    """The pool, with connections that look at the address they reached."""

    class Looking(pool.ConnectionCls):  # type: ignore[misc]
        def _new_conn(self) -> Any:  # noqa: ANN401
            made = super()._new_conn()
            try:
                check_peer(self.host, made.getpeername()[0])
            except RequestError:
                made.close()
                raise
            return made

    return type(pool.__name__, (pool,), {"ConnectionCls": Looking})


def size_of(session: requests.Session, url: str) -> int | None:
    """Length a server announces [bytes], or None where it does not say.

    Raises
    ------
    NotServed, GaveUp
        The server refuses, or cannot be reached.
    """
    import requests

    check_address(url)
    try:
        with session.head(url, timeout=_TIMEOUT_S, allow_redirects=True) as answer:
            if answer.status_code in (405, 501):  # some servers do not know HEAD
                return None
            if answer.status_code >= 400:
                raise refused(url, answer.status_code)
            length = answer.headers.get("Content-Length")
            return int(length) if length and length.isdigit() else None
    except requests.RequestException as error:
        if gone := unreachable(url, error):
            raise gone from error
        raise GaveUp(f"{without_secrets(url)} cannot be reached: {in_short(error)}") from error


def download(
    session: requests.Session,
    url: str,
    target: Path,
    patience: Patience | None = None,
    on_bytes: Callable[[int, int | None], None] = lambda done, total: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Path:
    """Bring one file to ``target``, whole or not at all.

    Parameters
    ----------
    session : requests.Session
        From `open_session`.
    url : str
        http or https address.
    target : Path
        Where the file goes. Its ending says what it must be.
    patience : Patience, optional
        How often to try. Every try that brings bytes starts the count again.
    on_bytes : callable
        Told the bytes that are there and the length announced, or None.
    sleep : callable
        Waits; tests pass their own.

    Returns
    -------
    Path
        ``target``.

    Raises
    ------
    NotServed
        The server refuses (401, 403, 404, 410), or serves a web page or another kind of file.
    GaveUp
        Connections broke or the server failed too often; what came is kept for the next run.
    """
    import requests

    check_address(url)
    patience = patience or Patience()
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _Part.beside(target, url)
    failures, most = 0, part.size
    while True:
        try:
            _attempt(session, url, part, target, on_bytes)
            break
        except requests.RequestException as error:
            if gone := unreachable(url, error):
                raise gone from error
            reason, wait_s = in_short(error), None
        except _TryAgain as again:
            reason, wait_s = again.reason, again.wait_s
        failures = 1 if part.size > most else failures + 1
        most = max(most, part.size)
        if failures >= patience.attempts:
            raise GaveUp(
                f"{without_secrets(url)}: given up after {failures} tries: {reason}. {part.size} "
                "bytes are kept; the same command resumes."
            )
        pause_s = wait_s if wait_s is not None else patience.pause_s(failures)
        _LOG.info("%s: %s; again in %.0f s", without_secrets(url), reason, pause_s)
        sleep(pause_s)
    part.finish(target)
    return target


class _TryAgain(Exception):  # noqa: N818 - not a fault yet
    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s


@dataclass
class _Part:
    """The file as far as it has come, and what the server said of it."""

    path: Path
    notes: dict[str, Any]

    @classmethod
    def beside(cls, target: Path, url: str) -> _Part:
        path = target.with_name(f".{target.name}.part")
        shown = without_secrets(url)
        part = cls(path, {"url": shown})
        try:
            notes = json.loads(part.notes_path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            notes = {}
        if isinstance(notes, dict) and notes.get("url") == shown and path.exists():
            part.notes = notes
        else:
            part.drop()
        return part

    @property
    def notes_path(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def note(self, **facts: object) -> None:
        self.notes.update(facts)
        write_text(self.notes_path, json.dumps(self.notes))

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self.notes_path.unlink(missing_ok=True)
        self.notes = {"url": self.notes["url"]}

    def finish(self, target: Path) -> None:
        self.path.replace(target)
        self.notes_path.unlink(missing_ok=True)


def _attempt(
    session: requests.Session,
    url: str,
    part: _Part,
    target: Path,
    on_bytes: Callable[[int, int | None], None],
) -> None:
    """One request: from where the part ends to the end of the file."""
    headers = {}
    if part.notes.get("encoded"):  # its bytes are not those that the server counts
        part.drop()
    if part.size:
        headers["Range"] = f"bytes={part.size}-"
        if part.notes.get("validator"):
            headers["If-Range"] = str(part.notes["validator"])
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as answer:
        status = answer.status_code
        if status == 416:
            part.drop()
            raise _TryAgain("the part on disk is not of this file; it is started again", 0.0)
        if status in AGAIN:
            raise _TryAgain(f"HTTP {status}, {words_of(status)}", _retry_after_s(answer))
        if status >= 400:
            raise refused(url, status)
        if status == 206 and not _continues(answer, part):
            part.drop()
            raise _TryAgain("the file changed on the server; it is started again", 0.0)
        if status != 206:
            part.drop()
        encoded = answer.headers.get("Content-Encoding", "identity") not in ("", "identity")
        # The length of an encoded answer counts encoded bytes (RFC 9110, 8.6).
        total = None if encoded else _announced(answer, part.size)
        part.note(validator=_validator(answer), total=total, encoded=encoded)
        _receive(answer, part, target, total, on_bytes)
    if total is not None and part.size != total:
        raise _TryAgain(f"cut short at {part.size} of {total} bytes")
    if part.size == 0:
        raise _TryAgain("an empty answer")


def _receive(
    answer: requests.Response,
    part: _Part,
    target: Path,
    total: int | None,
    on_bytes: Callable[[int, int | None], None],
) -> None:
    with part.path.open("ab") as out:
        for chunk in answer.iter_content(_CHUNK_BYTES):
            if out.tell() == 0:
                _refuse_other_kind(chunk[:_HEAD_BYTES], answer, target, part)
            out.write(chunk)
            on_bytes(out.tell(), total)


def _refuse_other_kind(head: bytes, answer: requests.Response, target: Path, part: _Part) -> None:
    wrong = mismatch(target, kind_of_bytes(head))
    if wrong is None:
        return
    part.drop()
    raise NotServed(
        f"{without_secrets(answer.url)} serves {wrong}. Nothing was saved as {target.name}. Open "
        "the address in a browser: a login, a notice or a moved product stands there."
    )


def _continues(answer: requests.Response, part: _Part) -> bool:
    """Whether a partial answer goes on where the part ends, in a file of the same length.

    Both stand in ``Content-Range: bytes 100-199/200``.
    """
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
    if found is None or int(found[1]) != part.size:
        return False
    return found[2] == "*" or part.notes.get("total") in (None, int(found[2]))


def _announced(answer: requests.Response, have: int) -> int | None:
    length = answer.headers.get("Content-Length")
    return have + int(length) if length and length.isdigit() else None


def _validator(answer: requests.Response) -> str | None:
    """What tells one version of a file from the next; weak ETags cannot."""
    etag = answer.headers.get("ETag", "")
    if etag and not etag.startswith("W/"):
        return etag
    return answer.headers.get("Last-Modified")


def _retry_after_s(answer: requests.Response) -> float | None:
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_PAUSE_S) if asked.isdigit() else None
