"""``bailiwick windows``: when a condition is in force, one line a window, by the very code that the rules use."""

from __future__ import annotations

import json
from pathlib import Path

from bailiwick.caseload_input import load_caseload, tell
from bailiwick.timezones import pinned_time_zones
from domain.caseload_values import Wrong, instant
from domain.errors import BadInput, Fault
from domain.instants import format_instant
from domain.records import Condition, Order, Version
from domain.vocabulary import ZONE_KINDS, ConditionKind
from geofence.condition_windows import condition_windows
from simulators.telling import printing

KINDS_WITH_WINDOWS = ZONE_KINDS | {ConditionKind.CURFEW, ConditionKind.ATTENDANCE}
BAD_INPUT = 2
"""Exit code of bad usage or input."""


def windows_command(caseload: Path, condition: str, start: str, end: str) -> int:
    """Print the windows of a condition in ``[start, end)``, both RFC 3339; give the exit code.

    A fault is told on standard error in one line, and nothing is printed.
    """
    try:
        from_us, to_us = _range(start, end)
        versions, _ = load_caseload(caseload)
        found, order = _condition_and_order(versions, condition)
    except BadInput as bad:
        tell(bad.faults, all_of_them=False)
        return BAD_INPUT
    with printing():
        for window_from, window_to in condition_windows(found, order, pinned_time_zones(), from_us, to_us):
            line = {"condition": condition, "from": format_instant(window_from), "to": format_instant(window_to)}
            print(json.dumps(line, separators=(",", ":")))
    return 0


def _range(start: str, end: str) -> tuple[int, int]:
    from_us, to_us = _instant("--from", start), _instant("--to", end)
    if to_us <= from_us:
        raise _usage("--to", f"is {end}, not after --from ({start})")
    return from_us, to_us


def _instant(option: str, text: str) -> int:
    try:
        return instant(text)
    except Wrong as wrong:
        raise _usage(option, wrong.cause) from None


def _condition_and_order(versions: list[Version], condition: str) -> tuple[Condition, Order]:
    records = [version.record for version in versions]
    found = next((r for r in records if isinstance(r, Condition) and r.id == condition), None)
    if found is None:
        raise _usage("--condition", f"there is no condition {condition!r} in the caseload")
    if found.kind not in KINDS_WITH_WINDOWS:
        raise _usage("--condition", f"{condition!r} is of kind {found.kind.value}, which has no windows")
    order = next(r for r in records if isinstance(r, Order) and r.id == found.order)
    return found, order


def _usage(option: str, cause: str) -> BadInput:
    return BadInput([Fault("bailiwick windows", 0, option, cause)])
