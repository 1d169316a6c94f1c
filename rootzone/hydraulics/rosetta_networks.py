"""Rosetta 3 with bulk density and measured water contents (H3 to H5), by its own networks.

Texture alone has 5,151 vertices and is looked up. Four to six inputs have too many for a table, so
the thousand small networks themselves are packed, and evaluated here in blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.resources import resource_path
from rootzone._shared.units import mm_from_cm

SOURCE = "rosetta-soil 0.3.2, Rosetta 3 (Zhang and Schaap 2017), mean of logarithms"
# From a network's sigmoid to theta_r, theta_s, log10 alpha [cm-1], log10 n, log10 Ks [cm d-1].
_SCALE = np.array([1.0, 1.0, -8.0, 1.5, 8.0])
_OFFSET = np.array([0.0, 0.0, 2.0, 0.0, -2.0])
_N_HIDDEN = 6
_N_OUT = 5
_BLOCK = 128  # rows whose six thousand hidden values stay in the cache


@dataclass(frozen=True)
class Networks:
    """One model of Rosetta 3.

    Parameters
    ----------
    w1, b1 : array of float32, shapes (input, member * 6) and (member * 6,)
        First layer; inputs are sand, silt, clay [%], bulk density [g cm-3], and the water contents
        at 33 and 1500 kPa [m3 m-3].
    w2, b2 : array of float32, shapes (member, 6, 5) and (member, 5)
        Second layer.
    """

    w1: AnyArray
    b1: AnyArray
    w2: AnyArray
    b2: AnyArray


@cache
def read_networks(name: str) -> Networks:
    """The packed networks of ``rosetta3_h3``, ``rosetta3_h4`` or ``rosetta3_h5``.

    Raises
    ------
    RequestError
        The file is not there.
    """
    path = resource_path(f"data/rosetta/{name}.npz")
    if not path.is_file():
        raise RequestError(f"{path} is missing; build it with scripts/build_rosetta_networks.py.")
    with np.load(path, allow_pickle=False) as stored:
        return Networks(*(stored[key] for key in ("w1", "b1", "w2", "b2")))


def _moments(inputs: AnyArray, nets: Networks) -> FloatArray:
    """Mean and mean square of the members' outputs, shape (2, 5, row), of a block of rows.

    The members lie first, so that both layers are matrix products and NumPy's single-precision tanh
    takes several numbers at once.
    """
    n_member = nets.b2.shape[0]
    hidden = np.tanh(inputs @ nets.w1 + nets.b1).reshape(-1, n_member, _N_HIDDEN)
    out = np.matmul(hidden.transpose(1, 0, 2), nets.w2) + nets.b2[:, np.newaxis, :]
    out = 0.5 + 0.5 * np.tanh(0.5 * out)  # the logistic function
    moments = np.stack([out.mean(axis=0, dtype=np.float64), (out**2).mean(axis=0, dtype=float)])
    return np.asarray(moments.transpose(0, 2, 1))


def rosetta_networks(name: str, inputs: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Parameters by the mean of the members, and the members' spread.

    Parameters
    ----------
    name : str
        ``rosetta3_h3`` to ``rosetta3_h5``.
    inputs : sequence of array, shape (row,) each
        Sand, silt, clay [%], bulk density [g cm-3], then as the model needs them the measured
        water contents at 33 and 1500 kPa [m3 m-3].

    Returns
    -------
    parameters : array, shape (5, row)
        theta_r, theta_s [m3 m-3], alpha [cm-1], n [-], Ks [mm d-1]; NaN where an input is.
    spread : array, shape (5, row)
        Standard deviation over the members: of theta_r and theta_s [m3 m-3], and of log10 alpha,
        log10 n and log10 Ks.

    References
    ----------
    Zhang and Schaap (2017), doi:10.1016/j.jhydrol.2017.01.004
    """
    nets = read_networks(name)
    given = np.stack([np.asarray(values, np.float64) for values in inputs], axis=1)
    if given.shape[1] != nets.w1.shape[0]:
        raise ValueError(f"{name} takes {nets.w1.shape[0]} inputs, not {given.shape[1]}")
    good = np.isfinite(given).all(axis=1)
    rows = given[good].astype(np.float32)
    sums = np.zeros((2, _N_OUT, rows.shape[0]))
    for start in range(0, rows.shape[0], _BLOCK):
        sums[:, :, start : start + _BLOCK] = _moments(rows[start : start + _BLOCK], nets)
    mean = sums[0] * _SCALE[:, np.newaxis] + _OFFSET[:, np.newaxis]
    spread = np.full((_N_OUT, good.size), np.nan)
    spread[:, good] = np.sqrt(np.maximum(sums[1] - sums[0] ** 2, 0.0)) * np.abs(_SCALE[:, None])
    mean[2:] = 10.0 ** mean[2:]
    mean[4] = mm_from_cm(mean[4])
    parameters = np.full((_N_OUT, good.size), np.nan)
    parameters[:, good] = mean
    return parameters, spread
