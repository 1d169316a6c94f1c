"""Models that are not trained by steps: physics as it is, and trees grown on labelled pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rootzone.learning.evaluation.baselines import grow_trees
from rootzone.networks.families import Shape
from rootzone.networks.families.residual import ResidualShape
from rootzone.networks.families.trees import TreesShape
from rootzone.networks.run_training import TrainResult, new_network
from rootzone.networks.trees import Trees

if TYPE_CHECKING:
    from rootzone.learning.samples.label_index import GridLabels
    from rootzone.learning.scene.scene import Scene


def takes_steps(config: Shape) -> bool:
    """Whether a network of this shape is trained by the loop."""
    return not (
        isinstance(config, TreesShape)
        or (isinstance(config, ResidualShape) and config.inner is None)
    )


def grown(
    config: Shape,
    scene: Scene,
    training: Mapping[str, GridLabels],
    *,
    simulated_share: float,
    seed: int,
) -> TrainResult:
    """The weights of a model without steps.

    Parameters
    ----------
    config : Shape
        Trees, or physics.
    scene : Scene
        Channels of any pixel and day.
    training : mapping of str to GridLabels
        Training labels by source.
    simulated_share : float
        Weight that simulated labels carry together, where both sources train.
    seed : int
        Of the rows drawn and the trees.
    """
    network = new_network(config, seed)
    if isinstance(config, TreesShape) and isinstance(network, Trees):
        shown = config.n_channels
        found = grow_trees(scene, training, simulated_share=simulated_share, seed=seed, shown=shown)
        for depth, booster in found.items():
            network.grow(depth, booster.model_to_string())
    nothing = float("nan")
    weights = {name: value.detach().clone() for name, value in network.state_dict().items()}
    return TrainResult(weights, [], 0, nothing, False)
