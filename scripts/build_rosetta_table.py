"""Build data/rosetta/rosetta3_geo.csv and its metadata from rosetta-soil (a dev dependency).

    python scripts/build_rosetta_table.py [--out data/rosetta]

The table holds Rosetta 3's texture-only model (code 2) at the 5,151 integer textures, ordered by
sand, then silt. ``estimate_type='log'`` returns the ensemble mean of log10 alpha, log10 n and
log10 Ks, which is what Eq. 10 interpolates; ``'geo'`` is the same estimate as natural values, and
``'arith'``, the package's default, averages natural values and is pulled up by a few members.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

COLUMNS = ("theta_r", "theta_s", "log10_alpha_per_cm", "log10_n", "log10_ks_cm_d")
STEM = "rosetta3_geo"


def integer_textures() -> np.ndarray:
    """All integer (sand, silt, clay) [%], ordered by sand, then silt; shape (5151, 3)."""
    return np.array(
        [(sand, silt, 100 - sand - silt) for sand in range(101) for silt in range(101 - sand)]
    )


def rosetta_values(textures: np.ndarray) -> np.ndarray:
    """Rosetta 3, texture only, mean of logarithms; shape (row, 5), columns as ``COLUMNS``."""
    from rosetta import rosetta

    mean, _, codes = rosetta(3, textures.tolist(), estimate_type="log")
    if not (codes == 2).all():
        raise RuntimeError("Rosetta did not use its texture-only model for every texture")
    return np.asarray(mean[:, :5])


def table_text(textures: np.ndarray, values: np.ndarray) -> str:
    """CSV text with eight decimals: 2e-8 of alpha, n and Ks, far below Rosetta's own spread."""
    lines = [",".join(("sand_pct", "silt_pct", "clay_pct", *COLUMNS))]
    for texture, row in zip(textures, values, strict=True):
        cells = [str(part) for part in texture] + [f"{value:.8f}" for value in row]
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def metadata(text: str) -> dict[str, object]:
    """What the reader checks and reports."""
    return {
        "table": f"{STEM}.csv",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "rows": text.count("\n") - 1,
        "rosetta_version": 3,
        "model": "2: sand, silt, clay",
        "estimate_type": "geo (stored as estimate_type 'log': means of log10 alpha, n and Ks)",
        "package": f"rosetta-soil {version('rosetta-soil')}",
        "licence": "CC0 1.0, USDA-ARS US Salinity Laboratory",
        "reference": "Zhang and Schaap (2017), doi:10.1016/j.jhydrol.2017.01.004",
        "units": {
            "theta": "m3 m-3",
            "alpha": "log10 of cm-1",
            "n": "log10",
            "ks": "log10 of cm d-1",
        },
    }


def main() -> None:
    """Write the table and its metadata."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).resolve().parents[1] / "data" / "rosetta"
    parser.add_argument("--out", type=Path, default=default, help="folder to write into")
    folder = parser.parse_args().out
    textures = integer_textures()
    text = table_text(textures, rosetta_values(textures))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{STEM}.csv").write_text(text, encoding="utf-8", newline="\n")
    (folder / f"{STEM}.json").write_text(json.dumps(metadata(text), indent=2) + "\n")
    print(f"{folder / STEM}.csv: {len(textures)} textures")


if __name__ == "__main__":
    main()
