"""How many cores this process may use."""

from __future__ import annotations

import os


def cores_given() -> int:
    """Cores this process may use: its affinity, its share of them by cgroup, or Slurm's, if fewer.

    Slurm and ``taskset`` set the affinity; ``docker --cpus`` and Kubernetes leave it alone and set
    a quota (cgroup version 1 or 2), which is rounded up to whole cores.
    """
    from joblib.externals.loky import cpu_count

    cores = int(cpu_count())
    asked = os.environ.get("SLURM_CPUS_PER_TASK", "")
    return max(1, min(cores, int(asked) if asked.isdigit() and int(asked) > 0 else cores))
