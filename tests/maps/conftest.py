"""One campaign for all tests of whole maps: it takes seconds to make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Campaign file of a corner of the county; its maps folder is for whoever copies it."""
    pytest.importorskip("torch")
    from tests.maps.county_campaign import make_campaign, put_bundle

    file = make_campaign(tmp_path_factory.mktemp("corner"))
    put_bundle(file)
    return file


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tests share the cores among processes, not threads."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
