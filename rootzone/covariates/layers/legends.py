"""What class codes mean, as a catalog says it: names, groups, colours, marks for missing data.

Code numbers depend on the source: Beck et al. count 30 climates by kind, the files of Kottek and
Rubel 31 by the alphabet, and 32 for the sea. The class text is what counts; a code is only how a
file spells it. Legends are data of catalog files (``data/catalogs/legends.yaml`` and a user's own).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.resources import resource_path
from rootzone._shared.safe_yaml import read_yaml

CLASS_NODATA = 0  # what a missing class becomes; no class has this code
PACKED_LEGENDS = "data/catalogs/legends.yaml"
Code = Annotated[int, Field(ge=0, le=255)]
Group = Literal["water", "ice", "built", "bare", "crop", "grass", "shrub", "forest", "wetland", ""]
WATER: tuple[Group, ...] = ("water", "ice")  # no soil moisture is given there
NO_SOIL: tuple[Group, ...] = ("water", "ice", "built")  # no candidates, unless a campaign says so


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class LegendClass(_Frozen):
    """One class."""

    name: str
    """what the product calls it"""
    title: str = ""
    """the same in plain words"""
    group: Group = ""
    """what kind of land it is"""
    colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None
    """colour on maps"""


class Legend(_Frozen):
    """The classes of one product."""

    title: str = ""
    """what it is"""
    label: Literal["code", "name"] = "code"
    """what stands in the label of a stratum"""
    missing: tuple[Code, ...] = (CLASS_NODATA,)
    """codes that say that there is no data"""
    classes: dict[Code, LegendClass]
    """classes by their code"""

    @model_validator(mode="after")
    def _no_class_at_zero(self) -> Legend:
        if CLASS_NODATA in self.classes:
            raise ValueError("a class has code 0, which stands for missing data")
        return self

    @cached_property
    def names(self) -> Mapping[int, str]:
        """Class text of each code."""
        return {code: item.name for code, item in self.classes.items()}

    def codes_of(self, groups: Iterable[Group]) -> tuple[int, ...]:
        """Codes of some groups, ascending."""
        wanted = set(groups)
        return tuple(sorted(code for code, item in self.classes.items() if item.group in wanted))

    def unknown_codes(self, codes: AnyArray) -> dict[int, int]:
        """Codes that are no class, with their pixel counts; class nodata is no such code."""
        values, counts = np.unique(codes, return_counts=True)
        known = {*self.classes, CLASS_NODATA}
        return {int(v): int(n) for v, n in zip(values, counts, strict=True) if int(v) not in known}

    def hint_for_unknown(self, codes: Mapping[int, int], others: Mapping[str, Legend]) -> str:
        """What unknown codes suggest: another legend that has them, or a hidden nodata value."""
        for name, other in others.items():
            if set(codes) <= set(other.classes) and set(self.names.values()) & set(
                other.names.values()
            ):
                return (
                    f"{name} has them among the same class names in another numbering: set legend: "
                    f"{name}, or every class will be another one"
                )
        if set(codes) <= {127, 128, 250, 251, 252, 253, 254, 255}:
            return "This looks like an undeclared nodata value: add it to nodata"
        return f"Known are {', '.join(map(str, self.classes))}"


@lru_cache(maxsize=1)
def packed_legends() -> Mapping[str, Legend]:
    """The legends that come with the package."""
    found = read_yaml(resource_path(PACKED_LEGENDS)).data["legends"]
    return MappingProxyType({name: Legend.model_validate(item) for name, item in found.items()})


def legend_of(name: str, legends: Mapping[str, Legend] | None = None) -> Legend:
    """A legend by its name, of a catalog's or of the packed ones.

    Raises
    ------
    RequestError
        There is no legend of this name.
    """
    known = packed_legends() if legends is None else legends
    if name not in known:
        raise RequestError(
            f"There is no legend {name!r}{did_you_mean(name, known)} ({', '.join(known)})."
        )
    return known[name]
