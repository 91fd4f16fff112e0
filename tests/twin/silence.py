"""Kinds by silence (rules.md 0, 5, 7): what we did not know, by receive times; never judged again."""

from __future__ import annotations

from copy import copy

from domain.instants import SECOND_US
from tests.twin.caseload import ZONE_KINDS
from tests.twin.curfew import DEFAULT_GRACE_S
from tests.twin.facts import Fact
from tests.twin.found import Found
from tests.twin.pairs import limits, meetings
from tests.twin.presence import UNKNOWN, presence
from tests.twin.spans import Spans, cut, holding
from tests.twin.track import LEAST_SILENCE_S, View
from tests.twin.versions import Line, Version, following, opened

SPEAKING = ("gps_tag", "home_unit", "victim_unit", "alcohol_tag")
KINDS = ("communication_lost", "lost_in_zone", "whereabouts_unknown")


class Contact:
    """When each device was last heard, and the last fact heard of it."""

    def __init__(self) -> None:
        self.since: int | None = None  # the first line: nobody listened before it
        self.at: dict[str, int] = {}
        self.fact: dict[str, Fact] = {}

    def message(self, device: str, at: int, last: Fact | None) -> None:
        self.at[device] = at
        if last is not None:
            self.fact[device] = last

    def last(self, device: str, fitted: int) -> int:
        """When a device fitted then was last heard, or else when it was fitted."""
        return max(fitted, self.at.get(device, fitted))

    def listened(self, device: str, fitted: int) -> int:
        """From when its silence counts."""
        last = self.last(device, fitted)
        return last if device in self.at else max(last, self.since or last)

    def heard(self, device: str, fitted: int) -> Fact | None:
        """The last fact heard of it."""
        return self.fact.get(device) if self.at.get(device, 0) >= fitted else None


def communication(line: Line, view: View, open_: list[Version], contact: Contact, heard: str | None) -> list[Version]:
    """Versions of `communication_lost` of one wearer; ``heard`` is the device that this line is a message from."""
    wearer, caseload = view.wearer, view.caseload
    out: list[Version] = []
    silent = {v.found.device: v for v in open_ if v.found.kind == "communication_lost" and v.found.end is None}
    for version in silent.values():
        assert version.found.device is not None
        at, reason = _contact_ends(version, line, view, heard)
        if at is not None:
            out.append(_closed(line, version, at, reason))
    if line.kind != "tick" or holding(_active(view), line.at) is None:
        return out
    for device in caseload.ids("device"):
        fitting = caseload.fitting_at(device, line.at)
        if device in silent or fitting is None or fitting[2].get(view.role) != wearer:
            continue
        record = caseload.device(device, line.at)
        last = contact.last(device, fitting[0])
        limit = max(2 * int(record.get("upload_s", 60)), LEAST_SILENCE_S) * SECOND_US
        if record["kind"] in SPEAKING and line.at - contact.listened(device, fitting[0]) >= limit:
            fact = contact.heard(device, fitting[0])
            found = Found("communication_lost", last, None, "silence", [fact] if fact else [], device=device)
            found.cause = "unknown"
            out.append(opened(line, wearer, found, "silence"))
    return out


def _active(view: View) -> Spans:
    """When an order of the wearer, or one that protects the victim, is active."""
    return view.caseload.protected(view.wearer) if view.role == "victim" else view.caseload.active(view.wearer)


def _contact_ends(version: Version, line: Line, view: View, heard: str | None) -> tuple[int | None, str]:
    device = version.found.device
    assert device is not None
    since = max(version.found.start, version.decided)
    fitting = view.caseload.fitting_at(device, since)
    orders = holding(_active(view), since)
    ends = [span[1] for span in (fitting, orders) if span is not None]
    ended = min(ends, default=line.at)
    if ended <= line.at:
        return max(ended, version.found.start), "clock"
    return (line.at, "contact") if heard == device else (None, "")


def _closed(line: Line, version: Version, at: int, reason: str, fact: Fact | None = None) -> Version:
    found = copy(version.found)
    found.close(at, reason, fact)
    return following(line, version, found, reason)


def lost_in_zone(line: Line, view: View, open_: list[Version], losses: list[Version]) -> list[Version]:
    """Closes at a used fix; opens with a loss where the newest used fix was in or near what it must not be."""
    out: list[Version] = []
    standing: set[str | None] = set()
    for version in open_:
        if version.found.kind != "lost_in_zone" or version.found.end is not None:
            continue
        closed = _found_again(line, view, version)
        if closed is not None:
            out.append(closed)
        else:
            standing.add(version.found.condition)
    if not losses or not view.used:
        return out
    peril = (*ZONE_KINDS, "proximity")
    newest = view.used[-1]
    start = min(v.found.start for v in losses)
    for condition_id in view.caseload.conditions(view.wearer, peril):
        if condition_id in standing or holding(view.caseload.enforced(condition_id), line.at) is None:
            continue
        if _in_peril(view, condition_id):
            record = view.caseload.newest("condition", condition_id)
            found = Found(
                "lost_in_zone", start, None, "silence", [newest.fact], condition=condition_id, cause="unknown"
            )
            found.order, found.victim = record["order"], record.get("victim")
            out.append(opened(line, view.wearer, found, "silence"))
    return out


def _found_again(line: Line, view: View, version: Version) -> Version | None:
    condition_id = version.found.condition
    assert condition_id is not None
    enforced = holding(view.caseload.enforced(condition_id), version.decided)
    fix = next((u for u in view.used if u.t > version.found.start), None)
    if enforced is not None and enforced[1] <= (line.at if fix is None else fix.t):
        return _closed(line, version, enforced[1], "clock")
    return None if fix is None else _closed(line, version, fix.t, "fixes", fix.fact)


def _in_peril(view: View, condition_id: str) -> bool:
    record = view.caseload.newest("condition", condition_id)
    if record["kind"] == "proximity":
        met = [m for m in meetings(view, view.person(record["victim"], "victim")) if m.used is view.used[-1]]
        return bool(met) and met[-1].near_m <= limits(record)["proximity_prealert"]
    newest = view.marks(condition_id)[-1]
    if record["kind"] == "restriction_zone":
        return newest.side < 0
    if record["kind"] != "exclusion_zone":
        return False
    return view.marks(condition_id, float(record.get("buffer_m", 0) or 0))[-1].side >= 0


def whereabouts(line: Line, view: View, open_: list[Version], before: int | None) -> list[Version]:
    """``before`` is the tick before this one; a window is looked at by the first tick after its grace only."""
    out: list[Version] = []
    for condition_id in view.caseload.conditions(view.wearer, ("curfew",)):
        for version in open_:
            found = version.found
            if (found.kind, found.condition, found.end) != ("whereabouts_unknown", condition_id, None):
                continue
            end = _window_end(view, condition_id, found.start)
            if end <= line.at:
                out.append(_closed(line, version, max(end, found.start), "clock"))
            elif presence(view, condition_id).at(line.at) != UNKNOWN:
                out.append(_closed(line, version, line.at, "fixes"))
        if line.kind == "tick":
            out += _whereabouts_opened(line, view, condition_id, before)
    return out


def _window_end(view: View, condition_id: str, at: int) -> int:
    """``E`` of the window that holds an instant."""
    window = holding(view.caseload.windows_of(condition_id), at)
    unexcused = cut([window], view.caseload.enforced(condition_id)) if window else []
    return unexcused[-1][1] if unexcused else at


def _whereabouts_opened(line: Line, view: View, condition_id: str, before: int | None) -> list[Version]:
    out = []
    enforced = view.caseload.enforced(condition_id)
    for window in view.caseload.windows_of(condition_id):
        unexcused = cut([window], enforced)
        if not unexcused:
            continue
        record = view.caseload.near("condition", condition_id, unexcused[0][0])
        assert record is not None
        asked = unexcused[0][0] + int(float(record.get("grace_s", DEFAULT_GRACE_S)) * SECOND_US)
        if asked > line.at or (before is not None and asked <= before) or line.at >= unexcused[-1][1]:
            continue
        if presence(view, condition_id).at(asked) == UNKNOWN:
            found = Found("whereabouts_unknown", asked, None, "silence", [], condition=condition_id, cause="unknown")
            found.order = view.caseload.newest("condition", condition_id)["order"]
            out.append(opened(line, view.wearer, found, "silence"))
    return out
