"""Every day's image: what is kept, what fills a gap, and that each pixel says so."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rootzone._shared.errors import RequestError
from rootzone.surface.fusion import estarfm
from rootzone.surface.fusion.daily import DailySettings, Filled, Origin, Series, fill_day
from tests.cli.campaign_runs import invoke

SETTINGS = DailySettings((200.0, 350.0), unbiased=True, half_px=4, least_clear=0.6, reach_days=10)
START = dt.date(2022, 6, 1)


def day(number: int) -> dt.date:
    return START + dt.timedelta(days=number)


def filled(
    wanted: int, fine: dict[int, np.ndarray], coarse: dict[int, np.ndarray], **change: float
) -> Filled:
    def series(images: dict[int, np.ndarray]) -> Series:
        return Series([day(k) for k in images], lambda d: images[(d - START).days])

    settings = DailySettings(**{**vars(SETTINGS), **change})  # type: ignore[arg-type]  # keys of any type
    known = series(fine)
    return fill_day(
        day(wanted), known, series(coarse),
        lambda d: float(np.isfinite(known.read(d)).mean()), settings,
    )  # fmt: skip


def images(seed: int = 0) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    """Fine images of days 0, 4, 8 and coarse ones of all days, 3 K warmer and warming by 1 K."""
    rng = np.random.default_rng(seed)
    pattern = rng.uniform(290.0, 300.0, (16, 18))
    coarse = {k: pattern + 3.0 + k for k in range(9)}
    return {k: pattern + k + rng.normal(0.0, 0.1, pattern.shape) for k in (0, 4, 8)}, coarse


def test_what_the_fine_sensor_saw_stays_to_the_bit() -> None:
    fine, coarse = images()
    fine[4][2:5, 3:9] = np.nan
    told = filled(4, fine, coarse)
    seen = np.isfinite(fine[4])
    assert np.array_equal(told.values[seen], fine[4][seen])
    assert (told.origin[seen] == Origin.OBSERVED).all()
    assert (told.origin[~seen] == Origin.FUSED).all()


def test_gaps_are_what_estarfm_makes_of_the_nearest_two_pairs() -> None:
    fine, coarse = images(1)
    del fine[4]
    told = filled(5, fine, coarse)
    whole = estarfm(
        [(fine[0], coarse[0]), (fine[8], coarse[8])], coarse[5], bounds=(200.0, 350.0),
        unbiased=True, half_px=4,
    )  # fmt: skip
    assert np.array_equal(told.values, whole)
    assert (told.origin == Origin.FUSED).all()


def test_with_one_pair_the_coarse_change_is_added() -> None:
    # By hand: one fine image of day 4; the coarse series warms by 1 K a day, so day 7 is 3 K up.
    fine, coarse = images(2)
    told = filled(7, {4: fine[4]}, coarse)
    assert np.allclose(told.values, fine[4] + 3.0)
    assert (told.origin == Origin.CHANGED).all()


def test_without_the_coarse_image_values_lie_between_the_days_around() -> None:
    # By hand: days 0 and 4 around day 1, so a quarter of the way; no coarse image within 8 days.
    fine, _ = images(3)
    told = filled(1, fine, {60: fine[0]})
    assert np.allclose(told.values, 0.75 * fine[0] + 0.25 * fine[4])
    assert (told.origin == Origin.BETWEEN).all()


def test_far_from_all_images_the_season_of_other_years_is_the_answer() -> None:
    # By hand: day 365 + 4 is the day of the year of day 4; images of days 0, 4 and 8 are near it.
    fine, _ = images(4)
    told = filled(369, fine, {0: fine[0]})
    assert np.allclose(told.values, (fine[0] + fine[4] + fine[8]) / 3.0)
    assert (told.origin == Origin.USUAL).all()
    half_a_year_off = filled(190, fine, {0: fine[0]})
    assert np.isnan(half_a_year_off.values).all()
    assert (half_a_year_off.origin == Origin.UNKNOWN).all()


def test_a_cloudy_pair_is_passed_over_and_values_out_of_bounds_are_not_put() -> None:
    fine, coarse = images(5)
    fine[4][:12] = np.nan  # a quarter is clear, 60 % is asked
    told = filled(5, fine, coarse)
    with_clear_pairs = filled(5, {0: fine[0], 8: fine[8]}, coarse)
    assert np.array_equal(told.values, with_clear_pairs.values)
    cold = filled(5, {4: fine[4]}, {4: coarse[4], 5: coarse[5] - 200.0})
    assert not (cold.origin == Origin.CHANGED).any()


def test_two_images_of_a_day_are_refused() -> None:
    with pytest.raises(RequestError, match="Two images are of 2022-06-01"):
        Series([START, START], lambda _: np.zeros((2, 2)))


def write(path: Path, values: np.ndarray, cell: float = 0.01) -> None:
    profile = {
        "driver": "GTiff", "height": values.shape[0], "width": values.shape[1], "count": 1,
        "dtype": "uint16", "crs": "EPSG:4326", "transform": from_origin(10.0, 50.0, cell, cell),
        "nodata": 0,
    }  # fmt: skip
    path.parent.mkdir(exist_ok=True)
    with rasterio.open(path, "w", **profile) as file:  # MOD11A1: 0.02 K a step, 0 is no value
        file.write(np.where(np.isfinite(values), np.rint(values / 0.02), 0).astype("uint16"), 1)
        file.scales = (0.02,)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """MODIS-like days with clouds, and 8-day means of cells of 4 px."""
    rng = np.random.default_rng(7)
    pattern = rng.uniform(290.0, 300.0, (16, 20))
    for k in range(0, 20, 2):
        image = pattern + 0.2 * k
        image[rng.random(image.shape) < (0.9 if k == 6 else 0.1)] = np.nan
        write(tmp_path / "fine" / f"MOD11A1.A2022{152 + k}.h18v04.061.2022200112233.tif", image)
    cells = pattern.reshape(4, 4, 5, 4).mean(axis=(1, 3)) + 2.0
    for k in range(-8, 32, 8):
        write(tmp_path / "coarse" / f"GLASS_2022{152 + k}.tif", cells + 0.2 * (k + 3.5), 0.04)
    return tmp_path


def daily(folder: Path, *more: str, last: str = "2022-06-08") -> object:
    return invoke(
        "surface", "daily", "--fine", f"{folder}/fine/*.tif", "--coarse", f"{folder}/coarse/*.tif",
        "--coarse-days", "8", "--from", "2022-06-05", "--to", last, "--quantity", "lst",
        "--half-px", "3", "--out", str(folder / "out"), "--json", *more,
    )  # fmt: skip


def test_the_verb_writes_values_and_origins_and_keeps_what_is_made(folder: Path) -> None:
    told = daily(folder)
    assert told.exit_code == 0, told.output
    facts = {one["day"]: one for one in json.loads(told.stdout)}
    assert list(facts) == ["2022-06-05", "2022-06-06", "2022-06-07", "2022-06-08"]
    assert facts["2022-06-06"]["observed"] == 0.0
    assert facts["2022-06-06"]["fused"] > 0.7
    assert 0.05 < facts["2022-06-07"]["observed"] < 0.2  # the cloudy day
    assert facts["2022-06-05"]["unknown"] == 0.0
    with rasterio.open(folder / "out" / "lst_20220606.origin.tif") as file:
        assert set(np.unique(file.read(1))) <= {code.value for code in Origin}
        assert file.tags()["origin_2"] == "fused from two pairs (ESTARFM)"
    with rasterio.open(folder / "out" / "lst_20220605.tif") as file:
        out = file.read(1)
        assert file.units == ("K",)
    with rasterio.open(folder / "fine" / "MOD11A1.A2022156.h18v04.061.2022200112233.tif") as file:
        stored = file.read(1)  # 5 June is day 156
    assert np.array_equal(out[stored > 0], (stored[stored > 0] * 0.02).astype("float32"))
    before = {p: p.stat().st_mtime_ns for p in (folder / "out").iterdir()}
    assert daily(folder).exit_code == 0
    assert before == {p: p.stat().st_mtime_ns for p in (folder / "out").iterdir()}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "fine" / "MOD11A1.A2022156.h18v04.061.2022200112233.tif").rename(
            f / "fine" / "plain.tif"), "plain.tif tells no day"),
        (lambda f: write(f / "fine" / "lst_20220605.tif", np.full((16, 20), 300.0)),
         "are of one day"),
        (lambda f: write(f / "fine" / "lst_20220604.tif", np.full((16, 19), 300.0)),
         "has another size"),
        (lambda f: write(f / "coarse" / "GLASS_2022160.tif", np.full((4, 5), 27.0), 0.04),
         "lies outside the bounds 200 to 350"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_filled_from_are_named(
    folder: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(folder)
    told = daily(folder, last="2022-06-10")
    assert isinstance(told.exception, RequestError), told.output
    assert said in str(told.exception)
