"""The tables that stages hand each other: names, types, units and meaning, in one place.

Each schema is written into the Parquet metadata of every column and checked on reading, so a table
from elsewhere with a wrong column or unit is refused with the file and the column named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rootzone._shared.daily import DAILY, column_at, depth_of
from rootzone._shared.names import did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

ID = "id"  # an integer or a text, kept as given


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        Column name, with its unit in it where it is not a bare fraction.
    kind : str
        ``id`` (integer or text), ``int``, ``float``, ``text``, ``date``, ``bool`` or ``floats``
        (a list of numbers).
    unit : str
        Unit as written into the file; ``-`` for none.
    meaning : str
        One line for a reader of the file.
    required : bool
        Whether a table without it is refused.
    """

    name: str
    kind: str
    unit: str
    meaning: str
    required: bool = True


@dataclass(frozen=True)
class Schema:
    """A table: its name and its columns in order."""

    name: str
    columns: tuple[Column, ...]
    further: Callable[[str], Column | None] = lambda name: None

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Columns by their names."""
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column | None:
        """A column by its name, also one of those whose number is open; None if unknown."""
        return self.by_name.get(name) or self.further(name)

    def problems(self, schema: pa.Schema, required: Sequence[str] = ()) -> list[str]:
        """What is wrong with the columns of a table, one sentence each; empty when nothing is.

        Parameters
        ----------
        schema : pyarrow.Schema
            Columns as read. Columns this table does not know are allowed.
        required : sequence of str
            Optional columns that this reader cannot do without.
        """
        found = []
        for column in self.columns:
            if column.name in schema.names:
                found += _column_problems(column, schema.field(column.name))
            elif column.required or column.name in required:
                hint = did_you_mean(column.name, [n for n in schema.names if n not in self.by_name])
                found.append(
                    f"column {column.name} [{column.unit}] is missing ({column.meaning}){hint}"
                )
        return found


def _column_problems(column: Column, field: pa.Field) -> list[str]:
    problems = []
    if not _kind_fits(column.kind, field.type):
        problems.append(f"column {column.name} holds {field.type}, not {column.kind}")
    unit = (field.metadata or {}).get(b"unit")
    if unit is not None and unit.decode() != column.unit:
        problems.append(f"column {column.name} is in [{unit.decode()}], not in [{column.unit}]")
    return problems


def _kind_fits(kind: str, dtype: pa.DataType) -> bool:
    import pyarrow.types as types

    number = types.is_integer(dtype) or types.is_floating(dtype)
    if types.is_dictionary(dtype):  # texts kept once each, as labels do
        dtype = dtype.value_type
    text = types.is_string(dtype) or types.is_large_string(dtype) or types.is_string_view(dtype)
    if kind == "floats":
        return bool(types.is_list(dtype) or types.is_large_list(dtype)) and bool(
            types.is_floating(dtype.value_type)
        )
    fits = {
        ID: types.is_integer(dtype) or text,
        "int": types.is_integer(dtype),
        "float": number,
        "text": text,
        "date": types.is_date(dtype) or types.is_timestamp(dtype),
        "bool": types.is_boolean(dtype),
    }
    return bool(fits[kind])


def _c(name: str, kind: str, unit: str, meaning: str, *, required: bool = True) -> Column:
    return Column(name, kind, unit, meaning, required)


_SITE = _c("site_id", ID, "-", "site, unique in its campaign")
_CELL = _c("cell_id", ID, "-", "weather cell the site lies in")
_DATE = _c("date", "date", "-", "calendar day")

SITES = Schema(
    "sites",
    (
        _SITE,
        _c("year", "int", "-", "campaign year the site was drawn for"),
        _c("row", "int", "-", "row of the pixel on the master grid, 0 at the top"),
        _c("col", "int", "-", "column of the pixel on the master grid, 0 at the left"),
        _c("x_m", "float", "m", "easting of the pixel centre on the master grid"),
        _c("y_m", "float", "m", "northing of the pixel centre on the master grid"),
        _c("lon", "float", "degree_east", "longitude of the pixel centre, WGS 84"),
        _c("lat", "float", "degree_north", "latitude of the pixel centre, WGS 84"),
        _CELL,
        _c("stratum", "text", "-", "land cover x climate stratum the site was drawn from"),
        _c("weight", "float", "pixel", "pixels of its stratum that the site stands for"),
    ),
)

SOIL_LAYERS = Schema(
    "soil_layers",
    (
        _SITE,
        _CELL,
        _c("top_mm", "float", "mm", "depth of the layer's top"),
        _c("bottom_mm", "float", "mm", "depth of the layer's bottom"),
        _c("sand_pct", "float", "%", "sand", required=False),
        _c("silt_pct", "float", "%", "silt", required=False),
        _c("clay_pct", "float", "%", "clay", required=False),
        _c("bd_g_cm3", "float", "g cm-3", "dry bulk density", required=False),
        _c("log10_om_pct", "float", "log10(%)", "organic matter as POLARIS has it", required=False),
        _c("om_pct", "float", "%", "organic matter by mass", required=False),
        _c("by_difference", "text", "-", "fractions that close the sum", required=False),
        _c("theta_33kpa", "float", "m3 m-3", "water content at 33 kPa", required=False),
        _c("theta_1500kpa", "float", "m3 m-3", "water content at 1500 kPa", required=False),
        _c("theta_r", "float", "m3 m-3", "van Genuchten residual water content", required=False),
        _c("theta_s", "float", "m3 m-3", "van Genuchten saturated water content", required=False),
        _c(
            "alpha",
            "float",
            "log10(kPa-1)",
            "van Genuchten alpha as POLARIS has it",
            required=False,
        ),
        _c("n", "float", "-", "van Genuchten n", required=False),
        _c("ksat", "float", "log10(cm h-1)", "conductivity as POLARIS has it", required=False),
        _c("cover_code", "float", "-", "what grows there: position among covers", required=False),
    ),
)

SOILS = Schema(
    "soils",
    (
        _SITE,
        _CELL,
        _c("layer", "int", "-", "layer, 1 at the top"),
        _c("thickness_mm", "float", "mm", "layer thickness"),
        _c("bd_g_cm3", "float", "g cm-3", "dry bulk density", required=False),
        _c("airdry", "float", "m3 m-3", "air-dry water content", required=False),
        _c("ll15", "float", "m3 m-3", "water content at 15,000 cm suction", required=False),
        _c("dul", "float", "m3 m-3", "drained upper limit", required=False),
        _c("sat", "float", "m3 m-3", "water content at saturation", required=False),
        _c("ks_mm_d", "float", "mm d-1", "saturated hydraulic conductivity"),
        _c("theta_initial", "float", "m3 m-3", "water content at the start of the first day"),
        _c("kdul_mm_d", "float", "mm d-1", "conductivity at DUL, profile value", required=False),
        _c(
            "psidul_cm",
            "float",
            "cm",
            "matric head at DUL, negative, profile value",
            required=False,
        ),
        _c("theta_r", "float", "m3 m-3", "van Genuchten residual water content", required=False),
        _c("theta_s", "float", "m3 m-3", "van Genuchten saturated water content", required=False),
        _c("alpha_per_cm", "float", "cm-1", "van Genuchten alpha", required=False),
        _c("n", "float", "-", "van Genuchten n", required=False),
        _c(
            "cover", "text", "-", "what grows there, as the engine's covers name it", required=False
        ),
    ),
)

WEATHER = Schema(
    "weather",
    (
        _CELL,
        _DATE,
        _c("rain_mm", "float", "mm d-1", "precipitation"),
        _c("eo_mm", "float", "mm d-1", "potential evaporation", required=False),
        _c("radn_mj_m2", "float", "MJ m-2 d-1", "incoming shortwave radiation", required=False),
        _c("tmax_degc", "float", "degC", "highest air temperature of the day", required=False),
        _c("tmin_degc", "float", "degC", "lowest air temperature of the day", required=False),
        _c("vpd_kpa", "float", "kPa", "mean vapour pressure deficit", required=False),
        _c("tmean_degc", "float", "degC", "mean of the day's extremes", required=False),
        _c("wind_m_s", "float", "m s-1", "wind speed at 10 m", required=False),
        _c("pet_mm", "float", "mm d-1", "potential evapotranspiration of grass", required=False),
        _c("rain_7d_mm", "float", "mm", "rain of this day and the 6 before", required=False),
        _c("pet_7d_mm", "float", "mm", "demand of this day and the 6 before", required=False),
        _c("net_7d_mm", "float", "mm", "rain less demand over 7 days", required=False),
        _c("rain_30d_mm", "float", "mm", "rain of this day and the 29 before", required=False),
        _c("pet_30d_mm", "float", "mm", "demand of this day and the 29 before", required=False),
        _c("net_30d_mm", "float", "mm", "rain less demand over 30 days", required=False),
        _c("filled", "int", "-", "bits of columns that were filled in", required=False),
        _c("lai", "float", "m2 m-2", "leaf area index, for cover with lai=true", required=False),
    ),
)


def _at_depth(name: str) -> Column | None:
    depth_mm = depth_of(name)
    if depth_mm is None:
        return None
    told = column_at(depth_mm)
    return _c(told.name, "float", told.unit, told.meaning, required=False)


PROFILES = Schema(
    "profiles",
    (
        _SITE,
        _DATE,
        _c("theta", "floats", "m3 m-3", "water content of each layer at the end of the day"),
        *(
            _c(
                column.name,
                "int" if column.role == "count" else "float",
                column.unit,
                column.meaning,
                required=column.required,
            )
            for column in DAILY
            if column.stored
        ),
    ),
    further=_at_depth,
)

LABELS = Schema(
    "labels",
    (
        _SITE,
        _DATE,
        _c(
            "depth_mm",
            "float",
            "mm",
            "depth below the surface; lower end where a layer is averaged",
        ),
        _c(
            "depth_top_mm",
            "float",
            "mm",
            "upper end of the layer averaged; empty for a point",
            required=False,
        ),
        _c("theta", "float", "m3 m-3", "water content at that depth"),
        _c("engine", "text", "-", "engine, physics and stepping that made it"),
        _c("rung", "int", "-", "rung of the convergence ladder, 0 for the default settings"),
        _c("stratum", "text", "-", "stratum of the site"),
        _c("weight", "float", "pixel", "pixels the site stands for"),
        _c("digest", "text", "-", "digest of the run that made it"),
    ),
)

SCHEMAS = {schema.name: schema for schema in (SITES, SOIL_LAYERS, SOILS, WEATHER, PROFILES, LABELS)}
