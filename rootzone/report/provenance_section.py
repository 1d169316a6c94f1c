"""What made each table: the digests that two runs can be compared by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rootzone._shared.digests import code_version, digest_file, digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import read_provenance
from rootzone._shared.words import plural
from rootzone.jobs.shard.read_shard import read_closed
from rootzone.report.document import Code, Section, Table, Text

if TYPE_CHECKING:
    from rootzone.report.read_inputs import ReportInputs


def provenance_section(inputs: ReportInputs) -> Section:
    """Digest of every table and of how it was made."""
    digests = content_digests(inputs)
    rows = [
        [name, made_by(inputs.workspace.root, name), digest] for name, digest in digests.items()
    ]
    yaml = inputs.path.name
    return Section(
        "provenance", "Provenance", "Provenance",
        (
            Text(f"Two campaigns with the same digests hold the same numbers. Clock times, hosts "
                 f"and paths are no part of them. Code: rootzone {code_version()}; campaign digest "
                 f"{inputs.digest}."),
            Table(("table", "made by", "digest of the content"), rows),
            Text("The whole record of any file, inputs and settings included:"),
            Code("\n".join(f"rootzone provenance {name}" for name in list(digests)[:4]
                           if "*" not in name) or f"rootzone check {yaml}"),
        ),
    )  # fmt: skip


def content_digests(inputs: ReportInputs) -> dict[str, str]:
    """Digest of each table by its path below the campaign's folder; of shards, one for all.

    Files that hold clock times, such as ledgers and training logs, count by what they say of the
    work alone.
    """
    place = inputs.workspace
    single = [
        place.sites, place.reserves, place.soils, place.site_textures, place.stations,
        *inputs.weather_files, place.bundle(inputs.run) / "weights.safetensors",
        place.evaluation(inputs.run) / "predictions.parquet",
        place.evaluation(inputs.run) / "skill.parquet",
        place.evaluation(inputs.run) / "comparison.parquet",
        *sorted(place.maps.glob("*.tif")), place.surface / "predictions.parquet",
        place.surface / "skill.json", *sorted(place.surface.glob("networks/*/*.safetensors")),
        *sorted(place.surface.glob("maps/*.tif")), place.surface / "maps" / "surface_theta.nc",
    ]  # fmt: skip
    found = {_name(place.root, path): digest_file(path) for path in single if path.is_file()}
    shards = shard_digest(inputs)
    if shards:
        found[f"runs/shard=*/profiles.parquet ({plural(len(inputs.profiles), 'file')})"] = shards
    labels = sorted(place.labels.glob("year=*/month=*/*.parquet"))
    if labels:
        each = [[_name(place.root, path), digest_file(path)] for path in labels]
        found[f"labels/**/*.parquet ({plural(len(labels), 'file')})"] = digest_json(each)
    return found


def shard_digest(inputs: ReportInputs) -> str:
    """One digest of all closed shards: their inputs and what came of their sites."""
    numbers = [int(path.parent.name.partition("=")[2]) for path in inputs.profiles]
    closed = [read_closed(inputs.workspace, number) for number in numbers]
    footers = [one.footer.to_json() for one in closed if one is not None]
    return digest_json(footers) if footers else ""


def _name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def made_by(root: Path, name: str) -> str:
    """The verb that made a file, and the digest of its record; a dash where it has none."""
    path = root / name
    if "*" in name:
        first = next(iter(sorted(root.glob(name.partition(" ")[0]))), None)
        if first is None:
            return "–"
        path = first
    try:
        record = read_provenance(path)
    except RequestError:
        return "–"
    return f"{record.verb} · {record.digest}" if "*" not in name else record.verb
