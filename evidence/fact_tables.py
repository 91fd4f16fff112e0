"""The tables of all facts, written column by column: a pack has tens of thousands of rows. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from domain.instant_columns import format_instants
from domain.vocabulary import EventCode, EventState, Quality, Source
from evidence.gathered import Heard

FACT_HEAD: Final = (
    *("device", "gen", "seq", "fact", "fix_time", "receive_time", "latitude", "longitude", "accuracy_m", "source"),
    *("speed_ms", "heading_deg", "battery_percent", "hdop", "satellites", "event", "state", "data"),
    *("quality_first", "quality"),
)
UNUSED_HEAD: Final = ("device", "gen", "seq", "fact", "fix_time", "why")
SOURCES: Final = {one.value: one.name.lower() for one in Source}
QUALITIES: Final = {one.value: one.name.lower() for one in Quality}
ROWS_AT_ONCE: Final = 8_192
"""Written at a time: a whole table as texts would take ten times its size."""


def cell(value: str) -> str:
    """A text as a cell of a CSV."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow((value, ""))
    return written.getvalue()[: -len(",\n")]


def fact_lines(heard: Heard, rows: NDArray[np.int64]) -> list[str]:
    """The facts at ``rows``, each a line in the columns of `FACT_HEAD`."""
    facts = heard.facts[rows]
    columns = _columns(facts, heard.quality[rows], [cell(one) for one in heard.devices])
    for k in np.flatnonzero(facts["is_event"]).tolist():
        for column, said in zip(columns[6:], _event_says(facts[k], heard.data.get(int(rows[k]))), strict=True):
            column[k] = said
    return list(map(",".join, zip(*columns, strict=True)))


def unused_lines(heard: Heard, rows: NDArray[np.int64]) -> list[str]:
    """The facts at ``rows``, each a line in the columns of `UNUSED_HEAD`."""
    facts = heard.facts[rows]
    judged = facts["is_event"].tolist(), heard.quality[rows].tolist(), facts["src"].tolist()
    why = list(map(_why_unused, *judged))
    columns = *_identity(facts, [cell(one) for one in heard.devices]), format_instants(facts["t_us"]), why
    return list(map(",".join, zip(*columns, strict=True)))


def blocks(rows: NDArray[np.int64], lines: Callable[[NDArray[np.int64]], list[str]]) -> Iterator[bytes]:
    """The lines of all ``rows``, each with its end, some thousands at a time."""
    for first in range(0, len(rows), ROWS_AT_ONCE):
        yield "".join(f"{line}\n" for line in lines(rows[first : first + ROWS_AT_ONCE])).encode()


def _event_says(row: Any, data: bytes | None) -> tuple[str, ...]:
    """What an event has in the columns after the times."""
    says = EventCode(row["code"]).name.lower(), EventState(row["state"]).name.lower(), (data or b"").decode()
    return (*("",) * 9, *map(cell, says), "", "")


def _identity(facts: NDArray[Any], devices: Sequence[str]) -> list[list[str]]:
    return [
        [devices[one] for one in facts["device"].tolist()],
        list(map(str, facts["gen"].tolist())),
        list(map(str, facts["seq"].tolist())),
        ["event" if one else "fix" for one in facts["is_event"].tolist()],
    ]


def _columns(facts: NDArray[Any], quality: NDArray[np.int8], devices: Sequence[str]) -> list[list[str]]:
    """As if all were fixes."""
    return [
        *_identity(facts, devices),
        *(format_instants(facts[name]) for name in ("t_us", "received_us")),
        *(_numbers(facts[name]) for name in ("lat", "lon", "acc")),
        [SOURCES.get(one, "") for one in facts["src"].tolist()],
        *(_numbers(facts[name]) for name in ("spd", "hdg", "bat", "hdop")),
        ["" if one < 0 else str(one) for one in facts["sats"].tolist()],
        *([""] * len(facts) for _ in range(3)),
        *([QUALITIES.get(one, "") for one in of.tolist()] for of in (facts["quality"], quality)),
    ]


def _numbers(column: NDArray[np.float64]) -> list[str]:
    """The shortest text that is the number; of what is absent none."""
    absent = np.isnan(column)
    if absent.all():
        return [""] * len(column)
    texts = list(map(repr, column.tolist()))
    for k in np.flatnonzero(absent).tolist():
        texts[k] = ""
    return texts


@cache
def _why_unused(is_event: bool, quality: int, src: int) -> str:
    if is_event:
        return cell("event: part of no violation relied on")
    if quality != Quality.OK:
        return cell(f"not used by the rules: {Quality(quality).name.lower()}")
    if src == Source.LBS:
        return cell("not used by the rules: placed by a cell of the telephone network")
    return cell("used by the rules, and part of no violation relied on")
