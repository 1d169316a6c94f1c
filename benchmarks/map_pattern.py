"""Maps of a made-up campaign against the truth at every pixel, and the lattice they carry.

Reads what `rootzone demo DIR` (or any campaign of made-up data with a folder data/truth) has made:
every folder of maps is scored on every day with a truth. The pattern is the spread of the 64 phase
means of the field less its mean over 17 pixels. ``--before DIR --picture FILE`` draws a window of
the first map of another campaign on the same land above the same window of this one's: water
content, what is finer than 17 pixels, and the phase means with their spread.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import numpy as np
import rasterio
from _figures import Figures, parser

from rootzone._shared.arrays import FloatArray
from rootzone.made_up.truth import read_truth
from rootzone.maps.encoding import unpack_theta
from rootzone.maps.scores import fine, pattern_of, phase_means, score_map, spectrum

MOST_PATTERN = 0.003  # m3 m-3, asked


def maps_of(folder: Path) -> dict[str, list[Path]]:
    """Folders of maps below a campaign's, by a name for each."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("theta_*mm_*.tif")):
        if not path.name.endswith(".flags.tif") and ".parts" not in path.parts:
            name = path.parent.relative_to(folder).as_posix().replace(".", "own")
            found.setdefault(name, []).append(path)
    return found


def opened(path: Path) -> tuple[FloatArray, float, datetime]:
    """Water content, depth and day of a map."""
    _, depth, day = path.stem.split("_")
    with rasterio.open(path) as file:
        theta = unpack_theta(file.read(1))
    return theta, float(depth.removesuffix("mm")), datetime.strptime(day, "%Y%m%d")


def add_spectrum(figures: Figures, name: str, pairs: list[tuple[FloatArray, FloatArray]]) -> None:
    """Variance of the map over that of the truth, by wavelength."""
    mine = np.mean([spectrum(theta)[1] for theta, _ in pairs], axis=0)
    wavelength, _ = spectrum(pairs[0][1])
    theirs = np.mean([spectrum(truth)[1] for _, truth in pairs], axis=0)
    for px, ratio in zip(wavelength, mine / theirs, strict=True):
        figures.add(f"{name}: variance at {px:.0f} px over the truth's", float(ratio), "-")


def picture(before: Path, after: Path, out: Path, side: int = 96) -> None:
    """A window of both campaigns' first maps, one colour scale a column."""
    from matplotlib.figure import Figure

    whole = [opened(maps_of(folder / "maps")["own"][0])[0] for folder in (before, after)]
    row, col = (size // 2 // 8 * 8 for size in whole[0].shape)
    here = (slice(row, row + side), slice(col, col + side))
    figure = Figure(figsize=(8.4, 5.2), layout="constrained")
    axes = figure.subplots(2, 3)
    for line, (theta, name) in enumerate(zip(whole, ("before", "after"), strict=True)):
        small = fine(theta)
        phases = phase_means(theta)
        shown = (
            (theta[here], "YlGnBu", (0.05, 0.40), "water content"),
            (small[here], "RdBu", (-0.06, 0.06), "finer than 17 px"),
            (phases, "RdBu", (-0.06, 0.06), f"phase means, {np.ptp(phases):.4f}"),
        )
        for axis, (values, colours, (low, high), title) in zip(axes[line], shown, strict=True):
            image = axis.imshow(values, cmap=colours, vmin=low, vmax=high, interpolation="nearest")
            axis.set_title(f"{name}: {title}", fontsize=9)
            axis.set(xticks=[], yticks=[])
            figure.colorbar(image, ax=axis, shrink=0.8, label="m3 m-3")
    figure.savefig(out, dpi=90)


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("campaign", type=Path, help="folder of the campaign")
    parsed.add_argument("--before", type=Path, help="folder of another campaign on this land")
    parsed.add_argument("--picture", type=Path, help="PNG to draw, with --before")
    arguments = parsed.parse_args()
    if arguments.before is not None and arguments.picture is not None:
        picture(arguments.before, arguments.campaign, arguments.picture)
    figures = Figures()
    for name, paths in maps_of(arguments.campaign / "maps").items():
        patterns, scores, pairs = [], [], []
        for path in paths:
            theta, depth, day = opened(path)
            patterns.append(pattern_of(theta))
            truth = read_truth(arguments.campaign / "data" / "truth", depth, day.date())
            if truth is not None:
                scores.append(asdict(score_map(theta, truth)))
                pairs.append((np.where(np.isfinite(theta), truth, np.nan), theta))
        figures.add(
            f"{name}: pattern of period 8, largest of {len(paths)} maps",
            max(patterns), "m3 m-3", f"<= {MOST_PATTERN}",
        )  # fmt: skip
        for key in scores[0] if scores else ():
            unit = "" if key in ("n", "r2", "detail", "detail_r", "edge_ratio") else "m3 m-3"
            figures.add(f"{name}: {key}", float(np.mean([s[key] for s in scores])), unit or "-")
        if pairs:
            add_spectrum(figures, name, [(theta, truth) for truth, theta in pairs])
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
