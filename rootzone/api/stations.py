"""Stations: what sensors saw, read from files of any network and screened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone.api.cube import Axes
from rootzone.api.table import Table

if TYPE_CHECKING:
    import polars as pl
    import xarray as xr
    from matplotlib.axes import Axes as MatplotlibAxes

_SENSOR = ("network", "station", "lat", "lon", "elevation_m", "position_m", "depth_m")
_LAYER = ("depth_top_m", "sensor")


@dataclass(frozen=True, repr=False)
class Stations(Table):
    """Daily values of sensors, a row a sensor and day, with the rules that take a value.

    Parameters
    ----------
    weather : polars.DataFrame
        The stations' own daily weather; no rows where none was measured.
    findings : tuple of str
        What was wrong with the files, a line each, counted, with the first place.

    Examples
    --------
    >>> import rootzone as rz
    >>> stations = rz.read_stations("stations.csv")
    >>> stations
    <rootzone stations: 1 stations, 3 values, 2 good>
    >>> float(stations.to_xarray()["theta"].max())
    0.31
    """

    weather: pl.DataFrame | None = None
    findings: tuple[str, ...] = ()

    axes: ClassVar[Axes | None] = Axes(
        ("series", "date"), dict.fromkeys((*_SENSOR, *_LAYER, "day_kind"), "series")
    )

    @property
    def good(self) -> pl.DataFrame:
        """The rows that no rule takes."""
        return self.frame.filter(self.frame["flag"] == "")

    def station(self, name: str) -> Stations:
        """One station by its name.

        Raises
        ------
        RequestError
            There is none of that name.
        """
        known = self.frame["station"].unique().to_list()
        if name not in known:
            raise RequestError(f"There is no station {name!r}{did_you_mean(name, known)}")
        weather = self.weather
        return Stations(
            self.frame.filter(self.frame["station"] == name),
            self.schema,
            self.provenance,
            weather=None if weather is None else weather.filter(weather["station"] == name),
        )

    def to_xarray(self) -> xr.Dataset:
        """``theta(series, date)``, a series a sensor, NaN where a rule takes the value.

        ``theta_as_read`` holds all values, and ``flag`` the rules.
        """
        import polars as pl

        from rootzone.api.cube import cube

        series = pl.concat_str(
            "network", "station", pl.format("{} m", "depth_m"), "sensor", separator=" "
        ).str.strip_chars()
        good = pl.when(pl.col("flag") == "").then("theta")
        frame = self.frame.with_columns(series.alias("series"), theta_as_read="theta", theta=good)
        data = cube(frame, self.schema, self.axes, self.attributes())
        data["theta_as_read"].attrs = {**data["theta"].attrs, "long_name": "as read, all values"}
        return data

    def plot(self, station: str | None = None) -> MatplotlibAxes:
        """Good values of one station by day, a line a depth.

        Parameters
        ----------
        station : str, optional
            Default: the first one.
        """
        from rootzone.api.pictures import draw_stations

        return draw_stations(self.station(station or self.frame["station"][0]).frame)

    def _summary(self) -> str:
        n = self.frame.select("network", "station").n_unique()
        return f"stations: {n:,} stations, {len(self):,} values, {self.good.height:,} good"


def read_stations(
    *sources: str | Path,
    station_list: str | Path | None = None,
    network: str = "plain",
    only: Sequence[str] = (),
    without: Sequence[str] = (),
) -> Stations:
    """Station files of any network as one screened table.

    Parameters
    ----------
    *sources : str or Path
        Files or folders: USCRN daily text, ISMN archives, replies of AWDB, NRCS reports, plain
        tables.
    station_list : str or Path, optional
        NRCS's list of stations, for positions of SCAN and SNOTEL.
    network : str
        Network of plain tables without that column.
    only, without : sequence of str
        Rules to apply alone, or to switch off.

    Returns
    -------
    Stations
        Every value that was read; ``flag`` names the rules that take it, empty for a good one.

    Raises
    ------
    RequestError
        No file is found, one cannot be read, or a rule is not known.

    Examples
    --------
    A plain table: 0.9 m3 m-3 is more water than a soil can hold, so a rule takes it.

    >>> import rootzone as rz
    >>> print(Path("stations.csv").read_text().strip())
    station,date,depth_m,theta
    hill,2023-06-01,0.2,0.31
    hill,2023-06-02,0.2,0.90
    hill,2023-06-03,0.2,0.30
    >>> stations = rz.read_stations("stations.csv")
    >>> stations.good["theta"].to_list()
    [0.31, 0.3]
    """
    from rootzone.stations.run_stations import screen_files
    from rootzone.stations.station_table import STATIONS

    found = screen_files(
        [Path(source) for source in sources],
        station_list=None if station_list is None else Path(station_list),
        network=network,
        only=only,
        without=without,
    )
    return Stations(
        found.frame,
        STATIONS,
        found.record,
        weather=found.weather,
        findings=tuple(found.findings.lines()),
    )
