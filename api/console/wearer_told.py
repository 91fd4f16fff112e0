"""When a wearer was told of an order and its conditions: what stands, and the form that enters it, record by record (rules.md 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from api.console.asking import Refused, together
from api.console.frame import Page
from api.console.rendering import instant
from api.console.typed import GENERAL, Form
from api.console.wearer import untold
from api.console.wearer_words import order_words

Json = dict[str, Any]

HOW: Final = (("handed", "Handed over"), ("read", "Read to them"), ("both", "Handed over and read to them"))
PLURALS: Final = {"order": "orders", "condition": "conditions"}


@dataclass(frozen=True, slots=True)
class Record:
    """An order or a condition, and when they were told of it. ``told`` None: not yet. ``seen`` is its version on this page."""

    kind: str
    id: str
    name: str
    seen: str
    told: str | None
    untold: bool

    @property
    def key(self) -> str:
        """What it is, whatever its version."""
        return f"{self.kind} {self.id}"

    @property
    def value(self) -> str:
        """What the form sends for it."""
        return f"{self.kind} {self.id} {self.seen}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form says: these records, told at ``at``, in that way."""

    records: tuple[tuple[str, str, str], ...]
    at: str
    how: str


def records_told(orders: list[Json], conditions: list[Json], names: dict[str, str], now: datetime) -> list[Record]:
    """Each order with its conditions after it."""
    found = []
    for order in orders:
        at = order.get("told_at", order["from"])
        found.append(Record("order", order["id"], order_words(order), order["version"], at, untold(order, order, now)))
        for one in (one for one in conditions if one["order"] == order["id"]):
            at_own = one.get("told_at", at)
            name = names[one["id"]]
            found.append(Record("condition", one["id"], name, one["version"], at_own, untold(one, order, now)))
    return found


def told_form(form: Form, chosen: Sequence[str], now: datetime) -> Wanted | None:
    """The form read; what is wrong is left in it."""
    records = tuple(tuple(text.split(" ")) for text in chosen)
    if not records:
        form.fault("what", "Choose what they were told of")
    elif any(len(one) != 3 or one[0] not in PLURALS for one in records):
        form.fault("what", "Choose from the list")
    at = form.moment("told", "when they were told")
    if at is not None and instant(at) > now:
        form.fault("told", "When they were told must be past")
    how = dict(HOW).get(form["how"])
    if how is None:
        form.fault("how", "Choose how they were told")
    if form.wrong or at is None or how is None:
        return None
    return Wanted(tuple((kind, name, seen) for kind, name, seen in records), at, how)


async def tell(page: Page, form: Form, wanted: Wanted) -> bool:
    """Enters it for each record; False when one was refused, which is told in the form with what was entered before it."""
    asked = (page.ask.ask("GET", f"{PLURALS[kind]}/{name}") for kind, name, _ in wanted.records)
    try:
        stands = await together(*asked)
    except Refused as refused:
        form.fault("what", f"Nothing was entered: {refused.words}")
        return False
    entered: list[str] = []
    for (kind, name, seen), told in zip(wanted.records, stands, strict=True):
        try:
            await page.ask.ask(
                "PUT",
                f"{PLURALS[kind]}/{name}",
                told.body["record"] | {"told_at": wanted.at},
                if_match=f'"{seen}"',
                key=f"{form['key']}-{len(entered)}" if form["key"] else None,
                why=f"The wearer was told: {wanted.how.lower()}",
            )
        except Refused as refused:
            form.fault(GENERAL, _refusal(refused, name, entered))
            return False
        entered.append(name)
    return True


def _refusal(refused: Refused, name: str, entered: list[str]) -> str:
    done = f"{', '.join(entered)} was entered, the rest was not." if entered else "Nothing was entered."
    if refused.status == HTTPStatus.PRECONDITION_FAILED:
        changed = refused.problem.get("changed") or {}
        by = f" by {changed['by']}" if changed.get("by") else ""
        return f"{name} was changed{by} since you opened this page. {done} Look at it again, then say it again."
    return f"{name}: {refused.words}. {done}"
