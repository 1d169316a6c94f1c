"""Inversion: the soil that explains a station's sensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone.api.stations import Stations
from rootzone.api.tables_in import TableLike, given_table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import xarray as xr
    from matplotlib.figure import Figure

    from rootzone.inversion.invert_station import Inversion
    from rootzone.inversion.soil_layers import SoilLayers


@dataclass(frozen=True, repr=False)
class Inversions:
    """The soils that explain some stations, and what they are worth on held-out years.

    Parameters
    ----------
    found : tuple of Inversion
        One a station: its best soil, the textures tried, and the series.
    not_inverted : mapping of str to str
        Why the others could not be inverted.
    depths_m : tuple of float
        Nominal depths that sensors are counted for [m].
    provenance : Provenance
        What made them.

    Examples
    --------
    >>> import rootzone as rz
    >>> found = rz.invert(rz.read_stations("data/uscrn"), depths_m=[0.2])
    >>> found[found.found[0].station].held_out_years
    (2023,)
    """

    found: tuple[Inversion, ...]
    not_inverted: dict[str, str]
    depths_m: tuple[float, ...]
    provenance: Provenance

    def to_polars(self) -> pl.DataFrame:
        """A row a station: years, best texture of each zone [%], cost [m3 m-3]."""
        from rootzone.inversion.summary import inversion_frame

        return inversion_frame(self.found)

    def to_pandas(self) -> pd.DataFrame:
        """As :meth:`to_polars`, as a pandas frame."""
        return self.to_polars().to_pandas()

    def to_xarray(self) -> xr.Dataset:
        """Series of every station: ``observed, loam, inverted, climatology (series, date)``."""
        import polars as pl

        from rootzone._shared.tables import Column, Schema
        from rootzone.api.cube import Axes, cube
        from rootzone.inversion.summary import series_frame

        parts = [
            series_frame(one).with_columns(station=pl.lit(one.station), network=pl.lit(one.network))
            for one in self.found
        ]
        name = pl.format("{} {} {} m", "network", "station", "depth_m").alias("series")
        meanings = {
            "observed": "water content of the sensor",
            "loam": "water content of a fixed loam under the station's weather",
            "inverted": "water content of the soil that was found",
        }
        columns = [Column(key, "float", "m3 m-3", text) for key, text in meanings.items()]
        schema = Schema("inversions", (*columns, Column("depth_m", "float", "m", "sensor depth")))
        along = dict.fromkeys(("network", "station", "depth_m"), "series")
        told = {"Conventions": "CF-1.11", "digest": self.provenance.digest}
        return cube(
            pl.concat(parts).with_columns(name), schema, Axes(("series", "date"), along), told
        )

    def scores(self) -> pl.DataFrame:
        """Skill of the found soil, a fixed loam and the climatology, by depth, years and season."""
        from rootzone.inversion.scores import scores_of
        from rootzone.inversion.summary import score_frame

        return score_frame([row for one in self.found for row in scores_of(one)], self.depths_m)

    def plot(self, station: str | None = None) -> Figure:
        """Sensors, fixed loam and found soil by day and depth, and what each texture cost.

        Parameters
        ----------
        station : str, optional
            Default: the first one.
        """
        from rootzone.api.pictures import pictured
        from rootzone.inversion.figures import draw_station

        return pictured(draw_station)(self[station or self.found[0].station])

    def __getitem__(self, station: str) -> Inversion:
        """The inversion of one station."""
        for one in self.found:
            if one.station == station:
                return one
        raise RequestError(
            f"Station {station!r} was not inverted; there are "
            f"{', '.join(one.station for one in self.found)}."
        )

    def __len__(self) -> int:
        """Number of stations."""
        return len(self.found)

    def __repr__(self) -> str:
        lost = f", {len(self.not_inverted)} not (.not_inverted says why)"
        return f"<rootzone inversions: {len(self)} stations{lost if self.not_inverted else ''}>"


def invert(
    stations: Stations | TableLike,
    weather: TableLike | None = None,
    *,
    soils: TableLike | None = None,
    ptf: str = "rosetta3",
    station: str | Sequence[str] = (),
    depths_m: Sequence[float] = (0.05, 0.10, 0.20, 0.50, 1.00),
    train_years: Sequence[int] = (),
    objective: str = "rmse",
    zones_mm: Sequence[float] = (),
    physics: str = "van_genuchten",
    stepping: str = "converged",
    snow: bool = True,
    workers: int = 1,
    **settings: Any,  # noqa: ANN401 - keys of the engine, checked by name
) -> Inversions:
    """Find the soil that explains each station, and score it on years that were not used.

    The texture triangle is searched coarse to fine with the embedded engine under the station's own
    weather; a fixed loam and the station's climatology are scored beside it.

    Parameters
    ----------
    stations : Stations, frame or path
        As :func:`rootzone.read_stations` gives them.
    weather : frame or path, optional
        The stations' daily weather; by default that of ``stations``.
    soils : frame, mapping or path, optional
        Soils of stations by depth: a table of ``rootzone stations --soils``, or any that it reads
        (``network, station, depth_mm, sand_pct, silt_pct, clay_pct`` and what else is known). Where
        a station's soil counts as measured, layered corrections of it are sought in place of one
        texture, about zero: the water of each of three zones with a standard deviation of 15 %,
        log10 alpha with one of 0.3.
    ptf : str
        Pedotransfer function of measured soils, as ``rootzone soils --ptf``.
    station : str or sequence of str
        Only these stations.
    depths_m : sequence of float
        Depths that take part [m].
    train_years : sequence of int
        Years to train on; by default the first half.
    objective : {"rmse", "ubrmse"}
        Nearest to the sensors, or nearest in ups and downs whatever the level.
    zones_mm : sequence of float
        Lower ends of zones with a texture of their own [mm].
    physics, stepping
        As :func:`rootzone.simulate`.
    snow : bool
        Keep snow on the ground while it is cold; otherwise every precipitation is rain.
    workers : int
        Stations worked on at a time; they never change a number.
    **settings
        Engine settings by name.

    Returns
    -------
    Inversions
        The stations that could be inverted; ``not_inverted`` says why others could not, or why a
        measured soil could not be used.

    Raises
    ------
    RequestError
        There is no weather, a station is not known, or none could be inverted.

    Examples
    --------
    >>> import rootzone as rz
    >>> stations = rz.read_stations("data/uscrn")
    >>> found = rz.invert(stations, depths_m=[0.2])
    >>> found
    <rootzone inversions: 1 stations>
    >>> best = found.to_polars().row(0, named=True)
    >>> best["sand_pct_zone_1"] + best["silt_pct_zone_1"] + best["clay_pct_zone_1"]
    100
    >>> best["cost_training"] < best["cost_training_loam"]
    True
    """
    from rootzone.inversion.find_soils import find_soils

    table = stations if isinstance(stations, Stations) else _read(stations)
    sky = given_table(weather, "stations' weather").frame if weather is not None else table.weather
    if sky is None or not sky.height:
        raise RequestError(
            "The stations have no weather of their own, so they cannot be simulated. Give "
            "weather=, or read files that hold weather (USCRN, SCAN)."
        )
    own, unusable = _measured(soils, ptf) if soils is not None else ({}, {})
    names = [station] if isinstance(station, str) else list(station)
    search = find_soils(
        table.frame,
        sky,
        names=names,
        soils=own,
        depths_m=tuple(float(d) for d in depths_m),
        train_years=tuple(train_years),
        objective=objective,
        zones_mm=tuple(zones_mm),
        physics=physics,
        stepping=stepping,
        settings={**({"snow": True} if snow else {}), **settings},
        workers=workers,
    )
    digest = "" if table.provenance is None else table.provenance.digest
    record = Provenance("rootzone invert", {"stations": digest}, search.settings)
    return Inversions(
        tuple(search.found),
        {**unusable, **search.not_inverted},
        tuple(float(d) for d in depths_m),
        record,
    )


def _measured(
    soils: TableLike, ptf: str
) -> tuple[dict[tuple[str, str], SoilLayers], dict[str, str]]:
    """Soils by network and station, and why some cannot be used."""
    from rootzone._shared.names import did_you_mean
    from rootzone.hydraulics.pedotransfer import PTF_NAMES
    from rootzone.inversion.column_runs import THICKNESS_MM
    from rootzone.inversion.station_profiles import profiles_of
    from rootzone.stations.readers.read_soils import read_soils, soils_of_frame
    from rootzone.stations.station_soils import is_station_soils

    if ptf not in PTF_NAMES:
        raise RequestError(f"{ptf!r} is no pedotransfer function{did_you_mean(ptf, PTF_NAMES)}")
    problems: list[str] = []
    if isinstance(soils, str | Path):
        frame = read_soils(Path(soils), problems.append)
    else:
        frame = given_table(soils, "stations' soils").frame
        if not is_station_soils(frame):
            frame = soils_of_frame(frame, "the table of soils", problems.append)
    found = profiles_of(frame, THICKNESS_MM, ptf, on_problem=problems.append)
    parts = (problem.partition(": ") for problem in problems)
    return found, {f"soil of {who}": why for who, _, why in parts}


def _read(stations: TableLike) -> Stations:
    from rootzone.stations.station_table import STATIONS

    if isinstance(stations, str | Path):
        from rootzone.api.read import read

        found = read(stations)
        if isinstance(found, Stations):
            return found
        raise RequestError(f"{stations} is no table of stations but {found!r}.")
    return Stations(given_table(stations, "stations").frame, STATIONS)
