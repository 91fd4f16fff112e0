"""The records and facts of a pack as the files that ``bailiwick evaluate`` takes: a caseload, and a feed in the order received. Pure.

Envelopes are rebuilt from stored facts: what a device said besides (its firmware, the cell it came by) is not in them, nor are
messages that brought no fact.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.caseload_file import record_as_json
from domain.facts import Facts
from domain.instant_columns import format_instants
from domain.instants import EARLY_US, format_instant
from domain.records import Version
from domain.vocabulary import EventCode, EventState, Source
from evidence.gathered import Heard, Taken

MS_US: Final = 1000
_SOURCES: Final = {one.value: one.name.lower() for one in Source}
_CODES: Final = {one.value: one.name.lower() for one in EventCode}
_STATES: Final = {one.value: one.name.lower() for one in EventState}
_MAY_BE_ABSENT: Final = ("spd", "hdg", "bat", "hdop")

_to_json: Final = msgspec.json.Encoder().encode


def caseload_lines(taken: Sequence[Taken]) -> list[bytes]:
    """The caseload file: the records that were known before the first line, each as it then was."""
    first = [one.version.record for one in taken if one.before_everything]
    return [_to_json(record_as_json(record)) for record in first]


def feed_lines(heard: Heard, taken: Sequence[Taken], ticks: Sequence[int]) -> list[bytes]:
    """The feed: messages, ``learnt`` records and ticks, in the order of the lines that took them.

    ``ticks`` are instants, microseconds UTC; each stands after everything received by then.
    """
    starts = _starts(heard)
    lines, at_us = _messages(heard, starts), heard.facts["received_us"][starts]
    places = list(zip(heard.commits[starts].tolist(), heard.facts["line"][starts].tolist(), strict=True))
    learnt = [(bisect_right(places, (one.commit, one.line)), one.version) for one in taken if one.line >= 0]
    learnt.sort(key=lambda one: one[0])
    lines = _with(lines, [(place, _learnt(version)) for place, version in learnt])
    at_us = np.insert(at_us, [place for place, _ in learnt], [version.learnt_us for _, version in learnt])
    due = sorted(set(ticks))
    after = np.searchsorted(np.maximum.accumulate(at_us), due, side="right").tolist()
    return _with(lines, [(place, _tick(tick_us)) for place, tick_us in zip(after, due, strict=True)])


def _with(lines: list[bytes], more: Sequence[tuple[int, bytes]]) -> list[bytes]:
    """The lines, and ``more`` before those at their places, which go up."""
    found: list[bytes] = []
    last = 0
    for place, line in more:
        found += lines[last:place]
        found.append(line)
        last = place
    return found + lines[last:]


def _tick(at_us: int) -> bytes:
    return _to_json({"tick": format_instant(at_us)})


def _learnt(version: Version) -> bytes:
    holds_us = version.holds_from_us
    told: dict[str, Any] = {
        "learnt": format_instant(version.learnt_us),
        "holds_from": None if holds_us in (EARLY_US, version.learnt_us) else format_instant(holds_us),
        "record": record_as_json(version.record),
    }
    return _to_json(told | ({"cancelled": True} if version.cancelled else {}))


# ---- messages, column by column ----


def _starts(heard: Heard) -> NDArray[np.int64]:
    """The first fact of each message."""
    new = np.ones(len(heard), np.bool_)
    new[1:] = (np.diff(heard.commits) != 0) | (np.diff(heard.facts["line"]) != 0)
    return np.flatnonzero(new)


def _messages(heard: Heard, starts: NDArray[np.int64]) -> list[bytes]:
    """The line of each message."""
    facts, names = heard.facts[starts], [_to_json(one).decode() for one in heard.devices]
    sent_us = heard.sent_us[starts]
    columns = (
        format_instants(facts["received_us"]),
        [names[one] for one in facts["device"].tolist()],
        (np.where(sent_us == 0, facts["received_us"], sent_us) // MS_US).tolist(),
        facts["gen"].tolist(),
        _items(heard, [*starts.tolist(), len(heard)]),
    )
    return [
        f'{{"received":"{received}","device":{device},"envelope":{{"v":1,"sent":{sent},"gen":{gen}{items}}}}}'.encode()
        for received, device, sent, gen, items in zip(*columns, strict=True)
    ]


def _items(heard: Heard, bounds: Sequence[int]) -> list[str]:
    """What each message brought: its fixes, its events."""
    fixes = _fixes(heard.facts)
    if len(fixes) == len(bounds) - 1 and not heard.facts["is_event"].any():
        return [f',"fixes":[{fix}]' for fix in fixes]
    is_event = heard.facts["is_event"].tolist()
    found = []
    for start, end in pairwise(bounds):
        rows = range(start, end)
        some = ",".join(fixes[k] for k in rows if not is_event[k])
        events = b",".join(_event(heard.facts[k], heard.data.get(k)) for k in rows if is_event[k]).decode()
        found.append((f',"fixes":[{some}]' if some else "") + (f',"events":[{events}]' if events else ""))
    return found


def _fixes(facts: Facts) -> list[str]:
    """Every fact as if it were a fix."""
    sources = [_SOURCES[one] for one in facts["src"].tolist()]
    columns = [facts["seq"].tolist(), (facts["t_us"] // MS_US).tolist()]
    columns += [_numbers(facts[name]) for name in ("lat", "lon", "acc")]
    columns += [sources, _rest(facts)]
    return list(map('{"seq":%s,"t":%s,"lat":%s,"lon":%s,"acc":%s,"src":"%s"%s}'.__mod__, zip(*columns, strict=True)))


def _rest(facts: Facts) -> list[str]:
    """What a fix may say besides."""
    said = [""] * len(facts)
    for name in _MAY_BE_ABSENT:
        there = np.flatnonzero(~np.isnan(facts[name]))
        for k, number in zip(there.tolist(), _numbers(facts[name][there]), strict=True):
            said[k] += f',"{name}":{number}'
    for k in np.flatnonzero(facts["sats"] >= 0).tolist():
        said[k] += f',"sats":{facts["sats"][k]}'
    return said


def _numbers(column: NDArray[np.float64]) -> list[str]:
    """The numbers as JSON has them, null for what is none."""
    return _to_json(column.tolist())[1:-1].decode().split(",") if len(column) else []


def _event(row: Any, data: bytes | None) -> bytes:
    event: dict[str, Any] = {"seq": int(row["seq"]), "t": int(row["t_us"]) // MS_US}
    event |= {"code": _CODES[int(row["code"])], "state": _STATES[int(row["state"])]}
    return _to_json(event if data is None else event | {"data": msgspec.Raw(data)})
