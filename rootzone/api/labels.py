"""Labels: water content at chosen depths, read off profiles."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone._shared.tables import LABELS
from rootzone.api.cube import Axes
from rootzone.api.profiles import Profiles
from rootzone.api.table import Table
from rootzone.api.tables_in import TableLike, digest_of, given_table

if TYPE_CHECKING:
    import polars as pl
    import xarray as xr
    from matplotlib.axes import Axes as MatplotlibAxes

    from rootzone.labels.layering import Layerings
    from rootzone.labels.make_labels import LabelCounts, LabelMaker, LabelSource, SiteFacts
    from rootzone.labels.read_profiles import ProfileBatch


@dataclass(frozen=True, repr=False)
class Labels(Table):
    """Water content at depths, a row a site, day and depth.

    Parameters
    ----------
    counts : LabelCounts or None
        What became of the profile rows: spin-up, days outside a site's year, values not finite.

    Examples
    --------
    >>> import rootzone as rz
    >>> soils = rz.make_soils({"sand_pct": 40, "silt_pct": 40, "clay_pct": 20})
    >>> dry = {"date": ["2023-06-01", "2023-06-02"], "rain_mm": [0, 0], "eo_mm": [5, 5]}
    >>> labels = rz.make_labels(rz.simulate(soils, dry), depth_mm=200)
    >>> labels.to_xarray().sizes["date"], labels.units["theta"]
    (2, 'm3 m-3')
    """

    counts: LabelCounts | None = None

    axes: ClassVar[Axes | None] = Axes(
        ("site_id", "date", "depth_mm"),
        {
            "depth_top_mm": "depth_mm",
            "stratum": "site_id",
            "weight": "site_id",
            "rung": "site_id",
            "engine": "site_id",
            "digest": "site_id",
        },
    )

    def to_xarray(self) -> xr.DataArray:
        """``theta(site_id, date, depth_mm)`` with the design facts of each site as coordinates."""
        data = super().to_xarray()
        theta: xr.DataArray = data["theta"]
        theta.attrs.update(
            {name: text for name, text in data.attrs.items() if name != "title"},
            long_name="water content",
        )
        return theta

    def spread(self) -> pl.DataFrame:
        """Mean, standard deviation and range over the members of each site, a row a day and depth.

        For labels of soils made by several functions, ``make_soils(members=[...])``.
        """
        from rootzone.labels.spread import spread_of

        return spread_of(self.frame)

    def plot(self) -> MatplotlibAxes:
        """Water content by day: a line a site and depth, of the first twelve."""
        from rootzone.api.pictures import draw_labels

        return draw_labels(self.frame)

    def _summary(self) -> str:
        depths = ", ".join(f"{d:g}" for d in self.frame["depth_mm"].unique().sort())
        n = self.frame["site_id"].n_unique()
        return f"labels: {self.frame.height:,} values of {n:,} sites at {depths} mm"


def make_labels(
    profiles: TableLike,
    *,
    depth_mm: float | str | Sequence[float | str] = 200,
    soils: TableLike | None = None,
    thickness_mm: Sequence[float] = (),
    nodes: str | None = None,
    sites: TableLike | None = None,
    spin_up_days: int = 0,
    source: LabelSource = "layers",
) -> Labels:
    """Water content at depths, linear between the depths that the profile's values belong to.

    Parameters
    ----------
    profiles : Profiles, frame, or path
        As :func:`rootzone.simulate` gives them, or of any other model: ``site_id``, ``date`` and
        ``theta``, a list with a value a layer [m3 m-3].
    depth_mm : float, str, or sequence of them
        Depth below the surface [mm], or a layer mean such as ``"0-1000"``.
    soils : Soils, frame or path, optional
        The soils of the profiles, for the depths of their layers, where the profiles themselves do
        not say.
    thickness_mm : sequence of float
        Layers of all sites [mm], in place of ``soils``.
    nodes : {"mid_layer", "swim3"}, optional
        Where values belong; default: by the engine in the profiles' provenance.
    sites : frame or path, optional
        A sites table: strata, weights, and the year whose days become labels.
    spin_up_days : int
        Days dropped at the start of every site [d].
    source : {"layers", "solver"}
        Linear between the layers, as the manuscript; or what the solver itself has in its cells at
        the depth, where the profiles hold it: ``rz.simulate(..., label_depths_mm=[50, 200])``.

    Returns
    -------
    Labels
        Values in single precision, as on disk; ``counts`` tells what was dropped.

    Raises
    ------
    RequestError
        The layers' depths are not known, a depth lies outside the profile, or the profiles do not
        hold the solver's water content at it.

    References
    ----------
    DeepSoil manuscript, Eq. 13.

    Examples
    --------
    Mid-depths 175 and 250 mm: 200 mm lies one third of the way from 0.21 to 0.27.

    >>> import rootzone as rz
    >>> theta = [[0.3, 0.25, 0.23, 0.21, 0.27]]
    >>> profiles = {"site_id": [1], "date": ["2023-06-01"], "theta": theta}
    >>> labels = rz.make_labels(profiles, depth_mm=200, thickness_mm=[50, 50, 50, 50, 100])
    >>> round(float(labels.to_polars()["theta"][0]), 6)
    0.23
    """
    import polars as pl

    from rootzone._shared.daily import depth_of
    from rootzone._shared.profile_depths import parse_depth
    from rootzone.labels.make_labels import LabelMaker, LabelRule
    from rootzone.labels.read_profiles import profile_batch

    given = _as_profiles(profiles)
    layerings = _layerings(given, soils, thickness_mm, nodes)
    texts = [depth_mm] if isinstance(depth_mm, str | float | int) else list(depth_mm)
    rule = LabelRule(
        depths=[parse_depth(text if isinstance(text, str) else f"{text:.12g}") for text in texts],
        layerings=layerings,
        facts={} if sites is None else _facts(sites),
        spin_up_days=spin_up_days,
        source=source,
    )
    told = {} if given.provenance is None else dict(given.provenance.settings)
    record = Provenance(
        "rootzone labels",
        {"profiles": digest_of(given.frame) if given.provenance is None else _digest(given)},
        {
            "depths": [str(depth) for depth in rule.depths],
            "spin_up_days": spin_up_days,
            **({} if source == "layers" else {"from": source}),
        },
    )
    parts = [str(told[key]) for key in ("engine", "physics", "stepping") if told.get(key)]
    own = [name for name in given.frame.columns if depth_of(name) is not None]
    rows = given.frame.select("site_id", "date", "theta", *own).to_arrow(
        compat_level=pl.CompatLevel.oldest()
    )
    batches = [profile_batch(Path("profiles"), b) for b in rows.combine_chunks().to_batches()]
    maker = LabelMaker(rule)
    frame = _frame(maker, batches, "/".join(parts) or "unknown", record.digest)
    return Labels(frame, LABELS, record, counts=maker.counts)


def _facts(sites: TableLike) -> dict[Hashable, SiteFacts]:
    """Stratum, weight and year of every site."""
    from rootzone.labels.read_design import facts_of  # knows campaigns, so it takes a while

    return facts_of(given_table(sites, "sites").frame)


def _as_profiles(profiles: TableLike) -> Profiles:
    """Profiles with dates as dates; rows of a site together and in order."""
    import polars as pl

    from rootzone._shared.tables import PROFILES

    if isinstance(profiles, Profiles):
        return profiles
    if isinstance(profiles, str | Path):
        from rootzone.api.read import read

        found = read(profiles)
        if isinstance(found, Profiles):
            return found
        raise RequestError(f"{profiles} is no table of profiles but {found!r}.")
    frame = given_table(profiles, "profiles").frame
    for name in ("site_id", "date", "theta"):
        if name not in frame.columns:
            raise RequestError(f"The profiles lack the column {name}; they have {frame.columns}.")
    if frame["date"].dtype == pl.String:
        frame = frame.with_columns(pl.col("date").str.to_date())
    if isinstance(frame["theta"].dtype, pl.Array):
        frame = frame.with_columns(pl.col("theta").arr.to_list())
    return Profiles(frame.sort("site_id", "date", maintain_order=True), PROFILES)


def _layerings(
    source: Profiles, soils: TableLike | None, thickness_mm: Sequence[float], nodes: str | None
) -> Layerings:
    from rootzone.engines.kinds import nodes_told
    from rootzone.labels.layering import layerings_from_soils, layerings_from_thickness

    told: dict[str, Any] = {} if source.provenance is None else dict(source.provenance.settings)
    chosen = nodes or nodes_told(told)
    if soils is not None:
        return layerings_from_soils(given_table(soils, "soils").frame, chosen)
    if len(thickness_mm):
        return layerings_from_thickness([float(t) for t in thickness_mm], chosen)
    if source.layerings is not None:
        return source.layerings
    raise RequestError(
        "The depths of the profiles' layers are not known. Give soils=, the table the profiles "
        "were made from, or thickness_mm= of all layers."
    )


def _digest(source: Profiles) -> str:
    return "" if source.provenance is None else source.provenance.digest


def _frame(
    maker: LabelMaker, batches: Sequence[ProfileBatch], engine: str, digest: str
) -> pl.DataFrame:
    import numpy as np
    import polars as pl
    import pyarrow as pa

    from rootzone.labels.write_labels import label_columns

    layers = any(depth.top_mm is not None for depth in maker.rule.depths)
    tables = []
    for batch in batches:
        for rows in maker.labels_of(batch):
            facts = [maker.facts_of(site) for site in batch.run_site]
            every = np.arange(len(rows.run))
            columns = label_columns(batch.run_site, facts, rows, every, engine, digest)
            if layers:
                top = pa.array([rows.depth.top_mm] * len(every), pa.float32())
                columns["depth_top_mm"] = top
            tables.append(pl.DataFrame(pl.from_arrow(pa.table(columns))))
    return pl.concat(tables).with_columns(pl.col(pl.Categorical).cast(pl.String))
