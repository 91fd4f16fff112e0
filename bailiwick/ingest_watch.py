"""What dispatch looks for on ingest's behalf: that nobody judges (failure 25). A process that has ended raises no alert."""

from __future__ import annotations

from collections import deque
from typing import Final

import structlog

from alerts.work_store import AlertWork

EVERY_S: Final = 5.0
LOOKS: Final = 12
ENOUGH: Final = 9
"""Of the looks of the last minute, so many without any ingest are no restart: it has ended, or ends again whenever it begins."""

log = structlog.get_logger("dispatch")


class IngestWatch:
    """Raises `ingest_deaf` where no ingest has been at work for most of a minute; the first tick of the next one clears it."""

    def __init__(self, work: AlertWork) -> None:
        self._work = work
        self._nobody: deque[bool] = deque(maxlen=LOOKS)

    async def look(self, now_us: int) -> None:
        """Once; while such an alert is active there is no second."""
        self._nobody.append(await self._work.nobody_ingests())
        if self._nobody[-1] and sum(self._nobody) >= ENOUGH and await self._work.raise_deaf(now_us):
            log.error("no ingest is at work: nothing is judged")
