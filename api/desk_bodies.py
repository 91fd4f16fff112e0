"""Rows of the desk as the objects of `api.desk_shapes`. Numbers of the database go out as strings."""

from __future__ import annotations

from typing import Any

import msgspec

from alerts.asked import Stands, not_needed, place_of, time_of
from alerts.desk import Result
from alerts.mutes import Stretch
from alerts.protocols import Protocols
from alerts.state import Answers, Plan
from api.desk_problems import cause_of, status_of
from domain.instants import format_instant
from domain.rota import Shift
from domain.vocabulary import AlertCondition, AlertWork
from store.desk_reading import ContactSeen, EventSeen, History, MuteSeen, NextStep, NotificationSeen, TaskSeen


def result_body(result: Result) -> dict[str, Any]:
    """`desk_shapes.BulkResult`."""
    done, error = result.done, result.error
    return {
        "id": str(result.alert_no),
        "status": 200 if error is None else int(status_of(error)),
        "revision": None if done is None else str(done.revision),
        "cause": None if error is None else cause_of(error),
    }


def history_body(alert_no: int, history: History, protocols: Protocols) -> dict[str, Any]:
    """`desk_shapes.AlertHistory`; ``protocols`` are those in force, and those that alerts may still be running."""
    plan = msgspec.convert(history.plan, Plan)
    return {
        "alert": str(alert_no),
        "events": [_event(row) for row in history.events],
        "notifications": [_notification(row, plan) for row in history.notifications],
        "contacts": [_contact(row) for row in history.contacts],
        "tasks": [task_body(row, protocols) for row in history.tasks],
        "timers": [{"name": row.name, "due": format_instant(row.due_us)} for row in history.timers],
        "protocol": _protocol(history, plan, protocols),
    }


def _protocol(history: History, plan: Plan, protocols: Protocols) -> dict[str, Any] | None:
    found = protocols.named(plan.protocol, plan.version)
    if found is None:
        return None
    due = {row.name: format_instant(row.due_us) for row in history.timers}
    steps = [
        msgspec.to_builtins(step) | {"done": _times(plan, place), "due": due.get(f"step:{place}")}
        for place, step in enumerate(found.steps)
    ]
    for step in steps:
        del step["since"]
    begun = format_instant(plan.started_us)
    return {"id": found.id, "version": found.version, "title": found.title, "begun": begun, "steps": steps}


def _times(plan: Plan, place: int) -> int:
    """How often a step was done in this run; one that stops at `claimed` counts each time without a claim anew."""
    return sum(times for key, times in plan.done.items() if key.partition(".")[0] == str(place))


def _event(row: EventSeen) -> dict[str, Any]:
    same = ("event", "from_work", "to_work", "to_condition", "severity", "outcome", "note", "explanation", "why")
    who = {"at": format_instant(row.at_us), "by": row.by_name, "role": row.by_role}
    return {"id": str(row.no), "revision": str(row.revision)} | who | {name: getattr(row, name) for name in same}


def _notification(row: NotificationSeen, plan: Plan) -> dict[str, Any]:
    same = (
        *("target", "recipient", "channel", "text", "urgency", "reason", "sends", "detail", "state", "attempts", "why"),
    )
    stands_down = None if row.stands_down is None else str(row.stands_down)
    times = {"made": row.made_us, "sent": row.sent_us, "not_before": row.not_before_us}
    when = {name: _instant(us) for name, us in times.items()}
    time = time_of(row.id)
    of = {"step": place_of(row.id, plan), "time": None if time is None else time.key, "stands_down": stands_down}
    return {"id": str(row.no)} | of | when | {name: getattr(row, name) for name in same}


def _contact(row: ContactSeen) -> dict[str, Any]:
    same = (
        *("party", "wearer", "victim", "inbound", "channel", "number", "answered", "answered_by", "said", "promised"),
        *("kept_by", "police_log"),
    )
    when = {"promised_at": _instant(row.promised_us), "kept": _instant(row.kept_us), "at": format_instant(row.at_us)}
    who = {"id": str(row.no), "by": row.by_name, "role": row.by_role}
    return who | when | {name: getattr(row, name) for name in same}


def contact_body(row: ContactSeen) -> dict[str, Any]:
    """`desk_shapes.ContactInLog`."""
    return _contact(row) | {"alert": None if row.alert_no is None else str(row.alert_no)}


def task_body(row: TaskSeen, protocols: Protocols) -> dict[str, Any]:
    """`desk_shapes.Task`; ``protocols`` as of `history_body`."""
    plan = msgspec.convert(row.plan, Plan)
    answers = Answers(row.wearer_answered, row.victim_answered)
    stands = Stands(AlertWork(row.work), AlertCondition(row.condition), row.period, plan, answers)
    return {
        "id": str(row.no),
        "alert": str(row.alert_no),
        "key": row.key,
        "target": row.target,
        "text": row.text,
        "made": format_instant(row.made_us),
        "done": _instant(row.done_us),
        "done_by": row.done_by,
        "step": place_of(row.key, plan),
        "recipient": row.recipient,
        "not_before": _instant(row.not_before_us),
        "stands_down": row.stands_down,
        "not_needed": [flag.value for flag in not_needed(row.key, stands, protocols)],
    }


def next_step_body(row: NextStep, protocols: Protocols) -> dict[str, Any] | None:
    """`desk_shapes.NextStep`; None of a protocol that this process does not know."""
    found = protocols.named(row.protocol, row.version)
    if found is None or row.place >= len(found.steps):
        return None
    step = msgspec.to_builtins(found.steps[row.place])
    told = {name: step[name] for name in ("action", "to", "by", "text")}
    return {"alert": str(row.alert_no), "due": format_instant(row.due_us)} | told


def mute_body(row: MuteSeen) -> dict[str, Any]:
    """`desk_shapes.Mute`."""
    return {
        "id": str(row.no),
        "wearer": row.wearer,
        "from": format_instant(row.from_us),
        "to": format_instant(row.to_us),
        "reason": row.reason,
        "made": format_instant(row.made_us),
        "by": row.by_name,
        "role": row.by_role,
    }


def stretch_body(stretch: Stretch) -> dict[str, Any]:
    """`desk_shapes.Stretch`."""
    span = {"from": format_instant(stretch.from_us), "to": format_instant(stretch.to_us)}
    return span | {"quiet": stretch.quiet, "by": list(stretch.by)}


def shift_body(shift: Shift) -> dict[str, Any]:
    """`desk_shapes.ShiftOnDuty`."""
    same = ("id", "person", "name", "area", "organisation", "phone", "email", "priority")
    span = {"from": format_instant(shift.from_us), "to": format_instant(shift.to_us)}
    return {name: getattr(shift, name) for name in same} | {"role": shift.role.value} | span


def _instant(us: int | None) -> str | None:
    return None if us is None else format_instant(us)
