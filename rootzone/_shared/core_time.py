"""Time that cores spent on this process: what a cluster bills, however crowded the machine is."""

from __future__ import annotations

import os


def core_seconds() -> float:
    """Core time of this process since its start, threads and ended child processes included [s]."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
