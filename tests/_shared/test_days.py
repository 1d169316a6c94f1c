"""Days as whole numbers, against the standard library's calendar."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from rootzone._shared.days import calendar_day, day_number, day_of_year, iso_day, years_of


def test_every_day_of_four_centuries_agrees_with_the_calendar() -> None:
    # Python's own proleptic Gregorian calendar; 1900 is no leap year, 2000 is one.
    days = [date(1896, 1, 1) + timedelta(days=k) for k in range(0, 146_097, 17)]
    numbers = np.array([day_number(day) for day in days])
    assert [calendar_day(n) for n in numbers] == days
    assert [iso_day(n) for n in numbers] == [day.isoformat() for day in days]
    assert years_of(numbers).tolist() == [day.year for day in days]
    assert day_of_year(numbers).tolist() == [day.timetuple().tm_yday - 1 for day in days]
    assert years_of(numbers.astype("datetime64[D]")).tolist() == [day.year for day in days]
