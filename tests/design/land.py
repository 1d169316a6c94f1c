"""A made-up land whose layers are formulae of row and column, so any window can be asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone.covariates.grid import MasterGrid, Window


def small_grid(width: int, height: int) -> MasterGrid:
    """A piece of Colorado's plains on the NLCD lattice."""
    return MasterGrid("EPSG:5070", 30.0, -800025.0, 2000025.0, width, height)


@dataclass(frozen=True)
class MadeUpLand:
    """Layers of a land of hills, with land cover by height and two climates."""

    grid: MasterGrid
    noise: float = 0.2
    replace: Mapping[str, tuple[int, int, float]] = field(default_factory=dict)

    def digest(self) -> str:
        return f"made up {self.noise} {dict(self.replace)}"

    def read_window(self, names: Sequence[str], window: Window) -> dict[str, AnyArray]:
        row, col = np.mgrid[
            window.row : window.row + window.height, window.col : window.col + window.width
        ]
        layers = _layers(row, col, self.noise)
        for name, (at_row, at_col, value) in self.replace.items():
            layers[name][(row == at_row) & (col == at_col)] = value
        return {name: layers[name] for name in names}


def _layers(row: AnyArray, col: AnyArray, noise: float) -> dict[str, AnyArray]:
    wave = np.sin(row / 37.0) * np.cos(col / 53.0)
    slow = np.sin((row + 2 * col) / 211.0)
    jitter = _hash(row, col) - 0.5
    height = 2000.0 + 800.0 * slow + 150.0 * wave + 20.0 * noise * jitter
    sand = 45.0 + 20.0 * wave + 15.0 * np.cos(col / 97.0) + 10.0 * noise * jitter
    clay = 20.0 + 8.0 * slow + 5.0 * np.sin(row / 61.0)
    cover = np.select(
        [slow > 0.6, wave > 0.3, wave < -0.9, slow < -0.98], [42, 52, 90, 31], default=71
    )
    cover = np.where((np.abs(wave) < 0.01) & (slow < 0), 11, cover)
    return {
        "land_cover": cover.astype(np.uint8),
        "climate_class": np.where(height > 2300.0, 27, 7).astype(np.uint8),
        "sand_pct": sand.astype(np.float32),
        "silt_pct": (100.0 - sand - clay).astype(np.float32),
        "clay_pct": clay.astype(np.float32),
        "elevation_m": height.astype(np.float32),
    }


def _hash(row: AnyArray, col: AnyArray) -> AnyArray:
    """A number in [0, 1) for each pixel, without pattern to the eye."""
    mixed = row.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + col.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0x94D049BB133111EB)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
