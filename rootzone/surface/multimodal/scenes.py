"""Scenes of a catalog entry on the pixels of a campaign: the last clear look of every pixel."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from rootzone._shared.arrays import Float32Array
from rootzone._shared.day_in_name import day_in_name
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.layers.source import Source, fill
from rootzone.covariates.layers.stack import CovariateStack

_KEPT_OPEN: Final = 6
# pyroSAR: mission, then beam, then A or D for an orbit that ascends or descends.
_ORBIT: Final = re.compile(r"^S1[A-D]_+[A-Z0-9]{2}_+([AD])_")


@dataclass(frozen=True)
class SceneSet:
    """All scenes of one entry that lie in the data folder.

    Parameters
    ----------
    catalog : Catalog
        Entries, and the folder their paths start from.
    entry : str
        Name of the entry; its path holds ``{scene}`` and ``{variable}``.
    channels : mapping of str to str
        From the network's channel to the entry's variable.
    grid : MasterGrid
        Pixels wanted.
    """

    catalog: Catalog
    entry: str
    channels: Mapping[str, str]
    grid: MasterGrid

    @cached_property
    def by_day(self) -> dict[dt.date, tuple[str, ...]]:
        """Scenes of each day, in the order of their names.

        Raises
        ------
        RequestError
            The entry has no scenes in its path, or a scene's name tells no day.
        """
        found: dict[dt.date, list[str]] = {}
        for path in sorted(self._glob()):
            scene = self._scene(path)
            found.setdefault(day_in_name(scene), []).append(scene)
        return {day: tuple(scenes) for day, scenes in sorted(found.items())}

    @property
    def _source(self) -> Source:
        source = self.catalog.source(self.entry)
        if "{scene}" not in source.path or "{variable}" not in source.path:
            raise RequestError(
                f"The entry {self.entry} has the path {source.path}, which names no scenes: it "
                "must hold {scene} and {variable}."
            )
        return source

    def _path(self, scene: str, variable: str) -> Path:
        told = {"scene": scene, "variable": variable}
        return self.catalog.data_folder / fill(self._source.path, told)

    def _glob(self) -> list[Path]:
        first = next(iter(self.channels.values()))
        pattern = self._source.path.replace("{scene}", "*").replace("{variable}", first)
        return list(self.catalog.data_folder.glob(pattern))

    def _scene(self, path: Path) -> str:
        first = next(iter(self.channels.values()))
        whole = fill(self._source.path, {"variable": first})
        before, after = whole.split("{scene}")
        return path.relative_to(self.catalog.data_folder).as_posix()[len(before) : -len(after)]

    @property
    def files(self) -> list[Path]:
        """Every file of the channels of all scenes."""
        return [
            self._path(scene, variable)
            for scenes in self.by_day.values()
            for scene in scenes
            for variable in self.channels.values()
        ]

    def within(self, day: dt.date, reach_days: int) -> list[str]:
        """Scenes of a day and the days before it, the latest first."""
        near = [d for d in self.by_day if 0 <= (day - d).days <= reach_days]
        return [scene for d in sorted(near, reverse=True) for scene in self.by_day[d]]

    def on(self, day: dt.date, reach_days: int, window: Window) -> dict[str, Float32Array]:
        """The last value of every pixel that a scene within reach saw clearly.

        Parameters
        ----------
        day : date
            The day.
        reach_days : int
            How old a look may be; later ones are never taken.
        window : Window
            Pixels of the grid.

        Returns
        -------
        dict of arrays, shape (row, col)
            By channel, in the entry's unit; NaN where no scene saw the pixel.
        """
        return self.on_windows(day, reach_days, [window])[0]

    def on_windows(
        self, day: dt.date, reach_days: int, windows: list[Window]
    ) -> list[dict[str, Float32Array]]:
        """As `on`, of several windows; each scene is opened once."""
        out = [
            {name: np.full(w.shape, np.nan, np.float32) for name in self.channels} for w in windows
        ]
        for scene in self.within(day, reach_days):
            left = [k for k, one in enumerate(out) if any(np.isnan(v).any() for v in one.values())]
            if not left:
                break
            self._lay(scene, [windows[k] for k in left], [out[k] for k in left])
        return out

    def _lay(self, scene: str, windows: list[Window], out: list[dict[str, Float32Array]]) -> None:
        """Put a scene where nothing is yet; all channels of a pixel are of one scene."""
        around = _around(windows)
        at_once = sum(w.height * w.width for w in windows) >= around.height * around.width
        whole = self._seen(scene, around) if at_once else None
        for window, fields in zip(windows, out, strict=True):
            if whole is None:
                seen = self._seen(scene, window)
            else:
                row, col = window.row - around.row, window.col - around.col
                cut = np.s_[row : row + window.height, col : col + window.width]
                seen = {name: values[cut] for name, values in whole.items()}
            empty = np.isnan(np.stack(list(fields.values()))).all(axis=0)
            for name, field in fields.items():
                field[empty] = seen[name][empty]

    @cached_property
    def _open(self) -> dict[str, CovariateStack]:
        """The last scenes that were read: days come one after another, and look back alike."""
        return {}

    def _seen(self, scene: str, window: Window) -> dict[str, Float32Array]:
        stack = self._open.pop(scene, None) or CovariateStack(self.catalog, self.grid)
        self._open[scene] = stack
        if len(self._open) > _KEPT_OPEN:
            self._open.pop(next(iter(self._open))).close()
        return {
            name: stack.read(f"{self.entry}/{scene}/{variable}", window)
            for name, variable in self.channels.items()
        }

    def look(self, day: dt.date, reach_days: int) -> tuple[float, float]:
        """Angle from nadir [degree] of the latest scene, and 1 where its orbit ascends, else 0.

        NaN if neither the name nor a tag ``incidence_deg`` or ``orbit`` of the file tells.
        """
        scenes = self.within(day, reach_days)
        if not scenes:
            return np.nan, np.nan
        path = self._path(scenes[0], next(iter(self.channels.values())))
        with open_raster(path) as file:
            tags = file.tags()
        named = _ORBIT.match(scenes[0])
        orbit = named[1] if named else tags.get("orbit", "").upper()[:1]
        rising = {"A": 1.0, "D": 0.0}.get(orbit, np.nan)
        return float(tags.get("incidence_deg", np.nan)), rising


def _around(windows: list[Window]) -> Window:
    """The smallest window that holds others."""
    row, col = min(w.row for w in windows), min(w.col for w in windows)
    height = max(w.row + w.height for w in windows) - row
    width = max(w.col + w.width for w in windows) - col
    return Window(row, col, height, width)
