from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch

from rootzone._shared.errors import RequestError
from rootzone.surface.multimodal.convnext import (
    VARIANTS,
    ConvNeXtV2,
    Encoder,
    GlobalResponseNorm,
    variant_named,
)

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference" / "surface"
GOLDEN = REFERENCE / "convnextv2_atto_golden.csv"

# Parameters of the published code: facebookresearch/ConvNeXt-V2 25538957, 1,000 classes; the
# encoder alone with 3 and 20 channels (convnextv2_parameter_counts.csv; 20 equals timm 1.0.31).
COUNTS = {
    "atto": (3_708_400, 3_386_760, 3_397_640),
    "femto": (5_233_240, 4_847_472, 4_860_528),
    "pico": (9_066_280, 8_552_256, 8_569_664),
    "nano": (15_623_800, 14_981_520, 15_003_280),
    "tiny": (28_635_496, 27_864_960, 27_891_072),
    "base": (88_717_800, 87_690_752, 87_725_568),
}


def n_of(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "mini"])
def test_sizes_have_the_published_counts(name: str) -> None:
    whole, three, twenty = COUNTS[name]
    with torch.device("meta"):
        assert n_of(ConvNeXtV2(3, 1000, VARIANTS[name])) == whole
        assert n_of(Encoder(3, VARIANTS[name])) == three
        assert n_of(Encoder(20, VARIANTS[name])) == twenty


def golden_network() -> ConvNeXtV2:
    """Every parameter by the rule of the reference: base + s sin(.37 j + k)."""
    network = ConvNeXtV2(2, 1, variant_named("atto")).double().eval()
    named = dict(network.named_parameters())
    for k, name in enumerate(sorted(named)):
        values = named[name]
        is_norm = name.endswith("norm.weight") or name in {
            "downsample_layers.0.1.weight", "downsample_layers.1.0.weight",
            "downsample_layers.2.0.weight", "downsample_layers.3.0.weight",
        }  # fmt: skip
        fan = values.numel() // values.shape[0]
        scale = fan**-0.5 if values.ndim >= 2 and ".grn." not in name else 0.1
        j = torch.arange(values.numel(), dtype=torch.float64)
        filled = float(is_norm) + scale * torch.sin(0.37 * j + k)
        values.data = filled.reshape(values.shape)
    return network


def golden_image() -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    y, x = y.double(), x.double()
    return torch.stack([torch.sin(0.11 * x + 0.07 * y), torch.cos(0.05 * x - 0.13 * y)])[None]


@pytest.mark.shared
@pytest.mark.skipif(not GOLDEN.is_file(), reason="no reference/surface beside this checkout")
def test_a_golden_pass_equals_the_published_code() -> None:
    network, image = golden_network(), golden_image()
    with torch.no_grad():
        stages = Encoder.forward(network, image)
        outs = {f"stage{i}": stage for i, stage in enumerate(stages)}
        outs |= {"pooled+norm": network.pooled(image), "head": network(image)}
    with GOLDEN.open() as file:
        for row in csv.DictReader(file):
            values = outs[row["point"]]
            assert str(tuple(values.shape)) == row["shape"]
            flat = values.flatten()
            told = {
                "mean": flat.mean(), "first": flat[0], "last": flat[-1],
                "middle": values[tuple(n // 2 for n in values.shape)],
                "std": flat.std() if flat.numel() > 1 else 0.0,
            }  # fmt: skip
            for name, value in told.items():
                assert float(value) == pytest.approx(float(row[name]), abs=1e-10), row["point"]


def test_a_golden_pass_has_the_published_head() -> None:
    # The same head, from surface.md 7.2 to ten digits, for checkouts without the reference.
    with torch.no_grad():
        assert float(golden_network()(golden_image())) == pytest.approx(0.2881786502, abs=1e-9)


@pytest.mark.shared
@pytest.mark.skipif(not GOLDEN.is_file(), reason="no reference/surface beside this checkout")
def test_response_normalisation_equals_the_published_code() -> None:
    told = json.loads((REFERENCE / "grn_golden.json").read_text())
    norm = GlobalResponseNorm(3).double()
    norm.gamma.data = torch.tensor(told["gamma"], dtype=torch.float64).reshape(1, 1, 1, 3)
    norm.beta.data = torch.tensor(told["beta"], dtype=torch.float64).reshape(1, 1, 1, 3)
    x = torch.tensor(told["x"], dtype=torch.float64).reshape(told["shape_nhwc"])
    expected = torch.tensor(told["y"], dtype=torch.float64)
    assert torch.allclose(norm(x).flatten(), expected, atol=1e-9)


def test_a_new_block_is_the_identity_in_its_response_norm() -> None:
    # By the definition: gamma and beta start at 0, so y = x.
    x = torch.randn(2, 4, 4, 8)
    assert torch.equal(GlobalResponseNorm(8)(x), x)


def stirred(grn_over: str = "image") -> Encoder:
    torch.manual_seed(3)
    encoder = Encoder(2, variant_named("atto"), grn_over=grn_over).double().eval()
    for name, values in encoder.named_parameters():
        if ".grn." in name:
            values.data = torch.randn_like(values)
    return encoder


def halves() -> torch.Tensor:
    """Left of two patches of 32 pixels is active, at stride 4."""
    active = torch.ones(2, 1, 16, 16, dtype=torch.float64)
    active[:, :, :, 8:] = 0.0
    return active


@pytest.mark.parametrize("grn_over", ["image", "batch"])
def test_what_lies_under_a_mask_changes_nothing(grn_over: str) -> None:
    encoder, active = stirred(grn_over), halves()
    image = torch.randn(2, 2, 64, 64, dtype=torch.float64)
    garbage = image.clone()
    garbage[:, :, :, 32:] = 1e6 * torch.randn(2, 2, 64, 32, dtype=torch.float64)
    with torch.no_grad():
        for a, b in zip(encoder(image, active), encoder(garbage, active), strict=True):
            assert torch.equal(a, b)
            half = a.shape[-1] // 2
            assert torch.equal(a[..., half:], torch.zeros_like(a[..., half:]))
            assert a[..., :half].abs().sum() > 0


def test_sparse_equals_dense_where_nothing_is_masked() -> None:
    encoder, image = stirred(), torch.randn(2, 2, 64, 64, dtype=torch.float64)
    whole = torch.ones(2, 1, 16, 16, dtype=torch.float64)
    with torch.no_grad():
        for a, b in zip(encoder(image), encoder(image, whole), strict=True):
            assert torch.equal(a, b)


def test_sparse_equals_the_dense_network_on_the_active_part_alone() -> None:
    # Zeros beyond the left half are what the padding of a dense pass over that half holds, and its
    # norms run over the same sites.
    encoder, active = stirred(), halves()
    image = torch.randn(2, 2, 64, 64, dtype=torch.float64)
    with torch.no_grad():
        sparse, dense = encoder(image, active), encoder(image[..., :32])
    for a, b in zip(sparse, dense, strict=True):
        assert torch.allclose(a[..., : b.shape[-1]], b, atol=1e-11)


def test_an_unknown_size_is_refused() -> None:
    with pytest.raises(RequestError, match="no ConvNeXt V2 'giant'; sizes are atto"):
        variant_named("giant")
