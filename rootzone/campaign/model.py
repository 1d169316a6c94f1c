"""The typed campaign: what a user may ask for, with units, bounds, defaults and meanings.

Every model is frozen and refuses unknown keys. Descriptions become the comments that
``rootzone init`` writes, so each stands here once. Rules that tie several keys together are in
`rootzone.campaign.rules`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field, StrictBool

from rootzone.campaign.learning_section import Learning
from rootzone.campaign.section import Fraction, Name, Section, Seed
from rootzone.campaign.surface_section import Surface

Scalar = StrictBool | int | float | str
Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Gap = Annotated[float, Field(ge=0.001, le=0.1)]
ThicknessMm = Annotated[float, Field(ge=2, le=5000)]
DepthMm = Annotated[float, Field(gt=0, le=20000)]
Year = Annotated[int, Field(ge=1900, le=2200)]
BARE_SOIL_ALBEDO = 0.13  # APSIM's
# Where the day stands in the name of a file: {date}, or {date:%Y%m%d}.
DATE_IN_NAME = r"\{date(:[^{}]*)?\}"
BY_LAND_COVER = "by_land_cover"


class Region(Section):
    """Where. Give exactly one of bounds, polygon file and place."""

    bounds_lonlat_deg: tuple[Lon, Lat, Lon, Lat] | None = None
    """west, south, east, north [degrees, WGS 84]"""
    polygon_file: str | None = None
    """GeoJSON, GeoPackage or shapefile with the region's outline"""
    place: str | None = None
    """a packed place: a country, a first-level unit of one, such as Punjab, India, or a county"""


class Grid(Section):
    """The master grid all rasters are aligned to."""

    crs: str = "EPSG:5070"
    """projected coordinate system in metres, or utm or equal_area for one that suits the region"""
    resolution_m: Annotated[float, Field(gt=0, le=10000)] = 30.0
    """pixel size [m]"""
    tile_px: Annotated[int, Field(ge=8, le=4096)] = 64
    """tile side [pixels]; the grid is padded to whole tiles"""


class Catalog(Section):
    """Which catalog entry supplies each kind of data."""

    files: tuple[str, ...] = ()
    """catalog files of your own, read after the packed one; later entries win"""
    land_cover: Name = "nlcd"
    """land-cover classes"""
    climate_class: Name = "koppen_beck"
    """Koppen-Geiger classes"""
    texture: Name = "polaris"
    """sand, silt and clay by depth"""
    elevation: Name = "dem_3dep"
    """elevation [m]"""
    forcing: Name = "gridmet"
    """daily weather"""


class Weather(Section):
    """How daily weather is prepared from the forcing source."""

    pet: Literal["delivered", "fao56", "hargreaves", "apsim"] = "apsim"
    """pet_mm, what the air asks for, in the simulation and as the network's feature: APSIM's Eo,
    as the source delivers it, or computed; fao56 needs wind"""
    albedo: Fraction = BARE_SOIL_ALBEDO
    """albedo of the ground, for pet: apsim; the engine's salb is the same"""
    utc_offset_h: Annotated[float, Field(ge=-12, le=14)] | None = None
    """local time less UTC [h] for weather by hours; null for the region's own whole hour"""
    lapse_degc_per_km: Annotated[float, Field(ge=0, le=12)] | None = None
    """cooling with height [degC km-1] that brings temperatures from the weather product's ground to
    the region's, cell by cell; 6.5 is usual, null leaves them as delivered"""
    leaf_area: Name | None = None
    """catalog entry of leaf area by date, such as modis_lai, that leaves of the cover follow cell
    by cell; null lets them follow temperature"""
    gaps: Literal["refuse", "fill"] = "refuse"
    """missing or impossible values stop the work, or are filled where honest, flagged, counted"""


class Sites(Section):
    """How many sites a year, and how they are drawn."""

    per_year: Annotated[int, Field(ge=1, le=50_000_000)] = 500_000
    """sites drawn for each year"""
    design: Name = "stratified_kmeans"
    """sampling design, a file of sampling/designs or a path of your own"""
    allocation: Literal["proportional", "neyman", "equal"] = "proportional"
    """how the budget is shared among strata"""
    min_per_stratum: Annotated[int, Field(ge=0)] = 2
    """sites every stratum gets, however small"""
    exclude_land_cover: tuple[Annotated[int, Field(ge=0, le=255)], ...] | None = None
    """land-cover codes that are no candidates; null for water, ice and built land of the legend"""
    reserves_pct: Annotated[float, Field(ge=0, le=100)] = 10.0
    """stand-ins drawn beside the sites of each stratum [% of its sites]"""


class Profile(Section):
    """The soil column that is simulated."""

    thickness_mm: Annotated[tuple[ThicknessMm, ...], Field(min_length=2, max_length=100)] = (
        50, 50, 50, 50, 100, 100, 100, 200, 200, 200, 200, 200,
    )  # fmt: skip
    """layer thicknesses from the surface down [mm]"""


class SoilBounds(Section):
    """Guardrails: what a hydraulic parameter set may be. Each adjustment is recorded."""

    gap_airdry_ll15: Gap = 0.001
    """smallest LL15 - AirDry [m3 m-3]"""
    gap_ll15_dul: Gap = 0.005
    """smallest DUL - LL15 [m3 m-3]"""
    gap_dul_sat: Gap = 0.005
    """smallest SAT - DUL [m3 m-3]"""
    theta_r_max: Fraction = 0.3
    """largest residual water content [m3 m-3]"""
    theta_span_min: Annotated[float, Field(gt=0, le=1)] = 0.1
    """smallest theta_s - theta_r; a smaller one is refused [m3 m-3]"""
    sat_min: Fraction = 0.2
    """smallest water content at saturation [m3 m-3]"""
    sat_max: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """largest water content at saturation [m3 m-3]"""
    alpha_min_per_cm: Annotated[float, Field(ge=1e-4)] = 1e-4
    """smallest van Genuchten alpha [cm-1]"""
    alpha_max_per_cm: Annotated[float, Field(gt=0, le=1)] = 0.5
    """largest van Genuchten alpha [cm-1]"""
    n_min: Annotated[float, Field(ge=1.05)] = 1.05
    """smallest van Genuchten n [-]"""
    n_max: Annotated[float, Field(gt=1, le=10)] = 8.0
    """largest van Genuchten n [-]"""
    ks_min_mm_d: Annotated[float, Field(ge=0.01)] = 0.1
    """smallest saturated conductivity [mm d-1]"""
    ks_max_mm_d: Annotated[float, Field(gt=0, le=100_000)] = 20_000.0
    """largest saturated conductivity [mm d-1]"""
    kdul_min_mm_d: Annotated[float, Field(ge=1e-8)] = 1e-6
    """smallest conductivity at DUL [mm d-1]"""
    bd_min_g_cm3: Annotated[float, Field(ge=0.05, lt=2.65)] = 0.2
    """smallest bulk density [g cm-3]"""
    bd_max_g_cm3: Annotated[float, Field(gt=0, lt=2.65)] = 2.1
    """largest bulk density [g cm-3]"""
    micropore_share_max: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """largest share of KS that SWIM3's micropores may carry, where on_k_above_ks acts [-]"""


PtfName = Literal[
    "rosetta3", "rosetta3_h3", "rosetta3_h4", "rosetta3_h5", "wosten1999", "weynants2009",
    "saxton_rawls2006", "toth2015", "polaris_van_genuchten",
]  # fmt: skip


MOVED_TEXTURES = ("sand_low", "sand_high", "clay_low", "clay_high")
"""Soils of a site whose textures lie to one or the other side of the mapped one."""


class Soil(Section):
    """From texture to hydraulic parameters."""

    ptf: PtfName = "rosetta3"
    """pedotransfer function, or the product's own parameters in its stead"""
    members: tuple[PtfName, ...] = ()
    """more of them: every site runs with each as well, and the spread of its labels is written"""
    texture_spread: bool = False
    """run every site with its textures moved by the product's quantiles as well, four soils more,
    and write the spread of its labels"""
    fill_inputs: bool = False
    """fill organic matter and bulk density that ptf needs and the product lacks at a place"""
    dul_suction_cm: Annotated[float, Field(gt=1, lt=15000)] = 100.0
    """suction at the drained upper limit [cm]; SWIM3's PSIDul is minus this"""
    ll15_suction_cm: Annotated[float, Field(gt=1, le=1e6)] = 15_000.0
    """suction at the lower limit [cm]"""
    airdry_suction_cm: Annotated[float, Field(gt=1, le=1e7)] = 1_000_000.0
    """suction at air-dry [cm]"""
    mualem_l: Annotated[float, Field(ge=-10, le=10)] = 0.5
    """pore connectivity of Mualem's conductivity [-]"""
    initial_fraction: Fraction = 0.5
    """water at the start, from 0 at LL15 to 1 at DUL [-]"""
    on_k_above_ks: Literal["note", "lower_ll15", "refuse"] = "note"
    """what a layer does whose SWIM3 micropores conduct more than KS"""
    texture_tolerance_pct: Annotated[float, Field(ge=0, le=100)] = 10.0
    """distance of sand + silt + clay from 100 % that is still closed [%]"""
    on_refused: Literal["quarantine", "stop"] = "quarantine"
    """what a soil that cannot be mended does: only its site fails, or the campaign stops"""
    bounds: SoilBounds = SoilBounds()

    @property
    def ensemble(self) -> dict[str, str]:
        """Soils beside each site's own, by name, and the pedotransfer function of each."""
        soils: dict[str, str] = {name: name for name in self.members}
        if self.texture_spread:
            soils |= dict.fromkeys(MOVED_TEXTURES, self.ptf)
        return soils


class Engine(Section):
    """The soil-water engine and its settings."""

    name: Name = "swim"
    """swim is embedded and needs nothing; apsim drives an installed APSIM"""
    physics: Literal["swim3", "van_genuchten"] = "van_genuchten"
    """swim3 builds its curves from LL15, DUL, SAT; van_genuchten uses Rosetta's own"""
    stepping: Literal["converged", "apsim"] = "converged"
    """converged controls its own error; apsim follows SWIM3's step rules"""
    spin_up_days: Annotated[int, Field(ge=0, le=3660)] = 365
    """days simulated before the first day that counts [d]"""
    apsim_models: str | None = None
    """path or container command of APSIM's Models; looked for on PATH when null"""
    settings: dict[str, Scalar] = {}  # noqa: RUF012 - pydantic copies it
    """engine settings that differ from the defaults; rootzone simulate-tables --help lists them"""


class Jobs(Section):
    """How the campaign is cut into shards and when it counts as failed."""

    sites_per_shard: Annotated[int, Field(ge=1, le=1_000_000)] = 2500
    """sites in a shard, which is one file and one unit of work"""
    max_failed_pct: Annotated[float, Field(ge=0, le=100)] = 1.0
    """failed sites the campaign puts up with [%]; above it the exit status is 3"""
    site_timeout_s: Annotated[float, Field(gt=0)] = 600.0
    """time a single site may take [s]"""


class Labels(Section):
    """Which depths become labels."""

    depths_mm: Annotated[tuple[DepthMm, ...], Field(min_length=1)] = (200.0,)
    """label depths below the surface [mm], inside the profile"""
    source: Literal["layers", "solver"] = Field("layers", alias="from")
    """layers reads between layers, as the paper; solver takes what fine cells at the depth hold"""
    stations: tuple[str, ...] = ()
    """files or folders of station data to hold the labels against"""


class Maps(Section):
    """The maps to make."""

    dates: tuple[date, ...] = ()
    """days to map; the middle of each month where none is named"""
    window_px: Annotated[int, Field(ge=64, le=8192, multiple_of=8)] = 640
    """side of a window of prediction [pixels]; any size gives the same map"""
    source: Literal["network", "physics", "simulation"] = "network"
    """trained network, physics at every pixel between simulated soils, or every soil simulated"""
    physics_error: Annotated[float, Field(gt=0, le=0.05)] = 0.002
    """what 95 % of the errors of physics between simulated columns stay below [m3 m-3]"""
    dtype: Literal["uint16", "float32"] = "uint16"
    """numbers in the files; uint16 has steps of 0.0001"""
    interval_pct: Annotated[float, Field(gt=0, lt=100)] = 80.0
    """central interval of the uncertainty band [%]"""
    time_series: Literal["none", "netcdf", "zarr"] = "netcdf"
    """all dates in one CF file as well"""


class Seeds(Section):
    """One seed for each random choice; the same seeds give the same campaign."""

    sites: Seed = 1
    """sampling of sites and reserves"""
    split: Seed = 2
    """dates and stations held out"""
    learning: Seed = 3
    """weights, order of batches, mixing"""
    pilot: Seed = 4
    """sites of the cost estimate"""


class Campaign(Section):
    """A whole campaign, as one file says it."""

    name: Name
    """short name for file names: letters, digits, dot, dash, underscore"""
    description: str = ""
    """one line for the report"""
    region: Region
    grid: Grid = Grid()
    years: Annotated[tuple[Year, ...], Field(min_length=1)]
    """calendar years to simulate"""
    catalog: Catalog = Catalog()
    weather: Weather = Weather()
    sites: Sites = Sites()
    profile: Profile = Profile()
    soil: Soil = Soil()
    cover: Name = "bare"
    """what grows: bare as in the paper, grass, shrub, crop, deciduous_forest, evergreen_forest, or
    by_land_cover for what each site's land cover tells; with a cover snow is kept on the ground"""
    engine: Engine = Engine()
    jobs: Jobs = Jobs()
    labels: Labels = Labels()
    learning: Learning = Learning()
    maps: Maps = Maps()
    surface: Surface = Surface()
    seeds: Seeds = Seeds()

    @property
    def engine_as_run(self) -> Engine:
        """The engine section with what other sections say to it: cover, and depths of labels."""
        told: dict[str, Scalar] = {}
        if self.cover != "bare":  # the field as it is, winters too: docs/roots.md has the figures
            told = {"snow": True}
            if self.cover != BY_LAND_COVER:
                told["cover"] = self.cover
        if self.weather.leaf_area and self.cover != "bare":
            told["lai"] = True
        if self.labels.source == "solver":
            told["label_depths_mm"] = ",".join(f"{d:.12g}" for d in sorted(self.labels.depths_mm))
        settings = {**told, **self.engine.settings}
        return self.engine.model_copy(update={"settings": settings}) if told else self.engine

    @property
    def weather_years(self) -> tuple[int, ...]:
        """Calendar years of weather the runs need, those that spin-up reaches back into included.

        With 365 days of spin-up, 2023 needs 2022 and 2023.
        """
        return tuple(sorted({year for last in self.years for year in self.weather_of(last)}))

    def weather_of(self, year: int) -> range:
        """Calendar years of weather that the runs of one year need, its spin-up included."""
        first = date(year, 1, 1) - timedelta(days=self.engine.spin_up_days)
        return range(first.year, year + 1)
