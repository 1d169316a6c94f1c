"""What the labels of a campaign leave open for want of a soil's own curve, site by site and day.

``soil.members`` names pedotransfer functions beside ``soil.ptf``, and ``soil.texture_spread`` moves
textures by the quantiles of the mapped product. Their soils run under the same
weather, engine and ladder as the sites, and the spread of all is written beside the labels, in
parts that are kept: the same command goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.atomic import is_whole
from rootzone._shared.digests import digest_bytes
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, inputs_of, read_provenance
from rootzone._shared.table_files import read_table, write_table
from rootzone._shared.tables import SITES, SOIL_LAYERS
from rootzone.jobs.shard.counted_days import Span
from rootzone.jobs.shard.engine_choice import engine_code
from rootzone.labels.simulate_columns import guarded_soils, simulate_columns
from rootzone.labels.spread import SPREAD

if TYPE_CHECKING:
    from rootzone.covariates.open_campaign import CampaignFiles

_WANTED = {"site_id": pl.Int64, "date": pl.Date, "depth_mm": pl.Float32, "theta": pl.Float32}


@dataclass(frozen=True)
class SpreadRun:
    """What a run did.

    Parameters
    ----------
    folder : Path
        Where the parts lie.
    rows, kept : int
        Site-days of this run, and parts that were whole already.
    median_sd : float
        Median standard deviation of the site-days of this run [m3 m-3]; NaN without any.
    """

    folder: Path
    rows: int
    kept: int
    median_sd: float


def run_member_spread(
    files: CampaignFiles,
    labels: Path,
    *,
    threads: int = 1,
    say: Callable[[str], None] = lambda text: None,
) -> SpreadRun:
    """Run the members of every labelled site and write the spread of their labels.

    Parameters
    ----------
    files : CampaignFiles
        The campaign; its soils stage has sampled the layers of each member.
    labels : Path
        Folder of its labels.
    threads : int
        Threads of the engine.
    say : callable
        Told of each part.

    Raises
    ------
    RequestError
        The layers of a member were not sampled.
    """
    campaign, place = files.campaign, files.workspace
    lost = [name for name in campaign.soil.ensemble if not place.member_layers(name).exists()]
    if lost:
        raise RequestError(
            f"soil.members, soil.texture_spread: the soils of {', '.join(lost)} were not sampled. "
            "Run rootzone soils with --force, then this again."
        )
    sites = read_table(place.sites, SITES)
    rows, kept, spreads = 0, 0, []
    for year, number, ids, cells in _chunks(sites, campaign.jobs.sites_per_shard):
        own = _labels_of(labels, year, ids)
        if own.height == 0:
            continue
        path = place.label_spread / f"year={year}" / f"part-{number:05d}.parquet"
        record = _record(files, own)
        if is_whole(path, ()) and read_provenance(path).digest == record.digest:
            kept += 1
            continue
        frame = _spread_of_chunk(files, year, ids, cells, own, threads)
        write_table(path, frame, SPREAD, record)
        rows += frame.height
        spreads.append(frame["theta_sd"].to_numpy())
        say(f"{year}, part {number}: {frame.height} site-days of {len(ids)} sites")
    known = np.concatenate(spreads) if spreads else np.zeros(0)
    median = float(np.nanmedian(known)) if np.isfinite(known).any() else float("nan")
    return SpreadRun(place.label_spread, rows, kept, median)


def spread_of_values(values: FloatArray) -> dict[str, AnyArray]:
    """Mean, standard deviation, range and number of the members that have a value.

    Parameters
    ----------
    values : array, shape (member, label)
        Water content [m3 m-3], NaN where a member has none; the first member always has one.

    Examples
    --------
    >>> found = spread_of_values(np.array([[0.20], [0.26], [np.nan]]))
    >>> [round(float(found[name][0]), 3) for name in ("theta", "theta_sd", "members")]
    [0.23, 0.042, 2.0]
    """
    known = np.isfinite(values)
    count = known.sum(axis=0)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    off = np.where(known, values - mean, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.sqrt((off**2).sum(axis=0) / (count - 1))
    return {
        "theta": mean,
        "theta_sd": np.where(count > 1, sd, np.nan),
        "theta_low": np.where(known, values, np.inf).min(axis=0),
        "theta_high": np.where(known, values, -np.inf).max(axis=0),
        "members": count.astype(np.int64),
    }


def _chunks(sites: pl.DataFrame, size: int) -> Iterator[tuple[int, int, pl.Series, AnyArray]]:
    """Year, number, ids and weather cells of some sites at a time."""
    for (year,), own in sites.group_by("year", maintain_order=True):
        for number, first in enumerate(range(0, own.height, size)):
            part = own[first : first + size]
            yield int(str(year)), number, part["site_id"], part["cell_id"].to_numpy()


def _labels_of(folder: Path, year: int, ids: pl.Series) -> pl.DataFrame:
    """Labels of some sites in a year, at depths; layer means have no part in campaigns."""
    found = sorted((folder / f"year={year}").glob("month=*/*.parquet"))
    if not found:
        return pl.DataFrame(schema=_WANTED)
    rows = pl.scan_parquet(found, hive_partitioning=False).select(list(_WANTED))
    return (
        rows.filter(pl.col("site_id").is_in(ids.implode()))
        .sort("site_id", "date", "depth_mm")
        .collect()
    )


def _record(files: CampaignFiles, own: pl.DataFrame) -> Provenance:
    campaign, place = files.campaign, files.workspace
    layers = {name: place.member_layers(name) for name in campaign.soil.ensemble}
    return Provenance(
        "rootzone labels",
        {
            "campaign": files.digest,
            "engine code": engine_code(),
            "labels": digest_bytes(own.hash_rows(seed=1).to_numpy().tobytes()),
            **inputs_of({f"layers of {name}": path for name, path in layers.items()}),
        },
        {"soils": [campaign.soil.ptf, *campaign.soil.ensemble]},
    )


def _spread_of_chunk(
    files: CampaignFiles,
    year: int,
    ids: pl.Series,
    cells: AnyArray,
    own: pl.DataFrame,
    threads: int,
) -> pl.DataFrame:
    campaign, place = files.campaign, files.workspace
    span = Span.of_year(year, campaign.engine.spin_up_days)
    number = pl.DataFrame({"site_id": ids, "number": np.arange(len(ids))})
    at = own.join(number, on="site_id", how="left", maintain_order="left")["number"].to_numpy()
    day = own["date"].cast(pl.Date).to_physical().to_numpy() - span.first
    depths = np.asarray(campaign.labels.depths_mm, dtype=np.float32)
    depth = np.abs(own["depth_mm"].to_numpy()[:, None] - depths).argmin(axis=1)
    values = [own["theta"].to_numpy().astype(np.float64)]
    for name, function in campaign.soil.ensemble.items():
        member = campaign.model_copy(
            update={"soil": campaign.soil.model_copy(update={"ptf": function})}
        )
        layers = read_table(place.member_layers(name), SOIL_LAYERS)
        numbered = layers.join(number, on="site_id", how="inner", maintain_order="left")
        numbered = numbered.with_columns(site_id=pl.col("number")).drop("number")
        soils = guarded_soils(member, numbered)
        theta = np.full(own.height, np.nan)
        if soils is not None:
            run = simulate_columns(
                files, soils, cells, year, span, np.arange(span.n_counted), threads=threads
            )
            theta = run.theta[at, day, depth].astype(np.float64)
        values.append(theta)
    found = spread_of_values(np.stack(values))
    return own.select(
        "site_id",
        pl.col("date").cast(pl.Date),
        pl.col("depth_mm").cast(pl.Float64),
        pl.lit(None, pl.Float64).alias("depth_top_mm"),
        *(pl.Series(name, column).fill_nan(None) if column.dtype.kind == "f"
          else pl.Series(name, column) for name, column in found.items()),
    )  # fmt: skip
