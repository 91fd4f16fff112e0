"""What people do to alerts beside the machine's events, and what they read of them; inside the caller's transaction where a
connection is given. Rows in, rows out; the rules are `alerts.desk`'s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain.caseload_file import parse_record
from domain.records import Assessment, Record, Version
from store import caseload
from store.caseload import ANY_NAME
from store.refusing import refusing, rows_or_refused
from store.statements import statement
from store.times import At, Connection, at


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One entry of the contact log. ``answered`` None: nobody could answer (a message)."""

    party: str
    channel: str
    at_us: int
    by_name: str
    by_role: str
    alert_no: int | None = None
    wearer: str | None = None
    victim: str | None = None
    inbound: bool = False
    number: str | None = None
    answered: bool | None = None
    answered_by: str | None = None
    said: str | None = None
    promised: str | None = None
    promised_us: int | None = None
    police_log: str | None = None


class PromiseRow(NamedTuple):
    """A promise of the contact log; ``promised_us`` None: nothing was promised."""

    alert_no: int | None
    promised_us: int | None
    kept_us: int | None
    kept_by: str | None


class TaskDone(NamedTuple):
    """Something that an operator is or was to do."""

    no: int
    alert_no: int
    key: str
    target: str
    text: str
    made_us: int
    done_us: int | None
    done_by: str | None


class LastEvent(NamedTuple):
    """The last event of an alert; ``by`` None: the rules, a timer, a protocol."""

    revision: int
    event: str
    at_us: int
    by: str | None


class Muted(NamedTuple):
    """A mute, as it stands."""

    wearer: str
    no: int
    from_us: int
    to_us: int
    by: str
    reason: str


async def last_events(conn: Connection, numbers: Sequence[int]) -> dict[int, LastEvent]:
    """The last event of each of some alerts that have any."""
    rows = await rows_or_refused(conn, "last_events", {"numbers": list(numbers)})
    return {row[0]: LastEvent(*row[1:]) for row in rows}


async def alert_numbers(conn: Connection, wanted: dict[str, Any], limit: int) -> list[tuple[int, int]]:
    """(number, revision) of the alerts that fit; ``wanted`` has the parameters of `alert_numbers`."""
    return [(row[0], row[1]) for row in await rows_or_refused(conn, "alert_numbers", wanted | {"limit": limit})]


async def enter_contact(conn: Connection, row: ContactRow) -> int:
    """Enters one; its number. Raises `Refused` for what the database cannot hold."""
    names = (
        *("party", "channel", "by_name", "by_role", "alert_no", "wearer", "victim", "inbound", "number", "answered"),
        *("answered_by", "said", "promised", "police_log"),
    )
    parameters = {name: getattr(row, name) for name in names}
    found = await rows_or_refused(
        conn, "enter_contact", parameters | {"at": At(row.at_us), "promised_at": at(row.promised_us)}
    )
    return int(found[0][0])


async def keep_promise(conn: Connection, contact_no: int, by: str, at_us: int) -> bool:
    """Marks a promise as kept; False when it was before, or there is none."""
    return bool(await rows_or_refused(conn, "keep_promise", {"contact_no": contact_no, "by": by, "at": At(at_us)}))


async def promise(conn: Connection, contact_no: int) -> PromiseRow | None:
    """A promise; None when there is no such entry."""
    rows = await rows_or_refused(conn, "contact", {"contact_no": contact_no})
    return PromiseRow(*rows[0]) if rows else None


async def finish_task(conn: Connection, task_no: int, by: str, at_us: int) -> int | None:
    """Marks a task as done; its alert, None when it was before or there is none."""
    rows = await rows_or_refused(conn, "finish_task", {"task_no": task_no, "by": by, "at": At(at_us)})
    return rows[0][0] if rows else None


async def task(conn: Connection, task_no: int) -> TaskDone | None:
    """One task; None when there is none."""
    rows = await rows_or_refused(conn, "task", {"task_no": task_no})
    return TaskDone(*rows[0]) if rows else None


async def enter_mute(
    conn: Connection, wearer: str, from_us: int, to_us: int, reason: str, by: tuple[str, str], at_us: int
) -> int:
    """Enters a mute by (name, role); the wearer's open alerts are looked at."""
    span = {"from_at": At(from_us), "to_at": At(to_us)}
    parameters = {"wearer": wearer, "reason": reason, "at": At(at_us), "by_name": by[0], "by_role": by[1]} | span
    no = int((await rows_or_refused(conn, "enter_mute", parameters))[0][0])
    await conn.execute(statement("look_again"), {"wearer": wearer, "name": f"mute:{no}", "now": At(at_us)})
    return no


async def end_mute(conn: Connection, mute_no: int, by: str, at_us: int) -> str | None:
    """Ends a mute early; the wearer's open alerts are looked at. Whose it was; None when it is over, or there is none."""
    rows = await rows_or_refused(conn, "end_mute", {"mute_no": mute_no, "by": by, "at": At(at_us)})
    for (wearer,) in rows:
        name = f"mute_end:{mute_no}"
        await conn.execute(statement("look_again"), {"wearer": wearer, "name": name, "now": At(at_us)})
    return str(rows[0][0]) if rows else None


async def whose_alerts(conn: Connection, numbers: Sequence[int]) -> list[str]:
    """Of whom some alerts are, each once."""
    return [row[0] for row in await rows_or_refused(conn, "whose_alerts", {"numbers": list(numbers)})]


async def mute(conn: Connection, mute_no: int) -> Muted | None:
    """One mute; None when there is none."""
    rows = await rows_or_refused(conn, "mute", {"mute_no": mute_no})
    return Muted(*rows[0]) if rows else None


async def mutes_of(conn: Connection, wearer: str, now_us: int) -> list[Muted]:
    """The mutes of a wearer that are not over."""
    return [
        Muted(*row) for row in await rows_or_refused(conn, "mutes_of_wearer", {"wearer": wearer, "now": At(now_us)})
    ]


async def who_is_muted(conn: Connection, wearer: str, now_us: int) -> tuple[str, tuple[str, ...]] | None:
    """(response level, victims that running orders protect) of a wearer; None when there is none."""
    rows = await rows_or_refused(conn, "who_is_muted", {"wearer": wearer, "now": At(now_us)})
    return (rows[0][0], tuple(rows[0][1])) if rows else None


async def to_assess(conn: Connection, numbers: Sequence[int]) -> dict[int, list[str]]:
    """The current violations of each of some alerts of which nobody has decided anything."""
    found: dict[int, list[str]] = {}
    for alert_no, violation_id in await rows_or_refused(conn, "violations_to_assess", {"numbers": list(numbers)}):
        found.setdefault(alert_no, []).append(violation_id)
    return found


async def last_closings(conn: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """The revision of the last closing of each of some alerts."""
    return {row[0]: row[1] for row in await rows_or_refused(conn, "last_closings", {"numbers": list(numbers)})}


async def assessments(conn: Connection, ids: Sequence[str]) -> list[Assessment]:
    """Those of some ids that stand."""
    bodies = [row[0] for row in await rows_or_refused(conn, "assessments_proposed", {"ids": list(ids)})]
    found: list[Record] = [parse_record(body, ANY_NAME) for body in bodies]
    return [one for one in found if isinstance(one, Assessment)]


async def learn(conn: Connection, versions: Sequence[Version]) -> None:
    """Enters caseload records; ingest takes them as any others. Raises `Refused`."""
    with refusing():
        await caseload.enter(conn, versions)


async def enter_resting(
    conn: Connection, kind: str, reference: str, violations: Sequence[str], by: str, at_us: int
) -> None:
    """A breach, warrant, recall or arrest rests on some violations."""
    parameters = {"kind": kind, "reference": reference, "at": At(at_us), "by": by}
    for violation_id in violations:
        await conn.execute(statement("enter_resting"), parameters | {"violation_id": violation_id})


async def end_resting(conn: Connection, kind: str, reference: str, at_us: int) -> None:
    """It rests on nothing any more."""
    await conn.execute(statement("end_resting"), {"kind": kind, "reference": reference, "at": At(at_us)})
