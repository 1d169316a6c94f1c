from __future__ import annotations

import re

import pytest

from rootzone.covariates.layers.tiles import Tiles

WHOLE_EARTH = (-180.0, -90.0, 180.0, 90.0)


# Names as the packed catalogs spell them.
@pytest.mark.parametrize(
    "name", ["lat{south}{north}_lon{west}{east}", "{NS}{lat:02}_00_{EW}{lon:03}_00"]
)
def test_the_shape_of_names_fits_every_tile_and_nothing_else(name: str) -> None:
    tiles = Tiles(name=name, degrees=5)
    names = tiles.names(WHOLE_EARTH)
    assert len(names) == 36 * 72
    assert all(re.fullmatch(tiles.shape(), one) for one in names)
    assert not any(re.fullmatch(tiles.shape(), one) for one in ("mine", "a" + names[0]))


def test_a_date_that_a_provider_adds_may_follow() -> None:
    shape = Tiles(name="{ns}{lat:02}{ew}{lon:03}", corner="nw").shape()
    assert re.fullmatch(shape, "n40w106_20230602")  # as 3DEP serves its tiles
