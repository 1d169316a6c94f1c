"""Running a campaign with an engine that misbehaves on demand."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from rootzone._shared.errors import RequestError, StoppedEarly
from rootzone._shared.provenance import read_provenance
from rootzone.campaign.model import Campaign
from rootzone.campaign.read_campaign import load_campaign
from rootzone.campaign.workspace import Workspace
from rootzone.jobs.driver.run_campaign import prepare, run_campaign, shards_of_task
from rootzone.jobs.driver.run_local import InThisProcess
from rootzone.jobs.record.status import status_of
from rootzone.jobs.shard import run_shard as run_shard_module
from rootzone.jobs.shard.engine_choice import MakeEngine
from rootzone.jobs.shard.read_cut import read_shards
from rootzone.jobs.shard.read_shard import digest_shard, read_closed, read_ledger
from tests.jobs.engines import MakeBucket
from tests.jobs.synthetic import make_campaign


def _load(file: Path) -> tuple[Campaign, Workspace]:
    return load_campaign(file).campaign, Workspace.beside(file)


def _run(file: Path, engine: MakeEngine, **options: object):  # type: ignore[no-untyped-def]
    campaign, workspace = _load(file)
    return run_campaign(
        campaign,
        workspace,
        InThisProcess(1),
        make_engine=engine,
        **options,  # type: ignore[arg-type]
    )


def _status(file: Path, engine: MakeEngine):  # type: ignore[no-untyped-def]
    campaign, workspace = _load(file)
    table = read_shards(campaign, workspace, freeze=False)
    return status_of(workspace, prepare(campaign, workspace, engine, table))


def _ledger(file: Path) -> pl.DataFrame:
    workspace = Workspace.beside(file)
    folders = sorted(workspace.runs.glob("shard=*"))
    return pl.concat([pl.read_parquet(f / "ledger.parquet") for f in folders])


@pytest.fixture
def campaign_file(tmp_path: Path) -> Path:
    return make_campaign(tmp_path / "c")


def test_every_site_is_in_one_ledger_row_and_every_good_one_has_its_whole_year(
    campaign_file: Path,
) -> None:
    _run(campaign_file, MakeBucket(never=frozenset({3})))
    ledger = _ledger(campaign_file)
    assert sorted(ledger["site_id"]) == list(range(1, 61))
    assert ledger.filter(outcome="failed")["site_id"].to_list() == [3]
    profiles = pl.read_parquet(campaign_file.parent / "runs" / "shard=*" / "profiles.parquet")
    days = profiles.group_by("site_id").agg(pl.len(), pl.col("date").min())
    # 2020 is a leap year; the spin-up in 2019 is not in the table.
    assert set(days["len"]) == {366}
    assert str(days["date"].min()) == "2020-01-01"
    assert days.height == 59


def test_a_shard_is_two_files(campaign_file: Path) -> None:
    _run(campaign_file, MakeBucket())
    folder = Workspace.beside(campaign_file).shard(1)
    assert sorted(p.name for p in folder.iterdir()) == ["ledger.parquet", "profiles.parquet"]


def test_the_columns_carry_units_and_the_files_their_provenance(campaign_file: Path) -> None:
    import pyarrow.parquet as pq

    _run(campaign_file, MakeBucket())
    workspace = Workspace.beside(campaign_file)
    schema = pq.read_schema(workspace.profiles(1))
    assert schema.field("theta").metadata[b"unit"] == b"m3 m-3"
    assert schema.field("runoff_mm").metadata[b"unit"] == b"mm d-1"
    for path in (workspace.profiles(1), workspace.ledger(1)):
        assert set(read_provenance(path).inputs) >= {"soils table", "weather of 2020"}


def test_a_site_that_needs_smaller_steps_says_which_rung_it_took(campaign_file: Path) -> None:
    _run(campaign_file, MakeBucket(needs_small_steps=frozenset({4})))
    row = _ledger(campaign_file).filter(site_id=4).to_dicts()[0]
    assert (row["outcome"], row["rung"], row["attempts"]) == ("done", 1, 2)
    assert json.loads(row["tried"])[0]["text"] == "SWIM gave up at site 4"


def test_a_failed_site_keeps_its_inputs_its_text_and_all_its_attempts(campaign_file: Path) -> None:
    _run(campaign_file, MakeBucket(never=frozenset({3})))
    row = _ledger(campaign_file).filter(site_id=3).to_dicts()[0]
    # The ladder of the embedded engine has four rungs.
    assert row["attempts"] == 4
    assert [tried["rung"] for tried in json.loads(row["tried"])] == [0, 1, 2, 3]
    assert row["text"] == "SWIM gave up at site 3"
    inputs = json.loads(row["inputs"])
    assert inputs["soils"]["layer"] == [1, 2, 3, 4]
    # 30 days of spin-up and the 366 days of 2020.
    assert len(inputs["weather"]["date"]) == 396


def test_a_site_on_a_later_rung_lies_where_it_would_have_lain(campaign_file: Path) -> None:
    workspace = Workspace.beside(campaign_file)
    _run(campaign_file, MakeBucket())
    plain = [pl.read_parquet(workspace.profiles(n)) for n in range(1, 7)]
    _run(campaign_file, MakeBucket(needs_small_steps=frozenset({4, 9, 30})), force=True)
    for number, frame in enumerate(plain, 1):
        assert pl.read_parquet(workspace.profiles(number)).equals(frame)


def test_an_engine_that_stops_short_is_not_called_done(campaign_file: Path) -> None:
    _run(campaign_file, MakeBucket(short=frozenset({7})))
    row = _ledger(campaign_file).filter(site_id=7).to_dicts()[0]
    assert (row["outcome"], row["failure_class"]) == ("failed", "DATES_INCOMPLETE")
    assert "2020-12-24, not 2020-01-01 to 2020-12-31" in row["text"]


def test_an_error_inside_the_engine_fails_its_sites_in_its_words(campaign_file: Path) -> None:
    run = _run(campaign_file, MakeBucket(raises="the solver exploded"))
    assert sum(report.failed for report in run.reports) == 60
    row = _ledger(campaign_file).row(0, named=True)
    assert row["failure_class"] == "ENGINE_ERROR"
    assert "ValueError: the solver exploded" in row["text"]


def test_a_drawn_site_without_soil_and_one_without_weather_are_failures_by_name(
    campaign_file: Path,
) -> None:
    workspace = Workspace.beside(campaign_file)
    soils = pl.read_parquet(workspace.soils)
    cell_of = dict(soils.select("site_id", "cell_id").iter_rows())
    soils.filter(pl.col("site_id") != 5).write_parquet(workspace.soils)
    weather = pl.read_parquet(workspace.weather(2020))
    lost = cell_of[6]
    weather.filter(pl.col("cell_id") != lost).write_parquet(workspace.weather(2020))
    _run(campaign_file, MakeBucket())
    by_site = {row["site_id"]: row for row in _ledger(campaign_file).to_dicts()}
    assert by_site[5]["failure_class"] == "INPUT_MISSING"
    assert by_site[6]["failure_class"] in ("FORCING_MISSING", "FORCING_GAP")
    in_other_cells = [s for s, c in cell_of.items() if c != lost and s != 5]
    assert all(by_site[s]["outcome"] == "done" for s in in_other_cells)


def test_a_cell_whose_weather_ends_early_is_a_forcing_gap(campaign_file: Path) -> None:
    workspace = Workspace.beside(campaign_file)
    weather = pl.read_parquet(workspace.weather(2020))
    gone = (pl.col("cell_id") == 1) & (pl.col("date") > pl.date(2020, 11, 2))
    weather.filter(~gone).write_parquet(workspace.weather(2020))
    _run(campaign_file, MakeBucket())
    failed = _ledger(campaign_file).filter(outcome="failed")
    assert set(failed["failure_class"]) == {"FORCING_GAP"}
    assert "2020-11-02, needed from 2019-12-02 to 2020-12-31" in failed["text"][0]


def test_the_same_call_again_runs_nothing(campaign_file: Path) -> None:
    _run(campaign_file, MakeBucket())
    again = _run(campaign_file, MakeBucket())
    assert (again.skipped, again.reports) == (6, [])


def test_status_names_the_soils_table_for_the_shards_it_made_stale(campaign_file: Path) -> None:
    engine = MakeBucket()
    _run(campaign_file, engine)
    workspace = Workspace.beside(campaign_file)
    soils = pl.read_parquet(workspace.soils)
    changed = pl.when(pl.col("site_id") == 17).then(1.0).otherwise(pl.col("ks_mm_d"))
    soils.with_columns(changed.alias("ks_mm_d")).write_parquet(workspace.soils)
    status = _status(campaign_file, engine)
    assert (status.done, status.stale, status.missing) == (5, 1, 0)
    assert status.stale_because == {"soils table": 1}


def test_stale_shards_are_left_alone_without_force_and_made_again_with_it(
    campaign_file: Path,
) -> None:
    _run(campaign_file, MakeBucket())
    workspace = Workspace.beside(campaign_file)
    weather = pl.read_parquet(workspace.weather(2020))
    weather.with_columns(pl.col("rain_mm") * 2).write_parquet(workspace.weather(2020))
    before = workspace.profiles(1).read_bytes()
    with pytest.raises(RequestError, match=r"6 of 6 shards .*weather of 2020 changed.*--force"):
        _run(campaign_file, MakeBucket())
    assert workspace.profiles(1).read_bytes() == before
    _run(campaign_file, MakeBucket(), force=True)
    assert workspace.profiles(1).read_bytes() != before
    assert _status(campaign_file, MakeBucket()).done == 6


def test_profiles_without_their_ledger_are_not_done(campaign_file: Path) -> None:
    engine = MakeBucket()
    _run(campaign_file, engine)
    workspace = Workspace.beside(campaign_file)
    digest = digest_shard(workspace, 2)
    workspace.ledger(2).unlink()
    assert _status(campaign_file, engine).missing == 1
    assert [r.number for r in _run(campaign_file, engine).reports] == [2]
    assert digest_shard(workspace, 2) == digest


def test_a_truncated_file_is_not_done(campaign_file: Path) -> None:
    engine = MakeBucket()
    _run(campaign_file, engine)
    path = Workspace.beside(campaign_file).profiles(3)
    path.write_bytes(path.read_bytes()[:-200])
    assert _status(campaign_file, engine).missing == 1


def test_a_run_of_some_shards_leaves_the_others(campaign_file: Path) -> None:
    run = _run(campaign_file, MakeBucket(), numbers=[2, 5])
    assert [report.number for report in run.reports] == [2, 5]
    assert _status(campaign_file, MakeBucket()).missing == 4


def test_a_shard_that_is_not_there_is_refused(campaign_file: Path) -> None:
    with pytest.raises(RequestError, match=r"shards 1 to 6; there is no shard 7"):
        _run(campaign_file, MakeBucket(), numbers=[7])


def test_shards_of_another_campaign_are_refused(campaign_file: Path) -> None:
    _run(campaign_file, MakeBucket())
    text = campaign_file.read_text().replace("name: synthetic", "name: other")
    campaign_file.write_text(text)
    with pytest.raises(RequestError, match="shard of the campaign synthetic, not of other"):
        _run(campaign_file, MakeBucket())


def test_an_engine_that_is_not_there_is_told_before_anything_is_written(
    campaign_file: Path,
) -> None:
    with pytest.raises(RequestError, match="Models is not installed"):
        _run(campaign_file, MakeBucket(refuses="Models is not installed"))
    assert not Workspace.beside(campaign_file).runs.exists()


def test_a_missing_table_names_the_verb_that_makes_it(campaign_file: Path) -> None:
    Workspace.beside(campaign_file).soils.unlink()
    with pytest.raises(RequestError, match=r"soils\.parquet does not exist.*rootzone soils"):
        _run(campaign_file, MakeBucket())


def test_a_spin_up_without_weather_is_refused_with_the_file_that_lacks(
    campaign_file: Path,
) -> None:
    Workspace.beside(campaign_file).weather(2019).unlink()
    with pytest.raises(RequestError, match=r"weather_2019\.parquet .*spin_up_days: 30"):
        _run(campaign_file, MakeBucket())


def test_a_runs_folder_that_cannot_be_made_is_refused(campaign_file: Path) -> None:
    Workspace.beside(campaign_file).runs.write_text("a file where the folder should be")
    with pytest.raises(RequestError, match="runs cannot be written"):
        _run(campaign_file, MakeBucket())


def test_a_full_disk_stops_cleanly_and_the_same_call_resumes(
    campaign_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = make_campaign(tmp_path / "whole")
    _run(whole, MakeBucket())
    real = run_shard_module.write_shard

    def full_at_shard_3(path: Path, *rest: object) -> None:
        if path.parent.name == "shard=00003":
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / ".profiles.1.tmp.parquet").write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(run_shard_module, "write_shard", full_at_shard_3)
    with pytest.raises(StoppedEarly, match=r"disk is full: shard 3 .*4 shards are to do"):
        _run(campaign_file, MakeBucket())
    workspace = Workspace.beside(campaign_file)
    assert not [*workspace.runs.rglob("*.tmp.*")]
    monkeypatch.setattr(run_shard_module, "write_shard", real)
    _run(campaign_file, MakeBucket())
    other = Workspace.beside(whole)
    for number in range(1, 7):
        assert digest_shard(workspace, number) == digest_shard(other, number)


def test_a_second_run_of_the_same_campaign_is_refused(campaign_file: Path) -> None:
    import fcntl

    workspace = Workspace.beside(campaign_file)
    workspace.runs.mkdir()
    with workspace.run_lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(RequestError, match="Another run of this campaign is under way"):
            _run(campaign_file, MakeBucket())


def test_shards_are_dealt_to_tasks_like_cards(campaign_file: Path) -> None:
    campaign, workspace = _load(campaign_file)
    shards = read_shards(campaign, workspace, freeze=False).shards
    assert [shards_of_task(shards, task, 4) for task in (1, 2, 3, 4)] == [[1, 5], [2, 6], [3], [4]]


def test_a_footer_tells_what_the_shard_was_made_from(campaign_file: Path) -> None:
    _run(campaign_file, MakeBucket())
    closed = read_closed(Workspace.beside(campaign_file), 1)
    assert closed is not None
    assert (closed.footer.sites, closed.footer.done, closed.footer.failed) == (10, 10, 0)
    assert closed.footer.rows == 3660
    ledger = read_ledger(Workspace.beside(campaign_file), 1)
    assert closed.run["engine_seconds"] >= 0
    assert ledger.height == closed.footer.sites


def test_the_kept_cut_is_used_while_the_tables_rest_and_made_again_when_they_change(
    campaign_file: Path,
) -> None:
    campaign, workspace = _load(campaign_file)
    first = read_shards(campaign, workspace, freeze=True)
    made = workspace.shard_soils.stat().st_mtime_ns
    assert read_shards(campaign, workspace, freeze=True) == first
    assert workspace.shard_soils.stat().st_mtime_ns == made
    smaller = campaign.model_copy(
        update={"jobs": campaign.jobs.model_copy(update={"sites_per_shard": 20})}
    )
    assert len(read_shards(smaller, workspace, freeze=False).shards) == 3


@pytest.mark.parametrize("damage", ["one bit", "a tail"])
def test_a_damaged_cut_is_told_and_made_again_by_the_same_command(
    campaign_file: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    campaign, workspace = _load(campaign_file)
    first = read_shards(campaign, workspace, freeze=True)
    path = workspace.shard_soils
    whole = path.read_bytes()
    path.write_bytes(
        whole[:-100] if damage == "a tail" else whole[:600] + bytes([whole[600] ^ 1]) + whole[601:]
    )
    assert read_shards(campaign, workspace, freeze=True) == first
    assert f"{path} is damaged and is made again" in caplog.text
    assert path.read_bytes() == whole


def test_isolated_sites_give_the_same_tables(tmp_path: Path) -> None:
    here = make_campaign(tmp_path / "here", n_site=12)
    apart = make_campaign(tmp_path / "apart", n_site=12)
    engine = MakeBucket(needs_small_steps=frozenset({4}), never=frozenset({5}))
    _run(here, engine)
    _run(apart, engine, isolated=True)
    for number in (1, 2):
        assert digest_shard(Workspace.beside(here), number) == digest_shard(
            Workspace.beside(apart), number
        )


def test_a_site_that_hangs_is_stopped_and_named_and_the_others_finish(tmp_path: Path) -> None:
    # Long enough that an innocent site is done in it on a machine with five times its load.
    file = make_campaign(tmp_path, n_site=6, site_timeout_s=12.0)
    _run(file, MakeBucket(hangs=frozenset({2})), isolated=True)
    ledger = _ledger(file)
    assert ledger.filter(outcome="failed").select("site_id", "failure_class").rows() == [
        (2, "TIMEOUT")
    ]
    assert "site_timeout_s: 12" in ledger.filter(site_id=2)["text"][0]


def test_a_site_that_kills_its_process_is_named_and_the_others_finish(tmp_path: Path) -> None:
    file = make_campaign(tmp_path, n_site=6)
    _run(file, MakeBucket(kills=frozenset({2})), isolated=True)
    failed = _ledger(file).filter(outcome="failed").to_dicts()
    assert [(row["site_id"], row["failure_class"]) for row in failed] == [(2, "WORKER_DIED")]
    assert "signal SIGKILL" in failed[0]["text"]


def test_sites_of_several_years_and_with_text_ids_are_run_on_the_weather_of_their_year(
    tmp_path: Path,
) -> None:
    file = make_campaign(tmp_path, n_site=20, years=(2020, 2021))
    workspace = Workspace.beside(file)
    for path in (workspace.sites, workspace.soils):
        name = pl.format("s-{}", pl.col("site_id").cast(pl.String)).alias("site_id")
        pl.read_parquet(path).with_columns(name).write_parquet(path)
    _run(file, MakeBucket())
    profiles = pl.read_parquet(workspace.runs / "shard=*" / "profiles.parquet")
    sites = pl.read_parquet(workspace.sites).select("site_id", "year", "cell_id")
    joined = profiles.join(sites, on="site_id")
    assert joined.filter(pl.col("date").dt.year() != pl.col("year")).height == 0
    weather = pl.concat([pl.read_parquet(workspace.weather(y)) for y in (2020, 2021)])
    same = joined.join(weather, on=["cell_id", "date"])
    assert same.height == 10 * 366 + 10 * 365
    # The bucket runs off what rains.
    assert (same["runoff_mm"] - same["rain_mm"].cast(pl.Float32)).abs().max() == 0.0


def test_new_weights_make_nothing_stale(campaign_file: Path) -> None:
    _run(campaign_file, MakeBucket())
    path = Workspace.beside(campaign_file).sites
    pl.read_parquet(path).with_columns(weight=pl.lit(3.0)).write_parquet(path)
    assert _status(campaign_file, MakeBucket()).done == 6


def test_a_changed_engine_setting_is_named(campaign_file: Path) -> None:
    from tests.jobs.engines import Bucket

    class Other(MakeBucket):
        def __call__(self, changes, *, threads):  # type: ignore[no-untyped-def]
            return replace(Bucket(changes), settings={**changes, "cn2_bare": 50})

    _run(campaign_file, MakeBucket())
    assert _status(campaign_file, Other()).stale_because == {"engine settings": 6}
