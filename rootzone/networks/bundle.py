"""A trained model in a folder: weights, what they belong to, and how sure they are.

``weights.safetensors`` holds the weights of all members (``member0.`` and so on), ``bundle.json``
the network, the features, the depths, the calibration and the digests of what it was made from,
``card.md`` the same for a reader. The JSON is written last and names the weights' digest, so that a
half-written folder is never taken for a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from rootzone._shared.atomic import atomic_path, write_text
from rootzone._shared.digests import code_version, digest_file
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import read_sealed_json, sealed_json
from rootzone.networks.calibration import Calibration
from rootzone.networks.channels import FeatureSpec, require_same_spec
from rootzone.networks.ensemble import Ensemble, EnsemblePrediction
from rootzone.networks.families import Shape, from_dict, to_dict

FORMAT = 1
WEIGHTS, DESCRIPTION, CARD = "weights.safetensors", "bundle.json", "card.md"
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Bundle:
    """A trained model, ready to predict.

    Parameters
    ----------
    ensemble : Ensemble
        The networks, in evaluation mode on their device.
    config : Shape
        Their shape.
    spec : FeatureSpec
        The channels they take.
    depths_mm : tuple of float
        Depths they predict [mm], in the order of the output's depth axis.
    calibration : Calibration or None
        Width of the interval; None where there were too few places to fit it.
    info : dict
        Everything else of ``bundle.json``: settings, digests, validation, precision.
    digest : str
        Digest of the weights.
    """

    ensemble: Ensemble
    config: Shape
    spec: FeatureSpec
    depths_mm: tuple[float, ...]
    calibration: Calibration | None
    info: dict[str, Any]
    digest: str

    @property
    def models(self) -> list[nn.Module]:
        """The members."""
        return list(self.ensemble.members)

    @property
    def device(self) -> torch.device:
        """Where the networks are; the CPU for one that holds no numbers, such as physics alone."""
        held = chain(self.ensemble.parameters(), self.ensemble.buffers())
        return next((values.device for values in held), torch.device("cpu"))

    def predict(
        self, x: Tensor, soil: Tensor | None = None, *, bf16: bool = False
    ) -> EnsemblePrediction:
        """Mean over the members, without gradients.

        Parameters
        ----------
        x : tensor, shape (batch, channel, row, column)
            Scaled channels, NaN where missing.
        soil : tensor, shape (batch, depth, 4, row, column), optional
            theta_r, theta_s, alpha, n; needed where the output is bounded by the soil.
        bf16 : bool
            Whether the body works in bfloat16; ``info["bf16_error"]`` says what that costs.
        """
        with (
            torch.inference_mode(),
            torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=bf16),
        ):
            told: EnsemblePrediction = self.ensemble(x, soil)
        return told


def save_bundle(
    folder: Path,
    weights: Sequence[Mapping[str, Tensor]],
    config: Shape,
    spec: FeatureSpec,
    depths_mm: Sequence[float],
    calibration: Calibration | None,
    info: Mapping[str, Any],
) -> Path:
    """Write a trained model; an earlier one in the folder is replaced.

    Parameters
    ----------
    folder : Path
        Folder of the bundle, made where it is missing.
    weights : sequence of mapping
        State of each member.
    config, spec, depths_mm, calibration
        As in `Bundle`.
    info : mapping
        Further JSON values: settings, digests of inputs, validation.

    Returns
    -------
    Path
        The folder.
    """
    tensors = {
        f"member{k}.{name}": value.detach().cpu().contiguous()
        for k, state in enumerate(weights)
        for name, value in state.items()
    }
    path = folder / WEIGHTS
    (folder / DESCRIPTION).unlink(missing_ok=True)
    with atomic_path(path) as temporary:
        save_file(tensors, str(temporary))
    told = {
        **info,
        "format": FORMAT,
        "code": code_version(),
        "members": len(weights),
        "network": to_dict(config),
        "features": spec.to_dict(),
        "features_digest": spec.digest,
        "depths_mm": [float(d) for d in depths_mm],
        "calibration": None if calibration is None else calibration.to_dict(),
        "weights_digest": digest_file(path),
    }
    write_text(folder / DESCRIPTION, sealed_json(told))
    return folder


def load_bundle(
    folder: Path, expected_spec: FeatureSpec | None = None, device: torch.device = _CPU
) -> Bundle:
    """Read a trained model.

    Parameters
    ----------
    folder : Path
        Folder that `save_bundle` wrote.
    expected_spec : FeatureSpec, optional
        Features the model is to be fed with.
    device : torch.device
        Where the networks go.

    Raises
    ------
    RequestError
        There is no model, it is damaged or of another format, or it was trained with other
        features.
    """
    info = _description(folder)
    spec = FeatureSpec.from_dict(info["features"])
    if expected_spec is not None:
        require_same_spec(spec, expected_spec)
    config = from_dict(info["network"])
    ensemble = _ready(config, _states(folder / WEIGHTS, info), device)
    fitted = info["calibration"]
    return Bundle(
        ensemble, config, spec, tuple(info["depths_mm"]),
        None if fitted is None else Calibration.from_dict(fitted), info, info["weights_digest"],
    )  # fmt: skip


def bundle_in_memory(
    weights: Sequence[Mapping[str, Tensor]],
    config: Shape,
    spec: FeatureSpec,
    depths_mm: Sequence[float],
    device: torch.device = _CPU,
) -> Bundle:
    """A model that is not in a folder yet, to be calibrated first; its digest is empty.

    Parameters
    ----------
    weights, config, spec, depths_mm
        As in `save_bundle`.
    device : torch.device
        Where the networks go.
    """
    ensemble = _ready(config, weights, device)
    return Bundle(ensemble, config, spec, tuple(depths_mm), None, {}, "")


def digest_of(folder: Path) -> str | None:
    """Digest of the weights of a model, without reading them; None where there is no model."""
    if not (folder / DESCRIPTION).exists():
        return None
    return str(_description(folder)["weights_digest"])


def _description(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    if not path.exists():
        raise RequestError(
            f"{folder} holds no trained model ({DESCRIPTION} is missing). Run rootzone train "
            "first, or name another --run."
        )
    try:
        info = read_sealed_json(path, "Run rootzone train again.")
        version = info["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RequestError(f"{path} is damaged: {error!r}. Run rootzone train again.") from error
    if version != FORMAT:
        raise RequestError(
            f"{path} is of format {version}, this version of rootzone reads {FORMAT}. Run rootzone "
            "train again."
        )
    return info


def _states(path: Path, info: Mapping[str, Any]) -> list[dict[str, Tensor]]:
    """Weights of each member."""
    try:
        digest = digest_file(path)
        if digest != info["weights_digest"]:
            raise RequestError(
                f"{path} has the digest {digest}, not {info['weights_digest']} as {DESCRIPTION} "
                "says: the two do not belong together. Run rootzone train again."
            )
        tensors = load_file(str(path))
    except (OSError, SafetensorError) as error:
        raise RequestError(f"{path} cannot be read: {error}. Run rootzone train again.") from error
    return [
        {
            name.removeprefix(f"member{k}."): value
            for name, value in tensors.items()
            if name.startswith(f"member{k}.")
        }
        for k in range(int(info["members"]))
    ]


def _ready(config: Shape, states: Sequence[Mapping[str, Tensor]], device: torch.device) -> Ensemble:
    """Networks with their weights, in evaluation mode on a device."""
    members = []
    for state in states:
        network = config.build()
        network.load_state_dict(dict(state))
        members.append(network)
    ensemble = Ensemble(members).to(device).eval()
    ensemble.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return ensemble
