from __future__ import annotations

from pathlib import Path

import click
import pytest

from rootzone._cli import _chain
from rootzone._cli._chain import Chain, Step, run_verb
from rootzone._shared.errors import RequestError


class _Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Command lines given to the verbs, none of which runs."""
    lines: list[str] = []

    def run(words: list[str]) -> int:
        lines.append(" ".join(words))
        return 0

    monkeypatch.setattr(_chain, "run_verb", run)
    return lines


def _chain_in(folder: Path, recipe: str = "one", *, force: bool = False) -> Chain:
    chain = Chain(folder, "demo", recipe)
    chain.open(force=force)
    return chain


_VERBS = [
    Step("sites", ("sites", "c.yaml"), ("--force",)),
    Step("simulate", ("simulate", "c.yaml")),
]


def _dies() -> None:
    raise _Killed


def test_steps_run_once_and_in_order(tmp_path: Path, typed: list[str]) -> None:
    _chain_in(tmp_path).run(_VERBS)
    assert typed == ["sites c.yaml", "simulate c.yaml"]
    _chain_in(tmp_path).run(_VERBS)
    assert len(typed) == 2


def test_a_chain_that_was_killed_goes_on_with_the_step_it_was_in(
    tmp_path: Path, typed: list[str]
) -> None:
    with pytest.raises(_Killed):
        _chain_in(tmp_path).run([_VERBS[0], Step("simulate", make=_dies)])
    assert typed == ["sites c.yaml"]
    _chain_in(tmp_path).run(_VERBS)
    assert typed == ["sites c.yaml", "simulate c.yaml"]


def test_a_verb_that_writes_in_one_go_is_forced_after_a_kill(
    tmp_path: Path, typed: list[str]
) -> None:
    with pytest.raises(_Killed):
        _chain_in(tmp_path).run([Step("sites", make=_dies)])
    _chain_in(tmp_path).run(_VERBS)
    assert typed == ["sites c.yaml --force", "simulate c.yaml"]


def test_another_recipe_is_not_gone_on_with(tmp_path: Path, typed: list[str]) -> None:
    _chain_in(tmp_path).run(_VERBS)
    with pytest.raises(RequestError, match="--force"):
        _chain_in(tmp_path, "two")
    _chain_in(tmp_path, "two", force=True).run(_VERBS)
    assert len(typed) == 4


def test_a_damaged_mark_counts_as_another_version(tmp_path: Path) -> None:
    _chain_in(tmp_path)
    (tmp_path / ".rootzone-demo").write_text("made by rootzone demo\n")
    with pytest.raises(RequestError, match="another version"):
        _chain_in(tmp_path)


def test_a_folder_of_ones_own_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(RequestError, match="not empty"):
            _chain_in(tmp_path, force=force)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_verb_that_fails_ends_the_chain_with_its_own_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_chain, "run_verb", lambda words: 3)
    with pytest.raises(click.exceptions.Exit) as ended:
        _chain_in(tmp_path).run(_VERBS)
    assert ended.value.exit_code == 3
    assert "sites" not in _chain_in(tmp_path).table()


def test_a_verb_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    # The campaign file is not there: exit status 2, whatever this process has loaded.
    assert run_verb(["check", str(tmp_path / "none.yaml")]) == 2


def test_seconds_of_steps_done_add_up_over_attempts(tmp_path: Path, typed: list[str]) -> None:
    _chain_in(tmp_path).run(_VERBS[:1])
    chain = _chain_in(tmp_path)
    chain.run(_VERBS)
    assert [line.split()[-1] for line in chain.table().splitlines()] == ["sites", "simulate"]
    assert typed == ["sites c.yaml", "simulate c.yaml"]
