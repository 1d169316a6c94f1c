"""Layers too thick for one node each are told."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from rootzone.engines.tables.table_mode import _coarse_layers


def table(*sites: list[float]) -> SimpleNamespace:
    start = np.concatenate(([0], np.cumsum([len(s) for s in sites])))
    thickness = np.array([t for site in sites for t in site])
    return SimpleNamespace(soil={"thickness_mm": thickness}, layer_start=start, n_site=len(sites))


def test_thick_layers_near_the_surface_are_told_for_swim3_alone() -> None:
    fine = [50.0, 50.0, 100.0, 100.0, 150.0, 300.0]  # 300 mm, but from 450 mm down: the sixth
    deep = [50.0] * 10 + [300.0, 900.0]  # thick only below 500 mm
    coarse = [200.0, 400.0, 900.0]
    assert _coarse_layers(table(deep, deep), "swim3") == []
    (told,) = _coarse_layers(table(deep, coarse, fine), "swim3")
    assert told.startswith("2 of 3 sites")
    assert "200 mm at 0 mm" in told
    assert _coarse_layers(table(coarse), "van_genuchten") == []
