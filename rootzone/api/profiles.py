"""Simulation: soils and weather in, daily profiles of soil water out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone._shared.tables import PROFILES
from rootzone.api.cube import Axes
from rootzone.api.table import Table
from rootzone.api.tables_in import Given, TableLike, given_table

if TYPE_CHECKING:
    import polars as pl
    import xarray as xr
    from matplotlib.axes import Axes as MatplotlibAxes

    from rootzone.api.labels import Labels
    from rootzone.engines.failures import Failure
    from rootzone.engines.swim.settings import Physics
    from rootzone.labels.layering import Layerings


@dataclass(frozen=True, repr=False)
class Profiles(Table):
    """Daily profiles of soil water, a row a site and day.

    ``theta`` is a list, one value a layer [m3 m-3] at the end of the day; beside it stand the day's
    runoff, drainage, evaporation, infiltration, pond, balance error and steps.

    Parameters
    ----------
    failures : polars.DataFrame
        Sites without profiles: class, text, and the row that is to blame.
    repairs : mapping
        Traps of the original model that were met and mended, by site.
    layerings : Layerings or None
        Depths the values belong to; None where they are not known.

    Examples
    --------
    >>> import rootzone as rz
    >>> soils = rz.make_soils({"sand_pct": 40, "silt_pct": 40, "clay_pct": 20})
    >>> dry = {"date": ["2023-06-01", "2023-06-02"], "rain_mm": [0, 0], "eo_mm": [5, 5]}
    >>> profiles = rz.simulate(soils, dry)
    >>> profiles.to_xarray()["theta"].dims
    ('site_id', 'date', 'layer')
    """

    failures: pl.DataFrame | None = None
    repairs: dict[int | str, tuple[str, ...]] | None = None
    layerings: Layerings | None = None

    axes: ClassVar[Axes | None] = Axes(("site_id", "date"), lists={"theta": "layer"})

    def at_depth(self, depth_mm: float | str | Sequence[float | str], **about: Any) -> Labels:  # noqa: ANN401
        """Water content at depths; the same as :func:`rootzone.make_labels`.

        Parameters
        ----------
        depth_mm : float, str, or sequence of them
            Depth [mm], or a layer mean such as ``"0-1000"``.
        **about
            As :func:`rootzone.make_labels`.
        """
        from rootzone.api.labels import make_labels

        return make_labels(self, depth_mm=depth_mm, **about)

    def to_xarray(self) -> xr.Dataset:
        """Profiles as ``theta(site_id, date, layer)`` and daily sums ``(site_id, date)``.

        Where all sites share their layers, ``depth_mm(layer)`` says where the values belong and
        ``thickness_mm(layer)`` how thick the layers are.
        """
        data: xr.Dataset = super().to_xarray()  # type: ignore[assignment]
        layer = np.arange(1, data.sizes["layer"] + 1)
        data = data.assign_coords(layer=("layer", layer, {"long_name": "layer, 1 at the top"}))
        shared = self._shared_layering()
        if shared is None:
            return data
        told = {
            "depth_mm": (shared.node_depth_mm, "depth that the layer's value belongs to"),
            "thickness_mm": (shared.thickness_mm, "layer thickness"),
        }
        for name, (values, meaning) in told.items():
            if values is not None:
                about = {"long_name": meaning, "units": "mm", "positive": "down"}
                if name == "depth_mm":
                    about["standard_name"] = "depth"
                data = data.assign_coords({name: ("layer", np.asarray(values), about)})
        return data

    def plot(self, site: int | str | None = None) -> MatplotlibAxes:
        """Water content by day and depth of one site, dry brown to wet blue.

        Parameters
        ----------
        site : int or str, optional
            Default: the first one.
        """
        from rootzone.api.pictures import draw_profile

        return draw_profile(self._one_site(site), self._layering_of(site))

    def _one_site(self, site: int | str | None) -> pl.DataFrame:
        ids = self.frame["site_id"]
        chosen = ids[0] if site is None else site
        part = self.frame.filter(ids == chosen)
        if part.height == 0:
            raise RequestError(f"The profiles have no site {site!r}.")
        return part

    def _layering_of(self, site: int | str | None) -> Any:  # noqa: ANN401 - Layering or None
        if self.layerings is None or not self.frame.height:
            return None
        chosen = self.frame["site_id"][0] if site is None else site
        return self.layerings.of(chosen, len(self._one_site(site)["theta"][0]))

    def _shared_layering(self) -> Any:  # noqa: ANN401 - Layering or None
        if self.layerings is None or not self.frame.height:
            return None
        sites = self.frame["site_id"].unique().to_list()
        counts = self.frame.group_by("site_id").agg(n=self.frame["theta"].list.len().first())
        del counts
        n_layer = len(self.frame["theta"][0])
        found = {self.layerings.by_site.get(site) for site in sites}
        if found == {None}:
            return self.layerings.by_count.get(n_layer)
        return found.pop() if len(found) == 1 else None

    def _summary(self) -> str:
        n = self.frame["site_id"].n_unique()
        days = self.frame["date"].n_unique()
        lost = 0 if self.failures is None else self.failures.height
        gone = f", {lost} sites failed (.failures says why)" if lost else ""
        return f"profiles: {n:,} sites, {days:,} days{gone}"


def simulate(
    soils: TableLike,
    weather: TableLike,
    *,
    physics: Physics | None = None,
    stepping: str = "converged",
    threads: int | None = None,
    **settings: Any,  # noqa: ANN401 - keys of the engine, checked by name
) -> Profiles:
    """Daily soil-water profiles of every site, by Richards' equation.

    Parameters
    ----------
    soils : Soils, frame, mapping or path
        As :func:`rootzone.make_soils` gives them: a row a site and layer.
    weather : frame, mapping or path
        A row a day without gaps: ``date``, ``rain_mm`` [mm d-1], and what the air asks for:
        ``eo_mm`` [mm d-1], else ``pet_mm``, else ``radn_mj_m2, tmax_degc, tmin_degc`` for APSIM's
        formula. With ``cell_id`` every site takes
        the cell its soil names; without, all sites stand under this one sky.
    physics : {"van_genuchten", "swim3"}, optional
        Hydraulic functions and grid. Default: by the columns of ``soils``, ``van_genuchten`` first.
    stepping : {"converged", "apsim"}
        Error controlled, or APSIM's step rules and its answers.
    threads : int, optional
        Threads; they never change a number. Default: all of this process.
    **settings
        Engine settings by name, as ``rootzone simulate-tables --set``.

    Returns
    -------
    Profiles
        Sites that failed have a row in ``failures`` with the reason.

    Raises
    ------
    RequestError
        A table or a setting cannot be used, or no site could be simulated.

    Notes
    -----
    The first call on a machine compiles the engine, up to a minute; the machine code is kept.
    All profiles are held in memory, 8 bytes a layer and day: ``rootzone simulate-tables`` and
    campaigns stream them to files instead.

    Examples
    --------
    A day of rain on a loam, and what became of it [mm]:

    >>> import rootzone as rz
    >>> soils = rz.make_soils({"sand_pct": 40, "silt_pct": 40, "clay_pct": 20})
    >>> weather = {"date": ["2023-06-01", "2023-06-02"], "rain_mm": [10, 0], "eo_mm": [4, 4]}
    >>> days = rz.simulate(soils, weather).to_polars()
    >>> stored = [sum(t * mm for t, mm in zip(theta, rz.LAYERS_MM)) for theta in days["theta"]]
    >>> lost = days["es_mm"] + days["runoff_mm"] + days["drainage_mm"]
    >>> abs(stored[1] - stored[0] + lost[1]) < 1e-9
    True
    """
    from rootzone.engines.protocol import SiteBatch
    from rootzone.engines.swim.engine import SwimEngine
    from rootzone.engines.swim.read_settings import settings_from_mapping
    from rootzone.engines.tables.read_soils import physics_of_columns, soils_from_frame
    from rootzone.engines.tables.read_weather import (
        WeatherNeeds,
        join_weather,
        weather_from_frame,
    )

    ground, sky = given_table(soils, "soils"), given_table(weather, "weather")
    ground, sky = _under_one_sky(ground, sky)
    asked = settings_from_mapping(physics or "van_genuchten", stepping, settings)
    chosen = physics or physics_of_columns(ground.path, ground.frame.columns, asked.initial)
    engine_settings = settings_from_mapping(chosen, stepping, settings)
    engine = SwimEngine(engine_settings, threads=threads)
    table = soils_from_frame(ground.path, ground.frame, chosen, engine_settings.initial)
    forcing = weather_from_frame(
        sky.path,
        sky.frame,
        WeatherNeeds(
            engine_settings.salb,
            engine_settings.needs_temperature or "cover_code" in table.soil,
            leaves=engine_settings.lai,
        ),
    )
    batch: SiteBatch
    batch, cell_failures = join_weather(table, forcing)
    run = engine.run(batch)
    failures = [*table.failures, *cell_failures, *run.failures]
    if not len(run.profiles.site_ids):
        raise RequestError(
            f"None of the {table.n_site} sites could be simulated. The first: {failures[0].text}"
        )
    record = Provenance(
        "rootzone simulate-tables",
        {"soils": ground.digest, "weather": sky.digest},
        {**engine.identity(), "float32": False},
    )
    return Profiles(
        _profiles_frame(run.profiles, record),
        PROFILES,
        record,
        failures=_failures_frame(failures, table.id_dtype),
        repairs={site: tuple(names) for site, names in run.repairs.items()},
        layerings=_layerings(ground.frame, chosen, stepping),
    )


def _under_one_sky(ground: Given, sky: Given) -> tuple[Given, Given]:
    """Both with a ``cell_id``: weather without one is that of every site."""
    import polars as pl

    if "cell_id" not in sky.frame.columns:
        cell = pl.lit("all", pl.String).alias("cell_id")
        return (
            Given(ground.frame.with_columns(cell), ground.path, ground.digest),
            Given(sky.frame.with_columns(cell), sky.path, sky.digest),
        )
    return ground, sky


def _profiles_frame(profiles: Any, record: Provenance) -> pl.DataFrame:  # noqa: ANN401
    import polars as pl

    from rootzone.engines.tables.write_profiles import profiles_schema, profiles_table

    schema = profiles_schema(
        record,
        text_ids=profiles.site_ids.dtype == object,
        extra_columns=tuple(profiles.daily),
    )
    return pl.DataFrame(pl.from_arrow(profiles_table(profiles, schema)))


def _failures_frame(failures: list[Failure], id_dtype: Any) -> pl.DataFrame:  # noqa: ANN401
    from rootzone.engines.failures import failures_frame

    return failures_frame(failures, id_dtype)


def _layerings(soils: pl.DataFrame, physics: str, stepping: str) -> Layerings:
    from rootzone._shared.profile_depths import nodes_of_engine
    from rootzone.labels.layering import layerings_from_soils

    return layerings_from_soils(soils, nodes_of_engine(physics, stepping))
