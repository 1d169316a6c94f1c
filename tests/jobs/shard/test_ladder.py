from __future__ import annotations

import pytest

from rootzone._shared.engine_names import engine_names
from rootzone.engines.failures import FailureClass
from rootzone.engines.kinds import kind_of
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.jobs.shard.ladder import CLIMBABLE


@pytest.mark.parametrize("name", engine_names())
@pytest.mark.parametrize("stepping", ["apsim", "converged"])
def test_every_ladder_goes_default_smaller_steps_finer_then_coarser(
    name: str, stepping: str
) -> None:
    ladder = kind_of(name).ladder(stepping)
    assert [rung.name for rung in ladder] == [
        "default",
        "smaller steps",
        "finer nodes",
        "coarser nodes",
    ]
    assert not ladder[0].settings
    assert [rung.split_layers for rung in ladder] == [1, 1, 2, 1]
    assert [rung.merge_layers for rung in ladder] == [1, 1, 1, 2]


@pytest.mark.parametrize("physics", ["swim3", "van_genuchten"])
@pytest.mark.parametrize("stepping", ["apsim", "converged"])
def test_the_embedded_engine_knows_every_setting_of_its_ladder_and_each_makes_it_finer(
    physics: str, stepping: str
) -> None:
    default = settings_from_mapping(physics, stepping, {})
    for rung in kind_of("swim").ladder(stepping)[1:]:
        changed = settings_from_mapping(physics, stepping, rung.settings)
        for key in rung.settings:
            assert getattr(changed, key) < getattr(default, key)


def test_a_wrong_input_and_a_hung_site_are_not_tried_again() -> None:
    for failure_class in FailureClass:
        stem = failure_class.name.split("_")[0]
        if stem in {"SOIL", "FORCING", "INPUT", "TIMEOUT", "WORKER"}:
            assert failure_class not in CLIMBABLE
