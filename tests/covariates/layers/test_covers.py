"""What grows on the classes of every legend of land cover."""

from __future__ import annotations

import pytest

from rootzone.covariates.layers.covers import cover_names, cover_of_class
from rootzone.covariates.layers.legends import packed_legends

# By what the classes are called: forests of needles are evergreen, towns and rock bare.
GROWS = {
    "worldcover": {10: "deciduous_forest", 20: "shrub", 30: "grass", 40: "crop", 50: "bare",
                   60: "bare", 80: "bare", 90: "grass"},
    "igbp": {1: "evergreen_forest", 2: "evergreen_forest", 4: "deciduous_forest", 7: "shrub",
             10: "grass", 12: "crop", 13: "bare", 16: "bare", 17: "bare"},
    "corine": {1: "bare", 12: "crop", 18: "grass", 23: "deciduous_forest", 24: "evergreen_forest",
               26: "grass", 27: "shrub", 31: "bare", 34: "bare", 41: "bare"},
    "nlcd": {11: "bare", 21: "grass", 24: "bare", 41: "deciduous_forest", 42: "evergreen_forest",
             52: "shrub", 71: "grass", 82: "crop", 90: "deciduous_forest"},
}  # fmt: skip


@pytest.mark.parametrize("legend", sorted(GROWS))
def test_a_class_has_the_cover_that_its_words_say(legend):
    classes = packed_legends()[legend].classes
    for code, cover in GROWS[legend].items():
        item = classes[code]
        assert cover_of_class(item.name, item.group, item.title) == cover, item
    for item in classes.values():  # none is left without
        assert cover_of_class(item.name, item.group, item.title) in cover_names()
