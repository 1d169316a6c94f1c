"""Close textures by difference where a table leaves one of the three fractions out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError

if TYPE_CHECKING:
    import polars as pl

FRACTIONS: Final = ("sand_pct", "silt_pct", "clay_pct")
BY_DIFFERENCE: Final = "by_difference"  # column that names the fraction which closed the sum
_ROUNDING_PCT = 1.0  # two fractions in whole percent may make 101
_LEAST_PCT = 1.0  # no table of soils has less than this in two of its fractions everywhere


def remainder_pct(one_pct: FloatArray, other_pct: FloatArray) -> FloatArray:
    """What two fractions leave of 100 %.

    Parameters
    ----------
    one_pct, other_pct : array, shape (row,)
        Two of sand, silt and clay [%].

    Returns
    -------
    rest_pct : array, shape (row,)
        The third [%]; 0 where rounding took the two to 101 %, negative where they are further
        above 100 %, so that the row is refused; NaN where one of them is.

    Examples
    --------
    >>> remainder_pct(np.array([40.0, 70.6, 80.0]), np.array([20.0, 29.9, 40.0])).tolist()
    [40.0, 0.0, -20.0]
    """
    rest = 100.0 - one_pct - other_pct
    return np.where((rest < 0.0) & (rest >= -_ROUNDING_PCT), 0.0, rest)


def closed_by_difference(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """A table of textures with the one fraction it leaves out, and a column that says which.

    A fraction is left out where the table has no such column, or no value in it. Where it has
    values, an empty cell stays empty: somebody measured there and something went wrong.

    Parameters
    ----------
    frame : DataFrame
        Of ``FRACTIONS`` what is known; other columns stay.
    name : str
        The table, for messages.

    Returns
    -------
    DataFrame
        As it was, where no fraction or more than one is left out.

    Raises
    ------
    RequestError
        The two known fractions make no more than 1 % in any row: they are no percentages.
    """
    import polars as pl

    def column(fraction: str) -> FloatArray:
        numbers = frame[fraction].cast(pl.Float64, strict=False).fill_null(float("nan"))
        return np.asarray(numbers.to_numpy(), dtype=np.float64)

    known = [f for f in FRACTIONS if f in frame.columns and not np.isnan(column(f)).all()]
    if len(known) != len(FRACTIONS) - 1:
        return frame
    (missing,) = set(FRACTIONS) - set(known)
    one, other = (column(fraction) for fraction in known)
    total = one + other
    if np.nanmax(np.where(np.isfinite(total), total, -np.inf)) <= _LEAST_PCT:
        raise RequestError(
            f"{name} leaves {missing} out, and {known[0]} and {known[1]} make no more than "
            f"{_LEAST_PCT:g} % in any row. They look like fractions of one: multiply them by 100."
        )
    rest = pl.Series(missing, remainder_pct(one, other))
    return frame.with_columns(rest, pl.lit(missing.removesuffix("_pct")).alias(BY_DIFFERENCE))


def position_of_difference(frame: pl.DataFrame) -> AnyArray | None:
    """Which of ``FRACTIONS`` closed the sum in each row, -1 for none; None where all were given."""
    if BY_DIFFERENCE not in frame.columns or frame[BY_DIFFERENCE].null_count() == frame.height:
        return None
    short = [fraction.removesuffix("_pct") for fraction in FRACTIONS]
    return np.array([short.index(v) if v in short else -1 for v in frame[BY_DIFFERENCE]], np.int8)
