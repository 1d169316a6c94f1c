"""Bring the files of a plan: one after another, each whole, checked and on record."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rootzone._shared.errors import RequestError, RootzoneError, StoppedEarly
from rootzone._shared.held import held
from rootzone._shared.inside import path_inside
from rootzone._shared.open_files import open_netcdf, open_raster
from rootzone.covariates.fetch.checksums import add_checksum
from rootzone.covariates.fetch.fetch_plan import WantedFile
from rootzone.covariates.fetch.netcdf3_length import NotClassic, missing_bytes
from rootzone.covariates.fetch.read_archive import extract_companions, extract_member
from rootzone.covariates.fetch.refusals import NotServed, Unreachable, host_of
from rootzone.covariates.fetch.run_transfer import Patience, download, size_of

if TYPE_CHECKING:
    import requests

_LOG = logging.getLogger(__name__)
_SPARE_BYTES = 1 << 30  # left free on the disk


@dataclass
class Outcome:
    """What became of a plan.

    Parameters
    ----------
    fetched : list of str
        Files brought, by their path in the data folder.
    there : list of str
        Files that lay there already.
    absent : list of str
        Tiles the server does not have, where the catalog allows for it.
    refused : mapping of str to str
        Files that cannot be had by asking again, and why.
    unfinished : mapping of str to str
        Files that broke off; the same command resumes them.
    """

    fetched: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    unfinished: dict[str, str] = field(default_factory=dict)

    def error(self) -> RootzoneError | None:
        """The one error to end with: refused files outweigh unfinished ones."""
        if self.refused:
            return RequestError(_listed("cannot be fetched", self.refused))
        if self.unfinished:
            return StoppedEarly(_listed("are not complete", self.unfinished))
        return None


def _listed(words: str, files: dict[str, str]) -> str:
    """One line for every reason, with the first file it holds for and how many more."""
    by_reason: dict[str, list[str]] = {}
    for path, reason in files.items():
        by_reason.setdefault(reason, []).append(path)
    lines = [
        f"  {paths[0]}{f' and {len(paths) - 1} more' if len(paths) > 1 else ''}: {reason}"
        for reason, paths in by_reason.items()
    ]
    return f"{len(files)} files {words}:\n" + "\n".join(lines)


_HOSTS_IN_VAIN = 2  # as many hosts in vain and none that answered: there is no network


@dataclass
class _Hosts:
    """Which hosts answer; the others are asked once."""

    answered: set[str] = field(default_factory=set)
    gone: dict[str, Unreachable] = field(default_factory=dict)

    def refuse_gone(self, url: str | None) -> None:
        """Raise again what was said of a host that could not be reached."""
        if url is None:
            return
        if host_of(url) in self.gone:
            raise self.gone[host_of(url)]
        if len(self.gone) >= _HOSTS_IN_VAIN and not self.answered:
            tried = " nor ".join(sorted(self.gone))
            raise StoppedEarly(
                f"there seems to be no network: neither {tried} can be reached, the rest was not "
                "tried. The same command resumes."
            )

    def note(self, url: str | None, error: Exception | None = None) -> None:
        """Remember how a host did."""
        if isinstance(error, Unreachable):
            self.gone[error.host] = error
        elif url is not None:
            self.answered.add(host_of(url))


def fetch_files(
    session: requests.Session,
    plan: Sequence[WantedFile],
    data_folder: Path,
    patience: Patience | None = None,
    watch: Callable[[WantedFile, int, int | None], None] = lambda wanted, done, total: None,
    sleep: Callable[[float], None] | None = None,
) -> Outcome:
    """Bring what is missing. One file that fails does not stop the others.

    Parameters
    ----------
    session : requests.Session
        From `run_transfer.open_session`.
    plan : sequence of WantedFile
        What is wanted.
    data_folder : Path
        Where it goes.
    patience : Patience, optional
        How often each file is tried.
    watch : callable
        Told the file, the bytes that are there and the length announced.
    sleep : callable, optional
        Waits between tries; tests pass their own.
    """
    outcome, hosts = Outcome(), _Hosts()
    for wanted in plan:
        if wanted.is_there(data_folder):
            outcome.there.append(wanted.path)
            continue
        try:
            hosts.refuse_gone(wanted.url)
            with _alone_at(wanted, data_folder):
                if wanted.is_there(data_folder):  # another fetch brought it meanwhile
                    outcome.there.append(wanted.path)
                    continue
                _fetch_one(session, wanted, data_folder, patience, watch, sleep)
            hosts.note(wanted.url)
            outcome.fetched.append(wanted.path)
        except NotServed as error:
            if error.status == 404 and wanted.may_be_absent:
                _LOG.warning("%s is not on the server and counts as nodata", wanted.path)
                outcome.absent.append(wanted.path)
            else:
                outcome.refused[wanted.path] = str(error)
        except RequestError as error:
            outcome.refused[wanted.path] = str(error)
        except StoppedEarly as error:
            if isinstance(error, Unreachable):
                hosts.note(wanted.url, error)
            outcome.unfinished[wanted.path] = str(error)
        except OSError as error:
            outcome.unfinished[wanted.path] = f"it cannot be written: {error}"
    return outcome


@contextmanager
def _alone_at(wanted: WantedFile, data_folder: Path) -> Iterator[None]:
    """No other fetch at the same file; two would cut each other's part short."""
    if wanted.url is None:
        yield
        return
    with held(_target(wanted, data_folder)):
        yield


def _target(wanted: WantedFile, data_folder: Path) -> Path:
    return path_inside(data_folder, wanted.path, f"The path of {wanted.source}")


def _fetch_one(
    session: requests.Session,
    wanted: WantedFile,
    data_folder: Path,
    patience: Patience | None,
    watch: Callable[[WantedFile, int, int | None], None],
    sleep: Callable[[float], None] | None,
) -> None:
    if wanted.url is None:
        raise RequestError(
            f"{wanted.source} has {wanted.by_hand()}. Place its files under {data_folder} by hand, "
            "under these names, or add url to its entry."
        )
    target = _target(wanted, data_folder)
    archive = target.with_name(f"{target.stem}.download.zip") if wanted.member else None

    def on_bytes(done: int, total: int | None) -> None:
        _refuse_full_disk(target.parent, done, total)
        watch(wanted, done, total)

    extra = {} if sleep is None else {"sleep": sleep}
    download(session, wanted.url, archive or target, patience, on_bytes, **extra)
    if archive is not None and wanted.member is not None:
        extract_member(archive, wanted.member, target)
        extract_companions(archive, wanted.member, target)
        archive.unlink()
    _refuse_unreadable(target)
    add_checksum(data_folder, wanted.path, wanted.url)


def _refuse_full_disk(folder: Path, done: int, total: int | None) -> None:
    if total is None:
        return
    free = shutil.disk_usage(folder).free
    if free < total - done + _SPARE_BYTES:
        raise StoppedEarly(
            f"{folder} has {free / 1e9:.1f} GB left and {(total - done) / 1e9:.1f} GB are still to "
            "come. Make room, or choose another --data; the same command resumes."
        )


def _refuse_unreadable(path: Path) -> None:
    """A file that cannot be opened to its end is put aside: some servers announce no length."""
    problem = _unreadable(path)
    if problem is None:
        return
    aside = path.with_name(f"{path.name}.bad")
    path.replace(aside)
    raise StoppedEarly(
        f"what came cannot be read to its end ({problem}); it was put aside as {aside.name}. The "
        "same command fetches it again."
    )


def _unreadable(path: Path) -> str | None:
    if path.suffix.lower() in (".tif", ".tiff", ".img"):
        return _unreadable_raster(path)
    if path.suffix.lower() in (".nc", ".h5"):
        return _unreadable_netcdf(path)
    return None


def _unreadable_raster(path: Path) -> str | None:
    """Read the first and the last block, which lie at the two ends of the file."""
    from rasterio.errors import RasterioIOError

    try:
        with open_raster(path) as data:
            blocks = [window for _, window in data.block_windows(1)]
            for window in (blocks[0], blocks[-1]):
                data.read(1, window=window)
    except RasterioIOError as error:
        return str(error.__cause__ or error)
    return None


def _unreadable_netcdf(path: Path) -> str | None:
    """HDF5 knows its own end; a classic file is held against the length its header promises."""
    try:
        lacking = missing_bytes(path)
        if lacking:
            return f"{lacking} bytes are missing at its end"
        with open_netcdf(path) as file:
            for variable in file.variables.values():
                if variable.shape and min(variable.shape) > 0:
                    variable[tuple(size - 1 for size in variable.shape)]
    except (OSError, RuntimeError, NotClassic) as error:
        return str(error)
    return None


def sizes(
    session: requests.Session | None, plan: Sequence[WantedFile], data_folder: Path
) -> Iterator[tuple[WantedFile, int | None, str]]:
    """Each missing file with the length its server announces, or why it announces none.

    Without a session nobody is asked.
    """
    hosts = _Hosts()
    for wanted in plan:
        if wanted.is_there(data_folder):
            continue
        if wanted.url is None:
            yield wanted, None, wanted.by_hand()
            continue
        if session is None:
            yield wanted, None, ""
            continue
        try:
            hosts.refuse_gone(wanted.url)
            size = size_of(session, wanted.url)
            hosts.note(wanted.url)
            yield wanted, size, ""
        except RootzoneError as error:
            if isinstance(error, Unreachable):
                hosts.note(wanted.url, error)
            yield wanted, None, str(error)
