"""Any station file by what it is, so that a folder of mixed downloads can be read at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rootzone._shared.errors import RequestError
from rootzone.stations.guards import guarded
from rootzone.stations.join import join_series
from rootzone.stations.readers.ghcn_places import GhcnList, is_ghcn_list, read_ghcn_list
from rootzone.stations.readers.nrcs_places import StationList
from rootzone.stations.readers.read_awdb import read_awdb
from rootzone.stations.readers.read_ismn import read_ismn
from rootzone.stations.readers.read_nrcs_csv import is_nrcs_header, read_nrcs_csv
from rootzone.stations.readers.read_plain import read_plain
from rootzone.stations.readers.read_uscrn import read_uscrn
from rootzone.stations.readers.texts import csv_text
from rootzone.stations.series import UNREADABLE_FILE, StationData

ENDINGS = (".txt", ".zip", ".json", ".csv", ".gz", ".parquet")


def station_files(sources: Sequence[Path]) -> list[Path]:
    """Files among some files and folders, folders searched one level deep.

    Raises
    ------
    RequestError
        A source does not exist, or there is no file.
    """
    found: list[Path] = []
    for source in sources:
        if not source.exists():
            raise RequestError(f"{source} does not exist.")
        inside = source.iterdir() if source.is_dir() else [source]
        found += sorted(path for path in inside if path.suffix in ENDINGS)
    if not found:
        raise RequestError(
            f"No station file among {', '.join(map(str, sources))}; they end in "
            f"{', '.join(ENDINGS)}."
        )
    return found


def read_any(
    path: Path,
    stations: StationList | None = None,
    network: str = "plain",
    listed: GhcnList | None = None,
) -> StationData:
    """One file of any format.

    USCRN's daily text ends in ``.txt``, an ISMN archive in ``.zip``, a reply of AWDB in ``.json``;
    a CSV is an NRCS report where its header says so, and else a plain table, as Parquet is.

    Raises
    ------
    RequestError
        As the reader of its format.
    """
    if path.suffix == ".txt":
        return read_uscrn(path, listed)
    if path.suffix == ".zip":
        return read_ismn(path)
    if path.suffix == ".json":
        return read_awdb(path, stations)
    if path.suffix in {".csv", ".gz"} and is_nrcs_header(csv_text(path).partition("\n")[0]):
        return read_nrcs_csv(path, stations)
    return read_plain(path, network)


def read_all(
    paths: Iterable[Path], stations: StationList | None = None, network: str = "plain"
) -> StationData:
    """Many files, what they hold of one sensor joined.

    A file that is no station file, such as the readme of an archive, or that cannot be read is
    counted as ``UNREADABLE_FILE``; positions and weather that cannot be are taken away
    (`rootzone.stations.guards`). GHCN-Daily station lists among the files
    (``ghcnd-stations.txt``) give USCRN's stations their positions, which those files round to
    0.01 degree.

    Raises
    ------
    RequestError
        Not one series could be read, with what the first refused file says.
    """
    paths = list(paths)
    listed = GhcnList({})
    for path in filter(is_ghcn_list, paths):
        listed = listed.joined(read_ghcn_list(path))
    data, refused = StationData(), []
    for path in paths:
        if is_ghcn_list(path):
            continue
        try:
            data.merge(read_any(path, stations, network, listed))
        except RequestError as error:
            refused.append(error)
            data.findings.add(UNREADABLE_FILE, str(error))
    if refused and not data.series:
        raise refused[0]
    return join_series(guarded(data))
