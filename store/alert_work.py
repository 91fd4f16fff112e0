"""Alert work inside a transaction: locks, what looks need, what they write. Rows in, rows out (`store.work_rows`).

`alerts` makes of them what it looks at (style: only `store` knows SQL, and `store` knows no alerts). The order in which rows
are locked, and why nobody deadlocks, is told in sql/alert_work.sql.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from domain.instants import DAY_US
from domain.vocabulary import ConditionKind, Kind
from store import caseload
from store.errors import Busy
from store.refusing import refusing
from store.rows_read import alert_row, violation
from store.statements import statement
from store.times import At, Connection, at
from store.work_rows import (
    FixRow,
    HistoryRow,
    MuteRow,
    OrderRow,
    Seen,
    ToldRow,
    WorkRow,
    Writing,
)

HOLD_TIMEOUT_MS: Final = 5_000
"""How long the desk waits for an alert that somebody else looks at."""
FIXES_BACK_US: Final = 30 * DAY_US
MUTES_BACK_US: Final = 2 * DAY_US
CRITICAL_RANK: Final = 0
LAST_RANK: Final = 3
"""The urgency of what changed or is due: critical, and the least."""
OTHERS_AT_ONCE: Final = 60
"""Alerts that are not critical in one transaction."""
LOSS_KINDS: Final = (Kind.COMMUNICATION_LOST.value, Kind.LOCATION_LOST.value)
RISING_KINDS: Final = (Kind.CURFEW.value, *LOSS_KINDS)
"""Kinds whose severity time and need may change while nothing comes in (docs/alerts.md)."""


async def take(conn: Connection, now_us: int, limit: int) -> list[int]:
    """Locks up to ``limit`` alerts that are to be looked at and that nobody holds; their numbers, most urgent first.

    What is critical is taken by itself, so that it waits for no other in its transaction; of the rest so few that what becomes
    critical meanwhile does not wait long for the next.
    """
    for least, most in ((CRITICAL_RANK, limit), (LAST_RANK, min(limit, OTHERS_AT_ONCE))):
        rows = await _rows(conn, "take_alerts", {"now": At(now_us), "limit": most, "least": least})
        if rows:
            return [row[0] for row in rows]
    return []


async def hold(conn: Connection, numbers: Sequence[int], timeout_ms: int = HOLD_TIMEOUT_MS) -> list[int]:
    """Locks some alerts, waiting for each at most so long; the numbers of those that there are, in the order asked.

    Raises `Busy` when somebody else holds one for longer.
    """
    await conn.execute(statement("lock_timeout"), {"ms": str(timeout_ms)})
    try:
        found = {row[0] for row in await _rows(conn, "hold_alerts", {"numbers": list(numbers)})}
    except psycopg.errors.LockNotAvailable as error:
        raise Busy("somebody else is at work on one of these alerts; try again") from error
    return [number for number in dict.fromkeys(numbers) if number in found]


async def next_look_us(conn: Connection) -> int | None:
    """When the next timer is due, or a change was written that waits; None when there is nothing."""
    rows = await _rows(conn, "next_look", {})
    found: int | None = rows[0][0]
    return found


async def see(conn: Connection, numbers: Sequence[int], now_us: int) -> Seen:
    """Everything that looks at some locked alerts need, in a few questions whatever their number."""
    some = {"numbers": list(numbers)}
    await conn.execute(statement("hold_waiting_notifications"), some)
    # What led here is read before what it led to: a change that comes in between is seen, and looked at once more.
    changes = _lists(((no, one) for one, no in await _rows(conn, "unseen_changes", some)))
    timers = _lists(await _rows(conn, "timers_of_alerts", some))
    by_no = {row[0]: WorkRow(*row) for row in await _rows(conn, "work_of_alerts", some)}
    seen = Seen([by_no[number] for number in numbers], changes, timers)
    for no, shortened_us, joined_us, late, violations, fallen, fell in await _rows(conn, "histories_of_alerts", some):
        falls = tuple(zip(fallen or (), fell or (), strict=True))
        seen.histories[no] = HistoryRow(shortened_us, joined_us, bool(late), tuple(violations), falls)
    for row in await _rows(conn, "current_violations_of_alerts", some | {"kinds": list(RISING_KINDS)}):
        seen.rising.setdefault(row[0], []).append(violation(row[1:]))
    seen.told = _lists((row[0], ToldRow(*row[1:])) for row in await _rows(conn, "told_of_alerts", some))
    for no, party, answered in await _rows(conn, "answers_of_alerts", some):
        seen.answers.setdefault(no, {})[party] = answered
    seen.promises = _lists((row[0], (row[1], row[2])) for row in await _rows(conn, "promises_of_alerts", some))
    seen.prealerts = dict(await _rows(conn, "prealerts_of_pairs", some))
    seen.rests_on = _lists((row[0], (row[1], row[2])) for row in await _rows(conn, "resting_on_alerts", some))
    await _see_people(conn, seen, now_us)
    return seen


async def _see_people(conn: Connection, seen: Seen, now_us: int) -> None:
    """The wearers and victims of these alerts, as the caseload has them now."""
    wearers = sorted({row.wearer for row in seen.works if row.wearer is not None})
    victims = {row.victim for row in seen.works if row.victim is not None}
    unpaired = sorted(row.victim for row in seen.works if row.victim is not None and row.wearer is None)
    if not wearers and not victims:
        return
    these = {"wearers": wearers, "now": At(now_us), "since": At(now_us - FIXES_BACK_US)}
    seen.orders = [OrderRow(*row) for row in await _rows(conn, "orders_of_wearers", these | {"victims": unpaired})]
    victims |= {
        row.victim for row in seen.orders if row.victim is not None and row.kind == ConditionKind.PROXIMITY.value
    }
    seen.victims = dict(await _rows(conn, "victims_of_alerts", {"victims": sorted(victims)})) if victims else {}
    if not wearers:
        return
    seen.wearers = dict(await _rows(conn, "wearers_of_alerts", these))
    since = {"since": At(now_us - MUTES_BACK_US)}
    seen.mutes = _lists((row[0], MuteRow(*row[1:])) for row in await _rows(conn, "mutes_of_wearers", these | since))
    seen.fixes = {row[0]: FixRow(*row[1:]) for row in await _rows(conn, "used_fixes_of_wearers", these)}
    lost = sorted({row.wearer for row in seen.works if row.wearer is not None and _asks_need(row, seen)})
    if lost:
        seen.caseload = await caseload.of_wearers(conn, lost)
        home = await _rows(conn, "wearers_heard_at_home", these | {"wearers": lost})
        seen.at_home = frozenset(row[0] for row in home)


def _asks_need(row: WorkRow, seen: Seen) -> bool:
    """Whether an open loss that no incident explains is among what the alert rests on."""
    if row.grouped_under is not None or row.withdrawn:
        return False
    return any(one.kind.value in LOSS_KINDS for one in seen.rising.get(row.no, ()))


async def newest_places(conn: Connection, wearers: Sequence[str], now_us: int) -> dict[str, tuple[float, float]]:
    """(lon, lat) of the newest used fix of each of some wearers."""
    if not wearers:
        return {}
    these = {"wearers": list(wearers), "now": At(now_us), "since": At(now_us - FIXES_BACK_US)}
    return {row[0]: (row[1], row[2]) for row in await _rows(conn, "used_fixes_of_wearers", these)}


async def write(conn: Connection, writing: Writing, seen: Seen, now_us: int) -> None:
    """Everything of some looks, inside the caller's transaction; the order of stream events is taken last.

    Raises `Refused` for a text that the database cannot hold (U+0000); the transaction is then lost.
    """
    with refusing():
        await _write(conn, writing, seen, now_us)


async def _write(conn: Connection, writing: Writing, seen: Seen, now_us: int) -> None:
    written = [row.alert_no for row in writing.states]
    now = {"now": At(now_us)}
    await conn.execute(statement("write_work"), now | _columns(writing.states, StateColumns))
    if writing.events:
        await conn.execute(statement("write_events"), _columns(writing.events, EventColumns))
    changes = [change for no in written for change in seen.changes.get(no, ())]
    if changes:
        await conn.execute(statement("mark_seen"), {"numbers": changes})
    over = [(no, name) for no in written for name in seen.timers.get(no, ())]
    if over:
        parameters = {"alert_no": [no for no, _ in over], "name": [name for _, name in over]}
        await conn.execute(statement("drop_timers"), parameters)
    if writing.timers:
        await conn.execute(statement("write_timers"), _columns(writing.timers, TimerColumns))
    if writing.take_back:
        await conn.execute(statement("take_back"), {"numbers": sorted(writing.take_back)})
    if writing.notifications:
        columns = _columns(writing.notifications, NotificationColumns)
        await conn.execute(statement("write_notifications"), now | columns)
    if writing.tasks:
        await conn.execute(statement("write_tasks"), now | _columns(writing.tasks, TaskColumns))
    raised = await raise_own(conn, writing, now_us) if writing.raises else []
    await stream_alerts(conn, sorted({*writing.told, *raised}))


async def raise_own(conn: Connection, writing: Writing, now_us: int) -> list[int]:
    """Raises the service's own alerts that are not there yet; the numbers of those that are new."""
    unique = {row.episode: row for row in writing.raises}
    parameters = {"now": At(now_us)} | _columns(list(unique.values()), OwnColumns)
    return [row[0] for row in await _rows(conn, "raise_own", parameters)]


async def clear_own(conn: Connection, episodes: Sequence[str], now_us: int) -> list[int]:
    """The service's own alerts of some episodes are over; the numbers of those that were active."""
    return [row[0] for row in await _rows(conn, "clear_own", {"episodes": list(episodes), "now": At(now_us)})]


async def stream_alerts(conn: Connection, numbers: Sequence[int]) -> None:
    """Streams some alerts as they are now. Last in a transaction: from here on nobody else can write events."""
    if not numbers:
        return
    rows = await _rows(conn, "alerts_by_number", {"numbers": list(numbers)})
    async with conn.cursor().copy(statement("copy_stream_events")) as copy:
        copy.set_types(("text", "jsonb"))
        for row in rows:
            await copy.write_row(("alert", Jsonb(alert_row(row).as_json())))


StateColumns: Final = (
    *("alert_no", "revision", "work", "condition", "severity", "holder", "renewed_at", "claim_ends_at"),
    *("unclaimed_since", "period", "outcome", "closed_at", "closed_by", "plan"),
)
EventColumns: Final = (
    *("alert_no", "revision", "event", "at", "by_name", "by_role", "from_work", "to_work", "to_condition", "severity"),
    *("outcome", "note", "explanation", "why"),
)
NotificationColumns: Final = (
    *("id", "alert_no", "target", "recipient", "channel", "address", "text", "language", "urgency", "reason", "sends"),
    *("detail", "stands_down", "rank", "not_before", "trusted", "words"),
)
TaskColumns: Final = ("alert_no", "key", "target", "text")
TimerColumns: Final = ("alert_no", "name", "due_at", "rank")
OwnColumns: Final = ("episode", "wearer", "victim", "device", "kind", "severity", "about")
_INSTANTS: Final = frozenset(
    {"renewed_at", "claim_ends_at", "unclaimed_since", "closed_at", "at", "due_at", "not_before"}
)


def _columns(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> dict[str, list[Any]]:
    """Parameters for ``unnest``: one list a column."""
    found = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return {name: [at(value) for value in values] if name in _INSTANTS else values for name, values in found.items()}


def _lists(pairs: Iterable[Sequence[Any]]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


async def _rows(conn: Connection, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    return await (await conn.execute(statement(name), parameters)).fetchall()
