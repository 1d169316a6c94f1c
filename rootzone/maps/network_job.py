"""What a worker does for maps by a trained network: windows, the trust layer, finished maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.parts import Parts
from rootzone.covariates.grid import Window
from rootzone.learning.scene.scene import Scene
from rootzone.learning.trust import FEATURES, TrainingSites, split_features
from rootzone.maps.assemble import MapPlan, assemble_map
from rootzone.maps.encoding import CoverCodes, pack_theta


@dataclass(frozen=True)
class Task:
    """One piece of work: ``trust`` or ``predict`` a window, or ``assemble`` a map."""

    what: str
    window: Window | None = None
    day: int = 0
    depth: int = 0


@dataclass(frozen=True)
class NetworkJob:
    """Everything a worker needs; small enough to travel.

    Parameters
    ----------
    scene : Scene
        Covariates, with the weather of the map days only.
    bundle : Path
        The trained model.
    plan : MapPlan
        The maps.
    parts : Parts
        Where finished windows go.
    sites : TrainingSites
        What the trust layer compares with.
    cover : CoverCodes
        Land cover that gets a flag.
    device : str
        ``cpu`` or ``cuda``.
    faithful, bf16 : bool
        As in ``WindowPredictor``.
    """

    scene: Scene
    bundle: Path
    plan: MapPlan
    parts: Parts
    sites: TrainingSites | None
    cover: CoverCodes
    device: str = "cpu"
    faithful: bool = False
    bf16: bool = False

    def open(self) -> Callable[[Any], None]:
        """Load the model; what is returned does one task."""
        import torch

        from rootzone.maps.predict import WindowPredictor
        from rootzone.networks.bundle import load_bundle

        if self.device == "cpu":
            torch.set_num_threads(1)
        bundle = load_bundle(self.bundle, self.scene.spec, torch.device(self.device))
        predictor = WindowPredictor(self.scene, bundle, faithful=self.faithful, bf16=self.bf16)

        def do(task: Task) -> None:
            if task.what == "assemble":
                assemble_map(self.plan, PartsSource(self.plan, self.parts), task.day, task.depth)
            elif task.window is not None and task.what == "trust":
                self._trust(task.window)
            elif task.window is not None:
                self._predict(predictor, task.window)

        return do

    def missing_days(self, window: Window) -> list[int]:
        """Days whose values of a window are not there yet."""
        days = self.plan.days
        return [i for i in range(len(days)) if not self.parts.has(part_name(self.plan, i, window))]

    def _predict(self, predictor: Any, window: Window) -> None:  # noqa: ANN401 - needs torch
        from rootzone.maps.predict import land_flags

        missing = self.missing_days(window)
        cover = self.scene.land.read(["land_cover"], window)[0]
        by_cover = land_flags(cover, self.cover)
        days = [self.plan.days[i] for i in missing]
        for i, values in zip(missing, predictor.days(window, days), strict=True):
            arrays = {
                "theta": pack_theta(values.theta, self.plan.dtype),
                "half": pack_theta(values.half_width, self.plan.dtype),
                "flags": by_cover | values.flags,
            }
            self.parts.put(part_name(self.plan, i, window), arrays)

    def _trust(self, window: Window) -> None:
        assert self.sites is not None  # noqa: S101 - such tasks are made with sites only
        bands = self.scene.land.read(FEATURES, window)
        numbers, classes = split_features(FEATURES, bands.reshape(len(FEATURES), -1))
        judged = self.sites.judge(numbers, classes)
        trust = judged.reshape(3, *window.shape).astype(np.float32)
        self.parts.put(f"trust_{window.row}_{window.col}", {"trust": trust})


def part_name(plan: MapPlan, day: int, window: Window) -> str:
    """Name of a window's values on a day."""
    return f"{plan.days[day]:%Y%m%d}_{window.row}_{window.col}"


@dataclass(frozen=True)
class PartsSource:
    """Pixels of finished windows."""

    plan: MapPlan
    parts: Parts

    def values(self, day: int, window: Window) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Packed water content and half-width (depth, row, col), and flags (row, col)."""
        found = self.parts.get(part_name(self.plan, day, window))
        return found["theta"], found["half"], found["flags"]
