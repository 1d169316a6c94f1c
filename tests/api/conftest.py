"""A folder with the files that the examples of the public names read."""

from __future__ import annotations

from pathlib import Path

import pytest

from rootzone.api.example import example_campaign


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example campaign with a map of two days, made once."""
    folder = tmp_path_factory.mktemp("example")
    campaign = example_campaign(folder, stations=1)
    campaign.forcing()
    campaign.sites(workers=1)
    campaign.soils()
    campaign.simulate(cores=1)
    return folder


@pytest.fixture
def beside(example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, entered, with what the examples name."""
    for name in ("campaign.yaml", "data", "weather", "sites", "soils", "runs"):
        (tmp_path / name).symlink_to(example / name)
    (tmp_path / "example").symlink_to(example)
    (tmp_path / "stations.csv").write_text(
        "station,date,depth_m,theta\n"
        "hill,2023-06-01,0.2,0.31\nhill,2023-06-02,0.2,0.90\nhill,2023-06-03,0.2,0.30\n"
    )
    (tmp_path / "weather.csv").write_text(
        "cell_id,date,rain_mm,eo_mm\n1,2023-06-01,10,4\n1,2023-06-02,0,4\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path
