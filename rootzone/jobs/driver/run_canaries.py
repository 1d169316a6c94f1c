"""Twelve fixed soils run first on every machine: an engine that drifts stops before it does harm.

The first run of a campaign keeps their answers; every later run, on whatever node, must give the
same ones with the same engine, or nothing is run. Another engine, setting or version keeps answers
of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rootzone._shared.atomic import write_text
from rootzone._shared.digests import digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import read_sealed_json, sealed_json
from rootzone._shared.seeds import stream
from rootzone.campaign.workspace import Workspace
from rootzone.design.canaries import load_canaries
from rootzone.engines.failures import FailureClass
from rootzone.engines.protocol import Engine, SiteBatch, WeatherBatch
from rootzone.hydraulics.soils import soils_from_textures

_THICKNESS_MM = np.array([50.0, 50.0, 50.0, 50.0, 100.0, 100.0, 200.0, 400.0])
_DAYS = 60
_FIRST_DAY = 17_897  # 2019-01-01
_SEED = 12
# Far above what another processor's rounding does to two months, far below what matters.
TOLERANCE = 1e-6


def canary_batch() -> SiteBatch:
    """The canary soils under two months of fixed weather."""
    canaries = load_canaries()
    n_site, n_layer = len(canaries), _THICKNESS_MM.size
    rows = n_site * n_layer
    texture = [
        np.repeat([getattr(canary, name) for canary in canaries], n_layer).astype(float)
        for name in ("sand_pct", "silt_pct", "clay_pct")
    ]
    starts = n_layer * np.arange(n_site + 1)
    soils = soils_from_textures(texture[0], texture[1], texture[2], starts)
    names = (
        "theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d", "bd_g_cm3", "airdry", "ll15", "dul",
        "sat", "kdul_mm_d", "theta_initial",
    )  # fmt: skip
    soil = {name: np.ascontiguousarray(soils[name]) for name in names}
    soil["thickness_mm"] = np.tile(_THICKNESS_MM, n_site)
    soil["psidul_cm"] = np.full(rows, soils.psidul_cm)
    rng = stream(_SEED)
    wet = rng.random(_DAYS) < 0.3
    weather = {
        "rain_mm": np.where(wet, rng.gamma(0.7, 8.0, _DAYS), 0.0),
        "eo_mm": np.full(_DAYS, 3.0),
        "radn_mj_m2": np.full(_DAYS, 16.0),
        "tmax_degc": np.full(_DAYS, 22.0),
        "tmin_degc": np.full(_DAYS, 9.0),
    }
    cells = WeatherBatch(np.array([0]), np.array([0, _DAYS]), np.array([_FIRST_DAY]), weather)
    ids = np.array([canary.site_id for canary in canaries])
    return SiteBatch(ids, starts, soil, np.zeros(n_site, dtype=np.int64), cells)


def canary_answers(engine: Engine) -> dict[str, Any]:
    """Water content of each canary after its last day, or the class of its failure."""
    batch = canary_batch()
    try:
        run = engine.run(batch)
    except Exception:
        return dict.fromkeys(map(str, batch.site_ids), FailureClass.ENGINE_ERROR.value)
    profiles = run.profiles
    answers: dict[str, Any] = {
        str(site): profiles.theta_of(i)[-1].tolist() for i, site in enumerate(profiles.site_ids)
    }
    answers |= {str(failure.site_id): failure.failure_class.value for failure in run.failures}
    return answers


def check_canaries(engine: Engine, workspace: Workspace, code: str) -> None:
    """Run the canaries and hold them to the answers the campaign keeps.

    Parameters
    ----------
    engine : Engine
        The campaign's engine.
    workspace : Workspace
        Its folder; the first run writes the answers there.
    code : str
        Version of the engine's code, so that a new version is not taken for drift.

    Raises
    ------
    RequestError
        A soil gives another answer than the same engine gave before.
    """
    path = workspace.canaries
    mend = "Delete it where the run is sound; the next run writes the answers anew."
    kept = read_sealed_json(path, mend) if path.exists() else {}
    key = digest_json([engine.identity(), code])
    answers = canary_answers(engine)
    if key not in kept:
        write_text(path, sealed_json(dict(sorted({**kept, key: answers}.items()))))
        return
    drifted = drifted_canaries(kept[key], answers)
    if drifted:
        raise RequestError(
            f"CANARY_DRIFT: {len(drifted)} of {len(answers)} fixed soils give other water contents "
            f"here than where this campaign began: {', '.join(drifted)}. Engine and settings are "
            f"the same, so this machine or its libraries differ. Nothing was run. Compare with "
            f"{path}, or delete it if the new answers are the right ones."
        )


def drifted_canaries(kept: Mapping[str, Any], answers: Mapping[str, Any]) -> list[str]:
    """Canaries whose answers differ by more than rounding."""
    return [
        site for site in sorted({*kept, *answers}) if _differ(kept.get(site), answers.get(site))
    ]


def _differ(one: Any, other: Any) -> bool:  # noqa: ANN401 - numbers or the name of a failure
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return bool(np.abs(np.subtract(one, other)).max() > TOLERANCE)
    return bool(one != other)
