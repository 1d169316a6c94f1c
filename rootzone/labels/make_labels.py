"""From a batch of profiles to label rows: depths, what is dropped, and why."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.profile_depths import LabelDepth
from rootzone.labels.layering import Layering, Layerings, weights_of
from rootzone.labels.read_profiles import ProfileBatch

UNKNOWN_STRATUM = ""
LabelSource = Literal["layers", "solver"]


@dataclass(frozen=True)
class SiteFacts:
    """What the design says about one site.

    Parameters
    ----------
    stratum : str
        Stratum; empty outside a design.
    weight : float
        Pixels the site stands for; 1 outside a design.
    year : int or None
        The only year whose days become labels; None for all.
    rung : int
        Rung of the convergence ladder its profile came from.
    """

    stratum: str = UNKNOWN_STRATUM
    weight: float = 1.0
    year: int | None = None
    rung: int = 0


_NOBODY = SiteFacts(weight=0.0)  # a site outside the sample


@dataclass(frozen=True)
class LabelRule:
    """What becomes a label.

    Parameters
    ----------
    depths : sequence of LabelDepth
        Depths and layers wanted.
    layerings : Layerings
        Depths of the values of each site.
    facts : mapping
        Design facts of each site; empty for a table without a design.
    spin_up_days : int
        Days dropped at the start of every site's profiles [d], in addition to days outside the
        site's own year.
    source : str
        ``layers``: linear between the layers (Eq. 13 of the manuscript); ``solver``: what the
        solver itself has at the depth, where the profiles tell it. Layer means come from layers.
    drop_unknown : bool
        Leave out sites that ``facts`` does not hold, such as a stand-in that is not needed any
        more; otherwise they are refused.
    """

    depths: Sequence[LabelDepth]
    layerings: Layerings
    facts: Mapping[Hashable, SiteFacts] = field(default_factory=dict)
    spin_up_days: int = 0
    source: LabelSource = "layers"
    drop_unknown: bool = False


@dataclass
class LabelCounts:
    """What became of the profile rows.

    Parameters
    ----------
    profile_rows : int
        Rows read, one a site and day.
    not_in_sample : int
        Rows of sites that no longer belong to the sample.
    other_year : int
        Rows outside the site's own year: its spin-up.
    spin_up : int
        Rows among the first ``spin_up_days`` of their site.
    not_finite : int
        Label values that are NaN or infinite.
    labels : int
        Label rows written.
    """

    profile_rows: int = 0
    not_in_sample: int = 0
    other_year: int = 0
    spin_up: int = 0
    not_finite: int = 0
    labels: int = 0

    def add(self, other: LabelCounts) -> None:
        """Add the counts of another file or batch."""
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class LabelRows:
    """Labels of one depth, as rows that point to their run of one site.

    Parameters
    ----------
    depth : LabelDepth
        Depth or layer.
    run : array of int, shape (row,)
        Run of the batch each label belongs to.
    day : array of int, shape (row,)
        Days since 1970-01-01.
    theta : array of float32, shape (row,)
        Water content [m3 m-3].
    """

    depth: LabelDepth
    run: AnyArray
    day: AnyArray
    theta: AnyArray


class LabelMaker:
    """Turns the batches of one profile file into labels, in order.

    The first day of a site may lie in an earlier batch, so the maker remembers the last one.
    """

    def __init__(self, rule: LabelRule) -> None:
        self.rule = rule
        self.counts = LabelCounts()
        self._weights: dict[Layering, FloatArray] = {}
        self._last_site: Hashable = None
        self._last_first_day = 0

    def facts_of(self, site: Hashable) -> SiteFacts:
        """Design facts of a site.

        Raises
        ------
        RequestError
            There is a design, the site is not in it, and the rule does not leave such sites out.
        """
        if not self.rule.facts:
            return SiteFacts()
        found = self.rule.facts.get(site)
        if found is None and self.rule.drop_unknown:
            return _NOBODY
        if found is None:
            raise RequestError(
                f"Site {site} of the profiles is not in the sites table. The two are of different "
                "campaigns."
            )
        return found

    def labels_of(self, batch: ProfileBatch) -> list[LabelRows]:
        """Labels of a batch, one entry a depth; what is dropped is counted in ``counts``."""
        run_of_row = np.repeat(
            np.arange(len(batch.run_site), dtype=np.int32), np.diff(batch.run_start)
        )
        kept = np.flatnonzero(self._kept(batch, run_of_row))
        self.counts.profile_rows += batch.n_row
        values = self._theta(batch)
        out = []
        for depth, theta in zip(self.rule.depths, values, strict=True):
            rows = kept[np.isfinite(theta[kept])]
            self.counts.not_finite += len(kept) - len(rows)
            self.counts.labels += len(rows)
            out.append(LabelRows(depth, run_of_row[rows], batch.day[rows], theta[rows]))
        return out

    def _kept(self, batch: ProfileBatch, run_of_row: AnyArray) -> BoolArray:
        first_kept = np.empty(len(batch.run_site), dtype=np.int64)
        in_sample = np.ones(len(batch.run_site), dtype=bool)
        year_from = np.full(len(batch.run_site), np.iinfo(np.int64).min)
        year_to = np.full(len(batch.run_site), np.iinfo(np.int64).max)
        for run, site in enumerate(batch.run_site):
            day = int(batch.day[batch.run_start[run]])
            if site != self._last_site:
                self._last_site, self._last_first_day = site, day
            first_kept[run] = self._last_first_day + self.rule.spin_up_days
            facts = self.facts_of(site)
            in_sample[run] = facts is not _NOBODY
            year = facts.year
            if year is not None:
                year_from[run], year_to[run] = _day_number(year), _day_number(year + 1)
        in_year = (batch.day >= year_from[run_of_row]) & (batch.day < year_to[run_of_row])
        settled = batch.day >= first_kept[run_of_row]
        known = in_sample[run_of_row]
        self.counts.not_in_sample += int(np.count_nonzero(~known))
        self.counts.other_year += int(np.count_nonzero(known & ~in_year))
        self.counts.spin_up += int(np.count_nonzero(known & in_year & ~settled))
        return np.asarray(known & in_year & settled)

    def _theta(self, batch: ProfileBatch) -> list[AnyArray]:
        """Water content of every row at each depth, float32."""
        known = {} if self.rule.source == "layers" else _of_solver(batch, self.rule.depths)
        between = [depth for depth in self.rule.depths if depth not in known]
        out = {depth: np.empty(batch.n_row, dtype=np.float32) for depth in between}
        layers_of_row = np.diff(batch.theta_start)
        for layering, rows in self._rows_by_layering(batch, layers_of_row) if between else []:
            matrix = _matrix(batch, layering.n_layer, rows)
            for depth, weights in zip(between, self._weights_of(layering, between), strict=True):
                used = np.flatnonzero(weights)
                out[depth][rows] = sum(
                    matrix[:, layer] * matrix.dtype.type(weights[layer]) for layer in used
                )
        return [(known | out)[depth] for depth in self.rule.depths]

    def _weights_of(self, layering: Layering, depths: list[LabelDepth]) -> FloatArray:
        if layering not in self._weights:
            self._weights[layering] = weights_of(layering, depths)
        return self._weights[layering]

    def _rows_by_layering(
        self, batch: ProfileBatch, layers_of_row: IntArray
    ) -> list[tuple[Layering, slice | IntArray]]:
        runs: dict[Layering, list[int]] = {}
        for run, site in enumerate(batch.run_site):
            count = int(layers_of_row[batch.run_start[run]])
            runs.setdefault(self.rule.layerings.of(site, count), []).append(run)
        if len(runs) == 1:
            _refuse_ragged(batch, next(iter(runs)), layers_of_row)
            return [(next(iter(runs)), slice(None))]
        pairs: list[tuple[Layering, slice | IntArray]] = []
        for layering, members in runs.items():
            spans = [np.arange(batch.run_start[r], batch.run_start[r + 1]) for r in members]
            rows = np.concatenate(spans)
            _refuse_ragged(batch, layering, layers_of_row[rows])
            pairs.append((layering, rows))
        return pairs


def _of_solver(batch: ProfileBatch, depths: Sequence[LabelDepth]) -> dict[LabelDepth, AnyArray]:
    """What the solver has at each depth that is a point.

    Raises
    ------
    RequestError
        The profiles do not tell it.
    """
    found = {}
    for depth in depths:
        if depth.top_mm is not None:
            continue
        values = batch.at_depth.get(depth.bottom_mm)
        if values is None:
            there = ", ".join(f"{d:g}" for d in batch.at_depth) or "none"
            raise RequestError(
                f"The profiles do not hold the solver's own water content at {depth} (known depths "
                f"[mm]: {there}). Take labels from layers, or simulate with label_depths_mm that "
                "hold it; only physics van_genuchten with converged steps has cells there."
            )
        found[depth] = values.astype(np.float32, copy=False)
    return found


def _refuse_ragged(batch: ProfileBatch, layering: Layering, layers_of_row: IntArray) -> None:
    if np.any(layers_of_row != layering.n_layer):
        raise RequestError(
            f"Rows of one site have different numbers of layers ({sorted(set(layers_of_row))}), "
            f"near site {batch.run_site[0]}. The profiles file is damaged or mixed."
        )


def _matrix(batch: ProfileBatch, n_layer: int, rows: slice | IntArray) -> AnyArray:
    if isinstance(rows, slice):
        return np.asarray(batch.theta.reshape(-1, n_layer))
    return np.asarray(batch.theta[batch.theta_start[rows][:, None] + np.arange(n_layer)])


def _day_number(year: int) -> int:
    return int(np.datetime64(f"{year:04d}-01-01", "D").astype(np.int64))
