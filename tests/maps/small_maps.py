"""A small grid and one finished map on it, for the tests of what is made from maps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.provenance import Provenance
from rootzone.covariates.grid import MasterGrid
from rootzone.maps.encoding import pack_theta
from rootzone.maps.map_spec import flags_spec, theta_spec
from rootzone.maps.names import MapFiles
from rootzone.maps.write_cog import CogSpec, write_cog

DAY = date(2023, 7, 15)
RECORD = Provenance("rootzone map", {"model": "0123456789abcdef"}, {"window": 512}, code="test")
TAGS = {"model_digest": "0123456789abcdef", "source": "network"}


def grid_of(width: int, height: int) -> MasterGrid:
    """A grid on the NLCD lattice in the west of the Great Plains."""
    return MasterGrid("EPSG:5070", 30.0, -765045.0, 1970025.0, width, height)


@dataclass(frozen=True)
class OneMap:
    """A map on disk and what was put into it."""

    files: MapFiles
    grid: MasterGrid
    theta: AnyArray
    flags: AnyArray
    specs: tuple[CogSpec, CogSpec]


def write_one_map(
    folder: Path, day: date = DAY, dtype: str = "uint16", side: tuple[int, int] = (1100, 700)
) -> OneMap:
    """Smooth water content with a hole, and flags on it."""
    width, height = side
    grid = grid_of(width, height)
    row, col = np.mgrid[0:height, 0:width]
    theta = 0.22 + 0.1 * np.sin(row / 90.0) * np.cos(col / 70.0) + day.day * 1e-3
    theta[100:140, 200:300] = np.nan
    half = np.where(np.isnan(theta), np.nan, 0.05)
    flags = np.where(np.isnan(theta), 2, 0).astype(np.uint8)
    files = MapFiles(folder, 200.0, day)
    specs = (
        theta_spec(grid, dtype, 200.0, day, 80.0, TAGS),  # type: ignore[arg-type]
        flags_spec(grid, 200.0, day, TAGS),
    )
    write_cog(files.theta, specs[0], pack_theta(np.stack([theta, half]), dtype), RECORD)  # type: ignore[arg-type]
    write_cog(files.flags, specs[1], flags[None], RECORD)
    return OneMap(files, grid, theta, flags, specs)
