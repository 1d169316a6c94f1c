"""A day of surface moisture on disk, for the report to show."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.provenance import Provenance
from rootzone.covariates.grid import MasterGrid
from rootzone.surface.emission_model.predict import RetrievedPixels
from rootzone.surface.product.write_day import files_of, write_day


def write_maps(folder: Path, grid: MasterGrid, theta: FloatArray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    like = 0.1 * np.ones_like(theta)
    told = RetrievedPixels(theta, like, like, like, like, like, like, theta < 0, theta)
    flags = np.zeros(theta.shape, np.uint8)
    record = Provenance("a test")
    write_day(files_of(folder, date(2022, 6, 3)), grid, told, flags, 0.05, 90.0, record)
