from __future__ import annotations

import math
from pathlib import Path

from rootzone.learning.run_log import read_log, write_log


def _rows(n: int) -> list[dict[str, float]]:
    return [{"epoch": e, "loss": 1.0 / (e + 1), "validation_r": math.nan} for e in range(n)]


def test_a_rewritten_log_holds_every_epoch_once(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    write_log(path, 0, _rows(3))
    write_log(path, 0, _rows(4))
    assert [row["epoch"] for row in read_log(path)] == ["0", "1", "2", "3"]


def test_networks_of_an_ensemble_share_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    write_log(path, 0, _rows(2))
    write_log(path, 1, _rows(1))
    write_log(path, 0, _rows(1))
    assert [(row["member"], row["epoch"]) for row in read_log(path)] == [("0", "0"), ("1", "0")]


def test_numbers_keep_six_digits(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    write_log(path, 0, [{"epoch": 0, "loss": 1 / 3}])
    assert read_log(path)[0]["loss"] == "0.333333"
