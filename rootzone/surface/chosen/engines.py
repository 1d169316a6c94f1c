"""The two engines of the system ``select``: this machine, and Earth Engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.digests import digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone._shared.parts import Parts
from rootzone._shared.provenance import Provenance
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.maps.map_run import made_alike
from rootzone.maps.write_cog import Band, CogSpec, write_cog
from rootzone.surface.chosen.bands import ENVIRONMENT, bands_at
from rootzone.surface.chosen.open_choice import OpenChoice
from rootzone.surface.cloud.client import MASKED, EarthEngine
from rootzone.surface.cloud.run_compute import compute
from rootzone.surface.cloud.run_export import Destination, Wanted
from rootzone.surface.select.chosen_graph import OUTPUTS, SCENE, needed_bands
from rootzone.surface.select.graph import Node
from rootzone.surface.select.interpret import interpret


def scene_image(choice: OpenChoice, look: int, scale_km: int) -> dict[str, FloatArray]:
    """Every band that the chosen models read under one half orbit, and the environment."""
    fields = bands_at(choice.opened.scene, look, scale_km)
    if choice.unet is not None:
        fields[choice.unet.band] = choice.unet.on_map(fields)
    names = needed_bands(list(choice.models.graphs.values()))
    return {
        **{name: fields[name] for name in names}, ENVIRONMENT: choice.environment(scale_km)
    }  # fmt: skip


def asset_name(choice: OpenChoice, look: int, scale_km: int) -> str:
    """Name of the file of a day's bands, and by default of its image in the cloud."""
    day = np.datetime64(int(choice.opened.scene.days[look]), "D").item()
    return f"bands_{day:%Y%m%d}_{scale_km}km"


def write_bands(choice: OpenChoice, look: int, scale_km: int) -> Path:
    """A day's bands as a GeoTIFF, to be uploaded as an image of Earth Engine.

    Kept where it was made of the same models and files.
    """
    path = choice.folder / "bands" / f"{asset_name(choice, look, scale_km)}.tif"
    names = needed_bands(list(choice.models.graphs.values()))
    record = Provenance(
        "rootzone surface bands", {"files": choice.digest, "trained": choice.trained_digest},
        {"bands": names, "environments": choice.models.environments, "scale_km": scale_km},
    )  # fmt: skip
    if made_alike(path, record):
        return path
    fields = scene_image(choice, look, scale_km)
    bands = [Band(name, "-", "as rootzone surface reads it") for name in fields]
    # Doubles, so that the cloud's numbers are those of this machine.
    spec = CogSpec(choice.grid(scale_km), bands, "float64", float("nan"), "nearest")
    write_cog(path, spec, np.stack(list(fields.values())), record)
    return path


def local(choice: OpenChoice, look: int, scale_km: int) -> dict[str, FloatArray]:
    """`OUTPUTS` at every pixel, by the interpreter."""
    fields = scene_image(choice, look, scale_km)
    found = interpret(choice.models.graph(SCENE, ENVIRONMENT), {SCENE: fields})
    return {name: np.broadcast_to(found[name], choice.grid(scale_km).shape) for name in OUTPUTS}


def cloud_graph(choice: OpenChoice, look: int, scale_km: int) -> Node:
    """The same expression over the image in the cloud."""
    return choice.models.graph(asset_id(choice, asset_name(choice, look, scale_km)), ENVIRONMENT)


def asset_id(choice: OpenChoice, name: str) -> str:
    """Where an image lies in the cloud."""
    chosen = choice.section.cloud
    return chosen.asset.format(project=project_of(choice), name=name)


def project_of(choice: OpenChoice) -> str:
    """The cloud project.

    Raises
    ------
    RequestError
        None is named.
    """
    project = choice.section.cloud.project
    if project is None:
        raise RequestError(
            "--engine ee needs surface.select.cloud.project: a cloud project that is registered "
            "for Earth Engine."
        )
    return project


def connected(choice: OpenChoice, say: Callable[[str], None]) -> EarthEngine:
    """Earth Engine, ready for the campaign's project."""
    return EarthEngine.connect(project_of(choice), choice.section.cloud.url, say=say)


def in_the_cloud(
    choice: OpenChoice, service: EarthEngine, look: int, scale_km: int, window: Window | None = None
) -> dict[str, FloatArray]:
    """`OUTPUTS` at every pixel, or in a window, by Earth Engine.

    Windows lie in ``maps/.parts`` until all maps are written: a killed run asks for the rest.
    """
    graph, grid = cloud_graph(choice, look, scale_km), choice.grid(scale_km)
    if window is not None:
        return service.pixels(graph, grid, window)
    told = digest_json([graph.key, grid.to_dict(), choice.digest, choice.trained_digest])
    return compute(service, graph, grid, len(OUTPUTS), Parts.of(choice.maps, told))


def export_of(choice: OpenChoice, look: int, scale_km: int) -> Wanted:
    """The export of a day's map."""
    day = np.datetime64(int(choice.opened.scene.days[look]), "D")
    label = f"{choice.opened.name}_{day}_{scale_km}km"
    return Wanted(label, cloud_graph(choice, look, scale_km), choice.grid(scale_km))


def destination(choice: OpenChoice) -> Destination | None:
    """Where exports go; None where maps come over the network."""
    chosen = choice.section.cloud
    if chosen.export == "none":
        return None
    return Destination(chosen.export, chosen.folder, chosen.bucket)


def read_export(path: Path, grid: MasterGrid) -> dict[str, FloatArray]:
    """`OUTPUTS` of an exported file.

    Raises
    ------
    RequestError
        It holds other bands or lies on another grid.
    """
    with open_raster(path) as file:
        names = tuple(str(name) for name in file.descriptions)
        offset = abs(file.transform.c - grid.left) + abs(file.transform.f - grid.top)
        if names != OUTPUTS or (file.height, file.width) != grid.shape or offset > 1.0:
            raise RequestError(
                f"{path}: {file.height} x {file.width} pixels with the bands {', '.join(names)} "
                f"are not the {grid.height} x {grid.width} of {', '.join(OUTPUTS)} asked for."
            )
        values = file.read().astype(np.float64)
    return {n: np.where(v == MASKED, np.nan, v) for n, v in zip(OUTPUTS, values, strict=True)}
