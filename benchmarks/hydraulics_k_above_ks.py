"""What each way with a micropore K above KS does to theta at 20 cm, beside van Genuchten's physics.

Three sandy textures under the four climates of ../shared/reference/swim3, two years each: the
embedded SWIM3 with its own stepping and mended curves, with APSIM's stepping and faults, on soils
made with ``on_k_above_ks`` as note and as lower_ll15. The yardstick is the van Genuchten-Mualem
engine on the same texture.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from _figures import Figures, parser

WEATHER = Path(__file__).resolve().parents[2] / "shared" / "reference" / "swim3" / "weather.parquet"
TEXTURES = {"sand 92/5/3": (92, 5, 3), "sand 88/8/4": (88, 8, 4), "loamy sand 82/12/6": (82, 12, 6)}
LAYERS = "50,50,50,50,100,100,100,200,200,200,200,200"
RUNS = (
    ("note, own stepping", "note", ("--physics", "swim3")),
    ("note, APSIM's faults", "note", ("--physics", "swim3", "--stepping", "apsim")),
    ("lower_ll15, own stepping", "lower_ll15", ("--physics", "swim3")),
    ("lower_ll15, APSIM's faults", "lower_ll15", ("--physics", "swim3", "--stepping", "apsim")),
)


def rootzone(*arguments: object) -> None:
    """Run a verb and stop if it fails."""
    command = [sys.executable, "-c", "from rootzone._cli import main; main()"]
    subprocess.run([*command, *map(str, arguments)], check=True, capture_output=True)


def write_inputs(folder: Path) -> None:
    """Weather, and soils made in both ways."""
    weather = pl.read_parquet(WEATHER)
    weather.select(
        "date", cell_id="weather", rain_mm="rain", eo_mm="eo"
    ).write_parquet(folder / "weather.parquet")  # fmt: skip
    rows = [
        {"site": f"{name}|{cell}", "cell": cell, "depth": "0-150",
         "sand": texture[0], "silt": texture[1], "clay": texture[2]}
        for name, texture in TEXTURES.items()
        for cell in weather["weather"].unique().sort()
    ]  # fmt: skip
    pl.DataFrame(rows).write_csv(folder / "textures.csv")
    for way in ("note", "lower_ll15"):
        out = folder / f"soils_{way}.parquet"
        rootzone("soils", folder / "textures.csv", "--out", out, "--layers", LAYERS,
                 "--set", f"on_k_above_ks={way}")  # fmt: skip


def theta_20cm(folder: Path, way: str, options: tuple[str, ...]) -> pl.DataFrame:
    """Daily theta at 20 cm: by hand a third of the way from 175 to 250 mm."""
    out = folder / "profiles.parquet"
    soils = folder / f"soils_{way}.parquet"
    inputs = ("--soils", soils, "--weather", folder / "weather.parquet", "--out", out)
    rootzone("simulate-tables", *inputs, "--threads", 1, "--force", *options)
    frame = pl.read_parquet(out)
    theta = np.array(frame["theta"].to_list())
    at_20cm = theta[:, 3] + (theta[:, 4] - theta[:, 3]) / 3.0
    return frame.select("site_id", "date").with_columns(pl.Series("theta", at_20cm))


def main() -> None:
    arguments = parser(__doc__.splitlines()[0]).parse_args()
    figures = Figures()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder)
        truth = theta_20cm(folder, "note", ("--physics", "van_genuchten"))
        for label, way, options in RUNS:
            both = truth.join(theta_20cm(folder, way, options), on=["site_id", "date"], suffix="_2")
            for texture in TEXTURES:
                part = both.filter(pl.col("site_id").str.starts_with(texture))
                error = (part["theta_2"] - part["theta"]).to_numpy()
                figures.add(f"{texture}, {label}, RMSD", np.sqrt(np.mean(error**2)), "m3 m-3")
                figures.add(f"{texture}, {label}, bias", np.mean(error), "m3 m-3")
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
