"""The walks of docs/howto-region.md, typed as they stand as far as they need no download."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from rootzone._cli import cli

PAGE = Path(__file__).resolve().parents[1] / "docs" / "howto-region.md"
BLOCK = re.compile(r"```(sh|yaml)\n(.*?)```", re.S)


def walk(heading: str) -> list[tuple[str, str]]:
    """Kind and text of the code blocks below a heading."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return BLOCK.findall(section)


def typed(text: str) -> list[list[str]]:
    """Words of the lines a user types offline; a line says of itself that it needs the network."""
    lines = [line for line in text.splitlines() if line.startswith("rootzone ")]
    offline = [line for line in lines if "(network)" not in line and "(account)" not in line]
    return [shlex.split(line, comments=True)[1:] for line in offline]


def run(words: list[str]) -> str:
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, f"rootzone {' '.join(words)}\n{result.output}"
    return str(result.output)


@pytest.mark.parametrize(
    ("heading", "name", "crs", "sources"),
    # 99.3 W is the lattice of NLCD; 149.2 E, 35.4 S is zone 55 south: (149.2 + 180) // 6 + 1.
    [("In the contiguous United States", "kansas", "EPSG:5070", {"gridmet", "nlcd", "polaris"}),
     ("Anywhere else", "murray", "EPSG:32755", {"era5_land", "worldcover", "soilgrids"})],
)  # fmt: skip
def test_a_walk_begins_as_the_page_says(tmp_path, monkeypatch, heading, name, crs, sources):
    monkeypatch.chdir(tmp_path)
    blocks = walk(heading)
    words = typed(blocks[0][1])
    assert [line[0] for line in words[:2]] == ["init", "check"]
    run(words[0])
    assert "next:" in run(words[1])
    campaign = tmp_path / name / "campaign.yaml"
    settings = yaml.safe_load(campaign.read_text())
    assert settings["grid"]["crs"] in (crs, "utm")
    assert sources <= {str(value).split("/")[0] for value in settings["catalog"].values()}
    for kind, text in blocks:
        if kind == "yaml":  # what the page says to set
            for key, value in yaml.safe_load(text).items():
                held = settings[key]
                settings[key] = held | value if isinstance(held, dict) else value
            (tmp_path / name / "uscrn").mkdir()
            campaign.write_text(yaml.safe_dump(settings, sort_keys=False))
            run(words[1])


@pytest.mark.parametrize("heading", ["In the contiguous United States", "Anywhere else"])
def test_every_line_is_one_that_its_verb_understands(tmp_path, monkeypatch, heading):
    # Also those that need the network: option, argument and spelling, not what they bring.
    monkeypatch.chdir(tmp_path)
    blocks = [text for kind, text in walk(heading) if kind == "sh"]
    run(typed(blocks[0])[0])
    lines = [line for text in blocks for line in text.splitlines() if line.startswith("rootzone ")]
    assert len(lines) >= 14
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        command: click.Command = cli
        while isinstance(command, click.Group):
            found = command.get_command(click.Context(command), words[0])
            assert found is not None, line
            command, words = found, words[1:]
        if "*" not in line:  # files that are not here
            command.make_context(line, words)


def test_the_loop_cuts_the_files_that_the_campaign_reads(tmp_path, monkeypatch):
    # The page's own lines in a shell, whose gdal_translate notes what it was asked for.
    monkeypatch.chdir(tmp_path)
    blocks = [text for kind, text in walk("Anywhere else") if kind == "sh"]
    run(typed(blocks[0])[0])
    tool = tmp_path / "bin" / "gdal_translate"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\nfor last; do :; done\necho "$@" >> asked\ntouch "$last"\n')
    tool.chmod(0o755)
    loop = next(text for text in blocks if "gdal_translate" in text)
    path = {"PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["bash", "-euc", loop], check=True, env=os.environ | path, cwd=tmp_path)
    plan = json.loads(
        run(["fetch", "murray/campaign.yaml", "--dry-run", "--only", "soilgrids", "--json"])
    )
    assert plan == []  # nothing is wanted that the loop did not write
    made = sorted(p.name for p in (tmp_path / "murray/data/soilgrids").rglob("*.tif"))
    assert len(made) == 3 * 6  # sand, silt and clay at SoilGrids' six depths
    asked = (tmp_path / "asked").read_text().splitlines()
    assert all("/vsicurl/https://files.isric.org/soilgrids/latest/data/" in a for a in asked)
    west, north, east, south = (float(v) for v in asked[0].split("-projwin ")[1].split()[:4])
    region = yaml.safe_load((tmp_path / "murray/campaign.yaml").read_text())["region"]
    bounds = region["bounds_lonlat_deg"]
    assert west < bounds[0] < bounds[2] < east
    assert south < bounds[1] < bounds[3] < north


def test_the_months_that_the_page_orders_are_those_the_campaign_reads(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text(encoding="utf-8")
    run(typed(walk("Anywhere else")[0][1])[0])
    wanted = json.loads(
        run(["fetch", "murray/campaign.yaml", "--dry-run", "--only", "era5_land", "--json"])
    )
    named = re.search(r"`murray/data/(era5_land/era5_land_2023_01\.nc)`", page)
    assert named is not None
    assert named[1] in {entry["path"] for entry in wanted}
    years = {re.findall(r"\d{4}", entry["path"])[0] for entry in wanted}
    assert "every month of 2022 and 2023, and December 2021" in " ".join(page.split())
    assert years == {"2022", "2023"}  # December 2021 is for the sums over 29 days, not needed


@pytest.mark.parametrize("heading", ["In the contiguous United States", "Anywhere else"])
def test_a_walk_goes_through_every_stage_in_its_order(heading):
    verbs = [line[0] for kind, text in walk(heading) if kind == "sh" for line in typed(text)]
    chain = ["forcing", "sites", "soils", "plan", "simulate", "labels", "train", "evaluate", "map",
             "report"]  # fmt: skip
    assert [verb for verb in verbs if verb in chain] == chain
