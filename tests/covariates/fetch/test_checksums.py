from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from rootzone.covariates.fetch.checksums import add_checksum, identity


def write(path: Path, text: str, time_ns: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, ns=(time_ns, time_ns))
    return path


def test_a_copy_without_its_times_is_the_same_file_where_its_digest_is_on_record(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    path = write(data / "soil" / "sand.tif", "sand", 1)
    add_checksum(data, "soil/sand.tif", "https://soils.example/sand.tif")
    copied = tmp_path / "copied"
    shutil.copytree(data, copied)
    os.utime(copied / "soil" / "sand.tif", ns=(2, 2))
    # printf sand | sha256sum
    digest = "f79d7d24558304d8bce3b1a7622fd4084d9708daa9477124a70e89472b68a465"
    assert identity(path, data) == ["sand.tif", 4, digest]
    assert identity(copied / "soil" / "sand.tif", copied) == ["sand.tif", 4, digest]


def test_a_file_placed_by_hand_is_another_one_when_its_time_is(tmp_path: Path) -> None:
    first = identity(write(tmp_path / "a.tif", "sand", 1), tmp_path)
    assert first == ["a.tif", 4, 1]
    assert identity(write(tmp_path / "a.tif", "silt", 2), tmp_path) == ["a.tif", 4, 2]


def test_a_file_of_another_size_than_its_record_is_not_the_recorded_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", "sand", 1)
    add_checksum(tmp_path, "a.tif", "https://soils.example/a.tif")
    write(path, "sandy", 7)
    assert identity(path, tmp_path) == ["a.tif", 5, 7]


def test_the_record_beside_a_file_counts_and_a_damaged_one_does_not(tmp_path: Path) -> None:
    path = write(tmp_path / "s_2023-07-01.tif", "wet", 5)
    beside = tmp_path / "s_2023-07-01.tif.provenance.json"
    beside.write_text(json.dumps({"file": {"size": 3, "sha256": "ab" * 32}}))
    assert identity(path) == [path.name, 3, "ab" * 32]
    beside.write_text("[1, 2")
    assert identity(path) == [path.name, 3, 5]
    beside.write_text("[1, 2]")
    assert identity(path) == [path.name, 3, 5]
