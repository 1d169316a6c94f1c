from __future__ import annotations

import json
from pathlib import Path

import pytest

from rootzone._shared.errors import RequestError
from rootzone.campaign.workspace import Workspace
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.jobs.driver.run_canaries import canary_answers, check_canaries


@pytest.fixture(scope="module")
def engine() -> SwimEngine:
    return SwimEngine(settings_from_mapping("van_genuchten", "converged", {}), threads=1)


def test_twelve_soils_answer_and_none_fails(engine: SwimEngine) -> None:
    answers = canary_answers(engine)
    assert len(answers) == 12
    assert all(isinstance(answer, list) for answer in answers.values())


def test_the_same_engine_must_answer_as_it_did_where_the_campaign_began(
    engine: SwimEngine, tmp_path: Path
) -> None:
    place = Workspace(tmp_path)
    check_canaries(engine, place, "code")
    check_canaries(engine, place, "code")
    kept = json.loads(place.canaries.read_text())
    del kept["seal"]  # ours to change: without a seal the file is taken as it is
    (key,) = kept
    kept[key]["canary-01"][0] += 1e-3
    place.canaries.write_text(json.dumps(kept))
    with pytest.raises(RequestError, match=r"CANARY_DRIFT: 1 of 12 .* canary-01\."):
        check_canaries(engine, place, "code")


def test_a_new_version_or_setting_keeps_answers_of_its_own(
    engine: SwimEngine, tmp_path: Path
) -> None:
    place = Workspace(tmp_path)
    check_canaries(engine, place, "code")
    check_canaries(engine, place, "newer code")
    changed = settings_from_mapping("van_genuchten", "converged", {"salb": 0.2})
    check_canaries(SwimEngine(changed, threads=1), place, "code")
    assert len(json.loads(place.canaries.read_text()).keys() - {"seal"}) == 3
