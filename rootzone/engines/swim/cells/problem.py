"""A column set up by hand for published problems: any soil functions, held heads, no gravity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone.engines.swim import layout, state
from rootzone.engines.swim.cells import state as at
from rootzone.engines.swim.cells.flux import evaluate
from rootzone.engines.swim.cells.table import (
    TABLE_SIZE,
    fill_vg_table,
    new_table_scratch,
    read_head,
    read_phi,
    u_from_head,
)
from rootzone.engines.swim.columns import advance_cells


def vg_table(
    theta_r: float,
    theta_s: float,
    alpha_per_cm: float,
    n: float,
    ks_cm_d: float,
    pore_l: float = 0.5,
    *,
    vapour: bool = False,
) -> FloatArray:
    """Table of a van Genuchten soil; parameters as in :func:`vg_table.fill_vg_table`."""
    table = np.zeros(TABLE_SIZE)
    scratch = new_table_scratch()
    fill_vg_table(theta_r, theta_s, alpha_per_cm, n, ks_cm_d, pore_l, vapour, table, 0, scratch)
    return table


@dataclass
class Surface:
    """What happens at the upper end: a held head, or rain and evaporative demand.

    Parameters
    ----------
    psi_cm : float, optional
        Head held at the surface [cm]; weather is then ignored.
    rain_cm_d, demand_cm_d : float
        Rates [cm d-1].
    dry_psi_cm : float
        Driest surface that still evaporates [cm].
    pond_max_cm : float
        Pond kept [cm]; what is above runs off.
    """

    psi_cm: float | None = None
    rain_cm_d: float = 0.0
    demand_cm_d: float = 0.0
    dry_psi_cm: float = -1e5
    pond_max_cm: float = 0.0


@dataclass
class Bottom:
    """What happens at the lower end: one of ``layout.BOTTOM_*`` and its head [cm]."""

    kind: int = layout.BOTTOM_FREE_DRAINAGE
    psi_cm: float = 0.0


@dataclass
class Accuracy:
    """Tolerances, as in the settings of the engine [m3 m-3]; the defaults are tight."""

    tolerance: float = 1e-3
    residual: float = 1e-6
    theta_step: float = 0.01


class Problem:
    """A column of cells that can be marched in time and looked at.

    Parameters
    ----------
    dz_cm : array, shape (cell,)
        Cell sizes from the top [cm], at most ``state.MAX_CELLS``.
    tables : sequence of array
        One table for each soil.
    soil : array of int, shape (cell,)
        Which table each cell uses.
    psi_cm : array, shape (cell,)
        Initial heads [cm].
    surface, bottom, accuracy
        Boundaries and tolerances.
    gravity : float
        1 in an upright column, 0 in a level one.
    """

    def __init__(
        self,
        dz_cm: FloatArray,
        tables: Sequence[FloatArray],
        soil: Sequence[int],
        psi_cm: FloatArray,
        surface: Surface,
        bottom: Bottom,
        accuracy: Accuracy | None = None,
        gravity: float = 1.0,
    ) -> None:
        self.n = len(dz_cm)
        if self.n > at.MAX_CELLS:
            raise ValueError(f"{self.n} cells are more than the {at.MAX_CELLS} there is room for")
        self.dz_cm = np.asarray(dz_cm, dtype=float)
        self.depth_cm = np.cumsum(self.dz_cm) - 0.5 * self.dz_cm
        self.tables = np.concatenate(tables)
        self.surface = surface
        self.cells = np.zeros(at.CELLS_SIZE)
        self.control = np.zeros(at.N_CONTROL)
        self._lay_out(np.asarray(soil, dtype=float) * TABLE_SIZE, np.asarray(psi_cm, dtype=float))
        self._set_edge(bottom, gravity)
        accuracy = accuracy or Accuracy()
        self.control[state.TOLERANCE] = accuracy.tolerance
        self.control[state.ITERATION_RESIDUAL] = accuracy.residual
        self.control[state.THETA_STEP] = accuracy.theta_step
        self.control[state.DT_MAX] = np.inf
        self.control[state.DT_NEXT] = 1e-6
        self.control[state.POND_MAX] = surface.pond_max_cm
        evaluate(self.cells, self.n, self.tables, self.control)
        self._row(at.THETA)[:] = self._row(at.THETA_U)

    def _row(self, start: int, extra: int = 0) -> FloatArray:
        return self.cells[start : start + self.n + extra]

    def _lay_out(self, base: FloatArray, psi_cm: FloatArray) -> None:
        dz = self.dz_cm
        self._row(at.DZ)[:] = dz
        self._row(at.INVERSE_DZ)[:] = 1.0 / dz
        self._row(at.INVERSE_GAP, 1)[:] = 2.0 / (np.append(dz, 0.0) + np.append(0.0, dz))
        self._row(at.TABLE)[:] = base
        self._row(at.U)[:] = [u_from_head(value) for value in psi_cm]
        wet = base.astype(int)
        self._row(at.THETA_S_CELL)[:] = self.tables[wet]
        faces = np.flatnonzero(base[1:] != base[:-1]) + 1
        self.cells[at.INTERFACE : at.INTERFACE + faces.size] = faces
        u = self._row(at.U)
        self.cells[at.FACE_U : at.FACE_U + faces.size] = 0.5 * (u[faces - 1] + u[faces])
        self.control[at.N_INTERFACE] = faces.size

    def _set_edge(self, bottom: Bottom, gravity: float) -> None:
        top, end = int(self.cells[at.TABLE]), int(self.cells[at.TABLE + self.n - 1])
        wet_psi = 0.0 if self.surface.psi_cm is None else self.surface.psi_cm
        edge = self.control
        edge[at.PHI_FLOODED], _, edge[at.KS_FLOODED], _ = read_phi(0.0, self.tables, top)
        edge[at.HEAD_WET] = wet_psi
        edge[at.PHI_WET] = read_phi(u_from_head(wet_psi), self.tables, top)[0]
        edge[at.HEAD_DRY] = self.surface.dry_psi_cm
        edge[at.PHI_DRY] = read_phi(u_from_head(self.surface.dry_psi_cm), self.tables, top)[0]
        edge[at.BOTTOM_KIND] = bottom.kind
        edge[at.HEAD_BOTTOM] = bottom.psi_cm
        edge[at.PHI_BOTTOM] = read_phi(u_from_head(bottom.psi_cm), self.tables, end)[0]
        edge[at.GRAVITY] = gravity
        edge[at.SURFACE_HELD] = float(self.surface.psi_cm is not None)

    def march(self, duration_d: float) -> Problem:
        """Go on for a time [d]; returns the problem itself."""
        surface = self.surface
        rain, demand = surface.rain_cm_d, surface.demand_cm_d
        if surface.psi_cm is not None:
            rain = demand = 0.0
        self.control[state.RAIN], self.control[state.DEMAND] = rain, demand
        advance_cells(self.cells, self.n, self.tables, self.control, duration_d)
        return self

    @property
    def theta(self) -> FloatArray:
        """Water content of the cells [m3 m-3]."""
        return self._row(at.THETA).copy()

    @property
    def psi_cm(self) -> FloatArray:
        """Head at the cells' centres [cm]."""
        return np.array([read_head(u)[0] for u in self._row(at.U)])

    @property
    def stored_cm(self) -> float:
        """Water in the column [cm]."""
        return float(self.theta @ self.dz_cm)

    @property
    def inflow_cm(self) -> float:
        """Water that came in through the surface so far, less evaporation [cm]."""
        return float(self.control[state.SUM_INFLOW])

    @property
    def drainage_cm(self) -> float:
        """Water that left through the bottom so far [cm]."""
        return float(self.control[state.SUM_DRAINAGE])

    @property
    def evaporation_cm(self) -> float:
        """Water the air took so far [cm]; 0 where the surface is held."""
        return float(self.control[state.SUM_EVAPORATION])

    @property
    def runoff_cm(self) -> float:
        """Water that ran off so far [cm]."""
        return float(self.control[state.SUM_RUNOFF])

    @property
    def steps(self) -> int:
        """Steps taken so far."""
        return int(self.control[state.STEPS])

    def psi_at(self, depth_cm: FloatArray) -> FloatArray:
        """Head at depths [cm], linear between the cells' centres."""
        return np.interp(depth_cm, self.depth_cm, self.psi_cm)

    def theta_at(self, depth_cm: FloatArray) -> FloatArray:
        """Water content at depths [cm], linear between the cells' centres."""
        return np.interp(depth_cm, self.depth_cm, self.theta)

    def depth_where_psi(self, psi_cm: float) -> float:
        """Least depth [cm] at which the head falls to a value, linear between centres."""
        psi = self.psi_cm
        i = int(np.argmax(psi <= psi_cm))
        share = (psi[i - 1] - psi_cm) / (psi[i - 1] - psi[i])
        return float(self.depth_cm[i - 1] + share * (self.depth_cm[i] - self.depth_cm[i - 1]))
