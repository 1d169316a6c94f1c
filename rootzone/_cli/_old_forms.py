"""Verbs in the form they had in the release before: they work, with a word on stderr."""

from __future__ import annotations

from collections.abc import Sequence

import click

_CAMPAIGN = (".yaml", ".yml")
# The verb of tables for each verb of campaigns, and options that only the former has.
_TABLES = {
    "simulate": ("simulate-tables", ("--soils", "--weather")),
    "labels": ("label-tables", ("--depth", "--soils", "--thickness", "--nodes", "--sites")),
}


def new_form(args: Sequence[str]) -> list[str]:
    """What was typed, in today's form.

    Examples
    --------
    >>> new_form(["simulate", "campaign.yaml", "--shard", "3"])
    ['simulate', 'campaign.yaml', '--shard', '3']
    """
    typed = list(args)
    if not typed or typed[0] not in _TABLES:
        return typed
    verb, own = _TABLES[typed[0]]
    names_campaign = any(arg.endswith(_CAMPAIGN) for arg in typed[1:])
    has_own = any(arg.partition("=")[0] in own for arg in typed[1:])
    profiles = typed[0] == "labels" and any(not arg.startswith("-") for arg in typed[1:])
    if names_campaign or not (has_own or profiles):
        return typed
    click.echo(
        f"rootzone {typed[0]} is for campaigns; tables have rootzone {verb}. The old form still "
        "works in this release, and is gone in the next.",
        err=True,
    )
    return [verb, *typed[1:]]
