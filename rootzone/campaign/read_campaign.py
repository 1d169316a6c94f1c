"""From a campaign file to a typed campaign, with every mistake found in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rootzone._shared.digests import digest_json
from rootzone._shared.names import nearest_name
from rootzone._shared.safe_yaml import Document, KeyPath, read_yaml
from rootzone.campaign.describe import allowed, field_at, fields_of, model_at, sections_with
from rootzone.campaign.findings import CampaignMistakes, Finding
from rootzone.campaign.model import Campaign
from rootzone.campaign.rules import broken_rules

_LONGEST_SEEN = 60


@dataclass(frozen=True)
class LoadedCampaign:
    """A campaign and the file it came from.

    Parameters
    ----------
    campaign : Campaign
        All values, defaults filled in.
    document : Document
        The file as written, for places in later messages.
    """

    campaign: Campaign
    document: Document

    @cached_property
    def resolved(self) -> dict[str, Any]:
        """Every key and value that counts, defaults included, as JSON values."""
        return self.campaign.model_dump(mode="json")

    @cached_property
    def digest(self) -> str:
        """Digest of the resolved campaign: the same for files that mean the same."""
        return digest_json(self.resolved)

    def finding(self, key: KeyPath, problem: str, mend: str) -> Finding:
        """A mistake that a later stage found, with its place in the file."""
        return _finding(self.document, key, problem, mend)


def load_campaign(path: Path) -> LoadedCampaign:
    """Read a campaign file that must be right.

    Raises
    ------
    RequestError
        The file cannot be read as YAML.
    CampaignMistakes
        All mistakes in it, each with line, column, value seen and remedy.
    """
    loaded, findings = examine_campaign(path)
    if findings or loaded is None:
        raise CampaignMistakes(findings)
    return loaded


def examine_campaign(path: Path) -> tuple[LoadedCampaign | None, list[Finding]]:
    """Read a campaign file and tell everything that is wrong with it.

    Returns
    -------
    loaded : LoadedCampaign or None
        The campaign with what could not be understood left at its default, so that later stages
        can look for mistakes too; None where nothing could be understood.
    findings : list of Finding
        All mistakes; empty when the campaign is right.

    Raises
    ------
    RequestError
        The file cannot be read as YAML.
    """
    document = read_yaml(path)
    findings, campaign = _examine(document)
    return (None if campaign is None else LoadedCampaign(campaign, document)), findings


def _examine(document: Document) -> tuple[list[Finding], Campaign | None]:
    """All findings, and the campaign as far as it could be understood."""
    if not isinstance(document.data, dict):
        return [
            _finding(document, (), "the file holds no keys", "start with: rootzone init DIR")
        ], None
    findings = [
        _finding(document, key, "the key is written twice; only the last one counts", "keep one")
        for key, _ in document.repeated
    ]
    data = deepcopy(document.data)
    wrong: set[KeyPath] = set()
    while True:
        try:
            campaign = Campaign.model_validate(data)
            break
        except ValidationError as error:
            details = [d for d in _told_once(error) if _key(d) not in wrong]
            if not details:
                return findings, None
            by_key: dict[KeyPath, list[ErrorDetails]] = {}
            for detail in details:
                by_key.setdefault(_key(detail), []).append(detail)
            for key, same_key in by_key.items():
                findings.append(_explain(document, key, same_key))
                _set_aside(data, key)
            wrong |= by_key.keys()
    findings += [
        _finding(document, rule.key, rule.problem, rule.mend)
        for rule in broken_rules(campaign)
        if not any(_overlap(rule.key, key) for key in wrong)
    ]
    return findings, campaign


def _told_once(error: ValidationError) -> list[ErrorDetails]:
    """Errors without the complaint that a list is too short because its own items are wrong."""
    details = error.errors(include_url=False)
    return [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(_inside(_key(other), _key(detail)) for other in details)
    ]


def _inside(key: KeyPath, outer: KeyPath) -> bool:
    return len(key) > len(outer) and key[: len(outer)] == outer


def _key(detail: ErrorDetails) -> KeyPath:
    """Key path of a pydantic error, without the union members that pydantic appends."""
    path: KeyPath = ()
    for part in detail["loc"]:
        last_unknown = detail["type"] == "extra_forbidden" and part == detail["loc"][-1]
        known = isinstance(part, int) or last_unknown or field_at(Campaign, (*path, part))
        if known or path == _FREE_MAPPING:
            path = (*path, part)
    return path


# The one section whose keys are an engine's own.
_FREE_MAPPING: KeyPath = ("engine", "settings")


def _set_aside(data: Any, key: KeyPath) -> None:  # noqa: ANN401 - plain YAML data
    """Take a wrong value out, so that the rest can be judged; a missing key gets a stand-in."""
    if not key:
        return
    parent = data
    for part in key[:-1]:
        try:
            parent = parent[part]
        except (KeyError, IndexError, TypeError):
            return
    last = key[-1]
    if isinstance(parent, list) and isinstance(last, int):
        _set_aside(data, key[:-1])
    elif isinstance(parent, dict):
        stand_in = _STAND_INS.get(key)
        if stand_in is None:
            parent.pop(last, None)
        else:
            parent[last] = deepcopy(stand_in)


# Keys without a default need a value for the rest of the file to be judged.
_STAND_INS: dict[KeyPath, Any] = {
    ("name",): "unnamed",
    ("region",): {"place": "anywhere"},
    ("years",): [2000],
}


def _overlap(one: KeyPath, other: KeyPath) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _explain(document: Document, key: KeyPath, details: Sequence[ErrorDetails]) -> Finding:
    """One finding for one key; a value that fits no member of a union has several details."""
    kind = details[0]["type"]
    if kind == "extra_forbidden":
        return _finding(document, key, "unknown key", _mend_unknown(key))
    if kind == "missing":
        return _finding(
            document, key, "required, but not there", f"add it: {allowed(Campaign, key)}"
        )
    if len(details) > 1:
        return _finding(document, key, "neither number, truth value nor text", "give one of these")
    problem = details[0]["msg"].removeprefix("Value error, ")
    problem = problem.replace("Input should be", "it should be")
    return _finding(document, key, problem[0].lower() + problem[1:], allowed(Campaign, key))


def _mend_unknown(key: KeyPath) -> str:
    name = str(key[-1])
    model = model_at(Campaign, key[:-1])
    siblings = list(fields_of(model)) if model else []
    elsewhere = sections_with(Campaign, name)
    if elsewhere:
        return f"it belongs in the section {' or '.join(elsewhere)}"
    nearest = nearest_name(name, siblings)
    if nearest:
        return f"did you mean {nearest}?"
    return f"remove it; known here are {', '.join(siblings)}"


def _finding(document: Document, key: KeyPath, problem: str, mend: str) -> Finding:
    place = document.place(key)
    dotted = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    seen = _seen(document.data, key)
    return Finding(
        file=str(document.path),
        line=place.line,
        column=place.column,
        key=dotted.removeprefix(".") or "(file)",
        seen=seen,
        problem=problem,
        mend=mend.removesuffix("."),
    )


def _seen(data: Any, key: KeyPath) -> str:  # noqa: ANN401 - plain YAML data
    for part in key:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return ""
    if isinstance(data, dict):
        return ""
    text = repr(data)
    return text if len(text) <= _LONGEST_SEEN else text[: _LONGEST_SEEN - 3] + "..."
