"""Published weights of ConvNeXt V2 for an encoder whose first layers are the sensors' own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor

from rootzone._shared.errors import RequestError
from rootzone._shared.seal import check

if TYPE_CHECKING:
    from rootzone.surface.multimodal.convnext import Encoder

# What published files carry beside the encoder: its first layer, heads, decoders.
_NOT_TAKEN: Final = re.compile(
    r"^(downsample_layers\.0|stem|norm|head|proj|mask_token|decoder|pred)(\.|$)"
)
# Names of a port that keeps blocks inside stages.
_PORT: Final = (
    (re.compile(r"^stages\.(\d+)\.downsample\.(\d)"), r"downsample_layers.\1.\2"),
    (re.compile(r"^stages\.(\d+)\.blocks\.(\d+)\.conv_dw"), r"stages.\1.\2.dwconv"),
    (re.compile(r"^stages\.(\d+)\.blocks\.(\d+)\.mlp\.fc1"), r"stages.\1.\2.pwconv1"),
    (re.compile(r"^stages\.(\d+)\.blocks\.(\d+)\.mlp\.fc2"), r"stages.\1.\2.pwconv2"),
    (re.compile(r"^stages\.(\d+)\.blocks\.(\d+)\.mlp\.grn\.weight"), r"stages.\1.\2.grn.gamma"),
    (re.compile(r"^stages\.(\d+)\.blocks\.(\d+)\.mlp\.grn\.bias"), r"stages.\1.\2.grn.beta"),
    (re.compile(r"^stages\.(\d+)\.blocks\.(\d+)\."), r"stages.\1.\2."),
)


def published_weights(path: Path, encoder: Encoder) -> list[str]:
    """Load a checkpoint of the published network, of its pre-training, or of a port of it.

    Parameters
    ----------
    path : Path
        ``.safetensors``, or a torch file of tensors alone (nothing in it is executed).
    encoder : Encoder
        Changed in place; every parameter but the first layer's must be in the file.

    Returns
    -------
    list of str
        Names of what was loaded.

    Raises
    ------
    RequestError
        The file cannot be read, is of another size, or lacks parameters.
    """
    found = {_named(name): value for name, value in _tensors(path).items()}
    own = dict(encoder.state_dict())
    wanted = [name for name in own if not name.startswith("downsample_layers.0")]
    lacking = [name for name in wanted if name not in found]
    if lacking:
        raise RequestError(
            f"{path} lacks {len(lacking)} of {len(wanted)} parameters, such as {lacking[0]}; it "
            f"holds {', '.join(list(found)[:4])}. It is no ConvNeXt V2, or one of another size."
        )
    strange = [n for n in found if n not in own and not _NOT_TAKEN.match(n)]
    if strange:
        raise RequestError(
            f"{path} has {strange[0]}, which this encoder has not: it is of a larger size. See "
            "surface.multimodal.variant."
        )
    for name in wanted:
        value = found[name].reshape(own[name].shape) if _same(found[name], own[name]) else None
        if value is None:
            raise RequestError(
                f"{path}: {name} has the shape {tuple(found[name].shape)}, this encoder "
                f"{tuple(own[name].shape)}. See surface.multimodal.variant."
            )
        own[name] = value.to(own[name])
    encoder.load_state_dict(own)
    return wanted


def _same(one: Tensor, other: Tensor) -> bool:
    """Whether shapes agree but for axes of one, as response norms are kept in two ways."""
    return [n for n in one.shape if n > 1] == [n for n in other.shape if n > 1]


def _named(name: str) -> str:
    """The published name of a parameter of any of the ways it is kept."""
    plain = name.removeprefix("module.").removeprefix("encoder.")
    for pattern, published in _PORT:
        plain, n = pattern.subn(published, plain)
        if n:
            break
    return plain


def _tensors(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise RequestError(f"{path} does not exist; see surface.multimodal.weights.")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            found: dict[str, Tensor] = load_file(check(path, "Take the file as it is published."))
            return found
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch and safetensors raise many kinds
        raise RequestError(f"{path} cannot be read as weights: {error}") from error
    for key in ("model", "state_dict"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict):
        raise RequestError(f"{path} holds a {type(content).__name__}, not named tensors.")
    return {str(k): v for k, v in content.items() if isinstance(v, Tensor)}
