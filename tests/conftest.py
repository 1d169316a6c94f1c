"""Fixtures that more than one test folder uses."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time, and no deadline: a shared machine or a first compilation is slow.
settings.register_profile("rootzone", deadline=None, derandomize=True)
settings.load_profile("rootzone")

_SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that reads the data beside the checkout."""
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.shared)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of reference and real data beside the checkout."""
    if not _SHARED.is_dir():
        pytest.skip("the reference and real data are not beside this checkout (../shared)")
    return _SHARED
