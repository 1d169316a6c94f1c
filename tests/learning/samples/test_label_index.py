from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.labels.splits import season_dates
from rootzone.learning.samples.label_index import GridLabels
from rootzone.stations.pixels import station_pixels
from tests.learning import scenes

FIELDS = ("tile", "date", "row", "col", "depth", "theta", "weight", "place")


def station_frame(**columns: object) -> pl.DataFrame:
    """Three stations on the grid and one far away, two sensors each, three days."""
    here = scenes.grid()
    rows = [
        {
            "network": "N", "station": name, "lat": float(here.lon_lat(row, col)[1]),
            "lon": float(here.lon_lat(row, col)[0]), "elevation_m": 1500.0, "position_m": 10.0,
            "depth_m": depth_m, "depth_top_m": None, "sensor": "", "date": scenes.day(day),
            "day_kind": "mean_lst", "theta": 0.1 + 0.01 * (day - 40) + depth_m / 10,
            "flag": "", "source_flag": "", "readings": 24,
        }
        for name, row, col in (("s1", 5, 5), ("s2", 20, 40), ("s3", 5, 5), ("far", 9000, 0))
        for depth_m in (0.05, 0.203)
        for day in (40, 41, 42)
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema_overrides={"depth_top_m": pl.Float64})
    return frame.with_columns(**columns)  # type: ignore[arg-type]


def test_labels_stand_on_the_pixels_of_their_sites() -> None:
    labels = scenes.some_labels()
    # Site c at row 20, column 40: tiles of 16 px, three across, so tile 1 * 3 + 2 = 5, pixel 4, 8.
    at = np.flatnonzero(labels.place == labels.places.index("c"))
    assert labels.tile[at].tolist() == [5, 5]
    assert (labels.row[at].tolist(), labels.col[at].tolist()) == ([4, 4], [8, 8])
    assert labels.theta[at] == pytest.approx([0.30, 0.31])
    assert labels.pixel_row[at].tolist() == [20, 20]
    assert labels.pixel_col[at].tolist() == [40, 40]


def test_labels_are_ordered_by_tile_date_and_pixel() -> None:
    labels = scenes.some_labels()
    keys = list(
        zip(labels.tile.tolist(), labels.date.tolist(), labels.row, labels.col, strict=True)
    )
    assert keys == sorted(keys)


def test_the_order_of_the_rows_of_the_label_files_does_not_matter() -> None:
    frame, sites = scenes.label_frames(
        [("a", 3, 5, d, 0.1 + 0.01 * d) for d in range(30, 40)]
        + [("b", 3, 5, d, 0.2 + 0.01 * d) for d in range(30, 40)]
    )
    plain = GridLabels.from_labels(frame, sites, scenes.grid(), (200.0,))
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(frame.height)
        mixed = GridLabels.from_labels(frame[order], sites.reverse(), scenes.grid(), (200.0,))
        assert mixed.places == plain.places
        for name in FIELDS:
            assert np.array_equal(getattr(mixed, name), getattr(plain, name)), name


def test_labels_that_share_a_pixel_and_day_are_ordered_by_the_names_of_their_sites() -> None:
    rows = [("b", 3, 5, 40, 0.2), ("a", 3, 5, 40, 0.1)]
    labels = GridLabels.from_labels(*scenes.label_frames(rows), scenes.grid(), (200.0,))
    assert [labels.places[i] for i in labels.place] == ["a", "b"]
    assert labels.theta == pytest.approx([0.1, 0.2])


def test_depths_are_picked_by_millimetre_and_layer_means_left_out() -> None:
    frame, sites = scenes.label_frames([("a", 3, 5, 40, 0.1)])
    both = pl.concat(
        [
            frame,
            frame.with_columns(depth_mm=pl.lit(50.0, pl.Float32), theta=pl.lit(0.3, pl.Float32)),
        ]
    ).with_columns(depth_top_mm=pl.Series([None, 10.0], dtype=pl.Float32))
    labels = GridLabels.from_labels(both, sites, scenes.grid(), (50.0, 200.0))
    assert labels.depth.tolist() == [1]
    points = both.with_columns(depth_top_mm=pl.lit(None, pl.Float32))
    labels = GridLabels.from_labels(points, sites, scenes.grid(), (50.0, 200.0))
    assert labels.depth.tolist() == [0, 1]
    assert labels.theta == pytest.approx([0.3, 0.1])
    with pytest.raises(RequestError, match="depth of 100 mm; the labels are at 50, 200 mm"):
        GridLabels.from_labels(points, sites, scenes.grid(), (100.0,))


def test_a_labelled_site_that_is_not_among_the_sites_is_refused() -> None:
    frame, sites = scenes.label_frames([("a", 3, 5, 40, 0.1), ("b", 3, 6, 40, 0.2)])
    with pytest.raises(RequestError, match=r"1 labelled sites are not among the 1 sites.*b"):
        GridLabels.from_labels(frame, sites.head(1), scenes.grid(), (200.0,))


def test_sites_of_another_grid_are_refused() -> None:
    frame, sites = scenes.label_frames([("a", 3, 5, 40, 0.1), ("b", 300, 6, 40, 0.2)])
    with pytest.raises(RequestError, match="1 of 2 labelled sites lie off the master grid"):
        GridLabels.from_labels(frame, sites, scenes.grid(), (200.0,))


def test_a_site_on_two_pixels_is_refused() -> None:
    frame, sites = scenes.label_frames([("a", 3, 5, 40, 0.1)])
    both = pl.concat([sites, sites.with_columns(row=pl.lit(4, pl.Int64))])
    with pytest.raises(RequestError, match="Site a stands on two pixels"):
        GridLabels.from_labels(frame, both, scenes.grid(), (200.0,))


def test_as_many_labels_as_stations_keep_each_its_own_pixel() -> None:
    # One value a station, in an order that is not that of the names.
    frame = station_frame().filter(
        (pl.col("date") == scenes.day(40)) & (pl.col("depth_m") == 0.203)
    )
    turned = frame.filter(pl.col("station").is_in(["s1", "s2"])).reverse()
    labels = GridLabels.from_stations(turned, scenes.grid(), (200.0,))
    at = [labels.places.index(name) for name in ("N:s1", "N:s2")]
    pixels = [
        (int(labels.pixel_row[labels.place == i][0]), int(labels.pixel_col[labels.place == i][0]))
        for i in at
    ]
    assert pixels == [(5, 5), (20, 40)]


def test_labels_without_a_value_are_left_out_and_counted() -> None:
    frame, sites = scenes.label_frames([("a", 3, 5, 40, 0.1), ("a", 3, 5, 41, float("nan"))])
    labels = GridLabels.from_labels(frame, sites, scenes.grid(), (200.0,))
    assert len(labels) == 1
    assert labels.dropped == {"no value": 1}


def test_number_and_text_sites_meet() -> None:
    frame, sites = scenes.label_frames([("7", 3, 5, 40, 0.1)])
    numbers = sites.with_columns(pl.col("site_id").cast(pl.Int64))
    assert GridLabels.from_labels(frame, numbers, scenes.grid(), (200.0,)).places == ("7",)


def test_tile_days_with_enough_labelled_pixels_are_samples() -> None:
    labels = scenes.some_labels()
    patches = labels.patches()
    # By hand: tile 0 on days 40 (two pixels) and 41, tile 3 on day 45, tile 5 on days 40 and 50.
    assert patches.tile.tolist() == [0, 0, 3, 5, 5]
    assert [d.item() for d in patches.date] == [scenes.day(d) for d in (40, 41, 45, 40, 50)]
    assert (patches.last - patches.first).tolist() == [2, 1, 1, 1, 1]
    assert labels.patches(2).tile.tolist() == [0]
    with pytest.raises(RequestError, match=r"None of the 5 tile-days.*the most is 2"):
        labels.patches(3)


def test_a_pixel_counts_once_whatever_its_depths() -> None:
    frame, sites = scenes.label_frames([("a", 3, 5, 40, 0.1)])
    both = pl.concat([frame, frame.with_columns(depth_mm=pl.lit(50.0, pl.Float32))])
    labels = GridLabels.from_labels(both, sites, scenes.grid(), (50.0, 200.0))
    assert labels.patches(1).n_labels == 2
    with pytest.raises(RequestError, match="the most is 1"):
        labels.patches(2)


def test_parts_go_by_date_by_place_or_by_tile() -> None:
    labels = scenes.some_labels()
    by_date = labels.part({scenes.day(40): "train", scenes.day(41): "test"}, "train")
    assert by_date.dates == [scenes.day(40)]
    by_place = labels.part({"a": "test", "b": "train", "c": "test"}, "test")
    assert by_place.used_places == ["a", "c"]
    by_tile = labels.part({0: "train", 3: "validation", 5: "train"}, "validation")
    assert by_tile.used_places == ["d"]


def test_the_parts_of_a_split_share_no_date() -> None:
    rows = [("a", 3, 5, d, 0.1) for d in range(30, 60)]
    labels = GridLabels.from_labels(*scenes.label_frames(rows), scenes.grid(), (200.0,))
    parts = season_dates(labels.dates, seed=1)
    seen = [set(labels.part(parts, name).dates) for name in ("train", "validation", "test")]
    assert seen[0].isdisjoint(seen[1])
    assert (seen[0] | seen[1]).isdisjoint(seen[2])
    assert set.union(*seen) == set(labels.dates)


def test_a_part_without_labels_is_refused_by_its_name() -> None:
    labels = scenes.some_labels()
    with pytest.raises(RequestError, match="no simulated labels in the part 'validation'"):
        labels.part({scenes.day(40): "train"}, "validation")
    with pytest.raises(RequestError, match="part 'test'"):
        labels.part({dt.date(1999, 1, 1): "test"}, "test")


def test_days_without_weather_are_left_out_and_counted() -> None:
    labels = scenes.some_labels()
    usable = np.array([scenes.day(40), scenes.day(41)], dtype="datetime64[D]")
    kept = labels.on_dates(usable)
    assert kept.dates == [scenes.day(40), scenes.day(41)]
    # Days 45 and 50 hold a label each.
    assert kept.dropped["no weather"] == 2


def test_stations_stand_on_their_pixels_with_the_sensor_nearest_the_depth() -> None:
    labels = GridLabels.from_stations(station_frame(), scenes.grid(), (200.0,))
    assert labels.source == "station"
    assert labels.places == ("N:s1", "N:s2", "N:s3")  # the far one is off the grid
    at = labels.place == labels.places.index("N:s2")
    assert set(labels.pixel_row[at].tolist()) == {20}
    assert set(labels.pixel_col[at].tolist()) == {40}
    # The sensor at 0.203 m: 0.1, 0.11, 0.12 + 0.0203.
    assert labels.theta[at] == pytest.approx([0.1203, 0.1303, 0.1403])


def test_several_depths_of_stations_are_told_apart() -> None:
    labels = GridLabels.from_stations(station_frame(), scenes.grid(), (50.0, 200.0))
    at = (labels.place == 1) & (labels.date == np.datetime64(scenes.day(40)))
    assert labels.depth[at].tolist() == [0, 1]
    assert labels.theta[at] == pytest.approx([0.105, 0.1203])


def test_a_neighbourhood_carries_the_value_and_shares_the_weight() -> None:
    labels = GridLabels.from_stations(station_frame(), scenes.grid(), (200.0,), neighbourhood_px=1)
    at = (labels.place == 1) & (labels.date == np.datetime64(scenes.day(40)))
    assert at.sum() == 9
    assert labels.weight[at].sum() == pytest.approx(1.0)
    pixels = station_pixels(station_frame(), scenes.grid(), 1).filter(pl.col("station") == "s2")
    assert sorted(labels.pixel_row[at].tolist()) == sorted(pixels["row"].to_list())


def test_flagged_station_values_do_not_count() -> None:
    flagged = station_frame(flag=pl.when(pl.col("station") == "s2").then(pl.lit("RANGE")).otherwise(
        pl.lit("")))  # fmt: skip
    assert GridLabels.from_stations(flagged, scenes.grid(), (200.0,)).used_places == [
        "N:s1",
        "N:s3",
    ]
    with pytest.raises(RequestError, match="good value at 200 mm"):
        GridLabels.from_stations(station_frame(flag=pl.lit("RANGE")), scenes.grid(), (200.0,))
    with pytest.raises(RequestError, match="good value at 1000 mm"):
        GridLabels.from_stations(station_frame(), scenes.grid(), (1000.0,))
