"""Any file of ours, read back with its units and provenance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone._shared.errors import RequestError
from rootzone._shared.positions import refuse_impossible_places
from rootzone._shared.provenance import Provenance, read_provenance
from rootzone._shared.seal import check
from rootzone._shared.table_files import read_frame
from rootzone._shared.tables import LABELS, PROFILES, SITES, SOILS, WEATHER, Column, Schema
from rootzone.api.cube import Axes
from rootzone.api.labels import Labels
from rootzone.api.profiles import Profiles
from rootzone.api.soils import Soils
from rootzone.api.stations import Stations
from rootzone.api.table import Table

if TYPE_CHECKING:
    import polars as pl
    import xarray as xr
    from matplotlib.axes import Axes as MatplotlibAxes

    from rootzone.campaign.workspace import Workspace

_KINDS = {"float": "float", "double": "float", "int": "int", "date": "date", "bool": "bool"}


class Weather(Table):
    """Daily weather, a row a cell and day.

    Examples
    --------
    >>> import rootzone as rz
    >>> weather = rz.read("weather.csv")
    >>> float(weather.to_xarray()["rain_mm"].sum())
    10.0
    """

    axes = Axes(("cell_id", "date"))


class Sites(Table):
    """Sites of a campaign, a row each.

    Examples
    --------
    >>> import rootzone as rz
    >>> rz.open_campaign("campaign.yaml").sites().to_xarray().sizes["site_id"]
    24
    """

    axes = Axes(("site_id",))


@dataclass(frozen=True)
class Raster:
    """A map: bands on a grid, with units and provenance.

    Parameters
    ----------
    path : Path
        A GeoTIFF, NetCDF or Zarr that ``rootzone map`` wrote.
    provenance : Provenance or None
        What made it.

    Examples
    --------
    >>> import rootzone as rz
    >>> campaign = rz.open_campaign("campaign.yaml")
    >>> maps = campaign.maps(["2023-06-15"], source="simulation", texture_step_pct=20)
    >>> maps[0].to_xarray()["theta"].attrs["units"]
    'm3 m-3'
    """

    path: Path
    provenance: Provenance | None = None

    def to_xarray(self) -> xr.Dataset:
        """The map as labelled arrays; NetCDF and Zarr are read when their numbers are used."""
        from rootzone.api.rasters import open_raster

        return open_raster(self.path, self.provenance)

    def plot(self) -> MatplotlibAxes:
        """Water content, dry brown to wet blue; of a series its first day."""
        from rootzone.api.pictures import draw_map

        return draw_map(self.to_xarray()["theta"])


def read(path: str | Path) -> Table | Raster:
    """Any file of ours with its units and provenance.

    Parameters
    ----------
    path : str or Path
        A table (``.parquet``, ``.csv``), a folder of labels, or a map (``.tif``, ``.nc``,
        ``.zarr``).

    Returns
    -------
    Table or Raster
        A table of sites, soils, weather, profiles, labels or stations as its own kind; another
        table with the units its file carries.

    Raises
    ------
    RequestError
        The file is missing, cannot be read, or its provenance is damaged.

    Examples
    --------
    >>> import rootzone as rz
    >>> soils = rz.make_soils({"sand_pct": 40, "silt_pct": 40, "clay_pct": 20})
    >>> _ = soils.write("loam.parquet", force=True)
    >>> again = rz.read("loam.parquet")
    >>> again.units["ks_mm_d"], again.provenance.verb
    ('mm d-1', 'rootzone soils')
    """
    path = Path(path)
    if not path.exists():
        raise RequestError(f"{path} does not exist.")
    if path.suffix in {".tif", ".nc", ".zarr"}:
        return Raster(path, _record_of(path))
    if path.is_dir():
        return read_labels(path)
    frame, record = read_frame(path), _record_of(path)
    refuse_impossible_places(frame, path)
    stored = _stored(path)
    columns = set(frame.columns)
    if columns >= {"site_id", "date", "theta", "depth_mm"}:
        return Labels(frame, LABELS, record)
    if columns >= {"site_id", "date", "theta"}:
        return _profiles(path, frame, record, stored)
    if columns >= {"network", "station", "depth_m", "theta", "flag"}:
        return _stations(path, record)
    if columns >= {"site_id", "layer", "thickness_mm", "ks_mm_d"}:
        return Soils(frame, SOILS, record)
    if columns >= {"cell_id", "date", "rain_mm"}:
        return Weather(frame, WEATHER, record)
    if columns >= {"site_id", "year", "stratum", "weight", "x_m"}:
        return Sites(frame, SITES, record)
    return Table(frame, _own_schema(stored, frame), record)


def read_labels(folder: Path, depth_mm: float | None = None, year: int | None = None) -> Labels:
    """Labels of a folder, of all depths and years or of one."""
    import polars as pl

    from rootzone.labels.write_labels import label_files

    files = [f for f in label_files(folder) if year is None or f"year={year:04d}" in f.parts]
    if not files:
        raise RequestError(f"{folder} holds no labels of {year}.")
    rows = pl.scan_parquet(files, hive_partitioning=False)
    if depth_mm is not None:
        rows = rows.filter((pl.col("depth_mm") - depth_mm).abs() < 1e-3)
    frame = rows.with_columns(pl.col(pl.Categorical).cast(pl.String)).collect()
    if depth_mm is not None and not frame.height:
        raise RequestError(f"{folder} holds no labels at {depth_mm:g} mm.")
    return Labels(frame, LABELS, _record_of(files[0]))


def profile_rows(
    campaign: Path, workspace: Workspace, site: int | str | None, shard: int | None
) -> tuple[pl.DataFrame, Provenance | None]:
    """Profiles of one site or one shard of a campaign, and what made them.

    Raises
    ------
    RequestError
        Neither is named, or there are no profiles of it.
    """
    import polars as pl

    if (site is None) == (shard is None):
        raise RequestError("Name a site or a shard, such as profiles(shard=1).")
    if shard is not None:
        paths = [workspace.profiles(shard)]
    else:
        paths = sorted(workspace.runs.glob("shard=*/profiles.parquet"))
    for path in paths:
        if not path.exists():
            break
        rows = pl.scan_parquet(check(path), hive_partitioning=False)
        if site is not None:
            rows = rows.filter(pl.col("site_id").cast(pl.String) == str(site))
        frame = rows.collect()
        if frame.height:
            return frame, _record_of(path)
    what = f"Site {site}" if site is not None else f"Shard {shard}"
    raise RequestError(f"{what} has no profiles. Run: rootzone simulate {campaign}")


def _record_of(path: Path) -> Provenance | None:
    """Its record, None where it has none; a damaged one is refused."""
    try:
        return read_provenance(path)
    except RequestError as error:
        if "carries no provenance" in str(error):
            return None
        raise


def _stored(path: Path) -> Any:  # noqa: ANN401 - an Arrow schema or None
    if path.suffix != ".parquet":
        return None
    import pyarrow.parquet as pq

    return pq.read_schema(path)


def _profiles(path: Path, frame: Any, record: Provenance | None, stored: Any) -> Profiles:  # noqa: ANN401
    import polars as pl

    from rootzone.labels.layering import layerings_from_metadata

    if frame["theta"].dtype == pl.String:  # a CSV cell such as [0.21, 0.27]
        numbers = pl.col("theta").str.strip_chars("[] ").str.split(", ")
        frame = frame.with_columns(numbers.cast(pl.List(pl.Float64)))
    del path
    metadata = None if stored is None else stored.metadata
    return Profiles(frame, PROFILES, record, layerings=layerings_from_metadata(metadata))


def _stations(path: Path, record: Provenance | None) -> Stations:
    from rootzone.stations.station_table import STATIONS, read_stations, weather_path

    beside = weather_path(path)
    weather = read_frame(beside) if beside.exists() else None
    return Stations(read_stations(path), STATIONS, record, weather=weather)


def _own_schema(stored: Any, frame: Any) -> Schema:  # noqa: ANN401 - Arrow's and polars' own
    """What a file says about its own columns."""
    if stored is None:
        return Schema("table", ())
    told = stored.metadata or {}
    columns = []
    for field in stored:
        about = field.metadata or {}
        if b"unit" in about:
            kind = next((k for name, k in _KINDS.items() if name in str(field.type)), "text")
            meaning = about.get(b"description", b"").decode()
            columns.append(Column(field.name, kind, about[b"unit"].decode(), meaning))
    del frame
    return Schema(told.get(b"table", b"table").decode(), tuple(columns))
