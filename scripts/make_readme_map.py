"""Draw docs/figures/demo_map.png from a demo: ``python scripts/make_readme_map.py DIR``."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image

from rootzone._shared.arrays import FloatArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.figure_style import (
    THETA_LABEL,
    THETA_RANGE,
    bare,
    figure_bytes,
    new_figure,
    spread_colours,
    styled,
    theta_colours,
)

OUT = Path(__file__).resolve().parents[1] / "docs" / "figures" / "demo_map.png"
DAYS = ("20230415", "20230815")


def band(path: Path, number: int) -> FloatArray:
    """A band of a map in physical units, NaN where there is none."""
    with rasterio.open(path) as file:
        stored = file.read(number, masked=True).astype(float)
        values = stored * file.scales[number - 1] + file.offsets[number - 1]
    return np.asarray(values.filled(np.nan))


@styled
def draw(demo: Path) -> bytes:
    """Water content on two days, and how far to trust it."""
    figure = new_figure(9.6, 4.2)
    axes = figure.subplots(1, 3)
    for axis, day in zip(axes, DAYS, strict=False):
        theta = band(demo / "maps" / f"theta_0200mm_{day}.tif", 1)
        image = axis.imshow(theta, cmap=theta_colours(), vmin=THETA_RANGE[0], vmax=THETA_RANGE[1])
        axis.set_title(f"20 cm, {day[:4]}-{day[4:6]}-{day[6:]}")
        figure.colorbar(image, ax=axis, orientation="horizontal", label=THETA_LABEL, pad=0.04)
    distance = band(demo / "maps" / "trust.tif", 1)
    image = axes[2].imshow(distance, cmap=spread_colours(), vmin=0.0)
    axes[2].set_title("how far from any training site")
    label = "distance in feature space [-]"
    figure.colorbar(image, ax=axes[2], orientation="horizontal", label=label, pad=0.04)
    for axis in axes:
        bare(axis)
        axis.grid(visible=False)
        axis.set_xticks([])
        axis.set_yticks([])
    return few_colours(figure_bytes(figure, "png", dpi=100))


def few_colours(png: bytes) -> bytes:
    """The same picture with 128 colours, a third of the size."""
    out = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(128).save(out, "png", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    with atomic_path(OUT) as temporary:
        temporary.write_bytes(draw(Path(sys.argv[1])))
    print(OUT)
