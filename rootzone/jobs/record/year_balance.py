"""Where a year's rain went at each site, and what does not add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.daily import names_of_role

if TYPE_CHECKING:
    import polars as pl

_FROM_SOIL = ("drainage_mm", "transpiration_mm")  # the rest of what leaves does so at the surface


class Went(NamedTuple):
    """What a flux is called: in a sentence, and as a part of the balance."""

    words: str
    label: str


# In the order in which they are told.
_WENT = {
    "interception_mm": Went("evaporated from leaves and litter", "interception"),
    "transpiration_mm": Went("went through plants", "transpiration"),
    "es_mm": Went("evaporated from the soil", "soil evaporation"),
    "drainage_mm": Went("drained below the profile", "drainage"),
    "runoff_mm": Went("ran off", "runoff"),
}


def went(name: str) -> Went:
    """What a flux is called; one without words of its own has its name."""
    return _WENT.get(name, Went(f"left as {name}", name))


def fluxes_out(table: pl.DataFrame) -> list[str]:
    """Columns of water that left, of those a table has, in the order in which they are told."""
    leaves = [name for name in names_of_role("leaves") if name in table.columns]
    return [*(n for n in _WENT if n in leaves), *(n for n in leaves if n not in _WENT)]


def is_planted(table: pl.DataFrame) -> bool:
    """Whether something may have grown."""
    return "transpiration_mm" in table.columns


def year_balances(
    profiles: pl.LazyFrame, cells: pl.DataFrame, rain: pl.DataFrame, thickness_mm: FloatArray
) -> pl.DataFrame:
    """Balance of each site over all its days but the first, whose beginning is not stored.

    Parameters
    ----------
    profiles : polars.LazyFrame
        Rows of a profiles table.
    cells : polars.DataFrame
        ``site_id`` and ``cell_id``; further columns are kept.
    rain : polars.DataFrame
        ``cell_id``, ``date`` and ``rain_mm`` [mm d-1].
    thickness_mm : array, shape (layer,)
        Thickness [mm]; sites with another number of layers are left out.

    Returns
    -------
    polars.DataFrame
        A row a site with ``rain_mm``, each flux that leaves, ``infiltration_mm``, ``gain_mm`` (more
        water in the soil at the end), ``pond_mm`` (more outside it: ponds, snow, leaves), and what
        does not add up: ``surface_mm``, ``soil_mm``, and ``closing_mm`` of both together [mm].
        Rain in excess is positive in ``surface_mm`` and ``closing_mm``, water from nowhere in
        ``soil_mm``.

    Examples
    --------
    Of 10 mm of rain 1 stays on leaves, 2 evaporate there, 7 enter the soil, 3 of them go through
    plants and 4 stay: surface 10 - 2 - 7 - 1 = 0, soil 4 - 7 + 3 = 0.
    """
    import polars as pl

    scan = profiles.with_columns(pl.col("date").cast(pl.Date))
    there = scan.collect_schema().names()
    leaving = [name for name in names_of_role("leaves") if name in there]
    above = pl.sum_horizontal(n for n in names_of_role("stays") if n in there).alias("pond_mm")
    summed = [*leaving, "infiltration_mm"]
    later = pl.col("date") > pl.col("date").min()
    ends = scan.group_by("site_id").agg(
        pl.col("date").min().alias("first"),
        pl.col("date").max().alias("last"),
        *(pl.col(name).cast(pl.Float64).filter(later).sum() for name in summed),
        above.sort_by("date").last() - above.sort_by("date").first(),
        pl.col("theta").sort_by("date").first().alias("theta_first"),
        pl.col("theta").sort_by("date").last().alias("theta_last"),
    ).collect()  # fmt: skip
    joined = ends.join(cells, on="site_id").sort("site_id")
    joined = joined.filter(pl.col("theta_last").list.len() == thickness_mm.size)
    spans = joined.select("site_id", "cell_id", "first", "last").join(rain, on="cell_id")
    inside = spans.filter(pl.col("date") > pl.col("first"), pl.col("date") <= pl.col("last"))
    sums = inside.group_by("site_id").agg(pl.col("rain_mm").cast(pl.Float64).sum())
    joined = joined.join(sums, on="site_id", maintain_order="left")
    ends_of = [joined[f"theta_{end}"].to_list() for end in ("last", "first")]
    stored = [np.array(values).reshape(-1, thickness_mm.size) @ thickness_mm for values in ends_of]
    below = pl.sum_horizontal(name for name in leaving if name in _FROM_SOIL)
    at_surface = pl.sum_horizontal(name for name in leaving if name not in _FROM_SOIL)
    into = pl.col("infiltration_mm")
    table = joined.with_columns(pl.Series("gain_mm", stored[0] - stored[1])).with_columns(
        (pl.col("gain_mm") - into + below).alias("soil_mm"),
        (pl.col("rain_mm") - at_surface - into - pl.col("pond_mm")).alias("surface_mm"),
    )
    table = table.with_columns((pl.col("surface_mm") - pl.col("soil_mm")).alias("closing_mm"))
    return table.drop("theta_first", "theta_last")


def balance_lines(table: pl.DataFrame) -> list[tuple[str, float]]:
    """The balance a line a part, means of the sites [mm]: rain less all else is the error."""
    names = {
        "rain_mm": "rain",
        **{name: went(name).label for name in fluxes_out(table)},
        "gain_mm": "change of water in the soil",
        "pond_mm": "change of water outside it (pond, snow, leaves)",
        "closing_mm": "closing error",
    }
    return [(label, float(np.mean(table[name].to_numpy()))) for name, label in names.items()]
