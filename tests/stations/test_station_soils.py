"""Soils of stations: layers about samples, standings, and the traps of public tables."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.inversion.corrections import Prior, search_corrections
from rootzone.inversion.soil_layers import corrected, soil_of_station
from rootzone.stations.readers.read_soils import read_soils
from rootzone.stations.station_soils import (
    layers_about,
    of_stations,
    soil_frame,
    usable_soils,
)

HEAD = "network,station,depth_cm,sand_pct,silt_pct,clay_pct,bd_g_cm3"
LAYERS_MM = (50.0, 50.0, 50.0, 50.0, 100.0, 100.0, 100.0, 200.0, 200.0)


def _read(folder: Path, rows: str, head: str = HEAD) -> pl.DataFrame:
    path = folder / "soils.csv"
    path.write_text(f"{head}\n{rows}")
    return read_soils(path)


def test_layers_reach_half_way_to_their_neighbours() -> None:
    # USCRN's five depths: 0-75, 75-150, 150-350, 350-750 and as far below 1 m as above it.
    top, bottom = layers_about(np.array([50.0, 100.0, 200.0, 500.0, 1000.0]))
    assert top.tolist() == [0.0, 75.0, 150.0, 350.0, 750.0]
    assert bottom.tolist() == [75.0, 150.0, 350.0, 750.0, 1250.0]


def test_a_missing_or_impossible_depth_leaves_its_place_to_the_neighbours(tmp_path: Path) -> None:
    # 112 % at 20 cm, silt 219 at 50 cm, and no bulk density at 10 cm.
    rows = (
        "N,a,5,40,40,20,1.3\nN,a,10,45,35,20,\nN,a,20,52,40,20,1.4\nN,a,50,20,219,10,1.4\n"
        "N,a,100,30,40,30,1.5\nN,b,5,,,,1.3\n"
    )
    frame = _read(tmp_path, rows)
    assert frame["station"].to_list() == ["a"] * 3
    assert frame["bottom_mm"].to_list() == [75.0, 550.0, 1450.0]
    assert frame["bd_g_cm3"].to_list() == [1.3, None, 1.5]
    soil = soil_of_station(frame, LAYERS_MM, "wosten1999")  # fills what is missing
    assert np.isfinite(soil.values["theta_s"]).all()


def test_samples_that_are_left_out_are_told_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "soils.csv"
    # 52 + 40 + 20 = 112 %.
    rows = (
        "N,a,5,40,40,20,1.3\nN,a,20,52,40,20,1.4\nN,a,50,,40,20,1\nN,b,5,-1,81,20,1\nN,b,,1,9,90,1"
    )
    path.write_text(f"{HEAD}\n{rows}\n")
    told: list[str] = []
    assert read_soils(path, told.append)["station"].to_list() == ["a"]
    assert [line.split(" (")[0] for line in told] == [
        "N a, 200 mm: the fractions make 112.0 %",
        "N a, 500 mm: texture is missing",
        "N b, 50 mm: a fraction is outside 0 to 100 %",
        "N b, no depth: it has no depth",
    ]


def test_one_texture_down_the_profile_is_a_map_class_and_is_not_used(tmp_path: Path) -> None:
    rows = "".join(f"N,a,{depth},43,39.5,17.5,1.4\n" for depth in (5, 10, 20))
    frame = _read(tmp_path, rows + "N,b,5,40,40,20,1.4\nN,b,10,45,35,20,1.4\n")
    assert usable_soils(frame)["station"].unique().to_list() == ["b"]
    assert set(usable_soils(frame, with_mapped=True)["station"]) == {"a", "b"}


def test_a_copied_row_is_suspect(tmp_path: Path) -> None:
    rows = "".join(f"N,{s},{d},4{d % 9},40,{20 - d % 9},1.4\n" for s in "ab" for d in (5, 10, 20))
    frame = _read(tmp_path, rows)
    assert frame["standing"].str.starts_with("suspect").all()
    assert usable_soils(frame, with_mapped=True).height == 0


def test_a_table_in_latin_1_is_read(tmp_path: Path) -> None:
    path = tmp_path / "soils.csv"
    path.write_bytes(f"{HEAD}\nN,Peña,5,40,40,20,1.4\n".encode("latin-1"))
    assert read_soils(path)["station"].to_list() == ["Peña"]


def test_a_table_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no table of station soils"):
        _read(tmp_path, "1,2\n", head="a,b")


def test_stations_without_a_soil_are_told(tmp_path: Path) -> None:
    frame = _read(tmp_path, "N,a,5,40,40,20,1.4\n")
    stations = pl.DataFrame({"network": ["N", "N"], "station": ["a", "z"]})
    found, without = of_stations(frame, stations)
    assert (found.height, without) == (1, ["z"])
    with pytest.raises(RequestError, match="network and station"):
        of_stations(frame, stations.with_columns(pl.lit("M").alias("network")))


def test_carbon_becomes_organic_matter() -> None:
    samples = pl.DataFrame(
        {"network": ["N"], "station": ["a"], "depth_mm": [50.0], "sand_pct": [40.0],
         "silt_pct": [40.0], "clay_pct": [20.0], "oc_pct": [1.0]}
    )  # fmt: skip
    assert soil_frame(samples)["om_pct"].to_list() == [1.724]  # van Bemmelen's factor


@pytest.fixture
def public(shared: Path) -> Path:
    return shared / "realdata" / "soils"


def test_uscrn_soils_are_measured_at_54_of_72_stations(public: Path, shared: Path) -> None:
    # realdata/soils/README.md and science/station_soils.md: 18 of the 72 are SSURGO or suspect.
    soils = usable_soils(read_soils(public / "soils_at_stations.parquet"))
    daily = shared / "realdata" / "uscrn" / "uscrn_conus_daily_2009_2024.parquet"
    names = pl.scan_parquet(daily).select(pl.col("station").cast(pl.String)).unique().collect()
    own = soils.filter(pl.col("network") == "USCRN")["station"].unique()
    assert len(set(own) & set(names["station"])) == 54
    assert "MI_Chatham_1_SE" not in set(own)


def test_classes_between_samples_are_left_out(public: Path) -> None:
    # KY Bowling Green: SSURGO's 42.1/37.9 at 86 cm, and once more at 95 cm under another note.
    soils = read_soils(public / "soils_at_stations.parquet")
    own = soils.filter(pl.col("station") == "KY_Bowling_Green_21_NNE")
    assert own.height == 5
    assert 42.1 not in own["sand_pct"].to_list()


def test_mesosoil_neon_and_nasmd_tables_are_read(public: Path) -> None:
    # Counts of the READMEs: 129 stations, of 774 rows some miss texture (-9.9).
    meso = read_soils(public / "oklahoma_mesonet" / "mesosoil_v2_1.parquet")
    assert meso["station"].n_unique() == 129
    assert meso["theta_33kpa"].min() > 0.0  # no -9.9 left
    neon = read_soils(public / "neon_swsalley" / "NEON_Lab.csv")
    assert neon.filter(pl.col("station") == "BART_018")["stones_mass_pct"][0] == pytest.approx(
        18.12
    )
    texas = read_soils(public / "uscrn_nasmd" / "tx_mesonet_site_info.csv")
    assert usable_soils(texas).height == 0  # SSURGO all
    abernathy = texas.filter(pl.col("station") == "Abernathy5ENE")
    assert abernathy["bd_g_cm3"][0] == pytest.approx(0.5 * (1.25 + 1.40))


def test_a_correction_scales_water_and_keeps_the_order() -> None:
    frame = pl.DataFrame(
        {"network": ["N"], "station": ["a"], "top_mm": [0.0], "bottom_mm": [1000.0],
         "sand_pct": [40.0], "silt_pct": [40.0], "clay_pct": [20.0], "standing": ["measured"],
         "source": ["x"]}
    )  # fmt: skip
    soil = soil_of_station(frame, (100.0, 900.0))
    wetter = corrected(soil, np.array([0.8, 1.0]), np.array([0.0, 0.3]))
    for name in ("theta_r", "theta_s"):
        assert wetter.values[name] == pytest.approx(soil.values[name] * [0.8, 1.0])
    ratio = wetter.values["alpha_per_cm"] / soil.values["alpha_per_cm"]
    assert ratio == pytest.approx([1.0, 10.0**0.3])


def test_a_search_finds_a_known_correction_and_stays_at_zero_without_data() -> None:
    frame = pl.DataFrame(
        {"network": ["N"], "station": ["a"], "top_mm": [0.0], "bottom_mm": [1000.0],
         "sand_pct": [40.0], "silt_pct": [40.0], "clay_pct": [20.0], "standing": ["measured"],
         "source": ["x"]}
    )  # fmt: skip
    soil = soil_of_station(frame, LAYERS_MM)
    truth = soil.values["theta_s"] * np.repeat([0.86, 1.0], [3, 6])  # the top zone is 3 layers

    def costs(soils):
        return [float(np.abs(one.values["theta_s"] - truth).mean()) for one in soils]

    best, cost, _ = search_corrections(soil, LAYERS_MM, costs, Prior(error_m3_m3=0.003))
    assert best.log_water[0] == pytest.approx(np.log(0.86), abs=0.08)
    assert best.log_water[1:] == (0.0, 0.0)
    assert cost < costs([soil])[0]
    silent, _, _ = search_corrections(soil, LAYERS_MM, lambda soils: [0.05] * len(soils))
    assert (silent.log_water, silent.log10_alpha) == ((0.0,) * 3, (0.0,) * 3)
