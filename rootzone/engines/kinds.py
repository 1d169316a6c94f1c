"""Which engines there are: one package each, found by its module ``kind``.

``engine.name`` of a campaign and ``--engine`` name a package of `rootzone.engines` whose module
``kind`` has an object ``KIND``. All that the runner, the check, the tables and the report want to
know of an engine they ask of that object, so that none of them knows an engine by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rootzone._shared.engine_names import engine_names, not_an_engine
from rootzone._shared.errors import RequestError
from rootzone._shared.profile_depths import nodes_of_engine
from rootzone.campaign.model import Campaign
from rootzone.campaign.model import Engine as EngineSection
from rootzone.campaign.rules import Broken
from rootzone.engines.ladder import Ladder

if TYPE_CHECKING:
    from rootzone.engines.protocol import Engine
    from rootzone.engines.tables.read_weather import WeatherNeeds


DEMAND = "soil evaporation up to a demand after Priestley and Taylor in the form of Ritchie (1972)"
SWIM3_EVAPORATION = f"{DEMAND}, reduced by the relative humidity of the soil's surface"


@dataclass(frozen=True)
class Asked:
    """What a campaign asks of its engine; it can travel to another process.

    Parameters
    ----------
    section : Engine
        The campaign's section ``engine``, with what other sections say to it.
    site_timeout_s : float
        Time a site may take where the engine ends it itself [s].
    start_named : bool
        Whether a program that the campaign itself names may be started, where this machine's user
        allows it. Only ``rootzone simulate`` does; all else gets an engine that can tell what it
        is, not run.
    told_version : str
        Version such a program told the last time it ran, for those that may not ask.
    """

    section: EngineSection
    site_timeout_s: float
    start_named: bool = False
    told_version: str = ""


@dataclass(frozen=True)
class TableEngine:
    """An engine for two tables, and what it needs of them.

    Parameters
    ----------
    engine : Engine
        Ready to run.
    physics, initial : str
        Soil columns it reads, and which of them sets the first day's water.
    needs : WeatherNeeds
        What it asks of the weather besides rain.
    notes : tuple of str
        What a user should know before it runs.
    extra_columns : tuple of str
        Daily columns beside those that every profile has.
    """

    engine: Engine
    physics: str
    initial: str
    needs: WeatherNeeds
    notes: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()


class EngineKind(ABC):
    """What is to be known of an engine before one is made."""

    # How the report's methods name it, after "was simulated".
    title: ClassVar[str]
    # Whether `Asked.section` may carry the setting ``device: cuda``.
    on_gpus: ClassVar[bool] = False
    # Whether it ends a site that hangs by itself, as one does that runs as a program.
    ends_hung_sites: ClassVar[bool] = False
    # Whether a soil's column ``cover`` grows roots in it.
    grows_covers: ClassVar[bool] = False

    def broken(self, campaign: Campaign) -> Iterator[Broken]:
        """What the campaign asks that this engine cannot do."""
        del campaign
        yield from ()

    def lacking(self, campaign: Campaign) -> Iterator[Broken]:
        """What the campaign needs for it and this machine lacks or does not allow."""
        del campaign
        yield from ()

    def nodes(self, physics: str, stepping: str) -> str:
        """Where its values belong: see :func:`rootzone._shared.profile_depths.nodes_of_engine`."""
        return nodes_of_engine(physics, stepping)

    @abstractmethod
    def check_setting(self, section: EngineSection, key: str, value: object) -> None:
        """Refuse one of the settings (RequestError) that has no such key or value."""

    @abstractmethod
    def make(self, asked: Asked, changes: Mapping[str, Any], threads: int) -> Engine:
        """The engine with some settings changed (RequestError where it cannot be made)."""

    @abstractmethod
    def identity(self, asked: Asked, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the engine would tell of itself; a program is asked only where nothing else can."""

    @abstractmethod
    def weather_needs(self, section: EngineSection) -> WeatherNeeds:
        """What it asks of the weather besides rain."""

    @abstractmethod
    def ladder(self, stepping: str) -> Ladder:
        """What is tried on a site that did not converge."""

    @abstractmethod
    def for_tables(
        self,
        soils: Path,
        physics: str | None,
        stepping: str,
        pairs: Sequence[str],
        threads: int | None,
    ) -> TableEngine:
        """The engine of ``rootzone simulate-tables`` with ``key=value`` settings.

        Raises
        ------
        RequestError
            A setting is wrong, the soils table has the columns of no physics, or a program is not
            there.
        """

    @abstractmethod
    def evaporation(self, section: EngineSection) -> str:
        """How it takes water from the soil's surface, in words for the report's methods."""


def kind_of(name: str) -> EngineKind:
    """The engine of that name.

    Raises
    ------
    RequestError
        There is none.
    """
    if wrong := not_an_engine(name):
        raise RequestError(f"engine.name: {wrong}. Choose one of {', '.join(engine_names())}.")
    kind: EngineKind = import_module(f"rootzone.engines.{name}.kind").KIND
    return kind


def nodes_told(identity: Mapping[str, Any]) -> str:
    """Where the values of profiles belong, by what their engine told of itself when it ran.

    Profiles of other models, which tell nothing, hold layer means.
    """
    physics, stepping = (str(identity.get(key, "")) for key in ("physics", "stepping"))
    name = str(identity.get("engine", ""))
    if name in engine_names():
        return kind_of(name).nodes(physics, stepping)
    return nodes_of_engine(physics, stepping)
