"""Settings of an APSIM run: SWIM3's keys, how files are cut, and how long a run may take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rootzone._shared.digests import digest_file
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.resources import resource_path

if TYPE_CHECKING:
    from rootzone.engines.apsim.find_models import ModelsProgram

FileFormat = Literal["auto", "77", "213"]
_NOT_PHYSICS = {
    "models", "file_format", "simulations_per_file", "processes", "site_timeout_s",
    "start_timeout_s", "scratch",
}  # fmt: skip


class ApsimSettings(BaseModel):
    """Everything that is written into APSIM's files or decides how it is run.

    SWIM3's keys have no defaults in APSIM itself: a key that is missing counts as 0, so every one
    is written. Sources: the SWIM3 node of APSIM's own validation file (format 221) and what its
    memo advises; where that and real runs differ, the comment says why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cn2_bare: float = Field(73.0, ge=0, lt=100, description="curve number of bare soil [-]")
    cn_red: float = Field(20.0, ge=0, le=100, description="fall of it at full cover [-]")
    cn_cov: float = Field(0.8, gt=0, le=1, description="cover at which that fall is complete")
    salb: float = Field(0.13, ge=0, le=1, description="albedo of bare soil [-]")
    vapour: bool = Field(True, description="vapour conductivity")
    # Never 0: a step that divides by a vanishing flux then has length 0 and ends the run.
    dt_min_min: float = Field(1.0, gt=0, le=1440, description="shortest time step [min]")
    dt_max_min: float = Field(1440.0, gt=0, le=1440, description="longest time step [min]")
    max_water_increment_mm: float = Field(10.0, gt=0, description="water moved in a step [mm]")
    space_weighting: float = Field(0.0, description="SWIM3's SpaceWeightingFactor [-]")

    models: str | None = Field(None, description="path or container command of Models")
    file_format: FileFormat = Field("auto", description="format number of .apsimx files")
    simulations_per_file: int = Field(100, ge=1, le=5000, description="sites in one .apsimx")
    processes: int = Field(1, ge=1, description="Models processes at a time")
    site_timeout_s: float = Field(120.0, gt=0, description="time one site may take [s]")
    start_timeout_s: float = Field(60.0, gt=0, description="time Models may take to start [s]")
    scratch: str | None = Field(None, description="folder on a local disk for APSIM's files")
    balance_tolerance_mm: float = Field(1e-3, gt=0, description="daily balance error [mm]")

    @model_validator(mode="after")
    def _steps_in_order(self) -> ApsimSettings:
        if self.dt_min_min > self.dt_max_min:
            raise ValueError(f"dt_min_min {self.dt_min_min:g} is above dt_max_min")
        return self

    @property
    def timeout_s(self) -> float:
        """Time a file full of sites may take [s]."""
        return self.start_timeout_s + self.site_timeout_s * self.simulations_per_file

    def identity(self, program: ModelsProgram) -> dict[str, Any]:
        """Version, file format, template and SWIM3's keys; not where or how fast it ran."""
        file_format = program.file_format(self.file_format)
        template = resource_path(f"apsim_templates/fallow_swim3_{file_format}.json")
        return {
            "engine": "apsim",
            "apsim_version": program.version or "not told",
            "file_format": file_format,
            "rain_hours": program.rain_hours or "not told",
            "template": digest_file(template),
            **self.model_dump(exclude=_NOT_PHYSICS),
        }


def apsim_settings(values: Mapping[str, Any], processes: int | None = None) -> ApsimSettings:
    """Settings from changed keys; the rest are the defaults.

    Parameters
    ----------
    values : mapping
        Changed keys.
    processes : int, optional
        Processes to run at a time, where ``values`` does not say.

    Raises
    ------
    RequestError
        With every unknown key (and the nearest known name) and every value out of its range.
    """
    known = ApsimSettings.model_fields
    problems = [
        f"{key} is not a setting of APSIM{did_you_mean(key, known)}"
        for key in values
        if key not in known
    ]
    accepted = {key: value for key, value in values.items() if key in known}
    if processes is not None:
        accepted.setdefault("processes", processes)
    try:
        settings = ApsimSettings.model_validate(accepted)
    except ValidationError as error:
        problems += [_in_words(item) for item in error.errors()]
        raise RequestError("Settings: " + "; ".join(problems) + ".") from error
    if problems:
        raise RequestError("Settings: " + "; ".join(problems) + ".")
    return settings


def _in_words(item: Any) -> str:  # noqa: ANN401 - pydantic's error record
    key = ".".join(str(part) for part in item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{key} = {item['input']!r}: {message}" if key else message
