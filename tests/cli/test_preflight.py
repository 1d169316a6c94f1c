"""``rootzone check`` refuses whatever a later stage refuses of the campaign file alone."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from rootzone._cli.check import command
from rootzone._shared.profile_depths import LabelDepth, nodes_of_engine
from rootzone.campaign.describe import sections
from rootzone.campaign.model import Campaign
from rootzone.campaign.rules import broken_rules
from rootzone.engines.tables.check_soils import RANGES
from rootzone.labels.layering import layerings_from_thickness, weights_of

ROOT = Path(__file__).resolve().parents[2]
SMALL: dict[str, Any] = {"name": "small", "region": {"place": "Colorado"}, "years": [2023]}


def keys_refused(folder: Path, **changes: Any) -> list[str]:
    path = folder / "campaign.yaml"
    path.write_text(yaml.safe_dump({**SMALL, **changes}))
    shown = CliRunner().invoke(command, [str(path), "--json"])
    return [mistake["key"] for mistake in json.loads(shown.stdout)["mistakes"]]


# Refusals of later stages that name a campaign key and depend on the campaign alone: what makes
# them refuse, and the key that `check` points to.
BY_CAMPAIGN: dict[tuple[str, str], tuple[dict[str, Any], str]] = {
    ("covariates/places.py", "region.place"): (
        {"region": {"place": "Coloradoo"}},
        "region.place",
    ),
    ("covariates/grid.py", "grid.crs"): (
        {"grid": {"crs": "utm"}},  # Colorado is seven degrees wide
        "grid.crs",
    ),
    ("covariates/layers/catalog.py", "catalog.forcing"): (
        {"catalog": {"forcing": "nlcd"}},  # classes, no weather
        "catalog.forcing",
    ),
    ("covariates/weather/cells.py", "catalog.forcing"): (
        {"region": {"bounds_lonlat_deg": [10, 50, 10.1, 50.1]}, "grid": {"crs": "EPSG:32632"}},
        "catalog.forcing",  # Germany, on gridMET's cells
    ),
    ("covariates/weather/cell_elevation.py", "weather.lapse_degc_per_km"): (
        {  # no heights of its ground
            "catalog": {"forcing": "daymet"},
            "weather": {"pet": "hargreaves", "lapse_degc_per_km": 6.5},
        },
        "weather.lapse_degc_per_km",
    ),
    ("covariates/weather/leaf_area.py", "weather.leaf_area"): (
        {"cover": "grass", "weather": {"leaf_area": "nlcd"}},  # classes, no leaf area
        "weather.leaf_area",
    ),
    ("covariates/weather/derive.py", "catalog.forcing"): (
        {"catalog": {"forcing": "era5_land"}, "weather": {"pet": "delivered"}},  # has no demand
        "weather.pet",
    ),
    ("covariates/weather/derive.py", "weather.pet"): (
        {"catalog": {"forcing": "era5_land"}, "weather": {"pet": "delivered"}},
        "weather.pet",
    ),
    ("design/allocate.py", "sites.min_per_stratum"): (
        {"sites": {"per_year": 1}},
        "sites.min_per_stratum",
    ),
    ("design/candidates.py", "sites.exclude_land_cover"): (
        {"sites": {"exclude_land_cover": [10]}},  # NLCD has no class 10
        "sites.exclude_land_cover",
    ),
    ("design/settings.py", "sites.design"): (
        {"sites": {"design": "stratified_kmean"}},
        "sites.design",
    ),
    ("engines/apsim/find_models.py", "engine.apsim_models"): (
        {
            "engine": {
                "name": "apsim", "physics": "swim3", "stepping": "apsim",
                "apsim_models": "/nowhere/Models",
            }
        },
        "engine.apsim_models",
    ),
    ("hydraulics/site_layers.py", "catalog.texture"): (
        {"catalog": {"texture": "nlcd"}},
        "catalog.texture",
    ),
    ("engines/kinds.py", "engine.name"): ({"engine": {"name": "hydrus"}}, "engine.name"),
    ("learning/evaluation/evaluate.py", "learning.split"): (
        {"learning": {"split": {"train": 0.8, "validation": 0.2, "test": 0.0}}},
        "learning.split.test",
    ),
    ("networks/families/__init__.py", "learning.model"): (
        {"learning": {"model": "unet_b"}},
        "learning.model",
    ),
    ("networks/run_training.py", "learning.split"): (
        {"learning": {"split": {"train": 0.8, "validation": 0.0, "test": 0.2}}},
        "learning.split.validation",
    ),
    ("learning/scene/surface_files.py", "learning.features"): (
        {"learning": {"features": {"surface_moisture": "smap/{date}.tif"}}},  # no such file
        "learning.features.surface_moisture",
    ),
}  # fmt: skip
# Refusals that name a campaign key and depend on tables, files, other runs or the command line.
BY_DATA = {
    ("design/allocate.py", "sites.exclude_land_cover"),  # candidates that are left
    ("design/allocate.py", "sites.per_year"),  # candidate pixels, strata
    ("design/replace.py", "sites.reserves_pct"),  # failed sites
    ("engines/apsim/engine.py", "engine.settings"),  # the installed APSIM
    ("engines/apsim/run_models.py", "engine.apsim_models"),  # what this machine allows
    ("hydraulics/run_campaign_soils.py", "soil.on_refused"),  # soils
    ("hydraulics/site_layers.py", "soil.ptf"),  # a catalog of one's own; check asks the catalog
    ("labels/run_member_spread.py", "soil.members"),  # tables of the soils stage
    ("labels/run_member_spread.py", "soil.texture_spread"),
    ("engines/apsim/allowed.py", "engine.apsim_models"),  # what this machine allows
    ("jobs/shard/engine_choice.py", "engine.name"),  # --device
    ("jobs/record/rounds.py", "sites.reserves_pct"),  # a table that was not drawn
    ("jobs/shard/read_cut.py", "engine.spin_up_days"),  # weather tables
    ("learning/campaign_training.py", "learning.simulated_batch_probability"),  # labels
    ("learning/evaluation/run_evaluation.py", "learning.split"),  # the run's own split
    ("learning/evaluation/run_evaluation.py", "seeds.split"),
    ("learning/evaluation/run_evaluation.py", "seeds.learning"),  # another run
    ("learning/samples/batches.py", "labels.depths_mm"),  # the land raster
    ("learning/samples/label_index.py", "learning.split"),  # labels
    ("learning/samples/label_index.py", "learning.split.kind"),
    ("learning/samples/label_index.py", "learning.min_labels"),
    ("learning/samples/place_labels.py", "labels.depths_mm"),
    ("learning/scene/scene.py", "learning.features"),  # never from a campaign: built from one key
    ("learning/scene/scene.py", "learning.features.surface_moisture"),
    ("learning/scene/scene.py", "learning.features.leaf_area"),
    # Physics is added to what these networks are shown, so a campaign cannot lack it.
    ("networks/families/residual.py", "learning.features"),
    ("networks/families/residual.py", "learning.features.physics"),
    ("learning/scene/scene.py", "learning.features.physics"),
    # The spread of labels that are there; rules.py asks for soils to differ among.
    ("learning/samples/soil_spread.py", "learning.label_noise"),
    ("learning/samples/soil_spread.py", "soil.members"),
    ("learning/samples/soil_spread.py", "soil.texture_spread"),
    ("learning/race.py", "learning.model"),  # how many places train
    ("labels/field/columns.py", "soil.ptf"),  # an option of the verb
    ("maps/network_maps.py", "labels.depths_mm"),  # the trained model
    ("maps/write_series.py", "maps.time_series"),  # a package; told where it is not installed
    ("networks/channels.py", "learning.features"),  # the trained model
    ("stations/run_stations.py", "labels.stations"),  # a verb called without files
    ("networks/ranks.py", "learning.batch_size"),  # processes
}
# Refusals of later stages in their own words, without a key of the campaign.
IN_OTHER_WORDS: list[tuple[dict[str, Any], str]] = [
    ({"labels": {"depths_mm": [1450]}}, "labels.depths_mm[0]"),  # last node 1400 mm
    ({"labels": {"depths_mm": [200, 20]}}, "labels.depths_mm[1]"),  # first node 25 mm
    ({"labels": {"depths_mm": [200, 200]}}, "labels.depths_mm[1]"),
    ({"grid": {"crs": "EPSG:99999"}}, "grid.crs"),
    ({"grid": {"tile_px": 20}}, "grid.tile_px"),  # three pools: multiples of 8
    ({"learning": {"widths": [8, 8, 8, 8], "crop_halo_px": 8}}, "learning.crop_halo_px"),
    ({"learning": {"widths": []}}, "learning.widths"),
    ({"learning": {"features": {"texture_depth_cm": [30, 15]}}},
     "learning.features.texture_depth_cm"),
    ({"learning": {"features": {"texture_depth_cm": [10, 30]}}},  # POLARIS has 15-30
     "learning.features.texture_depth_cm"),
    ({"learning": {"features": {"surface_moisture": "smap.tif"}}},
     "learning.features.surface_moisture"),
    ({"learning": {"features": {"leaf_area": "lai.tif"}}}, "learning.features.leaf_area"),
    ({"learning": {"features": {"leaf_area": "lai/{date}.tif"}}},  # no such file
     "learning.features.leaf_area"),
    ({"catalog": {"elevation": "polaris"}}, "catalog.elevation"),  # not one layer
    ({"catalog": {"land_cover": "dem_3dep"}}, "catalog.land_cover"),  # numbers, no classes
    ({"catalog": {"climate_class": "dem_3dep"}}, "catalog.climate_class"),
    ({"catalog": {"forcing": "gridmat"}}, "catalog.forcing"),
    ({"maps": {"dates": ["2021-06-01"]}}, "maps.dates[0]"),
    ({"soil": {"dul_suction_cm": 9.0}, "engine": {"physics": "swim3"}}, "soil.dul_suction_cm"),
    ({"soil": {"bounds": {"sat_max": 1.0}}}, "soil.bounds.sat_max"),
    ({"soil": {"members": ["rosetta3_h5"]}}, "soil.members"),  # POLARIS has no measured water
    ({"soil": {"texture_spread": True}}, "soil.texture_spread"),  # nor quantiles
    ({"profile": {"thickness_mm": [1, 300, 300]}}, "profile.thickness_mm[0]"),
    ({"weather": {"pet": "apsim", "albedo": 0.2}}, "weather.albedo"),
    ({"weather": {"pet": "delivered", "albedo": 0.2}}, "weather.albedo"),  # drives nothing
    ({"weather": {"pet": "delivered"}, "engine": {"settings": {"salb": 0.2}}}, "engine.settings"),
    ({"weather": {"pet": "delivered"}, "engine": {"name": "apsim", "physics": "swim3"}},
     "weather.pet"),
]  # fmt: skip


def refusals_that_name_a_key() -> Iterator[tuple[str, str]]:
    """(module, campaign key) of each error a stage raises whose text names the key."""
    keys = [
        f"{dotted}.{name}"
        for dotted, model in sections(Campaign)
        for name in model.model_fields
        if dotted
    ]
    package = ROOT / "rootzone"
    for path in sorted(package.rglob("*.py")):
        module = path.relative_to(package).as_posix()
        # The surface systems refuse their own section when they open it, before they work.
        if module.split("/")[0] in ("_cli", "_shared", "api", "campaign", "surface"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Raise) and node.exc is not None:
                text = "".join(
                    part.value if isinstance(part.value, str) else ""
                    for part in ast.walk(node.exc)
                    if isinstance(part, ast.Constant)
                )
                yield from (
                    (module, key)
                    for key in keys
                    if re.search(rf"(?<![\w.]){re.escape(key)}(?!\w)", text)
                )


def test_every_refusal_that_names_a_campaign_key_is_known_to_depend_on_it_or_on_data() -> None:
    # A new refusal: say here which it is, and if the campaign alone decides, let check refuse it.
    assert set(refusals_that_name_a_key()) == set(BY_CAMPAIGN) | BY_DATA


@pytest.mark.parametrize(("changes", "key"), [*BY_CAMPAIGN.values(), *IN_OTHER_WORDS])
def test_check_refuses_what_a_later_stage_refuses(
    tmp_path: Path, changes: dict[str, Any], key: str
) -> None:
    assert key in keys_refused(tmp_path, **changes)


def test_the_default_campaign_is_right(tmp_path: Path) -> None:
    assert keys_refused(tmp_path) == []


def test_labels_can_be_made_at_every_depth_that_the_rules_let_pass() -> None:
    rng = np.random.default_rng(20)
    passed = refused = 0
    for _ in range(400):
        thickness = rng.uniform(2.0, 400.0, rng.integers(2, 8)).round(1).tolist()
        depth = float(rng.uniform(1.0, 1.1 * sum(thickness)))
        physics, stepping = (
            rng.choice(["van_genuchten", "swim3"]),
            rng.choice(["converged", "apsim"]),
        )
        campaign = Campaign.model_validate(
            {
                **SMALL,
                "profile": {"thickness_mm": thickness},
                "labels": {"depths_mm": [depth]},
                "engine": {"physics": str(physics), "stepping": str(stepping)},
            }
        )
        if any(rule.key[0] == "labels" for rule in broken_rules(campaign)):
            refused += 1
            continue
        passed += 1
        nodes = nodes_of_engine(str(physics), str(stepping))
        layering = layerings_from_thickness(thickness, nodes).of("site", len(thickness))
        assert weights_of(layering, [LabelDepth(depth)]).sum() == pytest.approx(1.0)
    assert min(passed, refused) > 50


@pytest.mark.parametrize(
    ("section", "low", "high", "column"),
    [
        ("soil.bounds", "alpha_min_per_cm", "alpha_max_per_cm", "alpha_per_cm"),
        ("soil.bounds", "n_min", "n_max", "n"),
        ("soil.bounds", "ks_min_mm_d", "ks_max_mm_d", "ks_mm_d"),
        ("soil.bounds", "bd_min_g_cm3", "bd_max_g_cm3", "bd_g_cm3"),
        ("soil", "mualem_l", "mualem_l", "l"),
    ],
)
def test_guardrails_cannot_be_set_wider_than_engines_take(
    section: str, low: str, high: str, column: str
) -> None:
    # A guarded soil outside the engines' range would be refused at every site, after the soils.
    fields = dict(sections(Campaign))[section].model_fields
    least, most, _ = RANGES[column]
    bounds = {
        name: next(
            getattr(part, word)
            for part in fields[field].metadata
            for word in words
            if hasattr(part, word)
        )
        for name, field, words in (("low", low, ("ge", "gt")), ("high", high, ("le", "lt")))
    }
    assert bounds["low"] >= least
    assert bounds["high"] <= most
