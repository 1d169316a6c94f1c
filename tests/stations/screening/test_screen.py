"""Rules by name: switches, flags kept, counts, and the ISMN's flags beside them."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.stations.readers.ismn_agreement import compare_with_ismn
from rootzone.stations.screening.rules import DEFAULT_RULES, chosen_rules, names_of
from rootzone.stations.screening.screen import RuleCounts, screen
from rootzone.stations.series import StationData
from rootzone.stations.station_table import station_frame
from tests.stations.stations_data import series


def test_every_default_rule_is_on_and_frozen_air_is_not() -> None:
    assert chosen_rules() == DEFAULT_RULES
    assert "frozen_air" not in DEFAULT_RULES


def test_rules_are_switched_by_name() -> None:
    assert chosen_rules(without=["spike", "break"]) == (
        "range", "frozen", "stuck", "rise", "plateau", "conflict", "few",
    )  # fmt: skip
    assert chosen_rules(only=["frozen_air", "range"]) == ("range", "frozen_air")


def test_an_unknown_rule_is_refused_with_the_nearest() -> None:
    with pytest.raises(RequestError, match="did you mean spike"):
        chosen_rules(without=["spikes"])


def test_a_value_keeps_its_place_and_all_its_flags() -> None:
    data = StationData(series=[series([0.2, 0.2, 0.9, 0.2], soil_degc=[5, 5, 5, -1])])
    frame = station_frame(data)
    assert frame["theta"].to_list() == [0.2, 0.2, 0.9, 0.2]
    assert frame["flag"].to_list() == ["", "", "range,spike", "frozen"]


def test_counts_tell_values_good_ones_and_those_each_rule_took() -> None:
    counts = RuleCounts()
    screen(series([0.2, 0.2, 0.9, np.nan, 0.0]), DEFAULT_RULES, counts)
    assert (counts.values["TEST"], counts.good["TEST"]) == (4, 2)
    assert counts.taken["TEST", "range"] == 2


def test_a_rule_without_what_it_needs_is_counted_as_not_applied() -> None:
    counts = RuleCounts()
    screen(series([0.2] * 5), DEFAULT_RULES, counts)
    assert counts.not_applied["TEST", "frozen"] == 1
    assert counts.not_applied["TEST", "rise"] == 1
    assert counts.not_applied["TEST", "range"] == 0


def test_a_missing_day_is_a_gap_and_not_a_neighbour() -> None:
    one = series([0.2, 0.35, 0.2])
    late = one.time.copy()
    late[2:] += np.timedelta64(10, "D")
    moved = type(one)(one.place, 0.2, late, one.theta, one.day_kind)
    assert screen(one, ["spike"]).tolist() == [0, 16, 0]
    assert screen(moved, ["spike"]).tolist() == [0, 0, 0]


def test_values_blanked_upstream_keep_their_reason() -> None:
    one = series([0.2, np.nan, 0.3])
    flagged = type(one)(
        one.place, 0.2, one.time, one.theta, one.day_kind, upstream=np.array([0, 2, 0])
    )
    counts = RuleCounts()
    frame = station_frame(StationData(series=[flagged]), DEFAULT_RULES, counts)
    assert frame["flag"].to_list() == ["", "frozen", ""]
    assert frame["theta"].to_list() == [0.2, None, 0.3]
    assert counts.upstream["TEST", "frozen"] == 1


def test_bits_read_as_names() -> None:
    assert names_of(0) == ""
    assert names_of(2 | 64) == "frozen,break"


def test_agreement_with_the_ismn_is_counted_value_by_value() -> None:
    one = series([0.9, 0.9, 0.2, -0.1], flags=["C02", "G", "D06,C01", "C01"])
    found = {row.rule: row for row in compare_with_ismn([one], ["range"])}["range"]
    # Values 1 and 4 are taken by both, 2 by us alone, 3 by the ISMN alone.
    assert (found.both, found.ours, found.theirs, found.applied) == (2, 1, 1, True)


def test_hourly_values_become_the_mean_of_the_good_ones() -> None:
    theta = np.full(48, 0.20)
    theta[3] = 0.9
    theta[24:40] = 0.9
    frame = station_frame(StationData(series=[series(theta, step_h=1.0)]), ["range"])
    # Day 1: 23 good hours. Day 2: 8 good hours are too few, so the day is flagged.
    assert frame["theta"][0] == pytest.approx(0.20)
    assert frame["readings"].to_list() == [23, 24]
    assert frame["flag"].to_list() == ["", "range"]
