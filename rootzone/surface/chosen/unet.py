"""A small U-Net as a candidate: what a pixel and the seven around it in each direction tell.

A table of samples has rows and the network reads windows, so each row carries its window (column
`WINDOW`), cut from the bands of its day and scale on the lattice that maps are made on: a station
is told what its pixel on the map is told. Earth Engine has no networks; the map of the network is
made here and is one more band of the image that is sent there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, Float32Array, FloatArray, IntArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.digests import digest_bytes
from rootzone._shared.seal import check
from rootzone.surface.chosen.network_fits import alone, one_thread, stations_to_stop_by
from rootzone.surface.select.graph import Node

if TYPE_CHECKING:
    import torch

    from rootzone.networks.batch import Batch
    from rootzone.networks.families.unet import ModelConfig

WINDOW: Final = "window"
NEEDS: Final = (WINDOW, "row", "col")
"""Columns that a table of samples has for the network: a window, and its pixel on the lattice."""
STRIDE_PX, HALO_PX = 2, 8  # of `shape_of`; the halo holds its reach of 7 on the lattice
SIDE_PX: Final = STRIDE_PX + 2 * HALO_PX
_BATCH, _STEPS_AN_EPOCH, _MOST_TO_STOP_BY = 64, 10, 256
_BLOCK: Final = 512


def shape_of(n_channels: int) -> ModelConfig:
    """One step down and up, 16 wide, without anything that prints the lattice on a map."""
    from rootzone.networks.families.unet import ModelConfig

    return ModelConfig.reading(
        "unet_smooth", n_channels, widths=(16,), encoder_convs=(1,), decoder_convs=(1,)
    )


def cut_windows(fields: FloatArray, row: IntArray, col: IntArray) -> Float32Array:
    """Windows of 18 x 18 px of the lattice round some pixels; NaN beyond the rim.

    Parameters
    ----------
    fields : array, shape (channel, row, col)
        Bands of a day.
    row, col : array of int, shape (sample,)
        Pixels.

    Returns
    -------
    array, shape (sample, channel, 18, 18)
        The pixel lies at `HALO_PX` and 0 or 1 px more, by its place on the lattice.

    Examples
    --------
    >>> cut_windows(np.arange(16.0).reshape(1, 4, 4), np.array([3]), np.array([0]))[0, 0, 9, 8]
    np.float32(12.0)
    """
    around = ((0, 0), (HALO_PX, HALO_PX + STRIDE_PX), (HALO_PX, HALO_PX + STRIDE_PX))
    padded = np.pad(np.asarray(fields, np.float32), around, constant_values=np.nan)
    side = np.arange(SIDE_PX)
    rows = (row - row % STRIDE_PX)[:, None, None] + side[:, None]
    cols = (col - col % STRIDE_PX)[:, None, None] + side
    return np.asarray(padded[:, rows, cols].swapaxes(0, 1))


@dataclass(frozen=True)
class UNet:
    """A U-Net from scaled bands to water content, trained on stations.

    Parameters
    ----------
    bands : sequence of str
        Channels of the windows, in order.
    steps : int
        Steps of training over 64 windows; a quarter of the stations tells when to stop.
    """

    bands: Sequence[str]
    steps: int = 150
    name: str = "unet"
    needs: tuple[str, ...] = NEEDS

    def fit(self, samples: pl.DataFrame, seed: int) -> FittedUNet:
        """Train on the windows of some stations, and take the epoch best at the others.

        Raises
        ------
        RequestError
            There are fewer than four stations.
        """
        from rootzone.networks.mixing import STATION
        from rootzone.networks.run_training import new_network, train
        from rootzone.networks.settings import TrainSettings

        place, stop = stations_to_stop_by(samples, seed, self.name)
        found = _Windows.of(samples, place)
        middle = found.middle()[~stop].astype(np.float64)
        scale = middle.std(axis=0)
        mean, scale = middle.mean(axis=0), np.where(scale > 0.0, scale, 1.0)
        whole = found.scaled(mean, scale)
        judges = np.flatnonzero(stop)
        judges = judges[:: 1 + judges.size // _MOST_TO_STOP_BY]
        settings = TrainSettings(
            epochs=max(1, self.steps // _STEPS_AN_EPOCH), steps_per_epoch=_STEPS_AN_EPOCH,
            batch_size=_BATCH, optimiser="adamw", learning_rate=5e-3, weight_decay=1e-2,
            lr_schedule="cosine", patience_epochs=10, seed=seed, physics="none",
        )  # fmt: skip
        with alone() as folder:
            network: Any = new_network(shape_of(len(self.bands)), seed)
            usual = float(np.clip(found.theta[~stop].mean(), 0.01, 0.9))
            # Starts at the mean, so that steps are spent on what differs from it.
            network.head.bias.data.fill_(float(np.log(usual / (1.0 - usual))))
            result = train(
                network, {STATION: whole.of_rows(np.flatnonzero(~stop))}, whole.of_rows(judges),
                settings, folder,
            )  # fmt: skip
        weights = {n: np.ascontiguousarray(v.numpy()) for n, v in result.weights.items()}
        return FittedUNet(tuple(self.bands), mean, scale, weights)


@dataclass(frozen=True)
class FittedUNet:
    """A U-Net that has been fitted.

    Parameters
    ----------
    bands : tuple of str
        Its channels.
    mean, scale : array, shape (channel,)
        What a channel has taken from it, and is divided by.
    weights : mapping of str to array
        State of the network.
    """

    bands: tuple[str, ...]
    mean: FloatArray
    scale: FloatArray
    weights: Mapping[str, AnyArray]

    @cached_property
    def band(self) -> str:
        """Name of the band that holds its map; other weights have another name."""
        told = sorted(self._arrays().items())
        whole = b"".join(name.encode() + np.ascontiguousarray(v).tobytes() for name, v in told)
        return f"theta_unet_{digest_bytes(whole)[:8]}"

    def predict(self, samples: pl.DataFrame) -> FloatArray:
        """Water content at the pixel of every window [m3 m-3]; NaN where a band is missing."""
        found = _Windows.of(samples, np.zeros(samples.height, np.int64))
        x = found.scaled(self.mean, self.scale).x
        told = np.concatenate([
            np.empty((0, SIDE_PX, SIDE_PX)),
            *(self._run(x[k : k + _BLOCK]) for k in range(0, len(x), _BLOCK)),
        ])  # fmt: skip
        theta = told[np.arange(len(x)), found.row, found.col]
        return np.where(np.isfinite(found.middle()).all(axis=1), theta, np.nan)

    def on_map(self, fields: Mapping[str, FloatArray]) -> FloatArray:
        """Water content at every pixel of a region [m3 m-3], shape (row, col)."""
        stacked = np.stack([np.asarray(fields[name], np.float32) for name in self.bands])
        height, width = stacked.shape[1:]
        more = [(HALO_PX, HALO_PX + length % STRIDE_PX) for length in (height, width)]
        x = np.pad(_scaled(stacked, self.mean, self.scale), [(0, 0), *more],
                   constant_values=np.nan)  # fmt: skip
        theta = np.full((height, width), np.nan)
        for r in range(0, height, _BLOCK):
            for c in range(0, width, _BLOCK):
                part = x[None, :, r : r + _BLOCK + 2 * HALO_PX, c : c + _BLOCK + 2 * HALO_PX]
                told = self._run(part)[0, HALO_PX:-HALO_PX, HALO_PX:-HALO_PX]
                here = theta[r : r + _BLOCK, c : c + _BLOCK]
                here[:] = told[: here.shape[0], : here.shape[1]]
        return np.where(np.isfinite(stacked).all(axis=0), theta, np.nan)

    def graph(self, bands: Mapping[str, Node]) -> Node | None:
        """Its band, where there is one: no expression holds the network itself."""
        return bands.get(self.band)

    def write(self, path: Path) -> None:
        """Keep the network."""
        from safetensors.numpy import save_file

        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            save_file(self._arrays(), temporary)

    @classmethod
    def read(cls, path: Path, bands: Sequence[str]) -> FittedUNet:
        """What was kept; ``bands`` as it was fitted with."""
        from safetensors.numpy import load_file

        kept = load_file(check(path, "rootzone surface train makes it again."))
        mean, scale = (np.asarray(kept.pop(f"channel_{n}")) for n in ("mean", "scale"))
        return cls(tuple(bands), mean, scale, kept)

    def _arrays(self) -> dict[str, AnyArray]:
        return {**self.weights, "channel_mean": self.mean, "channel_scale": self.scale}

    @cached_property
    def _network(self) -> Any:  # noqa: ANN401 - a module
        import torch

        from rootzone.networks.run_training import new_network

        network = new_network(shape_of(len(self.bands)), 0)
        network.load_state_dict({n: torch.from_numpy(np.array(v)) for n, v in self.weights.items()})
        return network.eval()

    def _run(self, x: Float32Array) -> FloatArray:
        import torch

        with torch.inference_mode(), one_thread():
            told = self._network(torch.from_numpy(np.ascontiguousarray(x))).theta[:, 0]
        return np.asarray(told.double().numpy())


@dataclass(frozen=True)
class _Windows:
    """Windows with the place of their pixel and what a station said there, for the training loop.

    Attributes
    ----------
    x : array, shape (sample, channel, 18, 18)
    row, col : array of int, shape (sample,)
        Of the pixel inside its window.
    theta : array, shape (sample,)
        Water content [m3 m-3]; NaN where it is not known.
    day, place : array of int, shape (sample,)
    """

    x: Float32Array
    row: IntArray
    col: IntArray
    theta: FloatArray
    day: IntArray
    place: IntArray
    source: str = "station"

    @classmethod
    def of(cls, samples: pl.DataFrame, place: IntArray) -> _Windows:
        flat = samples[WINDOW].to_numpy()
        row, col = (samples[n].to_numpy().astype(np.int64) % STRIDE_PX for n in ("row", "col"))
        return cls(
            flat.reshape(samples.height, -1, SIDE_PX, SIDE_PX), row + HALO_PX, col + HALO_PX,
            samples["theta"].cast(pl.Float64).to_numpy(),
            samples["date"].cast(pl.Int32).to_numpy().astype(np.int64), place,
        )  # fmt: skip

    def __len__(self) -> int:
        return int(self.theta.size)

    def middle(self) -> Float32Array:
        """Bands of the pixels themselves, shape (sample, channel)."""
        return np.asarray(self.x[np.arange(len(self)), :, self.row, self.col])

    def scaled(self, mean: FloatArray, scale: FloatArray) -> _Windows:
        """Windows as the network sees them."""
        return self._with(_scaled(self.x, mean, scale), np.arange(len(self)))

    def of_rows(self, chosen: IntArray) -> _Windows:
        """Some of them."""
        return self._with(self.x[chosen], chosen)

    def _with(self, x: Float32Array, chosen: IntArray) -> _Windows:
        return _Windows(
            x, self.row[chosen], self.col[chosen], self.theta[chosen], self.day[chosen],
            self.place[chosen],
        )  # fmt: skip

    def batch(self, indices: AnyArray, device: torch.device | str = "cpu") -> Batch:
        """Some windows; the label is that of the pixel."""
        import torch

        from rootzone.networks.batch import Batch

        one = self.of_rows(np.asarray(indices))
        n = len(one)
        y = torch.zeros(n, 1, SIDE_PX, SIDE_PX)
        y[torch.arange(n), 0, torch.from_numpy(one.row), torch.from_numpy(one.col)] = (
            torch.from_numpy(one.theta).float()
        )
        mask = torch.zeros(n, 1, SIDE_PX, SIDE_PX, dtype=torch.bool)
        mask[torch.arange(n), 0, torch.from_numpy(one.row), torch.from_numpy(one.col)] = True
        whole = Batch(
            x=torch.from_numpy(one.x), y=y, mask=mask, weight=mask.float(), halo_px=HALO_PX,
            soil=torch.full((n, 1, 4, SIDE_PX, SIDE_PX), torch.nan),
            tile=torch.from_numpy(one.place), date=torch.from_numpy(one.day),
        )  # fmt: skip
        return whole.to(device)


def _scaled(x: Float32Array, mean: FloatArray, scale: FloatArray) -> Float32Array:
    """Channels on the third axis from the end, scaled."""
    m, s = (np.asarray(v, np.float32)[:, None, None] for v in (mean, scale))
    return np.asarray((x - m) / s, np.float32)
