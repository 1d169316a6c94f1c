"""The data catalog: where each source lies, how it is read, and what its numbers mean.

A catalog is a YAML file of sources. The packed ones (``data/catalogs``) describe public
products; a user's own is read after them and its entries win. A layer is addressed as
``source``, ``source/part`` or ``source/part/part``: the parts fill the placeholders of the path in
their order, such as ``polaris/sand/15_30`` or ``nlcd/2023``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from rootzone._shared.addresses import wrong_address
from rootzone._shared.digests import digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.resources import resource_path
from rootzone._shared.safe_yaml import Document, read_yaml
from rootzone.covariates.layers.legends import PACKED_LEGENDS, Legend, legend_of, packed_legends
from rootzone.covariates.layers.source import Layer, Part, Source, Strict
from rootzone.covariates.weather.cells import WeatherGrid

PACKS = ("conus", "global")
PACKED = (PACKED_LEGENDS, *(f"data/catalogs/{pack}.yaml" for pack in PACKS))
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]


@dataclass(frozen=True)
class Catalog:
    """All sources by name, and the folder their paths start from.

    Parameters
    ----------
    sources : mapping of str to Source
        Entries; later files have won over earlier ones.
    data_folder : Path
        Folder that paths are relative to.
    origin : mapping of str to str
        File and line each entry came from, for messages.
    legends : mapping of str to Legend
        What class codes mean, by the name entries give.
    """

    sources: dict[str, Source]
    data_folder: Path
    origin: dict[str, str] = field(default_factory=dict)
    legends: dict[str, Legend] = field(default_factory=lambda: dict(packed_legends()))

    @property
    def digest(self) -> str:
        """Digest of what the catalog says, wherever it lies."""
        parts = (self.sources, self.legends)
        return digest_json([{k: v.model_dump(mode="json") for k, v in p.items()} for p in parts])

    def legend_of_layer(self, address: str) -> Legend:
        """What the codes of a class layer mean.

        Raises
        ------
        RequestError
            The source is unknown, or holds numbers.
        """
        name = self.source(address.split("/")[0]).legend
        if name is None:
            raise RequestError(f"{address} holds numbers, not classes.")
        return legend_of(name, self.legends)

    def weather_grid(self, name: str) -> WeatherGrid:
        """Where the cells of a source of daily weather lie.

        Raises
        ------
        RequestError
            The source is unknown, or no weather by cell.
        """
        grid = self.source(name).weather_grid
        if grid is None:
            raise RequestError(
                f"catalog.forcing: {name} is no daily weather by cell. Name a source of kind "
                "daily, such as one that rootzone catalog list shows."
            )
        return grid

    def source(self, name: str) -> Source:
        """One entry.

        Raises
        ------
        RequestError
            The catalog has no such source.
        """
        if name not in self.sources:
            raise RequestError(
                f"The catalog has no source {name!r}{did_you_mean(name, self.sources)}. "
                f"It has {', '.join(sorted(self.sources))}."
            )
        return self.sources[name]

    def layer(self, address: str, year: int | None = None) -> Layer:
        """The layer an address names.

        Parameters
        ----------
        address : str
            ``source``, ``source/part`` or ``source/part/part``.
        year : int, optional
            Fills ``{year}`` where the address does not. A variable that lies beside others in one
            file may be left out; the first one listed is meant.

        Raises
        ------
        RequestError
            The source is unknown, or parts are missing, too many or not in the source.
        """
        name, *parts = address.split("/")
        source = self.source(name)
        keys = list(source.keys)
        if year is not None and len(parts) < len(keys) and "year" in keys:
            parts.insert(keys.index("year"), str(year))
        if (
            len(parts) == len(keys) - 1
            and keys[-1] == "variable"
            and "{variable}" not in source.path
        ):
            parts.append(next(iter(source.variables)))
        if len(parts) != len(keys):
            wanted = "/".join([name, *(f"{{{key}}}" for key in keys)])
            raise RequestError(f"{address!r} does not name one layer: write {wanted}.")
        values = dict(zip(keys, parts, strict=True))
        for key, value in values.items():
            _known(address, key, value, source)
        return Layer(address, name, source, values, self.legends.get(source.legend or ""))


def _known(address: str, key: str, value: str, source: Source) -> None:
    known = {
        "variable": list(source.variables),
        "depth": source.depth_names(),
        "year": [str(year) for year in source.years],
    }.get(key, [])
    if known and value not in known:
        raise RequestError(
            f"{address!r}: {value!r} is no {key} of {source.title}{did_you_mean(value, known)}. "
            f"It has {', '.join(known)}."
        )


def load_catalog(files: Sequence[Path], data_folder: Path, *, packed: bool = True) -> Catalog:
    """The packed catalog and the user's own on top of it.

    Parameters
    ----------
    files : sequence of Path
        Catalog files of the user; later ones win.
    data_folder : Path
        Folder that relative paths start from.
    packed : bool
        Whether the packed catalogs are read first; the packed legends always are.

    Raises
    ------
    RequestError
        A file is not a catalog; every mistake is listed with its line.
    """
    sources: dict[str, Source] = {}
    origin: dict[str, str] = {}
    legends: dict[str, Legend] = {}
    before = PACKED if packed else (PACKED_LEGENDS,)
    own = [(document, _parse(document)) for document in map(read_yaml, files)]
    for document, found in [*map(_packed, before), *own]:
        legends.update(found.legends)
        for name, source in found.sources.items():
            _known_legend(document, name, source, legends)
            sources[name] = source
            line = document.place(("sources", name)).line
            origin[name] = f"{document.path.name}:{line}"
    return Catalog(sources, data_folder, origin, legends)


@cache  # half a second of parsing, of what no process sees change
def _packed(name: str) -> tuple[Document, _File]:
    """A catalog that comes with the package."""
    document = read_yaml(resource_path(name))
    return document, _parse(document)


def _known_legend(
    document: Document, name: str, source: Source, legends: dict[str, Legend]
) -> None:
    if source.legend is not None and source.legend not in legends:
        line = document.place(("sources", name)).line
        raise RequestError(
            f"{document.path}:{line}: sources.{name}: legend {source.legend!r} is not one of "
            f"{', '.join(legends)}{did_you_mean(source.legend, legends)}. Write one under legends."
        )


class _File(Strict):
    catalog: str
    sources: dict[Name, Source] = Field(default_factory=dict)
    legends: dict[Name, Legend] = Field(default_factory=dict)


def stray_addresses(files: Sequence[Path]) -> list[tuple[Path, int, str, str]]:
    """Addresses in the user's own catalogs that rootzone would not ask: file, line, key, reason.

    Raises
    ------
    RequestError
        A file is not a catalog.
    """
    found = []
    for path in files:
        document = read_yaml(path)
        for name, source in _parse(document).sources.items():
            for key, url in source.addresses():
                problem = wrong_address(url)
                if problem is not None:
                    place = document.place(("sources", name, key))
                    found.append((path, place.line, f"sources.{name}.{key}", problem))
    return found


def _parse(document: Document) -> _File:
    try:
        return _File.model_validate(document.data)
    except ValidationError as error:
        lines = [_mistake(document, detail) for detail in error.errors(include_url=False)]
        raise RequestError(
            "\n".join(lines) + f"\n{len(lines)} mistakes in the catalog {document.path}."
        ) from error


def _mistake(document: Document, detail: Any) -> str:  # noqa: ANN401 - pydantic's own dict
    key = tuple(detail["loc"])
    place = document.place(key)
    dotted = ".".join(map(str, key)) or "(file)"
    if detail["type"] == "extra_forbidden":
        model = Part if "variables" in key else Source if "sources" in key else _File
        hint = did_you_mean(str(key[-1]), model.model_fields)
        return f"{document.path}:{place.line}: {dotted}: unknown key{hint}."
    return f"{document.path}:{place.line}: {dotted}: {detail['msg']}."
