"""The report of a campaign: one page, and its figures as files where they are wanted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rootzone._shared.atomic import atomic_path
from rootzone._shared.errors import RequestError
from rootzone._shared.figure_style import figure_bytes
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone.report import skill_section as skill
from rootzone.report.campaign_section import campaign_section
from rootzone.report.document import Document, Plot, Section, Text, absent, write_document
from rootzone.report.labels_section import labels_section
from rootzone.report.learning_section import learning_section
from rootzone.report.map_section import map_section
from rootzone.report.methods_section import methods_section
from rootzone.report.provenance_section import content_digests, provenance_section
from rootzone.report.read_inputs import ReportInputs
from rootzone.report.sites_section import sites_section
from rootzone.report.soils_section import soils_section
from rootzone.report.surface_section import has_surface, surface_section
from rootzone.report.trust_section import trust_section
from rootzone.report.water_section import water_section

_LOG = logging.getLogger(__name__)
Build = Callable[[ReportInputs], Section]
# In the order of the page: what a stranger wants to see first, then how it came about.
_SECTIONS: tuple[tuple[str, str, Build], ...] = (
    ("maps", "Maps", map_section),
    ("skill", "Skill", skill.skill_section),
    ("learning", "Learning", learning_section),
    ("labels", "Labels", labels_section),
    ("sites", "Sites", sites_section),
    ("soils", "Soils", soils_section),
    ("water", "Water", water_section),
    ("trust", "Trust", trust_section),
    ("methods", "Methods", methods_section),
    ("provenance", "Provenance", provenance_section),
)


def write_report(inputs: ReportInputs, figures: str | None = None) -> dict[str, Any]:
    """Write the report, and its figures beside it.

    Parameters
    ----------
    inputs : ReportInputs
        The campaign.
    figures : str, optional
        ``svg`` or ``png``: every figure as a file too.

    Returns
    -------
    dict
        The page, its size, its sections and whether their inputs are there, and the figures.
    """
    document = report_document(inputs)
    record = Provenance(
        "rootzone report",
        {"campaign": inputs.digest, **content_digests(inputs)},
        {"run": inputs.run},
    )
    out = inputs.workspace.report
    write_document(out, document, record)
    files = [
        _export(plot, out.parent / "figures", figures, record)
        for plot in (document.plots if figures else [])
    ]
    return {
        "report": str(out),
        "mb": round(out.stat().st_size / 1e6, 3),
        "digest": record.digest,
        "sections": {section.key: section.there for section in document.sections},
        "figures": [str(path) for path in files],
    }


def report_document(inputs: ReportInputs) -> Document:
    """The page: a section whose table is damaged says so, and the others stand.

    Surface moisture has a section where there is any, and the page for itself where nothing of the
    root zone was begun.
    """
    surface = [("surface", "Surface", surface_section)] if has_surface(inputs) else []
    if surface and inputs.sites is None:
        return _surface_alone(inputs)
    chosen = [*_SECTIONS[:2], *surface, *_SECTIONS[2:]]
    rest = [_built(inputs, key, name, build) for key, name, build in chosen]
    try:
        headline = skill.headline(inputs)
    except RequestError:  # its own section tells
        headline = []
    campaign = inputs.campaign
    return Document(
        "Root-zone soil moisture",
        f"Campaign {campaign.name}: "
        + (campaign.description or "from texture and weather to water at depth"),
        [campaign_section(inputs, headline), *rest],
    )


def _surface_alone(inputs: ReportInputs) -> Document:
    campaign = inputs.campaign
    surface = _built(inputs, "surface", "Surface", surface_section)
    if inputs.made_up:
        note = Text(f"What is not real here: {inputs.made_up}", "note")
        surface = replace(surface, blocks=[note, *surface.blocks])
    lead = campaign.description or "from what satellites see to water in the top 5 cm"
    return Document(
        "Surface soil moisture", f"Campaign {campaign.name}: {lead}",
        [surface, _built(inputs, "provenance", "Provenance", provenance_section)],
    )  # fmt: skip


def _built(inputs: ReportInputs, key: str, name: str, build: Build) -> Section:
    try:
        return build(inputs)
    except RequestError as error:
        _LOG.warning("the section %s cannot be made: %s", key, error)
        return absent(key, name, name, f"This section cannot be made: {error}")


def _export(plot: Plot, folder: Path, kind: str | None, record: Provenance) -> Path:
    path = folder / f"{plot.name}.{kind}"
    with atomic_path(path) as temporary:
        temporary.write_bytes(figure_bytes(plot.figure, str(kind)))
    write_sidecar(path, record)
    return path
