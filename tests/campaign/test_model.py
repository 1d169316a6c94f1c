from __future__ import annotations

import pytest

from rootzone.campaign.model import Campaign


@pytest.mark.parametrize(
    ("years", "spin_up_days", "needed"),
    [
        ([2023], 0, (2023,)),
        ([2023], 1, (2022, 2023)),
        ([2023], 365, (2022, 2023)),  # 2022-01-01
        ([2023], 366, (2021, 2022, 2023)),  # 2021-12-31
        ([2021, 2024], 30, (2020, 2021, 2023, 2024)),
    ],
)
def test_weather_reaches_back_as_far_as_spin_up(
    years: list[int], spin_up_days: int, needed: tuple[int, ...]
) -> None:
    campaign = Campaign.model_validate(
        {
            "name": "x",
            "region": {"place": "Colorado"},
            "years": years,
            "engine": {"spin_up_days": spin_up_days},
        }
    )
    assert campaign.weather_years == needed
