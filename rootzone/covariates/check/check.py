"""What a file really is, against what the catalog says, and how to mend the difference."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rootzone._shared.errors import RequestError
from rootzone._shared.magic import kind_of_file, mismatch
from rootzone.covariates.check.check_raster_file import raster_facts, raster_findings
from rootzone.covariates.check.check_table_file import TABLE_SUFFIXES, table_facts
from rootzone.covariates.check.check_weather_file import weather_facts, weather_findings
from rootzone.covariates.check.findings import FileFinding
from rootzone.covariates.fetch.netcdf3_length import NotClassic, missing_bytes
from rootzone.covariates.layers.catalog import Catalog, Layer, Source


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
    layer = _layer_for(path, catalog, source_name)
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
    if path.suffix.lower() in TABLE_SUFFIXES:
        table, findings = table_facts(path)
        report.facts.update(table)
        report.findings.extend(findings)
        return
    if report.facts.get("kind") in ("hdf5", "netcdf3"):
        facts = weather_facts(path)
        if facts is not None:
            report.facts.update(facts)
            report.findings.extend(weather_findings(path, facts, layer))
            return
    try:
        report.facts.update(raster_facts(path))
    except RequestError as error:
        report.findings.append(
            FileFinding(
                "UNREADABLE",
                "problem",
                str(error),
                "convert it to GeoTIFF where GDAL can read it; HDF4 needs a GDAL built with it",
            )
        )
        return
    report.findings.extend(raster_findings(report.facts, layer))


def _layer_for(path: Path, catalog: Catalog, source_name: str | None) -> Layer | None:
    """The catalog entry whose path looks like this file, with its placeholders filled."""
    names = [source_name] if source_name is not None else list(catalog.sources)
    for name in names:
        source = catalog.source(name)
        match = _pattern(source).search(path.as_posix())
        if match is not None:
            values = {k: v for k, v in match.groupdict().items() if k in source.keys}
            return Layer(name, name, source, values)
    if source_name is not None:
        return Layer(source_name, source_name, catalog.source(source_name), {})
    return None


def _pattern(source: Source) -> re.Pattern[str]:
    """The path as an expression; the folder counts only where it holds a placeholder."""
    pattern = source.path
    if "{" not in pattern.rsplit("/", 1)[0]:
        pattern = pattern.rsplit("/", 1)[1]
    seen: set[str] = set()

    def group(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>{_SHAPES.get(name, '[^/]+?')})"

    escaped = re.escape(pattern).replace(r"\{", "{").replace(r"\}", "}")
    return re.compile(r"(?:^|/)" + re.sub(r"\{([a-z_]+)\}", group, escaped) + "$")


_SHAPES = {"year": r"\d{4}", "date": r"\d{7,8}", "depth": r"\d+_\d+", "tile": r"[A-Za-z0-9_.-]+"}
