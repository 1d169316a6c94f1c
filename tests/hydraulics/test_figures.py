"""The retention and conductivity figure."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import read_provenance
from rootzone.hydraulics.figures import draw_soils, soils_figure
from rootzone.hydraulics.run_soils import run_soils
from rootzone.hydraulics.van_genuchten import theta_from_psi


def _soils(folder: Path, sites: int, layers: int = 1) -> Path:
    rows = [
        f"{site},{10 * layer}-{10 * (layer + 1)},{30 + site},40,{30 - site}"
        for site in range(sites)
        for layer in range(layers)
    ]
    (folder / "t.csv").write_text("site,depth,sand,silt,clay\n" + "\n".join(rows) + "\n")
    run_soils(folder / "t.csv", folder / "s.parquet")
    return folder / "s.parquet"


def test_curves_are_those_of_the_table(tmp_path: Path) -> None:
    frame = pl.read_parquet(_soils(tmp_path, 2))
    figure = soils_figure(frame)
    line = figure.axes[0].get_lines()[0]
    suction, theta = line.get_xdata(), line.get_ydata()
    soil = frame.row(0, named=True)
    expected = theta_from_psi(
        -np.asarray(suction), soil["theta_r"], soil["theta_s"], soil["alpha_per_cm"], soil["n"]
    )
    assert np.array_equal(theta, expected)


@pytest.mark.parametrize(("sites", "layers", "drawn"), [(1, 3, 3), (5, 2, 5), (25, 1, 12)])
def test_how_many_curves_are_drawn(tmp_path: Path, sites: int, layers: int, drawn: int) -> None:
    figure = soils_figure(pl.read_parquet(_soils(tmp_path, sites, layers)))
    assert len(figure.axes[1].get_lines()) == drawn


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_figure_is_written_with_its_provenance(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"soils.{ending}"
    draw_soils(_soils(tmp_path, 2), out)
    assert out.stat().st_size > 1000
    assert read_provenance(out).verb == "rootzone soils --figure"


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"\.png or \.svg"):
        draw_soils(tmp_path / "none.parquet", tmp_path / "soils.jpg")
