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
)


def test_shares_of_the_first_metre_end_inside_a_layer() -> None:
    # 900 mm end a layer, the next is 200 mm: half of it counts, 100 of 1000 mm.
    share = layer_shares(THICKNESS_MM, 0.0, 1000.0)
    assert share.sum() == pytest.approx(1.0)
    assert share[np.cumsum(THICKNESS_MM) == 1100.0] == pytest.approx([0.1])
    assert not share[np.cumsum(THICKNESS_MM) > 1100.0].any()


def test_a_province_holds_whole_cells_of_every_sensor() -> None:
    grid = province_grid(ProvinceSettings())
    assert grid.shape == (72, 72)
    assert 72 % CELL_PX == 0
    lon, lat = grid.lon_lat(0, 0)
    assert (float(lon), float(lat)) == pytest.approx((-100.08, 40.12), abs=0.05)
    with pytest.raises(RequestError, match="multiple of 36"):
        ProvinceSettings(side_km=50)
