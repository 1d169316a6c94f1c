"""The Earth Engine client behind four questions; its package is imported nowhere else."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.fetch.run_transfer import Patience
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.surface.cloud.patience import PASSING, Busy, patiently
from rootzone.surface.select.graph import Node, as_node, to_json

if TYPE_CHECKING:
    from types import ModuleType

Answer = TypeVar("Answer")
MASKED: Final = -9999.0
"""Stands for masked pixels in answers and exports, which otherwise hold 0 there."""
_PACKAGE: Final = "pip install 'rootzone[cloud]'"


@dataclass(frozen=True)
class Told:
    """An export as the service tells it.

    Parameters
    ----------
    name : str
        Task name it was started with.
    state : str
        ``PENDING``, ``RUNNING``, ``SUCCEEDED``, ``FAILED``, ``CANCELLED`` and the like.
    error : str
        What went wrong; empty where nothing did.
    """

    name: str
    state: str
    error: str


@dataclass(frozen=True)
class EarthEngine:
    """A project at a service that answers.

    Parameters
    ----------
    ee : module
        The client, connected.
    project : str
        Who pays.
    patience : Patience
        How to wait when asked too much.
    say : callable
        Told every wait.
    """

    ee: ModuleType
    project: str
    patience: Patience = field(default_factory=Patience)
    say: Callable[[str], None] = lambda line: None

    @classmethod
    def connect(
        cls,
        project: str,
        url: str | None = None,
        patience: Patience | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> EarthEngine:
        """Connect with the credentials that ``earthengine authenticate`` left.

        Parameters
        ----------
        project : str
            Cloud project that is registered for Earth Engine.
        url : str, optional
            Another address than the service's own; asked without credentials, such as the local
            server's (`rootzone.surface.cloud.local_server`).
        patience, say
            As the fields.

        Raises
        ------
        RequestError
            The client is not installed, or the service does not let us in.
        """
        try:
            import ee
        except ImportError as missing:
            raise RequestError(
                f"The engine ee needs Earth Engine's client: {_PACKAGE}."
            ) from missing
        given: dict[str, Any] = {"project": project}
        if url is not None:
            from google.auth.credentials import AnonymousCredentials

            given |= {"url": url.rstrip("/"), "credentials": AnonymousCredentials()}
        service = cls(ee, project, patience or Patience(), say)
        ee.data.setMaxRetries(0)  # waits are ours, and are told
        try:
            service.ask(lambda: ee.Initialize(**given))
        except (OSError, RequestError) as refused:
            where = f" at {url}" if url else ""
            raise RequestError(
                f"Earth Engine did not let project {project!r} in{where}: "
                + str(refused).rstrip(".")
                + ". Run earthengine authenticate, and check surface.select.cloud.project."
            ) from refused
        return service

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """An answer of the client, with patience.

        Raises
        ------
        RequestError
            The service refused for good, or was busy for too long.
        """
        from googleapiclient.errors import HttpError

        def once() -> Answer:
            try:
                return question()
            except self.ee.EEException as refused:
                status = int(getattr(getattr(refused.__context__, "resp", None), "status", 0))
                if status in PASSING:
                    raise Busy(status, str(refused)) from refused
                raise RequestError(f"Earth Engine refused: {refused}") from refused
            except (ConnectionError, TimeoutError) as lost:
                raise Busy(503, f"no connection: {lost}") from lost
            except HttpError as refused:  # while the client reads what the service can do
                status = int(refused.status_code)
                if status in PASSING:
                    raise Busy(status, str(refused)) from refused
                raise RequestError(str(refused)) from refused

        return patiently(once, self.patience, self.say)

    def pixels(self, graph: Node, grid: MasterGrid, window: Window) -> dict[str, FloatArray]:
        """Bands of an expression at the pixels of a window; NaN where masked.

        Raises
        ------
        RequestError
            The service refused.
        """
        body = {
            "expression": self._expression(graph),
            "fileFormat": "NPY",
            "grid": pixel_grid(grid, window),
        }
        found = np.load(io.BytesIO(self.ask(lambda: self.ee.data.computePixels(body))))
        if found.shape != window.shape or not found.dtype.names:
            raise RequestError(f"Earth Engine sent {found.shape} pixels for {window.shape} asked.")
        bands = {name: np.asarray(found[name], np.float64) for name in found.dtype.names}
        return {name: np.where(values == MASKED, np.nan, values) for name, values in bands.items()}

    def export(
        self, graph: Node, grid: MasterGrid, name: str, where: Mapping[str, Any], request: str
    ) -> str:
        """Start an export of a whole grid as GeoTIFF; returns the operation's name.

        Parameters
        ----------
        graph : Node
            What to export.
        grid : MasterGrid
            Pixels.
        name : str
            Task name, by which it is found again.
        where : mapping
            ``driveDestination`` or ``cloudStorageDestination`` in the service's own words.
        request : str
            The same for the same export, so that a request sent twice starts one task.
        """
        body = {
            "expression": self._expression(graph),
            "description": name,
            "fileExportOptions": {"fileFormat": "GEO_TIFF", **where},
            "grid": pixel_grid(grid, grid.full_window),
            "maxPixels": str(max(grid.height * grid.width, 1)),
        }
        told = self.ask(lambda: self.ee.data.exportImage(request, dict(body)))
        return str(told["name"])

    def operations(self) -> list[Told]:
        """All exports that the project remembers, newest first."""
        told = self.ask(self.ee.data.listOperations)
        found = []
        for one in told:
            metadata = one.get("metadata", {})
            error = str(one.get("error", {}).get("message", ""))
            found.append(
                Told(str(metadata.get("description", "")), str(metadata.get("state", "")), error)
            )
        return found

    def _expression(self, graph: Node) -> Any:  # noqa: ANN401 - the client's own object
        whole = Node(
            "Image.unmask", {"input": graph, "value": as_node(MASKED), "sameFootprint": False}
        )
        return self.ee.deserializer.decode(to_json(whole))


def pixel_grid(grid: MasterGrid, window: Window) -> dict[str, Any]:
    """A window in the service's words."""
    left, _, _, top = grid.bounds_m
    size = grid.resolution_m
    return {
        "dimensions": {"width": window.width, "height": window.height},
        "affineTransform": {
            "scaleX": size, "shearX": 0.0, "translateX": left + window.col * size,
            "shearY": 0.0, "scaleY": -size, "translateY": top - window.row * size,
        },
        "crsCode": grid.crs,
    }  # fmt: skip
