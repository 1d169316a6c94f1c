"""The one resolver for data that travels with the package.

In a wheel the three data folders lie under ``rootzone/_resources``; in a checkout or an editable
install they lie beside the package.
"""

from __future__ import annotations

from pathlib import Path

from rootzone._shared.errors import RequestError

FOLDERS = ("apsim_templates", "sampling", "data")
_PACKAGE = Path(__file__).resolve().parents[1]


def resource_path(name: str) -> Path:
    """Path of a packed file or folder, such as ``data/rosetta/rosetta3_geo.csv``.

    Parameters
    ----------
    name : str
        Path relative to the resources root, with forward slashes; its first part is one of
        ``apsim_templates``, ``sampling`` or ``data``.

    Raises
    ------
    RequestError
        The name leaves the resources, or nothing lies there.
    """
    parts = Path(name).parts
    if not parts or parts[0] not in FOLDERS or ".." in parts:
        raise RequestError(f"{name!r} is not a packed resource; it must lie in one of {FOLDERS}.")
    for root in (_PACKAGE / "_resources", _PACKAGE.parent):
        if (root / name).exists():
            return root / name
    raise RequestError(
        f"The packed resource {name!r} is missing from this installation. "
        "Reinstall rootzone, or run from a complete checkout."
    )
