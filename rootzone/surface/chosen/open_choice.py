"""A campaign of the system ``select``, opened: its bands, samples, candidates and results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.digests import digest_file, digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import read_sealed_json
from rootzone._shared.units import FREEZING_K
from rootzone.campaign.select_section import Select
from rootzone.covariates.grid import MasterGrid
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.chosen.bands import BANDS, FEATURES, bands_at, grid_at
from rootzone.surface.chosen.classes import Coded, classes_at, environment_codes
from rootzone.surface.chosen.read_classes import read_climate, read_clusters
from rootzone.surface.chosen.unet import WINDOW, FittedUNet, UNet, cut_windows
from rootzone.surface.select.candidates import SHY, Candidate, Climatology, Ridge, ScaV, Trees
from rootzone.surface.select.chosen_graph import ChosenModels
from rootzone.surface.select.graph import Node, image
from rootzone.surface.select.interpret import interpret
from rootzone.surface.select.physics_graphs import SCAV_BANDS, scav_graph

PHYSICS: Final = "theta_sca"
"""SCA-V's water content among the features; a graph of other bands, so no band of its own."""
_AGAIN = "rootzone surface train makes it again."


@dataclass(frozen=True)
class OpenChoice:
    """What the verbs of a campaign of the system ``select`` start from.

    Parameters
    ----------
    opened : OpenSurface
        The campaign.
    """

    opened: OpenSurface

    @property
    def section(self) -> Select:
        """The part of the campaign that is ours."""
        return self.opened.section.select

    @property
    def folder(self) -> Path:
        """Where results go."""
        return self.opened.folder / "select"

    @property
    def maps(self) -> Path:
        """Where maps go."""
        return self.opened.folder / "maps"

    @property
    def predictions(self) -> Path:
        """What every candidate says of samples held out."""
        return self.folder / "predictions.parquet"

    @property
    def choices(self) -> Path:
        """Who was chosen where, and why."""
        return self.folder / "selection.parquet"

    @property
    def model_file(self) -> Path:
        """The fitted models as graphs."""
        return self.folder / "models.json"

    @cached_property
    def models(self) -> ChosenModels:
        """The fitted models.

        Raises
        ------
        RequestError
            Nothing is trained yet.
        """
        if not self.model_file.is_file():
            raise RequestError(f"{self.model_file} is missing; run rootzone surface train first.")
        return ChosenModels.of_dict(read_sealed_json(self.model_file, _AGAIN))

    @cached_property
    def further_classes(self) -> dict[str, Coded]:
        """Classes that environments are asked for by and that land itself does not tell.

        Raises
        ------
        RequestError
            Climate is asked for and its map is none, or clusters were not found yet.
        """
        scene, chosen = self.opened.scene, self.section
        found = {}
        if "koppen" in chosen.by:
            found["koppen"] = read_climate(self._koppen_file, chosen.koppen_legend, scene.grid)
        if "cluster" in chosen.by:
            found["cluster"] = read_clusters(self.cluster_file, scene)
        return found

    @property
    def _koppen_file(self) -> Path | None:
        named = self.section.koppen if "koppen" in self.section.by else None
        return None if named is None else self.opened.campaign_file.parent / named

    @property
    def cluster_file(self) -> Path:
        """Clusters of places, where environments are asked for by them."""
        return self.folder / "clusters.json"

    @cached_property
    def digest(self) -> str:
        """Digest of all that is read."""
        climate = self._koppen_file
        return digest_json([self.opened.scene.digest, digest_file(climate) if climate else ""])

    @property
    def unet_file(self) -> Path:
        """The fitted U-Net, where it has a part in some environment."""
        return self.folder / "unet.safetensors"

    @cached_property
    def unet(self) -> FittedUNet | None:
        """The fitted U-Net, where it has a part in some environment."""
        if "unet" not in self.models.graphs:
            return None
        return FittedUNet.read(self.unet_file, self.features)

    @cached_property
    def trained_digest(self) -> str:
        """Digest of all that ``train`` made and maps are made of."""
        made = (self.model_file, self.cluster_file, self.unet_file)
        return digest_json([digest_file(path) if path.is_file() else "" for path in made])

    def grid(self, scale_km: int) -> MasterGrid:
        """Pixels at a scale."""
        return grid_at(self.opened.scene.grid, scale_km)

    def environment(self, scale_km: int) -> FloatArray:
        """Number of each pixel's environment."""
        classes = self.classes(scale_km)
        return environment_codes(classes, self.section.by, self.models.environments)

    def classes(self, scale_km: int = 1) -> dict[str, AnyArray]:
        """Texts of each class at every pixel."""
        return classes_at(self.opened.scene, self.further_classes, scale_km)

    def samples(self, say: Callable[[str], None]) -> pl.DataFrame:
        """A row a station, day and scale: ``station``, ``date``, ``theta``, pixel and bands.

        Where the U-Net is a candidate, also its window of 18 x 18 px, 14 kB a row.

        Raises
        ------
        RequestError
            No station has a value on a day that the satellite saw it.
        """
        scene, places = self.opened.scene, self.opened.places
        names, rows, left = np.array(places.name), [], 0
        for look, day in enumerate(scene.days.tolist()):
            told = np.array([daily.get(day, np.nan) for daily in places.daily])
            if not np.isfinite(told).any():
                continue
            for scale in self.section.scales_km:
                fields = bands_at(scene, look, scale)
                row, col = places.row // scale, places.col // scale
                there = (row < fields["tb_v"].shape[0]) & (col < fields["tb_v"].shape[1])
                at = {n: v[row[there], col[there]] for n, v in fields.items()}
                whole = np.isfinite(np.stack(list(at.values()))).all(axis=0)
                whole &= np.isfinite(told[there]) & (at["t_k"] >= FREEZING_K)
                left += int((np.isfinite(told)).sum() - whole.sum())
                frame = pl.DataFrame(
                    {"station": names[there][whole], "theta": told[there][whole],
                     "row": row[there][whole], "col": col[there][whole],
                     **{n: v[whole] for n, v in at.items()}}
                ).with_columns(date=pl.lit(np.datetime64(day, "D")).cast(pl.Date))  # fmt: skip
                if "unet" in self.section.candidates:
                    frame = frame.with_columns(_windows(frame, fields, self.features))
                rows.append(frame)
        if not sum(frame.height for frame in rows):
            raise RequestError("No station has a value on a day that the satellite saw it whole.")
        found = pl.concat(rows)
        say(f"{found.height} samples at {found['station'].n_unique()} stations; {left} left out")
        arrays = {name: found[name].to_numpy() for name in SCAV_BANDS}
        sca = interpret(scav_graph({n: image("x").select(n) for n in SCAV_BANDS}), {"x": arrays})
        return found.with_columns(pl.Series(PHYSICS, sca["theta"]))

    def classes_of_stations(self) -> pl.DataFrame:
        """``station`` and its classes, those of its pixel."""
        places = self.opened.places
        classes = self.classes()
        told = {name: values[places.row, places.col] for name, values in classes.items()}
        return pl.DataFrame(
            {"station": list(places.name), **{n: [str(v) for v in told[n]] for n in told}}
        )

    @property
    def features(self) -> tuple[str, ...]:
        """What ridge, trees and U-Net read."""
        return (*FEATURES, "scale_km") if len(self.section.scales_km) > 1 else FEATURES

    def candidates(self) -> list[Candidate]:
        """Those that the campaign names."""
        names, epochs = self.features, self.opened.section.epochs
        physics, rounds = (*names, PHYSICS), self.section.rounds

        def differentiable() -> Candidate:
            from rootzone.surface.chosen.differentiable import Differentiable

            return Differentiable(epochs=epochs)

        makers: dict[str, Callable[[], Candidate]] = {
            "climatology": Climatology,
            "sca_v": ScaV,
            "differentiable": differentiable,
            "ridge": lambda: Ridge("ridge", names),
            "ridge_physics": lambda: Ridge("ridge_physics", physics),
            "trees": lambda: Trees("trees", names, rounds),
            "trees_physics": lambda: Trees("trees_physics", physics, rounds, SHY, True),
            "trees_shy": lambda: Trees("trees_shy", names, rounds, SHY, True),
            "unet": lambda: UNet(names, steps=epochs),
        }
        return [makers[name]() for name in self.section.candidates]


def _windows(
    frame: pl.DataFrame, fields: Mapping[str, FloatArray], names: Sequence[str]
) -> pl.Series:
    """The window of each row, as a list of a fixed length."""
    stacked = np.stack([fields[name] for name in names])
    cut = cut_windows(stacked, frame["row"].to_numpy(), frame["col"].to_numpy())
    flat = cut.reshape(frame.height, int(np.prod(cut.shape[1:])))
    return pl.Series(WINDOW, flat, dtype=pl.Array(pl.Float32, flat.shape[1]))


def scene_bands(name: str, more: Sequence[str] = ()) -> dict[str, Node]:
    """Nodes of all `BANDS` of an image and of ``more``, and of `PHYSICS` made of them."""
    bands = {band: image(name).select(band) for band in (*BANDS, *more)}
    return {**bands, PHYSICS: scav_graph(bands)}
