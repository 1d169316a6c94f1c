"""A small network over the days before: dilated causal convolutions on a station's weather.

It sees the same weather and assumed soils as the trees, as daily series rather than as sums over
windows, and learns its own memory of up to 256 days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.seeds import stream
from rootzone.learning.points.samples import MEASURED_SOIL, PointStation

# Centre and half-range of each input, fixed: never taken from the stations at hand.
SCALES: Mapping[str, tuple[float, float]] = {
    "pet_mm": (4.0, 4.0),
    "tmean_degc": (10.0, 20.0),
    "radn_mj_m2": (15.0, 15.0),
    "season_sin": (0.0, 1.0),
    "season_cos": (0.0, 1.0),
    "rain_per_year_mm": (800.0, 600.0),
    "pet_per_year_mm": (1200.0, 600.0),
    "tmean_year_degc": (10.0, 10.0),
    "tmean_seasonality_degc": (8.0, 5.0),
    "warm_rain_share": (0.5, 0.3),
}
THETA_SCALE = (0.2, 0.1)
TARGET_SCALE = 0.06  # standard deviation of a station about its mean, roughly [m3 m-3]


@dataclass(frozen=True)
class TcnSettings:
    """Size and training.

    Parameters
    ----------
    channels, kernel : int
        Width of each layer and days each of its filters spans.
    dilations : tuple of int
        Step between these days, a layer each; the receptive field is
        1 + (kernel - 1) times their sum.
    steps, batch : int
        Training steps, and windows in each.
    window_days : int
        Days scored of a window; the receptive field is read before them.
    learning_rate, weight_decay, dropout : float
        Of AdamW with a cosine fall, and of the layers.
    """

    channels: int = 32
    kernel: int = 4
    dilations: tuple[int, ...] = (1, 4, 16, 64)
    steps: int = 300
    batch: int = 16
    window_days: int = 512
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    dropout: float = 0.1

    @property
    def reach_days(self) -> int:
        """Days before the day itself that count."""
        return (self.kernel - 1) * sum(self.dilations)


class Tcn(nn.Module):
    """Causal residual convolutions, (batch, input, day) to (batch, day).

    Parameters
    ----------
    n_input : int
        Daily inputs.
    settings : TcnSettings
        Size.
    """

    def __init__(self, n_input: int, settings: TcnSettings) -> None:
        super().__init__()
        width = settings.channels
        self.enter = nn.Conv1d(n_input, width, 1)
        self.layers = nn.ModuleList(
            nn.Conv1d(width, width, settings.kernel, dilation=step) for step in settings.dilations
        )
        self.mix = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in settings.dilations)
        self.drop = nn.Dropout1d(settings.dropout)
        self.leave = nn.Conv1d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Output of every day that has a whole receptive field; later days never reach it."""
        hidden = torch.relu(self.enter(x))
        for layer, mix in zip(self.layers, self.mix, strict=True):
            new = self.drop(mix(torch.relu(layer(hidden))))
            hidden = torch.relu(hidden[..., -new.shape[-1] :] + new)
        out: Tensor = self.leave(hidden)[:, 0]
        return out


def daily_inputs(station: PointStation, reach_days: int) -> AnyArray:
    """Scaled daily inputs of a station, its first day repeated before the record.

    Returns
    -------
    array of float32, shape (input, reach_days + day)
    """
    rows = [np.log1p(station.columns["rain_mm"]) - 0.5]
    rows += [(station.columns[name] - mid) / half for name, (mid, half) in SCALES.items()]
    mid, half = THETA_SCALE
    rows += [
        (np.nan_to_num(theta, nan=mid) - mid) / half
        for name, theta in station.simulated.items()
        if name not in ("inverted", MEASURED_SOIL)
    ]
    series = np.stack(rows).astype(np.float32)
    return np.asarray(np.pad(series, ((0, 0), (reach_days, 0)), mode="edge"))


def train_tcn(
    stations: Sequence[PointStation],
    targets: Sequence[FloatArray],
    settings: TcnSettings,
    seed: int,
) -> Tcn:
    """Train on some stations.

    Parameters
    ----------
    stations : sequence of PointStation
        Whose weather is shown.
    targets : sequence of array, shape (day,)
        What to predict of each station [m3 m-3]; NaN on days that do not train.
    settings : TcnSettings
        Size and training.
    seed : int
        Of weights, windows and dropout; the state of torch's own generator is kept.
    """
    inputs = [daily_inputs(one, settings.reach_days) for one in stations]
    known = [np.flatnonzero(np.isfinite(target)) for target in targets]
    chances = np.array([len(days) for days in known], dtype=np.float64)
    rng = stream(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Tcn(inputs[0].shape[0], settings)
        optimiser = torch.optim.AdamW(
            model.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.steps)
        for _ in range(settings.steps):
            chosen = rng.choice(len(stations), settings.batch, p=chances / chances.sum())
            x, y = _windows(inputs, targets, known, chosen, settings, rng)
            counted = torch.isfinite(y)
            error = torch.where(counted, model(x) - torch.nan_to_num(y) / TARGET_SCALE, 0.0)
            loss = (error**2).sum() / counted.sum().clamp(min=1)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            falling.step()
    return model.eval()


def _windows(
    inputs: Sequence[AnyArray],
    targets: Sequence[FloatArray],
    known: Sequence[AnyArray],
    chosen: AnyArray,
    settings: TcnSettings,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """Windows that each hold a day with a target; shorter records are padded with days unscored."""
    length = settings.window_days + settings.reach_days
    x = np.zeros((len(chosen), inputs[0].shape[0], length), dtype=np.float32)
    y = np.full((len(chosen), settings.window_days), np.nan, dtype=np.float32)
    for i, k in enumerate(chosen.tolist()):
        n_day = len(targets[k])
        around = int(rng.choice(known[k])) - int(rng.integers(0, settings.window_days))
        first = min(max(around, 0), max(n_day - settings.window_days, 0))
        series = inputs[k][:, first : first + length]
        theta = targets[k][first : first + settings.window_days]
        x[i, :, : series.shape[1]] = series
        y[i, : len(theta)] = theta
    return torch.from_numpy(x), torch.from_numpy(y)


def predict_tcn(model: Tcn, station: PointStation, settings: TcnSettings) -> FloatArray:
    """Prediction for every day of a station's record [m3 m-3]."""
    series = torch.from_numpy(daily_inputs(station, settings.reach_days))[None]
    with torch.inference_mode():
        out = model(series)[0].double().numpy() * TARGET_SCALE
    return np.asarray(out, dtype=np.float64)
