"""Soil columns of many sites, and the notes of what the guards changed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray, IntArray
from rootzone.campaign.model import Soil
from rootzone.hydraulics.outcomes import Refusal

# Rows of ``SoilColumns.values``.
SOIL_VALUES = (
    "theta_r",
    "theta_s",
    "alpha_per_cm",
    "n",
    "ks_mm_d",
    "bd_g_cm3",
    "airdry",
    "ll15",
    "dul",
    "sat",
    "kdul_layer_mm_d",
    "kdul_mm_d",
    "theta_initial",
)


@dataclass(frozen=True)
class Adjustments:
    """Every value that a guard changed, shape (adjustment,) each.

    Parameters
    ----------
    row : array of int
        Row of the layer in the input.
    rule : array of int
        ``Rule`` number.
    before, after : array of float
        The value as it was and as it is, in the unit of ``RULE_QUANTITY``; NaN before where a
        missing value was filled.
    """

    row: IntArray
    rule: AnyArray
    before: FloatArray
    after: FloatArray

    def __len__(self) -> int:
        """Number of adjustments."""
        return int(self.row.size)

    def of_rows(self, keep: BoolArray) -> Adjustments:
        """Those of the rows marked in ``keep``."""
        chosen = keep[self.row]
        return Adjustments(
            self.row[chosen], self.rule[chosen], self.before[chosen], self.after[chosen]
        )

    def left_after(self, keep: BoolArray) -> Adjustments:
        """Those of the rows marked in ``keep``, numbered among these alone."""
        kept = self.of_rows(keep)
        return replace(kept, row=(np.cumsum(keep) - 1)[kept.row])

    @classmethod
    def joined(cls, parts: list[Adjustments]) -> Adjustments:
        """One after another."""
        if not parts:
            return cls(np.empty(0, np.int64), np.empty(0, np.uint8), np.empty(0), np.empty(0))
        return cls(
            np.concatenate([part.row for part in parts]),
            np.concatenate([part.rule for part in parts]),
            np.concatenate([part.before for part in parts]),
            np.concatenate([part.after for part in parts]),
        )


@dataclass(frozen=True)
class SoilColumns:
    """Guarded soil columns of many sites.

    Parameters
    ----------
    first_row : array of int, shape (site + 1,)
        Row at which each site starts; the last entry is the number of rows.
    values : array, shape (13, row)
        One line per name in ``SOIL_VALUES``: water contents [m3 m-3], alpha [cm-1], conductivities
        [mm d-1], bulk density [g cm-3]. ``kdul_layer_mm_d`` is the layer's own K(DUL), while
        ``kdul_mm_d`` is SWIM3's single value for the profile. NaN where the layer is refused.
    refusal : array of uint8, shape (row,)
        ``Refusal`` number, 0 where the layer is usable. Where one layer of a site is refused, its
        others carry ``SITE_INCOMPLETE``.
    adjustments : Adjustments
        What the guards changed, of usable sites only.
    limits : Soil
        Heads, gaps and bounds the columns were held to.
    n_normalised : int
        Textures whose sum was not 100 % and was scaled to it, noted or not.
    """

    first_row: IntArray
    values: FloatArray
    refusal: AnyArray
    adjustments: Adjustments
    limits: Soil
    n_normalised: int = 0

    def __getitem__(self, name: str) -> FloatArray:
        """One quantity by its name in ``SOIL_VALUES``, shape (row,)."""
        values: FloatArray = self.values[SOIL_VALUES.index(name)]
        return values

    @property
    def psidul_cm(self) -> float:
        """Head at which DUL was read [cm], negative."""
        return -self.limits.dul_suction_cm

    @property
    def usable(self) -> BoolArray:
        """Whether each row belongs to a usable site, shape (row,)."""
        return np.asarray(self.refusal == Refusal.NONE)

    def of_usable_sites(self, first_row: IntArray) -> SoilColumns:
        """Without the sites that have a refused layer; ``first_row`` is that of the others."""
        keep = self.usable
        return replace(
            self,
            first_row=first_row,
            values=np.ascontiguousarray(self.values[:, keep]),
            refusal=self.refusal[keep],
            adjustments=self.adjustments.left_after(keep),
        )


def uniform_first_rows(n_site: int, n_layer: int) -> IntArray:
    """``first_row`` of sites that all have ``n_layer`` layers."""
    return np.arange(n_site + 1, dtype=np.int64) * n_layer


def sites_with(first_row: IntArray, faulty: BoolArray) -> BoolArray:
    """Whether any layer of the row's site is marked in ``faulty``, shape (row,)."""
    cumulative = np.concatenate(([0], np.cumsum(faulty)))
    per_site = cumulative[first_row[1:]] - cumulative[first_row[:-1]] > 0
    return np.repeat(per_site, np.diff(first_row))


def mark_incomplete_sites(first_row: IntArray, refusal: AnyArray) -> None:
    """Give the good layers of a site with a refused one the refusal ``SITE_INCOMPLETE``."""
    incomplete = sites_with(first_row, refusal != Refusal.NONE)
    refusal[incomplete & (refusal == Refusal.NONE)] = Refusal.SITE_INCOMPLETE
