from __future__ import annotations

from pathlib import Path

from rootzone.campaign.model import Features
from rootzone.learning.scene.describe_features import channel_table
from rootzone.learning.scene.features import faithful_features, features_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "features.md"


def test_the_docs_hold_the_table_of_the_code() -> None:
    assert channel_table(faithful_features()) in PAGE.read_text()


def test_the_docs_hold_the_channels_that_options_bring() -> None:
    features = Features(aspect="sincos", surface_moisture="s_{date}.tif")
    rows = channel_table(features_of(features)).splitlines()
    brought = [row for row in rows if "aspect_" in row or "surface_theta" in row]
    assert len(brought) == 3
    for row in brought:
        assert row in PAGE.read_text()


def test_every_option_of_the_campaign_stands_in_the_docs() -> None:
    for key in Features.model_fields:
        assert f"`{key}`" in PAGE.read_text(), key


def test_a_channel_for_each_class_says_which_legend() -> None:
    table = channel_table(features_of(Features(classes="onehot")))
    assert "| land_cover_42 | - | 0 | 1 | catalog.land_cover, legend nlcd |" in table
