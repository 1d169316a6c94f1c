"""One text, several kernels: names are bound, a slot left open is refused."""

import re
from pathlib import Path

import pytest

import rootzone
from rootzone._shared.jit import instance, slot

step = slot()
SIZE = slot()


def twice(x: float) -> float:
    return float(step(step(x)) * SIZE)


def test_each_copy_calls_what_it_was_given() -> None:
    up = instance(twice, "up", step=lambda x: x + 1.0, SIZE=10.0)
    down = instance(twice, "down", step=lambda x: x - 1.0, SIZE=1.0)
    assert (up(5.0), down(5.0)) == (70.0, 3.0)  # (5 + 2) * 10, 5 - 2
    assert (up.__name__, down.__qualname__) == ("up", "down")


def test_a_slot_left_open_is_refused() -> None:
    with pytest.raises(KeyError, match="half leaves SIZE of twice open"):
        instance(twice, "half", step=abs)


def test_a_part_that_the_text_does_not_use_is_refused() -> None:
    with pytest.raises(KeyError, match="uses no global name jump"):
        instance(twice, "odd", step=abs, SIZE=1.0, jump=abs)


def test_every_module_whose_numbers_kernels_keep_is_part_of_the_cache_digest() -> None:
    # Numba bakes global constants into machine code; a module of constants that the digest does
    # not see would leave stale code in use.
    package = Path(rootzone.__file__).parent
    sources = {path: path.read_text() for path in package.rglob("*.py")}
    kernels = [text for text in sources.values() if "_shared.jit import" in text]
    for path, text in sources.items():
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        parent, _, last = name.rpartition(".")
        constants = re.findall(r"^([A-Z][A-Z0-9_]*)(?:: \w+)? = [-\d(]", text, flags=re.MULTILINE)
        if not constants or "engines.swim" not in name:
            continue
        used = any(
            f"from {name} import" in kernel
            or re.search(rf"from {parent} import .*\b{last}\b", kernel)
            for kernel in kernels
        )
        if used:
            assert "_shared.jit" in text, f"{name} holds constants of kernels"
