"""Every public name has an example, and every example gives what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import rootzone as rz

DOCUMENTED = [name for name in rz.__all__ if name != "LAYERS_MM"]


def _examples(name: str) -> list[doctest.DocTest]:
    public = getattr(rz, name)
    module = importlib.import_module(f"rootzone.{rz._PUBLIC[name]}")
    found = doctest.DocTestFinder(exclude_empty=True).find(public, name, module=module)
    return [test for test in found if test.examples]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_public_name_has_an_example_that_runs(name: str, beside: Path) -> None:
    tests = _examples(name)
    assert tests, f"rz.{name} has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE, verbose=False)
    told: list[str] = []
    for test in tests:
        runner.run(test, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)


def test_a_wrong_example_would_be_seen() -> None:
    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(test, out=lambda text: None).failed == 1
