"""Training in stages: each one starts from the best weights of the one before.

DeepSoil's surface network learns months first and days then (section 3.3 of its paper); a network
pretrained on a coarse product is tuned on stations. Both are a list of stages in the one loop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from rootzone._shared.errors import RequestError

if TYPE_CHECKING:
    from rootzone.networks.batch import Samples
    from rootzone.networks.run_training import RunOptions, TrainResult
    from rootzone.networks.settings import TrainSettings

_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@dataclass(frozen=True)
class Stage:
    """One of several trainings of the same network.

    Parameters
    ----------
    name : str
        Names its folder, with its log and checkpoints.
    sources : mapping
        Samples to train on, as `rootzone.networks.run_training.train` takes them.
    validation : Samples
        Samples that choose the stage's best epoch.
    settings : TrainSettings
        Everything that changes the stage's result; ``layer_decay`` among it.
    """

    name: str
    sources: Mapping[str, Samples]
    validation: Samples
    settings: TrainSettings


def train_stages(
    network: nn.Module,
    stages: Sequence[Stage],
    folder: Path,
    *,
    start_from: Mapping[str, Tensor] | None = None,
    member: int = 0,
    identity: Mapping[str, Any] | None = None,
    options: RunOptions | None = None,
) -> list[TrainResult]:
    """Train a network stage by stage; killed, the same call goes on where it was.

    Parameters
    ----------
    network : module
        New network; trained in place. The best weights of the last stage are in the last result.
    stages : sequence of Stage
        In order, with different names.
    folder : Path
        Gets a folder for each stage.
    start_from : mapping, optional
        Weights of an earlier training that the first stage starts from.
    member, identity, options
        As `rootzone.networks.run_training.train` takes them.

    Returns
    -------
    list of TrainResult
        One a stage.

    Raises
    ------
    RequestError
        There is no stage, two have one name, or a stage cannot be trained.
    """
    from rootzone.networks.run_training import train

    names = [stage.name for stage in stages]
    if not stages or len(set(names)) < len(names):
        raise RequestError(f"Stages need names of their own, and one at least; got {names}.")
    results: list[TrainResult] = []
    weights = start_from
    for stage in stages:
        result = train(
            network, stage.sources, stage.validation, stage.settings, folder / stage.name,
            start_from=weights, member=member, identity=identity, options=options,
        )  # fmt: skip
        results.append(result)
        weights = result.weights
    return results


def take_weights(network: nn.Module, weights: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Give a network the weights of another that have its names and shapes.

    Statistics of normalisations start anew: they belong to the data they were taken from.

    Parameters
    ----------
    network : module
        Changed in place.
    weights : mapping
        State of the other network.

    Returns
    -------
    tuple of str
        Names of the network's own that found no equal and stay as they were.

    Raises
    ------
    RequestError
        Not one weight fits.
    """
    own = network.state_dict()
    fitting = {
        name: value
        for name, value in weights.items()
        if name in own and own[name].shape == value.shape and not name.endswith(_STATISTICS)
    }
    if not fitting:
        raise RequestError(
            f"No weight of the {len(weights)} to start from has a name and shape of this network; "
            "were they another family's?"
        )
    for part in network.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.reset_running_stats()
    network.load_state_dict(fitting, strict=False)
    trained = dict(network.named_parameters())
    return tuple(name for name in trained if name not in fitting)


def weights_digest(weights: Mapping[str, Tensor]) -> str:
    """Digest of a state, for the identity of a run that starts from it."""
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def layers_of(network: nn.Module) -> list[list[nn.Parameter]]:
    """Trained values of a network layer by layer, from its input to its output.

    A network with a method ``layers``, which gives modules in order, says so itself; of others the
    parts count as they were put in, lists and sequences of parts taken apart. What belongs to no
    part belongs to the first layer.

    Examples
    --------
    >>> [len(layer) for layer in layers_of(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)))]
    [2, 2]
    """
    told = getattr(network, "layers", None)
    parts = list(told()) if callable(told) else list(_taken_apart(network))
    seen: set[int] = set()
    layers = [_new_in(part, seen) for part in parts]
    rest = [p for p in network.parameters() if id(p) not in seen]
    whole = [layer for layer in layers if layer]
    if rest and whole:
        whole[0] = [*rest, *whole[0]]
    return whole or [rest]


def _taken_apart(module: nn.Module) -> Iterator[nn.Module]:
    for child in module.children():
        if isinstance(child, (nn.ModuleList, nn.Sequential)) and len(child):
            yield from _taken_apart(child)
        else:
            yield child


def _new_in(part: nn.Module, seen: set[int]) -> list[nn.Parameter]:
    new = [p for p in part.parameters() if id(p) not in seen]
    seen.update(id(p) for p in new)
    return new


def layer_groups(network: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Groups for an optimiser whose steps shrink from the last layer to the first.

    Parameters
    ----------
    network : module
        The network.
    decay : float
        Step of a layer as a share of the next one's, 0 to 1; 0 trains the last layer alone.

    Returns
    -------
    list of dict
        ``params`` and ``scale``, which the loop multiplies the step size with.
    """
    layers = layers_of(network)
    last = len(layers) - 1
    return [{"params": layer, "scale": decay ** (last - k)} for k, layer in enumerate(layers)]
