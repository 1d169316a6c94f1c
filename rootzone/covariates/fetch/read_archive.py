"""One file out of an archive from elsewhere, and nothing but that file."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from rootzone._shared.atomic import atomic_path
from rootzone._shared.errors import NO_ROOM, RequestError, StoppedEarly
from rootzone._shared.unpack import refuse_zip_bomb

MAX_BYTES = 64 << 30  # larger than any raster of the catalog
MAX_RATIO = 600  # a class raster deflates a few hundredfold; zeros alone reach 1030, no more
_COMPANIONS = {".img": (".ige", ".rrd")}  # files that one cannot be read without


def extract_member(archive: Path, member: str, target: Path) -> Path:
    """Write one member of a zip archive to ``target``, whole or not at all.

    The member is found by its file name, in whatever folder of the archive it lies. Its own path is
    never used, so an archive cannot write anywhere else.

    Parameters
    ----------
    archive : Path
        A zip file.
    member : str
        File name, such as ``Annual_NLCD_LndCov_2023_CU_C1V1.tif``.
    target : Path
        Where it goes.

    Raises
    ------
    RequestError
        The archive is damaged, does not hold the member, holds two, or the member is of a size
        that no raster has.
    StoppedEarly
        There is no room for it.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            info = _find(file, archive, member)
            refuse_zip_bomb(info, archive, MAX_BYTES, MAX_RATIO)
            with (
                atomic_path(target) as temporary,
                file.open(info) as source,
                temporary.open("wb") as out,
            ):
                shutil.copyfileobj(source, out, 1 << 20)
    except NotImplementedError as error:
        raise RequestError(
            f"{member} in {archive.name} is packed by a method that Python cannot unpack "
            f"({_method(archive, member)}). Fetching it again will not help: unpack {archive.name} "
            f"by hand (7-Zip can) and place {member} at {target}."
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise RequestError(
            f"{archive.name} is damaged or no plain zip file: {error}. Delete it and fetch again."
        ) from error
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise StoppedEarly(
            f"{target}: there is no room to unpack {member} ({info.file_size:,} bytes; "
            f"{error.strerror}). Nothing was left half-written. Make room, then the same command "
            "goes on."
        ) from error
    return target


def extract_companions(archive: Path, member: str, target: Path) -> list[Path]:
    """Unpack what a member cannot be read without, such as an ``.ige`` that an ``.img`` points to.

    Returns
    -------
    list of Path
        What was written; empty where the archive holds nothing of the kind.
    """
    out = []
    for suffix in _COMPANIONS.get(target.suffix.lower(), ()):
        name = PurePosixPath(member).with_suffix(suffix).name
        with zipfile.ZipFile(archive) as file:
            there = any(PurePosixPath(i.filename).name == name for i in file.infolist())
        if there:
            out.append(extract_member(archive, name, target.with_suffix(suffix)))
    return out


_METHODS = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 97: "WavPack", 98: "PPMd"}


def _method(archive: Path, member: str) -> str:
    with zipfile.ZipFile(archive) as file:
        number = _find(file, archive, member).compress_type
    return _METHODS.get(number, f"method {number}")


def _find(file: zipfile.ZipFile, archive: Path, member: str) -> zipfile.ZipInfo:
    found = [
        info
        for info in file.infolist()
        if not info.is_dir() and PurePosixPath(info.filename.replace("\\", "/")).name == member
    ]
    if len(found) == 1:
        return found[0]
    names = ", ".join(info.filename for info in file.infolist()[:8])
    raise RequestError(
        f"{archive.name} holds {len(found)} files called {member} (it begins with {names}). "
        "Correct archive_member in the catalog."
    )
