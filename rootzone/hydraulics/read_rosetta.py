"""Read the packed Rosetta table and make sure it is the one that was built."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.resources import resource_path
from rootzone.hydraulics.simplex import N_PARAMETER, N_VERTEX

_N_TEXTURE = 3


@dataclass(frozen=True)
class RosettaTable:
    """Rosetta's parameters at the integer textures.

    Parameters
    ----------
    values : array, shape (5151, 5)
        theta_r, theta_s [m3 m-3], log10 alpha [cm-1], log10 n, log10 Ks [cm d-1]; read-only.
    sha256 : str
        Digest of the table file.
    source : str
        Package, Rosetta version and estimate type, for the provenance of what is made with it.
    """

    values: FloatArray
    sha256: str
    source: str


@cache
def read_rosetta_table() -> RosettaTable:
    """The packed table, read once per process.

    Raises
    ------
    RequestError
        The table is missing, or its content does not fit its recorded digest.
    """
    return _read(resource_path("data/rosetta/rosetta3_geo.json"))


def _read(metadata_path: Path) -> RosettaTable:
    metadata = json.loads(metadata_path.read_text(encoding="utf-8"))
    path = metadata_path.with_name(metadata["table"])
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != metadata["sha256"]:
        raise RequestError(
            f"{path} has digest {found[:16]}, but {metadata_path.name} says "
            f"{metadata['sha256'][:16]}. Restore it from the repository, or rebuild it with "
            "scripts/build_rosetta_table.py."
        )
    values = np.loadtxt(content.decode().splitlines(), delimiter=",", skiprows=1)
    if values.shape != (N_VERTEX, _N_TEXTURE + N_PARAMETER):
        raise RequestError(f"{path} has shape {values.shape}, not one row per integer texture.")
    parameters = np.ascontiguousarray(values[:, _N_TEXTURE:])
    parameters.flags.writeable = False
    source = f"{metadata['package']}, Rosetta {metadata['rosetta_version']}, geometric mean"
    return RosettaTable(parameters, found, source)
