"""Interpolated parameters against rosetta-soil called directly at 10,000 random textures."""

from __future__ import annotations

import numpy as np
from _figures import Figures, parser
from rosetta import rosetta

from rootzone.hydraulics.read_rosetta import read_rosetta_table
from rootzone.hydraulics.simplex import parameters_from_texture

N_TEXTURE = 10_000
CHUNK = 2_000
NAMES = ("theta_r", "theta_s", "alpha", "n", "Ks")


def main() -> None:
    arguments = parser(__doc__).parse_args()
    textures = np.random.default_rng(20240).dirichlet([1.0, 1.0, 1.0], N_TEXTURE) * 100.0
    parts = [
        rosetta(3, textures[start : start + CHUNK].tolist(), estimate_type="geo")[0][:, :5]
        for start in range(0, N_TEXTURE, CHUNK)
    ]
    direct = np.concatenate(parts).T
    direct[4] *= 10.0  # cm d-1 to mm d-1
    ours = parameters_from_texture(textures[:, 0], textures[:, 1], read_rosetta_table().values)
    difference_pct = 100.0 * np.abs(ours / direct - 1.0)
    figures = Figures()
    for name, values in zip(NAMES, difference_pct, strict=True):
        figures.add(f"{name}, median difference from rosetta-soil", np.median(values), "%", "< 0.2")
    for name, values in zip(NAMES, difference_pct, strict=True):
        worst = int(values.argmax())
        sand, silt, clay = textures[worst]
        place = f"at {sand:.1f}/{silt:.1f}/{clay:.1f}"
        figures.add(f"{name}, worst difference, {place}", values[worst], "%")
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
