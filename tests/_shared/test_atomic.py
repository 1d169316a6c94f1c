from __future__ import annotations

from pathlib import Path

import pytest

from rootzone._shared.atomic import atomic_path, refuse_overwrite, write_text
from rootzone._shared.errors import RequestError


def test_a_file_appears_under_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "table.csv"
    with atomic_path(target) as temporary:
        temporary.write_text("half")
        assert not target.exists()
        temporary.write_text("whole")
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


def test_a_failed_write_leaves_the_old_file_and_no_leftovers(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")

    def write_until_the_disk_is_full() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("ha")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_until_the_disk_is_full()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_temporary_name_keeps_the_ending_that_writers_look_at(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "table.parquet") as temporary:
        assert temporary.suffix == ".parquet"
        temporary.touch()


def test_an_existing_file_is_refused_without_force(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    refuse_overwrite(target, force=False)
    write_text(target, "kept")
    refuse_overwrite(target, force=True)
    with pytest.raises(RequestError, match=r"a\.txt exists already.*--force"):
        refuse_overwrite(target, force=False)
