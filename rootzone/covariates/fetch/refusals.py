"""What servers and networks answer instead of a file, in words that say what to do."""

from __future__ import annotations

from urllib.parse import urlsplit

from rootzone._shared.addresses import secrets_hidden, without_secrets
from rootzone._shared.errors import RequestError, StoppedEarly

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})  # HTTP answers that may be others later
_WORDS = {
    401: "the server wants a login. Log in with your browser and place the file there by hand, or "
    "use the provider's own tool (earthaccess for NASA).",
    403: "the server refuses anonymous readers (requester-pays bucket, or a blocked address). "
    "Download the file by hand from the product's page.",
    404: "there is no such file. The product may have a new version: correct url in the catalog; "
    "or the tile has no land: set on_missing_tile: nodata.",
    410: "the file was taken away. Look for a newer version and correct url in the catalog.",
    429: "the server asks for fewer requests. Wait a while; the same command resumes.",
    503: "the server is overloaded or down. Wait a while; the same command resumes.",
}


class NotServed(RequestError):  # noqa: N818 - an answer, not a fault of ours
    """The server will not give the file, however often it is asked."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class GaveUp(StoppedEarly):
    """The file could not be had this time; asking again later may work."""


class Unreachable(GaveUp):
    """The host itself cannot be reached: no name, no network, nobody listening. Asking is in vain.

    Parameters
    ----------
    message : str
        In words.
    host : str
        Which one.
    """

    def __init__(self, message: str, host: str) -> None:
        super().__init__(message)
        self.host = host


_IN_VAIN = (
    "NameResolutionError", "Name or service not known", "Failed to resolve", "getaddrinfo",
    "Temporary failure in name resolution", "Connection refused", "No route to host",
    "Network is unreachable", "ConnectTimeout", "Connection to",
)  # fmt: skip


def host_of(url: str) -> str:
    """Host of an address."""
    return urlsplit(url).hostname or url


def unreachable(url: str, error: Exception) -> Unreachable | None:
    """The same error as one of the host, where no connection came about at all."""
    import requests

    told = f"{type(error).__name__} {error}"
    if not isinstance(error, requests.ConnectionError) or not any(w in told for w in _IN_VAIN):
        return None
    if "RemoteDisconnected" in told or "Connection aborted" in told:
        return None
    host = host_of(url)
    why = (
        "nobody listens there."
        if "refused" in told
        else "it does not answer."
        if "imeout" in told or "timed out" in told
        else "its name is not known here; is there a network?"
    )
    return Unreachable(f"{host} cannot be reached: {why} The same command resumes.", host)


def words_of(status: int) -> str:
    """What an HTTP error means for the reader."""
    return _WORDS.get(status, "the server answered with an error.")


def refused(url: str, status: int) -> RequestError | StoppedEarly:
    """The error of an HTTP status: given up where asking later may work, else not served."""
    message = f"{without_secrets(url)}: HTTP {status}, {words_of(status)}"
    return GaveUp(message) if status in AGAIN else NotServed(message, status)


def in_short(error: Exception) -> str:
    """The cause of a library's error in one line, without its object addresses."""
    text = str(error.args[0] if error.args else error)
    first = secrets_hidden(text.splitlines()[0])[:160] if text else "no details"
    return f"{type(error).__name__} ({first})"
