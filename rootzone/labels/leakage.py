"""How much the training samples of a split know about its test samples."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray
from rootzone.labels.splits import PARTS, TEST, TRAIN
from rootzone.stations.pixels import unit_vectors

_EARTH_KM = 6371.0


@dataclass(frozen=True)
class Leakage:
    """What train and test share.

    Parameters
    ----------
    samples : dict
        Samples of each part, and of none.
    test_dates, shared_dates : int
        Distinct dates of the test, and how many of them are in training too.
    test_stations, shared_stations : int or None
        The same for stations; None without a column station.
    days_to_train : dict
        Nearest training date of the same station (of any, without stations) to each test sample
        [d]: min, median, and the share of test samples within 1 and 7 days.
    km_to_train : dict or None
        Distance of each test station to the nearest training station [km]: min, median; 0 where
        the station itself trains. None without positions.
    """

    samples: dict[str, int]
    test_dates: int
    shared_dates: int
    test_stations: int | None
    shared_stations: int | None
    days_to_train: dict[str, float]
    km_to_train: dict[str, float] | None

    def facts(self) -> dict[str, Any]:
        """The report as JSON values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The report for a person, one fact a line."""
        counts = ", ".join(f"{name} {count}" for name, count in self.samples.items())
        days = self.days_to_train
        out = [
            f"samples: {counts}",
            f"dates of the test that train too: {self.shared_dates} of {self.test_dates}",
        ]
        if self.test_stations is not None:
            out.append(
                f"stations of the test that train too: {self.shared_stations} of "
                f"{self.test_stations}"
            )
        out.append(
            f"nearest training date of the same place: median {days['median']:g} d, "
            f"{100 * days['within_1']:.1f} % within a day, {100 * days['within_7']:.1f} % within "
            "a week"
        )
        if self.km_to_train is not None:
            out.append(
                f"nearest training station: median {self.km_to_train['median']:.1f} km, "
                f"least {self.km_to_train['min']:.1f} km"
            )
        return out


def measure_leakage(samples: pl.DataFrame, part: pl.Series) -> Leakage:
    """Leakage of a split.

    Parameters
    ----------
    samples : polars.DataFrame
        Column date; station (or site_id), lat and lon where there are any.
    part : polars.Series
        Part of each sample; null for none.

    Returns
    -------
    Leakage
        Distances are NaN where training or test is empty, or a test station never trains.
    """
    frame = samples.with_columns(part.alias("part"))
    place = next((name for name in ("station", "site_id") if name in frame.columns), None)
    train, test = (frame.filter(pl.col("part") == name) for name in (TRAIN, TEST))
    counts = {name: int((part == name).sum()) for name in PARTS}
    counts["none"] = int(part.is_null().sum())
    dates = [set(one["date"].unique().to_list()) for one in (test, train)]
    places = [set(one[place].unique().to_list()) for one in (test, train)] if place else None
    return Leakage(
        samples=counts,
        test_dates=len(dates[0]),
        shared_dates=len(dates[0] & dates[1]),
        test_stations=len(places[0]) if places else None,
        shared_stations=len(places[0] & places[1]) if places else None,
        days_to_train=_in_time(train, test, place),
        km_to_train=_in_space(train, test, place),
    )


def _in_time(train: pl.DataFrame, test: pl.DataFrame, place: str | None) -> dict[str, float]:
    """Distances in time; the same station's own dates count, since those are what leaks."""
    days: list[FloatArray] = []
    keys = [place] if place else []
    trained = {
        key: np.unique(part["date"].cast(pl.Date).to_physical().to_numpy())
        for key, part in _groups(train, keys)
    }
    for key, part in _groups(test, keys):
        wanted = part["date"].cast(pl.Date).to_physical().to_numpy()
        known = trained.get(key)
        if known is None or not len(known):
            days.append(np.full(len(wanted), np.nan))
            continue
        at = np.searchsorted(known, wanted)
        after = known[np.minimum(at, len(known) - 1)]
        before = known[np.maximum(at - 1, 0)]
        nearest = np.minimum(np.abs(after - wanted), np.abs(wanted - before))
        days.append(nearest.astype(np.float64))
    every = np.concatenate(days) if days else np.zeros(0)
    finite = every[np.isfinite(every)]
    nan = float("nan")
    return {
        "min": float(finite.min()) if finite.size else nan,
        "median": float(np.median(finite)) if finite.size else nan,
        "within_1": float((finite <= 1).sum() / every.size) if every.size else nan,
        "within_7": float((finite <= 7).sum() / every.size) if every.size else nan,
    }


def _groups(frame: pl.DataFrame, keys: list[str]) -> list[tuple[Any, pl.DataFrame]]:
    if not keys:
        return [((), frame)]
    return list(frame.group_by(keys, maintain_order=True))


def _in_space(
    train: pl.DataFrame, test: pl.DataFrame, place: str | None
) -> dict[str, float] | None:
    if place is None or not {"lat", "lon"} <= set(test.columns):
        return None
    from scipy.spatial import cKDTree

    known, wanted = (
        one.select(place, "lat", "lon").unique(place, keep="first").drop_nulls()
        for one in (train, test)
    )
    if not known.height or not wanted.height:
        return {"min": float("nan"), "median": float("nan")}
    chord, _ = cKDTree(unit_vectors(known["lat"], known["lon"])).query(
        unit_vectors(wanted["lat"], wanted["lon"])
    )
    km = 2.0 * _EARTH_KM * np.arcsin(np.clip(chord / 2.0, 0.0, 1.0))
    return {"min": float(km.min()), "median": float(np.median(km))}
