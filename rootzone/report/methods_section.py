"""A methods paragraph with citations and settings, computed from what was run, ready to paste."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootzone import __version__
from rootzone._shared.words import listed, plural
from rootzone.campaign.model import BY_LAND_COVER
from rootzone.engines.kinds import kind_of
from rootzone.labels.distribution import L1_BIN_WIDTH
from rootzone.report.document import Code, Section, Table, Text
from rootzone.report.references import PTF_TITLES, cited, numbered

if TYPE_CHECKING:
    from rootzone.covariates.layers.source import Source
    from rootzone.report.read_inputs import ReportInputs

_PHYSICS = {
    "van_genuchten": "the retention and conductivity functions of van Genuchten and Mualem (van "
    "Genuchten 1980; Mualem 1976)",
    "swim3": "the retention and conductivity curves of SWIM3, built from LL15, DUL, SAT and Ks "
    "(Huth et al. 2012)",
}
_STEPS = {
    "converged": "time steps that control their own error",
    "apsim": "the time steps of APSIM's SWIM3",
}
_SPLITS = {
    "season_dates": "dates shuffled within each year and season",
    "blocked_dates": "whole blocks of neighbouring dates, shuffled within each year and season",
    "stations": "whole stations",
    "regions": "whole regions",
}


def methods_section(inputs: ReportInputs) -> Section:
    """The paragraph, its references, and the data with licence and version."""
    paragraphs = methods_text(inputs)
    text = "\n\n".join(paragraphs)
    return Section(
        "methods", "Methods, ready to paste", "Methods",
        (
            Text("Written from the resolved campaign and what lies on disk; a stage that was not "
                 "run is not described."),
            Code(text, prose=True),
            Text("References", "head"),
            Code(numbered(cited(text)), prose=True),
            Text("Data", "head"),
            _data_table(inputs),
        ),
    )  # fmt: skip


def methods_text(inputs: ReportInputs) -> list[str]:
    """The paragraphs, one a stage that was run."""
    found = [_land(inputs)]
    if inputs.sites is not None:
        found.append(_sites(inputs))
    if inputs.top_soils is not None:
        found.append(_soils(inputs))
    if inputs.profiles:
        found.append(_simulation(inputs))
    if inputs.labels is not None:
        found.append(_labels(inputs))
    if (inputs.workspace.learning(inputs.run) / "log.csv").exists():
        found.append(_learning(inputs))
    if (inputs.workspace.evaluation(inputs.run) / "skill.parquet").exists():
        found.append(_evaluation())
    if any(inputs.workspace.maps.glob("theta_*.tif")):
        found.append(_maps(inputs))
    found.append(_code(inputs))
    return found


def _land(inputs: ReportInputs) -> str:
    campaign, grid = inputs.campaign, inputs.grid
    titles = [source.title for source in inputs.sources.values()]
    unreal = f" What is not real: {inputs.made_up}" if inputs.made_up else ""
    return (
        f"All data were put on one grid of {grid.resolution_m:g} m pixels ({inputs.grid.crs}, "
        f"{grid.width} x {grid.height} pixels): {'; '.join(titles)}. Daily weather was taken from "
        f"{_title(inputs.sources.get('forcing'))}, potential evapotranspiration "
        f"{_pet(campaign.weather.pet)}.{unreal}"
    )


def _title(source: Source | None) -> str:
    return "the forcing source" if source is None else source.title


def _pet(choice: str) -> str:
    return {
        "delivered": "as delivered with it",
        "fao56": "computed after FAO-56",
        "hargreaves": "computed after Hargreaves",
        "apsim": "computed as APSIM does",
    }[choice]


def _sites(inputs: ReportInputs) -> str:
    settings, sites = inputs.campaign.sites, inputs.sites
    assert sites is not None  # noqa: S101 - asked before
    strata = plural(sites["stratum"].n_unique(), "stratum", "strata")
    left_out = ", ".join(map(str, inputs.excluded_cover))
    return (
        f"{sites.height:,} sites were drawn ({settings.per_year:,} a year for "
        f"{listed([str(year) for year in inputs.campaign.years])}) from {strata} of land cover by "
        f"climate class with the design {settings.design}, {settings.allocation} allocation and at "
        f"least {settings.min_per_stratum} sites a stratum (seed {inputs.campaign.seeds.sites}); "
        f"land-cover classes {left_out} were no candidates. Each site carries the number of pixels "
        f"it stands for as its weight."
    )


def _soils(inputs: ReportInputs) -> str:
    soil, profile = inputs.campaign.soil, inputs.campaign.profile.thickness_mm
    source = (
        "Van Genuchten parameters of each layer were taken from POLARIS"
        if soil.ptf == "polaris_van_genuchten"
        else "Van Genuchten parameters of each layer were predicted from its texture with "
        f"{PTF_TITLES[soil.ptf]}"
    )
    return (
        f"Texture was averaged to {len(profile)} layers down to {sum(profile) / 10:g} cm. "
        f"{source}; the drained upper limit is the water content at {soil.dul_suction_cm:g} cm of "
        f"suction, the lower limit at {soil.ll15_suction_cm:,.0f} cm and air-dry at "
        f"{soil.airdry_suction_cm:,.0f} cm. Values outside the guardrails were adjusted, and every "
        "adjustment recorded."
    )


def _simulation(inputs: ReportInputs) -> str:
    engine, runs = inputs.campaign.engine, inputs.runs
    kind = kind_of(engine.name)
    outcome = ""
    if runs is not None and runs.done:
        outcome = (
            f" {runs.done:,} sites finished; {runs.failed_pct:.3g} % of those tried "
            "failed and were replaced by stand-ins of their stratum or recorded."
        )
    return (
        f"{_ground(inputs.campaign.cover)} was simulated {kind.title} of Richards' equation "
        f"(Richards 1931) using {_PHYSICS[engine.physics]}, {_STEPS[engine.stepping]}, "
        f"{kind.evaporation(engine)}, "
        f"and {engine.spin_up_days} days of spin-up from "
        f"{inputs.campaign.soil.initial_fraction:g} of the way between LL15 and DUL.{outcome}"
    )


def _ground(cover: str) -> str:
    """What flows where, in words."""
    if cover == "bare":
        return "Bare-soil water flow"
    grown = (
        "the cover of each site's land-cover class"
        if cover == BY_LAND_COVER
        else cover.replace("_", " ")
    )
    return f"Water flow under {grown}, with interception and uptake by roots,"


def _labels(inputs: ReportInputs) -> str:
    depths = listed([f"{depth / 10:g}" for depth in inputs.campaign.labels.depths_mm])
    told = f"Labels are daily water contents at {depths} cm, interpolated in depth."
    values = inputs.station_values
    if values is None or not values.height:
        return told
    networks = sorted(values["network"].unique())
    works = [
        work
        for name, work in (("USCRN", "Bell et al. 2013"), ("ISMN", "Dorigo et al. 2021"))
        if any(name in network.upper() for network in networks)
    ]
    source = f" ({'; '.join(works)})" if works else ""
    n_place = values.select("network", "station").n_unique()
    return told + (
        f" Screened daily values of {plural(n_place, 'station')} of {listed(networks)}{source} "
        f"were used beside them; distributions were compared in bins of {L1_BIN_WIDTH:g} m³ m⁻³."
    )


def _learning(inputs: ReportInputs) -> str:
    learning = inputs.campaign.learning
    split = learning.split
    physics = {
        "full": "a matric-potential term and a penalty outside each pixel's residual and saturated "
        "water content",
        "bound": "a penalty outside each pixel's residual and saturated water content",
        "none": "no physics term",
    }[learning.physics]
    halves = "" if learning.physics == "none" else (
        f", the weight of the data moving on a {learning.alpha_schedule} schedule from "
        f"{learning.alpha_start:g}"
    )  # fmt: skip
    return (
        f"A U-Net (Ronneberger et al. 2015; variant {learning.model}, {learning.output} output, "
        f"{learning.head} head, {plural(learning.members, 'network')}) was trained on tiles of "
        f"{inputs.campaign.grid.tile_px} pixels for at most {learning.epochs} epochs in batches of "
        f"{learning.batch_size} with {learning.optimiser} (step size {learning.learning_rate:g}, "
        f"{learning.lr_schedule} schedule, weight decay {learning.weight_decay:g}). A batch held "
        f"simulated labels with probability {learning.simulated_batch_probability:g}, else station "
        f"values. The loss joins the mean squared error with {physics}{halves}. "
        f"{100 * split.train:g} % trained, {100 * split.validation:g} % validated and "
        f"{100 * split.test:g} % tested, split by {_SPLITS[split.kind]} (seeds "
        f"{inputs.campaign.seeds.split} and {inputs.campaign.seeds.learning})."
    )


def _evaluation() -> str:
    return (
        "Held-out values were compared with the network and with LightGBM (Ke et al. 2017) on the "
        "same inputs, climatology, persistence and the raw simulation, by mean absolute error, "
        "unbiased RMSE, correlation, 1 - SSE/SST and Kling-Gupta efficiency (Gupta et al. 2009), "
        "with bootstrap intervals over places."
    )


def _maps(inputs: ReportInputs) -> str:
    maps = inputs.campaign.maps
    what = (
        "by the network in windows with a halo as wide as its receptive field"
        if maps.source == "network"
        else "by simulating every unique column of soil and weather and painting it back"
    )
    interval = (
        f" Intervals of {maps.interval_pct:g} % are calibrated on held-out values by split "
        "conformal prediction (Lei et al. 2018)."
    )
    return (
        f"Maps at {inputs.campaign.grid.resolution_m:g} m were made {what}."
        + (interval if maps.source == "network" else "")
    )  # fmt: skip


def _code(inputs: ReportInputs) -> str:
    return (
        f"Computed with rootzone {__version__}; campaign {inputs.campaign.name}, digest "
        f"{inputs.digest} of its resolved settings."
    )


def _data_table(inputs: ReportInputs) -> Table:
    rows = [
        [kind.replace("_", " "), source.title, source.version or "–", source.licence,
         f"doi:{source.doi}" if source.doi else "–"]
        for kind, source in inputs.sources.items()
    ]  # fmt: skip
    note = "Made-up files stand in the place of some of these." if inputs.made_up else ""
    return Table(("data", "source", "version", "licence", "reference"), rows, note)
