"""What later stages would refuse of a campaign file, asked of them before the hours are spent.

Rules between keys are in `rootzone.campaign.rules`. What stands here needs a later stage's own
knowledge: its catalog, its legends, its settings, its network. Each question is put to the
function that would refuse, so the two cannot disagree.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rootzone._shared.engine_names import not_an_engine
from rootzone._shared.errors import RequestError
from rootzone.api._engine_settings import settings_findings
from rootzone.campaign.describe import allowed
from rootzone.campaign.model import DATE_IN_NAME, Campaign
from rootzone.campaign.rules import Broken
from rootzone.engines.kinds import kind_of

if TYPE_CHECKING:
    from rootzone._shared.safe_yaml import KeyPath
    from rootzone.campaign.findings import Finding
    from rootzone.campaign.read_campaign import LoadedCampaign
    from rootzone.covariates.grid import Bounds
    from rootzone.covariates.layers.catalog import Catalog
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.covariates.region import Region

Question = tuple["KeyPath", Callable[[], object]]


def campaign_findings(path: Path) -> tuple[LoadedCampaign | None, list[Finding]]:
    """A campaign file, and everything that is wrong with it for any stage.

    Raises
    ------
    RequestError
        The file cannot be read as YAML.
    """
    from rootzone.campaign.read_campaign import examine_campaign

    loaded, findings = examine_campaign(path)
    if loaded is None:
        return None, findings
    return loaded, sorted([*findings, *later_findings(loaded)])


def later_findings(loaded: LoadedCampaign) -> list[Finding]:
    """Mistakes that only later stages can judge, each at its place in the file.

    Nothing is read but the campaign's own small files: catalogs, outlines, designs.
    """
    from rootzone.covariates.open_campaign import CampaignFiles

    files = CampaignFiles(loaded, Path())
    missing = list(_missing_files(loaded))
    found = [*missing, *settings_findings(loaded), *_not_installed(loaded), *_strides(loaded)]
    refused = {finding.key.split("[")[0] for finding in missing}
    questions = [*_about_places(files)]
    if "catalog.files" not in refused:
        found += _stray_addresses(loaded)
        questions += _about_catalog(files, refused)
    return found + [told for key, ask in questions for told in _asked(loaded, key, ask)]


def _asked(loaded: LoadedCampaign, key: KeyPath, ask: Callable[[], object]) -> Iterator[Finding]:
    """The refusal of a later stage as a finding, if it refuses."""
    try:
        ask()
    except RequestError as error:
        yield _finding(loaded, Broken.told(key, error))


def _finding(loaded: LoadedCampaign, broken: Broken) -> Finding:
    mend = broken.mend or allowed(Campaign, broken.key)
    return loaded.finding(broken.key, broken.problem, mend)


def _missing_files(loaded: LoadedCampaign) -> Iterator[Finding]:
    campaign, folder = loaded.campaign, loaded.document.path.parent
    named: list[tuple[KeyPath, str]] = []
    if campaign.region.polygon_file:
        named.append((("region", "polygon_file"), campaign.region.polygon_file))
    named += [(("catalog", "files", i), name) for i, name in enumerate(campaign.catalog.files)]
    named += [(("labels", "stations", i), name) for i, name in enumerate(campaign.labels.stations)]
    if campaign.sites.design.endswith((".yaml", ".yml")):
        named.append((("sites", "design"), campaign.sites.design))
    for key, name in named:
        if not _there(folder / name):
            yield loaded.finding(
                key, f"{folder / name} does not exist", "correct the path or make the file"
            )


def _not_installed(loaded: LoadedCampaign) -> Iterator[Finding]:
    """Programs and packages the campaign needs and this machine lacks."""
    if not not_an_engine(loaded.campaign.engine.name):  # which is told by itself
        kind = kind_of(loaded.campaign.engine.name)
        for broken in (*kind.broken(loaded.campaign), *kind.lacking(loaded.campaign)):
            yield _finding(loaded, broken)
    if loaded.campaign.maps.time_series == "zarr" and not importlib.util.find_spec("zarr"):
        yield loaded.finding(
            ("maps", "time_series"),
            "the zarr package is not installed",
            "install rootzone[zarr], or choose netcdf",
        )


def _there(path: Path) -> bool:
    """Whether a path exists; one that no disk can hold does not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _stray_addresses(loaded: LoadedCampaign) -> Iterator[Finding]:
    """Hosts and passwords in the campaign's own catalogs that rootzone would not ask."""
    from rootzone.covariates.layers.catalog import stray_addresses

    for i, name in enumerate(loaded.campaign.catalog.files):
        path = loaded.document.path.parent / name
        try:
            strays = stray_addresses([path])
        except RequestError:
            return  # told with the catalog
        for file, line, entry, problem in strays:
            reason, _, mend = problem.partition(". ")
            text = f"{file}:{line}: {entry}: {reason}"
            yield loaded.finding(("catalog", "files", i), text, mend or f"correct {path}")


def _strides(loaded: LoadedCampaign) -> Iterator[Finding]:
    """Sizes that the campaign's network cannot halve as often as it pools."""
    from rootzone.networks.families import AUTO, config_of

    campaign = loaded.campaign
    learning = campaign.learning
    chosen = learning.candidates if learning.model == AUTO else (learning.model,)
    asked: KeyPath = ("learning", "candidates" if learning.model == AUTO else "model")
    stride = 1
    for name in chosen:
        one = learning.model_copy(update={"model": name})
        wrong = list(_asked(loaded, asked, partial(config_of, one, 1, 1)))
        if wrong:
            yield wrong[0]
            return
        stride = max(stride, config_of(one, n_channels=1, n_depths=1).stride_px)
    sizes: dict[KeyPath, int] = {
        ("grid", "tile_px"): campaign.grid.tile_px,
        ("learning", "crop_halo_px"): campaign.learning.crop_halo_px,
        ("maps", "window_px"): campaign.maps.window_px,
    }
    for key, size in sizes.items():
        if size % stride:
            yield loaded.finding(
                key,
                f"the network {campaign.learning.model} needs multiples of {stride} px",
                f"write a multiple of {stride}, or fewer widths in learning.widths",
            )


def _about_places(files: CampaignFiles) -> Iterator[Question]:
    from rootzone.covariates.grid import crs_for, projected_crs
    from rootzone.covariates.open_campaign import grid_over
    from rootzone.covariates.region import Region
    from rootzone.design.settings import load_design

    campaign, folder = files.campaign, files.folder
    asked = campaign.region
    region = "place" if asked.place else "polygon_file"
    missing = asked.polygon_file and not _there(folder / asked.polygon_file)
    if not missing and (asked.place or asked.polygon_file):
        yield ("region", region), lambda: files.region
    # The projection is asked about a box, so that a region that is wrong is told once.
    box = Region("box", asked.bounds_lonlat_deg or (-105.0, 40.0, -104.9, 40.1))
    judged = partial(lambda: projected_crs(crs_for(campaign.grid.crs, _bounds(files, box))))
    yield ("grid", "crs"), judged
    if not list(_asked(files.loaded, ("grid", "crs"), judged)):
        yield ("grid", "crs"), partial(grid_over, campaign, box)
    for name in ("surface_moisture", "leaf_area"):
        pattern = getattr(campaign.learning.features, name)
        if pattern and re.search(DATE_IN_NAME, pattern):
            yield ("learning", "features", name), partial(_by_day, files, box, name)
    design = campaign.sites.design
    if not design.endswith((".yaml", ".yml")) or _there(folder / design):
        yield ("sites", "design"), partial(load_design, design, folder)


def _about_catalog(files: CampaignFiles, refused: set[str]) -> Iterator[Question]:
    try:
        catalog = files.catalog
    except RequestError as error:
        yield ("catalog", "files"), partial(_raise, error)
        return
    loaded, campaign = files.loaded, files.campaign
    wanted = {
        name: getattr(campaign.catalog, name)
        for name in ("land_cover", "climate_class", "texture", "elevation", "forcing")
    }
    for name, entry in wanted.items():
        yield ("catalog", name), partial(catalog.source, entry)
    known = {name: entry for name, entry in wanted.items() if entry in catalog.sources}
    year = max(campaign.years)
    for name in ("land_cover", "climate_class", "elevation"):
        if name in known:
            yield ("catalog", name), partial(catalog.layer, known[name], year)
    classes = [name for name in ("land_cover", "climate_class") if name in known]
    for name in classes:
        yield ("catalog", name), partial(catalog.legend_of_layer, known[name])
    if "texture" in known:
        yield from _about_texture(loaded, catalog)
    if campaign.weather.leaf_area is not None:
        yield ("weather", "leaf_area"), partial(_leaves, catalog, campaign.weather.leaf_area)
    if "forcing" in known:
        yield ("catalog", "forcing"), partial(_weather_cells, files)
        yield ("weather", "pet"), partial(_weather_recipe, loaded, catalog)
        if campaign.weather.lapse_degc_per_km is not None:
            yield ("weather", "lapse_degc_per_km"), partial(_weather_ground, loaded, catalog)
    for year in campaign.weather_years if "forcing" in known else ():
        yield ("years",), partial(_weather_layers, loaded, catalog, year)
    with_legends = all(catalog.source(known[name]).legend for name in classes)
    if {"land_cover", "climate_class", "forcing"} <= known.keys() and with_legends:
        yield ("sites", "exclude_land_cover"), partial(_rules, files)


def _leaves(catalog: Catalog, name: str) -> None:
    from rootzone.covariates.weather.leaf_area import require_leaf_area

    require_leaf_area(catalog.source(name), name)


def _by_day(files: CampaignFiles, box: Region, key: str) -> None:
    from rootzone.covariates.open_campaign import grid_over
    from rootzone.learning.scene.surface_files import SurfaceFiles

    pattern = files.folder / getattr(files.campaign.learning.features, key)
    SurfaceFiles(str(pattern), grid_over(files.campaign, box), key)


def _bounds(files: CampaignFiles, box: Region) -> Bounds:
    """Bounds of the region; those of a box where the region itself is wrong and told elsewhere."""
    try:
        return files.region.bounds
    except RequestError:
        return box.bounds


def _raise(error: RequestError) -> None:
    raise error


def _about_texture(loaded: LoadedCampaign, catalog: Catalog) -> Iterator[Question]:
    """The soil product has depths, the variables of the transfer function, and the features'."""
    from rootzone.hydraulics.site_layers import SAMPLED, require_depths

    campaign, name = loaded.campaign, loaded.campaign.catalog.texture
    source = catalog.source(name)
    yield ("catalog", "texture"), partial(require_depths, name, source)
    if not source.depths_cm:
        return
    first = source.depth_names()[0]
    functions = [("ptf", campaign.soil.ptf), *(("members", one) for one in campaign.soil.members)]
    for key, function in functions:
        for variable in SAMPLED[function][0].values():
            yield ("soil", key), partial(catalog.layer, f"{name}/{variable}/{first}")
    if campaign.soil.texture_spread:
        for variable in ("sand_q05", "sand_q95", "clay_q05", "clay_q95"):
            layer = f"{name}/{variable}/{first}"
            yield ("soil", "texture_spread"), partial(catalog.layer, layer)
    top, bottom = campaign.learning.features.texture_depth_cm
    interval = f"{name}/sand/{top:g}_{bottom:g}"
    yield ("learning", "features", "texture_depth_cm"), partial(catalog.layer, interval)
    depth_mm = campaign.labels.depths_mm[0]
    yield ("labels", "depths_mm", 0), partial(source.depth_at, depth_mm)


def _weather_layers(loaded: LoadedCampaign, catalog: Catalog, year: int) -> None:
    from rootzone.covariates.weather.forcing import ForcingRequest

    request = ForcingRequest(loaded.campaign.catalog.forcing, loaded.campaign.weather.pet)
    for variable in request.variables(catalog):
        catalog.layer(f"{request.source}/{variable}", year)


def _weather_cells(files: CampaignFiles) -> object:
    """Whether the weather's cells cover the region; a wrong region is told at its own key."""
    grid = files.weather_grid
    try:
        bounds = files.region.bounds
    except RequestError:
        return None
    return grid.cells_in(bounds)


def _weather_ground(loaded: LoadedCampaign, catalog: Catalog) -> object:
    """Whether it is known at which height the weather's temperatures are."""
    from rootzone.covariates.weather.cell_elevation import ground_of

    return ground_of(catalog, loaded.campaign.catalog.forcing)


def _weather_recipe(loaded: LoadedCampaign, catalog: Catalog) -> object:
    """Whether the source delivers what the form of demand needs, or it can be worked out."""
    from rootzone.covariates.weather.forcing import ForcingRequest

    name = loaded.campaign.catalog.forcing
    if catalog.source(name).weather_grid is None:  # told at its own key
        return None
    return ForcingRequest(name, loaded.campaign.weather.pet).recipe(catalog)


def _rules(files: CampaignFiles) -> object:
    from rootzone.design.candidates import Rules
    from rootzone.design.classes import class_table

    catalog, names = files.catalog, files.campaign.catalog
    legends = (catalog.source(names.land_cover).legend, catalog.source(names.climate_class).legend)
    land_cover, climate = (class_table(str(legend), catalog.legends) for legend in legends)
    return Rules(land_cover, climate, files.weather_grid, files.excluded_cover)
