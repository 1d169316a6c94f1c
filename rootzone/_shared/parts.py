"""Finished pieces of maps that are still being made, so that a killed run goes on where it was.

Pieces lie in a folder named by the digest of everything that has a say in them. Pieces of other
settings are never mixed in; they are swept away once a run has finished. A piece is a NumPy archive
whose comment, as ZIP has one, is the SHA-256 of all that stands before it: the check sums of ZIP
pass over names and sizes.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.errors import StoppedEarly

FOLDER = ".parts"
_SEAL_BYTES = 64


@dataclass(frozen=True)
class Parts:
    """The pieces of one run.

    Parameters
    ----------
    folder : Path
        Where they lie.
    """

    folder: Path

    @classmethod
    def of(cls, maps: Path, digest: str) -> Parts:
        """Pieces of the run with this digest, below the folder of maps."""
        return cls(maps / FOLDER / digest)

    def path(self, name: str) -> Path:
        """File of a piece."""
        return self.folder / f"{name}.npz"

    def has(self, name: str) -> bool:
        """Whether a piece is finished."""
        return self.path(name).exists()

    def put(self, name: str, arrays: Mapping[str, AnyArray]) -> None:
        """Keep a piece, whole or not at all."""
        archive = io.BytesIO()
        np.savez(archive, allow_pickle=False, **arrays)
        # The last two bytes of an archive without a comment are the comment's length.
        archive.seek(-2, io.SEEK_END)
        archive.write(_SEAL_BYTES.to_bytes(2, "little"))
        seal = hashlib.sha256(archive.getbuffer()).hexdigest().encode()
        with atomic_path(self.path(name)) as temporary, temporary.open("wb") as handle:
            handle.write(archive.getbuffer())
            handle.write(seal)

    def get(self, name: str) -> dict[str, AnyArray]:
        """Arrays of a finished piece.

        Raises
        ------
        StoppedEarly
            It is damaged; it was taken away, so that the same command makes it again.
        """
        path = self.path(name)
        try:
            content = path.read_bytes()
            seal = hashlib.sha256(memoryview(content)[:-_SEAL_BYTES]).hexdigest().encode()
            if content[-_SEAL_BYTES:] != seal:
                raise ValueError("its content is not what was written")
            with np.load(io.BytesIO(content), allow_pickle=False) as stored:
                return {key: stored[key] for key in stored.files}
        except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError) as error:
            path.unlink(missing_ok=True)
            raise StoppedEarly(
                f"{path} was damaged ({error}) and is taken away; the same command makes it again."
            ) from error

    def sweep(self) -> None:
        """Remove these pieces, and those of runs with other settings."""
        shutil.rmtree(self.folder.parent, ignore_errors=True)
