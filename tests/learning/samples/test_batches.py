from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from rootzone._shared.errors import RequestError
from rootzone.campaign.learning_section import Features
from rootzone.learning.samples.batches import SampleSet
from rootzone.learning.samples.label_index import GridLabels
from rootzone.learning.scene.expand import expand
from rootzone.learning.scene.land import ArrayLand
from rootzone.networks.batch import crop
from tests.learning import scenes

ALL = np.arange(5)


def sample_set(features: Features | None = None, **options: float) -> SampleSet:
    return SampleSet(
        scenes.scene(features),
        scenes.some_labels().patches(),
        (200.0,),
        **options,  # type: ignore[arg-type]
    )


def test_labels_and_mask_stand_where_the_labels_are() -> None:
    batch = sample_set().batch(ALL)
    assert batch.y.shape == batch.mask.shape == batch.weight.shape == (5, 1, 16, 16)
    # Patch 0: sites a and b in tile 0 on day 40, at pixels (3, 5) and (3, 6).
    assert batch.mask[0, 0].nonzero().tolist() == [[3, 5], [3, 6]]
    assert batch.y[0, 0, 3, 5:7].tolist() == pytest.approx([0.10, 0.20])
    assert batch.weight[0, 0, 3, 5:7].tolist() == [5.0, 5.0]
    assert batch.mask.flatten(1).sum(1).tolist() == [2, 1, 1, 1, 1]
    assert (batch.y[~batch.mask] == 0).all()
    assert (batch.weight[~batch.mask] == 0).all()


def test_a_batch_tells_its_tiles_and_days() -> None:
    batch = sample_set().batch(ALL)
    assert batch.tile.tolist() == [0, 0, 3, 5, 5]
    days = np.array(batch.date.tolist()).astype("datetime64[D]")
    assert [d.item() for d in days] == [scenes.day(d) for d in (40, 41, 45, 40, 50)]


def test_every_sample_is_the_field_of_its_tile_and_day() -> None:
    for features in (Features(), Features(forcing="bilinear", aspect="sincos", classes="onehot")):
        samples = sample_set(features)
        batch = samples.batch(ALL)
        scene = samples.scene
        for i in ALL:
            window = samples.window(int(batch.tile[i]))
            where = scene.cells(window)
            date = np.datetime64(int(batch.date[i]), "D")
            expected = expand(
                torch.from_numpy(scene.static(window))[None],
                torch.from_numpy(where.index)[None],
                torch.from_numpy(where.weight)[None],
                torch.from_numpy(scene.day(date)),
                None,
                scene.spec,
            )
            # Four weighted terms may be rounded otherwise; one is taken as it is.
            slack = 0.0 if features.forcing == "nearest" else 1e-6
            assert torch.allclose(batch.x[i], expected[0], rtol=0.0, atol=slack)
            assert np.array_equal(batch.soil[i].numpy(), scene.soil(window))


def test_a_sample_does_not_depend_on_what_it_is_batched_with() -> None:
    samples = sample_set(Features(forcing="bilinear"))
    together, alone = samples.batch(np.array([4, 0, 2, 0])), samples.batch(np.array([2]))
    assert torch.equal(together.x[2], alone.x[0])
    assert torch.equal(together.y[2], alone.y[0])
    assert torch.equal(together.x[1], together.x[3])


def test_a_halo_surrounds_the_tile_and_holds_no_labels() -> None:
    plain, wide = sample_set().batch(ALL), sample_set(crop_halo_px=8).batch(ALL)
    assert wide.x.shape == (5, 20, 32, 32)
    assert wide.halo_px == 8
    for name in ("x", "y", "mask", "weight", "soil"):
        inner = wide.inner(getattr(wide, name))
        assert torch.equal(inner, getattr(plain, name)), name
    assert wide.mask.sum() == plain.mask.sum()
    # Tile 0 lies in the corner of the grid: above and left of it there is nothing.
    assert torch.isnan(wide.x[0, :8, :8]).all()
    assert torch.isnan(wide.soil[0, :, :, :, :8]).all()


def test_cropping_nothing_is_nothing() -> None:
    field = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert torch.equal(crop(field, 0), field)
    assert crop(field, 1).flatten().tolist() == [5.0, 6.0, 9.0, 10.0]


def test_two_labels_of_one_pixel_and_day_are_averaged() -> None:
    frame, sites = scenes.label_frames([("a", 3, 5, 40, 0.1), ("b", 3, 5, 40, 0.3)])
    labels = GridLabels.from_labels(frame, sites, scenes.grid(), (200.0,))
    batch = SampleSet(scenes.scene(), labels.patches(), (200.0,)).batch(np.array([0]))
    assert batch.mask.sum() == 1
    assert batch.y[0, 0, 3, 5] == pytest.approx(0.2)
    assert batch.weight[0, 0, 3, 5] == pytest.approx(10.0)


def test_several_depths_fill_their_own_planes() -> None:
    depths = (50.0, 200.0)
    frame, sites = scenes.label_frames([("a", 3, 5, 40, 0.1)])
    deep, _ = scenes.label_frames([("a", 3, 5, 40, 0.4)], depth_mm=50.0)
    labels = GridLabels.from_labels(frame.vstack(deep), sites, scenes.grid(), depths)
    samples = SampleSet(scenes.scene(depths_mm=depths), labels.patches(), depths)
    batch = samples.batch(np.array([0]))
    assert batch.y[0, :, 3, 5].tolist() == pytest.approx([0.4, 0.1])
    assert batch.soil.shape == (1, 2, 4, 16, 16)
    assert np.unique(batch.soil[0, 1, 3].numpy()) == pytest.approx([1.4])


def test_missing_land_stays_missing_in_the_batch() -> None:
    scene = scenes.scene()
    assert isinstance(scene.land, ArrayLand)
    sand = scene.land.values["sand_pct"].copy()
    sand[2:4, 5] = np.nan
    holed = replace(scene, land=replace(scene.land, values={**scene.land.values, "sand_pct": sand}))
    x = SampleSet(holed, scenes.some_labels().patches(), (200.0,)).batch(np.array([0])).x
    assert torch.isnan(x[0, 0]).nonzero().tolist() == [[2, 5], [3, 5]]
    assert torch.isfinite(x[0, 1:]).all()


def test_few_tiles_are_kept_where_there_is_little_room() -> None:
    roomy, narrow = sample_set(), sample_set(cache_mb=0.001)
    for samples in (roomy, narrow):
        samples.batch(ALL)
    assert len(roomy._tiles) == 3
    assert len(narrow._tiles) == 1
    assert torch.equal(roomy.batch(ALL).x, narrow.batch(ALL).x)
    assert narrow._held == sum(tile.nbytes for tile in narrow._tiles.values())


def test_a_tile_is_read_once() -> None:
    samples = sample_set()
    reads = []

    class Counted(ArrayLand):
        def read(self, names, window):  # type: ignore[no-untyped-def]
            reads.append(window)
            return super().read(names, window)

    land = samples.scene.land
    assert isinstance(land, ArrayLand)
    counted = Counted(land.grid, land.values, land.depths_mm)
    samples = SampleSet(replace(samples.scene, land=counted), samples.patches, (200.0,))
    samples.batch(ALL)
    samples.batch(ALL)
    assert len(reads) == 2 * 3  # channels and soil of three tiles


def test_samples_can_be_sent_to_another_process() -> None:
    samples = sample_set()
    before = samples.batch(ALL)
    again = pickle.loads(pickle.dumps(samples))  # noqa: S301 - our own bytes
    assert torch.equal(again.batch(ALL).x, before.x)


def test_a_batch_moves_to_a_device_whole() -> None:
    batch = sample_set(crop_halo_px=8).batch(ALL).to("meta")
    assert {batch.x.device.type, batch.mask.device.type, batch.date.device.type} == {"meta"}
    assert batch.halo_px == 8


def test_days_without_weather_are_refused_when_the_samples_are_made() -> None:
    frame, sites = scenes.label_frames([("a", 3, 5, 10, 0.1)])
    labels = GridLabels.from_labels(frame, sites, scenes.grid(), (200.0,))
    scene = scenes.scene()
    with pytest.raises(RequestError, match="first 29 days"):
        SampleSet(scene, labels.patches(), (200.0,))
    with pytest.raises(RequestError, match="None of the 0 tile-days"):
        labels.on_dates(scene.weather.usable_dates).patches()


def test_depths_that_do_not_fit_are_refused() -> None:
    patches = scenes.some_labels().patches()
    with pytest.raises(RequestError, match="the network wants"):
        SampleSet(scenes.scene(), patches, (50.0,))
    with pytest.raises(RequestError, match=r"not at \[200.0\] mm"):
        SampleSet(scenes.scene(depths_mm=(50.0,)), patches, (200.0,))


def test_no_samples_are_refused() -> None:
    patches = scenes.some_labels().patches()
    with pytest.raises(RequestError, match="no samples with simulated labels"):
        SampleSet(scenes.scene(), patches.chosen(np.zeros(5, dtype=bool)), (200.0,))


def test_the_type_and_place_of_the_expansion_are_those_of_the_land() -> None:
    scene = scenes.scene()
    window = scene.grid.tile_window(0)
    where = scene.cells(window)
    static = torch.from_numpy(scene.static(window))[None].double()
    index = torch.from_numpy(where.index)[None]
    table = torch.from_numpy(scene.day(scenes.day(40)))
    x = expand(static, index, None, table, None, scene.spec)
    assert x.dtype == torch.float64
    assert x.shape == (1, 20, 16, 16)
