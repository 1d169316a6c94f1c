"""The two tables of an evaluation: every prediction beside its observation, and their skill."""

from __future__ import annotations

from rootzone._shared.skill import METRICS
from rootzone._shared.tables import Column, Schema

# Models of an evaluation, the network first.
UNET = "unet"
LIGHTGBM = "lightgbm"
CLIMATOLOGY = "climatology"
PERSISTENCE = "persistence"
SURFACE = "surface"
RAW_SIMULATION = "raw_simulation"
MEASURED_SOIL_SIMULATION = "measured_soil_simulation"
BASELINES = (
    LIGHTGBM,
    CLIMATOLOGY,
    PERSISTENCE,
    SURFACE,
    RAW_SIMULATION,
    MEASURED_SOIL_SIMULATION,
)
MODELS = (UNET, *BASELINES)

STATION, SIMULATED = "station", "simulated"

# Kinds of groups in the skill table.
ALL, PER_STATION, ONE_STATION = "all", "per_station", "station"
GROUPINGS = ("season", "land_cover", "climate_class", "texture_class")


def _c(name: str, kind: str, unit: str, meaning: str, *, required: bool = True) -> Column:
    return Column(name, kind, unit, meaning, required)


PREDICTIONS = Schema(
    "predictions",
    (
        _c("source", "text", "-", "station or simulated: whose value is held against"),
        _c("model", "text", "-", "unet, lightgbm, climatology, persistence, surface, ..."),
        _c("split", "text", "-", "what was held out: season_dates, blocked_dates, stations, ..."),
        _c("part", "text", "-", "train, validation or test"),
        _c("place", "text", "-", "network and station, or site"),
        _c("row", "int", "-", "row of the pixel on the master grid"),
        _c("col", "int", "-", "column of the pixel on the master grid"),
        _c("date", "date", "-", "calendar day"),
        _c("depth_mm", "float", "mm", "depth below the surface"),
        _c("observed", "float", "m3 m-3", "water content held against"),
        _c("predicted", "float", "m3 m-3", "water content of the model; empty where it has none"),
        _c("low", "float", "m3 m-3", "lower end of the interval; empty where there is none"),
        _c("high", "float", "m3 m-3", "upper end of the interval; empty where there is none"),
        _c("interval_pct", "float", "%", "level of the interval; empty where there is none"),
        _c("season", "text", "-", "DJF, MAM, JJA or SON"),
        _c("land_cover", "text", "-", "class of the pixel; empty where not known"),
        _c("climate_class", "text", "-", "class of the pixel; empty where not known"),
        _c("texture_class", "text", "-", "USDA class of the pixel; empty where not known"),
        _c("seed", "int", "-", "seed of the run"),
    ),
)

_UNITS = {"r": "-", "r2": "-", "kge": "-"}
_MEANINGS = {
    "r": "Pearson correlation",
    "ubrmse": "RMSE without the bias",
    "bias": "mean of predicted minus observed",
    "mae": "mean absolute error",
    "rmse": "root mean square error",
    "r2": "1 - SSE/SST, not the square of r",
    "kge": "Kling-Gupta efficiency",
}

SKILL = Schema(
    "skill",
    (
        _c("model", "text", "-", "unet, lightgbm, climatology, persistence, surface, ..."),
        _c("split", "text", "-", "what was held out"),
        _c("source", "text", "-", "station or simulated"),
        _c("seed", "int", "-", "seed of the run"),
        _c("depth_mm", "float", "mm", "depth below the surface"),
        _c("group_kind", "text", "-", "all, season, ..., station, or per_station for the medians"),
        _c("group", "text", "-", "all, the class, the station, or median"),
        _c("n", "int", "-", "pairs of prediction and observation"),
        _c("n_place", "int", "-", "stations or sites among them that count"),
        *(
            _c(f"{name}{end}", "float", _UNITS.get(name, "m3 m-3"), meaning + said)
            for name, meaning in ((metric, _MEANINGS[metric]) for metric in METRICS)
            for end, said in (
                ("", ""),
                ("_low", ", 2.5 % of the bootstrap over places"),
                ("_high", ", 97.5 % of the bootstrap over places"),
            )
        ),
        _c("coverage", "float", "-", "share of observations inside their interval"),
        _c("interval_pct", "float", "%", "level of the interval, the share it was made to hold"),
        _c("n_interval", "int", "-", "pairs that have an interval"),
    ),
)

COMPARISON = Schema(
    "comparison",
    (
        _c(
            "baseline",
            "text",
            "-",
            "model that the network, or another named in the provenance, is compared with",
        ),
        _c("split", "text", "-", "what was held out"),
        _c("source", "text", "-", "station or simulated"),
        _c("seed", "int", "-", "seed of the run"),
        _c("depth_mm", "float", "mm", "depth below the surface"),
        _c("group_kind", "text", "-", "all, season, land_cover, climate_class or texture_class"),
        _c("group", "text", "-", "all, or the class"),
        _c("n", "int", "-", "samples both models have a value for"),
        _c("n_place", "int", "-", "stations or sites among them"),
        _c("mae_unet", "float", "m3 m-3", "mean absolute error on them of the model compared"),
        _c("mae_baseline", "float", "m3 m-3", "mean absolute error of the baseline on them"),
        _c("difference", "float", "m3 m-3", "mae_unet minus mae_baseline; above 0 it loses"),
        _c("difference_low", "float", "m3 m-3", "2.5 % of the bootstrap over places"),
        _c("difference_high", "float", "m3 m-3", "97.5 % of the bootstrap over places"),
        _c("verdict", "text", "-", "wins, loses, or even where the interval holds 0"),
    ),
)
