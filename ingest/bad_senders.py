"""A device that sends nothing but bad messages is reported once, as a `fault` (wire.md), not a thousand times.

Ten bad messages in a row raise one alert of the device; its next good message clears it. What is counted is a function
of the lines alone, so that a recovery counts the same again.
"""

from __future__ import annotations

import msgspec
import numpy as np

from domain.commits import AlertChange
from domain.facts import Batch, LineKind, Roster
from domain.vocabulary import AlertCondition, Kind, Severity

BAD_IN_A_ROW = 10


class BadRun(msgspec.Struct, array_like=True):
    """Bad messages in a row; ``reported_us`` is the instant of the tenth, 0 before it."""

    count: int = 0
    reported_us: int = 0


class BadSenders:
    """Devices whose newest message was bad."""

    def __init__(self, roster: Roster, runs: dict[str, BadRun] | None = None) -> None:
        self._roster = roster
        self.runs: dict[str, BadRun] = runs or {}

    def apply(self, batch: Batch) -> list[AlertChange]:
        """Take a batch; what it does to the alerts."""
        heard = (batch.kinds == LineKind.MESSAGE) & (batch.devices >= 0)
        bad = heard & batch.bad
        if not bad.any() and not self.runs:
            return []
        # Good lines matter only of devices that have a run, or begin one here.
        ids, index = self._roster.ids, self._roster.index
        wanted = {*batch.devices[bad].tolist(), *(index[device] for device in self.runs)}
        changes: list[AlertChange] = []
        for line in np.flatnonzero(heard & np.isin(batch.devices, list(wanted))).tolist():
            device = ids[batch.devices[line]]
            change = (self._bad if batch.bad[line] else self._good)(device, int(batch.instants[line]))
            if change is not None:
                changes.append(change)
        return changes

    def _bad(self, device: str, at_us: int) -> AlertChange | None:
        run = self.runs.setdefault(device, BadRun())
        run.count += 1
        if run.count != BAD_IN_A_ROW:
            return None
        run.reported_us = at_us
        return _alert(device, at_us, at_us, AlertCondition.ACTIVE)

    def _good(self, device: str, at_us: int) -> AlertChange | None:
        run = self.runs.pop(device, None)
        if run is None or not run.reported_us:
            return None
        return _alert(device, run.reported_us, at_us, AlertCondition.CLEARED)


def _alert(device: str, since_us: int, now_us: int, state: AlertCondition) -> AlertChange:
    """It rests on no violation; its own name stands in for one."""
    name = f"bad_messages:{device}:{since_us}"
    return AlertChange(
        episode=name,
        violation_id=name,
        version=1 if state is AlertCondition.ACTIVE else 2,
        wearer=None,
        victim=None,
        device=device,
        kind=Kind.FAULT.value,
        code=None,
        condition=None,
        severity=Severity.SERIOUS,
        state=state,
        raised_us=since_us,
        changed_us=now_us,
    )
