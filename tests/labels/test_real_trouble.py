"""Tables and options as people report them going wrong; right values worked by hand."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from rootzone._cli import cli
from rootzone._shared.cores import cores_given
from rootzone._shared.errors import RequestError
from rootzone._shared.json_text import json_text
from rootzone._shared.names import file_stem
from rootzone._shared.table_files import read_frame
from rootzone.labels.read_labels import read_distribution, read_samples
from rootzone.labels.splits import Fractions, left_out, require_parts


def station_table(path: Path) -> Path:
    days = [dt.date(2020, 6, d) for d in range(1, 5)]
    frame = pl.DataFrame(
        {"network": "N", "station": ["007", "007", "7", "7"], "date": days,
         "depth_m": 0.2, "theta": [0.25, -9999.0, 0.25, 0.35], "flag": ["", "range", "", "frozen"]}
    )  # fmt: skip
    if path.suffix == ".csv":
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    return path


@pytest.mark.parametrize("name", ["s.csv", "s.parquet"])
def test_flagged_values_count_in_no_distribution_and_no_split(tmp_path: Path, name: str) -> None:
    path = station_table(tmp_path / name)
    summary = read_distribution(path).summary()
    assert (summary["rows"], summary["mean"], summary["min"]) == (2.0, 0.25, 0.25)
    samples = read_samples(path)
    assert samples["station"].to_list() == ["007", "7"]


@pytest.mark.parametrize("content", [b"", b"not a table", b"PAR1 cut"])
@pytest.mark.parametrize("read", [read_distribution, read_samples, read_frame])
def test_a_damaged_table_is_named(tmp_path: Path, content: bytes, read: object) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(content)
    with pytest.raises(RequestError, match=r"t\.parquet"):
        read(path)  # type: ignore[operator]


def test_identifiers_stay_as_written(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("site_id,cell_id,x\n007,01,1\n7,02,2\n")
    frame = read_frame(tmp_path / "a.csv")
    assert (frame["site_id"].to_list(), frame["cell_id"].to_list()) == (["007", "7"], ["01", "02"])
    (tmp_path / "b.csv").write_text("site_id,cell_id\n7,10\n8,11\n")
    assert read_frame(tmp_path / "b.csv")["site_id"].to_list() == [7, 8]


def test_a_part_that_stays_empty_is_refused() -> None:
    with pytest.raises(RequestError, match="test would be empty"):
        require_parts(left_out(["a", "b"], 1), Fractions(), "station")
    require_parts(left_out(["a", "b"], 1, Fractions(0.5, 0.0, 0.5)), Fractions(0.5, 0, 0.5), "s")


def test_json_has_no_nan() -> None:
    text = json_text({"a": float("nan"), "b": [float("inf"), 1.5]}, indent=None)
    assert json.loads(text) == {"a": None, "b": [None, 1.5]}


def test_two_names_never_share_a_file() -> None:
    names = ["Nunn 7", "Nunn_7", "Ås", "Øs", "北京", "上海", "a/b", "a_b", "x" * 300, "x" * 301, ""]
    assert len({file_stem(name) for name in names}) == len(names)
    assert all("/" not in file_stem(name) and len(file_stem(name)) < 100 for name in names)


@pytest.mark.parametrize(
    "options",
    [
        ("distribution", "--workers", "0"),
        ("distribution", "--bin-width", "0"),
        ("split", "--out", "o.parquet", "--seed", "-1"),
        ("split", "--out", "o.parquet", "--gap-days", "-3"),
        ("split", "--out", "o.parquet", "--kind", "date_cut", "--train-until", "30/09/2022"),
        ("split", "--out", "o.parquet", "--train", "nan"),
        ("labels", "--out", "o", "--spin-up-days", "-5"),
    ],
)
def test_values_out_of_range_are_told(tmp_path: Path, options: tuple[str, ...]) -> None:
    verb, *rest = options
    table = station_table(tmp_path / "s.parquet")
    ran = CliRunner().invoke(cli, [verb, str(table), *rest])
    assert ran.exit_code == 2 or isinstance(ran.exception, RequestError)


def test_whole_stations_are_held_out_by_regions_of_any_column(tmp_path: Path) -> None:
    table = station_table(tmp_path / "s.csv")
    out = tmp_path / "p.parquet"
    ran = CliRunner().invoke(
        cli,
        ["split", str(table), "--kind", "regions", "--region", "station", "--out", str(out),
         "--train", "0.5", "--validation", "0", "--test", "0.5"],
    )  # fmt: skip
    assert ran.exit_code == 0, ran.output
    assert sorted(pl.read_parquet(out)["part"]) == ["test", "train"]


def test_cores_are_those_of_slurm_where_it_gives_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    assert cores_given() == 1
