"""The page in a real browser without a window: it tries itself where its address ends in #selftest.

The slider is moved, the map clicked and every layer chosen by the page's own script, which writes
what it found into the page; errors are caught from the first line on.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rootzone._shared.provenance import Provenance
from rootzone.report.document import Document, write_document
from rootzone.report.map_layers import THETA_TOP
from rootzone.report.map_section import map_section
from rootzone.report.methods_section import methods_section
from rootzone.report.provenance_section import provenance_section
from rootzone.report.read_inputs import ReportInputs
from rootzone.report.skill_section import skill_section
from tests.report.fake_outputs import MAPPED

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_STEP = THETA_TOP / 250


@pytest.fixture(scope="module")
def browser() -> str:
    found = os.environ.get("ROOTZONE_BROWSER") or next(
        filter(None, map(shutil.which, _NAMES)), None
    )
    if not found:
        pytest.skip("no Chromium on this machine (looked for " + ", ".join(_NAMES) + ")")
    return found


@pytest.fixture(scope="module")
def address(finished: ReportInputs, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of the sections a browser has most to do with."""
    page = tmp_path_factory.mktemp("page") / "maps.html"
    builders = (map_section, skill_section, methods_section, provenance_section)
    sections = [build(finished) for build in builders]
    write_document(page, Document("maps", "", sections), Provenance("test"))
    return page.as_uri() + "#selftest"


def told(browser: str, address: str, profile: Path, width_px: int) -> dict[str, Any]:
    """What the page says of itself after its scripts have run."""
    options = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--window-size={width_px},900", "--virtual-time-budget=30000", "--dump-dom",
        f"--user-data-dir={profile}",
    ]  # fmt: skip
    ran = subprocess.run(
        [browser, *options, address], capture_output=True, text=True, timeout=120, check=True
    )
    note = re.search(r'<pre id="selftest">(.*?)</pre>', ran.stdout, flags=re.S)
    assert note, "the page did not finish trying itself"
    return dict(json.loads(html.unescape(note.group(1))))


@pytest.fixture(scope="module")
def found(browser: str, address: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The page on a desktop."""
    return told(browser, address, tmp_path_factory.mktemp("browser"), 1280)


def test_a_narrow_screen_scrolls_down_only(browser: str, address: str, tmp_path: Path) -> None:
    # 500 px is the narrowest window Chromium opens; below 800 the page is laid out for a phone.
    page, window = told(browser, address, tmp_path, 500)["width"]
    assert page <= window


def test_no_script_fails(found: dict[str, Any]) -> None:
    assert found["errors"] == []


def test_the_slider_shows_another_day_and_another_map(found: dict[str, Any]) -> None:
    assert found["first"]["day"] == MAPPED[0].isoformat()
    assert found["last"]["day"] == MAPPED[-1].isoformat()
    assert found["first"]["sum"] != found["last"]["sum"]


def test_every_pixel_with_a_value_is_painted(found: dict[str, Any]) -> None:
    # A patch of 24 x 24 pixels of 192 x 192 has no value.
    assert found["first"]["painted"] == 192 * 192 - 24 * 24


def test_a_click_tells_the_value_the_map_file_holds(found: dict[str, Any]) -> None:
    # A quarter across and two fifths down the frame; values as the fake maps are made.
    assert (found["clicked"]["row"], found["clicked"]["col"]) == (76, 48)
    expected = [0.1 + 0.02 * i + 0.25 * 48 / 192 for i in range(len(MAPPED))]
    np.testing.assert_allclose(found["pixel"], expected, atol=_STEP / 2 + 1e-9)
    read, _, rest = found["clicked"]["read"].partition(" ")
    assert float(read) == pytest.approx(expected[-1], abs=_STEP / 2 + 0.0005)  # three decimals
    where = (
        r"m³ m⁻³ water content at 20 cm on 2023-11-15, [\d.]+° N, [\d.]+° W \(row 76, column 48\)"
    )
    assert re.fullmatch(where, rest), rest


def test_a_click_draws_water_weather_and_profile(found: dict[str, Any]) -> None:
    assert [title.split(" ")[0] for title in found["clicked"]["charts"]] == ["Water", "Weather"]
    assert found["clicked"]["said"][0].startswith("No column was simulated at this pixel")
    assert [title.split(" ")[0] for title in found["at_site"][:2]] == ["Water", "Profile"]


def test_a_pixel_of_a_lake_says_so_and_shows_nobody_elses_water(found: dict[str, Any]) -> None:
    assert found["nowhere"]["read"].startswith("no value (open water or lasting ice")
    assert [title.split(" ")[0] for title in found["nowhere"]["charts"]] == ["Weather"]
    assert found["nowhere"]["said"] == [
        "This pixel has no value on any date, so nothing is compared with it."
    ]


def test_every_layer_paints_something_of_its_own(found: dict[str, Any]) -> None:
    titles = [one["title"] for one in found["layers"]]
    assert titles == ["water content at 20 cm", "half of the 80 % interval at 20 cm", "flags",
                      "trust: feature distance"]  # fmt: skip
    assert len({one["sum"] for one in found["layers"]}) == len(titles)
    assert all(one["painted"] > 0 for one in found["layers"])
