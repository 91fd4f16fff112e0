"""What we do not know about a victim's safety (rules.md 7, 8), by silence: at a tick, and never judged again."""

from __future__ import annotations

from copy import copy

from tests.twin.facts import Fact
from tests.twin.found import Found
from tests.twin.pairs import FRESH_US, limits, near_m, speed_m_s
from tests.twin.silence import Contact
from tests.twin.spans import holding
from tests.twin.track import View
from tests.twin.versions import Line, Version, following, opened

LOSSES = ("communication_lost", "location_lost")


def _closed(line: Line, version: Version, at: int, reason: str, by: Fact | None = None) -> Version:
    found = copy(version.found)
    found.close(max(at, found.start), reason, by)
    return following(line, version, found, reason)


def proximity_unknown(line: Line, view: View, open_: list[Version]) -> list[Version]:
    """From the fix that is old, of the device that made it, to that party's next used fix."""
    out = []
    standing = set()
    for version in open_:
        if version.found.kind == "proximity_unknown" and version.found.end is None:
            standing.add(version.found.condition)
            out += _found_again(line, view, version)
    for condition in view.caseload.conditions(view.wearer, ("proximity",)) if line.kind == "tick" else []:
        record = view.caseload.newest("condition", condition)
        now = holding(view.caseload.enforced(condition), line.at)
        mine, theirs = view.used, view.person(record["victim"], "victim").used
        if condition in standing or now is None or not mine or not theirs:
            continue
        old = min(mine[-1], theirs[-1], key=lambda u: u.fact.key)
        ages = [(line.at - track[-1].t, speed_m_s(track, len(track) - 1)) for track in (mine, theirs)]
        in_force = view.caseload.near("condition", condition, line.at)
        assert in_force is not None
        near = near_m(mine[-1], theirs[-1], ages) < limits(in_force)["proximity_prealert"]
        if line.at - old.t > FRESH_US and near:
            found = Found("proximity_unknown", max(old.t, now[0]), None, "silence", [old.fact], condition=condition)
            found.order, found.device, found.cause = record["order"], old.fact.device, "unknown"
            found.victim = record["victim"]
            out.append(opened(line, view.wearer, found, "silence"))
    return out


def _found_again(line: Line, view: View, version: Version) -> list[Version]:
    found = version.found
    assert found.condition is not None
    assert found.victim is not None
    old = found.evidence[0]
    party = view if view.on(old.device, old.t) else view.person(found.victim, "victim")
    fix = next((u for u in party.used if u.t > old.t), None)
    enforced = holding(view.caseload.enforced(found.condition), version.decided)
    if enforced is not None and enforced[1] <= (line.at if fix is None else fix.t):
        return [_closed(line, version, enforced[1], "clock")]
    return [] if fix is None else [_closed(line, version, fix.t, "fixes", fix.fact)]


def victim_unit_silent(
    line: Line, view: View, open_: list[Version], found: list[Found], changed: list[Version], contact: Contact
) -> list[Version]:
    """While a unit's contact or location is lost; ``changed`` are the versions that this line makes of losses."""
    losses = [f for f in found if f.kind == "location_lost" and f.end is None]
    ended = {v.id for v in changed}
    losses += [v.found for v in open_ if v.found.kind == "communication_lost" and not v.found.end and v.id not in ended]
    losses += [v.found for v in changed if v.found.kind == "communication_lost" and v.found.end is None]
    out = []
    standing = set()
    for version in open_:
        if version.found.kind == "victim_unit_silent" and version.found.end is None:
            device = version.found.device
            standing.add(device)
            if not any(f.device == device for f in losses):
                over = [v for v in changed if v.found.device == device and v.found.kind in LOSSES and v.found.end]
                last = max(over, key=lambda v: v.found.end or 0, default=None)
                never = any(v.change == "withdrawn" and v.found.device == device for v in changed)
                at, reason = line.at, "fixes" if never else "contact"  # fixes have shown that it was never lost
                if last is not None:
                    at, reason = last.found.end or line.at, last.reason
                out.append(_closed(line, version, at, reason))
    if line.kind != "tick" or holding(view.caseload.protecting(view.wearer), line.at) is None:
        return out
    for device in sorted({str(f.device) for f in losses} - standing):
        fitting = view.caseload.fitting_at(device, line.at)
        if fitting is None or view.caseload.device(device, line.at)["kind"] != "victim_unit":
            continue
        fact = contact.heard(device, fitting[0])
        start = min(f.start for f in losses if f.device == device)
        silent = Found("victim_unit_silent", start, None, "silence", [fact] if fact else [], device=device)
        silent.cause = "unknown"
        out.append(opened(line, view.wearer, silent, "silence"))
    return out
