"""Tables of soil layers: names, depths, order, and what is refused as a whole."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.hydraulics.read_layers import read_layers


def _csv(folder: Path, text: str) -> Path:
    path = folder / "layers.csv"
    path.write_text(text)
    return path


def test_rows_come_site_by_site_from_the_top_down(tmp_path: Path) -> None:
    path = _csv(
        tmp_path,
        "site_id,top_mm,bottom_mm,sand_pct,silt_pct,clay_pct\n"
        "b,50,100,1,0,99\na,0,50,2,0,98\nb,0,50,3,0,97\n",
    )
    layers = read_layers(path, "texture")
    assert layers.site_ids.tolist() == ["b", "a"]
    assert layers.values[0].tolist() == [3.0, 1.0, 2.0]
    assert layers.layer.tolist() == [1, 2, 1]
    assert layers.first_row.tolist() == [0, 2, 3]
    assert layers.file_row.tolist() == [3, 1, 2]


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("top_cm,bottom_cm", ("0,5", "5,15")),
        ("top_mm,bottom_mm", ("0,50", "50,150")),
        ("depth_upper_cm,depth_lower_cm", ("0,5", "5,15")),
        ("depth_cm", ("0-5", "5-15")),
        ("depth", ("0_5", "5 - 15 cm")),
        ("thickness_mm", ("50", "100")),
        ("layer,thickness_cm", ("1,5", "2,10")),
    ],
)
def test_depths_may_be_given_in_any_of_these_ways(
    tmp_path: Path, header: str, cells: tuple[str, str]
) -> None:
    path = _csv(
        tmp_path, f"site,{header},sand,silt,clay\na,{cells[0]},40,40,20\na,{cells[1]},40,40,20\n"
    )
    layers = read_layers(path, "texture")
    assert layers.top_mm.tolist() == [0.0, 50.0]
    assert layers.bottom_mm.tolist() == [50.0, 150.0]


def test_stacked_thicknesses_start_anew_at_each_site_and_follow_layer(tmp_path: Path) -> None:
    path = _csv(
        tmp_path,
        "site,layer,thickness_mm,sand,silt,clay\n"
        "a,2,100,40,40,20\nb,1,30,40,40,20\na,1,50,40,40,20\nb,2,70,40,40,20\n",
    )
    layers = read_layers(path, "texture")
    assert layers.top_mm.tolist() == [0.0, 50.0, 0.0, 30.0]
    assert layers.bottom_mm.tolist() == [50.0, 150.0, 30.0, 100.0]


def test_the_cell_is_the_site_where_none_is_given(tmp_path: Path) -> None:
    rows = "a,{}0-5,40,40,20\n"
    plain = _csv(tmp_path, "site,depth,sand,silt,clay\n" + rows.format(""))
    assert read_layers(plain, "texture").cell_ids.tolist() == ["a"]
    given = _csv(tmp_path, "site,cell,depth,sand,silt,clay\n" + rows.format("77,"))
    assert read_layers(given, "texture").cell_ids.tolist() == [77]


def test_a_cell_that_is_no_number_is_missing(tmp_path: Path) -> None:
    path = _csv(tmp_path, "site,depth,sand,silt,clay\na,0-5,forty,40,20\nb,deep,40,,20\n")
    layers = read_layers(path, "texture")
    assert np.isnan(layers.values).tolist() == [[True, False], [False, True], [False, False]]
    assert np.isnan(layers.top_mm).tolist() == [False, True]


def test_ks_in_cm_per_day_is_turned_into_mm_per_day(tmp_path: Path) -> None:
    path = _csv(
        tmp_path, "site,depth,theta_r,theta_s,alpha_per_cm,n,ks_cm_d\na,0-5,.1,.4,.01,1.5,12\n"
    )
    assert read_layers(path, "parameters").values[:, 0].tolist() == [0.1, 0.4, 0.01, 1.5, 120.0]


def test_polaris_names_are_known_with_polaris_only(tmp_path: Path) -> None:
    path = _csv(tmp_path, "site,depth,theta_r,theta_s,alpha,n,ksat\na,0_5,.1,.4,-.5,1.5,.2\n")
    assert read_layers(path, "polaris").values[:, 0].tolist() == [0.1, 0.4, -0.5, 1.5, 0.2]
    with pytest.raises(RequestError, match="alpha_per_cm is missing"):
        read_layers(path, "parameters")


def test_all_missing_columns_are_named_with_the_nearest_seen(tmp_path: Path) -> None:
    path = _csv(tmp_path, "depth,sand,silt,clay_pc\n0-5,40,40,20\n")
    with pytest.raises(RequestError) as caught:
        read_layers(path, "texture")
    assert "site_id is missing" in str(caught.value)
    assert "clay_pct is missing; did you mean clay_pc?" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("site,depth,sand,sand_pct,silt,clay\na,0-5,1,1,1,1\n", "both mean sand_pct"),
        ("site,sand,silt,clay\na,1,1,1\n", "depth"),
        ("site,depth,sand,silt,clay\n", "no rows"),
        ("site,depth,sand,silt,clay\na,0-5,40,40,20\n,0-5,40,40,20\n", "row 2 has no site_id"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        read_layers(_csv(tmp_path, text), "texture")


def test_parquet_reads_like_csv(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "site_id": [7],
            "depth_cm": ["0-5"],
            "sand": [40.0],
            "silt": [40],
            "clay": [20],
            "bd": [1.4],
        }
    )
    frame.write_parquet(tmp_path / "layers.parquet")
    layers = read_layers(tmp_path / "layers.parquet", "texture")
    assert layers.site_ids.tolist() == [7]
    assert layers.values[:, 0].tolist() == [40.0, 40.0, 20.0]
    assert layers.bd_g_cm3.tolist() == [1.4]
