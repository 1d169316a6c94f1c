"""Survey of the land: every candidate of the grid into band files, window by window, resumable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rootzone import __version__
from rootzone._shared.arrays import AnyArray, IntArray
from rootzone._shared.digests import digest_json
from rootzone._shared.parts import Parts
from rootzone._shared.seal import read_sealed_json
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.design.candidates import LAYERS, REASONS, Rules, find_candidates
from rootzone.design.classes import stratum_code
from rootzone.design.features import STORED, Moments, cell_ids
from rootzone.design.read_bands import Store
from rootzone.design.run_tasks import run_tasks
from rootzone.design.write_bands import is_done, write_note, write_sorted

BAND_PX = 6_000_000  # pixels in a band: about 600 MB while it is being read
_TILE_ROWS = 64  # bands of whole tiles, so that a file's blocks are not unpacked twice
_LAYOUT = 2  # raise when the files of a survey change


class LandReader(Protocol):
    """Anything that reads aligned layers of a grid. It is sent to worker processes.

    ``read_window`` returns one array per name with the shape of the window: class codes as
    integers, values as floats with NaN where missing. It may add ``inside``.
    """

    @property
    def grid(self) -> MasterGrid:
        """The master grid."""

    def read_window(self, names: Sequence[str], window: Window) -> Mapping[str, AnyArray]:
        """The layers of those names in a window."""


@dataclass(frozen=True)
class Survey:
    """What the land holds.

    Parameters
    ----------
    folder : Path
        Where the band files lie.
    grid : MasterGrid
        The master grid.
    rules : Rules
        What a candidate is.
    bands : int
        Number of bands.
    """

    folder: Path
    grid: MasterGrid
    rules: Rules
    bands: int

    @cached_property
    def codes(self) -> IntArray:
        """Every stratum number the class tables allow, ascending; the groups of the store."""
        return strata_codes(self.rules)

    @cached_property
    def store(self) -> Store:
        """The candidates, grouped by stratum."""
        return Store([band_path(self.folder, band) for band in range(self.bands)])

    @cached_property
    def _notes(self) -> list[dict[str, Any]]:
        return [read_sealed_json(_note_path(self.folder, b)) for b in range(self.bands)]

    @cached_property
    def left_out(self) -> dict[str, int]:
        """Pixels that are no candidates, by reason."""
        return {r: sum(note["left_out"].get(r, 0) for note in self._notes) for r in REASONS}

    @cached_property
    def strata(self) -> dict[int, Moments]:
        """Moments of the candidates of each stratum that has any, by ascending number."""
        out: dict[int, Moments] = {}
        for note in self._notes:
            for code, moments in note["strata"].items():
                out[int(code)] = out.get(int(code), Moments()) + Moments(**moments)
        return dict(sorted(out.items()))

    @cached_property
    def land(self) -> Moments:
        """Moments of all candidates."""
        return sum(self.strata.values(), Moments())

    def histograms(self) -> IntArray:
        """Candidates per whole number of each stored feature, shape (stored feature, 65536)."""
        total = np.zeros((len(STORED), 65536), dtype=np.int64)
        for band in range(self.bands):
            stored = _counts(self.folder, band)
            total[stored["feature"], stored["value"]] += stored["count"]
        return total

    def pixels_per_cell(self) -> IntArray:
        """Candidates of each weather cell, shape (row, col) of the weather grid."""
        weather = self.rules.weather
        total = np.zeros(weather.rows * weather.cols, dtype=np.int64)
        for band in range(self.bands):
            stored = _counts(self.folder, band)
            total[stored["cell"]] += stored["per_cell"]
        return total.reshape(weather.rows, weather.cols)


def strata_codes(rules: Rules) -> IntArray:
    """Every pair of a land-cover and a climate class as a number, ascending."""
    cover = np.array(sorted(rules.land_cover.labels))
    zone = np.array(sorted(rules.climate.labels))
    return np.asarray(stratum_code(cover[:, None], zone[None, :]).ravel(), dtype=np.int64)


def survey_digest(grid: MasterGrid, rules: Rules, source_digest: str) -> str:
    """What decides the candidates: version, grid, rules and the digest of the rasters."""
    return digest_json([__version__, _LAYOUT, grid.to_dict(), asdict(rules), source_digest])


def run_survey(
    reader: LandReader,
    rules: Rules,
    folder: Path,
    *,
    source_digest: str,
    workers: int = 1,
    band_px: int = BAND_PX,
) -> Survey:
    """Survey the land, or what is left of it: bands that are done already are kept.

    Parameters
    ----------
    reader : LandReader
        Where layers come from.
    rules : Rules
        What a candidate is.
    folder : Path
        Parent of the survey's folder, whose name holds a digest of everything that decides it.
    source_digest : str
        Digest of the rasters and how they are read.
    workers : int
        Processes.
    band_px : int
        Pixels read at a time, at least one row.

    Raises
    ------
    RequestError
        A layer holds unknown codes.
    """
    from joblib import delayed

    grid = reader.grid
    rows = max(1, band_px // grid.width)
    rows -= rows % _TILE_ROWS if rows > _TILE_ROWS else 0
    key = f"{survey_digest(grid, rules, source_digest)}-{rows}"
    place = folder / f"survey-{key}"
    windows = list(band_windows(grid, rows))
    todo = [band for band in range(len(windows)) if not is_done(_note_path(place, band))]
    calls = [delayed(survey_band)(reader, rules, windows[band], place, band) for band in todo]
    run_tasks(calls, workers, "reading bands of the land", len(windows) - len(todo))
    return Survey(place, grid, rules, len(windows))


def band_windows(grid: MasterGrid, rows: int) -> Iterator[Window]:
    """Windows of the grid's whole width, from the top."""
    for row in range(0, grid.height, rows):
        yield Window(row, 0, min(rows, grid.height - row), grid.width)


def survey_band(reader: LandReader, rules: Rules, window: Window, folder: Path, band: int) -> None:
    """Write the candidates of one band; its note comes last and says that it is done."""
    found = find_candidates(reader.read_window(LAYERS, window), reader.grid, window, rules)
    codes = strata_codes(rules)
    group = np.searchsorted(codes, found.stratum)
    write_sorted(band_path(folder, band), found.records, group, len(codes))
    cells = cell_ids(found.records["q"], rules.weather.cols)
    Parts(folder).put(_counts_name(band), _count(found.records["q"], cells))
    store = Store([band_path(folder, band)])
    strata = {
        int(codes[g]): asdict(Moments.of(store.group(int(g))["q"]))
        for g in np.flatnonzero(store.sizes)
    }
    note = {"left_out": found.left_out, "strata": strata}
    write_note(_note_path(folder, band), note, band_path(folder, band))


def _count(q: AnyArray, cells: AnyArray) -> dict[str, AnyArray]:
    """Candidates per whole number of each feature, and per weather cell."""
    counts = np.stack([np.bincount(q[:, i], minlength=65536) for i in range(q.shape[1])])
    feature, value = np.nonzero(counts)
    cell, per_cell = np.unique(cells, return_counts=True)
    return {
        "feature": feature.astype(np.uint8),
        "value": value.astype(np.uint16),
        "count": counts[feature, value],
        "cell": cell,
        "per_cell": per_cell,
    }


def _counts(folder: Path, band: int) -> dict[str, AnyArray]:
    return Parts(folder).get(_counts_name(band))


def band_path(folder: Path, band: int) -> Path:
    """Records of a band."""
    return folder / f"band-{band:05d}.npy"


def _note_path(folder: Path, band: int) -> Path:
    return folder / f"band-{band:05d}.json"


def _counts_name(band: int) -> str:
    return f"band-{band:05d}-counts"
