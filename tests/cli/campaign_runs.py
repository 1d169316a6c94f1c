"""A campaign that was run with an engine that fails on some sites, for the verbs to look at."""

from __future__ import annotations

from pathlib import Path

from rootzone._cli import cli
from rootzone.campaign.read_campaign import load_campaign
from rootzone.campaign.workspace import Workspace
from rootzone.jobs.driver.run_campaign import run_campaign
from rootzone.jobs.driver.run_local import InThisProcess
from rootzone.jobs.shard import engine_choice
from tests.jobs.engines import MakeBucket
from tests.jobs.synthetic import make_campaign

__all__ = ["MakeBucket", "cli", "invoke", "make_campaign", "run", "use_bucket"]


def run(file: Path, engine: MakeBucket) -> None:
    """Run a campaign with a test engine."""
    campaign = load_campaign(file).campaign
    run_campaign(campaign, Workspace.beside(file), InThisProcess(1), make_engine=engine)


def use_bucket(monkeypatch, engine: MakeBucket) -> None:  # type: ignore[no-untyped-def]
    """Let the verbs use a test engine instead of the campaign's own."""
    for module in ("record.read_state", "driver.run_campaign", "pilot.run_plan"):
        monkeypatch.setattr(
            f"rootzone.jobs.{module}.make_engine_of", lambda campaign, **how: engine
        )
    assert engine_choice.make_engine_of is not None


def invoke(*words: object):  # type: ignore[no-untyped-def]
    """A call of ``rootzone``; our own errors come back as ``result.exception``."""
    from click.testing import CliRunner

    return CliRunner().invoke(cli, [str(word) for word in words])
