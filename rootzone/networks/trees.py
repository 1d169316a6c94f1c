"""Trees in the clothes of a network: their text is the weights, so bundles and maps take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from rootzone._shared.errors import RequestError
from rootzone.networks.models import Prediction

if TYPE_CHECKING:
    from rootzone.networks.families.trees import TreesShape


class Trees(nn.Module):
    """LightGBM boosters, one a depth, on the channels of each pixel.

    Their text is kept as bytes in a buffer a depth; an empty one is not grown yet.
    """

    def __init__(self, config: TreesShape) -> None:
        super().__init__()
        self.config = config
        self._grown: dict[int, Any] = {}
        for depth in range(config.n_depths):
            self.register_buffer(f"text{depth}", torch.zeros(0, dtype=torch.uint8))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_grown": {}}

    def grow(self, depth: int, text: str) -> None:
        """Take over a booster's text for a depth."""
        told = np.frombuffer(text.encode(), dtype=np.uint8).copy()
        setattr(self, f"text{depth}", torch.from_numpy(told))
        self._grown.pop(depth, None)

    def _load_from_state_dict(
        self,
        state_dict: Any,  # noqa: ANN401 - as torch has it
        prefix: str,
        *rest: Any,  # noqa: ANN401 - as torch has it
    ) -> None:
        for name, _ in list(self.named_buffers()):
            if prefix + name in state_dict:  # of another length than the empty one
                setattr(self, name, torch.empty_like(state_dict[prefix + name]))
        self._grown.clear()
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def _booster(self, depth: int) -> Any:  # noqa: ANN401 - lightgbm is an extra
        if depth not in self._grown:
            import lightgbm

            text = getattr(self, f"text{depth}")
            if text.numel() == 0:
                raise RequestError("These trees are not grown. Run rootzone train.")
            model = bytes(text.cpu().numpy()).decode()
            self._grown[depth] = lightgbm.Booster(model_str=model)
        return self._grown[depth]

    def forward(self, x: Tensor, soil: Tensor | None = None) -> Prediction:
        """Predict water content.

        Parameters
        ----------
        x : tensor, shape (batch, channel, row, column)
            Scaled channels, NaN where missing, which trees take as they are; those beyond the
            trees' own are not looked at.
        soil : tensor, optional
            Not looked at.

        Returns
        -------
        Prediction
            In float32.
        """
        del soil
        shown = x.detach()[:, : self.config.n_channels].float().cpu()
        rows = shown.movedim(1, 3).reshape(-1, shown.shape[1]).numpy()
        told = [
            self._booster(depth).predict(rows, num_threads=torch.get_num_threads())
            for depth in range(self.config.n_depths)
        ]
        theta = torch.from_numpy(np.stack(told, axis=1).astype(np.float32))
        shape = (x.shape[0], *x.shape[2:], self.config.n_depths)
        return Prediction(theta.reshape(shape).movedim(3, 1).to(x.device), None)
