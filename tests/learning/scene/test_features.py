from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.campaign.learning_section import Features
from rootzone.covariates.layers.legends import packed_legends
from rootzone.learning.scene.features import day_of_year_columns, faithful_features, features_of
from rootzone.networks.channels import FeatureSpec, require_same_spec

NLCD, KOPPEN_BECK = (packed_legends()[name].classes for name in ("nlcd", "koppen_beck"))

# Systems note 2.2: the order in which section 3.6.2 of the manuscript names the 20 channels.
ORDER = [
    "sand_pct",
    "silt_pct",
    "clay_pct",
    "elevation_m",
    "slope_deg",
    "aspect_deg",
    "land_cover",
    "climate_class",
    "rain_mm",
    "tmean_degc",
    "vpd_kpa",
    "pet_mm",
    "rain_7d_mm",
    "rain_30d_mm",
    "pet_7d_mm",
    "pet_30d_mm",
    "net_7d_mm",
    "net_30d_mm",
    "doy_sin",
    "doy_cos",
]


def test_the_faithful_channels_are_the_twenty_of_the_paper_in_its_order() -> None:
    assert list(faithful_features().names) == ORDER


def test_the_defaults_of_a_campaign_are_the_faithful_channels() -> None:
    assert features_of(Features()) == faithful_features()


def test_eight_channels_are_land_ten_weather_and_two_calendar() -> None:
    # 3.6.2: 8 static channels; 4 daily, 6 antecedent, 2 seasonal.
    spec = faithful_features()
    counts = {origin: len(spec.of_origin(origin)) for origin in ("land", "weather", "day")}
    assert counts == {"land": 8, "weather": 10, "day": 2}
    assert spec.dynamic == list(range(8, 20))


def test_textures_become_fractions_of_one() -> None:
    # 3.6.2: normalised to 0..1 from percentages.
    assert faithful_features().scaled(0, np.array([0.0, 40.0, 100.0])).tolist() == (
        pytest.approx([0.0, 0.4, 1.0])
    )


def test_ordinal_classes_are_divided_by_the_largest_code_of_their_legend() -> None:
    # NLCD's largest code is 95, Beck's is 30: 71 / 95 and 7 / 30 by hand.
    spec = faithful_features()
    assert float(spec.scaled(6, np.array(71.0))) == pytest.approx(71 / 95)
    assert float(spec.scaled(7, np.array(7.0))) == pytest.approx(7 / 30)


def test_every_channel_is_nought_at_its_low_end_and_one_at_its_high_end() -> None:
    for channel in faithful_features().channels:
        ends = channel.scaled(np.array([channel.low, channel.high]))
        assert ends.tolist() == pytest.approx([0.0, 1.0]), channel.name


def test_values_beyond_the_range_are_not_clipped() -> None:
    at = faithful_features().names.index("rain_mm")
    # 150 mm d-1 in a range of 0 to 100.
    assert float(faithful_features().scaled(at, np.array(150.0))) == pytest.approx(1.5)


def test_missing_values_stay_missing_in_every_channel() -> None:
    features = Features(aspect="sincos", classes="onehot", surface_moisture="s_{date}.tif")
    for channel in features_of(features).channels:
        assert np.isnan(channel.scaled(np.array([np.nan]))).all(), channel.name


def test_the_range_of_a_net_is_that_of_its_rain_and_demand() -> None:
    # net = rain - pet, so its ends are -pet's high end and rain's high end.
    spec = faithful_features()
    by_name = {channel.name: channel for channel in spec.channels}
    for days in (7, 30):
        net = by_name[f"net_{days}d_mm"]
        assert net.low == -by_name[f"pet_{days}d_mm"].high
        assert net.high == by_name[f"rain_{days}d_mm"].high


def test_aspect_as_sine_and_cosine_has_no_seam_at_north() -> None:
    spec = features_of(Features(aspect="sincos"))
    assert len(spec) == 21
    at = [spec.names.index("aspect_sin"), spec.names.index("aspect_cos")]
    almost_north = np.array([0.01, 359.99])
    for position in at:
        first, second = spec.scaled(position, almost_north)
        assert first == pytest.approx(second, abs=2e-4)
    # East is 90 degrees: sine 1 and cosine 0, which are 1 and 0.5 once scaled from -1..1.
    assert [float(spec.scaled(p, np.array(90.0))) for p in at] == pytest.approx([1.0, 0.5])


def test_level_ground_faces_nowhere_but_missing_ground_stays_missing() -> None:
    spec = features_of(Features(aspect="sincos"))
    bands = {name: np.zeros(2, dtype=np.float32) for name in spec.columns("land")}
    bands["aspect_deg"] = np.array([np.nan, np.nan], dtype=np.float32)
    bands["slope_deg"] = np.array([0.0, np.nan], dtype=np.float32)
    land = spec.scaled_land(bands)
    sine = land[spec.of_origin("land").index(spec.names.index("aspect_sin"))]
    assert sine[0] == 0.5
    assert np.isnan(sine[1])


def test_one_hot_classes_give_a_channel_for_each_class_of_the_legend() -> None:
    spec = features_of(Features(classes="onehot"))
    assert len(spec) == 20 - 2 + len(NLCD) + len(KOPPEN_BECK)
    at = [i for i in spec.of_origin("land") if spec.channels[i].column == "land_cover"]
    hot = np.array([spec.scaled(i, np.array(42.0)) for i in at])
    assert hot.sum() == 1.0
    assert spec.channels[at[int(hot.argmax())]].code == 42


def test_the_surface_product_is_a_further_channel() -> None:
    spec = features_of(Features(surface_moisture="surface/{date}.tif"))
    assert spec.names[-1] == "surface_theta"
    assert len(spec.of_origin("surface")) == 1


def test_a_specification_survives_its_text_form() -> None:
    spec = features_of(Features(aspect="sincos", classes="onehot", forcing="bilinear"))
    again = FeatureSpec.from_dict(spec.to_dict())
    assert again == spec
    assert again.digest == spec.digest


def test_the_digest_changes_with_a_range_the_order_the_forcing_and_the_depth() -> None:
    spec = faithful_features()
    rain = replace(spec.channels[8], high=120.0)
    others = [
        replace(spec, channels=(*spec.channels[:8], rain, *spec.channels[9:])),
        replace(spec, channels=spec.channels[::-1]),
        replace(spec, forcing="bilinear"),
        replace(spec, texture_depth_cm=(0, 5)),
    ]
    assert len({spec.digest, *(other.digest for other in others)}) == 5


def test_another_specification_is_refused_with_what_differs() -> None:
    trained = faithful_features()
    require_same_spec(trained, faithful_features())
    with pytest.raises(RequestError, match=r"without channel aspect_deg.*aspect_sin"):
        require_same_spec(trained, features_of(Features(aspect="sincos")))
    with pytest.raises(RequestError, match=r"texture_depth_cm \(15, 30\) against \(0, 5\)"):
        require_same_spec(trained, features_of(Features(texture_depth_cm=(0, 5))))
    rain = replace(trained.channels[8], high=120.0)
    other = replace(trained, channels=(*trained.channels[:8], rain, *trained.channels[9:]))
    with pytest.raises(RequestError, match="rain_mm is scaled from 0 to 100"):
        require_same_spec(trained, other)
    turned = replace(trained, channels=trained.channels[::-1])
    with pytest.raises(RequestError, match="another order"):
        require_same_spec(trained, turned)


def test_something_else_is_refused_as_a_specification() -> None:
    with pytest.raises(RequestError, match="not a feature specification"):
        FeatureSpec.from_dict({"channels": [{"nom": "rain"}]})
    with pytest.raises(RequestError, match="not unique"):
        replace(faithful_features(), channels=faithful_features().channels * 2)


def test_the_season_turns_once_in_365_and_a_quarter_days() -> None:
    # Systems note 2.2: sin and cos of 2 pi doy / 365.25; 1 January is day 1, 1 April 2023 day 91.
    dates = np.array(["2023-01-01", "2023-04-01"], dtype="datetime64[D]")
    columns = day_of_year_columns(dates)
    expected = 2 * np.pi * np.array([1, 91]) / 365.25
    assert columns["doy_sin"] == pytest.approx(np.sin(expected), abs=1e-6)
    assert columns["doy_cos"] == pytest.approx(np.cos(expected), abs=1e-6)
