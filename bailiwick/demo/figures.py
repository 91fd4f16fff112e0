"""The line that is printed while the demo runs: one small query every few seconds."""

from __future__ import annotations

from pathlib import Path

from bailiwick.demo.fleet_process import PROGRESS, read_when_there
from store import Reading

EVERY_S = 5.0
HEADING = "   time  connected        sent      stored  a second  violations  alerts  parked"


async def figures_line(reading: Reading, folder: Path, elapsed_s: float) -> str:
    """What has been sent, and what has come of it."""
    counts = await reading.counts()
    fleet = read_when_there(folder / PROGRESS) or {"connections": 0, "sent": 0}
    minutes, seconds = divmod(int(elapsed_s), 60)
    return (
        f"{minutes:4d}:{seconds:02d} {fleet['connections']:10,d} {fleet['sent']:11,d} {counts.facts:11,d} "
        f"{counts.facts_per_s:9,.0f} {sum(counts.violations_open.values()):11,d} "
        f"{sum(counts.alerts_active.values()):7,d} {sum(counts.dead_letters.values()):7,d}"
    )
