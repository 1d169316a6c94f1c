"""What lies on disk of a shard: its footer, its ledger, and a digest of all it says."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone._shared.content_digest import digest_rows
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import check, damage
from rootzone.jobs.shard.ledger import FOOTER_KEY, LEDGER, RUN_KEY, Footer

if TYPE_CHECKING:
    import polars as pl

    from rootzone.campaign.workspace import Workspace


_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Closed:
    """A shard whose two files are there and belong to each other.

    Parameters
    ----------
    footer : Footer
        What closed it.
    run : dict
        Clock times, memory and host of the run that made it.
    """

    footer: Footer
    run: dict[str, Any]


def read_closed(workspace: Workspace, number: int, *, content: bool = False) -> Closed | None:
    """Footer of a shard, or None where it is not closed or one of its files is damaged.

    Of the profiles only size and footer are read, so asking is cheap and safe while the shard is
    being written. With ``content`` all of them is held against the seal, once in a run; the ledger,
    which is small, always is.
    """
    for path, whole in ((workspace.ledger(number), True), (workspace.profiles(number), content)):
        problem = _damage(path, content=whole)
        if problem is not None:
            _LOG.warning("%s counts as not done: %s", path, problem)
            return None
    ledger = _metadata(workspace.ledger(number))
    profiles = _metadata(workspace.profiles(number))
    text = ledger.get(FOOTER_KEY.encode())
    if text is None or text != profiles.get(FOOTER_KEY.encode()):
        return None
    try:
        footer = Footer.from_json(text.decode())
        return Closed(footer, json.loads(ledger.get(RUN_KEY.encode(), b"{}")))
    except ValueError:
        return None


def _damage(path: Path, *, content: bool) -> str | None:
    try:
        return damage(path, content=content)
    except OSError:
        return None  # gone meanwhile, or not to be read: told by its reader


def _metadata(path: Path) -> dict[bytes, bytes]:
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path).metadata or {}
    except (OSError, ValueError):  # of which Arrow's own errors are kinds
        return {}


def read_ledger(
    workspace: Workspace, number: int, columns: list[str] | None = None
) -> pl.DataFrame:
    """Ledger of a shard.

    Raises
    ------
    RequestError
        It is missing or no ledger.
    """
    import polars as pl

    path = check(workspace.ledger(number), "rootzone simulate makes its shard again.")
    try:
        frame = pl.read_parquet(path, columns=columns)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RequestError(f"{path} cannot be read as a ledger: {error}") from error
    lacking = [c for c in columns or LEDGER.by_name if c not in frame.columns]
    if lacking:
        raise RequestError(f"{path} is no ledger: it lacks {', '.join(lacking)}.")
    return frame


def digest_shard(workspace: Workspace, number: int) -> str:
    """Digest of everything a shard says: profiles and ledger, clock times and hosts left out."""
    import polars as pl

    from rootzone._shared.digests import digest_json

    closed = read_closed(workspace, number)
    footer = "" if closed is None else closed.footer.to_json()
    profiles = digest_rows(pl.read_parquet(check(workspace.profiles(number))))
    return digest_json([footer, profiles, digest_rows(read_ledger(workspace, number))])
