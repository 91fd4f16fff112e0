"""The JSON of handovers. What is kept of one is this JSON: numbers of alerts, counts and names of staff, of no wearer."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final, Literal, NamedTuple

from api.shapes import Shape
from domain.instants import format_instant
from domain.vocabulary import Role, Severity
from store import handovers as rows

OF_ALERTS: Final = ("open", "claimed", "unclaimed", "overdue")
"""The lists of a picture of which each item names an alert; that of `open` is the oldest of its severity."""


class OpenOf(Shape):
    """Open alerts of a severity, those that an outage holds left out."""

    severity: Severity
    number: int
    unclaimed: int
    oldest: str
    alert: str


class AlertOpen(Shape):
    """An open alert; `holder` null: nobody has it. `until` is when the claim lapses."""

    alert: str
    kind: str
    code: str | None
    severity: Severity
    raised: str
    holder: str | None
    until: str | None


class MuteOpen(Shape):
    """A mute that stands, and the open alerts under it."""

    id: str
    to: str
    by: str
    alerts: list[str]


class Due(Shape):
    """What should have been done: a claim that lapses within 15 minutes, a timer that nobody looked at, a promise, a task of 15 minutes ago."""

    what: Literal["claim", "timer", "promise", "task"]
    alert: str
    due: str


class Picture(Shape):
    """How things stand at `at`; `raised` and `closed` since the last handover, 12 hours at most. Lists end after 100."""

    at: str
    since: str
    raised: int
    closed: int
    open: list[OpenOf]
    claimed: list[AlertOpen]
    unclaimed: list[AlertOpen]
    muted: list[MuteOpen]
    overdue: list[Due]


class Handover(Shape):
    """What was handed over, without the items of alerts that you do not see; `taken` null: nobody has taken it yet."""

    id: str
    made: str
    by: str
    role: Role
    note: str
    told: Picture
    taken: str | None
    taken_by: str | None
    taken_role: Role | None
    taken_note: str | None


def picture_body(picture: rows.Picture) -> dict[str, Any]:
    """`Picture`."""
    order = [severity.value for severity in Severity]
    opened = sorted(picture.open, key=lambda one: order.index(one.severity))
    return {
        "at": format_instant(picture.at_us),
        "since": format_instant(picture.since_us),
        "raised": picture.raised,
        "closed": picture.closed,
        "open": [_open(one) for one in opened],
        "claimed": [_alert(one) for one in picture.claimed],
        "unclaimed": [_alert(one) for one in picture.unclaimed],
        "muted": [_mute(one) for one in picture.muted],
        "overdue": [
            {"what": one.what, "alert": str(one.alert_no), "due": format_instant(one.due_us)} for one in picture.overdue
        ],
    }


class Told(NamedTuple):
    """The alerts and mutes that a picture names."""

    alerts: Collection[int]
    mutes: Collection[int]


def told_of(rows_told: Iterable[rows.Handover]) -> Told:
    """What some handovers name."""
    alerts: set[int] = set()
    mutes: set[int] = set()
    for told in (row.told for row in rows_told):
        alerts.update(int(one["alert"]) for name in OF_ALERTS for one in told[name])
        alerts.update(int(no) for one in told["muted"] for no in one["alerts"])
        mutes.update(int(one["id"]) for one in told["muted"])
    return Told(alerts, mutes)


def _cut(told: dict[str, Any], seen: Told) -> dict[str, Any]:
    """A picture without the items of alerts and mutes that are not seen; the counts stay."""
    of_alerts = {name: [one for one in told[name] if int(one["alert"]) in seen.alerts] for name in OF_ALERTS}
    muted = [
        one | {"alerts": [no for no in one["alerts"] if int(no) in seen.alerts]}
        for one in told["muted"]
        if int(one["id"]) in seen.mutes
    ]
    return told | of_alerts | {"muted": muted}


def handover_body(row: rows.Handover, seen: Told) -> dict[str, Any]:
    """`Handover`, to somebody who sees so much."""
    made = {"made": format_instant(row.made_us), "by": row.made_by, "role": row.made_role, "note": row.note}
    taken = {"taken": _when(row.taken_us), "taken_by": row.taken_by, "taken_role": row.taken_role}
    return {"id": str(row.no)} | made | {"told": _cut(row.told, seen)} | taken | {"taken_note": row.taken_note}


def _open(one: rows.OpenNow) -> dict[str, Any]:
    counts = {"severity": one.severity, "number": one.number, "unclaimed": one.unclaimed}
    return counts | {"oldest": format_instant(one.oldest_us), "alert": str(one.oldest)}


def _alert(one: rows.AlertNow) -> dict[str, Any]:
    what = {"alert": str(one.alert_no), "kind": one.kind, "code": one.code, "severity": one.severity}
    return what | {"raised": format_instant(one.raised_us), "holder": one.holder, "until": _when(one.until_us)}


def _mute(one: rows.MutedNow) -> dict[str, Any]:
    return {"id": str(one.no), "to": format_instant(one.to_us), "by": one.by, "alerts": [str(no) for no in one.alerts]}


def _when(at_us: int | None) -> str | None:
    return None if at_us is None else format_instant(at_us)
