"""Everything training and evaluation need of a campaign: its scene, its labels, their parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from rootzone._shared.digests import digest_bytes, digest_file
from rootzone._shared.errors import RequestError
from rootzone._shared.table_files import read_table
from rootzone._shared.tables import SITES
from rootzone.campaign.workspace import Workspace
from rootzone.labels.field.build import build_field
from rootzone.labels.field.read import open_field
from rootzone.labels.write_labels import label_files
from rootzone.learning.samples.batches import SampleSet
from rootzone.learning.samples.label_index import SIMULATED, STATION, GridLabels, run_starts
from rootzone.learning.samples.parts import Parts, parts_of
from rootzone.learning.samples.soil_spread import counted_by_spread, read_soil_spread
from rootzone.learning.scene.features import features_of
from rootzone.learning.scene.land import Land
from rootzone.learning.scene.physics import PhysicsChannels
from rootzone.learning.scene.scene import Scene
from rootzone.learning.scene.surface_files import LEAF_AREA_REACH_DAYS, SurfaceFiles
from rootzone.learning.scene.weather_days import WeatherDays
from rootzone.learning.scene.write_land import write_land
from rootzone.networks.families import NEED_PHYSICS
from rootzone.stations.station_table import read_stations

if TYPE_CHECKING:
    from rootzone._shared.arrays import AnyArray
    from rootzone.campaign.learning_section import Features, Learning
    from rootzone.campaign.model import Campaign
    from rootzone.covariates.open_campaign import CampaignFiles

# More labels than this tell little more and would not fit a small machine; whole days are left out.
MOST_LABELS = 30_000_000
_COLUMNS = ("site_id", "date", "depth_mm", "depth_top_mm", "theta", "weight")


@dataclass(frozen=True)
class CampaignSamples:
    """Scene, labels and split of a campaign.

    Parameters
    ----------
    campaign : Campaign
        The campaign.
    scene : Scene
        Covariates of any window and day.
    labels : mapping
        Labels of each source that is there, ``simulated`` and ``station``.
    parts : mapping
        Part of the split by date, place or tile, for each source.
    digests : dict
        Digest of everything that was read, by name.
    notes : list of str
        What a reader of the results has to know, a sentence each.
    """

    campaign: Campaign
    scene: Scene
    labels: Mapping[str, GridLabels]
    parts: Mapping[str, Parts]
    digests: dict[str, str]
    notes: list[str] = field(default_factory=list)

    @property
    def depths_mm(self) -> tuple[float, ...]:
        """Depths of labels and network [mm]."""
        return tuple(float(depth) for depth in self.campaign.labels.depths_mm)

    @property
    def judge(self) -> str:
        """Source that chooses the best epoch: stations, where there are any."""
        return STATION if STATION in self.labels else SIMULATED

    def samples(self, source: str, part: str) -> SampleSet:
        """Samples of one source and part.

        Raises
        ------
        RequestError
            There are none.
        """
        learning = self.campaign.learning
        labels = self.labels[source].part(self.parts[source], part)
        # A station alone on its tile is a sample whatever the campaign asks of simulated tiles.
        least = learning.min_labels if source == SIMULATED else 1
        return SampleSet(self.scene, labels.patches(least), self.depths_mm, learning.crop_halo_px)


def open_samples(files: CampaignFiles) -> CampaignSamples:
    """Open a campaign for learning; its land raster is made where it is missing or out of date.

    Parameters
    ----------
    files : CampaignFiles
        The campaign.

    Raises
    ------
    RequestError
        Weather, labels or layers are missing, or do not fit each other.
    """
    campaign, workspace = files.campaign, files.workspace
    scene = open_scene(files)
    if scene.physics is not None:
        scene = replace(scene, physics=replace(scene.physics, keep=True))
    labels, notes, digests = {}, [], {}
    for name, read in ((SIMULATED, _simulated), (STATION, _stations)):
        found, told = read(campaign, workspace, scene)
        if found is None:
            continue
        notes += told
        found = found.on_dates(_usable_dates(campaign, scene))
        if campaign.learning.output == "bounds":
            found = with_known_soil(found, scene)
        if scene.physics is not None:
            found = with_known_physics(found, scene.physics)
        notes += _dropped(name, found)
        if not len(found):
            raise RequestError(f"No {name} label is left: {'; '.join(_dropped(name, found))}.")
        labels[name] = found
        digests[f"{name}_labels"] = digest_labels(found)
    if not labels:
        raise RequestError(
            f"{workspace.labels} holds no labels and {workspace.stations} no stations. Run "
            "rootzone labels, or rootzone stations, first."
        )
    if STATION not in labels:
        notes.append(
            "There are no stations: the best epoch was chosen by simulated labels, which share "
            "the simulation's own errors. Skill against sensors is unknown."
        )
    digests |= {
        "land": getattr(scene.land, "digest", ""),
        **{f"weather_{y}": digest_file(workspace.weather(y)) for y in campaign.weather_years},
    }
    if scene.physics is not None:
        digests["physics"] = scene.physics.digest
    for name, source in (("surface", scene.surface_source), ("leaf_area", scene.leaf_area)):
        if isinstance(source, SurfaceFiles):
            digests[name] = source.digest
    parts = parts_of(campaign.learning.split, campaign.seeds.split, labels)
    return CampaignSamples(campaign, scene, labels, parts, digests, notes)


def _usable_dates(campaign: Campaign, scene: Scene) -> AnyArray:
    """Days with weather and, where the network is shown physics, of the campaign's years."""
    dates = scene.weather.usable_dates
    if scene.physics is None:
        return dates
    years = dates.astype("datetime64[Y]").astype(int) + 1970
    return np.asarray(dates[np.isin(years, campaign.years)])


def open_scene(files: CampaignFiles) -> Scene:
    """Covariates of a campaign; the land raster is made where it is missing or out of date.

    Raises
    ------
    RequestError
        Layers or weather tables are missing.
    """
    campaign, workspace = files.campaign, files.workspace
    years = campaign.weather_years
    missing = [str(y) for y in years if not workspace.weather(y).exists()]
    if missing:
        raise RequestError(
            f"There is no prepared weather of {', '.join(missing)} in {workspace.weather(0).parent}"
            f". Run: rootzone forcing {files.path}"
        )
    land = Land(write_land(files, workspace.land))
    depths_mm = [float(depth) for depth in campaign.labels.depths_mm]
    features = with_physics(campaign.learning)
    legends = land.legends["land_cover"], land.legends["climate_class"]
    spec = features_of(features, *legends, files.catalog.legends, depths_mm)
    weather = WeatherDays.read([workspace.weather(y) for y in years], spec)
    surface = None
    if features.surface_moisture:
        pattern = str(files.folder / features.surface_moisture)
        surface = SurfaceFiles(pattern, land.grid)
    leaves = None
    if features.leaf_area:
        pattern = str(files.folder / features.leaf_area)
        leaves = SurfaceFiles(pattern, land.grid, "leaf_area", LEAF_AREA_REACH_DAYS)
    physics = None
    if features.physics:
        build_field(files, campaign.years)
        physics = PhysicsChannels(open_field(files, campaign.years))
    return Scene(land, weather, spec, files.weather_grid, surface, physics, leaves)


def with_physics(learning: Learning) -> Features:
    """The features a network is fed with: a correction of physics has physics among them."""
    features = learning.features
    if learning.model in NEED_PHYSICS and "theta" not in features.physics:
        return features.model_copy(update={"physics": (*features.physics, "theta")})
    return features


_Read = tuple[GridLabels | None, list[str]]  # labels, where there are any, and notes on them


def _simulated(campaign: Campaign, workspace: Workspace, scene: Scene) -> _Read:
    if not any(workspace.labels.glob("year=*/month=*/labels-*.parquet")):
        return None, []
    sites = pl.concat(
        read_table(path, SITES).select(pl.col("site_id").cast(pl.String), "row", "col")
        for path in (workspace.sites, workspace.reserves)
        if path.exists()
    )
    frame, stride = read_labels(workspace.labels)
    frame = weighted(frame, campaign.learning.label_weights)
    if campaign.learning.label_noise == "soil_spread":
        frame = counted_by_spread(frame, read_soil_spread(workspace.label_spread))
    thinned = (
        f"There are more than {MOST_LABELS:,} simulated labels: those of every {stride}th day were "
        "read, all sites of it."
    )
    labels = GridLabels.from_labels(frame, sites, scene.grid, campaign.labels.depths_mm)
    return labels, [thinned] if stride > 1 else []


def read_labels(folder: Path, most: int = MOST_LABELS) -> tuple[pl.DataFrame, int]:
    """Simulated labels of a folder; of more than ``most`` rows every k-th day, all sites of each.

    Returns
    -------
    labels : polars.DataFrame
        site_id (text), date, depth_mm, depth_top_mm where there, theta, weight.
    stride : int
        k; 1 where every day was read.
    """
    files = label_files(folder)
    stride = max(1, -(-sum(pq.read_metadata(path).num_rows for path in files) // most))
    parts = []
    for path in files:
        table = pl.scan_parquet(path)
        there = [name for name in _COLUMNS if name in table.collect_schema().names()]
        # Days are counted from 1970-01-01, so the choice is the same in every file.
        kept = table.select(there).filter(pl.col("date").cast(pl.Date).to_physical() % stride == 0)
        parts.append(kept.with_columns(pl.col("site_id").cast(pl.String)))
    return pl.concat(parts, how="diagonal_relaxed").collect(), stride


def weighted(labels: pl.DataFrame, rule: str) -> pl.DataFrame:
    """Labels with the weights of their design, or with a weight of 1 each where ``equal``."""
    if rule == "design":
        return labels
    return labels.with_columns(pl.lit(1.0, pl.Float32).alias("weight"))


def _stations(campaign: Campaign, workspace: Workspace, scene: Scene) -> _Read:
    if not workspace.stations.exists():
        return None, []
    labels = GridLabels.from_stations(
        read_stations(workspace.stations),
        scene.grid,
        campaign.labels.depths_mm,
        campaign.learning.station_neighbourhood_px,
    )
    return labels, []


def with_known_soil(labels: GridLabels, scene: Scene) -> GridLabels:
    """The labels on pixels whose theta_r and theta_s are known; how many others, is counted.

    A prediction between the bounds of a soil that is not known is no number.
    """
    keep = np.ones(len(labels), dtype=bool)
    first = run_starts(labels.tile)
    for start, end in zip(first, np.append(first[1:], len(labels)), strict=True):
        here = slice(start, end)
        soil = scene.soil(labels.grid.tile_window(int(labels.tile[start])), labels.depths_mm)
        bounds = soil[labels.depth[here], :2, labels.row[here], labels.col[here]]
        keep[here] = np.isfinite(bounds).all(axis=1)
    dropped = {**labels.dropped, "soil not known": int((~keep).sum())}
    return replace(labels.chosen(keep), dropped=dropped)


def with_known_physics(labels: GridLabels, physics: PhysicsChannels) -> GridLabels:
    """The labels on pixels where physics has a value; how many others, is counted."""
    row, col = labels.pixel_row.astype(np.int64), labels.pixel_col.astype(np.int64)
    pixel, point = np.unique(np.stack([row, col]), axis=1, return_inverse=True)
    known = np.ones(pixel.shape[1], dtype=bool)
    for year in physics.field.years:
        known &= np.isfinite(physics.field.at(pixel[0], pixel[1], year)).all(axis=(1, 2))
    keep = known[point.ravel()]
    dropped = {**labels.dropped, "physics not known": int((~keep).sum())}
    return replace(labels.chosen(keep), dropped=dropped)


def _dropped(name: str, labels: GridLabels) -> list[str]:
    counts = ", ".join(f"{count} for {reason}" for reason, count in labels.dropped.items() if count)
    return [f"Left out of the {name} labels: {counts}."] if counts else []


def digest_labels(labels: GridLabels) -> str:
    """Digest of what the labels say, whatever files they came from."""
    columns: list[Any] = [
        labels.tile, labels.date.astype(np.int64), labels.row, labels.col, labels.depth,
        labels.theta, labels.weight, labels.place,
    ]  # fmt: skip
    text = "".join(digest_bytes(np.ascontiguousarray(column).tobytes()) for column in columns)
    return digest_bytes((text + ",".join(labels.places)).encode())
