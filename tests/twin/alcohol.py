"""Alcohol (rules.md 6): a run over the limit, what a person made of it, and what hinders the tag."""

from __future__ import annotations

from copy import copy

from domain.instants import DAY_US, EARLY_US
from tests.twin.found import Found
from tests.twin.silence import Contact
from tests.twin.spans import cut, holding, less
from tests.twin.track import Mark, Used, View
from tests.twin.versions import Line, Version, following, opened
from tests.twin.zones import Walk, walked

OBSTRUCTED = ("case_tamper", "shielding")


def suspected(view: View) -> list[Found]:
    """Readings as fixes are walked: over the limit is the wrong side. A run is whole as a zone's is, by default of two."""
    out = []
    for condition in view.caseload.conditions(view.wearer, ("alcohol",)):
        marks = []
        for fact in view.facts:
            record = view.caseload.near("condition", condition, fact.t)
            assert record is not None
            limit = record.get("tac_limit_permille")
            if fact.code == "alcohol_reading" and fact.tac is not None and limit is not None:
                used = Used(fact, fact, view.devices[fact.device].gap_us(fact.t))
                marks.append(Mark(used, 1 if fact.tac > limit else -1, True, 0.0))
        enforced = view.caseload.enforced(condition)
        base = less(view.caseload.windows_of(condition), view.caseload.suspensions_of(condition))
        for found in walked(Walk(1, "alcohol_suspected", None), marks, enforced, base, view, condition):
            found.p_inside = None
            found.opener = "clock" if found.opener == "clock" else "event"
            found.closer = "event" if found.closer == "fixes" else found.closer
            found.order, found.condition = view.caseload.newest("condition", condition)["order"], condition
            out.append(found)
    return out


def confirmed(view: View, current: list[Version]) -> list[Found]:
    """`alcohol`: each suspicion that a person upheld, as far as it goes."""
    out = []
    for version in current:
        if version.found.kind == "alcohol_suspected" and view.caseload.decided(version.id, view.at) == "upheld":
            found = copy(version.found)
            found.kind, found.opener = "alcohol", "assessment"
            out.append(found)
    return out


def obstructed(view: View) -> list[Found]:
    """`alcohol_tamper` by fact: the alcohol tag tampered with or shielded while the condition is enforced."""
    out = []
    for condition in view.caseload.conditions(view.wearer, ("alcohol",)):
        enforced = view.caseload.enforced(condition)
        for device in view.worn:
            if view.caseload.device(device.id, view.at)["kind"] != "alcohol_tag":
                continue
            for low, high, record in device.fittings:
                if record.get(view.role) == view.wearer:
                    out += _obstructions(view, condition, device.id, cut(enforced, [(low, high)]))
    return out


def _obstructions(view: View, condition: str, device: str, enforced: list[tuple[int, int]]) -> list[Found]:
    out: list[Found] = []
    for low, high in enforced:
        open_: dict[str, Found] = {}
        for fact in [f for f in view.about if f.subject == device and f.code in OBSTRUCTED and low <= f.t < high]:
            if fact.state == "end":
                if fact.code in open_:
                    open_.pop(fact.code).close(fact.t, "event", fact)
            elif fact.code not in open_:
                found = Found("alcohol_tamper", fact.t, None, "event", [fact], condition=condition, device=device)
                found.cause, found.order = "unknown", view.caseload.newest("condition", condition)["order"]
                out.append(found)
                if fact.state == "pulse":
                    found.close(fact.t, "event")
                else:
                    open_[fact.code] = found
        for found in open_.values():
            if high <= view.at:
                found.close(high, "clock")
    return out


def silent(line: Line, view: View, open_: list[Version], contact: Contact, heard: str | None) -> list[Version]:
    """`alcohol_tamper` by silence: an alcohol tag from which nothing was uploaded for 24 hours, until it is heard."""
    out = []
    standing = set()
    for version in open_:
        found = version.found
        if (found.kind, found.opener, found.end) != ("alcohol_tamper", "silence", None):
            continue
        assert found.device is not None
        assert found.condition is not None
        fitting = view.caseload.fitting_at(found.device, found.start)
        held = holding(view.caseload.enforced(found.condition), version.decided)
        ends = min(span[1] if span else EARLY_US for span in (fitting, held))
        if ends <= line.at or heard == found.device:
            at, reason = (max(ends, found.start), "clock") if ends <= line.at else (line.at, "contact")
            closed = copy(found)
            closed.close(at, reason)
            out.append(following(line, version, closed, reason))
        standing.add((found.condition, found.device))
    for condition in view.caseload.conditions(view.wearer, ("alcohol",)) if line.kind == "tick" else []:
        now = holding(view.caseload.enforced(condition), line.at)
        for device in view.worn:
            fitting = device.fitting(line.at)
            if now is None or fitting is None or fitting[2].get("wearer") != view.wearer:
                continue
            due = contact.listened(device.id, fitting[0]) + DAY_US
            kind = view.caseload.device(device.id, line.at)["kind"]
            if kind == "alcohol_tag" and due <= line.at and (condition, device.id) not in standing:
                fact = contact.heard(device.id, fitting[0])
                found = Found("alcohol_tamper", max(due, now[0]), None, "silence", [fact] if fact else [])
                found.condition, found.device, found.cause = condition, device.id, "unknown"
                found.order = view.caseload.newest("condition", condition)["order"]
                out.append(opened(line, view.wearer, found, "silence"))
    return out
