"""Both layers of a campaign with what was fitted to them: trees, samples, networks, files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import Float32Array, FloatArray
from rootzone._shared.atomic import write_text
from rootzone._shared.digests import digest_json
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone._shared.seal import check, read_sealed_json, sealed_json
from rootzone.surface.fusion.downscale import (
    Downscaler,
    DownscaleSettings,
    conserved,
    fit_downscaler,
)
from rootzone.surface.fusion.point_to_area import REACH_PX, PatchNetwork, PatchSamples
from rootzone.surface.grids.aggregate import Weights, weights
from rootzone.surface.two_layer.correct import ResidualTrees
from rootzone.surface.two_layer.layer_stations import LayerStations, read_layer_stations
from rootzone.surface.two_layer.open_layers import OpenLayers

_AGAIN: Final = "rootzone surface train makes it again."


@dataclass(frozen=True)
class Trained:
    """A campaign's two layers with what has been fitted to them.

    Parameters
    ----------
    layers : OpenLayers
        The campaign.
    """

    layers: OpenLayers

    @property
    def folder(self) -> Path:
        """Where results go."""
        return self.layers.opened.folder / "two_layer"

    @property
    def predictions(self) -> Path:
        """What is said at held-out samples."""
        return self.folder / "predictions.parquet"

    @property
    def skill(self) -> Path:
        """Figures of both layers."""
        return self.folder / "skill.json"

    @cached_property
    def stations(self) -> LayerStations:
        """Stations inside the region."""
        opened = self.layers.opened
        sources = [opened.campaign_file.parent / source for source in opened.section.stations]
        return read_layer_stations(sources, self.layers.grid, self.layers.days)

    @cached_property
    def _weights(self) -> dict[str, Weights]:
        grids = {name: cells.grid for name, cells in self.layers.product.items()}
        same = len(set(grids.values())) == 1
        first = weights(self.layers.grid, grids["surface"])
        below = first if same else weights(self.layers.grid, grids["root_zone"])
        return {"surface": first, "root_zone": below}

    def downscaler(self, layer: str) -> Downscaler:
        """The trees of a layer, grown once and kept in a file."""
        import lightgbm

        path = self.folder / f"downscaled_{layer}.txt"
        facts = path.with_suffix(".json")
        section = self.layers.opened.section
        identity = digest_json(
            [self.layers.digest, layer, section.two_layer.block_cells, section.seeds[0]]
        )
        if path.is_file() and facts.is_file():
            told = read_sealed_json(facts, _AGAIN)
            if told["identity"] == identity:
                booster = lightgbm.Booster(model_str=check(path, _AGAIN).read_text())
                low, high = (np.array(told[k]) for k in ("low", "high"))
                return Downscaler(
                    told["names"], booster, low, high, told["rounds"], told["held_out_rmse"]
                )
        over = self.layers.product[layer].over(self.layers.days.tolist())
        found = fit_downscaler(
            self.layers.names, self.layers.fields, over, self._weights[layer],
            DownscaleSettings(block_cells=section.two_layer.block_cells, seed=section.seeds[0]),
            constant_ok=True,
        )  # fmt: skip
        write_text(path, found.booster.model_to_string())
        write_sidecar(path, Provenance("rootzone surface train", {"files": self.layers.digest}))
        told = {
            "identity": identity, "names": list(found.names), "low": found.low.tolist(),
            "high": found.high.tolist(), "rounds": found.rounds,
            "held_out_rmse": found.held_out_rmse,
        }  # fmt: skip
        write_text(facts, sealed_json(told))
        return found

    def downscaled(self, layer: str, trees: Downscaler, number: int) -> tuple[FloatArray, Any]:
        """Field of a day by its number in ``layers.days``, and where trees are beyond training."""
        theta, outside = trees.at(self.layers.fields(number))
        if self.layers.opened.section.two_layer.conserve:
            cells = self.layers.product[layer]
            day = int(self.layers.days[number])
            theta = conserved(
                theta, cells.by_day[day], self._weights[layer], cells.grid, self.layers.grid
            )
        return theta, outside

    def stack(self, layer: str, trees: Downscaler, number: int) -> Float32Array:
        """Channels of the correction: the downscaled field, and all fields."""
        theta, _ = self.downscaled(layer, trees, number)
        return np.concatenate([theta[None], self.layers.fields(number)]).astype(np.float32)

    def samples(self, layer: str, trees: Downscaler) -> PatchSamples:
        """Every station and day with a value of the layer and a downscaled one."""
        seats = self.stations
        day, place = np.nonzero(np.isfinite(seats.theta[layer]))
        cut = PatchSamples.cut(
            lambda k: self.stack(layer, trees, k), day, seats.row[place], seats.col[place],
            seats.theta[layer][day, place], place,
        )  # fmt: skip
        return cut.of(np.isfinite(cut.x[:, 0, REACH_PX, REACH_PX]))

    def network_file(self, layer: str, split: str, seed: int, member: int) -> Path:
        """Weights of one network."""
        folder = self.folder / "networks" / f"{layer}_{split}_{seed}"
        return folder / f"{member}" / "network.safetensors"

    def trees_file(self, layer: str, split: str, seed: int) -> Path:
        """Trees on the residual."""
        return self.folder / "networks" / f"{layer}_{split}_{seed}" / "residual.txt"


def load_networks(trained: Trained, layer: str, split: str) -> list[PatchNetwork]:
    """Networks of a layer and split, all members of all seeds; none where none was trained."""
    from safetensors.torch import load_file

    found = []
    section = trained.layers.opened.section
    for seed, member in product(section.seeds, range(section.two_layer.members)):
        path = trained.network_file(layer, split, seed, member)
        if path.is_file():
            weights_of = load_file(check(path, _AGAIN))
            n = int(weights_of["mean"].numel())
            network = PatchNetwork(np.zeros(n), np.ones(n))
            network.load_state_dict(weights_of)
            found.append(network.eval())
    return found


def load_trees(trained: Trained, layer: str, split: str) -> list[ResidualTrees]:
    """Trees on the residual of a layer and split, a seed each."""
    import lightgbm

    paths = [trained.trees_file(layer, split, seed) for seed in trained.layers.opened.section.seeds]
    return [
        ResidualTrees(lightgbm.Booster(model_str=check(path, _AGAIN).read_text()))
        for path in paths if path.is_file()
    ]  # fmt: skip
