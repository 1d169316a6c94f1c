"""A product on the master grid, one GeoTIFF a day: surface moisture, leaf area."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import Float32Array
from rootzone._shared.digests import digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.campaign.model import DATE_IN_NAME
from rootzone.covariates.fetch.checksums import identity
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.learning.scene.land import inside_of, place_inside

_DATE = re.compile(DATE_IN_NAME)
_ALIGNED_PX = 0.01
LEAF_AREA_REACH_DAYS = 8  # as surface.deepsoil reads leaf area


@dataclass(frozen=True)
class SurfaceFiles:
    """GeoTIFFs by day of one quantity, on the pixels of the master grid.

    A day without a file, near enough in time, is missing everywhere; the network sees it as any
    missing covariate.

    Parameters
    ----------
    pattern : str
        Path with ``{date}`` (2023-07-01) or a form of it such as ``{date:%Y%m%d}``.
    grid : MasterGrid
        The master grid; files must lie on its lattice, and may cover a part of it.
    key : str
        Key of ``learning.features`` that names the pattern.
    reach_days : int
        How far in time the file may lie that stands for a day without one.

    Raises
    ------
    RequestError
        The pattern has no date, or no file fits it.
    """

    pattern: str
    grid: MasterGrid
    key: str = "surface_moisture"
    reach_days: int = 0

    def __post_init__(self) -> None:
        if not _DATE.search(self.pattern):
            raise RequestError(
                f"learning.features.{self.key} {self.pattern!r} names one file for all days. "
                "Write {date}, or {date:%Y%m%d}, where the day stands in the name."
            )
        if not self._files():
            raise RequestError(
                f"No file fits learning.features.{self.key} {self.pattern!r}. A relative path "
                "starts at the campaign file."
            )

    def _files(self) -> list[Path]:
        glob = Path(_DATE.sub("*", self.pattern))
        return sorted(glob.parent.glob(glob.name))

    @property
    def digest(self) -> str:
        """Digest of which files they are: to read them all takes too long."""
        return digest_json([identity(path) for path in self._files()])

    def path(self, date: dt.date) -> Path:
        """File of a day, there or not."""
        return Path(self.pattern.format(date=date))

    def nearest(self, date: dt.date) -> Path | None:
        """File nearest in time, of two the earlier one; None where none is near enough."""
        for apart in range(self.reach_days + 1):
            for days in dict.fromkeys((-apart, apart)):
                path = self.path(date + dt.timedelta(days=days))
                if path.is_file():
                    return path
        return None

    def read(self, date: dt.date, window: Window) -> Float32Array:
        """Values of a window and day in the files' unit, shape (row, col).

        The file's own scale, offset and nodata are applied; NaN where it has nothing.

        Raises
        ------
        RequestError
            The file does not lie on the master grid.
        """
        from rasterio.windows import Window as Part

        whole = np.full((1, *window.shape), np.nan, dtype=np.float32)
        path = self.nearest(date)
        if path is None:
            return np.asarray(whole[0])
        with open_raster(path) as file:
            row, col = self._origin(path, file)
            own = MasterGrid(self.grid.crs, self.grid.resolution_m, 0, 0, file.width, file.height)
            moved = Window(window.row - row, window.col - col, window.height, window.width)
            inside = inside_of(moved, own)
            if inside is None:
                return np.asarray(whole[0])
            box = Part(inside.col, inside.row, inside.width, inside.height)
            stored = file.read(1, window=box, masked=True)
            values = stored.astype(np.float32) * file.scales[0] + file.offsets[0]
        place_inside(whole, values.filled(np.nan)[None], moved, inside)
        return np.asarray(whole[0])

    def _origin(self, path: Path, file: object) -> tuple[int, int]:
        """Row and column of the master grid at the file's upper-left pixel."""
        affine = file.transform  # type: ignore[attr-defined]
        right, down = self.grid.lattice_offset_px(affine.c, affine.f)
        size = self.grid.resolution_m
        wrong_size = abs(affine.a - size) > 1e-6 * size or abs(affine.e + size) > 1e-6 * size
        if wrong_size or max(abs(right), abs(down)) > _ALIGNED_PX:
            raise RequestError(
                f"{path}: its pixels ({affine.a:g} m, corner {affine.c:.3f}, {affine.f:.3f}) are "
                f"not those of the master grid ({size:g} m, corner {self.grid.left:.3f}, "
                f"{self.grid.top:.3f}). Resample it to the grid first."
            )
        return round((self.grid.top - affine.f) / size), round((affine.c - self.grid.left) / size)
