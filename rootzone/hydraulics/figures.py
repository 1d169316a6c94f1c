"""Draw the retention and conductivity curves of a soils table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.errors import RequestError
from rootzone._shared.figure_style import figure_bytes, new_figure, plain, styled
from rootzone._shared.provenance import Provenance, inputs_of, write_sidecar
from rootzone._shared.table_files import read_table
from rootzone._shared.tables import SOILS
from rootzone.hydraulics.van_genuchten import conductivity_from_psi, theta_from_psi

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

_NEEDED = ("theta_r", "theta_s", "alpha_per_cm", "n", "ll15", "dul", "sat", "psidul_cm")
_MAX_CURVES = 12
_LL15_SUCTION_CM = 15_000.0


def draw_soils(soils: Path, out: Path) -> None:
    """Write a figure of retention and conductivity curves, with LL15 and DUL marked.

    Up to twelve sites are drawn, evenly spread over the table, each by its top layer; a table of
    one site is drawn layer by layer.

    Parameters
    ----------
    soils : Path
        A soils table with van Genuchten parameters.
    out : Path
        ``.png`` or ``.svg``.

    Raises
    ------
    RequestError
        The table lacks a column, or the ending is another.
    """
    if out.suffix not in (".png", ".svg"):
        raise RequestError(f"{out} ends in {out.suffix!r}; figures end in .png or .svg.")
    figure = soils_figure(read_table(soils, SOILS, required=_NEEDED))
    with atomic_path(out) as temporary:
        temporary.write_bytes(figure_bytes(figure, out.suffix[1:]))
    write_sidecar(out, Provenance("rootzone soils --figure", inputs_of({"soils": soils})))


@styled
def soils_figure(frame: pl.DataFrame) -> Figure:
    """The figure of ``draw_soils`` from a soils table in memory."""
    from matplotlib import colormaps

    rows, labels = _curves(frame)
    suction = np.logspace(0.0, 6.0, 300)
    colours = colormaps["viridis"](np.linspace(0.0, 0.9, len(labels)))
    figure = new_figure(9.5, 4.2)
    retention, conductivity = figure.subplots(1, 2, sharex=True)
    for i, (label, colour) in enumerate(zip(labels, colours, strict=True)):
        soil = {name: float(rows[name][i]) for name in (*_NEEDED, "ks_mm_d")}
        _draw_one(retention, conductivity, suction, soil, colour, label)
    retention.set(ylabel="water content [m³ m⁻³]", xlabel="suction [cm]", xscale="log")
    conductivity.set(ylabel="conductivity [mm d⁻¹]", xlabel="suction [cm]", yscale="log")
    conductivity.set_ylim(bottom=1e-8)
    retention.plot([], [], "o", color="grey", label="DUL")
    retention.plot([], [], "s", color="grey", label="LL15")
    handles, names = retention.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right upper", fontsize="small", frameon=False)
    return figure


def _draw_one(
    retention: Any,  # noqa: ANN401 - matplotlib axes
    conductivity: Any,  # noqa: ANN401
    suction_cm: FloatArray,
    soil: dict[str, float],
    colour: Any,  # noqa: ANN401
    label: str,
) -> None:
    shape = (soil["alpha_per_cm"], soil["n"])
    theta = theta_from_psi(-suction_cm, soil["theta_r"], soil["theta_s"], *shape)
    retention.plot(suction_cm, theta, color=colour, label=plain(label))
    retention.plot(-soil["psidul_cm"], soil["dul"], "o", color=colour, markersize=4)
    retention.plot(_LL15_SUCTION_CM, soil["ll15"], "s", color=colour, markersize=4)
    k = conductivity_from_psi(-suction_cm, soil["ks_mm_d"], *shape)
    conductivity.plot(suction_cm, k, color=colour)


def _curves(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The rows to draw and their names."""
    import polars as pl

    top = frame.filter(pl.col("layer") == pl.col("layer").min().over("site_id"))
    if top.height == 1:
        rows = frame.sort("layer").head(_MAX_CURVES)
        return rows, [f"{site}, layer {layer}" for site, layer in rows["site_id", "layer"].rows()]
    chosen = np.unique(np.linspace(0, top.height - 1, _MAX_CURVES).round().astype(int))
    rows = top[chosen.tolist()]
    return rows, [str(site) for site in rows["site_id"]]
