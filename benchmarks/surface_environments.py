"""Choosing among many models by environment on the made-up province: time, plants, scales.

    python benchmarks/surface_environments.py --work /tmp/environments [--candidates 36]

Writes the province's files, reads samples from them as ``rootzone surface train`` does (48
stations, every third day), and then

* times the choice among ``--candidates`` models (ridge, boosted trees of many settings, SCA-V, the
  differentiable retrieval, a U-Net, climatology) with 5 outer and 4 inner folds of stations;
* plants: on grass an optical column tells moisture and brightness is another day's, elsewhere it is
  the other way round. The choice must find it and be more than 20 % better in ubRMSE than the
  global winner where that is wrong; columns of noise must never be chosen;
* fits models on samples of 1, 3, 9 and 36 km and holds maps of 1 km, averaged, against maps at 9
  and 36 km: mean absolute difference within .02, bias within .005.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import polars as pl
from _figures import Figures, parser
from surface_province import kept

from rootzone._shared.cores import cores_given
from rootzone._shared.skill import skill_of
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.chosen.bands import FEATURES, bands_at, blocks
from rootzone.surface.chosen.differentiable import Differentiable
from rootzone.surface.chosen.open_choice import PHYSICS, OpenChoice, scene_bands
from rootzone.surface.chosen.unet import UNet
from rootzone.surface.select.candidates import SHY, Candidate, Climatology, Ridge, ScaV, Trees
from rootzone.surface.select.choose import select
from rootzone.surface.select.chosen_graph import SCENE
from rootzone.surface.select.environments import told_environments
from rootzone.surface.select.interpret import interpret
from rootzone.surface.worlds.province import ProvinceSettings
from rootzone.surface.worlds.samples import look_at
from rootzone.surface.worlds.write_province import write_province

CAMPAIGN = """\
name: environments
region: {bounds_lonlat_deg: [-100.1, 39.7, -99.2, 40.45]}
years: [2022]
surface:
  system: select
  select:
    candidates: [climatology, sca_v, ridge_physics, trees_physics, unet]
    by: [cover, texture]
    scales_km: [SCALES]
"""


def main() -> None:
    asked = parser(__doc__)
    asked.add_argument("--work", type=Path, required=True)
    asked.add_argument("--cache", type=Path, default=Path("/tmp"))  # noqa: S108
    asked.add_argument("--candidates", type=int, default=36)
    asked.add_argument("--outer", type=int, default=5)
    asked.add_argument("--inner", type=int, default=4)
    asked.add_argument("--every", type=int, default=1, help="Take every n-th day.")
    asked.add_argument("--only", choices=("one_fit", "time", "plants", "scales"))
    given = asked.parse_args()
    choice = opened(given.work, given.cache, "1")
    samples = choice.samples(print)
    days = samples["date"].unique().sort().to_list()[:: given.every]
    samples = samples.filter(pl.col("date").is_in(days))
    places = choice.classes_of_stations()
    figures = Figures()
    if given.only == "one_fit":
        one_fit(samples, given.candidates, figures)
    if given.only in (None, "time"):
        timed(samples, places, given, figures)
    if given.only in (None, "plants"):
        for seed in range(3):
            planted(samples, places, seed, figures)
    if given.only in (None, "scales"):
        scales(opened(given.work, given.cache, "1, 3, 9, 36"), figures)
    figures.show(as_json=given.json)


def opened(work: Path, cache: Path, scales_km: str) -> OpenChoice:
    data = work / "data" / "surface"
    if not (data / "checksums.json").exists():
        write_province(data, look_at(kept(ProvinceSettings(), cache), 0))
    campaign = work / f"campaign_{scales_km.count(',')}.yaml"
    campaign.write_text(CAMPAIGN.replace("SCALES", scales_km))
    return OpenChoice(OpenSurface.of(campaign))


def many(n: int) -> list[Candidate]:
    """``n`` candidates, all kinds among the first nine."""
    physics = (*FEATURES, PHYSICS)
    found: list[Candidate] = [
        Climatology(), ScaV(), Differentiable(epochs=150), Ridge("ridge", FEATURES),
        Ridge("ridge_physics", physics), Trees("trees", FEATURES, 200),
        Trees("trees_physics", physics, 200, SHY, True),
        Trees("trees_shy", FEATURES, 200, SHY, True), UNet(FEATURES),
    ]  # fmt: skip
    for leaves in (5, 7, 15, 31):
        for rate in (0.02, 0.05, 0.1):
            for names, told in ((FEATURES, "raw"), (physics, "physics")):
                settings = {"num_leaves": leaves, "learning_rate": rate, "lambda_l2": 5.0}
                found.append(Trees(f"{told}_{leaves}_{rate}", names, 200, settings, True))
    found += [Ridge(f"ridge_{p}", physics, p) for p in (10.0, 100.0, 1000.0)]
    return found[:n]


def one_fit(samples: pl.DataFrame, n: int, figures: Figures) -> None:
    """CPU and skill of each candidate, fitted once on four fifths of the stations for the rest.

    A choice with 5 outer and 4 inner folds does this 30 times.
    """
    held = pl.col("station").is_in(samples["station"].unique().sort().to_list()[::5])
    total = 0.0
    for candidate in many(n):
        cpu = time.process_time()
        told = candidate.fit(samples.filter(~held), 0).predict(samples.filter(held))
        cpu = time.process_time() - cpu
        total += cpu
        skill = skill_of(told, samples.filter(held)["theta"].to_numpy())
        figures.add(f"{candidate.name}, one fit", cpu, f"s of CPU; R {skill.r:.3f}, "
                    f"RMSE {skill.rmse:.4f}, ubRMSE {skill.ubrmse:.4f}")  # fmt: skip
    figures.add("all, 30 times", 30.0 * total, "s of CPU", "< 600 for 300 s on 2 cores")


def timed(samples: pl.DataFrame, places: pl.DataFrame, given: object, figures: Figures) -> None:
    environments = told_environments(places, ("cover", "texture"))
    candidates = many(given.candidates)  # type: ignore[attr-defined]
    wall, cpu = time.perf_counter(), time.process_time()
    found = select(
        samples, environments, candidates, outer=given.outer, inner=given.inner,  # type: ignore[attr-defined]
        say=lambda line: print(f"{line} {time.perf_counter() - wall:.0f} s", flush=True),
    )  # fmt: skip
    figures.add("candidates", len(candidates), "-")
    figures.add("environments", environments["environment"].n_unique(), "-")
    figures.add("samples", samples.height, "-")
    figures.add("cores", cores_given(), "-")
    figures.add("choice, by the clock", time.perf_counter() - wall, "s", "< 300 on 2 cores")
    figures.add("choice, CPU", time.process_time() - cpu, "s")
    for one in found.choices:
        print(one.environment, one.model, f"{one.ubrmse:.4f}", one.reason)


def planted(samples: pl.DataFrame, places: pl.DataFrame, seed: int, figures: Figures) -> None:
    """Sensors that tell moisture on grass only, or elsewhere only."""
    rng = np.random.default_rng(seed)
    n = samples.height
    joined = samples.join(places, on="station", how="left", maintain_order="left")
    is_grass = (joined["cover"] == "grass").to_numpy()
    theta = samples["theta"].to_numpy()
    other_day = rng.permutation(n)
    world = samples.with_columns(
        optical=pl.Series(np.where(is_grass, theta, theta[other_day]) + 0.01 * rng.normal(size=n)),
        noise_a=pl.Series(rng.normal(size=n)), noise_b=pl.Series(rng.normal(size=n)),
        **{
            name: pl.Series(np.where(is_grass, v[other_day], v))
            for name in ("tb_v", "tb_h", PHYSICS)
            for v in (samples[name].to_numpy(),)
        },
    )  # fmt: skip
    environments = told_environments(places, ("cover",))
    candidates: list[Candidate] = [
        Ridge("radiometer", ("tb_v", "tb_h", "t_k", PHYSICS)), Ridge("optical", ("optical",)),
        Ridge("noise", ("noise_a", "noise_b")), Climatology(),
    ]  # fmt: skip
    for name, frame in (("planted", world), ("not planted", plain(world, samples))):
        found = select(frame, environments, candidates, seed=seed)
        told = found.predicted
        worst = 0.0
        for choice in found.choices:
            part = told.filter(pl.col("environment") == choice.environment)
            off = {m: (part[m] - part["observed"]).std() for m in ("chosen", found.winner)}
            worst = max(worst, 1.0 - off["chosen"] / off[found.winner])  # type: ignore[operator]
        models = ", ".join(f"{c.environment}: {c.model}" for c in found.choices)
        goal = "> 0.20" if name == "planted" else "0"
        figures.add(f"{name}, seed {seed}: gain over the global winner", worst, models, goal)
        noisy = told.filter(pl.col("model") == "noise").height
        figures.add(f"{name}, seed {seed}: rows given to noise", noisy, "-", "0")


def plain(world: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """The same columns without a plant: the radiometer tells moisture everywhere."""
    return world.with_columns(
        *(samples[name] for name in ("tb_v", "tb_h", PHYSICS)),
        optical=pl.Series(np.random.default_rng(9).permutation(samples["theta"].to_numpy())),
    )


def scales(choice: OpenChoice, figures: Figures) -> None:
    """Maps of one model at several scales."""
    samples = choice.samples(print)
    names = (*FEATURES, "scale_km")
    physics = (*names, PHYSICS)
    bands = scene_bands(SCENE)
    look = int(np.linspace(0, choice.opened.scene.days.size - 1, 5)[2])
    for candidate in (
        ScaV(), Ridge("ridge_physics", physics), Trees("trees_physics", physics, 200, SHY, True)
    ):  # fmt: skip
        graph = candidate.fit(samples, 0).graph(bands)
        told = {}
        for km in (1, 9, 36):
            fields = bands_at(choice.opened.scene, look, km)
            told[km] = next(iter(interpret(graph, {SCENE: fields}).values()))
        for km in (9, 36):
            apart = blocks(told[1], km) - told[km]
            figures.add(f"{candidate.name}, 1 to {km} km: mean |d|",
                        float(np.nanmean(np.abs(apart))), "m3 m-3", "<= .02")  # fmt: skip
            figures.add(f"{candidate.name}, 1 to {km} km: bias",
                        float(np.nanmean(apart)), "m3 m-3", "|.| <= .005")  # fmt: skip


if __name__ == "__main__":
    main()
