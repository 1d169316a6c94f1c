"""A new engine is one package: found, checked, simulated with, reported; nothing else names it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import rootzone.engines
from rootzone._shared.engine_names import engine_names
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import read_provenance
from rootzone.campaign.model import Engine
from rootzone.engines.kinds import kind_of, nodes_told
from tests.cli.campaign_runs import invoke, make_campaign

# All a developer writes beside the engine itself; this one lets rain run off.
KIND = """
from rootzone.engines.kinds import EngineKind
from rootzone.engines.ladder import Rung
from rootzone.engines.tables.read_weather import WeatherNeeds
from rootzone._shared.engine_names import engine_names
from rootzone._shared.errors import RequestError
from tests.jobs.engines import Bucket

class _Bucket(EngineKind):
    title = "with a bucket"

    def check_setting(self, section, key, value):
        raise RequestError(f"{key} is not a setting of the bucket.")

    def make(self, asked, changes, threads):
        return Bucket(changes)

    def identity(self, asked, changes):
        return Bucket(changes).identity()

    def weather_needs(self, section):
        return WeatherNeeds(0.13)

    def ladder(self, stepping):
        return (Rung("default"),)

    def for_tables(self, soils, physics, stepping, pairs, threads):
        raise RequestError("the bucket takes no tables")

    def evaporation(self, section):
        return "no evaporation"

KIND = _Bucket()
"""


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[str]:
    package = tmp_path / "bucket"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "kind.py").write_text(KIND)
    rootzone.engines.__path__.append(str(tmp_path))
    engine_names.cache_clear()
    yield "bucket"
    rootzone.engines.__path__.remove(str(tmp_path))
    engine_names.cache_clear()
    for name in ("bucket", "bucket.kind"):
        sys.modules.pop(f"rootzone.engines.{name}", None)


def _campaign_with(tmp_path: Path, name: str) -> Path:
    file = make_campaign(tmp_path / "c")
    text = file.read_text()
    assert text.count("engine:\n") == 1
    file.write_text(text.replace("engine:\n", f"engine:\n  name: {name}\n"))
    return file


def test_a_package_makes_an_engine_that_a_campaign_runs(bucket: str, tmp_path: Path) -> None:
    file = _campaign_with(tmp_path, bucket)
    done = invoke("simulate", file, "--cores", "1", "--executor", "threads")
    assert done.exit_code == 0, done.output
    # The bucket keeps each layer at its first water content and runs off all rain: its balance.
    facts = json.loads(invoke("status", file, "--json").stdout)
    assert (facts["done"], facts["stale"]) == (6, 0)
    shard = next((file.parent / "runs").rglob("profiles*.parquet"))
    profiles = pl.read_parquet(shard)
    assert profiles["theta"].list.first().n_unique() <= profiles["site_id"].n_unique()
    assert profiles["es_mm"].sum() == 0.0
    assert read_provenance(shard).settings["engine"]["name"] == "bucket"
    assert kind_of(bucket).evaporation(Engine(name=bucket)) == "no evaporation"


def test_an_engine_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    file = _campaign_with(tmp_path, "swimm")
    found = invoke("check", file)
    assert "there is no engine 'swimm'; did you mean swim" in str(found.exception or found.output)
    with pytest.raises(RequestError, match="Choose one of apsim, swim"):
        kind_of("hydrus")
    assert engine_names() == ("apsim", "swim")


def test_what_an_engine_cannot_do_is_told_by_check_and_refused_by_simulate(tmp_path: Path) -> None:
    file = _campaign_with(tmp_path, "apsim")  # with physics van_genuchten, which APSIM lacks
    for verb in ("check", "simulate"):
        told = invoke(verb, file)
        assert "APSIM cannot run physics van_genuchten" in str(told.exception) + told.output


def test_values_of_a_profile_belong_where_its_engine_has_them() -> None:
    # docs/labels.md: only van Genuchten physics with converged stepping has layer means.
    swim = {"engine": "swim", "physics": "van_genuchten", "stepping": "converged"}
    assert nodes_told(swim) == nodes_told({}) == "mid_layer"
    assert nodes_told({**swim, "stepping": "apsim"}) == nodes_told({"engine": "apsim"}) == "swim3"
