from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of minutes, or of programs outside Python, run when asked for: ``-m hpc``."""
    if "hpc" in (config.option.markexpr or ""):
        return
    for item in items:
        if item.get_closest_marker("hpc"):
            item.add_marker(pytest.mark.skip(reason="takes minutes; run with -m hpc"))
