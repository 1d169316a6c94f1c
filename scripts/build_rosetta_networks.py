"""Build data/rosetta/rosetta3_h3.npz to _h5.npz from rosetta-soil (a dev dependency).

    python scripts/build_rosetta_networks.py [--out data/rosetta]

Each file holds the thousand small networks of one model of Rosetta 3, as plain arrays in single
precision, without pickles: ``w1`` (input, member * 6), ``b1``, ``w2`` (member, 6, 5), ``b2``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

MODELS = {"rosetta3_h3": 3, "rosetta3_h4": 4, "rosetta3_h5": 5}
_INPUT_SCALE = {3: [0.01] * 3 + [1.0], 4: [0.01] * 3 + [1.0] * 2, 5: [0.01] * 3 + [1.0] * 3}


def network_arrays(code: int) -> dict[str, np.ndarray]:
    """The members of one model, inputs in percent and natural units folded into ``w1``."""
    from rosetta.rosetta import Rosetta

    model = Rosetta(3, code).model0
    scales = [float(entry["params"][1]) for entry in model.inputs]
    if scales != _INPUT_SCALE[code]:
        raise RuntimeError(f"model {code} scales its inputs in another way: {scales}")
    first = np.stack([np.asarray(member[0]) for member in model.weights])  # (member, 6, input)
    second = np.stack([np.asarray(member[1]) for member in model.weights])  # (member, 5, 6)
    hidden = first.reshape(-1, first.shape[2]).T * np.asarray(scales)[:, np.newaxis]
    arrays = {
        "w1": hidden,
        "b1": np.stack([np.ravel(member[0]) for member in model.biases]).ravel(),
        "w2": second.transpose(0, 2, 1),
        "b2": np.stack([np.ravel(member[1]) for member in model.biases]),
    }
    return {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}


def main() -> None:
    """Write the three files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).resolve().parents[1] / "data" / "rosetta"
    parser.add_argument("--out", type=Path, default=default, help="folder to write into")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for name, code in MODELS.items():
        np.savez_compressed(folder / f"{name}.npz", **network_arrays(code))
        print(f"{folder / name}.npz")


if __name__ == "__main__":
    main()
