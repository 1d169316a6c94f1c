from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from rootzone.jobs.record.year_balance import balance_lines, fluxes_out, year_balances

DAYS = [dt.date(2023, 1, 1), dt.date(2023, 1, 2), dt.date(2023, 1, 3)]
CELLS = pl.DataFrame({"site_id": [7], "cell_id": [1]})
THICKNESS_MM = np.array([100.0, 200.0])
# By hand, days 2 and 3: rain 10 + 4. Leaves: 1 evaporates each day and they hold 0 -> 0.5 -> 0.5.
# Runoff 2 + 0, soil evaporation 1 + 0.5, pond 0 -> 1 -> 0, snow 0 -> 0 -> 0.5. So day 2 brings into
# the soil 10 - 1 - 0.5 - 2 - 1 - 1 = 4.5 and day 3 4 - 1 - 0.5 + 1 - 0.5 = 3. Roots take 1 + 2,
# drainage 0.5 + 1: the soil gains 3 + 0 = 3 mm, 0.01 in 100 mm and 0.01 in 200 mm.
# The first day's fluxes do not count.
PLANTED = pl.DataFrame(
    {
        "site_id": [7, 7, 7],
        "date": DAYS,
        "theta": [[0.20, 0.30], [0.21, 0.31], [0.21, 0.31]],
        "runoff_mm": [9.0, 2.0, 0.0],
        "drainage_mm": [9.0, 0.5, 1.0],
        "es_mm": [9.0, 1.0, 0.5],
        "infiltration_mm": [9.0, 4.5, 3.0],
        "pond_mm": [0.0, 1.0, 0.0],
        "snow_mm": [0.0, 0.0, 0.5],
        "transpiration_mm": [9.0, 1.0, 2.0],
        "interception_mm": [9.0, 1.0, 1.0],
        "canopy_mm": [0.0, 0.5, 0.5],
    }
)
RAIN = pl.DataFrame({"cell_id": [1] * 3, "date": DAYS, "rain_mm": [9.0, 10.0, 4.0]})


def balance(frame: pl.DataFrame) -> dict[str, float]:
    table = year_balances(frame.lazy(), CELLS, RAIN, THICKNESS_MM)
    errors = {"surface": table["surface_mm"][0], "soil": table["soil_mm"][0]}
    return dict(balance_lines(table)) | errors


def test_a_planted_year_by_hand_is_told_part_by_part_and_closes() -> None:
    assert balance(PLANTED) == pytest.approx(
        {
            "rain": 14.0,
            "interception": 2.0,
            "transpiration": 3.0,
            "soil evaporation": 1.5,
            "drainage": 1.5,
            "runoff": 2.0,
            "change of water in the soil": 3.0,
            "change of water outside it (pond, snow, leaves)": 1.0,
            "closing error": 0.0,
            "surface": 0.0,
            "soil": 0.0,
        },
        abs=1e-12,
    )


@pytest.mark.parametrize(
    ("column", "where", "sign"),
    [("interception_mm", "surface", -1), ("transpiration_mm", "soil", 1), ("es_mm", "surface", -1)],
)
def test_water_that_vanished_shows_where_it_did(column: str, where: str, sign: int) -> None:
    more = balance(PLANTED.with_columns(pl.Series(column, PLANTED[column] + 0.25)))
    assert more[where] == pytest.approx(sign * 0.5)  # two days that count
    assert more["closing error"] == pytest.approx(-0.5)


def test_bare_ground_has_no_parts_of_plants() -> None:
    plants = ("transpiration_mm", "interception_mm", "canopy_mm")
    table = year_balances(PLANTED.drop(plants).lazy(), CELLS, RAIN, THICKNESS_MM)
    assert fluxes_out(table) == ["es_mm", "drainage_mm", "runoff_mm"]
    # The 3 mm of roots are not told, nor the 2.5 mm that leaves evaporated or hold.
    assert table["soil_mm"][0] == pytest.approx(-3.0)
    assert table["surface_mm"][0] == pytest.approx(2.5)
