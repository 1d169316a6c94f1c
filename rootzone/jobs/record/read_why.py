"""All that is known of one site, gathered from the campaign's tables and ledgers."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.errors import RequestError
from rootzone._shared.seal import check
from rootzone.engines.kinds import kind_of
from rootzone.hydraulics.write_soils import SoilFiles
from rootzone.jobs.record.run_site import site_rows
from rootzone.jobs.record.year_balance import balance_lines, year_balances
from rootzone.jobs.shard.counted_days import Span
from rootzone.jobs.shard.read_cut import weather_files
from rootzone.jobs.shard.read_inputs import read_weather_rows
from rootzone.jobs.shard.read_shard import read_ledger

if TYPE_CHECKING:
    import polars as pl

    from rootzone.engines.failures import SiteId
    from rootzone.jobs.record.read_state import CampaignState


def why_facts(state: CampaignState, site: SiteId, campaign_file: Path) -> dict[str, Any]:
    """Facts about a site as JSON values, in the order in which data flows.

    Parameters
    ----------
    state : CampaignState
        The campaign.
    site : int or str
        One of its sites or reserves.
    campaign_file : Path
        As the user named it, for the command that runs the site again.
    """
    row = site_rows(state, site)
    workspace = state.workspace
    files = SoilFiles.beside(workspace.soils)
    out = f"site-{site}.parquet"
    outcomes = _outcomes(state, site)
    return {
        "campaign": state.campaign.name,
        "site": _plain(row.to_dicts()[0]),
        "textures": _rows_of(workspace.site_textures, site),
        "soils": _rows_of(workspace.soils, site),
        "adjustments": _rows_of(files.adjustments, site),
        "refused_layers": _rows_of(files.refused, site),
        "forcing": _forcing(state, row),
        "balance": _balance(state, row, outcomes),
        "outcomes": outcomes,
        "reproduce": f"rootzone simulate {shlex.quote(str(campaign_file))} --site "
        f"{shlex.quote(str(site))} --out {shlex.quote(out)}",
    }


def _rows_of(path: Path, site: SiteId) -> list[dict[str, Any]]:
    import polars as pl

    if not path.exists() or path.suffix != ".parquet":
        return []
    scan = pl.scan_parquet(check(path)).filter(pl.col("site_id").cast(pl.String) == str(site))
    return [_plain(row) for row in scan.collect().to_dicts()]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Values that JSON knows."""
    return {
        name: value if isinstance(value, int | float | str | bool | None) else str(value)
        for name, value in row.items()
    }


def _forcing(state: CampaignState, row: pl.DataFrame) -> dict[str, Any]:
    """What the weather of the site's cell amounts to over the days it is run on."""
    import polars as pl

    year = int(row["year"][0])
    span = Span.of_year(year, state.campaign.engine.spin_up_days)
    facts: dict[str, Any] = {
        "cell_id": row["cell_id"][0],
        "days_needed": span.last - span.start + 1,
    }
    try:
        paths = weather_files(state.campaign, state.workspace, year)
    except RequestError as error:
        return facts | {"days_found": 0, "problem": str(error)}
    weather = read_weather_rows(paths, span, row["cell_id"])
    facts["files"] = [path.name for path in paths]
    facts["days_found"] = weather.height
    if weather.height:
        facts["first_day"] = str(weather["date"].min())
        facts["last_day"] = str(weather["date"].max())
        counted = weather.filter(pl.col("date").cast(pl.Date) >= pl.date(year, 1, 1))
        for name in ("rain_mm", "eo_mm"):
            if name in counted.columns:
                facts[f"{name}_of_{year}"] = counted[name].sum()
        for name in ("radn_mj_m2", "tmax_degc", "tmin_degc", "vpd_kpa"):
            if name in counted.columns:
                facts[f"mean_{name}_of_{year}"] = counted[name].mean()
    return facts


def _balance(
    state: CampaignState, row: pl.DataFrame, outcomes: list[dict[str, Any]]
) -> dict[str, float]:
    """Where the rain of a site under plants went [mm]; nothing for bare soil or without profile."""
    import polars as pl

    done = [one for one in outcomes if one["outcome"] == "done"]
    if not done:
        return {}
    path = state.workspace.profiles(int(done[-1]["shard"]))
    if not path.exists() or "transpiration_mm" not in pl.read_parquet_schema(path):
        return {}
    year = int(row["year"][0])
    own = pl.scan_parquet(check(path)).filter(pl.col("site_id") == row["site_id"][0])
    span = Span.of_year(year, state.campaign.engine.spin_up_days)
    try:
        paths = weather_files(state.campaign, state.workspace, year)
    except RequestError:  # told with the forcing
        return {}
    weather = read_weather_rows(paths, span, row["cell_id"])
    if weather.height == 0:
        return {}
    weather = weather.with_columns(pl.col("date").cast(pl.Date))
    cells = row.select("site_id", pl.lit(weather["cell_id"][0]).alias("cell_id"))
    thickness = np.array(state.campaign.profile.thickness_mm)
    table = year_balances(own, cells, weather.select("cell_id", "date", "rain_mm"), thickness)
    return dict(balance_lines(table)) if table.height else {}


def _outcomes(state: CampaignState, site: SiteId) -> list[dict[str, Any]]:
    """Every run of the site on record, attempts and texts included."""
    import polars as pl

    engine = state.campaign.engine
    names = [rung.name for rung in kind_of(engine.name).ladder(engine.stepping)]
    rows = state.outcomes.filter(pl.col("site_id").cast(pl.String) == str(site))
    found = []
    for number, round_ in rows.select("shard", "round").iter_rows():
        ledger = read_ledger(state.workspace, int(number))
        row = ledger.filter(pl.col("site_id").cast(pl.String) == str(site)).to_dicts()[0]
        row.pop("inputs")
        tried = json.loads(row.pop("tried") or "[]")
        for attempt in tried:
            attempt["name"] = _name(names, attempt["rung"])
        rung = row["rung"]
        found.append(
            {
                "shard": int(number),
                "round": int(round_),
                **_plain(row),
                "rung_name": None if rung is None else _name(names, rung),
                "tried": tried,
            }
        )
    return found


def _name(names: list[str], rung: int) -> str:
    return names[rung] if rung < len(names) else f"rung {rung}"
