"""A device that sends nothing but bad messages is reported once, as a `fault` (wire.md), not a thousand times.

Ten bad messages in a row are a `fault` of the device; its next good message clears it. Of a device that somebody wears
the rules make it, as a violation (rules.md 7), and the alert is the violation's. A device that nobody wears can have no
violation: its alert is made here. What is counted is a function of the lines and of what the rules said of them, so that
a recovery counts the same again.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from domain.commits import AlertChange
from domain.facts import Batch, LineKind, Roster
from domain.violations import Violation
from domain.vocabulary import AlertCondition, Kind, Severity
from geofence.reception import BAD_IN_A_ROW


class BadRun(msgspec.Struct, array_like=True):
    """Bad messages in a row; ``reported_us`` is the instant of the tenth, 0 before it."""

    count: int = 0
    reported_us: int = 0


class BadSenders:
    """Devices whose newest message was bad."""

    def __init__(self, roster: Roster, runs: dict[str, BadRun] | None = None) -> None:
        self._roster = roster
        self.runs: dict[str, BadRun] = runs or {}

    def apply(self, batch: Batch, versions: Sequence[Violation] = ()) -> list[AlertChange]:
        """Take a batch; what it does to the alerts. ``versions`` are what the rules said of it."""
        heard = (batch.kinds == LineKind.MESSAGE) & (batch.devices >= 0)
        bad = heard & batch.bad
        if not bad.any() and not self.runs:
            return []
        # Good lines matter only of devices that have a run, or begin one here.
        ids, index = self._roster.ids, self._roster.index
        wanted = {*batch.devices[bad].tolist(), *(index[device] for device in self.runs)}
        worn = {(one.device, one.from_us) for one in versions if one.kind is Kind.FAULT and not one.evidence}
        changes: list[AlertChange] = []
        for line in np.flatnonzero(heard & np.isin(batch.devices, list(wanted))).tolist():
            device = ids[batch.devices[line]]
            at_us = int(batch.instants[line])
            change = self._bad(device, at_us, worn) if batch.bad[line] else self._good(device, at_us)
            if change is not None:
                changes.append(change)
        return changes

    def _bad(self, device: str, at_us: int, worn: set[tuple[str | None, int]]) -> AlertChange | None:
        run = self.runs.setdefault(device, BadRun())
        run.count += 1
        if run.count != BAD_IN_A_ROW or (device, at_us) in worn:
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
