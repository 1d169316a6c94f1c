"""Several processes training one network: who does what, and what they tell each other.

Every process draws the same global batches and takes its share of each. Statistics of batch norm
and the loss are those of the whole global batch, so the gradient is that of a single process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from rootzone._shared.arrays import IntArray
from rootzone._shared.errors import RequestError


@dataclass(frozen=True)
class Ranks:
    """A process among those that train together.

    Parameters
    ----------
    rank : int
        Number of this process, from 0; the first one writes files and speaks.
    world : int
        Processes in all.
    """

    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and reports."""
        return self.rank == 0

    def share(self, indices: IntArray) -> IntArray:
        """Consecutive share of a global batch that falls to this process.

        Raises
        ------
        RequestError
            The batch cannot be cut into equal shares.
        """
        size, rest = divmod(indices.size, self.world)
        if rest or not size:
            raise RequestError(
                f"A batch of {indices.size} samples cannot be shared equally by {self.world} "
                "processes; set learning.batch_size to a multiple of them, not above the samples "
                "there are."
            )
        return indices[self.rank * size : (self.rank + 1) * size]

    def gather(self, local: Tensor) -> Tensor:
        """The tensor of the global batch; gradients flow through this process's own share.

        All processes then hold the same loss. Each has the gradient of its own share only; scaled
        by ``world``, the mean over processes is the gradient of that loss.
        """
        if self.world == 1:
            return local
        parts = [torch.empty_like(local) for _ in range(self.world)]
        dist.all_gather(parts, local.detach().contiguous())
        parts[self.rank] = local
        return torch.cat(parts)

    def from_leader(self, value: Any) -> Any:  # noqa: ANN401 - any small value
        """What the first process says, so that all decide alike."""
        if self.world == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]


ALONE = Ranks()


@contextmanager
def joined_ranks(device: torch.device) -> Iterator[Ranks]:
    """Join the processes that ``torchrun`` started; a process of its own where it did not.

    Parameters
    ----------
    device : torch.device
        Decides how they talk: NCCL between GPUs, gloo between CPUs.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield ALONE
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(dist.get_rank(), world)
    finally:
        dist.destroy_process_group()


def device_named(name: str | None) -> torch.device:
    """The device of ``--device``, the CPU where none is named.

    Under ``torchrun`` each process takes a GPU of its own.

    Raises
    ------
    RequestError
        There is no such device on this machine.
    """
    if name == "cuda":
        if not torch.cuda.is_available():
            raise RequestError("--device cuda: torch sees no GPU here. Use --device cpu.")
        local = int(os.environ.get("LOCAL_RANK", "0"))
        torch.cuda.set_device(local)
        return torch.device("cuda", local)
    if name not in (None, "cpu"):
        raise RequestError(f"--device {name}: it is cpu or cuda.")
    return torch.device("cpu")


class _SumOverRanks(torch.autograd.Function):
    """Sum over processes, forward and backward."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:  # noqa: ANN401 - torch's context
        del ctx
        total = value.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ANN401 - torch's context
        del ctx
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm with the statistics of the global batch; shares must be equal.

    torch has one for GPUs only; this one works wherever processes can talk.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalised maps, shape as given (batch, channel, row, column)."""
        if not self.training:
            return super().forward(x)
        wide = x if x.dtype == torch.float64 else x.float()
        n = x.numel() // x.shape[1] * dist.get_world_size()
        mean = _sum_over_ranks(wide.sum((0, 2, 3))) / n
        centred = wide - mean[:, None, None]
        variance = _sum_over_ranks((centred * centred).sum((0, 2, 3))) / n
        self._remember(mean.detach(), variance.detach() * n / max(1, n - 1))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.momentum is None:
            return
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
        self.running_var.lerp_(variance.to(self.running_var.dtype), self.momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)


def _sum_over_ranks(value: Tensor) -> Tensor:
    total: Tensor = _SumOverRanks.apply(value)  # type: ignore[no-untyped-call]
    return total


def with_shared_norms(network: nn.Module, ranks: Ranks) -> nn.Module:
    """The network with batch norms that span all processes; itself where there is only one.

    Names and values of parameters stay, so weights are read and written as before.
    """
    if ranks.world == 1:
        return network
    for name, child in network.named_children():
        if isinstance(child, nn.BatchNorm2d):
            shared = SharedBatchNorm2d(child.num_features, child.eps, child.momentum)
            shared.to(next(child.parameters()).device, next(child.parameters()).dtype)
            shared.load_state_dict(child.state_dict())
            setattr(network, name, shared)
        else:
            with_shared_norms(child, ranks)
    return network
