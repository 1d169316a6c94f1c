"""``rootzone init --pack global``: a campaign that is right for any place."""

from __future__ import annotations

import pytest
import yaml
from click.testing import CliRunner

from rootzone._cli import cli
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import crs_for


def made(folder, *words):
    result = CliRunner().invoke(cli, ["init", str(folder), *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return folder / "campaign.yaml"


@pytest.mark.parametrize(
    ("lat", "lon", "zone"),
    # UTM zone by hand: floor((lon + 180) / 6) + 1; 327 in the south.
    [(-35.4, 149.2, 32755), (67.4, 26.6, 32635), (30.9, 75.8, 32643), (47.4, 0.7, 32631)],
)
def test_the_campaign_of_a_place_is_right_and_lies_in_its_zone(tmp_path, lat, lon, zone):
    file = made(tmp_path, "--pack", "global", "--lat", str(lat), "--lon", str(lon))
    told = yaml.safe_load(file.read_text())
    assert told["grid"]["crs"] == f"EPSG:{zone}"
    west, south, east, north = told["region"]["bounds_lonlat_deg"]
    assert ((west + east) / 2, (south + north) / 2) == pytest.approx((lon, lat))
    assert told["catalog"]["texture"] == "soilgrids"
    check = CliRunner().invoke(cli, ["check", str(file)])
    assert check.exit_code == 0, check.output


def test_a_place_at_the_180th_meridian_is_refused(tmp_path):
    with pytest.raises(RequestError, match="across the 180th meridian"):
        CliRunner().invoke(
            cli,
            ["init", str(tmp_path), "--pack", "global", "--lat", "-17", "--lon", "179.95"],
            catch_exceptions=False,
        )


def test_an_unknown_pack_names_those_there_are(tmp_path):
    with pytest.raises(RequestError, match="there are conus, global"):
        CliRunner().invoke(cli, ["init", str(tmp_path), "--pack", "mars"], catch_exceptions=False)


def test_a_wide_or_polar_region_is_told_to_take_equal_area():
    with pytest.raises(RequestError, match="crs: equal_area"):
        crs_for("utm", (100.0, -30.0, 110.0, -29.0))
    assert "lat_0=-30 +lon_0=105" in crs_for("equal_area", (100.0, -30.0, 110.0, -29.0))
