"""The how-to pages, typed as they stand, on files made up under the names that the pages use.

Installing, and the network, are in ``benchmarks/new_user.py``.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import click
import numpy as np
import pytest
import rasterio
import yaml
from click.testing import CliRunner
from rasterio.transform import from_origin

from rootzone._cli import cli
from rootzone._shared.errors import RootzoneError
from rootzone.made_up.write_anywhere import Anywhere, write_anywhere

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(
    [*DOCS.glob("howto-*.md"), DOCS / "running.md", DOCS / "stations.md", DOCS / "install.md"]
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: str, kind: str) -> list[str]:
    """Blocks of one kind of a page, in order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [body for found, body in _BLOCK.findall(text) if found == kind]


def lines(page: str, kind: str = "sh") -> list[str]:
    """Lines of a page's blocks that begin with the program, continued lines joined."""
    text = "\n".join(body.replace("\\\n", " ") for body in blocks(page, kind))
    return [line for line in text.splitlines() if line.startswith("rootzone ")]


def offline(name: str) -> list[str]:
    """Lines of the walk of howto-region.md about a region that say of themselves no network."""
    return [line for line in lines("howto-region.md") if name in line and "(network)" not in line]


def words(line: str) -> list[str]:
    """Arguments as a shell splits them, its comment left out and names of files filled in."""
    split = shlex.split(line, comments=True)[1:]
    quoted = "'" in line  # the program fills in those itself
    found = [sorted(map(str, Path().glob(w))) if "*" in w and not quoted else [] for w in split]
    return [one for w, names in zip(split, found, strict=True) for one in names or [w]]


@dataclass(frozen=True)
class Answer:
    """Exit status and everything said."""

    status: int
    said: str


def typed(line: str) -> Answer:
    """Run a line here as ``main`` would; what it does not turn into a sentence is raised."""
    result = CliRunner().invoke(cli, words(line))
    if isinstance(result.exception, RootzoneError):
        return Answer(result.exception.exit_code, f"{result.output}{result.exception}")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.output)


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_every_line_of_a_page_is_one_the_program_takes(page: str) -> None:
    for line in lines(page):
        command: click.Command = cli
        args, context = words(line), click.Context(cli)
        while isinstance(command, click.Group) and args and not args[0].startswith("-"):
            chosen = command.get_command(context, args[0])
            assert chosen is not None, f"{page}: {line}"
            command, args = chosen, args[1:]
            context = click.Context(command, parent=context)
        # Unknown options and arguments too many raise here; files need not be there.
        command.make_parser(context).parse_args([a.replace("[...]", "") for a in args])


def test_a_region_typed_before_its_data_are_there_names_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in lines("howto-region.md"):
        verb, other = words(line)[0], "murray" in line
        if "fetch" in line or "*" in line or (other and verb not in ("init", "check", "forcing")):
            continue
        result = typed(line)
        if verb in ("init", "check", "report"):  # a report tells what is not there yet
            assert result.status == 0, (line, result.said)
        else:  # a file that is not there, and the verb that makes it
            assert result.status == 2, (line, result.said)
            assert re.search(
                r"(does not exist|There is no|is missing|are missing|no file|No such|needs torch)",
                result.said,
            ), line
            assert "rootzone" in result.said, line


def merged(into: dict[str, object], more: dict[str, object]) -> dict[str, object]:
    out = dict(into)
    for key, value in more.items():
        old = out.get(key)
        out[key] = (
            merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return out


@pytest.mark.parametrize(
    ("name", "crs", "sources"),
    # 99.3 W is the lattice of NLCD; 149.2 E, 35.4 S is zone 55 south: (149.2 + 180) // 6 + 1.
    [("kansas", ("EPSG:5070",), {"gridmet", "nlcd", "polaris"}),
     ("murray", ("EPSG:32755", "utm"), {"era5_land", "worldcover", "soilgrids"})],
)  # fmt: skip
def test_a_walk_begins_as_the_page_says(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    crs: tuple[str, ...],
    sources: set[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    begin, check = offline(name)[:2]
    assert typed(begin).status == 0
    told = typed(check)
    assert told.status == 0
    assert "next:" in told.said
    campaign = tmp_path / name / "campaign.yaml"
    settings = yaml.safe_load(campaign.read_text())
    assert settings["grid"]["crs"] in crs
    assert sources <= {str(value).split("/")[0] for value in settings["catalog"].values()}
    if name != "kansas":
        return
    given = yaml.safe_load(blocks("howto-region.md", "yaml")[0])
    campaign.write_text(yaml.safe_dump(merged(settings, given), sort_keys=False))
    refused = typed(check)
    assert refused.status == 2  # the page says: a folder beside the campaign
    assert "uscrn" in refused.said
    (tmp_path / "kansas" / "uscrn").mkdir()
    assert typed(check).status == 0


SMALL = {
    "years": [2023], "region": {"bounds_lonlat_deg": [149.19, -35.41, 149.21, -35.39]},
    "sites": {"per_year": 24}, "jobs": {"sites_per_shard": 12},
    "learning": {"widths": [4, 4, 8], "epochs": 1, "steps_per_epoch": 2, "batch_size": 2},
    "maps": {"dates": ["2023-06-15"]},
}  # fmt: skip


@pytest.mark.parametrize(
    "last", ["soils", pytest.param("report", marks=pytest.mark.hpc)]
)  # the rest takes minutes; the README's test has the same verbs on a county
def test_the_walk_elsewhere_runs_on_files_under_the_names_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    monkeypatch.chdir(tmp_path)
    walk = offline("murray")
    assert typed(walk[0]).status == 0
    # A region of 2 by 2 km in the page's box, and few sites: of the page's own, time alone differs.
    bounds = SMALL["region"]["bounds_lonlat_deg"]  # type: ignore[index]
    write_anywhere(tmp_path / "murray" / "data", Anywhere(tuple(bounds), 3), [2022, 2023])
    campaign = tmp_path / "murray" / "campaign.yaml"
    settings = yaml.safe_load(campaign.read_text())
    campaign.write_text(yaml.safe_dump(merged(settings, SMALL), sort_keys=False))
    for line in walk[1:]:
        told = typed(line)
        assert told.status == 0, (line, told.said)
        if words(line)[0] == last:
            break
    made = {"soils": "soils/soils.parquet", "report": "report/report.html"}[last]
    assert (tmp_path / "murray" / made).exists()


def test_two_sensors_are_fused_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    land = np.random.default_rng(1).random((24, 24))

    def image(name: str, values: np.ndarray, side_m: float = 1000.0) -> None:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        with rasterio.open(
            name, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1,
            dtype="float32", crs="EPSG:32755", transform=from_origin(6e5, 6e6, side_m, side_m),
        ) as file:  # fmt: skip
            file.write(values.astype("float32"), 1)

    for day, warmer in (("20160205", 0.0), ("20160308", 3.0), ("20160218", 1.0)):
        image(f"modis_{day}.tif", 301 + warmer + 5 * land)
        if day != "20160218":
            image(f"landsat_{day}.tif", 300 + warmer + 5 * land)
    for n in range(0, 48, 8):
        day = f"{date(2022, 5, 20) + timedelta(n):%Y%m%d}"
        image(f"modis/MOD11A1.{day}.tif", 300 + n / 10 + 5 * land)
        image(f"modis/MOD13A2.{day}.tif", 0.3 + 0.2 * land)
        image(f"glass/lst_{day}.tif", (301 + n / 10 + 5 * land)[::4, ::4], 4000.0)
        image(f"glass/ndvi_{day}.tif", (0.35 + 0.2 * land)[::4, ::4], 4000.0)
    for line in lines("howto-fusion.md", "text"):
        told = typed(line)
        assert told.status == 0, (line, told.said)
    with rasterio.open("lst_20160218.tif") as file:
        # Temperatures take the unbiased form: at the level of the day's coarse image.
        assert np.nanmax(np.abs(file.read(1) - (302 + 5 * land))) < 0.01
    made = sorted(path.name for path in Path("daily").glob("*.tif"))
    assert len(made) == 2 * 2 * 30  # two quantities, each day's image and where it comes from


def test_the_smallest_station_table_of_the_page_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text(blocks("howto-stations.md", "text")[0])
    result = typed("rootzone stations mine.csv --out stations/stations.parquet")
    assert result.status == 0, result.said
    assert "2 " in result.said
    short = typed(next(line for line in lines("howto-stations.md") if " invert " in line))
    assert short.status == 2  # two days and no weather are no series to learn a soil from


def test_the_loop_cuts_the_files_that_the_campaign_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The page's own lines in a shell, whose gdal_translate notes what it was asked for.
    monkeypatch.chdir(tmp_path)
    assert typed(offline("murray")[0]).status == 0
    tool = tmp_path / "bin" / "gdal_translate"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\nfor last; do :; done\necho "$@" >> asked\ntouch "$last"\n')
    tool.chmod(0o755)
    loop = next(text for text in blocks("howto-region.md", "sh") if "gdal_translate" in text)
    path = {"PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["bash", "-euc", loop], check=True, env=os.environ | path, cwd=tmp_path)
    plan = json.loads(
        typed("rootzone fetch murray/campaign.yaml --dry-run --only soilgrids --json").said
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


def test_the_months_that_the_page_orders_are_those_the_campaign_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (DOCS / "howto-region.md").read_text(encoding="utf-8")
    assert typed(offline("murray")[0]).status == 0
    wanted = json.loads(
        typed("rootzone fetch murray/campaign.yaml --dry-run --only era5_land --json").said
    )
    named = re.search(r"`murray/data/(era5_land/era5_land_2023_01\.nc)`", page)
    assert named is not None
    assert named[1] in {entry["path"] for entry in wanted}
    years = {re.findall(r"\d{4}", entry["path"])[0] for entry in wanted}
    assert "every month of 2022 and 2023, and December 2021" in " ".join(page.split())
    assert years == {"2022", "2023"}  # December 2021 is for the sums over 29 days, not needed


@pytest.mark.parametrize("name", ["kansas", "murray"])
def test_a_walk_goes_through_every_stage_in_its_order(name: str) -> None:
    verbs = [words(line)[0] for line in offline(name)]
    chain = ["forcing", "sites", "soils", "plan", "simulate", "labels", "train", "evaluate", "map",
             "report"]  # fmt: skip
    assert [verb for verb in verbs if verb in chain] == chain
