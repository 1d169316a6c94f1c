"""APSIM's zero first step: the textures on which the real SWIM3 stops stop here, and no others."""

import numpy as np
import pytest

from rootzone.campaign.model import Soil
from rootzone.engines.swim import batch_kernels, layout
from rootzone.engines.swim.batch import Columns, pack_layers, run_columns
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.hydraulics.soils import soils_from_textures

pytestmark = pytest.mark.kernels

THICKNESS_MM = np.array([50, 50, 50, 50, 100, 100, 100, 200, 200, 200, 200, 200], dtype=float)
# Sand and silt [%] on which the real SWIM3 died on its first day, and the other textures in steps
# of 20 %: reference/swim3/texture_scan.parquet, semi-arid weather, start half-way between LL15 and
# DUL, DTMin 0. The whole scan, 3,696 columns, is benchmarks/swim3_traps.py; none of it differs.
STOPS = {
    330.0: [(0, 0), (20, 0), (40, 0), (40, 20), (60, 0), (60, 20), (80, 0), (80, 20), (100, 0)],
    100.0: [(100, 0)],
}
TEXTURES = [(sand, silt) for sand in range(0, 101, 20) for silt in range(0, 101 - sand, 20)]
# The first two days of that weather, rain and Eo [mm d-1].
WEATHER = np.array([[0.0, 1.448666], [0.0, 1.248144]])


@pytest.mark.parametrize("dul_cm", [330.0, 100.0])
def test_a_start_half_way_to_dul_stops_where_the_real_one_does(dul_cm: float) -> None:
    sand, silt = (np.array(values, dtype=float) for values in zip(*TEXTURES, strict=True))
    soils = soils_from_textures(
        sand,
        silt,
        100.0 - sand - silt,
        np.arange(len(sand) + 1),
        limits=Soil(dul_suction_cm=dul_cm),
    )
    n_layer = len(THICKNESS_MM)
    names = ("ll15", "dul", "sat", "ks_mm_d", "kdul_mm_d", "theta_initial")
    soil = {name: np.repeat(soils[name], n_layer) for name in names}
    soil["psidul_cm"] = np.full(len(sand) * n_layer, -dul_cm)
    soil["thickness_mm"] = np.tile(THICKNESS_MM, len(sand))
    columns = Columns(
        pack_layers(soil, "swim3"),
        n_layer * np.arange(len(sand) + 1),
        soil["theta_initial"],
        WEATHER,
        np.array([0, len(WEATHER)]),
        np.zeros(len(sand), dtype=np.int64),
    )
    settings = settings_from_mapping("swim3", "apsim", {"reproduce_traps": True})
    status = run_columns(columns, settings, threads=1).report[:, batch_kernels.STATUS]
    stopped = [TEXTURES[i] for i in np.flatnonzero(status != layout.OK)]
    assert stopped == STOPS[dul_cm]
