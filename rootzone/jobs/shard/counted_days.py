"""The days of a profile that count: the campaign year, complete, without the spin-up before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.days import calendar_day, day_number
from rootzone.engines.failures import Failure, FailureClass, SiteId
from rootzone.engines.protocol import Profiles, WeatherBatch


@dataclass(frozen=True)
class Span:
    """Days of a run, since 1970-01-01, both ends included.

    Parameters
    ----------
    start : int
        First day simulated.
    first, last : int
        First and last day that count.
    """

    start: int
    first: int
    last: int

    @classmethod
    def of_year(cls, year: int, spin_up_days: int) -> Span:
        """A calendar year with its spin-up."""
        first = day_number(date(year, 1, 1))
        return cls(first - spin_up_days, first, day_number(date(year, 12, 31)))

    @property
    def n_counted(self) -> int:
        """Days that count."""
        return self.last - self.first + 1

    @property
    def weather_years(self) -> range:
        """Calendar years the run takes weather from."""
        return range(calendar_day(self.start).year, calendar_day(self.last).year + 1)


def counted(profiles: Profiles, span: Span) -> Profiles:
    """Only the days that count, of sites that have them all; see :func:`lacking_days`."""
    n_day = np.diff(profiles.row_start)
    offset = span.first - profiles.first_day
    if bool(((offset == 0) & (n_day == span.n_counted)).all()):
        return profiles
    rows = (offset + profiles.row_start[:-1])[:, None] + np.arange(span.n_counted)
    daily = {name: values[rows.ravel()] for name, values in profiles.daily.items()}
    n_layer = profiles.n_layer
    theta = _counted_theta(profiles, offset, span.n_counted)
    sites = np.arange(len(profiles.site_ids) + 1)
    return replace(
        profiles,
        row_start=sites * span.n_counted,
        theta_start=np.concatenate(([0], np.cumsum(n_layer * span.n_counted))).astype(np.int64),
        first_day=np.full(len(profiles.site_ids), span.first, dtype=np.int64),
        theta=theta,
        daily=daily,
    )


def _counted_theta(profiles: Profiles, offset: IntArray, n_counted: int) -> FloatArray:
    n_day, n_layer = np.diff(profiles.row_start), profiles.n_layer
    if (n_day == n_day[0]).all() and (n_layer == n_layer[0]).all() and (offset == offset[0]).all():
        cube = profiles.theta.reshape(len(n_day), n_day[0], n_layer[0])
        return np.ascontiguousarray(cube[:, offset[0] : offset[0] + n_counted]).ravel()
    parts = [
        profiles.theta_of(site)[offset[site] : offset[site] + n_counted].ravel()
        for site in range(len(n_day))
    ]
    return np.concatenate(parts)


def lacking_days(profiles: Profiles, span: Span) -> dict[SiteId, Failure]:
    """Sites whose profile does not reach from the first to the last day that counts."""
    last_day = profiles.first_day + np.diff(profiles.row_start) - 1
    lacking = np.flatnonzero((profiles.first_day > span.first) | (last_day < span.last))
    failures = {}
    for i in lacking.tolist():
        site = profiles.site_ids.tolist()[i]
        text = (
            f"DATES_INCOMPLETE at site {site}: the engine gave "
            f"{calendar_day(profiles.first_day[i])} to {calendar_day(last_day[i])}, not "
            f"{calendar_day(span.first)} to {calendar_day(span.last)}. The site is quarantined."
        )
        failures[site] = Failure(
            site,
            FailureClass.DATES_INCOMPLETE,
            text,
            date=calendar_day(last_day[i] + 1).isoformat(),
            attempts=1,
        )
    return failures


def cells_out_of_span(weather: WeatherBatch, span: Span) -> Mapping[int, str]:
    """Cells whose weather starts too late or ends too early, with what there is of it."""
    last_day = weather.first_day + weather.n_day - 1
    short = np.flatnonzero((weather.first_day > span.start) | (last_day < span.last))
    return {
        int(cell): (
            f"weather from {calendar_day(weather.first_day[cell])} to "
            f"{calendar_day(last_day[cell])}, needed from {calendar_day(span.start)} to "
            f"{calendar_day(span.last)}"
        )
        for cell in short
    }


def theta_out_of_bounds(
    profiles: Profiles, theta_high: Mapping[SiteId, FloatArray], slack: float
) -> dict[SiteId, Failure]:
    """Sites with water above saturation or below zero in a layer of the campaign.

    Needed where an attempt ran on other layers than the campaign's: the engine has judged its own
    layers, not these.
    """
    failures = {}
    for position, site in enumerate(profiles.site_ids.tolist()):
        theta = profiles.theta_of(position)
        wrong = np.argwhere((theta < -slack) | (theta > theta_high[site] + slack))
        if len(wrong):
            day, layer = (int(k) for k in wrong[0])
            when = calendar_day(profiles.first_day[position] + day).isoformat()
            value = f"{theta[day, layer]:.6g}"
            text = (
                f"OUT_OF_BOUNDS at site {site} on {when}, layer {layer + 1}: theta {value} is "
                f"outside 0 to {theta_high[site][layer]:.6g} [m3 m-3] on the campaign's layers. "
                "The site is quarantined."
            )
            failures[site] = Failure(
                site, FailureClass.OUT_OF_BOUNDS, text, layer + 1, None, value, when, attempts=1
            )
    return failures
