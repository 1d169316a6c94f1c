"""The balance report: one HTML file that needs nothing beside it, and its facts as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any, TypedDict

from rootzone._shared.atomic import write_text
from rootzone._shared.figure_style import page_css, png_uri
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone.design.candidates import REASONS
from rootzone.design.figures import chart_of_covariates, chart_of_strata, map_of_sites
from rootzone.design.run_design import YearDesign


class SitesOfYear(TypedDict):
    """What is told of a year's sites, as JSON values."""

    year: int
    design: str
    allocation: str
    seed: int
    candidates: int
    sites: int
    reserves: int
    strata: int
    weight_sum: float
    weather_cells: int
    weather_cells_with_a_site: int
    mean_distance_to_nearest_site: float | None
    quantization_error: float | None
    left_out: dict[str, int]
    balance: list[dict[str, Any]]
    by_stratum: list[dict[str, Any]]


def facts_of(design: YearDesign) -> SitesOfYear:
    """Everything the report says about a year, as JSON values."""
    weights = design.strata["weight_sum"]
    return {
        "year": design.order.year,
        "design": design.order.design.name,
        "allocation": design.order.allocation,
        "seed": design.order.seed,
        "candidates": design.candidates,
        "sites": len(design.sites),
        "reserves": len(design.reserves),
        "strata": len(design.strata),
        "weight_sum": float(weights.sum()),
        "weather_cells": int((design.cell_pixels > 0).sum()),
        "weather_cells_with_a_site": design.sites["cell_id"].n_unique(),
        "mean_distance_to_nearest_site": _or_none(design.mean_distance),
        "quantization_error": _or_none(design.mean_square),
        "left_out": design.left_out,
        "balance": [
            {key: _or_none(value) for key, value in asdict(item).items()} for item in design.balance
        ],
        "by_stratum": design.strata.to_dicts(),
    }


def _or_none(value: Any) -> Any:  # noqa: ANN401 - numbers and texts
    return None if isinstance(value, float) and math.isnan(value) else value


def write_balance_json(path: Path, designs: Sequence[YearDesign], record: Provenance) -> None:
    """Write the facts of all years."""
    write_text(path, json.dumps([facts_of(design) for design in designs], indent=1) + "\n")
    write_sidecar(path, record)


def write_balance_html(path: Path, designs: Sequence[YearDesign], record: Provenance) -> None:
    """Write the report of all years, pictures inside."""
    parts = [_section(design) for design in designs]
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Sites against land</title><style>{page_css()}</style></head><body>"
        '<header class="top"><div class="inner"><h1>Sites against land</h1></div></header><main>'
        "<section><p>How far the drawn sites represent the candidate pixels. A standardized mean "
        "difference (SMD) is in standard deviations of the land; a Kolmogorov-Smirnov distance "
        "(KS) is the largest gap between the two cumulative distributions. Weighted figures count "
        "each site as often as the pixels it stands for.</p></section>"
        + "".join(f"<section>{part}</section>" for part in parts)
        + f"</main><footer>digest {escape(record.digest)}, rootzone {escape(record.code)}</footer>"
        "</body></html>\n"
    )
    write_text(path, text)
    write_sidecar(path, record)


def _section(design: YearDesign) -> str:
    facts = facts_of(design)
    order = design.order
    summary = (
        f"<p>{facts['sites']:,} sites and {facts['reserves']:,} reserves out of "
        f"{facts['candidates']:,} candidate pixels in {facts['strata']} strata; design "
        f"{escape(order.design.name)}, {escape(order.allocation)} allocation, seed {order.seed}. "
        f"{facts['weather_cells_with_a_site']:,} of {facts['weather_cells']:,} weather cells have "
        f"a site. {_distance(design)}</p>"
    )
    return (
        f"<h2>{order.year}</h2>{summary}"
        + _image(map_of_sites(design), "map of sites by weather cell")
        + "<h3>Covariates</h3>"
        + _balance_table(design)
        + _image(chart_of_covariates(design), "cumulative distributions of land and sites")
        + "<h3>Strata</h3>"
        + _image(chart_of_strata(design), "share of pixels and sites by stratum")
        + _strata_rows(design)
        + "<h3>Pixels left out</h3>"
        + _table(
            ("reason", "pixels"),
            [(REASONS[key], f"{count:,}") for key, count in design.left_out.items()],
        )
    )


def _distance(design: YearDesign) -> str:
    if math.isnan(design.mean_distance):
        return "No stratum was large enough for clusters."
    return (
        f"In clustered strata a pixel is on average {design.mean_distance:.4f} land standard "
        f"deviations from its site (quantization error {design.mean_square:.5f})."
    )


def _balance_table(design: YearDesign) -> str:
    head = ("covariate", "land mean", "land sd", "site mean", "SMD", "SMD unweighted", "KS",
            "KS unweighted")  # fmt: skip
    rows = [
        (
            f"{item.name} [{item.unit}]",
            *(f"{value:.4g}" for value in (item.land_mean, item.land_sd, item.site_mean)),
            *(f"{value:+.4f}" for value in (item.smd, item.smd_unweighted)),
            *(f"{value:.4f}" for value in (item.ks, item.ks_unweighted)),
        )
        for item in design.balance
    ]
    return _table(head, rows)


def _strata_rows(design: YearDesign) -> str:
    head = ("stratum", "name", "pixels", "sites", "reserves", "picked by", "sum of weights",
            "smallest weight", "largest weight")  # fmt: skip
    rows = [
        (
            row["stratum"],
            row["title"],
            *(f"{row[name]:,}" for name in ("pixels", "sites", "reserves")),
            row["picked_by"],
            *(f"{row[name]:,.1f}" for name in ("weight_sum", "weight_min", "weight_max")),
        )
        for row in design.strata.iter_rows(named=True)
    ]
    return _table(head, rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    table = f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _image(data: bytes, alt: str) -> str:
    return f'<figure><img alt="{escape(alt)}" src="{png_uri(data)}"></figure>'
