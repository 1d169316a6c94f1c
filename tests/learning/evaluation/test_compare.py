"""Paired comparisons, on errors that can be added up by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from rootzone.learning.evaluation.card import card_of
from rootzone.learning.evaluation.compare import compare, difference_interval
from rootzone.learning.evaluation.metrics import skill_table
from rootzone.learning.evaluation.tables import COMPARISON

DAYS = [dt.date(2023, 1, 1) + dt.timedelta(days=i) for i in range(80)]  # to 21 March
PLACES = ("a", "b", "c", "d")


def predictions(errors: dict[str, np.ndarray], half_width: float = 0.02) -> pl.DataFrame:
    """Each model with its errors by day, the same at four places; NaN for no prediction."""
    frames = []
    for model, error in errors.items():
        for place in PLACES:
            observed = np.linspace(0.1, 0.3, 80)
            predicted = observed + error
            own = half_width if model == "unet" else np.nan
            frames.append(
                pl.DataFrame(
                    {
                        "source": "station", "model": model, "split": "stations", "part": "test",
                        "place": place, "row": 0, "col": 0, "date": DAYS, "depth_mm": 200.0,
                        "observed": observed, "predicted": predicted, "low": predicted - own,
                        "high": predicted + own, "interval_pct": 90.0,
                        "season": ["DJF"] * 59 + ["MAM"] * 21,
                        "land_cover": "Grassland", "climate_class": None,
                        "texture_class": "loam", "seed": 3,
                    },
                    schema_overrides={"climate_class": pl.String},
                )
            )  # fmt: skip
    return pl.concat(frames).with_columns(pl.col(pl.Float64).fill_nan(None))


def row(table: pl.DataFrame, baseline: str, group: str) -> dict[str, object]:
    found = table.filter(pl.col("baseline") == baseline, pl.col("group") == group)
    assert found.height == 1
    return found.row(0, named=True)


def test_only_samples_both_models_have_are_compared() -> None:
    # The baseline answers the last 40 days only, with error 0.02; there the network has 0.01, in
    # the first 40 days 0.09. So 0.01 stands against 0.02, and the network wins.
    unet = np.where(np.arange(80) < 40, 0.09, 0.01)
    other = np.where(np.arange(80) < 40, np.nan, 0.02)
    found = row(compare(predictions({"unet": unet, "persistence": other})), "persistence", "all")
    assert (found["n"], found["n_place"]) == (160, 4)
    assert found["mae_unet"] == pytest.approx(0.01)
    assert found["mae_baseline"] == pytest.approx(0.02)
    assert found["difference"] == pytest.approx(-0.01)
    assert found["verdict"] == "wins"


def test_a_loss_in_one_season_is_told_though_the_year_is_won() -> None:
    # DJF: 0.01 against 0.03; MAM: 0.05 against 0.02.
    winter = np.arange(80) < 59
    table = compare(
        predictions(
            {"unet": np.where(winter, 0.01, 0.05), "lightgbm": np.where(winter, 0.03, 0.02)}
        )
    )
    assert row(table, "lightgbm", "all")["verdict"] == "wins"
    assert row(table, "lightgbm", "MAM")["verdict"] == "loses"
    assert row(table, "lightgbm", "MAM")["difference"] == pytest.approx(0.03)
    assert list(table.columns) == list(COMPARISON.by_name)


def test_a_difference_that_changes_sign_between_places_is_even() -> None:
    # Differences of 0.01, -0.01, 0.02, -0.02 at four places: any sign of the mean can be drawn.
    low, high = difference_interval(
        np.full(4, 10.0), np.array([0.1, -0.1, 0.2, -0.2]), np.random.default_rng(0)
    )
    assert low is not None
    assert high is not None
    assert low < 0 < high


def test_the_interval_of_one_difference_everywhere_has_no_width_and_two_places_have_none() -> None:
    every = difference_interval(np.full(5, 10.0), np.full(5, 0.1), np.random.default_rng(0))
    assert every == (pytest.approx(0.01), pytest.approx(0.01))
    two = difference_interval(np.full(2, 10.0), np.full(2, 0.1), np.random.default_rng(0))
    assert two == (None, None)


def test_groups_of_few_samples_are_left_out() -> None:
    one = predictions({"unet": np.full(80, 0.01), "surface": np.full(80, 0.02)}).filter(
        pl.col("place") == "a"
    )
    table = compare(one)
    # 21 days of MAM at one place are fewer than 30.
    assert table.filter(pl.col("group") == "MAM").is_empty()
    assert row(table, "surface", "all")["verdict"] == "too few places"


def test_the_card_says_where_it_loses_and_how_many_values_the_interval_holds() -> None:
    winter = np.arange(80) < 59
    frame = predictions(
        {"unet": np.where(winter, 0.01, 0.05), "lightgbm": np.where(winter, 0.03, 0.02)}
    )
    info = {
        "campaign": "co", "run": "main", "split": {"kind": "stations"}, "notes": ["A note."],
        "network": {"widths": [4, 8]}, "calibration": {"coverage": 0.9},
    }  # fmt: skip
    card = card_of(info, skill_table(frame, repeats=20), compare(frame), ["Persistence: none."])
    assert "It beats LightGBM, same features: MAE 0.0205 against 0.0274" in card
    assert "It loses in MAM (+0.0300)." in card
    # +-0.02 holds errors of 0.01 (59 of 80 days), not those of 0.05.
    assert "all 0.74 (320), DJF 1.00 (236), MAM 0.00 (84)" in card
    assert "in the 90 % interval" in card
    assert "- A note." in card
    assert "- Persistence: none." in card
    assert "left-out stations" in card


def test_the_card_of_a_model_that_loses_says_so_plainly() -> None:
    frame = predictions({"unet": np.full(80, 0.05), "climatology": np.full(80, 0.02)})
    card = card_of({}, skill_table(frame, repeats=20), compare(frame))
    assert "**It loses to climatology**: MAE 0.0500 against 0.0200 m3 m-3 (320 samples, 4" in card


def test_without_a_baseline_the_card_says_that_nothing_is_compared() -> None:
    frame = predictions({"unet": np.full(80, 0.05)})
    card = card_of({}, skill_table(frame, repeats=20), compare(frame))
    assert "nothing is compared" in card
