from __future__ import annotations

import json

import pytest

from rootzone._shared.digests import digest_json
from rootzone.campaign.learning_section import Learning
from rootzone.networks.families import config_of
from rootzone.networks.settings import TrainSettings


def test_every_training_key_of_the_campaign_reaches_the_run() -> None:
    asked = {
        "epochs": 7, "steps_per_epoch": 9, "batch_size": 5, "optimiser": "adam",
        "learning_rate": 0.02, "weight_decay": 0.3, "lr_schedule": "step", "clip_norm": 2.5,
        "patience_epochs": 4, "precision": "bf16", "simulated_batch_probability": 0.6,
        "mixing_schedule": "linear",
    }  # fmt: skip
    settings = TrainSettings.of(Learning(**asked, physics="bound"), seed=11)
    told = settings.to_dict()
    assert {key: told[key] for key in asked} == asked
    assert settings.seed == 11
    assert told["loss"]["physics"] == "bound"


@pytest.mark.parametrize(
    ("settings", "digest"),
    [
        (TrainSettings(), "d1302e9229cf7ba6"),
        (TrainSettings.of(Learning(), 7), "c817fe3c6333f9de"),
        (
            TrainSettings.of(
                Learning(lambda_bound="balanced", epochs=3, physics="bound"), 7
            ).for_member(1),
            "6d85729706ce366e",
        ),
    ],
)
def test_runs_keep_the_identity_they_had(settings: TrainSettings, digest: str) -> None:
    # regression: digests of commit d306896, so that checkpoints and runs of then are known again.
    assert digest_json(settings.to_dict()) == digest


def test_the_settings_are_json() -> None:
    told = TrainSettings().to_dict()
    assert json.loads(json.dumps(told)) == told


def test_members_have_seeds_of_their_own_and_the_first_keeps_the_campaigns() -> None:
    settings = TrainSettings(seed=3)
    seeds = [settings.for_member(k).seed for k in range(5)]
    assert seeds[0] == 3
    near = [TrainSettings(seed=4).for_member(k).seed for k in range(5)]
    assert len({*seeds, *near}) == 10


def test_the_default_network_is_net_a_with_the_campaigns_output() -> None:
    config = config_of(Learning(output="bounds", head="normal"), n_channels=20, n_depths=2)
    assert config.widths == (64, 128, 256)
    assert (config.n_depths, config.output, config.head) == (2, "bounds", "normal")


@pytest.mark.parametrize("widths", [(8, 16, 32), (4, 8), (4, 8, 8, 16)])
def test_any_number_of_widths_makes_a_network(widths: tuple[int, ...]) -> None:
    config = config_of(Learning(widths=widths), n_channels=20, n_depths=1)
    assert config.widths == widths
    # The block at the full resolution keeps net A's double convolution on both sides.
    assert (config.encoder_convs[0], config.decoder_convs[-1]) == (2, 2)
