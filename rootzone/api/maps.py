"""The maps of a campaign as labelled arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rootzone.api.read import Raster, read

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Maps:
    """The maps of a campaign.

    Parameters
    ----------
    folder : Path
        Where they lie.
    rasters : list of Path
        Water-content GeoTIFFs, in the order of days and depths.
    series : list of Path
        All days in one NetCDF or Zarr, one a depth.
    trust : Path or None
        How far to trust a pixel.

    Examples
    --------
    >>> import rootzone as rz
    >>> campaign = rz.open_campaign("campaign.yaml")
    >>> maps = campaign.maps(["2023-06-15"], source="simulation", texture_step_pct=20)
    >>> dict(maps.to_xarray()["theta"].sizes)
    {'time': 1, 'y': 192, 'x': 128}
    """

    folder: Path
    rasters: list[Path]
    series: list[Path]
    trust: Path | None

    def __getitem__(self, position: int) -> Raster:
        """One map by its position."""
        found = read(self.rasters[position])
        assert isinstance(found, Raster)  # noqa: S101 - a GeoTIFF
        return found

    def to_xarray(self, depth_mm: float | None = None) -> xr.Dataset:
        """All days at one depth, ``theta(time, y, x)``.

        Parameters
        ----------
        depth_mm : float, optional
            Depth [mm]. Default: the first one.

        Raises
        ------
        RequestError
            There is no map at that depth.
        """
        from rootzone.api.rasters import open_raster, stacked
        from rootzone.maps.names import depth_name

        name = self.rasters[0].stem.rpartition("_")[0] if depth_mm is None else depth_name(depth_mm)
        for path in self.series:
            if path.stem == name:
                return open_raster(path, None)
        return stacked([path for path in self.rasters if path.stem.startswith(f"{name}_")])
