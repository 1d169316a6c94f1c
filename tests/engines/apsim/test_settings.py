from __future__ import annotations

import pytest

from rootzone._shared.errors import RequestError
from rootzone.engines.apsim.settings import apsim_settings


def test_changed_keys_are_taken_and_the_rest_stays() -> None:
    settings = apsim_settings({"dt_max_min": 60.0}, processes=2)
    assert (settings.dt_max_min, settings.processes, settings.cn2_bare) == (60.0, 2, 73.0)


def test_all_mistakes_are_told_together_with_the_nearest_name() -> None:
    with pytest.raises(RequestError) as caught:
        apsim_settings({"dt_maximum_min": 60.0, "salb": 3.0})
    assert "did you mean dt_max_min?" in str(caught.value)
    assert "salb = 3.0" in str(caught.value)


def test_steps_out_of_order_are_refused() -> None:
    with pytest.raises(RequestError, match="dt_min_min 90 is above dt_max_min"):
        apsim_settings({"dt_min_min": 90.0, "dt_max_min": 60.0})
