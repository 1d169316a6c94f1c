from __future__ import annotations

import errno
from pathlib import Path

import pytest
import torch

from rootzone._shared.errors import RequestError, StoppedEarly
from rootzone.networks.checkpoints import differing_keys, load_checkpoint, save_checkpoint

IDENTITY = {"settings": {"epochs": 4, "loss": {"physics": "full"}}, "feature_spec": "aa11"}


def test_what_was_saved_comes_back_to_the_bit(tmp_path: Path) -> None:
    path = tmp_path / "run" / "checkpoint.pt"
    state = {"weights": {"a": torch.randn(3, 2)}, "step": 7, "sum": 0.1 + 0.2, "rows": [{"x": 1}]}
    save_checkpoint(path, IDENTITY, state)
    loaded = load_checkpoint(path, IDENTITY)
    assert torch.equal(loaded["weights"]["a"], state["weights"]["a"])  # type: ignore[index]
    assert {k: loaded[k] for k in ("step", "sum", "rows")} == {
        k: state[k] for k in ("step", "sum", "rows")
    }


def test_another_setting_is_refused_by_the_name_of_its_key(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, IDENTITY, {})
    other = {**IDENTITY, "settings": {"epochs": 4, "loss": {"physics": "none"}}}
    with pytest.raises(RequestError, match=r"settings\.loss\.physics was full, now none.*--fresh"):
        load_checkpoint(path, other)


def test_another_feature_specification_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, IDENTITY, {})
    with pytest.raises(RequestError, match=r"feature_spec was aa11, now bb22"):
        load_checkpoint(path, {**IDENTITY, "feature_spec": "bb22"})


def test_keys_that_came_or_went_count_as_differences() -> None:
    told = differing_keys({"a": 1, "b": 2}, {"b": 2, "c": 3})
    assert told == ["c was not there, now 3", "a was 1, now not there"]


def test_a_tuple_equals_the_list_it_becomes_in_the_file() -> None:
    assert differing_keys({"widths": [8, 16]}, {"widths": (8, 16)}) == []


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_a_request_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    with pytest.raises(RequestError, match=r"checkpoint\.pt is not a readable checkpoint"):
        load_checkpoint(path, IDENTITY)


def test_a_full_disk_stops_the_run_and_keeps_the_checkpoint_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, IDENTITY, {"step": 1})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(torch, "save", full)
        with pytest.raises(StoppedEarly, match=r"No space left.*same command"):
            save_checkpoint(path, IDENTITY, {"step": 2})
    assert load_checkpoint(path, IDENTITY)["step"] == 1
    assert list(tmp_path.iterdir()) == [path]


class _Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("this must never run",))


def test_a_file_that_would_run_code_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"format": 1, "identity": "{}", "state": _Harmful()}, path)
    with pytest.raises(RequestError, match="not a readable checkpoint"):
        load_checkpoint(path, {})
    assert "never run" not in capsys.readouterr().out
