"""What a land-cover or climate code means to the design: a legend of the catalog as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone.covariates.layers.legends import Legend, legend_of

_CODES = 256  # class rasters are uint8


@dataclass(frozen=True)
class ClassTable:
    """The codes of one classification.

    Parameters
    ----------
    name : str
        Name of the table.
    labels : mapping of int to str
        Short label of each code, such as ``BSk``.
    titles : mapping of int to str
        Name of each code in words.
    missing : tuple of int
        Codes that say that there is no data.
    """

    name: str
    labels: dict[int, str]
    titles: dict[int, str]
    missing: tuple[int, ...]

    @cached_property
    def is_known(self) -> BoolArray:
        """Whether each code 0..255 is a class of the table."""
        return _flags(self.labels)

    @cached_property
    def is_missing(self) -> BoolArray:
        """Whether each code 0..255 says that there is no data."""
        return _flags(self.missing)

    def unknown_codes(self, codes: AnyArray) -> dict[int, int]:
        """Codes of an array that are neither classes nor marks for missing data, with counts."""
        counts = np.bincount(codes.ravel(), minlength=_CODES)
        strange = np.flatnonzero((counts > 0) & ~(self.is_known | self.is_missing))
        return {int(code): int(counts[code]) for code in strange}

    def codes_of_labels(self, labels: list[str] | tuple[str, ...]) -> list[int]:
        """Codes that carry these labels.

        Raises
        ------
        RequestError
            A label is not in the table.
        """
        by_label = {label: code for code, label in self.labels.items()}
        for label in labels:
            if label not in by_label:
                raise RequestError(
                    f"{label!r} is no class of {self.name}{did_you_mean(label, by_label)}."
                )
        return [by_label[label] for label in labels]


def _flags(codes: object) -> BoolArray:
    flags = np.zeros(_CODES, dtype=bool)
    flags[list(codes)] = True  # type: ignore[call-overload]
    return flags


def class_table(name: str, legends: Mapping[str, Legend] | None = None) -> ClassTable:
    """The classes of a legend, of a catalog's legends or the packed ones.

    Raises
    ------
    RequestError
        There is no such legend.
    """
    legend = legend_of(name, legends)
    classes = {code: item for code, item in legend.classes.items() if code not in legend.missing}
    by_name = legend.label == "name"
    return ClassTable(
        name=name,
        labels={code: item.name if by_name else str(code) for code, item in classes.items()},
        titles={code: item.title or item.name for code, item in classes.items()},
        missing=legend.missing,
    )


def stratum_code(land_cover: AnyArray, climate: AnyArray) -> AnyArray:
    """One number per pair of codes: land cover * 256 + climate, as uint16.

    Examples
    --------
    >>> int(stratum_code(np.array([71]), np.array([7]))[0])
    18183
    """
    high = land_cover.astype(np.uint16) << np.uint16(8)
    return np.asarray(high | climate.astype(np.uint16))


def codes_of_stratum(code: int) -> tuple[int, int]:
    """Land-cover and climate code of a stratum number."""
    return code >> 8, code & 255


def stratum_label(code: int, land_cover: ClassTable, climate: ClassTable) -> str:
    """Label of a stratum, such as ``71-BSk``."""
    cover, zone = codes_of_stratum(code)
    return f"{land_cover.labels[cover]}-{climate.labels[zone]}"


def stratum_title(code: int, land_cover: ClassTable, climate: ClassTable) -> str:
    """Name of a stratum in words."""
    cover, zone = codes_of_stratum(code)
    return f"{land_cover.titles[cover]} | {climate.titles[zone]}"
