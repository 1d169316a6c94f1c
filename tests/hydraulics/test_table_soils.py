"""Tables to soils: closure on source layers, averaging, refusals and notes with their depths."""

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.hydraulics.outcomes import Refusal, Rule
from rootzone.hydraulics.read_layers import SourceLayers
from rootzone.hydraulics.table_soils import TableSoils, soils_from_layers

pytestmark = pytest.mark.kernels

LOAM = (0.0887, 0.4040, 0.00667, 1.4187, 123.07)  # Rosetta 3, data/rosetta at 40/40/20
TEXTURE = ("sand_pct", "silt_pct", "clay_pct")
PARAMETERS = ("theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d")
POLARIS = ("theta_r", "theta_s", "log10_alpha_per_kpa", "n", "log10_ks_cm_h")


def _layers(sites, names=TEXTURE, bd=None) -> SourceLayers:
    """Sites as lists of (bottom_mm, *values)."""
    counts = [len(site) for site in sites]
    rows = [row for site in sites for row in site]
    tops = [top for site in sites for top in (0.0, *(row[0] for row in site[:-1]))]
    return SourceLayers(
        site_ids=np.arange(len(sites)),
        cell_ids=np.arange(len(sites)),
        first_row=np.concatenate(([0], np.cumsum(counts))),
        layer=np.concatenate([np.arange(1, count + 1) for count in counts]),
        top_mm=np.array(tops, float),
        bottom_mm=np.array([row[0] for row in rows], float),
        values=np.array([row[1:] for row in rows], float).T.copy(),
        names=names,
        bd_g_cm3=None if bd is None else np.array(bd, float),
        file_row=np.arange(1, len(rows) + 1),
        file_name="made_up.csv",
    )


def _reasons(result: TableSoils) -> dict[int, str]:
    """Reason by file row, for refusals of source layers."""
    return {
        int(part.layers.file_row[row]): Refusal(int(reason)).name
        for part in result.refusals
        for row, reason in zip(part.row, part.refusal, strict=True)
    }


def test_bad_rows_are_named_and_the_rest_is_processed() -> None:
    # The issue: NaN, negative and non-closing rows get a named reason; the rest is done.
    sites = [
        [(100.0, 40.0, 40.0, 20.0)],
        [(100.0, np.nan, 40.0, 20.0)],
        [(100.0, -9999.0, 40.0, 20.0)],
        [(100.0, 40.0, 10.0, 20.0)],
        [(50.0, 40.0, 40.0, 20.0), (50.0, 40.0, 40.0, 20.0)],
    ]
    result = soils_from_layers(_layers(sites))
    assert result.layers.site_ids.tolist() == [0]
    assert result.n_refused_sites == 4
    assert _reasons(result) == {
        2: "TEXTURE_MISSING",
        3: "TEXTURE_NEGATIVE",
        4: "TEXTURE_NOT_CLOSED",
        5: "SITE_INCOMPLETE",
        6: "DEPTH_INVALID",
    }
    assert result.soils.usable.all()


def test_a_message_says_what_where_and_what_was_read() -> None:
    result = soils_from_layers(_layers([[(100.0, 40.0, 40.0, 20.0)], [(50.0, 60.0, -1.0, 20.0)]]))
    assert result.refusals[0].messages() == [
        "TEXTURE_NEGATIVE at site 1, layer 1 (0-50 mm): Sand, silt or clay is negative (a no-data "
        "value, perhaps). Read: sand_pct 60, silt_pct -1, clay_pct 20 (made_up.csv row 2)."
    ]


def test_nothing_usable_is_a_wrong_request() -> None:
    site = [(50.0, 40.0, 40.0, 20.0), (100.0, 0.0, 0.0, 0.0)]
    with pytest.raises(RequestError, match=r"none of the 1 sites .* TEXTURE_ALL_ZERO at site 0"):
        soils_from_layers(_layers([site]))


def test_textures_are_averaged_after_closing() -> None:
    # By hand: layer 2, 50-150 mm, is half 40/40/20 (given as 38/38/19) and half 20/60/20.
    site = [(100.0, 38.0, 38.0, 19.0), (200.0, 20.0, 60.0, 20.0)]
    result = soils_from_layers(_layers([site]), thickness_mm=[50.0, 100.0, 50.0])
    assert result.layers.values[:, 1] == pytest.approx([30.0, 50.0, 20.0])
    assert result.layers.bottom_mm.tolist() == [50.0, 150.0, 200.0]
    assert result.n_normalised == 1
    note = result.notes[0].adjustments
    assert (note.rule.tolist(), note.before.tolist()) == ([Rule.TEXTURE_NORMALISED], [95.0])


def test_measured_parameters_are_averaged_as_logarithms_where_rosetta_has_logarithms() -> None:
    # By hand: half and half, so theta_r is the arithmetic and Ks the geometric mean.
    other = (0.1113, 0.4040, 0.00667, 1.4187, 12_307.0)
    site = [(50.0, *LOAM), (100.0, *other)]
    result = soils_from_layers(_layers([site], PARAMETERS), thickness_mm=[100.0])
    assert result.soils["theta_r"][0] == pytest.approx(0.1)
    assert result.soils["ks_mm_d"][0] == pytest.approx(1230.7)
    assert result.soils["alpha_per_cm"][0] == pytest.approx(0.00667)


def test_polaris_layers_are_averaged_as_they_are_stored() -> None:
    site = [(50.0, 0.05, 0.42, -1.0, 1.4, 0.0), (100.0, 0.05, 0.42, 0.0, 1.6, 1.0)]
    result = soils_from_layers(_layers([site], POLARIS), thickness_mm=[100.0])
    # By hand: log10 alpha -0.5, n 1.5, log10 Ks 0.5 (cm h-1).
    assert result.soils["alpha_per_cm"][0] == pytest.approx(10**-0.5 * 0.0980665, rel=1e-6)
    assert result.soils["n"][0] == pytest.approx(1.5)
    assert result.soils["ks_mm_d"][0] == pytest.approx(240.0 * 10**0.5)


def test_polaris_no_data_is_refused_as_missing() -> None:
    sites = [[(50.0, 0.05, 0.42, -1.0, 1.4, 0.0)], [(50.0, *[-9999.0] * 5)]]
    assert _reasons(soils_from_layers(_layers(sites, POLARIS))) == {2: "PARAMETER_MISSING"}


def test_an_impossible_parameter_is_refused_before_it_is_averaged() -> None:
    bad = (0.08, 0.40, -0.01, 1.4, 100.0)
    sites = [[(100.0, *LOAM)], [(50.0, *bad), (100.0, *LOAM)]]
    result = soils_from_layers(_layers(sites, PARAMETERS), thickness_mm=[100.0])
    assert _reasons(result) == {2: "PARAMETER_IMPOSSIBLE", 3: "SITE_INCOMPLETE"}


def test_a_profile_deeper_than_its_source_is_refused_or_extended_with_a_note() -> None:
    sites = [[(200.0, 40.0, 40.0, 20.0)], [(100.0, 40.0, 40.0, 20.0)]]
    refused = soils_from_layers(_layers(sites), thickness_mm=[100.0, 100.0])
    assert refused.layers.site_ids.tolist() == [0]
    assert [Refusal(r).name for r in refused.refusals[0].refusal] == [
        "SITE_INCOMPLETE",
        "DEPTH_NOT_COVERED",
    ]
    extended = soils_from_layers(_layers(sites), thickness_mm=[100.0, 100.0], extend=True)
    assert extended.layers.site_ids.tolist() == [0, 1]
    note = extended.notes[1]
    assert note.layers.file_row[note.adjustments.row].tolist() == [2]
    assert (note.adjustments.before[0], note.adjustments.after[0]) == (100.0, 200.0)


def test_notes_point_at_the_right_layer_when_other_sites_are_refused() -> None:
    sites = [[(100.0, np.nan, 1.0, 1.0)], [(50.0, 40.0, 40.0, 20.0), (100.0, 38.0, 38.0, 19.0)]]
    result = soils_from_layers(_layers(sites))
    part = result.notes[0]
    assert part.layers.file_row[part.adjustments.row].tolist() == [3]


def test_bulk_density_is_averaged_and_caps_sat() -> None:
    site = [(50.0, 40.0, 40.0, 20.0), (100.0, 40.0, 40.0, 20.0)]
    result = soils_from_layers(_layers([site], bd=[1.6, 1.8]), thickness_mm=[100.0])
    assert result.soils["bd_g_cm3"][0] == pytest.approx(1.7)
    assert result.soils["sat"][0] == pytest.approx(1.0 - 1.7 / 2.65)


def test_a_soil_refused_by_the_guards_leaves_the_others_as_they_are() -> None:
    sites = [[(100.0, 0.28, 0.35, *LOAM[2:])], [(100.0, *LOAM)]]
    result = soils_from_layers(_layers(sites, PARAMETERS))
    assert _reasons(result) == {1: "SOIL_ORDER"}
    alone = soils_from_layers(_layers(sites[1:], PARAMETERS))
    assert np.array_equal(result.soils.values, alone.soils.values)
