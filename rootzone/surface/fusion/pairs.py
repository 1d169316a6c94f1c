"""Which two of many pairs a day is fused from: the nearest clear ones before and after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from rootzone._shared.day_in_name import day_in_name
from rootzone._shared.errors import RequestError
from rootzone.surface.fusion.fuse_files import PairOfFiles, clear_share


def choose_pairs(
    days: Sequence[dt.date],
    clear: Sequence[float],
    day: dt.date,
    *,
    least_clear: float = 0.5,
) -> tuple[int, int]:
    """Positions of the nearest pair before ``day`` and the nearest after it that are clear.

    A pair of the day itself counts as before it. Where one side has none, the two nearest of the
    other side are taken: the answer then reaches outside the span of its pairs.

    Parameters
    ----------
    days : sequence of date
        Day of each pair.
    clear : sequence of float
        Share of pixels known in both images of each pair, 0 to 1.
    day : date
        Day to be made.
    least_clear : float
        Pairs with less are left out.

    Returns
    -------
    tuple of int
        The earlier and the later of the two.

    Raises
    ------
    RequestError
        Fewer than two pairs are clear enough.

    Examples
    --------
    >>> days = [dt.date(2016, 1, d) for d in (1, 5, 9, 20)]
    >>> choose_pairs(days, [1.0, 0.2, 0.9, 1.0], dt.date(2016, 1, 10))
    (2, 3)
    """
    usable = [k for k, share in enumerate(clear) if share >= least_clear]
    if len(usable) < 2:
        told = ", ".join(f"{d} {share:.0%}" for d, share in zip(days, clear, strict=True))
        raise RequestError(
            f"Fewer than two pairs have {least_clear:.0%} of their pixels clear ({told}). Give "
            "more pairs, or lower --least-clear."
        )
    first, second = (list(days).index(one) for one in nearest_two([days[k] for k in usable], day))
    return first, second


def nearest_two(days: Sequence[dt.date], day: dt.date) -> list[dt.date]:
    """The nearest day before (or equal) and the nearest after; two of one side where need be.

    Fewer than two days give fewer.

    >>> days = [dt.date(2016, 1, d) for d in (1, 5, 20)]
    >>> nearest_two(days, dt.date(2016, 1, 10))
    [datetime.date(2016, 1, 5), datetime.date(2016, 1, 20)]
    """
    before = sorted((d for d in days if d <= day), reverse=True)
    after = sorted(d for d in days if d > day)
    return sorted([*before[:1], *after[:1]] if before and after else (before or after)[:2])


def nearest_pairs(
    pairs: Sequence[PairOfFiles], coarse: Path, resample: str, least_clear: float
) -> Sequence[PairOfFiles]:
    """The two pairs of files to use for the day of ``coarse``: both, where there are just two.

    Raises
    ------
    RequestError
        Fewer than two pairs, too few clear ones, a name without a day, two images of a pair or two
        pairs of one day.
    """
    if len(pairs) < 2:
        raise RequestError(
            f"--pair FINE COARSE was given {len(pairs)} times; two pairs are needed."
        )
    if len(pairs) == 2:
        return pairs
    days = [day_in_name(fine.name) for fine, _ in pairs]
    for day, (fine, rough) in zip(days, pairs, strict=True):
        if day_in_name(rough.name) != day:
            raise RequestError(f"{fine.name} is of {day}, {rough.name} of another day.")
    if len(set(days)) < len(days):
        twice = next(day for day in days if days.count(day) > 1)
        raise RequestError(f"Two pairs are of {twice}; leave one out.")
    clear = [clear_share(pair, resample) for pair in pairs]
    first, second = choose_pairs(days, clear, day_in_name(coarse.name), least_clear=least_clear)
    return pairs[first], pairs[second]
