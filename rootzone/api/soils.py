"""Soils: from textures or parameters to guarded hydraulic parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rootzone.api.cube import Axes
from rootzone.api.table import Table
from rootzone.api.tables_in import TableLike, given_table

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from rootzone.hydraulics.read_layers import Source

LAYERS_MM: Final = (50, 50, 50, 50, 100, 100, 100, 200, 200, 200, 200, 200)
"""Layer thicknesses of the manuscript's profile from the surface down [mm], 1.5 m in all."""


@dataclass(frozen=True, repr=False)
class Soils(Table):
    """Guarded hydraulic parameters, a row a site and layer, for both physics of the engine.

    Parameters
    ----------
    adjustments : polars.DataFrame
        Every value a guard changed: before, after, rule.
    refused : polars.DataFrame
        Layers that cannot be used, and why; their sites are left out.

    Examples
    --------
    >>> import rootzone as rz
    >>> soils = rz.make_soils({"sand_pct": 40, "silt_pct": 40, "clay_pct": 20})
    >>> soils.to_xarray()["theta_s"].sizes["layer"]
    12
    """

    adjustments: pl.DataFrame | None = None
    refused: pl.DataFrame | None = None

    axes: ClassVar[Axes | None] = Axes(("site_id", "layer"), {"cell_id": "site_id"})

    def plot(self) -> Figure:
        """Retention and conductivity curves: the layers of one site, or the top of up to twelve."""
        from rootzone.api.pictures import pictured
        from rootzone.hydraulics.figures import soils_figure

        return pictured(soils_figure)(self.frame)

    def _summary(self) -> str:
        n = self.frame["site_id"].n_unique()
        lost = 0 if self.refused is None else self.refused["site_id"].n_unique()
        gone = f", {lost} sites refused (.refused says why)" if lost else ""
        return f"soils: {n:,} sites, {self.frame.height:,} layers{gone}"


def make_soils(
    layers: TableLike,
    *,
    source: Source = "texture",
    thickness_mm: Sequence[float] | None = None,
    extend: bool = False,
    tolerance_pct: float = 10.0,
    ptf: str = "rosetta3",
    members: Sequence[str] = (),
    fill_inputs: bool = False,
    **limits: Any,  # noqa: ANN401 - keys of the soil limits, checked by name
) -> Soils:
    """Guarded soil hydraulic parameters of textures, measured parameters or POLARIS layers.

    Parameters
    ----------
    layers : frame, mapping of columns, or path
        A row a site and layer. ``sand_pct, silt_pct, clay_pct``, of which one may be left out
        and closes the sum, as ``adjustments`` note (``source="texture"``);
        ``theta_r, theta_s, alpha_per_cm, n, ks_mm_d`` (``"parameters"``); or POLARIS's own
        (``"polaris"``). Depths as ``top_mm, bottom_mm``, ``top_cm, bottom_cm``, ``depth_cm`` such
        as ``"5-15"``, ``thickness_mm`` or ``thickness_cm``. Without depths every row is the soil
        of one site from top to bottom. ``site_id`` may be left out of one site's layers, or where
        every row is a site; ``bd_g_cm3`` is used where it is there.
    source : {"texture", "parameters", "polaris"}
        What the table holds.
    thickness_mm : sequence of float, optional
        Layers of the profile [mm], from the surface down; the source is averaged over them by
        depth. Default: the layers of the table, or :data:`LAYERS_MM` where it has none.
    extend : bool
        Take the deepest layer of the table down to the end of ``thickness_mm``.
    tolerance_pct : float
        Distance of sand + silt + clay from 100 % that is still closed [%].
    ptf : str
        Pedotransfer function of textures: ``rosetta3``, ``rosetta3_h3`` to ``_h5``,
        ``wosten1999``, ``weynants2009``, ``saxton_rawls2006`` or ``toth2015``.
    members : sequence of str
        More of them: each site has a soil by each, named ``SITE@FUNCTION``, and
        :meth:`Labels.spread` tells what labels differ by.
    fill_inputs : bool
        Fill organic matter (by depth) and bulk density (from texture) that the function needs and
        the table lacks, each noted; otherwise such layers are refused.
    **limits
        Soil limits by name, as ``rootzone soils --set``.

    Returns
    -------
    Soils
        The usable sites; ``refused`` and ``adjustments`` tell of the others and of every guard.

    Raises
    ------
    RequestError
        The table or a limit cannot be used, or no site is usable.

    References
    ----------
    Rosetta 3: Zhang & Schaap (2017), doi:10.1016/j.jhydrol.2017.01.004

    Examples
    --------
    A loam, 1.5 m deep:

    >>> import rootzone as rz
    >>> soils = rz.make_soils(
    ...     {"sand_pct": 40, "silt_pct": 40, "clay_pct": 20}, thickness_mm=rz.LAYERS_MM
    ... )
    >>> soils
    <rootzone soils: 1 sites, 12 layers>
    >>> float(soils.to_polars()["thickness_mm"].sum())
    1500.0

    Two layers, given by their depths; the sandier one conducts more:

    >>> two = rz.make_soils(
    ...     {"depth_cm": ["0-30", "30-100"], "sand_pct": [70, 40], "silt_pct": [20, 40],
    ...      "clay_pct": [10, 20]}
    ... )
    >>> upper, lower = two.to_polars()["ks_mm_d"]
    >>> upper > lower
    True
    """
    from rootzone.hydraulics.run_soils import derive_soils, limits_from_pairs
    from rootzone.hydraulics.write_soils import adjustments_frame, refused_frame, soils_frame

    given = given_table(layers, "soil layers")
    frame = _with_sites(given.frame)
    if not _has(given.frame, "top_mm", "top_cm", "depth_cm", "thickness_mm", "thickness_cm"):
        thickness_mm = LAYERS_MM if thickness_mm is None else thickness_mm
        frame = frame.with_columns(top_mm=0.0, bottom_mm=float(sum(thickness_mm)))
    result, record = derive_soils(
        given.path,
        frame,
        given.digest,
        source=source,
        limits=limits_from_pairs([f"{key}={value}" for key, value in limits.items()]),
        thickness_mm=None if thickness_mm is None else [float(t) for t in thickness_mm],
        extend=extend,
        tolerance_pct=tolerance_pct,
        ptf=ptf,
        members=members,
        fill_inputs=fill_inputs,
    )
    from rootzone._shared.tables import SOILS

    return Soils(
        soils_frame(result),
        SOILS,
        record,
        adjustments=adjustments_frame(result.notes),
        refused=refused_frame(result.refusals),
    )


def _with_sites(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with site ids: one site where layers have depths, otherwise one a row."""
    import polars as pl

    if _has(frame, "site_id"):
        return frame
    depths = _has(frame, "top_mm", "top_cm", "depth_cm", "thickness_mm", "thickness_cm")
    site = pl.lit(1, pl.Int64) if depths else pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    return frame.with_columns(site.alias("site_id"))


def _has(frame: pl.DataFrame, *quantities: str) -> bool:
    """Whether the frame has any of some quantities, under any of their names."""
    from rootzone.hydraulics.read_layers import SYNONYMS

    names = {other for name in quantities for other in (name, *SYNONYMS[name])}
    return not names.isdisjoint(frame.columns)
