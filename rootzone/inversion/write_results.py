"""Everything an inversion of many stations leaves behind: tables, text, figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from rootzone._shared.atomic import write_text
from rootzone._shared.names import file_stem
from rootzone._shared.provenance import Provenance
from rootzone._shared.write_frames import write_frame
from rootzone.inversion import figures
from rootzone.inversion.invert_station import Inversion
from rootzone.inversion.scores import scores_of
from rootzone.inversion.summary import (
    as_markdown,
    inversion_frame,
    score_frame,
    seasons_as_markdown,
    summarise,
)


def write_results(
    out: Path,
    found: Sequence[Inversion],
    depths_m: Sequence[float],
    record: Provenance,
    *,
    seed: int,
    with_figures: bool = True,
) -> str:
    """Write tables, text and figures of some inversions into a folder.

    Parameters
    ----------
    out : Path
        Folder.
    found : sequence of Inversion
        One a station.
    depths_m : sequence of float
        Nominal depths that sensors are counted for [m].
    record : Provenance
        What made them.
    seed : int
        Seed of the bootstrap.
    with_figures : bool
        Whether figures are drawn.

    Returns
    -------
    str
        The text of ``summary.md``.
    """
    scores = score_frame([row for one in found for row in scores_of(one)], depths_m)
    medians = summarise(scores, seed)
    write_frame(out / "inversions.parquet", inversion_frame(found), record)
    write_frame(out / "scores.parquet", scores, record)
    write_frame(out / "summary.parquet", medians, record)
    text = summary_text(medians)
    write_text(out / "summary.md", text)
    if with_figures:
        figures.summary_figure(medians, out / "summary.png", record)
        for one in found:
            name = file_stem(f"{one.network}_{one.station}")
            figures.station_figure(one, out / "figures" / f"{name}.png", record)
    return text


def summary_text(medians: pl.DataFrame) -> str:
    """The summary in words and tables."""
    return "\n".join(
        [
            "Medians over stations, 95 % bootstrap intervals over stations in brackets.",
            "\nHeld-out years, all seasons:\n",
            as_markdown(medians, "held_out"),
            "\nAll station-years, fixed loam:\n",
            as_markdown(medians, "all"),
            "\nHeld-out years at 20 cm, by season:\n",
            seasons_as_markdown(medians, "held_out", 0.20),
            "",
        ]
    )
