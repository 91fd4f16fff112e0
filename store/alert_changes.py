"""Alert changes inside a commit: never a second alert for an episode, one outbox row a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.commits import AlertChange
from domain.vocabulary import AlertCondition
from store.reading_types import AlertRow
from store.rows_read import alert_row
from store.statements import statement
from store.texts import storable
from store.times import Connection, at


async def write_alerts(conn: Connection, commit_no: int, changes: Sequence[AlertChange]) -> list[AlertRow]:
    """Writes the changes, their violations and their outbox rows; returns each changed alert as it stands then.

    Several changes of one episode are one row to the database: nobody can see what was between them.
    """
    if not changes:
        return []
    episodes: dict[str, list[AlertChange]] = {}
    for change in changes:
        episodes.setdefault(storable(change.episode), []).append(change)
    cursor = await conn.execute(statement("change_alerts"), _columns(episodes) | {"commit_no": commit_no})
    numbers: dict[str, int] = {}
    raised: set[int] = set()
    for no, episode, revision in await cursor.fetchall():
        numbers[episode] = no
        if revision == len(episodes[episode]):
            raised.add(id(episodes[episode][0]))
    links = {
        "commit_no": commit_no,
        "alert_no": [numbers[storable(change.episode)] for change in changes],
        "violation_id": [storable(change.violation_id) for change in changes],
        "version": [change.version for change in changes],
        "change": [_word(change, id(change) in raised) for change in changes],
        "severity": [change.severity.value for change in changes],
        "grouped_under": [change.grouped_under for change in changes],
    }
    await conn.execute(statement("link_alerts"), links)
    cursor = await conn.execute(statement("alerts_by_number"), {"numbers": list(numbers.values())})
    return [alert_row(row) for row in await cursor.fetchall()]


def _columns(episodes: Mapping[str, Sequence[AlertChange]]) -> dict[str, Any]:
    """One value an episode: its last change's, but for when it was raised."""
    last = [changes[-1] for changes in episodes.values()]
    # Plain text: psycopg would take the members of an enum for a type of their own. And a message that was parked
    # for its topic gives its topic to its episode.
    columns: dict[str, Any] = {
        name: [None if (value := getattr(change, name)) is None else storable(str(value)) for change in last]
        for name in ("episode", "wearer", "victim", "device", "kind", "code", "condition", "grouped_under")
    }
    columns["changes"] = list(map(len, episodes.values()))
    columns["withdrawn"] = [change.withdrawn for change in last]
    columns["severity"] = [change.severity.value for change in last]
    columns["state"] = [change.state.value for change in last]
    columns["raised_at"] = [at(changes[0].raised_us) for changes in episodes.values()]
    columns["changed_at"] = [at(change.changed_us) for change in last]
    return columns


def _word(change: AlertChange, raises: bool) -> str:
    """The outbox's word for what happened to the alert."""
    if change.withdrawn:
        return "withdrawn"
    if raises:
        return "raised"
    return "cleared" if change.state is AlertCondition.CLEARED else "updated"


async def active_since(conn: Connection, kind: str) -> list[int]:
    """When the active alerts of a kind were raised, the oldest first."""
    return [row[0] for row in await (await conn.execute(statement("active_since"), {"kind": kind})).fetchall()]
