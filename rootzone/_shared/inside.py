"""Names from others that become paths: kept inside the folder they belong to."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from rootzone._shared.errors import RequestError

_LONGEST_PART = 200  # bytes; a temporary name beside it is longer, and disks end at 255


def leaves_its_folder(name: str) -> str | None:
    """Why a relative path is no plain path below a folder; None where it is one.

    Examples
    --------
    >>> leaves_its_folder("nlcd/nlcd_2023.tif")
    >>> leaves_its_folder("../outside.sh")
    "it holds '..' and would leave its folder"
    """
    if not name.strip():
        return "it is empty"
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or name.startswith("\\"):
        return "it is absolute and would lie outside its folder"
    if name.startswith("~"):
        return "it begins with '~', which stands for a home folder"
    parts = name.replace("\\", "/").split("/")
    if ".." in parts:
        return "it holds '..' and would leave its folder"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        return "it holds a control character"
    if any(len(part.encode("utf-8", "surrogatepass")) > _LONGEST_PART for part in parts):
        return f"a part of it is longer than {_LONGEST_PART} bytes"
    return None


def path_inside(folder: Path, name: str, what: str) -> Path:
    """The path of a name below a folder, also once links are followed.

    Use it for every path that is written and whose name came from a file: a catalog, an archive, a
    table.

    Parameters
    ----------
    folder : Path
        Where it must lie; it may itself be a link.
    name : str
        Relative path with forward slashes.
    what : str
        What the name is, for the message.

    Raises
    ------
    RequestError
        The name is absolute, holds ``..`` or a control character, or a link leads outside.
    """
    wrong = leaves_its_folder(name)
    if wrong is not None:
        raise RequestError(f"{what} {name[:120]!r} cannot be used: {wrong}. Nothing was written.")
    path = folder / name
    real = path.resolve()
    if not real.is_relative_to(folder.resolve()):
        raise RequestError(
            f"{what} {name[:120]!r} leads through a link to {real}, outside {folder}. Nothing was "
            "written. Give the real folder (--data), or replace the link by a folder."
        )
    return path
