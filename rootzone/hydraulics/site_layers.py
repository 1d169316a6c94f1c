"""Soil layers of a campaign's sites, sampled from the mapped soil product it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from rootzone._shared.arrays import AnyArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.units import mm_from_cm
from rootzone.campaign.model import BY_LAND_COVER
from rootzone.covariates.layers.covers import cover_names, cover_of_class

if TYPE_CHECKING:
    import polars as pl

    from rootzone._shared.arrays import FloatArray
    from rootzone.campaign.model import Campaign
    from rootzone.covariates.layers.legends import Legend
    from rootzone.covariates.layers.source import Source
    from rootzone.covariates.layers.stack import CovariateStack

# Columns of the layer table and the variable of the mapped product that fills each.
TEXTURE = {"sand_pct": "sand", "silt_pct": "silt", "clay_pct": "clay"}
VAN_GENUCHTEN = {
    "theta_r": "theta_r",
    "theta_s": "theta_s",
    "alpha": "alpha",
    "n": "n",
    "ksat": "ksat",
}
# Pedotransfer setting of a campaign -> what is sampled, and what `rootzone soils` calls it.
_BD = {"bd_g_cm3": "bd"}
_OM = {"log10_om_pct": "om"}
_TH33 = {"theta_33kpa": "theta_33kpa"}
SAMPLED: Mapping[str, tuple[Mapping[str, str], str]] = {
    "rosetta3": (TEXTURE, "texture"),
    "rosetta3_h3": ({**TEXTURE, **_BD}, "texture"),
    "rosetta3_h4": ({**TEXTURE, **_BD, **_TH33}, "texture"),
    "rosetta3_h5": ({**TEXTURE, **_BD, **_TH33, "theta_1500kpa": "theta_1500kpa"}, "texture"),
    "wosten1999": ({**TEXTURE, **_BD, **_OM}, "texture"),
    "weynants2009": ({**TEXTURE, **_BD, **_OM}, "texture"),
    "saxton_rawls2006": ({**TEXTURE, **_BD, **_OM}, "texture"),
    "toth2015": ({**TEXTURE, **_BD, **_OM}, "texture"),
    "polaris_van_genuchten": (VAN_GENUCHTEN, "polaris"),
}


COVER_CODE = "cover_code"  # position of the site's cover among all


class Sampler(Protocol):
    """What is asked of a stack of covariates: one layer at many pixels."""

    def sample(self, address: str, row: IntArray, col: IntArray) -> AnyArray:
        """Values of a layer at pixels of the master grid, in their order."""


def site_layers(
    stack: Sampler,
    name: str,
    source: Source,
    sites: pl.DataFrame,
    ptf: str,
    cover_map: tuple[str, Legend] | None = None,
) -> pl.DataFrame:
    """One row a site and mapped depth, as ``rootzone soils`` reads it.

    Parameters
    ----------
    stack : Sampler
        Layers on the master grid.
    name, source : str, Source
        Catalog entry of the soil product; it must come by depth.
    sites : DataFrame
        The sites table.
    ptf : str
        ``polaris_van_genuchten`` samples the product's own parameters, the others textures and
        what each needs beside them.

    cover_map : tuple of str and Legend, optional
        Catalog entry of land cover and its legend, where every site has the cover of its class.

    Returns
    -------
    DataFrame
        ``site_id, cell_id, top_mm, bottom_mm`` and the sampled columns, site after site from the
        top down. Pixels without data are NaN; the soils stage refuses them by name.

    Raises
    ------
    RequestError
        The product has no depths, or lacks a variable that the pedotransfer function needs.
    """
    import numpy as np
    import polars as pl

    require_depths(name, source)
    row, col = sites["row"].to_numpy(), sites["col"].to_numpy()
    columns = as_stored(SAMPLED[ptf][0], source)
    lacking = [
        name for name in columns.values() if source.variables and name not in source.variables
    ]
    if lacking:
        raise RequestError(
            f"soil.ptf: {ptf} needs {' and '.join(lacking)}, which {name} (catalog.texture) does "
            "not have. Choose rosetta3, which needs texture alone, or a product that has them. A "
            "fraction that closes the sum is an entry's variable with remainder_of, such as silt: "
            '{unit: "%", range: [0, 100], remainder_of: [sand, clay]}.'
        )
    covers = None if cover_map is None else _cover_codes(stack, *cover_map, row, col)
    parts = []
    for number, depth in enumerate(source.depth_names()):
        top_cm, bottom_cm = source.depths_cm[number]
        values = {
            column: np.asarray(stack.sample(f"{name}/{variable}/{depth}", row, col), float)
            for column, variable in columns.items()
        }
        parts.append(
            sites.select("site_id", "cell_id").with_columns(
                pl.lit(mm_from_cm(float(top_cm))).alias("top_mm"),
                pl.lit(mm_from_cm(float(bottom_cm))).alias("bottom_mm"),
                *(pl.Series(column, content) for column, content in values.items()),
                *(() if covers is None else (pl.Series(COVER_CODE, covers),)),
                pl.Series("order", np.arange(sites.height)),
            )
        )
    return pl.concat(parts).sort("order", "top_mm", maintain_order=True).drop("order")


def as_stored(columns: Mapping[str, str], source: Source) -> dict[str, str]:
    """Columns and variables of a product, whose organic matter may be a logarithm or not."""
    part = source.variables.get("om")
    plain = part is not None and not part.log10
    return {
        "om_pct" if column == "log10_om_pct" and plain else column: variable
        for column, variable in columns.items()
    }


def by_difference(source: Source) -> tuple[str, ...]:
    """Fractions that a product leaves out and that close the sum, such as silt."""
    return tuple(
        name for name in TEXTURE.values()
        if name in source.variables and source.variables[name].remainder_of
    )  # fmt: skip


def site_quantiles(
    stack: Sampler, name: str, source: Source, sites: pl.DataFrame, variables: Sequence[str]
) -> pl.DataFrame:
    """Other variables of a soil product at the sites, row by row as `site_layers` has them."""
    import numpy as np
    import polars as pl

    row, col = sites["row"].to_numpy(), sites["col"].to_numpy()
    parts = []
    for number, depth in enumerate(source.depth_names()):
        columns = [
            pl.Series(one, np.asarray(stack.sample(f"{name}/{one}/{depth}", row, col), float))
            for one in variables
        ]
        order = pl.Series("order", np.arange(sites.height))
        parts.append(pl.DataFrame([*columns, order]).with_columns(depth=pl.lit(number)))
    return pl.concat(parts).sort("order", "depth", maintain_order=True).drop("order", "depth")


def require_depths(name: str, source: Source) -> None:
    """Refuse a soil product without depths.

    Raises
    ------
    RequestError
        The catalog entry has none.
    """
    if not source.depths_cm:
        raise RequestError(
            f"catalog.texture: {name} has no soil depths. Name a product that comes by depth, such "
            "as polaris."
        )


def _cover_codes(
    stack: Sampler, name: str, legend: Legend, row: IntArray, col: IntArray
) -> FloatArray:
    """Position of each pixel's cover among all covers; bare where no class is known."""
    import numpy as np

    names = cover_names()
    codes = np.asarray(stack.sample(name, row, col)).astype(np.int64)
    out = np.zeros(codes.size)
    for code in np.unique(codes).tolist():
        if code in legend.classes:
            found = legend.classes[code]
            out[codes == code] = names.index(cover_of_class(found.name, found.group, found.title))
    return out


def cover_map_of(stack: CovariateStack, campaign: Campaign) -> tuple[str, Legend] | None:
    """What ``site_layers`` takes where a campaign's cover is that of its land cover.

    Raises
    ------
    RequestError
        The land-cover source holds numbers, not classes.
    """
    if campaign.cover != BY_LAND_COVER:
        return None
    name = campaign.catalog.land_cover
    # Of the last year where it comes by year: soils are made once for all years.
    layer = stack.catalog.layer(name, max(campaign.years))
    return "/".join((name.split("/")[0], *layer.values.values())), stack.catalog.legend_of_layer(
        name
    )
