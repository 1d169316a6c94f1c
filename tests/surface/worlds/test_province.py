from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.surface.worlds.province import (
    CELL_PX,
    THICKNESS_MM,
    ProvinceSettings,
    layer_shares,
    province_grid,
    simulate_pixels,
)


def test_shares_of_the_first_metre_end_inside_a_layer() -> None:
    # 900 mm end a layer, the next is 200 mm: half of it counts, 100 of 1000 mm.
    share = layer_shares(THICKNESS_MM, 0.0, 1000.0)
    assert share.sum() == pytest.approx(1.0)
    assert share[np.cumsum(THICKNESS_MM) == 1100.0] == pytest.approx([0.1])
    assert not share[np.cumsum(THICKNESS_MM) > 1100.0].any()


def test_roots_dry_the_root_zone_and_not_only_the_surface() -> None:
    # Without roots only the surface loses water to the air: grass has to take from 100 mm down.
    short = {"side_km": 36, "first": "2022-06-01", "last": "2022-07-31"}
    at = np.array([3.5, 20.5, 33.5])
    bare, grown = (
        simulate_pixels(ProvinceSettings(**short, cover=c), at, at) for c in ("bare", "grass")
    )
    below = [p["0_100cm"] - 0.1 * p["0_10cm"] for p in (bare, grown)]
    lost = [float((layer[0] - layer[-1]).mean()) for layer in below]
    assert lost[1] > lost[0]
    assert float(below[1].mean()) < float(below[0].mean()) - 0.01


def test_a_province_holds_whole_cells_of_every_sensor() -> None:
    grid = province_grid(ProvinceSettings())
    assert grid.shape == (72, 72)
    assert 72 % CELL_PX == 0
    lon, lat = grid.lon_lat(0, 0)
    assert (float(lon), float(lat)) == pytest.approx((-100.08, 40.12), abs=0.05)
    with pytest.raises(RequestError, match="multiple of 36"):
        ProvinceSettings(side_km=50)
