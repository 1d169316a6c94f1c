"""Addresses from a catalog: which may be asked, and how one is shown without its secrets."""

from __future__ import annotations

import ipaddress
import re
import socket
from functools import cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from rootzone._shared.errors import RequestError
from rootzone._shared.machine import Allowed, allowed_here, settings_file
from rootzone._shared.resources import resource_path

_PACKED = "data/catalogs"
_ADDRESS = re.compile(r"https?://[^\s\"'<>]*[^\s\"'<>:;,.)]")
_SECRET = re.compile(r"(?i)(pass|token|secret|signature|credential|key|auth|sig$)")


def without_secrets(url: str) -> str:
    """An address fit to be printed and kept: no user, no password, no token.

    Examples
    --------
    >>> without_secrets("http://me:s3cret@host/a?token=abc&year=2023")
    'http://host/a?token=...&year=2023'
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if any(_SECRET.search(key) for key, _ in pairs):
        shown = [(key, "..." if _SECRET.search(key) else value) for key, value in pairs]
        query = urlencode(shown, safe="./{}")
    else:
        query = parts.query
    return urlunsplit((parts.scheme, host, parts.path, query, parts.fragment))


def secrets_hidden(text: str) -> str:
    """A message in which every address is shown without its secrets."""
    return _ADDRESS.sub(lambda found: without_secrets(found[0]), text)


def wrong_address(url: str, allowed: Allowed | None = None) -> str | None:
    """Why an address may not be asked, with the remedy; None where it may.

    Parameters
    ----------
    url : str
        As a catalog has it, placeholders and all.
    allowed : Allowed, optional
        What the user allows besides the hosts of the packed catalogs; this machine's by default.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        return f"{url[:120]!r} is no address: {error}"
    if parts.scheme not in ("http", "https") or not host:
        return (
            f"{without_secrets(url)[:200]} is no http or https address; correct it in the catalog"
        )
    if any(ord(letter) <= 32 for letter in url) or "\\" in url:
        return f"{without_secrets(url)[:200]!r} holds a blank or a backslash; correct it"
    if parts.username or parts.password:
        return (
            f"{without_secrets(url)} holds a user or a password. Take it out and keep it in "
            f"~/.netrc (machine {host} login ... password ...), which is read and never copied"
        )
    if host in packed_hosts() or (allowed or allowed_here()).host(host):
        return None
    where = f"{host}, port {port}" if port else host
    return (
        f"{without_secrets(url)[:200]} leads to {where}, which is none of the packed catalog's "
        f"hosts. If you trust it, allow it: --allow-host {host}, or hosts: [{host}] in "
        f"{settings_file()}"
    )


def check_address(url: str, allowed: Allowed | None = None) -> None:
    """Refuse an address that may not be asked.

    Raises
    ------
    RequestError
        It is no http address, holds a password, or leads to a host that is not allowed.
    """
    wrong = wrong_address(url, allowed)
    if wrong is not None:
        raise RequestError(wrong + ".")


def check_redirect(url: str, allowed: Allowed | None = None) -> None:
    """Refuse to be sent on to this machine, its network or an address with a password.

    Servers of public data send readers on to other public hosts, which is followed; addresses that
    only this machine's network knows are not, unless the user allows the host.

    Raises
    ------
    RequestError
        The address is private, or no http address.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme not in ("http", "https") or not host:
        raise RequestError(f"The server sends us on to {without_secrets(url)[:200]}, no address.")
    if host in packed_hosts() or (allowed or allowed_here()).host(host):
        return
    private = _private_address(host)
    if private:
        raise RequestError(
            f"The server sends us on to {without_secrets(url)[:200]} ({private}), an address in "
            f"this machine's own network. It is not followed; if it is right: --allow-host {host}."
        )


def check_peer(host: str, address: str, allowed: Allowed | None = None) -> None:
    """Refuse a connection that reached a private address under the name of a public host.

    Parameters
    ----------
    host : str
        The name that was asked for.
    address : str
        The address that answered.

    Raises
    ------
    RequestError
        The address is private, and the user does not allow the host.
    """
    known = host.lower() in packed_hosts() or (allowed or allowed_here()).host(host.lower())
    if not known and not _is_public(address):
        raise RequestError(
            f"{host} turned out to be {address}, an address in this machine's own network. Nothing "
            f"was asked of it; if it is right: --allow-host {host}."
        )


def _private_address(host: str) -> str | None:
    """An address of a host that is not public; None where all are, or none is known."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return None  # behind a proxy names are not known here; the request then fails by itself
    return next((text for text in sorted(map(str, found)) if not _is_public(text)), None)


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)  # ::ffff:127.0.0.1 is 127.0.0.1
    return bool((mapped or found).is_global)


@cache
def packed_hosts() -> frozenset[str]:
    """Hosts that the packed catalogs name."""
    texts = [
        path.read_text(encoding="utf-8") for path in sorted(resource_path(_PACKED).glob("*.yaml"))
    ]
    found = [urlsplit(url).hostname or "" for text in texts for url in _ADDRESS.findall(text)]
    return frozenset(host.lower() for host in found if host)
