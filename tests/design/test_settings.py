"""Design files."""

from __future__ import annotations

from pathlib import Path

import pytest

from rootzone._shared.errors import RequestError
from rootzone.design.settings import Design, load_design


def test_the_packed_default_is_the_default_of_the_model() -> None:
    packed = load_design("stratified_kmeans")
    assert packed == Design(name=packed.name, title=packed.title)


def test_the_packed_random_design_differs_in_its_method() -> None:
    assert load_design("stratified_random").method == "random"


def test_an_unknown_design_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RequestError, match="known are stratified_kmeans, stratified_random"):
        load_design("stratified_kmean")


def test_a_design_of_ones_own_is_read_beside_the_campaign(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\nsites_per_block: 64\n")
    assert load_design("mine.yaml", tmp_path).sites_per_block == 64


def test_unknown_keys_are_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\nfeatures: {sand: 1}\npases: 2\n")
    with pytest.raises(RequestError, match=r"features.sand: .*sand_pct.*pases: .*passes"):
        load_design("mine.yaml", tmp_path)
