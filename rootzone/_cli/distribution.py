"""``rootzone distribution``: how labels or station values are distributed."""

from __future__ import annotations

from pathlib import Path

import click

from rootzone._cli._options import json_option
from rootzone._shared.json_text import json_text


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path), required=False)
@click.option(
    "--depth", "depth_mm", type=click.FloatRange(0), help="Only this depth [mm]; default: all."
)
@click.option(
    "--depth-tolerance",
    default=10.0,
    type=click.FloatRange(0),
    show_default=True,
    help="How far a depth may be from it [mm]; 8 inches are 3.2 mm from 200.",
)
@click.option(
    "--bin-width",
    default=0.01,
    type=click.FloatRange(5e-5, 1),
    show_default=True,
    help="Bins of the L1 [m3 m-3].",
)
@click.option(
    "--workers", default=2, type=click.IntRange(1), show_default=True, help="Files read at a time."
)
@json_option
def command(
    source: Path,
    other: Path | None,
    depth_mm: float | None,
    depth_tolerance: float,
    bin_width: float,
    workers: int,
    as_json: bool,
) -> None:
    """Print rows, mean, sd, extremes and percentiles of the water contents in SOURCE.

    SOURCE is a folder of labels or a Parquet table with a column theta. With OTHER, the L1
    distance of the two histograms is added: 0 for the same, 2 for no overlap.
    """
    from rootzone.labels.distribution import RESOLUTION, histogram_l1
    from rootzone.labels.read_labels import read_distribution

    found = {}
    for path in (source, other):
        if path is not None:
            name = str(path) if str(path) not in found else f"{path} (again)"
            found[name] = read_distribution(
                path, depth_mm, tolerance_mm=depth_tolerance, workers=workers
            )
    report: dict[str, object] = {
        name: {"unweighted": one.summary(), "weighted": one.summary(weighted=True)}
        for name, one in found.items()
    }
    if len(found) == 2:
        one, two = found.values()
        report["histogram_l1"] = {
            "bin_width": bin_width,
            "unweighted": histogram_l1(one, two, bin_width),
            "weighted": histogram_l1(one, two, bin_width, weighted=True),
        }
    if as_json:
        click.echo(json_text({"resolution": RESOLUTION, **report}))
        return
    for name, one in found.items():
        for kind in (False, True):
            click.echo(f"{name}, {'weighted' if kind else 'unweighted'} [m3 m-3]")
            for key, value in one.summary(weighted=kind).items():
                counted = key in {"rows", "not_finite", "below_0", "above_1"}
                click.echo(
                    f"  {key:<11}{int(value):>12d}" if counted else f"  {key:<11}{value:>12.6f}"
                )
    if len(found) == 2:
        for weighted in (False, True):
            distance = histogram_l1(one, two, bin_width, weighted=weighted)
            kind_name = "weighted" if weighted else "unweighted"
            click.echo(f"histogram L1, bins of {bin_width:g}, {kind_name}: {distance:.4f} (0 to 2)")
    click.echo(f"percentiles are right to {RESOLUTION:g} m3 m-3", err=True)
