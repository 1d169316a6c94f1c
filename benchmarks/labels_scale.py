"""Labels of the paper's size: 359 million rows built and their distribution, on synthetic shards.

A shard is 2,500 sites x 731 days x 12 layers. Twenty distinct shards are made and linked under as
many names as the size asks for, so the disk holds 1/10 of what is read; everything is deleted
afterwards. Peak memory is that of the process that builds labels and table, threads included.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from _figures import Figures, parser

SITES, DAYS = 2500, 731
THICKNESS_MM = [50.0] * 4 + [100.0] * 3 + [200.0] * 5
PAPER_ROWS = 358_708_860
DISTINCT = 20


def make_shard(path: Path, number: int) -> None:
    """Smooth random profiles, rounded to 1e-4 as a float32 file compresses in practice."""
    rng = np.random.default_rng(number)
    level = rng.beta(8, 25, (SITES, 1, 1)).astype(np.float32)
    walk = rng.normal(0, 0.004, (SITES, DAYS, len(THICKNESS_MM))).astype(np.float32)
    theta = np.clip(level + np.cumsum(walk, axis=1) * 0.2, 0.02, 0.5)
    theta = np.round(theta, 4).reshape(-1)
    rows = SITES * DAYS
    offsets = np.arange(rows + 1, dtype=np.int32) * len(THICKNESS_MM)
    days = np.tile(np.arange(DAYS, dtype=np.int32) + 19_358, SITES)  # 2023-01-01 on
    table = pa.table(
        {
            "site_id": np.repeat(np.arange(SITES) + number * SITES, DAYS),
            "date": pa.array(days, pa.int32()).cast(pa.date32()),
            "theta": pa.ListArray.from_arrays(offsets, theta),
        }
    )
    path.parent.mkdir(parents=True)
    pq.write_table(table, path, compression="zstd")


def measure(folder: Path, workers: int) -> None:
    """Build labels and table; figures as JSON on stdout, for the parent."""
    from rootzone._shared.profile_depths import LabelDepth
    from rootzone._shared.provenance import Provenance
    from rootzone.labels.layering import layerings_from_thickness
    from rootzone.labels.make_labels import LabelRule, SiteFacts
    from rootzone.labels.read_labels import read_distribution
    from rootzone.labels.write_labels import LabelJob, write_all

    shards = sorted((folder / "runs").glob("shard=*/profiles.parquet"))
    n_site = SITES * len(shards)
    facts = {i: SiteFacts(f"{i % 40}|BSk", 600.0 + i % 97) for i in range(n_site)}
    rule = LabelRule(
        [LabelDepth(200.0)], layerings_from_thickness(THICKNESS_MM, "mid_layer"), facts
    )
    record = Provenance("rootzone labels", settings={"benchmark": True})
    jobs = [LabelJob(path, path.parent.name[6:], rule, "swim", record) for path in shards]
    start = time.perf_counter()
    counts = write_all(jobs, folder / "labels", workers=workers)
    built = time.perf_counter()
    table = read_distribution(folder / "labels", 200.0, workers=workers)
    done = time.perf_counter()
    if not table.n == counts.labels == counts.profile_rows == len(shards) * SITES * DAYS:
        raise SystemExit(f"rows were lost: {table.n} of {counts}")
    size = sum(path.stat().st_size for path in (folder / "labels").rglob("*.parquet"))
    facts_out = {
        "rows": table.n,
        "labels_s": built - start,
        "table_s": done - built,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
        "labels_gb": size / 1e9,
        "mean": table.summary()["mean"],
    }
    print(json.dumps(facts_out))


def run(shards: int, workers: int) -> dict[str, float]:
    folder = Path(tempfile.mkdtemp(prefix="rootzone-labels-"))
    try:
        distinct = min(DISTINCT, shards)
        for number in range(shards):
            path = folder / "runs" / f"shard={number:05d}" / "profiles.parquet"
            if number < distinct:
                make_shard(path, number)
            else:
                path.parent.mkdir(parents=True)
                os.link(folder / "runs" / f"shard={number % distinct:05d}" / path.name, path)
        command = [sys.executable, __file__, "--measure", str(folder), "--workers", str(workers)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return dict(json.loads(done.stdout))
    finally:
        shutil.rmtree(folder)


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--shards", type=int, default=-(-PAPER_ROWS // (SITES * DAYS)))
    parsed.add_argument("--workers", type=int, default=2)
    parsed.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    args = parsed.parse_args()
    if args.measure:
        measure(args.measure, args.workers)
        return
    found = run(args.shards, args.workers)
    share = found["rows"] / PAPER_ROWS
    figures = Figures()
    figures.add("label rows", found["rows"], "row")
    figures.add("labels built", found["labels_s"], "s", f"<= {600 * share:.0f}")
    figures.add("rate of building", found["rows"] / found["labels_s"] / 1e6, "million rows/s")
    figures.add("distribution table", found["table_s"], "s", f"<= {90 * share:.0f}")
    figures.add("rate of the table", found["rows"] / found["table_s"] / 1e6, "million rows/s")
    figures.add("peak memory", found["peak_gb"], "GB", "<= 4")
    figures.add("labels on disk", found["labels_gb"], "GB")
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
