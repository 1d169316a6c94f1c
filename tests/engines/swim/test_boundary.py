"""The bottom boundary as a text."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone.engines.swim import layout
from rootzone.engines.swim.boundary import parse_bottom


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("free_drainage", layout.BOTTOM_FREE_DRAINAGE),
        ("zero_flux", layout.BOTTOM_ZERO_FLUX),
        ("seepage", layout.BOTTOM_SEEPAGE),
        ("seepage:-10", layout.BOTTOM_SEEPAGE),
        ("head:-50", layout.BOTTOM_FIXED_HEAD),
        ("water_table:1200", layout.BOTTOM_FIXED_HEAD),
    ],
)
def test_every_boundary_has_its_kernel_number(text: str, kind: int) -> None:
    assert parse_bottom(text).kind == kind


def test_a_water_table_is_hydrostatic_at_the_profile_bottom() -> None:
    # By hand: a bottom at 1500 mm lies 300 mm below a table at 1200 mm, so +30 cm; one at
    # 1000 mm lies 200 mm above it, so -20 cm.
    psi = parse_bottom("water_table:1200").psi_cm(np.array([1500.0, 1000.0]))
    assert psi == pytest.approx([30.0, -20.0])


def test_seepage_begins_at_zero_head_unless_told_otherwise() -> None:
    depth = np.array([1000.0])
    assert parse_bottom("seepage").psi_cm(depth) == [0.0]
    assert parse_bottom("seepage:-10").psi_cm(depth) == [-10.0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("free_drain", "did you mean free_drainage"),
        ("head", "needs a value: head:psi_cm"),
        ("water_table", "needs a value: water_table:depth_mm"),
        ("zero_flux:3", "takes no value"),
        ("head:deep", "not a number"),
        ("head:nan", "not finite"),
        ("seepage:5", "0 or below"),
        ("water_table:-5", "below the surface"),
    ],
)
def test_a_wrong_boundary_says_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_bottom(text)
