"""The stations stage: files of any network read, screened and written as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rootzone._shared.atomic import refuse_overwrite
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, inputs_of
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import WEATHER
from rootzone._shared.write_frames import write_frame
from rootzone.covariates.fetch.checksums import check_beside
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.stations.pixels import station_pixels
from rootzone.stations.readers.ismn_agreement import compare_with_ismn
from rootzone.stations.readers.nrcs_places import read_station_list
from rootzone.stations.readers.read_any import read_all, station_files
from rootzone.stations.screening.rules import chosen_rules
from rootzone.stations.screening.screen import RuleCounts
from rootzone.stations.series import Findings
from rootzone.stations.station_forcing import forcing_table
from rootzone.stations.station_table import (
    read_stations,
    station_frame,
    weather_frame,
    write_stations,
)


@dataclass(frozen=True)
class ScreenedStations:
    """What some station files hold, every value with the rules that take it.

    Parameters
    ----------
    frame, weather : polars.DataFrame
        Sensor values, and the stations' own weather.
    rules : sequence of str
        Rules that were applied.
    findings : Findings
        What was wrong with the files, counted.
    counts : RuleCounts
        Values taken by each rule.
    ismn : list of dict
        The rules beside the ISMN's own flags.
    sensors : int
        Series read.
    record : Provenance
        What made them.
    """

    frame: pl.DataFrame
    weather: pl.DataFrame
    rules: Sequence[str]
    findings: Findings
    counts: RuleCounts
    ismn: list[dict[str, Any]]
    sensors: int
    record: Provenance

    def facts(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "rows": self.frame.height,
            "good": int((self.frame["flag"] == "").sum()),
            "stations": self.frame.select("network", "station").n_unique(),
            "sensors": self.sensors,
            "findings": dict(self.findings.counts),
            "rules": self.counts.rows(),
            "ismn_flags": self.ismn,
        }

    def write(self, out: Path, *, force: bool = False) -> Path:
        """Write the table, and beside it the weather where there is any."""
        refuse_overwrite(out, force=force)
        write_stations(out, self.frame, self.weather, self.record)
        return out

    def write_forcing(self, path: Path, *, force: bool = False) -> Path:
        """Write gapless weather, a cell a station, for simulations."""
        refuse_overwrite(path, force=force)
        write_table(path, forcing_table(self.weather), WEATHER, self.record)
        return path


def screen_files(
    sources: Sequence[Path],
    *,
    station_list: Path | None = None,
    network: str = "plain",
    only: Sequence[str] = (),
    without: Sequence[str] = (),
) -> ScreenedStations:
    """Read station files of any network and screen them; nothing is deleted.

    Parameters
    ----------
    sources : sequence of Path
        Files, or folders of files.
    station_list : Path, optional
        NRCS's list of stations, for positions.
    network : str
        Network of plain tables without that column.
    only, without : sequence of str
        Rules applied alone, and rules switched off.

    Raises
    ------
    RequestError
        There is no file, one cannot be read, or a rule is not known.
    """
    rules = chosen_rules(only, without)
    files = station_files(sources)
    check_beside(files)
    listed = read_station_list(station_list) if station_list else None
    data = read_all(files, listed, network)
    counts = RuleCounts()
    frame = station_frame(data, rules, counts)
    record = Provenance(
        "rootzone stations", inputs_of({path.name: path for path in files}), {"rules": list(rules)}
    )
    ismn = [vars(row) for row in compare_with_ismn(data.series)]
    return ScreenedStations(
        frame,
        weather_frame(data.weather),
        rules,
        data.findings,
        counts,
        ismn,
        len(data.series),
        record,
    )


def campaign_sources(files: CampaignFiles) -> tuple[Path, ...]:
    """Station files that a campaign names.

    Raises
    ------
    RequestError
        It names none.
    """
    named = files.campaign.labels.stations
    if not named:
        raise RequestError(
            f"{files.path}: labels.stations names no file or folder of station data. Add them "
            "there, or run: rootzone stations FILES --out TABLE."
        )
    return tuple(files.folder / name for name in named)


def pixels_path(table: Path) -> Path:
    """Where the pixels of a station table lie."""
    return table.with_name(f"{table.stem}.pixels.parquet")


def write_pixels(table: Path, files: CampaignFiles, neighbourhood: int | None = None) -> Path:
    """Put the stations of a table on a campaign's grid; the pixels lie beside the table.

    Parameters
    ----------
    table : Path
        A station table.
    files : CampaignFiles
        The campaign.
    neighbourhood : int, optional
        Pixels on every side; as the campaign says by default.
    """
    if neighbourhood is None:
        neighbourhood = files.campaign.learning.station_neighbourhood_px
    pixels = station_pixels(read_stations(table), files.grid, neighbourhood)
    record = Provenance(
        "rootzone stations",
        inputs_of({"stations": table}),
        {"grid": files.grid.to_dict(), "neighbourhood_px": neighbourhood},
    )
    path = pixels_path(table)
    write_frame(path, pixels, record)
    return path
