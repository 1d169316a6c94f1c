"""How good the daily images are, by where their pixels come from, in the made-up province.

    python benchmarks/fusion_daily.py [--days 60] [--json]

A MODIS-like day temperature of 1 km (noise 1.2 K, clouds) and a GLASS-like composite of eight days
and 5 km (noise 1.5 K, 2 K too warm) are made into an image of every day; the true temperature is
known. Beside it what the days before would say: each pixel's last value.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
from _figures import Figures, parser

from rootzone._shared.arrays import FloatArray
from rootzone.covariates.grid import MasterGrid
from rootzone.surface.fusion.daily import DailySettings, Origin, Series, fill_day
from rootzone.surface.grids.aggregate import spread
from rootzone.surface.grids.cell_grid import piece_of
from rootzone.surface.worlds import look
from rootzone.surface.worlds.look_coarse import eight_days
from rootzone.surface.worlds.province import Province, ProvinceSettings, make_province


def main() -> None:
    asked = parser(__doc__)
    asked.add_argument("--days", type=int, default=60)
    given = asked.parse_args()
    figures = Figures()
    province = make_province(
        ProvinceSettings(side_km=36, first="2022-05-01", last="2022-08-31"), threads=None
    )
    score(figures, province, given.days)
    figures.show(as_json=given.json)


def score(figures: Figures, province: Province, n_days: int) -> None:
    """RMSE and bias of every origin over some days in the middle."""
    rng = np.random.default_rng(0)
    ndvi = look.true_ndvi(province)
    truth = look.true_temperature_k(province, ndvi)
    seen = look.surface_temperature_k(province, ndvi, rng).astype(np.float64)
    rough = eight_days(province, ndvi, seen.astype(np.float32), rng)
    grid, side = province.grid, rough.lst_k.shape[1]
    cells = MasterGrid(grid.crs, 5 * grid.resolution_m, grid.left, grid.top, side, side, 64)
    kept = piece_of(grid, 0, 0, 5 * side, 5 * side)  # what composites of 5 km cover
    first = province.dates[0].astype(object)
    truth, seen = truth[:, : kept.height, : kept.width], seen[:, : kept.height, : kept.width]

    def date(number: int) -> dt.date:
        return first + dt.timedelta(days=int(number))

    coarse = {
        date(day + 4): spread(field.astype(np.float64), cells, kept, "bilinear")
        for day, field in zip(rough.first, rough.lst_k, strict=True)
    }
    fine_series = Series([date(k) for k in range(len(seen))], lambda d: seen[(d - first).days])
    coarse_series = Series(list(coarse), lambda d: coarse[d])
    settings = DailySettings((200.0, 350.0), unbiased=False)
    start = (len(seen) - n_days) // 2
    off: dict[str, list[FloatArray]] = {}
    last = np.full(truth.shape[1:], np.nan)
    for number in range(start + n_days):
        if number >= start:
            told = fill_day(
                date(number), fine_series, coarse_series,
                lambda d: float(np.isfinite(seen[(d - first).days]).mean()), settings,
            )  # fmt: skip
            for code in Origin:
                there = told.origin == code
                off.setdefault(code.name.lower(), []).append((told.values - truth[number])[there])
            gap = np.isnan(seen[number])
            off.setdefault("all gaps", []).append((told.values - truth[number])[gap])
            off.setdefault("gaps by the last value", []).append((last - truth[number])[gap])
        last = np.where(np.isfinite(seen[number]), seen[number], last)
    for name, parts in off.items():
        errors = np.concatenate(parts)
        errors = errors[np.isfinite(errors)]
        figures.add(f"{name}: share of pixel-days", errors.size / truth[:n_days].size, "-")
        if errors.size:
            figures.add(f"{name}: RMSE", np.sqrt((errors**2).mean()), "K")
            figures.add(f"{name}: bias", errors.mean(), "K")


if __name__ == "__main__":
    main()
