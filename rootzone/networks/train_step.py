"""One step of training: a batch in, the network a little better, the parts of the loss out."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from rootzone._shared.errors import RequestError, RootzoneError
from rootzone.networks.losses import CompositeLoss, LossState, LossTerms
from rootzone.networks.models import Prediction
from rootzone.networks.ranks import ALONE, Ranks
from rootzone.networks.settings import TrainSettings
from rootzone.networks.stages import layer_groups

if TYPE_CHECKING:
    from rootzone.networks.batch import Batch

_SHOWN = 4


def optimiser_of(network: nn.Module, settings: TrainSettings) -> torch.optim.Optimizer:
    """AdamW, or Adam without decay; a group a layer where steps differ between layers.

    Where only matrices decay, those weights do not that have one axis longer than 1: biases, and
    the scales of norms.
    """
    asked: Any = network.parameters()
    if settings.layer_decay != 1.0:
        asked = layer_groups(network, settings.layer_decay)
    elif settings.decay_of == "matrices":
        asked = [{"params": list(asked)}]
    if settings.decay_of == "matrices":
        asked = [part for group in asked for part in _by_shape(group)]
    rate, betas = settings.learning_rate, (0.9, settings.beta2)
    if settings.optimiser == "adam":
        return torch.optim.Adam(asked, lr=rate, betas=betas)
    return torch.optim.AdamW(asked, lr=rate, betas=betas, weight_decay=settings.weight_decay)


def _by_shape(group: dict[str, Any]) -> list[dict[str, Any]]:
    """A group's matrices, and its vectors without decay; empty ones left out."""
    vectors = [p for p in group["params"] if p.numel() == max(p.shape, default=1)]
    seen = {id(p) for p in vectors}
    matrices = [p for p in group["params"] if id(p) not in seen]
    both = [{**group, "params": matrices}, {**group, "params": vectors, "weight_decay": 0.0}]
    return [one for one in both if one["params"]]


def train_step(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    loss: CompositeLoss,
    batch: Batch,
    progress: float,
    *,
    settings: TrainSettings,
    loss_state: LossState | None = None,
    ranks: Ranks = ALONE,
) -> dict[str, float]:
    """Move the weights once.

    Parameters
    ----------
    network : module
        The network, wrapped for several processes where there are several.
    optimiser : optimiser
        Moves the network's weights; its step size is used as it stands.
    loss : CompositeLoss
        The loss.
    batch : Batch
        This process's share of the global batch.
    progress : float
        Share of the run done, 0 to 1.
    settings : TrainSettings
        Precision and clipping.
    loss_state : LossState, optional
        What a balanced weight remembers.
    ranks : Ranks
        The processes that train together.

    Returns
    -------
    dict
        Parts of the loss over the global batch, and ``gradient_norm`` before clipping.

    Raises
    ------
    RequestError
        The batch holds no labels.
    RootzoneError
        The loss or the gradient is not a finite number.
    """
    with torch.autocast(
        batch.x.device.type, dtype=torch.bfloat16, enabled=settings.precision == "bf16"
    ):
        prediction = network(batch.x, batch.soil)
    terms = loss(*gathered(prediction, batch, ranks), progress, loss_state)
    if prediction.asked is not None:
        # Each process asks for its own share; the wrapper's average makes one of them again.
        terms = terms._replace(total=terms.total + prediction.asked / ranks.world)
    _refuse_unusable(terms, batch)
    optimiser.zero_grad(set_to_none=True)
    # Each process has the gradient of its share; the wrapper averages over processes.
    (terms.total * ranks.world).backward()
    largest = settings.clip_norm or math.inf
    norm = float(nn.utils.clip_grad_norm_(network.parameters(), largest))
    if not math.isfinite(norm):
        raise RootzoneError(f"The gradient is not finite at {_where(batch)}. {_LOWER}")
    optimiser.step()
    return {**terms.figures(), "gradient_norm": norm}


_LOWER = "A smaller learning.learning_rate, or precision fp32, usually mends it."


def gathered(prediction: Prediction, batch: Batch, ranks: Ranks) -> tuple[Prediction, Batch]:
    """Prediction and labels of the global batch without its halo, from those of this process."""
    spread = prediction.spread
    whole = Prediction(
        ranks.gather(batch.inner(prediction.theta)),
        None if spread is None else ranks.gather(batch.inner(spread)),
    )
    parts: dict[str, Any] = {
        name: ranks.gather(batch.inner(getattr(batch, name)))
        for name in ("y", "mask", "soil", "weight", "y_psi")
        if getattr(batch, name) is not None
    }
    return whole, replace(batch, **parts, halo_px=0)


def _refuse_unusable(terms: LossTerms, batch: Batch) -> None:
    if terms.n_label == 0:
        raise RequestError(
            f"A batch holds no labels: every pixel of {_where(batch)} is masked. The table of "
            "samples does not fit the labels; were they made again since? Use --fresh."
        )
    if not bool(torch.isfinite(terms.total)):
        parts = {name: f"{value:g}" for name, value in terms.figures().items()}
        raise RootzoneError(f"The loss is not finite at {_where(batch)}: {parts}. {_LOWER}")


def _where(batch: Batch) -> str:
    tiles = [int(t) for t in batch.tile[:_SHOWN]]
    dates = [str(np.datetime64(int(day), "D")) for day in batch.date[:_SHOWN]]
    more = ", ..." if len(batch.tile) > _SHOWN else ""
    return f"tiles {tiles}{more} on {', '.join(dates)}{more}"
