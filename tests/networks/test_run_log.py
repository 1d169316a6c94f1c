from __future__ import annotations

import importlib.util
import math
import sys
import types
from pathlib import Path
from typing import ClassVar

import pytest

from rootzone.networks.run_log import Events, read_log, write_log


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


def test_a_damaged_log_is_told_and_begun_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "log.csv"
    write_log(path, 0, _rows(3))
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"0.5", b"0.6"))  # one bit may do that
    assert read_log(path) == []
    assert "log.csv is damaged" in caplog.text
    write_log(path, 0, _rows(3))
    assert path.read_bytes() == whole


class _FakeWriter:
    """Stands in for TensorBoard's writer and keeps what it is told."""

    told: ClassVar[list[tuple[str, float, int]]] = []

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.told.append((name, value, step))

    def flush(self) -> None:
        pass


def test_where_tensorboard_is_installed_it_is_told_every_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = types.ModuleType("torch.utils.tensorboard")
    fake.SummaryWriter = _FakeWriter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    Events(tmp_path).add({"epoch": 2, "step": 30, "loss": 0.5, "validation_source": "station"})
    assert _FakeWriter.told == [("loss", 0.5, 30)]


def test_without_tensorboard_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    Events(tmp_path / "events").add({"epoch": 0, "step": 3, "loss": 0.5})
    assert not (tmp_path / "events").exists()
