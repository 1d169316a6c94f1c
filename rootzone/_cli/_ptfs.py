"""Names of pedotransfer functions for options, so that ``--help`` need not load the hydraulics."""

from __future__ import annotations

# As rootzone.hydraulics.pedotransfer.PTF_NAMES; a test holds the two together.
PTFS = (
    "rosetta3",
    "rosetta3_h3",
    "rosetta3_h4",
    "rosetta3_h5",
    "wosten1999",
    "weynants2009",
    "saxton_rawls2006",
    "toth2015",
)
