"""What labels of one site differ by when its soil was made by several pedotransfer functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, inputs_of
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import Column, Schema
from rootzone.hydraulics.members import BETWEEN
from rootzone.labels.write_labels import label_files

if TYPE_CHECKING:
    import polars as pl

SPREAD = Schema(
    "label spread",
    (
        Column("site_id", "id", "-", "site, without the name of a function"),
        Column("date", "date", "-", "day"),
        Column("depth_mm", "float", "mm", "depth, or lower end of a layer mean"),
        Column("depth_top_mm", "float", "mm", "upper end of a layer mean; empty at a depth"),
        Column("theta", "float", "m3 m-3", "mean of the members"),
        Column("theta_sd", "float", "m3 m-3", "standard deviation of the members; empty for one"),
        Column("theta_low", "float", "m3 m-3", "lowest member"),
        Column("theta_high", "float", "m3 m-3", "highest member"),
        Column("members", "int", "-", "members that have a value"),
    ),
)


def spread_of(labels: pl.DataFrame) -> pl.DataFrame:
    """Mean, standard deviation and range over the members of each site, day and depth.

    Parameters
    ----------
    labels : polars.DataFrame
        Labels whose ``site_id`` is ``SITE@FUNCTION``, as `hydraulics.members` names them.

    Returns
    -------
    polars.DataFrame
        In the schema ``SPREAD``. A standard deviation of a few functions that share most of their
        data is a lower bound of what is not known of a soil.

    Raises
    ------
    RequestError
        A site's name holds no function.
    """
    import polars as pl

    site = pl.col("site_id").cast(pl.String)
    if not labels.select(site.str.contains(BETWEEN, literal=True).all()).item():
        raise RequestError(
            f"Site ids are not of the form SITE{BETWEEN}FUNCTION, so there are no members to "
            "compare. Make the soils with `rootzone soils --ptf A --member B`."
        )
    name = site.str.replace(f"{BETWEEN}[^{BETWEEN}]*$", "")
    if "depth_top_mm" not in labels.columns:
        labels = labels.with_columns(pl.lit(None, pl.Float64).alias("depth_top_mm"))
    theta = pl.col("theta").cast(pl.Float64)
    return (
        labels.with_columns(name.alias("site_id"))
        .group_by("site_id", "date", "depth_mm", "depth_top_mm", maintain_order=True)
        .agg(
            theta.mean().alias("theta"),
            theta.std().alias("theta_sd"),
            theta.min().alias("theta_low"),
            theta.max().alias("theta_high"),
            theta.count().cast(pl.Int64).alias("members"),
        )
    )


def write_spread(labels: Path, path: Path) -> int:
    """Write the spread of a folder of labels; number of rows.

    Raises
    ------
    RequestError
        The folder holds no labels, or they have no members.
    """
    import polars as pl

    files = label_files(labels)
    frame = spread_of(pl.concat([pl.read_parquet(file) for file in files], how="vertical_relaxed"))
    record = Provenance("rootzone label-tables", inputs_of({f.name: f for f in files}), {})
    write_table(path, frame, SPREAD, record)
    return frame.height
