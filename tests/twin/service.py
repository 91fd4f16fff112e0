"""`not_fitted` by fact and `unmonitored` by silence (rules.md 7): orders that nobody watches."""

from __future__ import annotations

from copy import copy

from domain.instants import DAY_US, EARLY_US, HOUR_US
from tests.twin.caseload import instant_of
from tests.twin.found import Found
from tests.twin.silence import SPEAKING, Contact
from tests.twin.spans import holding, less, merged
from tests.twin.track import View
from tests.twin.versions import Line, Version, following, opened

FIT_WITHIN_H = 72.0


def not_fitted(view: View) -> list[Found]:
    caseload = view.caseload
    fitted = merged(
        (low, high) for d in view.worn for low, high, record in d.fittings if record.get("wearer") == view.wearer
    )
    out = []
    for order in caseload.orders(view.wearer):
        held = merged(fitted + caseload.suspensions_of_order(order))
        for low, high in less(caseload.order_spans(order), held):
            record = caseload.near("order", order, low)
            assert record is not None
            hours = record.get("fit_within_h")
            start = low + int((FIT_WITHIN_H if hours is None else hours) * HOUR_US)
            if start < high and start <= view.at:
                found = Found("not_fitted", start, None, "clock", [], order=order, by_receipt=True)
                found.cause = "wearer" if _refused(view, low, min(high, view.at + 1)) else "service"
                if high <= view.at:
                    found.close(high, "clock")
                out.append(found)
    return out


def _refused(view: View, low: int, high: int) -> bool:
    """Whether one of the visits made meanwhile says so."""
    return any(
        record["wearer"] == view.wearer
        and record["outcome"] == "refused"
        and low <= max(held, instant_of(record, "at", EARLY_US)) < high
        for visit in view.caseload.ids("visit")
        for held, _, record in view.caseload.segments("visit", visit)
    )


def unmonitored(line: Line, view: View, open_: list[Version], contact: Contact, heard: str | None) -> list[Version]:
    """Closes at a message of a fitted device; opens at a tick when each of them has been silent for its time."""
    caseload = view.caseload
    fitted = {}
    for device in caseload.ids("device"):
        fitting = caseload.fitting_at(device, line.at)
        if fitting is None or fitting[2].get("wearer") != view.wearer:
            continue
        if caseload.device(device, line.at)["kind"] in (*SPEAKING, "rf_tag"):
            fitted[device] = fitting[0]
    tags = [low for device, low in fitted.items() if caseload.device(device, line.at)["kind"] == "rf_tag"]
    if tags:
        fitted = {**_units_of_others(view, line.at, min(tags)), **fitted}
    out = []
    standing = set()
    for version in open_:
        if version.found.kind == "unmonitored" and version.found.end is None:
            closed = _over(line, view, version, heard if heard in fitted else None, bool(fitted))
            standing.add(version.found.order)
            if closed is not None:
                out.append(closed)
    if line.kind != "tick" or not fitted:
        return out
    for order in caseload.orders(view.wearer):
        active = holding(less(caseload.order_spans(order), caseload.suspensions_of_order(order)), line.at)
        due = max(_due(contact, device, low) for device, low in fitted.items())
        if active is not None and order not in standing and due <= line.at:
            facts = [f for f in (contact.heard(device, low) for device, low in fitted.items()) if f is not None]
            last = [max(facts, key=lambda f: (contact.at[f.device], f.key))] if facts else []
            found = Found("unmonitored", max(due, active[0]), None, "silence", last, order=order, cause="unknown")
            out.append(opened(line, view.wearer, found, "silence"))
    return out


def _units_of_others(view: View, at: int, since: int) -> dict[str, int]:
    """Home units of the wearer's places that others were fitted with, or nobody, and since when: a curfew tag is in contact while its home unit is."""
    caseload, found = view.caseload, {}
    for condition in caseload.conditions(view.wearer, ("curfew", "attendance")):
        for low, high, record in caseload.segments("condition", condition):
            unit = record["place"].get("home_unit")
            if unit is None or not low <= at < high:
                continue
            if {fitting.get("wearer") for _, _, fitting in caseload.fittings(unit)} != {view.wearer}:
                found[unit] = max(low, since)
    return found


def _due(contact: Contact, device: str, fitted: int) -> int:
    """An hour after the fitting of a device never heard since, 24 hours after the last that was heard of another."""
    heard = contact.at.get(device)
    return contact.listened(device, fitted) + (HOUR_US if heard is None or heard < fitted else DAY_US)


def _over(line: Line, view: View, version: Version, heard: str | None, fitted: bool) -> Version | None:
    order = version.found.order
    assert order is not None
    spans = less(view.caseload.order_spans(order), view.caseload.suspensions_of_order(order))
    active = holding(spans, max(version.found.start, version.decided))
    at, reason = line.at, "contact"
    if active is None or active[1] <= line.at:
        at, reason = (active[1] if active else version.found.start), "clock"
    elif not fitted:
        ends = [high for d in view.worn for _, high, record in d.fittings if record.get("wearer") == view.wearer]
        at, reason = max([end for end in ends if end <= line.at], default=line.at), "clock"
    elif heard is None:
        return None
    found = copy(version.found)
    found.close(max(at, found.start), reason)
    return following(line, version, found, reason)
