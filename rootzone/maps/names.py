"""How maps are called: one name for a depth and a day, and the files that carry it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path


def depth_name(depth_mm: float) -> str:
    """Depth as it stands in file names.

    Examples
    --------
    >>> depth_name(200.0)
    'theta_0200mm'
    """
    text = f"{depth_mm:g}"
    return f"theta_{text.zfill(4) if '.' not in text else text.replace('.', 'p')}mm"


@dataclass(frozen=True)
class MapFiles:
    """The files of one map.

    Parameters
    ----------
    folder : Path
        Where maps lie.
    depth_mm : float
        Depth below the surface [mm].
    day : date
        The day.
    """

    folder: Path
    depth_mm: float
    day: date

    @property
    def name(self) -> str:
        """Such as ``theta_0200mm_20230715``."""
        return f"{depth_name(self.depth_mm)}_{self.day:%Y%m%d}"

    @property
    def theta(self) -> Path:
        """Cloud-optimised GeoTIFF: band 1 water content, band 2 half-width of the interval."""
        return self.folder / f"{self.name}.tif"

    @property
    def flags(self) -> Path:
        """Its twin with a byte of flags a pixel."""
        return self.folder / f"{self.name}.flags.tif"

    @property
    def stac(self) -> Path:
        """Catalog item that describes both."""
        return self.folder / f"{self.name}.stac.json"

    @property
    def style(self) -> Path:
        """Colours for QGIS, found by it because of the name."""
        return self.folder / f"{self.name}.qml"
