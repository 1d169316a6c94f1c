"""Profiles in, labels out: partitions, spin-up, weights, resumption, memory of the past batch."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.profile_depths import LabelDepth
from rootzone._shared.provenance import Provenance, read_provenance
from rootzone._shared.tables import LABELS
from rootzone.labels import write_labels as writer
from rootzone.labels.layering import Layerings, layerings_from_soils, layerings_from_thickness
from rootzone.labels.make_labels import LabelRule, SiteFacts
from rootzone.labels.read_profiles import read_batches
from rootzone.labels.write_labels import LabelJob, label_files, write_all, write_labels
from tests.labels.profiles import write_profiles

THICKNESS = [50.0, 50.0, 50.0, 50.0, 100.0, 100.0]
RECORD = Provenance("rootzone labels", code="test")


def constant(days: int, values: list[float]) -> np.ndarray:
    return np.tile(np.asarray(values), (days, 1))


def job(profiles: Path, rule: LabelRule, name: str = "00001") -> LabelJob:
    return LabelJob(profiles, name, rule, "swim/van_genuchten/apsim", RECORD)


def rule_20_cm(**changes: object) -> LabelRule:
    values: dict[str, object] = {
        "depths": [LabelDepth(200.0)],
        "layerings": layerings_from_thickness(THICKNESS, "mid_layer"),
    }
    return LabelRule(**{**values, **changes})  # type: ignore[arg-type]


def read_all(folder: Path) -> pl.DataFrame:
    parts = [pl.read_parquet(path) for path in label_files(folder)]
    return pl.concat(parts).with_columns(pl.col(pl.Categorical).cast(pl.String))


@pytest.fixture
def two_sites(tmp_path: Path) -> Path:
    # At 200 mm by Eq. 13: 2/3 * 0.21 + 1/3 * 0.27 = 0.23 for site 7.
    theta = {
        7: constant(5, [0.1, 0.1, 0.1, 0.21, 0.27, 0.3]),
        9: constant(5, [0.1, 0.1, 0.1, 0.30, 0.30, 0.3]),
    }
    return write_profiles(tmp_path / "profiles.parquet", theta)


def test_every_row_becomes_a_label_at_the_right_depth(two_sites: Path, tmp_path: Path) -> None:
    counts = write_labels(job(two_sites, rule_20_cm()), tmp_path / "labels")
    labels = read_all(tmp_path / "labels")
    assert counts.labels == counts.profile_rows == labels.height == 10
    by_site = dict(labels.group_by("site_id").agg(pl.col("theta").mean()).iter_rows())
    assert by_site == pytest.approx({7: 0.23, 9: 0.30}, abs=1e-7)


def test_labels_lie_in_folders_of_their_month(two_sites: Path, tmp_path: Path) -> None:
    write_labels(job(two_sites, rule_20_cm()), tmp_path / "labels")
    found = {p.parent.relative_to(tmp_path / "labels").as_posix(): pl.read_parquet(p).height
             for p in label_files(tmp_path / "labels")}  # fmt: skip
    # 30 and 31 December 2022, 1 to 3 January 2023, for two sites.
    assert found == {"year=2022/month=12": 4, "year=2023/month=01": 6}


def test_part_files_fit_the_labels_schema_and_carry_their_provenance(
    two_sites: Path, tmp_path: Path
) -> None:
    write_labels(job(two_sites, rule_20_cm()), tmp_path / "labels")
    for path in label_files(tmp_path / "labels"):
        assert LABELS.problems(pq.read_schema(path)) == []
        assert read_provenance(path) == RECORD
        assert set(pl.read_parquet(path)["digest"].cast(pl.String)) == {RECORD.digest}


def test_days_outside_the_sites_own_year_are_spin_up_and_counted(
    two_sites: Path, tmp_path: Path
) -> None:
    facts = {7: SiteFacts("41|Dfb", 12.5, 2023, 2), 9: SiteFacts("71|BSk", 3.0, 2022, 0)}
    counts = write_labels(job(two_sites, rule_20_cm(facts=facts)), tmp_path / "labels")
    labels = read_all(tmp_path / "labels")
    # Site 7 keeps 1-3 January 2023, site 9 keeps 30-31 December 2022.
    assert (counts.other_year, counts.labels) == (5, 5)
    assert labels.filter(pl.col("site_id") == 7)["date"].min() == date(2023, 1, 1)
    row = labels.filter(pl.col("site_id") == 7).row(0, named=True)
    assert (row["stratum"], row["weight"], row["rung"]) == ("41|Dfb", 12.5, 2)


def test_spin_up_days_are_counted_from_each_sites_own_start(
    two_sites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Batches of three rows cut site 7 after day 3: its first day must be remembered.
    monkeypatch.setattr(writer, "read_batches", lambda path: read_batches(path, 3))
    counts = write_labels(job(two_sites, rule_20_cm(spin_up_days=2)), tmp_path / "labels")
    assert (counts.spin_up, counts.labels) == (4, 6)
    assert read_all(tmp_path / "labels").group_by("site_id").len()["len"].to_list() == [3, 3]


def test_the_size_of_a_batch_changes_nothing(
    two_sites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_labels(job(two_sites, rule_20_cm()), tmp_path / "whole")
    monkeypatch.setattr(writer, "read_batches", lambda path: read_batches(path, 1))
    write_labels(job(two_sites, rule_20_cm()), tmp_path / "small")
    assert read_all(tmp_path / "whole").equals(read_all(tmp_path / "small"))


def test_node_depths_in_the_file_win_over_computed_ones(tmp_path: Path) -> None:
    # Nodes 0 and 400 mm with 0.1 and 0.3: halfway, 200 mm holds 0.2.
    profiles = write_profiles(
        tmp_path / "p.parquet", {1: constant(1, [0.1, 0.3])}, nodes=[0.0, 400.0]
    )
    write_labels(job(profiles, rule_20_cm()), tmp_path / "labels")
    assert read_all(tmp_path / "labels")["theta"].to_list() == pytest.approx([0.2])


def test_each_site_may_have_its_own_layers(tmp_path: Path) -> None:
    theta = {
        "a": constant(2, [0.1, 0.2, 0.4]),
        "b": constant(2, [0.1, 0.3]),
        "c": constant(2, [0.0, 0.0, 0.4]),
    }
    profiles = write_profiles(tmp_path / "p.parquet", theta)
    soils = pl.DataFrame(
        {
            "site_id": ["a", "a", "a", "b", "b", "c", "c", "c"],
            "layer": [1, 2, 3, 2, 1, 1, 2, 3],
            "thickness_mm": [150.0, 150.0, 300.0, 200.0, 200.0, 100.0, 100.0, 200.0],
        }
    )
    rule = rule_20_cm(layerings=layerings_from_soils(soils, "mid_layer"))
    write_labels(job(profiles, rule), tmp_path / "labels")
    means = read_all(tmp_path / "labels").group_by("site_id").agg(pl.col("theta").mean())
    # By hand: a: 0.1 + 5/6 * 0.1; b: halfway 100-300: 0.2; c: (200-150)/(300-150) * 0.4 = 0.4/3.
    expected = {"a": 0.1 + 0.1 * 5 / 6, "b": 0.2, "c": 0.4 / 3}
    assert dict(means.iter_rows()) == pytest.approx(expected, abs=1e-7)


def test_layer_means_say_where_they_begin(two_sites: Path, tmp_path: Path) -> None:
    depths = [LabelDepth(200.0), LabelDepth(100.0, 0.0)]
    write_labels(job(two_sites, rule_20_cm(depths=depths)), tmp_path / "labels")
    rows = read_all(tmp_path / "labels").select("depth_top_mm", "depth_mm").unique()
    assert sorted(rows.rows(), key=str) == [(0.0, 100.0), (None, 200.0)]


def test_a_value_that_is_not_a_number_is_dropped_and_counted(tmp_path: Path) -> None:
    values = constant(3, [0.2] * 6)
    values[1, 3] = np.nan
    profiles = write_profiles(tmp_path / "p.parquet", {1: values})
    counts = write_labels(job(profiles, rule_20_cm()), tmp_path / "labels")
    assert (counts.not_finite, counts.labels) == (1, 2)


def test_a_depth_outside_the_profile_leaves_nothing_behind(two_sites: Path, tmp_path: Path) -> None:
    rule = rule_20_cm(depths=[LabelDepth(500.0)])
    with pytest.raises(RequestError, match="below the last"):
        write_labels(job(two_sites, rule), tmp_path / "labels")
    assert not [path for path in (tmp_path / "labels").rglob("*") if path.is_file()]


def test_a_failure_in_a_later_batch_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = write_profiles(tmp_path / "p.parquet", {1: constant(4, [0.2] * 6)})
    facts = {1: SiteFacts()}
    monkeypatch.setattr(writer, "read_batches", lambda path: _then_fail(read_batches(path, 2)))
    with pytest.raises(OSError, match="disk gone"):
        write_labels(job(profiles, rule_20_cm(facts=facts)), tmp_path / "labels")
    assert not [path for path in (tmp_path / "labels").rglob("*") if path.is_file()]


def _then_fail(batches):  # type: ignore[no-untyped-def]
    yield next(batches)
    raise OSError("disk gone")


def test_a_site_outside_the_design_is_refused(two_sites: Path, tmp_path: Path) -> None:
    rule = rule_20_cm(facts={7: SiteFacts()})
    with pytest.raises(RequestError, match=r"Site 9 .* not in the sites table"):
        write_labels(job(two_sites, rule), tmp_path / "labels")


def test_unknown_layers_are_refused_with_the_site(two_sites: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"Site 7.*6 layers are not known"):
        write_labels(job(two_sites, rule_20_cm(layerings=Layerings())), tmp_path / "labels")


def test_a_finished_shard_is_not_made_again(two_sites: Path, tmp_path: Path) -> None:
    jobs = [job(two_sites, rule_20_cm(), name) for name in ("00001", "00002")]
    first = write_all(jobs, tmp_path / "labels", workers=2)
    two_sites.unlink()
    assert write_all(jobs, tmp_path / "labels") == first
    assert first.labels == 20


def test_a_shard_made_another_way_is_made_again(two_sites: Path, tmp_path: Path) -> None:
    write_labels(job(two_sites, rule_20_cm()), tmp_path / "labels")
    other = LabelJob(two_sites, "00001", rule_20_cm(), "swim", Provenance("x", code="other"))
    write_labels(other, tmp_path / "labels")
    assert set(read_all(tmp_path / "labels")["digest"]) == {other.record.digest}


def test_months_of_an_earlier_run_do_not_stay(two_sites: Path, tmp_path: Path) -> None:
    write_labels(job(two_sites, rule_20_cm()), tmp_path / "labels")
    later = LabelJob(
        two_sites, "00001", rule_20_cm(spin_up_days=2), "swim", Provenance("x", code="other")
    )
    write_labels(later, tmp_path / "labels")
    folders = {path.parent.name for path in label_files(tmp_path / "labels")}
    assert folders == {"month=01"}  # 30 and 31 December are spin-up now


def test_more_months_than_may_be_open_are_written_in_several_passes(
    two_sites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = write_labels(job(two_sites, rule_20_cm()), tmp_path / "one")
    monkeypatch.setattr("rootzone.labels.write_labels.MOST_OPEN", 1)
    assert write_labels(job(two_sites, rule_20_cm()), tmp_path / "several") == counts
    one, several = (label_files(tmp_path / name) for name in ("one", "several"))
    assert len(one) == 2  # December and January
    assert [p.read_bytes() for p in several] == [p.read_bytes() for p in one]


@pytest.mark.parametrize("how", ["flip", "cut", "empty", "gone"])
def test_a_damaged_part_is_told_by_readers_and_made_again(
    two_sites: Path, tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "labels"
    write_labels(job(two_sites, rule_20_cm()), folder)
    part = label_files(folder)[0]
    whole = part.read_bytes()
    if how == "gone":
        part.unlink()
    else:
        flipped = whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]
        part.write_bytes({"flip": flipped, "cut": whole[:-9], "empty": b""}[how])
    with pytest.raises(RequestError, match=part.name):
        label_files(folder)
    write_labels(job(two_sites, rule_20_cm()), folder)
    assert part.read_bytes() == whole
    assert part.name in caplog.text
