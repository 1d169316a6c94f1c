"""Every repro of the attack on the project, in `shared/review/reliability`, is refused by name.

The files are read where they lie; kinds of what they do are held in `test_strangers.py`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rootzone._cli import cli
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.covariates.read_unsoda_db import read_unsoda_table
from rootzone.report.document import Maps
from rootzone.stations.readers.read_ismn import read_ismn

TESTS = Path(__file__).resolve().parent
# Campaign files that `check` refuses: the place and the value, or the cause, that it must tell.
CHECKED = {
    "check_misses/a.yaml": "3:8: grid.crs = 'EPSG:99999999'",
    "check_misses/b.yaml": "2:10: region.place = 'Atlantis'",
    "check_misses/c.yaml": "2:10: region.place",
    "check_misses/d.yaml": "counts in degree",
    "fetch_writes_outside/campaign.yaml": "authorized_keys' cannot be use",
    "untrusted/campaign.yaml": "region.json cannot be read as polygons",
    "yaml_tracebacks/apsim_blank.yaml": "4:56: engine.apsim_models = ' ': it is no command",
    "yaml_tracebacks/apsim_quote.yaml": "it is no command",
    "yaml_tracebacks/hugeint.yaml": "3:9: 999",
    "yaml_tracebacks/hugeint2.yaml": "4:16: 999",
    "yaml_tracebacks/intbin.yaml": "3:9: 0b_",
    "yaml_tracebacks/inthex.yaml": "3:9: 0x_",
    "yaml_tracebacks/longname_file.yaml": "4:21: labels.stations[0]",
    "yaml_tracebacks/mergeloop.yaml": "*a stands inside &a",
    "yaml_tracebacks/poly_long.yaml": "2:10: region.polygon_file",
    "yaml_tracebacks/selfalias.yaml": "*n stands inside &n",
    "yaml_tracebacks/selfalias2.yaml": "*a stands inside &a",
    "yaml_tracebacks/selfalias3.yaml": "*r stands inside &r",
    "yaml_tracebacks/tag_int_bad.yaml": "3:9: abc",
    "yaml_tracebacks/ts_bad.yaml": "4:16: 2023-02-30",
    "yaml_tracebacks/ts_bad2.yaml": "4:16: 0000-01-01",
    "yaml_tracebacks/ts_tz.yaml": "4:16: 2023-02-03T10:00:00+99:99",
}
# The others, and the test that does what they do.
TRIED = {
    "apsim_runs_commands/campaign.yaml": "test_no_verb_runs_the_reported_command",
    "damaged_outputs_count_as_done.sh": (
        "maps/test_run_maps.py::test_damaged_files_of_maps_are_told_and_made_again"
    ),
    "fetch_writes_outside/cat.yaml": "test_the_reported_campaigns_are_refused_by_check",
    "fetch_writes_outside/server.py": "test_the_reported_campaigns_are_refused_by_check",
    "mathtext/textures.csv": "test_the_reported_site_name_is_drawn",
    "report_script/note.json": "test_the_reported_station_name_cannot_end_a_script",
    "sbatch_newline/repro.sh": "cli/test_submit.py::test_a_line_end_in_a_partition_is_refused",
    "stations/deep.json": "test_the_reported_deep_json_is_no_station_file",
    "stations/evil.py": "test_the_reported_database_is_refused",
    "stations/mk.py": "test_members_of_the_reported_archives_stay_inside",
    "untrusted/passwd.vrt": "test_the_reported_recipes_are_not_opened",
    "untrusted/region.json": "test_the_reported_campaigns_are_refused_by_check",
    "untrusted/ssrf.vrt": "test_the_reported_recipes_are_not_opened",
}


@pytest.fixture
def repros(shared: Path) -> Path:
    return shared / "review" / "reliability"


def call(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def refusal(result: Result) -> str:
    """Message of an error of ours; anything else is a traceback and fails here."""
    assert isinstance(result.exception, RequestError), (result.exception, result.output)
    return str(result.exception)


def test_every_repro_has_a_test(repros: Path) -> None:
    there = {p.relative_to(repros).as_posix() for p in repros.rglob("*") if p.is_file()}
    assert there == CHECKED.keys() | TRIED.keys()
    for named in set(TRIED.values()):
        file, _, test = named.rpartition("::")
        assert f"def {test}(" in (TESTS / (file or Path(__file__).name)).read_text()


@pytest.mark.parametrize("name", sorted(CHECKED))
def test_the_reported_campaigns_are_refused_by_check(repros: Path, name: str) -> None:
    assert CHECKED[name] in refusal(call("check", repros / name))


@pytest.mark.parametrize("verb", ["status", "plan", "simulate", "report", "map", "submit"])
def test_no_verb_runs_the_reported_command(repros: Path, tmp_path: Path, verb: str) -> None:
    text = (repros / "apsim_runs_commands" / "campaign.yaml").read_text()
    file, sign = tmp_path / "campaign.yaml", tmp_path / "ran"
    assert text.count("/outside/probe/PWN_$0") == 1
    file.write_text(text.replace("/outside/probe/PWN_$0", str(sign)))
    more = ["--slurm", "--dry-run"] if verb == "submit" else []
    done = call(verb, file, *more)
    assert isinstance(done.exception, RequestError | SystemExit | None), done.exception
    assert not sign.exists()


@pytest.mark.parametrize("name", ["passwd", "ssrf"])
def test_the_reported_recipes_are_not_opened(repros: Path, tmp_path: Path, name: str) -> None:
    recipe = repros / "untrusted" / f"{name}.vrt"
    with pytest.raises(OSError, match=f"{name}.vrt is a virtual raster"):
        open_raster(recipe)
    shutil.copy(recipe, tmp_path / f"{name}.tif")
    with pytest.raises(OSError, match=f"{name}.tif is vrt, though its name ends in .tif"):
        open_raster(tmp_path / f"{name}.tif")


def test_the_reported_deep_json_is_no_station_file(repros: Path, tmp_path: Path) -> None:
    told = refusal(call("stations", repros / "stations" / "deep.json", "--out", tmp_path / "o"))
    assert "deep.json is not a reply of AWDB's data service" in told


def test_members_of_the_reported_archives_stay_inside(repros: Path, tmp_path: Path) -> None:
    # Its own good series has 48 hours; members named ../../ and /, and a link, are of no network.
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    subprocess.run([sys.executable, repros / "stations" / "mk.py"], cwd=inside, check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    before = sorted(tmp_path.rglob("*"))
    for name in ("good.zip", "trav.zip", "sym.zip", "html.zip"):
        assert len(read_ismn(inside / name).series) >= 1
    assert sorted(tmp_path.rglob("*")) == before


def test_the_reported_database_is_refused(repros: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, repros / "stations" / "evil.py"], cwd=tmp_path, check=True)
    with pytest.raises(RequestError, match="views or triggers"):
        read_unsoda_table(tmp_path / "evil.sqlite", "retention")


def test_the_reported_site_name_is_drawn(repros: Path, tmp_path: Path) -> None:
    figure = tmp_path / "s.png"
    done = call("soils", repros / "mathtext" / "textures.csv", "--out", tmp_path / "s.parquet",
                "--figure", figure)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert figure.stat().st_size > 0


def test_the_reported_station_name_cannot_end_a_script(repros: Path) -> None:
    note = json.loads((repros / "report_script" / "note.json").read_text())
    text = Maps(note).json
    assert "<" not in text
    assert json.loads(text) == note
