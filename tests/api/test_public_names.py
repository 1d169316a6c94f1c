"""What is public is a promise: these names, these signatures."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import rootzone as rz

ROOT = Path(__file__).resolve().parents[2]

# The promise. A change here is a change for every user: it needs a line in CHANGELOG.md.
FUNCTIONS = {
    "make_soils": "(layers, *, source='texture', thickness_mm=None, extend=False, "
    "tolerance_pct=10.0, ptf='rosetta3', members=(), fill_inputs=False, **limits)",
    "simulate": "(soils, weather, *, physics=None, stepping='converged', threads=None, **settings)",
    "make_labels": "(profiles, *, depth_mm=200, soils=None, thickness_mm=(), nodes=None, "
    "sites=None, spin_up_days=0, source='layers')",
    "read_stations": "(*sources, station_list=None, network='plain', only=(), without=())",
    "invert": "(stations, weather=None, *, soils=None, ptf='rosetta3', station=(), "
    "depths_m=(0.05, 0.1, 0.2, 0.5, 1.0), train_years=(), objective='rmse', zones_mm=(), "
    "physics='van_genuchten', stepping='converged', snow=True, workers=1, **settings)",
    "read": "(path)",
    "open_campaign": "(path, data=None)",
    "example_campaign": "(folder, *, stations=3)",
}
STAGES = {
    "check": "(self)",
    "forcing": "(self, year=None, *, force=False, say=...)",
    "sites": "(self, *, workers=None, force=False, say=...)",
    "soils": "(self, *, force=False)",
    "plan": "(self, n_pilot=64, *, cores=None)",
    "simulate": "(self, shards=None, *, cores=None, force=False)",
    "labels": "(self, depth_mm=None, *, year=None, workers=2, force=False)",
    "stations": "(self, *, force=False)",
    "train": "(self, run='main', **options)",
    "evaluate": "(self, run='main', *, most_tile_days=500)",
    "maps": "(self, dates=(), *, source=None, run='main', texture_step_pct=None, cores=None, "
    "force=False)",
    "report": "(self, run='main', *, figures=None)",
    "profiles": "(self, site=None, *, shard=None)",
    "made": "(self)",
}
CLASSES = {
    "Table", "Soils", "Weather", "Profiles", "Labels", "Stations", "Inversions", "Sites", "Raster",
    "Maps", "OpenCampaign", "RootzoneError",
}  # fmt: skip
HAND_ON = {
    "Table": {"to_polars", "to_pandas", "to_xarray", "units", "write"},
    "Soils": {"to_polars", "to_pandas", "to_xarray", "plot"},
    "Profiles": {"to_polars", "to_pandas", "to_xarray", "plot", "at_depth"},
    "Labels": {"to_polars", "to_pandas", "to_xarray", "plot"},
    "Stations": {"to_polars", "to_pandas", "to_xarray", "plot", "good", "station"},
    "Inversions": {"to_polars", "to_pandas", "to_xarray", "plot", "scores"},
    "Raster": {"to_xarray", "plot"},
}


def _signature(function: object) -> str:
    """Parameters without their types; callables among the defaults as dots."""
    parameters = []
    seen_star = False
    for p in inspect.signature(function).parameters.values():  # type: ignore[arg-type]
        if p.kind is p.KEYWORD_ONLY and not seen_star:
            parameters.append("*")
        seen_star = seen_star or p.kind in {p.KEYWORD_ONLY, p.VAR_POSITIONAL}
        stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        default = "..." if callable(p.default) else repr(p.default)
        parameters.append(stars + p.name + ("" if p.default is p.empty else f"={default}"))
    return f"({', '.join(parameters)})"


def test_the_public_names_are_these() -> None:
    assert set(rz.__all__) == {*FUNCTIONS, *CLASSES, "LAYERS_MM"}
    assert set(rz.__all__) < set(dir(rz))


@pytest.mark.parametrize(("name", "signature"), FUNCTIONS.items())
def test_a_public_function_takes_these_parameters(name: str, signature: str) -> None:
    assert _signature(getattr(rz, name)) == signature


@pytest.mark.parametrize(("name", "signature"), STAGES.items())
def test_a_campaign_has_its_stages_as_methods(name: str, signature: str) -> None:
    assert _signature(getattr(rz.OpenCampaign, name)) == signature


@pytest.mark.parametrize(("name", "methods"), HAND_ON.items())
def test_results_hand_themselves_on(name: str, methods: set[str]) -> None:
    assert methods <= set(dir(getattr(rz, name)))


def test_no_public_function_bears_the_name_of_a_package() -> None:
    packages = {path.name for path in (ROOT / "rootzone").iterdir() if path.is_dir()}
    assert packages.isdisjoint(rz.__all__)


def test_type_checkers_see_the_same_names_as_python() -> None:
    # `from x import y as y` below TYPE_CHECKING is how a checker learns what __getattr__ gives.
    tree = ast.parse((ROOT / "rootzone" / "__init__.py").read_text())
    block = next(n for n in tree.body if isinstance(n, ast.If))
    told = {
        alias.asname: (n.module or "").removeprefix("rootzone.")
        for n in block.body
        if isinstance(n, ast.ImportFrom)
        for alias in n.names
    }
    assert told == rz._PUBLIC


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        rz.simulat  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, rootzone; heavy = {'numpy', 'polars', 'numba', 'xarray', 'pandas', 'torch', "
        "'rasterio', 'matplotlib', 'pydantic'} & set(sys.modules); print(*heavy)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""
