"""Settings of the embedded engine: every key with its unit, meaning, range and default.

Unknown keys are refused with the nearest known name, and all mistakes of one request are told
together. Some defaults depend on physics or stepping; ``default_settings`` is the one place that
says which.
"""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any, Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from rootzone._shared.arrays import FloatArray
from rootzone._shared.daily import PLANT_COLUMNS, column_at
from rootzone._shared.errors import RequestError
from rootzone._shared.units import cm_from_mm, hours_from_minutes
from rootzone.covariates.layers.covers import Cover, cover
from rootzone.engines.swim import layout
from rootzone.engines.swim.boundary import Bottom, parse_bottom
from rootzone.engines.swim.plant_settings import fill_plants, five_suctions, plant_problems

Physics = Literal["swim3", "van_genuchten"]
Stepping = Literal["apsim", "converged"]
PHYSICS: tuple[str, ...] = get_args(Physics)
STEPPINGS: tuple[str, ...] = get_args(Stepping)
# Those whose scratch is flat rows throughout, so that lanes of a GPU can lie side by side. The
# others turn theirs into tables (``reshape``), which asks for memory in one piece.
SIDE_BY_SIDE: tuple[tuple[str, str], ...] = (("van_genuchten", "converged"),)


def _key(unit: str, meaning: str, default: Any, **limits: Any) -> Any:  # noqa: ANN401 - pydantic
    return Field(default, description=meaning, json_schema_extra={"unit": unit}, **limits)


class SwimSettings(BaseModel):
    """Everything the embedded engine can be told; frozen, so that a run cannot change it.

    The field descriptions below are what ``rootzone simulate-tables --help`` prints.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    physics: Physics = _key("-", "hydraulic functions and grid", "van_genuchten")
    stepping: Stepping = _key("-", "rules of the time step", "converged")

    cn2_bare: float = _key(
        "-", "curve number of bare soil; 0 keeps a pond instead", 73.0, ge=0, le=100
    )
    cn_red: float = _key("-", "fall of the curve number at full cover", 20.0, ge=0, le=100)
    cn_cov: float = _key("fraction", "cover at which that fall is complete", 0.8, gt=0, le=1)
    cn_depth_mm: float = _key("mm", "depth whose wetness sets the curve number", 450.0, gt=0)
    cn_exponent: float = _key("-", "decline of that weight with depth", 4.16, gt=0)
    residue_cover: float = _key("fraction", "surface covered by residue", 0.0, ge=0, lt=1)
    salb: float = _key("fraction", "albedo of bare soil", 0.13, ge=0, le=1)
    vapour: bool = _key("-", "add SWIM3's vapour conductivity", True)

    dt_min_min: float = _key("min", "shortest time step", 0.0, ge=0, le=1440)
    dt_max_min: float = _key("min", "longest time step", 1440.0, gt=0, le=1440)
    max_water_increment_mm: float = _key("mm", "water moved in one time step", 10.0, gt=0, le=1000)
    space_weighting: float = _key(
        "-", "SWIM3's SpaceWeightingFactor: 0.5 to 1, or 0 and below for its own choice", 0.0
    )
    reproduce_traps: bool = _key(
        "-", "keep APSIM's faults (zero step, K above KS, lost suction) as they are", False
    )
    tolerance: float = _key("m3 m-3", "converged: error of theta in a step", 8e-3, gt=0, le=0.1)
    iteration_residual: float = _key(
        "m3 m-3", "converged: residual that ends the iteration", 2e-3, gt=0, le=0.1
    )
    theta_step: float = _key("m3 m-3", "converged: change of theta in a step", 6e-2, gt=0, le=0.5)
    first_cell_cm: float = _key(
        "cm", "van_genuchten converged: cell wanted at the surface; negative splits no layer", 1.5
    )
    cell_growth: float = _key(
        "-", "van_genuchten converged: ratio of neighbouring cells", 1.3, gt=1, le=10
    )
    label_depths_mm: tuple[float, ...] = _key(
        "mm",
        "van_genuchten converged: depths with fine cells, whose water content is given beside the "
        "layers'",
        (),
    )
    balance_tolerance_mm: float = _key(
        "mm d-1", "daily balance error that fails a site", 1e-6, gt=0
    )
    device: Literal["cpu", "cuda"] = _key(
        "-", "where columns are computed: cpu, or cuda on an NVIDIA GPU (docs/gpu.md)", "cpu"
    )

    rain_start_h: float = _key("h", "hour at which the day's rain begins", 0.0, ge=0, lt=24)
    rain_hours: float = _key("h", "time it takes", 12.0, gt=0, le=24)
    eo_start_h: float = _key("h", "hour at which potential evaporation begins", 6.0, ge=0, lt=24)
    eo_hours: float = _key("h", "time it takes", 12.0, gt=0, le=24)

    initial: Literal["theta", "psi", "equilibrium"] = _key(
        "-",
        "first day's water: theta (column theta_initial), psi (column psi_initial_cm) or "
        "equilibrium with the head at the bottom",
        "theta",
    )
    bottom: str = _key(
        "-",
        "free_drainage, zero_flux, seepage[:psi_cm], head:psi_cm or water_table:depth_mm",
        "free_drainage",
    )
    pond_max_mm: float = _key(
        "mm", "pond kept when cn2_bare is 0; what is above runs off", float("inf"), ge=0
    )
    surface_dry_psi_cm: float = _key(
        "cm", "van_genuchten: driest surface that still evaporates", -1e5, lt=0
    )

    cover: str = _key(
        "-", "what grows: bare, or a cover of data/covers such as grass (docs/roots.md)", "bare"
    )
    cover_fraction: float | None = _key(
        "fraction", "ground under green leaves in full season", None, ge=0, le=0.999
    )
    kc: float | None = _key("-", "full cover's demand over potential evaporation", None, ge=0, le=3)
    root_beta: float | None = _key(
        "-", "roots below a depth of z cm are root_beta**z of all", None, gt=0, le=1
    )
    root_depth_mm: float | None = _key("mm", "depth of the deepest roots", None, ge=0)
    root_layers: str | None = _key(
        "mm:%", "roots by layer in place of root_beta and root_depth_mm: 100:40, 300:35, 1000:25",
        None,
    )  # fmt: skip
    root_stress: Literal["available", "feddes", "s_shape"] = _key(
        "-", "stress by available water (FAO-56), by heads (Feddes) or S-shaped", "available"
    )
    stress_depletion: float | None = _key(
        "fraction", "available: share of the water taken without stress", None, ge=0, lt=1
    )
    feddes_cm: str | None = _key(
        "cm", "feddes: five suctions, such as 10,25,200,800,8000 (h3 at 5 and at 1 mm d-1)", None
    )
    s_shape_h50_cm: float = _key("cm", "s_shape: suction of half the uptake", 800.0, gt=0)
    s_shape_p: float = _key("-", "s_shape: steepness", 3.0, gt=0, le=20)
    compensation: float | None = _key(
        "-",
        "stress index down to which roots make up for others; 1 never",
        None,
        gt=0,
        le=1,
    )
    growing_season: bool = _key(
        "-", "leaves follow the mean of 30 days; needs tmax_degc and tmin_degc", True
    )
    grow_from_degc: float | None = _key("degC", "mean at which leaves begin", None)
    grow_full_degc: float | None = _key("degC", "mean at which they are full", None)
    lai: bool = _key("-", "take leaf area from the weather's column lai instead", False)
    leaf_storage_mm: float | None = _key("mm", "rain that a unit of leaf area holds", None, ge=0)
    litter_storage_mm: float | None = _key("mm", "rain that litter holds", None, ge=0)
    litter_cover: float | None = _key("fraction", "ground under litter", None, ge=0, lt=1)

    snow: bool = _key("-", "degree-day snow store; needs tmax_degc and tmin_degc", False)
    snow_below_degc: float = _key("degC", "mean temperature up to which it snows", 1.0)
    snow_melt_above_degc: float = _key("degC", "mean temperature above which snow melts", 0.0)
    snow_melt_mm_degc: float = _key("mm degC-1 d-1", "degree-day factor", 2.74, gt=0)
    snow_density: float = _key("g cm-3", "snow density, for its insulation", 0.3, gt=0, le=0.917)
    frozen_soil: bool = _key(
        "-", "shut infiltration and evaporation by the frozen ground index", False
    )
    frozen_above_degc_d: float = _key("degC d", "frozen ground index of frozen soil", 83.0, gt=0)
    frozen_decay: float = _key("d-1", "share of the index kept from day to day", 0.97, gt=0, le=1)

    @field_validator("label_depths_mm", mode="before")
    @classmethod
    def _depths_from_text(cls, value: Any) -> Any:  # noqa: ANN401 - pydantic
        if isinstance(value, str):
            return tuple(part for part in value.replace(",", " ").split() if part != "none")
        return value

    @field_validator("label_depths_mm")
    @classmethod
    def _depths_go_down(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if list(value) != sorted(set(value)) or any(depth <= 0 for depth in value):
            raise ValueError("must be depths above 0, each below the one before")
        return value

    @field_validator("bottom")
    @classmethod
    def _bottom_is_known(cls, value: str) -> str:
        parse_bottom(value)
        return value

    @field_validator("space_weighting")
    @classmethod
    def _weighting_is_swims(cls, value: float) -> float:
        if 0.0 < value < 0.5 or value > 1.0:
            raise ValueError("must lie in 0.5 to 1, or be 0 or negative")
        return value

    @model_validator(mode="after")
    def _times_fit(self) -> SwimSettings:
        problems = []
        if self.label_depths_mm and (self.physics, self.stepping) != ("van_genuchten", "converged"):
            problems.append(
                "label_depths_mm: only van_genuchten with converged steps has cells finer than "
                "the layers"
            )
        if self.dt_min_min > self.dt_max_min:
            problems.append(f"dt_min_min {self.dt_min_min:g} is above dt_max_min")
        for name, start, hours in (
            ("rain", self.rain_start_h, self.rain_hours),
            ("eo", self.eo_start_h, self.eo_hours),
        ):
            if start + hours > 24.0:
                problems.append(
                    f"{name}_start_h {start:g} plus {name}_hours {hours:g} passes midnight"
                )
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @model_validator(mode="after")
    def _cover_can_grow(self) -> SwimSettings:
        try:
            plants = self.plants
        except RequestError as error:
            raise ValueError(str(error)) from error
        if plants.is_bare:
            return self
        if problems := plant_problems(self, plants):
            raise ValueError("; ".join(problems))
        return self

    @property
    def plants(self) -> Cover:
        """The cover, with what was changed of it.

        Raises
        ------
        RequestError
            There is no such cover, or ``feddes_cm`` is not five numbers.
        """
        named = cover(self.cover)
        changed: dict[str, Any] = {
            field.name: getattr(self, field.name)
            for field in fields(Cover)
            if field.name not in ("name", "feddes_cm")
            and getattr(self, field.name, None) is not None
        }
        if self.feddes_cm is not None:
            changed["feddes_cm"] = five_suctions(self.feddes_cm)
        return replace(named, **changed) if self.cover != "bare" else named

    @property
    def bottom_boundary(self) -> Bottom:
        """The bottom boundary, parsed."""
        return parse_bottom(self.bottom)

    @property
    def needs_temperature(self) -> bool:
        """Whether the weather must carry temperatures."""
        season = not self.plants.is_bare and self.growing_season and not self.lai
        return self.snow or self.frozen_soil or season

    @property
    def extra_columns(self) -> tuple[str, ...]:
        """Daily columns beside those of every profile."""
        snow = ("snow_mm",) if self.has_winter else ()
        plants = () if self.plants.is_bare else PLANT_COLUMNS
        return (*snow, *plants, *(column_at(depth).name for depth in self.label_depths_mm))

    @property
    def has_winter(self) -> bool:
        """Whether snow or frozen ground stand between the weather and the soil."""
        return self.snow or self.frozen_soil

    def to_vector(self) -> FloatArray:
        """Settings as the column kernels read them, positions in ``layout``."""
        vector = np.zeros(layout.N_SETTINGS + len(self.label_depths_mm))
        vector[layout.N_SETTINGS :] = [cm_from_mm(depth) for depth in self.label_depths_mm]
        vector[layout.SET_CN2_BARE] = self.cn2_bare
        vector[layout.SET_CN_RED] = self.cn_red
        vector[layout.SET_CN_COV] = self.cn_cov
        vector[layout.SET_RESIDUE_COVER] = self.residue_cover
        vector[layout.SET_VAPOUR] = float(self.vapour)
        vector[layout.SET_DT_MIN_H] = hours_from_minutes(self.dt_min_min)
        vector[layout.SET_DT_MAX_H] = hours_from_minutes(self.dt_max_min)
        vector[layout.SET_MAX_WATER_INCREMENT_CM] = cm_from_mm(self.max_water_increment_mm)
        vector[layout.SET_RAIN_START_H] = self.rain_start_h
        vector[layout.SET_RAIN_HOURS] = self.rain_hours
        vector[layout.SET_EO_START_H] = self.eo_start_h
        vector[layout.SET_EO_HOURS] = self.eo_hours
        vector[layout.SET_BOTTOM_KIND] = self.bottom_boundary.kind
        vector[layout.SET_SPACE_WEIGHTING] = self.space_weighting
        vector[layout.SET_POND_MAX_MM] = self.pond_max_mm
        vector[layout.SET_SURFACE_DRY_PSI_CM] = self.surface_dry_psi_cm
        vector[layout.SET_CN_DEPTH_MM] = self.cn_depth_mm
        vector[layout.SET_CN_EXPONENT] = self.cn_exponent
        vector[layout.SET_REPRODUCE_TRAPS] = float(self.reproduce_traps)
        vector[layout.SET_TOLERANCE] = self.tolerance
        vector[layout.SET_ITERATION_RESIDUAL] = self.iteration_residual
        vector[layout.SET_THETA_STEP] = self.theta_step
        vector[layout.SET_FIRST_CELL_CM] = self.first_cell_cm
        vector[layout.SET_CELL_GROWTH] = self.cell_growth
        plants = self.plants
        if not plants.is_bare:
            fill_plants(vector, self, plants)
        return vector

    def identity(self) -> dict[str, Any]:
        """What an engine of these settings tells of itself; what JSON lacks is given as text."""
        told = {
            key: str(value) if isinstance(value, float) and math.isinf(value) else value
            for key, value in self.model_dump(exclude={"device"}).items()
        }
        return {"engine": "swim", **told}


# Defaults that are not the same everywhere, and why:
# vapour: SWIM3 has it; the van Genuchten set is checked against solutions without it.
# balance: SWIM3 stops iterating at 1e-6 cm/h, which is 2.4e-4 mm a day.
# tolerance, iteration_residual, theta_step: on SWIM3's nodes these keep theta at 20 cm within
# 2e-4 (RMSE) of its finest steps, see benchmarks/swim3_accuracy.py.
_DEPENDENT_DEFAULTS: dict[tuple[str, str], dict[str, Any]] = {
    ("swim3", "apsim"): {"balance_tolerance_mm": 1e-3},
    ("swim3", "converged"): {"tolerance": 5e-3, "iteration_residual": 5e-4, "theta_step": 3e-2},
    ("van_genuchten", "apsim"): {"vapour": False, "balance_tolerance_mm": 1e-3},
    ("van_genuchten", "converged"): {
        "vapour": False,
        "label_depths_mm": (200.0,),
        "tolerance": 0.04,
        "iteration_residual": 0.01,
        "theta_step": 0.03,
    },
}


def default_settings(physics: str, stepping: str) -> SwimSettings:
    """Defaults of one physics and stepping."""
    own = _DEPENDENT_DEFAULTS[physics, stepping]
    return SwimSettings.model_validate({"physics": physics, "stepping": stepping, **own})


def setting_keys() -> tuple[str, ...]:
    """Names that ``--set`` takes, in the order of the help."""
    return tuple(name for name in SwimSettings.model_fields if name not in {"physics", "stepping"})
