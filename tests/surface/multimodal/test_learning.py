from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from rootzone.networks.mixing import SIMULATED
from rootzone.networks.run_training import new_network
from rootzone.surface.multimodal.chips import Chips
from rootzone.surface.multimodal.modalities import Inputs
from rootzone.surface.multimodal.network import MultimodalConfig
from rootzone.surface.multimodal.run_training import learn_stage

INPUTS = Inputs.of("all", ("s1", "terrain"))


def fields(n: int) -> Chips:
    """Moisture of soil and rain; radar hears it under speckle, heights the soil, a scalar rain.

    Channels lie as real ones do, with spreads of hundredths around a large mean.
    """
    rng = np.random.default_rng(0)
    x = np.full((n, len(INPUTS.names), 32, 32), 0.5)
    at = {name: k for k, name in enumerate(INPUTS.names)}
    soil = 8.0 * gaussian_filter(rng.standard_normal((n, 32, 32)), (0, 3, 3))
    wet = rng.standard_normal((n, 1, 1))
    theta = 0.20 + 0.03 * soil + 0.04 * wet
    x[:, at["vv_db"]] = 0.45 + 1.4 * (theta - 0.2) + 0.1 * rng.standard_normal(theta.shape)
    x[:, at["height_m"]] = 0.13 + 0.02 * soil
    x[:, at["rain_1d_mm"]] = 0.05 + 0.03 * wet
    zero, middle = np.zeros(n, int), np.full(n, 16)
    number = np.arange(n)
    return Chips(x.astype(np.float16), theta, middle, middle, number, zero, 32, source=SIMULATED)


def test_a_few_dozen_steps_teach_it(tmp_path: Path) -> None:
    config = MultimodalConfig(
        modalities=INPUTS.widths, n_scalars=len(INPUTS.scalars), variant="mini", window_px=32
    )
    chips, held = fields(96), np.arange(96) % 6 == 0
    rmse = learn_stage(
        new_network(config, 0), chips.of(~held, moved=True), chips.of(held), tmp_path,
        epochs=3, seed=0, learning_rate=4e-3, batch_size=8, identity={},
    )  # fmt: skip
    # The labels' own spread is .05, which a network that stays at their mean is off by.
    assert rmse < 0.6 * float(chips.y[held].std())
