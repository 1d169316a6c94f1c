"""The log of a training run: ``log.csv`` always, TensorBoard where it is installed."""

from __future__ import annotations

import csv
import importlib.util
import io
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rootzone._shared.atomic import write_text
from rootzone._shared.provenance import Provenance, sidecar_of, write_sidecar
from rootzone._shared.seal import damage

Row = Mapping[str, Any]
LOG = "log.csv"
_LOG = logging.getLogger(__name__)


def write_log(path: Path, member: int, rows: Sequence[Row]) -> None:
    """Write the epochs of one network; those of other networks in the file stay.

    The file is written whole each time, so a resumed run leaves no epoch twice. Its digest lies
    beside it, as for every file that cannot hold one; that of the file before is taken away first,
    so that a kill leaves a log without a digest at worst.

    Parameters
    ----------
    path : Path
        The CSV file.
    member : int
        Number of the network in its ensemble, from 0.
    rows : sequence of mapping
        One an epoch; the columns are those of the first.
    """
    others = [row for row in read_log(path) if int(row["member"]) != member]
    ours = [{"member": member, **row} for row in rows]
    kept = sorted([*others, *ours], key=lambda row: int(row["member"]))
    if not kept:
        return
    text = io.StringIO()
    writer = csv.DictWriter(text, list(ours[0] if ours else kept[0]), extrasaction="ignore")
    writer.writeheader()
    writer.writerows({key: _short(value) for key, value in row.items()} for row in kept)
    sidecar_of(path).unlink(missing_ok=True)
    write_text(path, text.getvalue())
    write_sidecar(path, Provenance("rootzone train"))


def read_log(path: Path) -> list[dict[str, str]]:
    """Rows of a log, as text; empty where there is none, or a damaged one, which is told."""
    problem = damage(path)
    if problem is not None:
        _LOG.warning("%s is damaged and is begun again: %s", path, problem)
    if problem is not None or not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _short(value: Any) -> Any:  # noqa: ANN401 - any cell
    return f"{value:.6g}" if isinstance(value, float) else value


class Events:
    """TensorBoard's event files beside the log, where the package is there; else nothing.

    Parameters
    ----------
    folder : Path
        Folder of the event files.
    """

    def __init__(self, folder: Path) -> None:
        self._writer: Any = None
        if importlib.util.find_spec("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(folder))

    def add(self, row: Row) -> None:
        """Keep the numbers of an epoch."""
        if self._writer is None:
            return
        for name, value in row.items():
            if isinstance(value, int | float) and name not in ("epoch", "step"):
                self._writer.add_scalar(name, value, int(row["step"]))
        self._writer.flush()
