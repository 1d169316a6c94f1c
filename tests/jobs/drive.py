"""``rootzone`` with a test engine, as a program: ``python -m tests.jobs.drive ENGINE ...``.

ENGINE is JSON: keywords of ``MakeBucket``. With ``fsize`` in it, no file may grow beyond so many
bytes, which is how a disk that is full looks to a process.
"""

from __future__ import annotations

import json
import resource
import sys

from rootzone._cli import main
from rootzone.jobs.driver import run_campaign
from rootzone.jobs.record import read_state
from rootzone.jobs.shard import run_shard

from .engines import MakeBucket


def _drive() -> None:
    words = json.loads(sys.argv[1])
    limit = words.pop("fsize", None)
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    for name in ("hangs", "kills", "never", "short", "needs_small_steps"):
        words[name] = frozenset(words.get(name, ()))
    words["kills_once"] = tuple(words.get("kills_once", (0, "")))
    engine = MakeBucket(**words)
    for module in (read_state, run_campaign):
        module.make_engine_of = lambda campaign, **how: engine  # type: ignore[attr-defined]
    # Nobody may edit an engine between two runs of a test.
    run_shard.engine_code = lambda: "test"  # type: ignore[assignment]
    sys.argv = ["rootzone", *sys.argv[2:]]
    main()


if __name__ == "__main__":
    _drive()
