"""What a file really is, against what the catalog says, and how to mend the difference."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rootzone._shared.errors import RequestError
from rootzone._shared.magic import kind_of_file, mismatch
from rootzone.covariates.check.findings import FileFinding
from rootzone.covariates.fetch.netcdf3_length import NotClassic, missing_bytes
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.layers.source import Layer, Source
from rootzone.covariates.readers.registry import reader


@dataclass(frozen=True)
class FileReport:
    """One file: what it is, which source it was held against, what does not fit.

    Parameters
    ----------
    path : str
        File as named by the user.
    source : str or None
        Catalog entry, or None where none fits the name.
    facts : mapping
        Driver, coordinate system, lattice, type, nodata, value range and the like.
    findings : list of FileFinding
        Problems and notes, each with a remedy.
    """

    path: str
    source: str | None
    facts: dict[str, Any] = field(default_factory=dict)
    findings: list[FileFinding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing but notes was found."""
        return not any(finding.level == "problem" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """The same facts for JSON."""
        return {**asdict(self), "ok": self.ok}


def check_file(path: Path, catalog: Catalog, source_name: str | None = None) -> FileReport:
    """Look at a file and hold it against its catalog entry.

    Parameters
    ----------
    path : Path
        A raster, a NetCDF or HDF5 file.
    catalog : Catalog
        Entries to hold it against.
    source_name : str, optional
        The entry that is meant; found from the file's name otherwise.

    Raises
    ------
    RequestError
        The file does not exist, or there is no such source.
    """
    if not path.exists():
        raise RequestError(f"{path} does not exist.")
    layers = layers_for(path, catalog, source_name)
    report = _held_against(path, layers[0] if layers else None)
    for layer in layers[1:]:  # one product's files may hold weather, or moisture
        if report.ok or layer.source.kind == layers[0].source.kind:
            continue
        other = _held_against(path, layer)
        report = other if other.ok else report
    return report


def _held_against(path: Path, layer: Layer | None) -> FileReport:
    report = FileReport(str(path), layer.source_name if layer else None)
    if path.is_file():
        kind = kind_of_file(path)
        report.facts["kind"] = kind
        wrong = mismatch(path, kind) or _cut_short(path)
        if wrong is not None:
            report.findings.append(
                FileFinding(
                    "NOT_WHAT_IT_IS_CALLED", "problem", f"the file is {wrong}", "fetch it again"
                )
            )
            return report
    if layer is None:
        report.findings.append(
            FileFinding(
                "UNKNOWN_SOURCE",
                "note",
                "no catalog entry has a path like this name, so only facts are given",
                "name the entry with --as, or add one to a catalog of your own",
            )
        )
    _look(path, layer, report)
    return report


def _cut_short(path: Path) -> str | None:
    try:
        lacking = missing_bytes(path)
    except NotClassic as error:
        return f"damaged: {error}"
    return f"cut short: {lacking} bytes are missing at its end" if lacking else None


def _look(path: Path, layer: Layer | None, report: FileReport) -> None:
    """Let the reader of the entry look, or the one that the file itself suggests."""
    name = _suggested(path, report) if layer is None else layer.source.reader
    facts, findings = reader(name).check(path, layer)
    report.facts.update(facts)
    report.findings.extend(findings)


def _suggested(path: Path, report: FileReport) -> str:
    from rootzone.covariates.check.check_weather_file import is_weather

    by_suffix = {".met": "met", ".sqlite": "unsoda"}.get(path.suffix.lower())
    if by_suffix is not None:
        return by_suffix
    netcdf = report.facts.get("kind") in ("hdf5", "netcdf3")
    return "daily_netcdf" if netcdf and is_weather(path) else "raster"


def layers_for(path: Path, catalog: Catalog, source_name: str | None = None) -> list[Layer]:
    """Catalog entries whose path looks like this file, with their placeholders filled.

    Parameters
    ----------
    path : Path
        The file.
    catalog : Catalog
        Entries.
    source_name : str, optional
        The entry that is meant, whatever the file is called.

    Raises
    ------
    RequestError
        There is no such source.
    """
    found = []
    for name in [source_name] if source_name is not None else list(catalog.sources):
        source = catalog.source(name)
        match = _pattern(source).search(path.as_posix())
        if match is not None or source_name is not None:
            values = {} if match is None else _values(source, match.groupdict())
            legend = catalog.legends.get(source.legend or "")
            found.append(Layer(name, name, source, values, legend))
    return found


def _values(source: Source, found: dict[str, str]) -> dict[str, str]:
    """Parts of an address from the placeholders of a file's name."""
    values = {key: text for key, text in found.items() if key in source.keys}
    spelled = dict(zip(source.depths_in_path(), source.depth_names(), strict=True))
    if "depth" in values:
        values["depth"] = spelled.get(values["depth"], values["depth"])
    filled = {key: text for key, text in found.items() if key not in source.keys}
    for name, part in source.variables.items():
        if part.fills and all(filled.get(key) == text for key, text in part.fills.items()):
            values.setdefault("variable", name)
    return values


def _pattern(source: Source) -> re.Pattern[str]:
    """The path as an expression; the folder counts only where it holds a placeholder."""
    pattern = source.path
    if "{" not in pattern.rsplit("/", 1)[0]:
        pattern = pattern.rsplit("/", 1)[-1]
    seen: set[str] = set()

    def group(match: re.Match[str]) -> str:
        name = match.group(1)
        if name == "any":
            return "[^/]*?"
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>{_shape(name, source)})"

    escaped = re.escape(pattern).replace(r"\{", "{").replace(r"\}", "}")
    return re.compile(r"(?:^|/)" + re.sub(r"\{([a-z_]+)\}", group, escaped) + "$")


def _shape(name: str, source: Source) -> str:
    """What may stand for a placeholder."""
    choices = [part.fills[name] for part in source.variables.values() if name in part.fills]
    choices += {"variable": list(source.variables), "depth": source.depths_in_path()}.get(name, [])
    if choices:
        longest_first = sorted(set(choices), key=lambda text: (-len(text), text))
        return "|".join(re.escape(text) for text in longest_first)
    if name == "tile" and source.tiles is not None:
        return source.tiles.shape()
    return _SHAPES.get(name, "[^/]+?")


_SHAPES = {
    "year": r"\d{4}", "month": r"\d{2}", "day": r"\d{2}", "date": r"(?:\d{13}|\d{7,8})(?!\d)",
    "depth": r"\d+_\d+",
}  # fmt: skip
