"""Verbs run one after the other in a folder of their own, going on where a kill left them."""

from __future__ import annotations

import json
import shlex
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from rootzone._shared.json_text import json_text


@dataclass(frozen=True)
class Step:
    """One part of a chain.

    Parameters
    ----------
    name : str
        Its name in the mark: the verb, or what is made.
    words : tuple of str
        What a user would type after ``rootzone``; empty where `make` does it.
    again : tuple of str
        Options added where an earlier attempt was cut short. Verbs that resume need none; those
        that write their tables in one go take ``--force``.
    make : callable, optional
        Does the step where it is no verb.
    """

    name: str
    words: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    make: Callable[[], object] | None = None

    @property
    def typed(self) -> str:
        """The command line, as a user types it."""
        return shlex.join(["rootzone", *self.words]) if self.words else ""


def chosen_steps(steps: Sequence[Step], until: str | None) -> list[Step]:
    """All steps, or those up to one.

    Raises
    ------
    RequestError
        There is no such step.
    """
    from rootzone._shared.errors import RequestError

    names = [step.name for step in steps]
    if until is None:
        return list(steps)
    if until not in names:
        raise RequestError(f"There is no step {until!r}; the steps are {', '.join(names)}.")
    return list(steps[: names.index(until) + 1])


class Chain:
    """A folder that belongs to a chain, with a mark that says how far it got.

    Parameters
    ----------
    folder : Path
        Everything goes there.
    kind : str
        Name of the chain; its mark is ``.rootzone-KIND``.
    recipe : str
        What the chain is made from. A folder that another recipe or version of the package began
        is not gone on with.
    """

    def __init__(self, folder: Path, kind: str, recipe: str) -> None:
        from rootzone._shared.digests import code_version, digest_json

        self.folder = folder
        self._kind = kind
        self._mark = folder / f".rootzone-{kind}"
        self._made_by = digest_json({"code": code_version(), "recipe": recipe})
        self._begun: list[str] = []
        self._seconds: dict[str, float] = {}

    def open(self, *, force: bool) -> None:
        """Take the folder: a new one, one of ours that is not finished, or with force a fresh one.

        Raises
        ------
        RequestError
            The folder holds something else, or what another version of the package began.
        """
        from rootzone._shared.errors import RequestError

        if self.folder.exists() and any(self.folder.iterdir()):
            if not self._mark.exists():
                raise RequestError(
                    f"{self.folder} is not empty and no {self._kind} made it; name another folder."
                )
            if force:
                shutil.rmtree(self.folder)
            else:
                self._go_on()
        self._write()

    def _go_on(self) -> None:
        from rootzone._shared.errors import RequestError

        try:
            known = json.loads(self._mark.read_text(encoding="utf-8"))
            made_by, begun, seconds = (known[key] for key in ("made_by", "begun", "seconds"))
        except (ValueError, KeyError, TypeError):
            made_by, begun, seconds = "", [], {}
        if made_by != self._made_by:
            raise RequestError(
                f"{self.folder} was begun by another version of rootzone; add --force to replace "
                "it, or name another folder."
            )
        self._begun, self._seconds = list(begun), dict(seconds)

    def run(self, steps: Sequence[Step]) -> None:
        """Run the steps that are not done yet; each is written down when it ends."""
        for step in steps:
            if step.name in self._seconds:
                continue
            cut_short = step.name in self._begun
            if not cut_short:
                self._begun.append(step.name)
                self._write()
            start = time.monotonic()
            _do(step, cut_short=cut_short)
            self._seconds[step.name] = round(time.monotonic() - start, 2)
            self._write()

    @property
    def seconds(self) -> float:
        """Wall time of all steps done [s], attempts that were cut short left out."""
        return sum(self._seconds.values())

    def table(self) -> str:
        """Seconds of each step, one a line."""
        return "\n".join(f"{taken:8.1f} s  {name}" for name, taken in self._seconds.items())

    def _write(self) -> None:
        from rootzone._shared.atomic import write_text

        facts = {"made_by": self._made_by, "begun": self._begun, "seconds": self._seconds}
        write_text(self._mark, json_text(facts) + "\n")


def _do(step: Step, *, cut_short: bool) -> None:
    """One step; a verb runs as typed, with its options for going on where it was cut short."""
    if step.make is not None:
        click.echo(f"\n# {step.name}", err=True)
        step.make()
        return
    words = [*step.words, *(step.again if cut_short else ())]
    click.echo(f"\n$ {shlex.join(['rootzone', *words])}", err=True)
    status = run_verb(words)
    if status:
        raise click.exceptions.Exit(status)


def run_verb(words: Sequence[str]) -> int:
    """Run a verb in a process of its own and give its exit status.

    A verb in this process would find threads and settings that the ones before it left, and torch
    would then not give the numbers it gives to a user who types the verb.
    """
    import subprocess
    import sys

    typed = [sys.executable, "-c", "from rootzone._cli import main; main()", *words]
    dies_with_us = _die_with_parent if sys.platform == "linux" else None
    status = subprocess.run(typed, check=False, preexec_fn=dies_with_us).returncode  # noqa: S603
    return status if status >= 0 else 4  # killed by a signal: the same command goes on


def _die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies, so that no verb goes on unseen."""
    import ctypes
    import signal

    pr_set_pdeathsig = 1  # prctl(2)
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
