"""Forms that are looked at before they are saved: what is entered is shown as instants first, and saved only as it was shown.

Each has two buttons, "look" and "save". A form that was changed after the look is looked at again (failure 18).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from api.console.frame import Page
from api.console.timelines import Day, Stretch, clock_changes, days_of, midnight, next_midnight, stretch, widest
from api.console.typed import GENERAL, Form
from api.console.wearer_words import order_words

LOOK, SAVE = "look", "save"
CHANGED: Final = "You changed something after you looked: here is what it covers now. Nothing was saved"
DAYS_SHOWN: Final = 14
YEAR: Final = timedelta(days=370)


def fresh_key() -> str:
    """An Idempotency-Key for a form that was not sent yet."""
    return str(uuid4())


def draft(opened: Page, name: str) -> str:
    """Under which name what is typed is kept: a page that answers a form has it already, and must not be filled in from before."""
    return name if opened.request.method == "GET" else f"{name}-{uuid4().hex[:8]}"


def digest(record: Mapping[str, Any]) -> str:
    """What a form's hidden field `looked` bears after a look."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:32]


def may_save(opened: Page, form: Form, record: Mapping[str, Any]) -> bool:
    """Whether "save" was pressed for what was shown; where it was changed since, that is told."""
    if opened.typed.get("do") != SAVE:
        return False
    if opened.typed.get("looked") != digest(record):
        form.fault(GENERAL, CHANGED)
        return False
    return True


def range_shown(start: datetime, end: datetime | None, days: int = DAYS_SHOWN) -> tuple[datetime, datetime]:
    """The whole local days of ``[start, end)``, so many at most."""
    first = midnight(start)
    last = first + timedelta(days=days)
    if end is not None and end < last:
        last = end
    return first, next_midnight(last - timedelta(microseconds=1))


def of_windows(timeline: Iterable[Mapping[str, Any]]) -> list[Stretch]:
    """A condition's windows: what is enforced, and what is not and why."""
    return [
        stretch(
            dict(one),
            "on" if one["enforced"] else "off",
            "" if one["enforced"] else f"not enforced: {because(one['by'])}",
        )
        for one in timeline
    ]


def pictured(found: Iterable[Stretch], first: datetime, last: datetime, until: datetime) -> dict[str, Any]:
    """For `parts/editing.html`: the days of ``[first, last)``, and the nights on which clocks change from then to ``until``."""
    stretches = list(found)
    days = days_of(stretches, first, last)
    changes = changes_ahead(stretches, first, last, until)
    return {"days": days, "changes": changes, "width": widest([*days, *changes]), "goes_on": until > last}


async def about_order(opened: Page, order: Mapping[str, Any]) -> dict[str, Any]:
    """Whom an order is about, and how both are called on the pages that change what belongs to it."""
    wearer = (await opened.ask.get(f"wearers/{order['wearer']}"))["record"]
    name = wearer.get("name") or order["wearer"]
    return {"wearer": order["wearer"], "name": name, "order": order_words(order), "runs_to": order.get("to")}


def because(names: Iterable[str]) -> str:
    """``authorised absence``, ``order suspended``, ``mute`` of what the API names as the cause of a stretch."""
    words = {"absence": "authorised absence", "suspension": "order suspended", "mute": "muted"}
    return " and ".join(dict.fromkeys(words.get(name.partition(":")[0], name) for name in names))


def changes_ahead(stretches: Iterable[Stretch], first: datetime, shown_to: datetime, last: datetime) -> list[Day]:
    """The nights on which clocks change after what is shown, each with the day before: the two that are easiest to get wrong."""
    found = list(stretches)
    days: list[Day] = []
    for change in clock_changes(max(first, shown_to), last):
        days += days_of(found, midnight(change - timedelta(hours=12)), next_midnight(change))
    return days
