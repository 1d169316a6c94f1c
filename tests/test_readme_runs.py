"""Every command of the README, in its order, on a small made-up county."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import polars as pl
import pytest
import torch

from rootzone._cli.demo import make_county
from tests.cli.campaign_runs import invoke

ROOT = Path(__file__).resolve().parents[1]
# What a machine without a network or a cluster cannot do, and where it is tested.
_ELSEWHERE = {"--scheduler": "tests/jobs/driver/test_run_dask.py"}
# Nothing failed here, and these two say so; tests/cli/test_quarantine.py has sites that fail.
_WITHOUT_FAILURES = {
    "rootzone quarantine retry CAMPAIGN": "No failed site",
    "rootzone quarantine replace CAMPAIGN": "No site failed",
}
_SMALL = """
sites: {per_year: 24}
jobs: {sites_per_shard: 12}
labels: {depths_mm: [200], stations: [data/uscrn]}
learning:
  widths: [4, 4, 8]
  epochs: 1
  steps_per_epoch: 2
  batch_size: 2
  features: {forcing: bilinear}
maps: {dates: [2023-06-15], time_series: none}
"""


def _commands() -> list[str]:
    """The README's command lines of ours, one a string, in order."""
    fences = re.findall(r"^```\w*\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
    lines = [re.split(r"\s#\s", line)[0] for block in fences for line in block.splitlines()]
    parts = [part.strip() for line in lines for part in line.split("&&")]
    return [part for part in parts if part.startswith("rootzone ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


def _small_campaign(campaign: Path) -> None:
    """The file `init` wrote, cut down; its data beside it."""
    make_county(campaign, stations=4)
    text = campaign.read_text()
    head = text[: text.index("sites:")]
    campaign.write_text(head + "engine: {spin_up_days: 365}" + _SMALL)


def _tables_of_ones_own(folder: Path) -> None:
    (folder / "textures.csv").write_text(
        "site_id,cell_id,top_cm,bottom_cm,sand_pct,silt_pct,clay_pct\n"
        "a,1,0,30,40,40,20\na,1,30,150,35,40,25\n"
    )
    weather = pl.read_parquet(folder / "weather" / "weather_2023.parquet")
    one = weather.filter(pl.col("cell_id") == weather["cell_id"][0])
    one.with_columns(pl.lit("1").alias("cell_id")).write_parquet(folder / "weather.parquet")


def _words(typed: str, folder: Path) -> list[str]:
    """The command with its stand-ins filled in."""
    typed = typed.replace("CAMPAIGN", "campaign.yaml").replace("7/200", "1/2")
    if "SITE" in typed:
        site = pl.read_parquet(folder / "sites" / "sites.parquet")["site_id"][0]
        typed = typed.replace("SITE", str(site))
    if "--slurm" in typed:
        typed += " --dry-run"
    return shlex.split(typed)[1:]


def test_every_command_of_the_readme_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.chdir(folder)
    torch.set_num_threads(1)
    for typed in _commands():
        if any(option in typed for option in _ELSEWHERE):
            continue
        if typed == "rootzone soils textures.csv --out soils.parquet --figure curves.png":
            _tables_of_ones_own(Path.cwd())
        told = invoke(*_words(typed, Path.cwd()))
        if typed in _WITHOUT_FAILURES:
            assert str(told.exception).startswith(_WITHOUT_FAILURES[typed]), typed
        else:
            assert told.exit_code == 0, f"{typed}\n{told.output}{told.exception}"
        ran.append(typed.split()[1])
        if typed == "rootzone init boulder":
            _small_campaign(folder / "boulder" / "campaign.yaml")
            monkeypatch.chdir(folder / "boulder")
    assert {"init", "simulate", "train", "map", "report", "submit", "quarantine"} <= set(ran)
