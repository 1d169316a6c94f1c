"""How far land pixels are from their nearest site in feature space, on a sample of the land."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rootzone.design.features import Space
from rootzone.design.run_draw import Draw
from rootzone.design.run_survey import Survey


@dataclass(frozen=True)
class Sample:
    """Positions of sampled pixels by stratum, and the space they lie in."""

    by_stratum: dict[int, Any]
    space: Space


@dataclass(frozen=True)
class Coverage:
    """Mean distances [land standard deviations] and quantization error."""

    mean_distance_to_a_site_of_any_stratum: float
    mean_distance_to_a_site_of_its_stratum: float
    quantization_error_within_strata: float

    def gains_over(self, other: Coverage) -> dict[str, float]:
        """How much lower each figure is than the other's, as a fraction."""
        mine, theirs = asdict(self), asdict(other)
        return {name.replace("_", " "): 1 - mine[name] / theirs[name] for name in mine}


def evaluation_sample(survey: Survey, space: Space, pixels: int, seed: int = 5) -> Sample:
    """A random sample of the candidates, each stratum in proportion; not the design's own."""
    rng = np.random.default_rng(seed)
    positions = {}
    for code, moments in survey.strata.items():
        wanted = min(max(1, round(pixels * moments.count / survey.land.count)), moments.count)
        chosen = np.sort(rng.choice(moments.count, wanted, replace=False, shuffle=False))
        group = int(np.searchsorted(survey.codes, code))
        positions[code] = space.place(survey.store.pick(group, chosen)["q"])
    return Sample(positions, space)


def coverage_of(draw: Draw, sample: Sample) -> Coverage:
    """Mean distance of the sampled pixels to the nearest drawn site, by k-d trees."""
    from scipy.spatial import cKDTree

    drawn = draw.rank == 0
    sites, stratum = sample.space.place(draw.records["q"][drawn]), draw.stratum[drawn]
    everywhere = cKDTree(sites)
    own, anywhere = [], []
    for code, positions in sample.by_stratum.items():
        own.append(cKDTree(sites[stratum == code]).query(positions)[0])
        anywhere.append(everywhere.query(positions)[0])
    within = np.concatenate(own)
    return Coverage(
        float(np.concatenate(anywhere).mean()), float(within.mean()), float((within**2).mean())
    )
