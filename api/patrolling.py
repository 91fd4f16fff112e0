"""What an officer with a patrol link sees: one wearer, as long as an open alert of theirs calls for it (docs/decisions/0022).

The link is a way in of its own, beside the door: whoever has its secret is let in as one caller who sees one wearer and no more. Of
positions only those around the wearer's open alerts are shown, of protected people nothing. Each opening is in the audit first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request

from api.made_secrets import digest
from api.parts import Parts
from api.patrol_sketch import Sketch, sketch_of
from api.problems import Problem
from api.sign_in import address_of
from domain.callers import Sight
from domain.instants import MINUTE_US, SECOND_US
from domain.rota import Shift
from domain.vocabulary import Role
from store.audit import Entry
from store.patrol_links import Opened
from store.reading_types import PositionRow

TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
OPENED: Final = "patrol_links.open"
"""What the audit calls an opening; who opens is `patrol-` and the link's number."""
BACK_US: Final = 30 * MINUTE_US
"""How far back the way is shown."""
MOST_POINTS: Final = 60
STILL_M_S: Final = 0.5
"""Slower than this nobody goes anywhere."""
ON_THE_PHONE: Final = (Role.SUPERVISOR, Role.DUTY_MANAGER, Role.OPERATOR)
"""Whose number is given as the centre's, the first that the rota has."""


@dataclass(frozen=True, slots=True)
class Patrol:
    """What is shown. ``points`` the newest first; ``phone`` None: the rota has no number now."""

    opened: Opened
    record: dict[str, Any]
    points: Sequence[PositionRow]
    sketch: Sketch | None
    phone: str | None
    protects: bool

    @property
    def newest(self) -> PositionRow | None:
        return self.points[0] if self.points else None

    @property
    def heading(self) -> float | None:
        """Degrees from north; None where it is not known, or the wearer stands still."""
        last = self.newest
        moving = last is not None and last.hdg is not None and (last.spd is None or last.spd >= STILL_M_S)
        return last.hdg if moving and last is not None else None


async def patrol(request: Request, parts: Parts, token: str) -> Patrol | None:
    """What the link opens now; None where it opens nothing. Raises `Problem`: too many wrong ones from there (429), no links here (503)."""
    if parts.desk is None or parts.desk.patrol_links is None or parts.permitting is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "patrol links are not set up in this process")
    address, now_us, attempts = address_of(request), parts.now(), parts.patrol_attempts
    wait_us = attempts.wait_us(address, now_us)
    if wait_us:
        wait_s = -(-wait_us // SECOND_US)
        detail = f"too many wrong links from this address: try again in {wait_s} s"
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(wait_s)})
    opened = None
    if TOKEN.fullmatch(token):
        opened = await parts.desk.patrol_links.open(digest(token), now_us, lambda found: _entry(found, now_us, address))
    if opened is None:
        attempts.tries(address, now_us)
        return None
    return await _shown(parts, opened, now_us)


async def _shown(parts: Parts, opened: Opened, now_us: int) -> Patrol | None:
    assert parts.permitting is not None
    assert parts.desk is not None
    reading = parts.reading.seen(Sight(wearers=frozenset({opened.wearer}), positions=True))
    row = await reading.wearer(opened.wearer)
    if row is None:
        return None
    alert = await parts.reading.alert(opened.alert_no)
    from_us = now_us - BACK_US
    permits = (await parts.permitting.of_request(opened.wearer, from_us, now_us + 1)).around_alerts()
    rows = await reading.trail_backwards(opened.wearer, from_us, now_us + 1, MOST_POINTS)
    points = parts.permitting.shown(permits, rows)
    if not points:
        # The last place all the same, however old: it is where one begins to look.
        points = await _last(parts, opened, now_us)
    phone = _phone(await parts.desk.shifts(now_us, now_us + 1))
    return Patrol(opened, row.record, points, sketch_of(points), phone, alert is not None and alert.victim is not None)


async def _last(parts: Parts, opened: Opened, now_us: int) -> list[PositionRow]:
    """The newest fix that is permitted around open alerts."""
    assert parts.permitting is not None
    reading = parts.reading.seen(Sight(wearers=frozenset({opened.wearer}), positions=True))
    newest = await reading.newest_fixes([opened.wearer])
    if not newest:
        return []
    span = (newest[0].t_us, max(now_us, newest[0].t_us) + 1)
    permits = (await parts.permitting.of_request(opened.wearer, *span)).around_alerts()
    return list(parts.permitting.shown(permits, newest[:1]))


def _entry(opened: Opened, at_us: int, address: str) -> Entry:
    """An officer's name stands with the link, not in the audit."""
    who = f"patrol-{opened.no}"
    details = {"link": str(opened.no), "alert": str(opened.alert_no)}
    subjects = (opened.wearer,)
    return Entry(at_us, who, Role.POLICE.value, "link", address, None, OPENED, "wearer", subjects, None, details)


def _phone(shifts: Sequence[Shift]) -> str | None:
    """The centre's number now, by the rota."""
    for role in ON_THE_PHONE:
        for shift in sorted(shifts, key=lambda one: one.priority):
            if shift.role is role and shift.phone:
                return shift.phone
    return None
