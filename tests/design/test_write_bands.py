from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.errors import StoppedEarly
from rootzone.design.write_bands import is_done, starts_path, write_note, write_sorted


def band(folder: Path) -> tuple[Path, Path]:
    """A band of three candidates in two groups, and its note."""
    path, note = folder / "band-00000.npy", folder / "band-00000.json"
    write_sorted(path, np.array([30, 10, 20]), np.array([1, 0, 1]), 2)
    write_note(note, {"left_out": {}}, path)
    return path, note


def test_a_band_is_done_once_its_note_is_there(tmp_path: Path) -> None:
    path, note = band(tmp_path)
    assert is_done(note)
    assert np.load(path).tolist() == [10, 30, 20]  # group 0 first, each in the order given
    assert np.load(starts_path(path)).tolist() == [0, 1, 3]
    assert not is_done(tmp_path / "band-00001.json")


@pytest.mark.parametrize("which", ["band-00000.npy", "band-00000-starts.npy", "band-00000.json"])
@pytest.mark.parametrize("how", ["bit", "cut", "gone"])
def test_a_damaged_band_of_an_earlier_run_is_told_and_made_again(
    tmp_path: Path, which: str, how: str
) -> None:
    _, note = band(tmp_path)
    damaged = tmp_path / which
    content = bytearray(damaged.read_bytes())
    if how == "gone" and damaged != note:
        damaged.unlink()
    else:
        content[-3] ^= 1
        damaged.write_bytes(bytes(content if how == "bit" else content[:-9]))
    with pytest.raises(StoppedEarly, match=r"band-00000.*the same command makes it again"):
        is_done(note)
    assert not is_done(note)  # so it is made again
