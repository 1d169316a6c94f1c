"""The real Earth Engine client against the local server: numbers, limits, waiting, exports."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio

from rootzone._shared.errors import RequestError
from rootzone._shared.parts import Parts
from rootzone.covariates.fetch.run_transfer import Patience
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.surface.cloud.client import EarthEngine
from rootzone.surface.cloud.run_compute import compute
from rootzone.surface.cloud.run_export import MOST_TRIES, Destination, Wanted, export_all
from rootzone.surface.select.graph import image
from rootzone.surface.select.interpret import interpret
from rootzone.surface.select.physics_graphs import SCAV_BANDS, scav_graph

pytest.importorskip("ee")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from rootzone.surface.cloud.local_server import Service, serving

GRID = MasterGrid("EPSG:6933", 1000.0, -9_000_000.0, 5_000_000.0, 7, 5)
NAME = "projects/p/assets/scene"
RANGES = {
    "tb_v": (200, 280), "t_k": (275, 305), "clay_pct": (5, 50), "h": (0.05, 0.4),
    "omega": (0.0, 0.08), "tau": (0.0, 0.4), "incidence_deg": (40, 40), "porosity": (0.35, 0.55),
}  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:FutureWarning")


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assets")
    rng = np.random.default_rng(0)
    with rasterio.open(
        folder / "scene.tif", "w", driver="GTiff", dtype="float64", count=len(SCAV_BANDS),
        width=GRID.width, height=GRID.height, crs=GRID.crs, transform=GRID.affine(), nodata=-1.0,
    ) as file:  # fmt: skip
        for number, name in enumerate(SCAV_BANDS, 1):
            values = rng.uniform(*RANGES[name], GRID.shape)
            values[0, 0] = -1.0
            file.write(values, number)
            file.set_band_description(number, name)
    return folder


@pytest.fixture(scope="module")
def connected(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple]:
    service = Service(assets, tmp_path_factory.mktemp("drive"))
    with serving(service) as url:
        yield service, EarthEngine.connect("p", url, Patience(attempts=4, first_pause_s=0.01))


@pytest.fixture
def service(connected: tuple) -> Service:
    found = connected[0]
    for kept in (found.seen, found.operations, found.fail):
        kept.clear()
    found.busy, found.lists_until_done = 0, 1
    return found


@pytest.fixture
def engine(connected: tuple, service: Service) -> EarthEngine:
    return connected[1]


def bands(assets: Path) -> dict[str, np.ndarray]:
    with rasterio.open(assets / "scene.tif") as file:
        return {
            name: np.ma.filled(file.read(k, masked=True), np.nan)
            for k, name in enumerate(file.descriptions, 1)
        }


SCAV = scav_graph({name: image(NAME).select(name) for name in SCAV_BANDS})
PLAIN = image(NAME).select("tau") * 2.0


def test_the_client_and_the_server_give_the_numbers_of_the_interpreter(
    engine: EarthEngine, assets: Path
) -> None:
    here = interpret(SCAV, {NAME: bands(assets)})["theta"]
    there = compute(engine, SCAV, GRID, 1)["theta"]
    # The client decodes and writes the expression anew; the arithmetic is that of doubles.
    np.testing.assert_array_equal(there, here)
    assert np.isnan(there[0, 0])
    assert np.isfinite(there).sum() == GRID.height * GRID.width - 1


def test_windows_are_put_together_where_they_belong(
    engine: EarthEngine, assets: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = image(NAME).select("tau", "h")
    monkeypatch.setattr("rootzone.surface.cloud.run_compute.windows", lambda *_: [
        Window(r, c, min(2, 5 - r), min(3, 7 - c)) for r in (0, 2, 4) for c in (0, 3, 6)
    ])  # fmt: skip
    found = compute(engine, graph, GRID, 2)
    for name in ("tau", "h"):
        np.testing.assert_array_equal(found[name], bands(assets)[name])
    assert sum("computePixels" in line for line in service.seen) == 9


def test_windows_that_are_kept_are_not_asked_for_again(
    engine: EarthEngine, assets: Path, service: Service, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    pieces = [Window(r, 0, min(2, 5 - r), 7) for r in (0, 2, 4)]
    monkeypatch.setattr("rootzone.surface.cloud.run_compute.windows", lambda *_: pieces)
    monkeypatch.setattr("rootzone.surface.cloud.run_compute.AT_ONCE", 1)
    parts, graph = Parts.of(tmp_path, "day"), image(NAME).select("tau")
    whole, calls = EarthEngine.pixels, iter((False, True))

    def killed(self: EarthEngine, *args: object) -> object:
        if next(calls, True):
            raise KeyboardInterrupt
        return whole(self, *args)  # type: ignore[arg-type]  # args as they came

    with monkeypatch.context() as patch:
        patch.setattr(EarthEngine, "pixels", killed)
        with pytest.raises(KeyboardInterrupt):
            compute(engine, graph, GRID, 1, parts)
    service.seen.clear()
    found = compute(engine, graph, GRID, 1, parts)
    np.testing.assert_array_equal(found["tau"], bands(assets)["tau"])
    assert sum("computePixels" in line for line in service.seen) == 2  # the first of three is kept
    compute(engine, graph, GRID, 1, Parts.of(tmp_path, "another model"))
    assert sum("computePixels" in line for line in service.seen) == 5


def test_a_busy_service_is_asked_again_and_not_for_ever(
    engine: EarthEngine, service: Service
) -> None:
    service.busy = 3
    one = Window(1, 1, 1, 1)
    assert engine.pixels(PLAIN, GRID, one)["tau"].shape == (1, 1)
    assert sum("computePixels" in line for line in service.seen) == 4
    service.busy = 100
    with pytest.raises(RequestError, match=r"answered 429 to 4 tries.*goes on"):
        engine.pixels(PLAIN, GRID, one)


def test_what_the_service_will_never_do_is_told_at_once(
    engine: EarthEngine, service: Service
) -> None:
    with pytest.raises(RequestError, match="'projects/p/assets/none' not found"):
        compute(engine, image("projects/p/assets/none").select("tau"), GRID, 1)
    assert sum("computePixels" in line for line in service.seen) == 1
    # 2,509 x 2,509 doubles are 50,360,648 bytes, 28,800 above the limit that Xee #50 reports.
    wide = MasterGrid(GRID.crs, 1.0, GRID.left, GRID.top, 2509, 2509)
    with pytest.raises(RequestError, match="must be less than or equal to 50331648 bytes"):
        engine.pixels(image(NAME).select("tau"), wide, wide.full_window)


def test_an_export_is_started_once_and_found_again_by_its_name(
    engine: EarthEngine, service: Service, assets: Path
) -> None:
    service.lists_until_done = 3
    wanted = [Wanted(f"demo 2022-06-0{day}", PLAIN + 0.001 * day, GRID) for day in (1, 2, 3)]
    to = Destination("drive", "rootzone")
    # Killed after the first was started: two are missing, and the first is not started twice.
    assert set(export_all(engine, wanted[:1], to).values()) == {"PENDING"}
    assert len(export_all(engine, wanted, to)) == 3
    assert sum(line.endswith("image:export") for line in service.seen) == 3
    for _ in range(3):
        states = export_all(engine, wanted, to)
    assert set(states.values()) == {"SUCCEEDED"}
    assert sum(line.endswith("image:export") for line in service.seen) == 3
    with rasterio.open(service.exports / "rootzone" / f"{wanted[1].name}.tif") as file:
        told = file.read(1)
    here = interpret(PLAIN, {NAME: bands(assets)})["tau"] + 0.002
    np.testing.assert_allclose(np.where(told == -9999.0, np.nan, told), here, rtol=0, atol=1e-15)


def test_a_failed_export_is_tried_again_and_left_in_the_end(
    engine: EarthEngine, service: Service
) -> None:
    service.fail = {"bad": MOST_TRIES}
    wanted, to = [Wanted("bad day", PLAIN, GRID)], Destination("cloud_storage", "maps", "bucket")
    for _ in range(MOST_TRIES):
        export_all(engine, wanted, to)
    with pytest.raises(RequestError, match=f"failed {MOST_TRIES} times .* Out of memory"):
        export_all(engine, wanted, to)
    with pytest.raises(RequestError, match="names no bucket"):
        export_all(engine, [Wanted("x", PLAIN, GRID)], Destination("cloud_storage", "maps"))


def test_the_same_request_starts_one_task(engine: EarthEngine, service: Service) -> None:
    words = Destination("drive", "rootzone").words("twice")
    first = engine.export(PLAIN, GRID, "twice", words, "twice-0")
    assert engine.export(PLAIN, GRID, "twice", words, "twice-0") == first
    assert len(service.operations) == 1


def test_nobody_at_the_address_is_told_with_what_to_do() -> None:
    with pytest.raises(RequestError, match="earthengine authenticate"):
        EarthEngine.connect("p", "http://127.0.0.1:9", Patience(attempts=1))
