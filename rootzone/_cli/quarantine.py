"""``rootzone quarantine``: failed sites, and what to do about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rootzone._cli._options import campaign_argument, json_option
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    import polars as pl

    from rootzone.jobs.record.read_state import CampaignState
    from rootzone.jobs.record.rounds import Round

_SHARD = click.option("--shard", type=click.IntRange(1), help="Only failures of this shard.")
_CLASS = click.option("--class", "failure_class", help="Only this failure class.")


@click.group()
def command() -> None:
    """List failed sites of a campaign, try them again, or run stand-ins in their place."""


@command.command("list")
@campaign_argument
@_SHARD
@_CLASS
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Sites shown.")
@json_option
def list_failed(
    campaign: Path, shard: int | None, failure_class: str | None, limit: int, as_json: bool
) -> None:
    """Show failed sites of CAMPAIGN with class, attempts and the engine's text, and the losses."""
    from rootzone._cli.status import loss_text

    state, failed = _failed(campaign, shard, failure_class)
    following = f"rootzone why {campaign} {failed['site_id'][0]}" if failed.height else ""
    if as_json:
        facts: dict[str, Any] = {
            "failed": failed.height,
            "sites": failed.drop("outcome", "rung").to_dicts(),
            "losses": state.losses.to_dicts(),
            "next": following,
        }
        click.echo(json_text(facts))
        return
    for row in failed.head(limit).iter_rows(named=True):
        click.echo(
            f"{row['site_id']}  shard {row['shard']}  {row['failure_class']}  "
            f"{row['attempts']} attempt(s): {row['text']}"
        )
    if failed.height > limit:
        click.echo(f"... and {failed.height - limit} more (--limit, --json)")
    click.echo(f"{failed.height} failed sites without a stand-in")
    click.echo(loss_text(state))
    if following:
        click.echo(f"next: {following}", err=True)


@command.command("retry")
@campaign_argument
@_SHARD
@_CLASS
@click.option(
    "--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Change an engine setting."
)
@json_option
def retry(
    campaign: Path,
    shard: int | None,
    failure_class: str | None,
    pairs: tuple[str, ...],
    as_json: bool,
) -> None:
    """Put failed sites of CAMPAIGN on record for another try, as a round of new shards."""
    import polars as pl

    from rootzone.jobs.record.rounds import add_round, read_reserves, retry_round

    settings = _settings(pairs)
    state, failed = _failed(campaign, shard, failure_class)
    state.make_engine.identity(settings)  # a wrong setting is told now, not on the cluster
    sites = state.sites
    if state.workspace.reserves.exists():
        reserves = read_reserves(state.workspace).select(sites.columns)
        sites = pl.concat([sites, reserves], how="vertical_relaxed")
    made, rows = retry_round(sites, state.rounds, failed, settings)
    add_round(state.workspace, rows)
    _tell(campaign, made, as_json=as_json)


@command.command("replace")
@campaign_argument
@json_option
def replace(campaign: Path, as_json: bool) -> None:
    """Put stand-ins for the failed sites of CAMPAIGN on record, from the same strata.

    Each takes over the weight of the site it stands in for; where a stratum has no reserve left,
    the weight goes to its other sites.
    """
    from rootzone.jobs.record.rounds import add_round, read_reserves, replace_round

    state, _ = _failed(campaign, None, None)
    made, rows = replace_round(
        state.sites, read_reserves(state.workspace), state.outcomes, state.rounds
    )
    add_round(state.workspace, rows)
    _tell(campaign, made, as_json=as_json)


def _failed(
    campaign: Path, shard: int | None, failure_class: str | None
) -> tuple[CampaignState, pl.DataFrame]:
    import polars as pl

    from rootzone._shared.errors import RequestError
    from rootzone._shared.names import did_you_mean
    from rootzone.engines.failures import FailureClass
    from rootzone.jobs.record.read_state import CampaignState
    from rootzone.jobs.record.rounds import failed_sites

    if failure_class is not None and failure_class not in FailureClass.__members__:
        hint = did_you_mean(failure_class, FailureClass.__members__)
        raise RequestError(f"{failure_class} is not a failure class{hint}")
    state = CampaignState.beside(campaign)
    failed = failed_sites(state.outcomes, state.rounds)
    if shard is not None:
        failed = failed.filter(pl.col("shard") == shard)
    if failure_class is not None:
        failed = failed.filter(pl.col("failure_class") == failure_class)
    return state, failed


def _settings(pairs: tuple[str, ...]) -> dict[str, str]:
    from rootzone._shared.errors import RequestError

    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise RequestError(f"--set {pair!r} is not of the form key=value.")
        settings[key.strip()] = value.strip()
    return settings


def _tell(campaign: Path, made: Round, *, as_json: bool) -> None:
    from dataclasses import asdict

    following = f"rootzone simulate {campaign}"
    if as_json:
        click.echo(json_text({**asdict(made), "next": following}))
    else:
        click.echo(f"round {made.number}: {made.sites} sites to {_WORDS[made.kind]}")
        if made.without_stand_in:
            click.echo(
                f"{made.without_stand_in} failed sites have no reserve left in their stratum; "
                "their weight goes to its other sites"
            )
    click.echo(f"next: {following}", err=True)


_WORDS = {"retry": "try again", "replace": "run as stand-ins"}
