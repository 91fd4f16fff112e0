"""The records and facts of a pack as the files that ``bailiwick evaluate`` takes: a caseload, and a feed in the order received. Pure.

Envelopes are rebuilt from stored facts: what a device said besides (its firmware, the cell it came by) is not in them, nor are
messages that brought no fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from math import isnan
from typing import Any, Final

import msgspec
import numpy as np

from domain.caseload_file import record_as_json
from domain.instant_columns import format_instants
from domain.instants import EARLY_US, format_instant
from domain.vocabulary import EventCode, EventState, Source
from evidence.gathered import Heard, Taken

MS_US: Final = 1000
_SOURCES: Final = {one.value: one.name.lower() for one in Source}
_CODES: Final = {one.value: one.name.lower() for one in EventCode}
_STATES: Final = {one.value: one.name.lower() for one in EventState}
_MAY_BE_ABSENT: Final = ("spd", "hdg", "bat", "hdop")
_FIRST: Final = ("line", "device", "gen", "received_us")

_to_json: Final = msgspec.json.Encoder().encode


def caseload_lines(taken: Sequence[Taken]) -> list[bytes]:
    """The caseload file: the records that were known before the first line, each as it then was."""
    first = [one.version.record for one in taken if one.before_everything]
    return [_to_json(record_as_json(record)) for record in first]


def feed_lines(heard: Heard, taken: Sequence[Taken], ticks: Sequence[int]) -> list[bytes]:
    """The feed: messages, ``learnt`` records and ticks, in the order of the lines that took them.

    ``ticks`` are instants, microseconds UTC; each stands after everything received by then.
    """
    lines = merge(_messages(heard), _learnt(taken), key=lambda line: line[0])
    due = sorted(set(ticks), reverse=True)
    written: list[bytes] = []
    for (_, _), at_us, line in lines:
        while due and due[-1] < at_us:
            written.append(_tick(due.pop()))
        written.append(line)
    return written + [_tick(at_us) for at_us in reversed(due)]


def _tick(at_us: int) -> bytes:
    return _to_json({"tick": format_instant(at_us)})


_Line = tuple[tuple[int, int], int, bytes]
"""Where it stood (commit, line), its instant, the line."""


def _learnt(taken: Sequence[Taken]) -> Iterator[_Line]:
    for commit, line, version in taken:
        if line < 0:
            continue
        holds_us = version.holds_from_us
        told: dict[str, Any] = {
            "learnt": format_instant(version.learnt_us),
            "holds_from": None if holds_us in (EARLY_US, version.learnt_us) else format_instant(holds_us),
            "record": record_as_json(version.record),
        }
        yield (commit, line), version.learnt_us, _to_json(told | ({"cancelled": True} if version.cancelled else {}))


def _messages(heard: Heard) -> Iterator[_Line]:
    facts = heard.facts
    if not len(facts):
        return
    new = np.ones(len(facts), np.bool_)
    new[1:] = (np.diff(heard.commits) != 0) | (np.diff(facts["line"]) != 0)
    starts = np.flatnonzero(new)
    ends = [*starts[1:].tolist(), len(facts)]
    rows = facts.tolist()
    received = format_instants(facts["received_us"])
    names = facts.dtype.names
    assert names is not None
    place = {name: k for k, name in enumerate(names)}
    for start, end in zip(starts.tolist(), ends, strict=True):
        line, device, gen, received_us = (rows[start][place[name]] for name in _FIRST)
        sent_us = int(heard.sent_us[start]) or received_us
        envelope: dict[str, Any] = {"v": 1, "sent": sent_us // MS_US, "gen": gen}
        fixes = [_fix(rows[k], place) for k in range(start, end) if not rows[k][place["is_event"]]]
        events = [_event(rows[k], place, heard.data.get(k)) for k in range(start, end) if rows[k][place["is_event"]]]
        envelope |= {name: items for name, items in (("fixes", fixes), ("events", events)) if items}
        told = {"received": received[start], "device": heard.devices[device], "envelope": envelope}
        yield (int(heard.commits[start]), line), received_us, _to_json(told)


def _fix(row: Sequence[Any], place: dict[str, int]) -> dict[str, Any]:
    fix: dict[str, Any] = {"seq": row[place["seq"]], "t": row[place["t_us"]] // MS_US}
    for name in ("lat", "lon", "acc"):
        fix[name] = row[place[name]]
    fix["src"] = _SOURCES[row[place["src"]]]
    for name in _MAY_BE_ABSENT:
        said = row[place[name]]
        if not isnan(said):
            fix[name] = said
    if row[place["sats"]] >= 0:
        fix["sats"] = row[place["sats"]]
    return fix


def _event(row: Sequence[Any], place: dict[str, int], data: bytes | None) -> dict[str, Any]:
    event: dict[str, Any] = {"seq": row[place["seq"]], "t": row[place["t_us"]] // MS_US}
    event |= {"code": _CODES[row[place["code"]]], "state": _STATES[row[place["state"]]]}
    return event if data is None else event | {"data": msgspec.Raw(data)}
