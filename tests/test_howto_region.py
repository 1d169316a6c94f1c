"""The walks of docs/howto-region.md, typed as they stand as far as they need no download."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

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
def test_a_walk_goes_through_every_stage_in_its_order(heading):
    verbs = [line[0] for kind, text in walk(heading) if kind == "sh" for line in typed(text)]
    chain = ["forcing", "sites", "soils", "plan", "simulate", "labels", "train", "evaluate", "map",
             "report"]  # fmt: skip
    assert [verb for verb in verbs if verb in chain] == chain
