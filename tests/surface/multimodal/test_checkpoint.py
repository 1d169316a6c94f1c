"""Published weights go into an encoder whose first layers are the sensors' own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from rootzone._shared.errors import RequestError
from rootzone.surface.multimodal.checkpoint import published_weights
from rootzone.surface.multimodal.convnext import VARIANTS, ConvNeXtV2, Encoder

MINI = VARIANTS["mini"]


def published() -> ConvNeXtV2:
    torch.manual_seed(3)
    return ConvNeXtV2(3, 10, MINI)


@pytest.mark.parametrize("kind", ["model", "plain", "safetensors", "pre-training"])
def test_every_way_they_are_kept_is_read(tmp_path: Path, kind: str) -> None:
    network, encoder = published(), Encoder(0, MINI)
    state = dict(network.state_dict())
    path = tmp_path / ("w.safetensors" if kind == "safetensors" else "w.pt")
    if kind == "safetensors":
        save_file(state, path)
    elif kind == "pre-training":  # the published names there, beside those of the decoder
        inner = {f"encoder.{k}": v for k, v in state.items() if not k.startswith(("head", "norm."))}
        torch.save({"model": inner | {"mask_token": torch.zeros(1, 8, 1, 1)}}, path)
    else:
        torch.save({"model": state} if kind == "model" else state, path)
    taken = published_weights(path, encoder)
    own = encoder.state_dict()
    assert set(taken) == set(own)
    assert all(torch.equal(own[name], state[name]) for name in taken)


def test_a_ports_names_are_known(tmp_path: Path) -> None:
    # timm calls block j of stage i stages.i.blocks.j, its parts conv_dw, norm, mlp.fc1, mlp.grn
    # (weight, bias, of one axis) and mlp.fc2, and steps down stages.i.downsample.
    state, port = published().state_dict(), {}
    for name, value in state.items():
        parts = name.split(".")
        new = name
        if parts[0] == "stages":
            inside = {"dwconv": "conv_dw", "norm": "norm", "pwconv1": "mlp.fc1",
                      "pwconv2": "mlp.fc2", "grn": "mlp.grn"}[parts[3]]  # fmt: skip
            last = {"gamma": "weight", "beta": "bias"}.get(parts[4], parts[4])
            new = f"stages.{parts[1]}.blocks.{parts[2]}.{inside}.{last}"
        elif parts[0] == "downsample_layers":
            new = f"stages.{parts[1]}.downsample.{'.'.join(parts[2:])}"
            if parts[1] == "0":
                new = f"stem.{'.'.join(parts[2:])}"
        port[new] = value.flatten() if ".grn." in name else value
    torch.save(port, tmp_path / "w.pt")
    encoder = Encoder(0, MINI)
    for name in published_weights(tmp_path / "w.pt", encoder):
        assert torch.equal(encoder.state_dict()[name], state[name])


def test_another_size_is_named(tmp_path: Path) -> None:
    torch.save(published().state_dict(), tmp_path / "w.pt")
    with pytest.raises(RequestError, match=r"lacks|larger|shape"):
        published_weights(tmp_path / "w.pt", Encoder(0, VARIANTS["atto"]))
    (tmp_path / "x.pt").write_text("no weights")
    with pytest.raises(RequestError, match="cannot be read as weights"):
        published_weights(tmp_path / "x.pt", Encoder(0, MINI))
