from __future__ import annotations

from pathlib import Path

import pytest

from rootzone._shared.errors import RequestError
from rootzone.stations.readers.ghcn_places import read_ghcn_list, write_ghcn_list
from rootzone.stations.readers.read_any import read_all, station_files
from rootzone.stations.series import COARSE_POSITION, POSITION_DISAGREES, Place
from tests.stations.stations_data import uscrn_line, write_uscrn

# Columns of NOAA's readme: id 1-11, latitude 13-20, longitude 22-30, elevation 32-37, state 39-40,
# name 42-71, GSN flag 73-75, CRN flag 77-79. Nunn's position is that of the list.
_NUNN = "USW00094074  40.8066 -104.7552 1643.5 CO NUNN 7 NNE                         CRN      "


def test_positions_are_found_by_wban_number(tmp_path: Path) -> None:
    path = tmp_path / "ghcnd-stations.txt"
    path.write_text("USC00050109  40.1550 -103.1417 1384.4 CO AKRON 4 E\n" + _NUNN + "\n")
    places = read_ghcn_list(path).places
    assert list(places) == ["94074"]
    nunn = places["94074"]
    assert (nunn.lat, nunn.lon, nunn.elevation_m) == (40.8066, -104.7552, 1643.5)
    # Half of 0.0001 degree of latitude, 111.195 km a degree.
    assert nunn.position_m == pytest.approx(5.56, abs=0.01)


def test_a_list_among_the_sources_places_uscrn_stations_to_the_pixel(tmp_path: Path) -> None:
    write_uscrn(tmp_path / "CRND0103-2023-CO_Nunn_7_NNE.txt", [uscrn_line("20230601", 0.2)])
    assert read_all(station_files([tmp_path])).findings.counts[COARSE_POSITION] == 1
    (tmp_path / "ghcnd-stations.txt").write_text(_NUNN + "\n")
    data = read_all(station_files([tmp_path]))
    place = data.series[0].place
    assert (place.station, place.lat, place.lon) == ("CO_Nunn_7_NNE", 40.8066, -104.7552)
    assert not data.findings.counts


def test_a_list_that_has_the_station_elsewhere_is_told_and_not_believed(tmp_path: Path) -> None:
    write_uscrn(tmp_path / "CRND0103-2023-X.txt", [uscrn_line("20230601", 0.2)])
    (tmp_path / "ghcnd-stations.txt").write_text(_NUNN.replace("40.8066", "41.8066") + "\n")
    data = read_all(station_files([tmp_path]))
    assert data.findings.counts[POSITION_DISAGREES] == 1
    assert data.series[0].place.lat == 40.81


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "ghcnd-stations.txt"
    place = Place("USCRN", "XX Made Up 01", 40.0873, -105.2374, 1883.4)
    write_ghcn_list(path, [("99001", place)])
    read = read_ghcn_list(path).places["99001"]
    assert (read.station, read.lat, read.lon, read.elevation_m) == (
        "XX MADE UP 01", 40.0873, -105.2374, 1883.4,
    )  # fmt: skip


def test_a_list_without_positions_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ghcnd-stations.txt"
    path.write_text("USW00094074  broken\n")
    with pytest.raises(RequestError, match="line 1"):
        read_ghcn_list(path)
    path.write_text("nothing here\n")
    with pytest.raises(RequestError, match="USW000"):
        read_ghcn_list(path)
