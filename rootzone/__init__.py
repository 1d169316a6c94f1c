"""Root-zone soil-moisture labels by soil physics, and 30 m maps made from them.

The packages are the stages of the pipeline, in the order data flows. A stage imports only stages
before it and ``_shared``; an import contract in CI holds that order::

    campaign      intent: a typed campaign.yaml, the workspace, the scaffold
    covariates    land and sky on one grid
    design        which sites: strata, allocation, picks, reserves, weights
    hydraulics    texture to a guarded set of hydraulic parameters
    engines       a profile of soil water, day by day
    jobs          half a million runs, none lost and none lied about
    stations      what sensors saw, screened, on their pixels
    labels        the same depth everywhere
    inversion     the soil that explains a sensor
    made_up       land, weather and stations with a known truth
    networks      models, losses, the training loop, checkpoints, for any depth
    learning      sparse labels to a field
    maps          30 m maps, seam-free
    surface       surface (5 cm) moisture
    report        what was done and how good it is
    api           the front door, below

``import rootzone as rz`` gives the names in ``__all__``; each is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rootzone._shared.errors import RootzoneError as RootzoneError
    from rootzone.api.campaign import OpenCampaign as OpenCampaign
    from rootzone.api.campaign import open_campaign as open_campaign
    from rootzone.api.example import example_campaign as example_campaign
    from rootzone.api.inversions import Inversions as Inversions
    from rootzone.api.inversions import invert as invert
    from rootzone.api.labels import Labels as Labels
    from rootzone.api.labels import make_labels as make_labels
    from rootzone.api.maps import Maps as Maps
    from rootzone.api.profiles import Profiles as Profiles
    from rootzone.api.profiles import simulate as simulate
    from rootzone.api.read import Raster as Raster
    from rootzone.api.read import Sites as Sites
    from rootzone.api.read import Weather as Weather
    from rootzone.api.read import read as read
    from rootzone.api.soils import LAYERS_MM as LAYERS_MM
    from rootzone.api.soils import Soils as Soils
    from rootzone.api.soils import make_soils as make_soils
    from rootzone.api.stations import Stations as Stations
    from rootzone.api.stations import read_stations as read_stations
    from rootzone.api.table import Table as Table

__version__ = "0.1.0"

# Every public name and the module it stands in; what is not here may move without notice.
_PUBLIC = {
    "LAYERS_MM": "api.soils",
    "make_soils": "api.soils",
    "simulate": "api.profiles",
    "make_labels": "api.labels",
    "read_stations": "api.stations",
    "invert": "api.inversions",
    "read": "api.read",
    "open_campaign": "api.campaign",
    "example_campaign": "api.example",
    "Table": "api.table",
    "Soils": "api.soils",
    "Weather": "api.read",
    "Profiles": "api.profiles",
    "Labels": "api.labels",
    "Stations": "api.stations",
    "Inversions": "api.inversions",
    "Sites": "api.read",
    "Raster": "api.read",
    "Maps": "api.maps",
    "OpenCampaign": "api.campaign",
    "RootzoneError": "_shared.errors",
}
__all__ = [*_PUBLIC]


def __getattr__(name: str) -> object:
    """A public name, imported now."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'rootzone' has no attribute {name!r}")
    value: object = getattr(import_module(f"rootzone.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names first: what completion shows."""
    return [*_PUBLIC, "__version__"]
