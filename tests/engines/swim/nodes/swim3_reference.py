"""What several tests need: the reader of the SWIM3 reference, and soils from Rosetta."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

from rootzone._shared.arrays import FloatArray


def load(shared: Path) -> ModuleType:
    """Reader of the reference, kept with the benchmarks."""
    path = Path(__file__).resolve().parents[4] / "benchmarks" / "_swim3_reference.py"
    spec = importlib.util.spec_from_file_location("_swim3_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    assert (shared / "reference" / "swim3") == module.FOLDER
    return module


def layer_of_rosetta(parameters: FloatArray) -> FloatArray:
    """One layer of ``layers`` for physics swim3: LL15 at 15,000 cm, DUL at 100 cm, Mualem's KDul.

    ``parameters`` are theta_r, theta_s, log10 alpha [cm-1], log10 n, log10 Ks [cm d-1].
    """
    theta_r, theta_s, log10_alpha, log10_n, log10_ks = parameters
    n = 10.0**log10_n
    m = 1.0 - 1.0 / n

    def se(suction_cm: float) -> float:
        return float((1.0 + (10.0**log10_alpha * suction_cm) ** n) ** -m)

    ks_mm_d = 10.0 * 10.0**log10_ks
    kdul = ks_mm_d * np.sqrt(se(100.0)) * (1.0 - (1.0 - se(100.0) ** (1.0 / m)) ** m) ** 2
    span = theta_s - theta_r
    ll15, dul = theta_r + span * se(15000.0), theta_r + span * se(100.0)
    return np.array([0.0, ll15, dul, theta_s, ks_mm_d, kdul, -100.0])
