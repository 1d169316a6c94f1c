"""Small profile files for tests, written as an engine would."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rootzone._shared.provenance import METADATA_KEY, Provenance


def write_profiles(
    path: Path,
    theta: dict[int | str, np.ndarray],
    first_day: str = "2022-12-30",
    *,
    nodes: Sequence[float] | None = None,
    physics: str = "van_genuchten",
) -> Path:
    """Profiles of some sites, theta of shape (day, layer) each."""
    sites, days, lists = [], [], []
    for site, values in theta.items():
        sites += [site] * len(values)
        days += list(np.arange(len(values)) + np.datetime64(first_day))
        lists += values.tolist()
    record = Provenance(
        "rootzone simulate", settings={"engine": "swim", "physics": physics, "stepping": "apsim"}
    )
    metadata = {METADATA_KEY: record.to_json().encode()}
    if nodes is not None:
        metadata[b"node_depth_mm"] = json.dumps({str(len(nodes)): list(nodes)}).encode()
    table = pa.table(
        {
            "site_id": sites,
            "date": pa.array(np.array(days, dtype="datetime64[D]")),
            "theta": pa.array(lists, pa.list_(pa.float32())),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path
