"""A made-up Colorado as tiled GeoTIFFs: fractal terrain and soils, NLCD- and Koppen-like classes.

Fields are sums of smooth noise over wavelengths from 100 km down to two pixels, with a standard
deviation that falls as wavelength^H, and white noise per pixel on top. The stated H and noise are
the only handles on how rough the land is, so results can be shown against them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numba
import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.region import Region
from rootzone.design.box_mask import BoxMask
from rootzone.design.read_land import CatalogLand

LAYERS = ("land_cover", "climate_class", "sand_pct", "silt_pct", "clay_pct", "elevation_m")
COLORADO = (-109.060253, 36.992426, -102.041524, 41.003444)
_LONGEST_M = 102_400.0
_BAND_ROWS = 512


def colorado_grid(resolution_m: float = 30.0) -> MasterGrid:
    """Colorado's 21,568 x 16,960 grid, or the same land in coarser pixels."""
    across, down = (round(n * 30.0 / resolution_m) for n in (21_568, 16_960))
    return MasterGrid("EPSG:5070", resolution_m, -1149045.0, 2075445.0, across, down)


@numba.njit(nogil=True)
def _add_octave(out: AnyArray, lattice: AnyArray, row0: int, spacing: float, scale: float) -> None:
    for i in range(out.shape[0]):
        y = (row0 + i) / spacing
        a = int(y)
        u = y - a
        for j in range(out.shape[1]):
            x = j / spacing
            b = int(x)
            v = x - b
            upper = lattice[a, b] * (1 - v) + lattice[a, b + 1] * v
            lower = lattice[a + 1, b] * (1 - v) + lattice[a + 1, b + 1] * v
            out[i, j] += scale * (upper * (1 - u) + lower * u)


class Fractal:
    """A field of mean 0 and standard deviation about 1, asked for band by band."""

    def __init__(self, grid: MasterGrid, roughness: float, seed: int) -> None:
        self.width, self.seed = grid.width, seed
        self.octaves = []
        wavelength, fine = _LONGEST_M, 0.0
        while wavelength >= 60.0:
            amplitude = (wavelength / _LONGEST_M) ** roughness
            spacing = wavelength / grid.resolution_m
            if spacing >= 2:
                shape = (int(grid.height / spacing) + 3, int(grid.width / spacing) + 3)
                rng = np.random.default_rng([seed, len(self.octaves)])
                lattice = rng.standard_normal(shape, dtype=np.float32)
                self.octaves.append((lattice, spacing, amplitude))
            else:  # finer than a pixel: no longer correlated
                fine = float(np.hypot(fine, amplitude))
            wavelength /= 2
        self.fine = fine
        # Straight-line interpolation keeps 4/9 of the variance of the lattice on average.
        total = sum(a * a * 4 / 9 for _, _, a in self.octaves) + fine * fine
        self.scale = 1.0 / np.sqrt(total)

    def band(self, row: int, rows: int) -> AnyArray:
        """Rows ``row`` to ``row + rows`` of the field, float32."""
        out = np.zeros((rows, self.width), dtype=np.float32)
        for lattice, spacing, amplitude in self.octaves:
            _add_octave(out, lattice, row, spacing, amplitude * self.scale)
        if self.fine:
            out += self.white(row, rows) * np.float32(self.fine * self.scale)
        return out

    def white(self, row: int, rows: int, salt: int = 99) -> AnyArray:
        """White noise of standard deviation 1; bands always start at the same rows."""
        rng = np.random.default_rng([self.seed, salt, row])
        return rng.standard_normal((rows, self.width), dtype=np.float32)


@dataclass
class LandMaker:
    """Bands of all layers of the made-up land."""

    grid: MasterGrid
    roughness: float = 0.5
    noise_pct: float = 1.0
    seed: int = 7
    fields: dict[str, Fractal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, name in enumerate(("height", "sand", "clay", "cover")):
            rough = 0.8 if name == "height" else self.roughness
            self.fields[name] = Fractal(self.grid, rough, self.seed * 10 + number)

    def band(self, row: int, rows: int) -> dict[str, AnyArray]:
        """All layers of some rows."""
        raw = {name: item.band(row, rows) for name, item in self.fields.items()}
        x = np.linspace(-1, 1, self.grid.width, dtype=np.float32)[None, :]
        west = 1 / (1 + np.exp((x + 0.05) * 8))  # mountains in the west, plains in the east
        height = 1300 + 1200 * west + raw["height"] * (60 + 520 * west)
        noise = self.fields["sand"].white(row, rows, 1) * np.float32(self.noise_pct)
        sand = np.clip(45 + 8 * west + 15 * raw["sand"] + noise, 2, 95)
        noise = self.fields["clay"].white(row, rows, 2) * np.float32(self.noise_pct * 0.5)
        clay = np.clip(22 - 4 * west + 8 * raw["clay"] + noise, 1, None)
        clay = np.minimum(clay, 98 - sand)
        cover = _cover(raw["cover"], raw["sand"], height)
        inside = BoxMask(COLORADO).window(self.grid, Window(row, 0, rows, self.grid.width))
        cover[~inside] = 0
        return {
            "land_cover": cover,
            "climate_class": _climate(height + 150 * raw["clay"], sand),
            "sand_pct": sand,
            "silt_pct": 100 - sand - clay,
            "clay_pct": clay,
            "elevation_m": height,
        }


def _cover(patch: AnyArray, soil: AnyArray, height: AnyArray) -> AnyArray:
    mix = patch + 0.3 * soil
    conditions = [
        patch > 2.4,
        (height < 1900) & (mix > 1.9),
        height > 3750,
        (height > 3300) & (patch > 1.2),
        height > 2900,
        height > 2300,
        (height < 1700) & (mix > 0.35),
        (height < 1700) & (mix > 0.2),
        patch < -1.9,
        mix > 0.2,
    ]
    high = np.where(patch > 0.5, 52, np.where(patch < -1.0, 41, np.where(patch < -0.9, 43, 42)))
    middle = np.where(patch > 0.3, 71, np.where(patch < -0.7, 42, 52))
    choices = [11, 21, 12, 31, high, middle, 82, 81, 90, 52]
    return np.select(conditions, choices, default=71).astype(np.uint8)


def _climate(height: AnyArray, sand: AnyArray) -> AnyArray:
    zone = np.select([height > 3500, height > 2700, height > 2150], [29, 27, 26], default=7)
    zone = np.where((zone == 7) & (height < 1350), 14, zone)
    return np.where((zone == 7) & (sand > 72), 5, zone).astype(np.uint8)


def write_land(folder: Path, maker: LandMaker) -> None:
    """Write every layer once, as a tiled and compressed GeoTIFF."""
    import rasterio

    grid = maker.grid
    profile = {
        "driver": "GTiff", "width": grid.width, "height": grid.height, "count": 1,
        "crs": grid.crs, "transform": grid.affine(), "tiled": True, "blockxsize": 512,
        "blockysize": 512, "compress": "zstd", "zstd_level": 1, "BIGTIFF": "IF_SAFER",
        "num_threads": 2,
    }  # fmt: skip
    files = {}
    for name in LAYERS:
        classes = name in ("land_cover", "climate_class")
        extra = {"dtype": "uint8"} if classes else {"dtype": "float32", "predictor": 3}
        files[name] = rasterio.open(folder / f"{name}.tif", "w", **profile, **extra)
    for row in range(0, grid.height, _BAND_ROWS):
        rows = min(_BAND_ROWS, grid.height - row)
        window = rasterio.windows.Window(0, row, grid.width, rows)
        for name, values in maker.band(row, rows).items():
            out = values if values.dtype == np.uint8 else np.round(values, 1).astype(np.float32)
            files[name].write(out, 1, window=window)
    for handle in files.values():
        handle.close()


_SOURCES = (
    ("land_cover", "kind: class, legend: nlcd, nodata: [0]"),
    ("climate_class", "kind: class, legend: koppen_beck, nodata: [0]"),
    *((f"{name}_pct", "kind: continuous, range: [0, 100]") for name in ("sand", "silt", "clay")),
    ("elevation_m", "kind: continuous, range: [-100, 4800]"),
)


def open_land(folder: Path, grid: MasterGrid) -> CatalogLand:
    """The written layers through a catalog and the covariate stack, as a campaign reads them."""
    path = folder / "made_up.yaml"
    entries = [
        f"  {name}: {{title: made up, reader: raster, path: {name}.tif, {rest}}}"
        for name, rest in _SOURCES
    ]
    path.write_text("\n".join(["catalog: made-up", "sources:", *entries]) + "\n")
    catalog = load_catalog([path], folder, packed=False)
    region = Region("made-up Colorado", COLORADO)
    return CatalogLand(
        CovariateStack(catalog, grid, COLORADO), {name: name for name in LAYERS}, region
    )


@dataclass(frozen=True)
class InMemory:
    """The land of a small grid, kept as arrays."""

    grid: MasterGrid
    layers: Mapping[str, AnyArray]

    @classmethod
    def of(cls, maker: LandMaker) -> InMemory:
        """Make all of it."""
        return cls(maker.grid, maker.band(0, maker.grid.height))

    def read_window(self, names: Sequence[str], window: Window) -> Mapping[str, AnyArray]:
        """The layers of those names in a window."""
        rows = slice(window.row, window.row + window.height)
        cols = slice(window.col, window.col + window.width)
        return {name: self.layers[name][rows, cols] for name in names}
