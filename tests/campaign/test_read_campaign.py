from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootzone._shared.errors import RequestError
from rootzone._shared.safe_yaml import parse_yaml
from rootzone.campaign.findings import CampaignMistakes
from rootzone.campaign.read_campaign import _examine, examine_campaign, load_campaign

SMALL = """\
name: small
region:
  place: Colorado
years: [2023]
"""

TEN_MISTAKES = """\
name: my campaign
region:
  bounds_lonlat_deg: [-105, 41, -104, 40]
years: [2023, 2023]
sites:
  alocation: equal
  per_year: -5
profile:
  thickness_mm: [50, 50, -100, 200]
soil:
  dul_suction_cm: 14000
  ll15_suction_cm: 9000
engine:
  name: swimm
labels:
  depths_mm: [200, 5000]
learning:
  psi_max_cm: .nan
dul_suction_cm: 3
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "campaign.yaml"
    path.write_text(text)
    return path


def test_a_short_file_gets_every_default(tmp_path: Path) -> None:
    loaded = load_campaign(write(tmp_path, SMALL))
    assert loaded.campaign.sites.per_year == 500_000
    assert loaded.resolved["soil"]["ll15_suction_cm"] == 15_000.0


def test_a_margin_the_network_cannot_halve_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(CampaignMistakes, match=r"crop_halo_px.*multiple of 8"):
        load_campaign(write(tmp_path, SMALL + "learning:\n  crop_halo_px: 4\n"))


def test_ten_planted_mistakes_are_shown_together_with_their_lines(tmp_path: Path) -> None:
    with pytest.raises(CampaignMistakes) as caught:
        load_campaign(write(tmp_path, TEN_MISTAKES))
    found = {(finding.line, finding.key): finding for finding in caught.value.findings}
    # Lines counted by hand in the text above.
    assert set(found) == {
        (1, "name"),
        (3, "region.bounds_lonlat_deg"),
        (4, "years"),
        (6, "sites.alocation"),
        (7, "sites.per_year"),
        (9, "profile.thickness_mm[2]"),
        (11, "soil.dul_suction_cm"),
        (14, "engine.name"),
        (16, "labels.depths_mm[1]"),
        (18, "learning.psi_max_cm"),
        (19, "dul_suction_cm"),
    }
    assert caught.value.exit_code == 2
    assert all(finding.mend and finding.problem for finding in found.values())
    assert found[9, "profile.thickness_mm[2]"].seen == "-100"
    assert found[9, "profile.thickness_mm[2]"].column == 26
    assert "did you mean allocation?" in found[6, "sites.alocation"].mend
    assert "section soil" in found[19, "dul_suction_cm"].mend


def test_a_rule_is_not_judged_on_a_value_that_is_wrong_itself(tmp_path: Path) -> None:
    # The depth rule needs the thicknesses; with one of them wrong only that one is told.
    text = SMALL + "profile:\n  thickness_mm: [50, x]\nlabels:\n  depths_mm: [200]\n"
    _, findings = examine_campaign(write(tmp_path, text))
    assert [finding.key for finding in findings] == ["profile.thickness_mm[1]"]


def test_a_file_without_required_keys_names_each(tmp_path: Path) -> None:
    _, findings = examine_campaign(write(tmp_path, "description: nothing else\n"))
    assert [f.key for f in findings] == ["name", "region", "years"]
    assert all(f.problem == "required, but not there" for f in findings)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text\n"])
def test_a_file_that_holds_no_keys_says_how_to_start(tmp_path: Path, text: str) -> None:
    with pytest.raises(CampaignMistakes, match="rootzone init"):
        load_campaign(write(tmp_path, text))


def test_a_key_written_twice_is_a_mistake(tmp_path: Path) -> None:
    _, findings = examine_campaign(write(tmp_path, SMALL + "seeds:\n  sites: 1\n  sites: 2\n"))
    assert [(f.line, f.key) for f in findings] == [(7, "seeds.sites")]


def test_an_engine_setting_of_the_wrong_kind_is_told_once(tmp_path: Path) -> None:
    text = SMALL + "engine:\n  settings:\n    cn2_bare: [1, 2]\n"
    _, findings = examine_campaign(write(tmp_path, text))
    assert [(f.line, f.key) for f in findings] == [(7, "engine.settings.cn2_bare")]


def test_comments_and_order_do_not_change_the_digest_but_values_do(tmp_path: Path) -> None:
    one = load_campaign(write(tmp_path, SMALL)).digest
    turned = "years: [2023]  # the year\nregion: {place: Colorado}\nname: small\n"
    assert load_campaign(write(tmp_path, turned)).digest == one
    assert load_campaign(write(tmp_path, SMALL + "seeds: {sites: 7}\n")).digest != one


def test_the_campaign_cannot_be_changed_after_reading(tmp_path: Path) -> None:
    campaign = load_campaign(write(tmp_path, SMALL)).campaign
    with pytest.raises(ValueError, match="frozen"):
        campaign.name = "other"


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["soil", "sites", "name", "bounds", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
_SECTIONS = ["name", "region", "years", "soil", "sites", "profile", "engine", "learning", "zz"]


@given(st.dictionaries(st.sampled_from(_SECTIONS), _values, max_size=6))
def test_whatever_a_file_holds_it_is_explained_and_never_crashes(data: dict[str, object]) -> None:
    import json

    try:
        document = parse_yaml(json.dumps(data), Path("campaign.yaml"))
    except RequestError:
        return
    findings, campaign = _examine(document)
    assert findings or campaign is not None
    for finding in findings:
        assert finding.line >= 1
        assert finding.problem
        assert finding.mend
