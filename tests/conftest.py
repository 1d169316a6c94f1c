"""Fixtures that more than one test folder uses."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import rootzone.learning  # noqa: F401 - says how torch's threads wait, before a test imports torch

# The same examples every time, and no deadline: a shared machine or a first compilation is slow.
settings.register_profile(
    "rootzone", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("rootzone")

# Test servers run here; no settings of whoever runs the tests count.
os.environ["ROOTZONE_SETTINGS"] = os.devnull
os.environ["ROOTZONE_ALLOW_HOSTS"] = "127.0.0.1"

_SHARED = Path(__file__).resolve().parents[2] / "shared"


class _WithoutTorch(pytest.Module):
    """A test file where torch is not installed: one that cannot do without it is skipped."""

    def _getobj(self) -> object:
        try:
            return super()._getobj()
        except self.CollectError as error:
            if "No module named 'torch'" in str(error):
                pytest.skip("torch is not installed", allow_module_level=True)
            raise


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Files of tests, where torch is missing."""
    if importlib.util.find_spec("torch") is not None:
        return None
    return _WithoutTorch.from_parent(parent, path=module_path)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests that read the data beside the checkout; skip what was not asked for.

    Tests of minutes, or of programs outside Python, run with ``-m hpc``; some need a real APSIM.
    """
    hpc = "hpc" in (config.option.markexpr or "")
    apsim = shutil.which("Models") or os.environ.get("ROOTZONE_APSIM_MODELS")
    for item in items:
        if item.get_closest_marker("apsim") and not apsim:
            item.add_marker(pytest.mark.skip(reason="APSIM's Models is not on this machine"))
        if item.get_closest_marker("hpc") and not hpc:
            item.add_marker(pytest.mark.skip(reason="takes minutes; run with -m hpc"))
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.shared)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of reference and real data beside the checkout."""
    if not _SHARED.is_dir():
        pytest.skip("the reference and real data are not beside this checkout (../shared)")
    return _SHARED
