"""What a process and its children use: seconds of CPU, megabytes of memory. Linux; elsewhere nothing is known."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME, _CUTIME, _CSTIME = 11, 12, 13, 14
"""Places in ``/proc/PID/stat`` after the name."""


def cpu_s(pid: int) -> float:
    """Seconds of CPU of a process, of the children that it has outlived, and of those that live; 0 when it is gone."""
    mine = _stat(pid)
    if not mine:
        return 0.0
    total = sum(int(mine[place]) for place in (_UTIME, _STIME, _CUTIME, _CSTIME)) / _TICKS_A_SECOND
    return total + sum(cpu_s(child) for child in children_of(pid))


def memory_mb(pid: int) -> float:
    """Megabytes held by a process and its children; what they share is counted once. 0 when it is gone."""
    return own_memory_mb(pid) + sum(memory_mb(child) for child in children_of(pid))


def children_of(pid: int) -> list[int]:
    """Process ids of its living children."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def own_memory_mb(pid: int) -> float:
    """Megabytes held by a process alone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
