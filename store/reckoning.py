"""Accounts after a run, for the demo and the benchmarks: was everything stored once, and how soon were people alerted?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection

from domain.facts import LineKind
from domain.instants import SECOND_US
from store.connecting import CONNECT_TIMEOUT_S, configure
from store.packing import unpack
from store.statements import statement
from store.times import Connection

COMMITS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of what was sent.

    ``committed`` counts each identity once, ``duplicates`` what is stored beyond that, ``lost`` what was sent and is not
    there, by comparing each device's own count.
    """

    committed: int
    duplicates: int
    lost: int


async def stored_of(url: str, sent: Mapping[str, int], gen: int) -> Stored:
    """Compares what devices sent (the highest ``seq`` of each, every one from 1 having been sent) with what is stored."""
    async with await _connect(url) as conn:
        rows = await (await conn.execute(statement("stored_of_devices"), {"gen": gen})).fetchall()
    there = {device: (rows_of, different) for device, rows_of, different in rows}
    committed = sum(different for _, different in there.values())
    twice = sum(rows_of - different for rows_of, different in there.values())
    lost = sum(max(0, highest - there.get(device, (0, 0))[1]) for device, highest in sent.items())
    return Stored(committed, twice, lost)


async def alert_delays_s(url: str) -> NDArray[np.float64]:
    """Seconds from the sending of a message to the commit of each alert that it raised; shape (alerts,).

    Alerts raised by the clock alone (ticks) rest on no message and are left out.
    """
    delays: list[float] = []
    async with await _connect(url) as conn:
        raised = await (await conn.execute(statement("raised_alerts"))).fetchall()
        numbers = sorted({row[0] for row in raised})
        for first in range(0, len(numbers), COMMITS_AT_ONCE):
            part = {"nos": numbers[first : first + COMMITS_AT_ONCE]}
            rows = await (await conn.execute(statement("lines_of_commits"), part)).fetchall()
            lines = {no: (unpack(kinds)[0], unpack(sent)[0]) for no, kinds, sent in rows}
            delays += [_delay_s(*lines[no], line, at) for no, line, at in raised if no in lines]
    found = np.array(delays, np.float64)
    return found[~np.isnan(found)]


def _delay_s(kinds: NDArray[Any], sent_us: NDArray[Any], line: int, committed_us: int) -> float:
    if kinds[line] != LineKind.MESSAGE or not sent_us[line]:
        return float("nan")
    return float(committed_us - sent_us[line]) / SECOND_US


async def _connect(url: str) -> Connection:
    conn = await AsyncConnection.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
    await configure(conn)
    return conn
