"""A shard's ledger: for every site what came of it, on which rung, and why not.

The ledger is written last. Its footer (`Footer`) closes the shard: without it, or with a footer
that was made from other inputs, the shard is not done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rootzone._shared.tables import Column, Schema
from rootzone.engines.failures import Failure, SiteId
from rootzone.jobs.shard.run_batch import Climb

if TYPE_CHECKING:
    import polars as pl

DONE = "done"
FAILED = "failed"
FOOTER_KEY = "rootzone.shard"
RUN_KEY = "rootzone.run"

LEDGER = Schema(
    "ledger",
    (
        Column("site_id", "id", "-", "site, unique in its campaign"),
        Column("outcome", "text", "-", "done, or failed"),
        Column("rung", "int", "-", "rung of the ladder that finished the site; empty if none did"),
        Column("attempts", "int", "-", "runs tried, the one that finished it included"),
        Column("failure_class", "text", "-", "kind of the last failure; empty when done"),
        Column("text", "text", "-", "what went wrong, in the engine's words"),
        Column("layer", "int", "-", "layer concerned, 1 at the top"),
        Column("column", "text", "-", "input column concerned"),
        Column("value", "text", "-", "value seen"),
        Column("date", "text", "-", "day concerned"),
        Column("repairs", "text", "-", "traps of the original model met and mended, by name"),
        Column("tried", "text", "-", "failed attempts in order, JSON: rung, failure_class, text"),
        Column("inputs", "text", "-", "inputs of a failed site, JSON: soils and weather rows"),
    ),
)


@dataclass(frozen=True)
class Footer:
    """What closes a shard.

    Parameters
    ----------
    campaign : str
        Name of the campaign.
    shard, of_year, round : int
        Which shard it is.
    inputs : mapping of str to str
        Name of everything that had a say and its digest.
    sites, done, failed, rows : int
        Sites of the shard, with and without a profile, and rows of the profiles table.
    """

    campaign: str
    shard: int
    of_year: int
    round: int
    inputs: Mapping[str, str]
    sites: int
    done: int
    failed: int
    rows: int

    def to_json(self) -> str:
        """Text form, stable to the byte."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Footer:
        """Footer from its text form.

        Raises
        ------
        ValueError
            The text is no footer.
        """
        try:
            return cls(**json.loads(text))
        except (TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"not a shard footer: {error}") from error


def ledger_frame(
    site_ids: Sequence[SiteId],
    id_dtype: pl.DataType,
    climb: Climb,
    refused: Mapping[SiteId, Failure],
    inputs: Mapping[SiteId, str],
) -> pl.DataFrame:
    """Ledger of a shard, one row a site, in the order given.

    Parameters
    ----------
    site_ids : sequence
        All sites of the shard.
    id_dtype : polars type
        Type of ``site_id``.
    climb : Climb
        Sites that were run.
    refused : mapping of site to Failure
        Sites whose input was refused before any run.
    inputs : mapping of site to str
        Inputs of failed sites as JSON.
    """
    import polars as pl

    rows = [_row(site, climb, refused) for site in site_ids]
    types = {"rung": pl.Int32, "attempts": pl.Int32, "layer": pl.Int32}
    columns = [pl.Series("site_id", list(site_ids), dtype=id_dtype)]
    for column in LEDGER.columns[1:-1]:
        values = [row.get(column.name) for row in rows]
        columns.append(pl.Series(column.name, values, dtype=types.get(column.name, pl.String)))
    kept = [inputs.get(site) for site in site_ids]
    return pl.DataFrame([*columns, pl.Series("inputs", kept, dtype=pl.String)])


def _row(site: SiteId, climb: Climb, refused: Mapping[SiteId, Failure]) -> dict[str, Any]:
    tried = climb.attempts.get(site, [])
    row: dict[str, Any] = {"repairs": ", ".join(climb.repairs.get(site, ())) or None}
    if tried:
        facts = [
            {"rung": a.rung, "failure_class": a.failure.failure_class, "text": a.failure.text}
            for a in tried
        ]
        row["tried"] = json.dumps(facts)
    if site in climb.rungs:
        return row | {
            "outcome": DONE,
            "rung": climb.rungs[site],
            "attempts": len(tried) + 1,
        }
    failure = refused.get(site) or climb.failures[site]
    return row | {
        "outcome": FAILED,
        "attempts": len(tried),
        "failure_class": str(failure.failure_class),
        "text": failure.text,
        "layer": failure.layer,
        "column": failure.column,
        "value": failure.value,
        "date": failure.date,
        "repairs": None,
    }
