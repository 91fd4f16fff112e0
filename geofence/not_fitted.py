"""`not_fitted` (rules.md 7): an order that runs, and nothing has been fitted to its wearer for too long.

By fact, and of records alone: no message brings it, so the clock does.
"""

from __future__ import annotations

from domain.instants import DAY_US, FAR_US, HOUR_US
from domain.records import Order, Visit
from domain.vocabulary import Cause, Kind, Reason, VisitOutcome
from geofence.book import Book
from geofence.drafts import Draft
from geofence.intervals import Span, union, without

AHEAD_US = 8 * DAY_US
"""How far ahead the timetable of a suspension is followed; then it is looked at again."""


def judge_fitting(book: Book, party: int, now_us: int) -> tuple[list[Draft], int]:
    """What is not fitted of one wearer's orders as of an instant, and when the clock alone may change it.

    The hours are counted in a row: while the order is not suspended, and from the end of the last fitting. A fitting
    of any device counts.
    """
    kind, wearer = book.parties[party]
    found: list[Draft] = []
    wake = FAR_US
    if kind != "wearer":
        return found, wake
    orders = book.ids(Order, "wearer", wearer)
    fitted = fitted_spans(book, party) if orders else []
    for order_id in orders:
        order = book.newest(Order, order_id)
        if order is None or order.wearer != wearer:
            continue
        patience = round(order.fit_within_h * HOUR_US)
        for start, end in _bare(book, order_id, fitted, patience, now_us):
            due = start + patience
            if due > now_us:
                wake = min(wake, due)
                continue
            draft = Draft(Kind.NOT_FITTED, party, due, end if end <= now_us else None)
            draft.order, draft.opened, draft.closed = order_id, Reason.CLOCK, Reason.CLOCK
            draft.told_us = order.told_at_us
            draft.cause, refused = _cause(book, wearer, start, min(end - 1, now_us))
            found.append(draft)
            if end > now_us:
                wake = min(wake, end, refused, now_us + AHEAD_US)
    return found, wake


def fitted_spans(book: Book, party: int) -> list[Span]:
    """When anything at all was fitted to a party."""
    names = (book.roster.ids[device] for device in book.devices_of(party))
    return union((start, end) for name in names for start, end, who in book.fittings(name) if who == party)


def _bare(book: Book, order_id: str, fitted: list[Span], patience: int, now_us: int) -> list[Span]:
    """Stretches of an order, longer than its patience, without a fitting or a suspension."""
    spans = [span for span in without(book.order_spans(order_id), fitted) if span[1] - span[0] > patience]
    if not spans:
        return []
    suspended = book.suspensions(order_id, spans[0][0], max(now_us, spans[0][0]) + AHEAD_US)
    return [span for span in without(spans, suspended) if span[1] - span[0] > patience]


def _cause(book: Book, wearer: str, since_us: int, until_us: int) -> tuple[Cause, int]:
    """The service's, unless a visit was refused by ``until_us``; and the next that will have been."""
    refused = [
        visit.at_us
        for visit_id in book.ids(Visit, "wearer", wearer)
        for _, _, visit in book.eras(Visit, visit_id)
        if visit.wearer == wearer and visit.outcome is VisitOutcome.REFUSED
    ]
    later = min((at for at in refused if at > until_us), default=FAR_US)
    return (Cause.WEARER if any(since_us <= at <= until_us for at in refused) else Cause.SERVICE), later
