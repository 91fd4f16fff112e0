"""What a sheet is worked out of: one wearer's caseload and decisions as the caller sees them, and the look in the audit.

Sheets are worked out beside the loop: a year of a busy order takes some hundred milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from access.grants import Deed, may
from api.audited import looked
from api.caseload_asked import AskedOf
from api.problems import Problem
from domain.instants import DAY_US, format_instant
from domain.records import Order
from domain.violations import Violation
from evidence.chronology import Happened, What
from evidence.document.words import alert_words, within_a_sentence
from evidence.order_windows import MAX_RANGE_US, Held, held
from store.sheets import NotedRow, Sheets, TooMuch

FIRST_US: Final = 0
LAST_US: Final = 230 * 366 * DAY_US
DEFAULT_US: Final = 90 * DAY_US
"""Of a chronology."""


@dataclass(frozen=True, slots=True)
class OfOrder:
    """An order with its wearer's caseload, and the violations that touch the period ``[from_us, to_us)``."""

    of: Held
    order: Order
    violations: list[Violation]
    from_us: int
    to_us: int
    now_us: int


async def of_order(
    asked: AskedOf,
    sheets: Sheets,
    order_id: str,
    from_us: int | None,
    to_us: int | None,
    shown: str,
    *,
    whole: bool = False,
) -> OfOrder:
    """What a sheet of an order is made of; the period is the order's so far unless told, cut to 400 days unless ``whole``.

    404 for none in sight.
    The look is kept in the audit before anything is answered.
    """
    sight, now_us = asked.seen.sight, asked.seen.parts.now()
    wearer = await sheets.wearer_of(sight, order_id)
    if wearer is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such order")
    of = held(await sheets.records(sight, wearer), asked.caseload.zones)
    order = of.book.newest(Order, order_id)
    if order is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such order")
    end_us = min(now_us, now_us if order.to_us is None else order.to_us)
    to_us = max(end_us, order.from_us + 1) if to_us is None else to_us
    if from_us is None:
        from_us = order.from_us if whole else max(order.from_us, to_us - MAX_RANGE_US)
    if not whole:
        check_period(from_us, to_us)
    told = {"from": format_instant(from_us), "to": format_instant(to_us), "order": order_id}
    await looked(asked.seen, Deed.READ_SHEETS, "wearer", [wearer], shown=shown, **told)
    try:
        violations = await sheets.violations(sight, wearer, from_us, max(to_us, from_us + 1))
    except TooMuch:
        raise too_much() from None
    return OfOrder(of, order, violations, from_us, to_us, now_us)


def check_period(from_us: int, to_us: int) -> None:
    """422 for a period that is empty, too long, or of years that no clock here knows."""
    if from_us < FIRST_US or to_us > LAST_US:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "must be of the years 1970 to 2200", field="from")
    if not 0 < to_us - from_us <= MAX_RANGE_US:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "must be after `from`, by at most 400 days", field="to")


def too_much() -> Problem:
    """More happened in the period than one sheet holds."""
    detail = "more happened in that time than one sheet holds; ask for a shorter one"
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field="from")


def noted_for(asked: AskedOf) -> list[str]:
    """What people did, of which a chronology tells this caller: warrants and breaches to who may read those."""
    wanted = {"contacts": Deed.READ_SHEETS, "alerts": Deed.READ_ALERTS, "warrants": Deed.READ_WARRANTS}
    wanted |= {"breaches": Deed.READ_BREACHES}
    return [name for name, deed in wanted.items() if may(asked.seen.caller, deed)]


def line_of(row: NotedRow) -> Happened:
    """What people did, as a line."""
    event = row.event if row.kind is None else f"{row.event}: {within_a_sentence(alert_words(row.kind, row.code))}"
    return Happened(row.at_us, What(row.what), event, row.about, by=row.by or "", text=row.text or "")
