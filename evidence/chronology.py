"""A wearer's chronology: everything that happened, one line each, in the order in which it did. Nothing of a protected person.

Whom an order protects is "a protected person" here; texts that people wrote are withheld whole where one of them holds a word by which
a protected person would be known. Instants are microseconds UTC.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from domain.instants import EARLY_US
from domain.records import (
    Absence,
    Assessment,
    Condition,
    EquipmentCheck,
    Fitting,
    Order,
    Record,
    Suspension,
    Version,
    Visit,
)
from domain.violations import Violation
from domain.vocabulary import Cause, Change
from evidence.breaches import BREACHES, INFORMATION, NOTICES
from evidence.document.words import kind_words, within_a_sentence

WITHHELD: Final = "withheld: it would tell of a protected person"
SHORTEST_PART: Final = 3
"""Letters of a part of a name by which somebody would be known."""


class What(StrEnum):
    """What a line is about, for filters."""

    ORDER = "order"
    CONDITION = "condition"
    TOLD = "told"
    FITTING = "fitting"
    VISIT = "visit"
    CHECK = "check"
    ABSENCE = "absence"
    SUSPENSION = "suspension"
    VIOLATION = "violation"
    MONITORING_GAP = "monitoring_gap"
    NOTICE = "notice"
    ASSESSMENT = "assessment"
    CONTACT = "contact"
    ALERT = "alert"
    WARRANT = "warrant"
    BREACH = "breach"


class Happened(NamedTuple):
    """One line.

    Attributes
    ----------
    at_us, to_us : when it was, and until when where it lasted and is over.
    learnt_us : when the centre learnt of it, where that is another instant.
    event : what happened, in words.
    about : the id of what it is about.
    text : what somebody wrote; empty when nobody did.
    """

    at_us: int
    what: What
    event: str
    about: str
    to_us: int | None = None
    learnt_us: int | None = None
    by: str = ""
    text: str = ""


def chronology(
    lines: Iterable[Happened], from_us: int, to_us: int, wanted: Collection[What] = (), known_by: Sequence[str] = ()
) -> list[Happened]:
    """The lines of ``[from_us, to_us)``, of the wanted sorts (none: all), in order.

    ``known_by`` are the words by which protected people would be known (`Withholding`).
    """
    withholding = Withholding(known_by)
    shown = [one for one in lines if from_us <= one.at_us < to_us and (not wanted or one.what in wanted)]
    return sorted(map(withholding.of, shown), key=order_of)


def order_of(one: Happened) -> tuple[int, str, str, str]:
    """The order of lines: no two that are different are equal in it."""
    return one.at_us, one.what.value, one.about, one.event


class Withholding:
    """Leaves out what holds a word by which a protected person would be known: a name or a part of one, a number, an id, a unit."""

    def __init__(self, words: Sequence[str]) -> None:
        parts = {part for word in words if " " in word.strip() for part in re.findall(r"[^\W\d_]+", word)}
        found = {*words, *(part for part in parts if len(part) >= SHORTEST_PART)}
        digits = {number[-9:] for word in words if len(number := re.sub(r"\D", "", word)) >= 7}
        either = [rf"(?<!\w){re.escape(word)}(?!\w)" for word in sorted(found, key=len, reverse=True)]
        either += [r"[\s().-]*".join(number) for number in sorted(digits)]
        self._known = re.compile("|".join(either), re.IGNORECASE) if either else None

    def of(self, one: Happened) -> Happened:
        """The line without a text, a person or an event that tells of them."""
        if self._known is None:
            return one
        return one._replace(event=self._clean(one.event), by=self._clean(one.by), text=self._clean(one.text))

    def _clean(self, text: str) -> str:
        return WITHHELD if self._known is not None and self._known.search(text) else text


def of_records(versions: Iterable[Version]) -> list[Happened]:
    """What the caseload tells: each version of a record is one line, the first as what began, the others as changes."""
    found: list[Happened] = []
    seen: dict[tuple[type, str], Version] = {}
    versions = list(versions)
    orders = {one.record.id: one.record.from_us for one in versions if isinstance(one.record, Order)}
    for version in versions:
        key = (type(version.record), version.record.id)
        before = seen.get(key)
        seen[key] = version
        found += _told(version, before)
        line = _line(version, before, orders)
        if line is not None:
            found.append(line)
    return [*found, *_ends(seen.values())]


def _line(version: Version, before: Version | None, orders: Mapping[str, int]) -> Happened | None:
    record = version.record
    told = _words(record)
    if told is None:
        return None
    what, began, at_us, to_us, by, text = told
    if at_us == EARLY_US and isinstance(record, Condition):  # from when its order runs
        at_us = orders.get(record.order, version.learnt_us)
    was = None if before is None else before.record
    if isinstance(record, Fitting) and isinstance(was, Fitting) and record.to_us not in (None, was.to_us):
        assert record.to_us is not None
        event, at_us, to_us = f"{began} taken off", record.to_us, None
    elif was is not None or version.cancelled:
        word = "ended" if version.cancelled else "varied" if what in _VARIED else "changed"
        event, to_us = f"{began} {word}", None
        at_us = at_us if version.holds_from_us == EARLY_US else version.holds_from_us
    else:
        event = f"{began} {_BEGINS[what]}".strip()
    learnt_us = None if version.learnt_us in (EARLY_US, at_us) else version.learnt_us
    return Happened(at_us, what, event, record.id, to_us, learnt_us, by, text)


def _ends(newest: Iterable[Version]) -> Iterator[Happened]:
    """When each order ends, as it stands now."""
    for version in newest:
        record = version.record
        if isinstance(record, Order) and record.to_us is not None and not version.cancelled:
            yield Happened(record.to_us, What.ORDER, f"{_said(record.kind.value)} order is over", record.id)


_VARIED: Final = frozenset({What.ORDER, What.CONDITION})
_BEGINS: Final = {
    What.ORDER: "began",
    What.CONDITION: "came into force",
    What.FITTING: "fitted",
    What.VISIT: "",
    What.CHECK: "",
    What.ABSENCE: "granted",
    What.SUSPENSION: "began",
    What.ASSESSMENT: "",
}


def _words(record: Record) -> tuple[What, str, int, int | None, str, str] | None:
    """What a record is about, its words, from when to when, who said so, and what they wrote."""
    if isinstance(record, Order):
        name = f"{_said(record.kind.value)} order{f' ({record.programme.value})' if record.programme else ''}"
        return What.ORDER, name, record.from_us, record.to_us, "", ""
    if isinstance(record, Condition):
        about = " about a protected person" if record.victim else " about another person" if record.other_wearer else ""
        at_us = EARLY_US if record.from_us is None else record.from_us
        return What.CONDITION, f"{_said(record.kind.value)}{about}", at_us, record.to_us, "", ""
    if isinstance(record, Fitting) and record.wearer is not None:
        return What.FITTING, f"device {record.device}", record.from_us, record.to_us, "", ""
    if isinstance(record, Visit):
        return What.VISIT, f"visit to {record.kind.value}: {_said(record.outcome.value)}", record.at_us, None, "", ""
    if isinstance(record, EquipmentCheck):
        return What.CHECK, f"device {record.device} checked", record.at_us, None, record.by, record.result
    if isinstance(record, Absence):
        return (
            What.ABSENCE,
            f"absence from {record.condition}",
            record.from_us,
            record.to_us,
            record.granted_by,
            record.reason,
        )
    if isinstance(record, Suspension):
        return What.SUSPENSION, f"suspension of {record.order}", record.from_us, record.to_us, record.by, record.reason
    if isinstance(record, Assessment):
        event = f"{record.violation}: {_said(record.decision.value)}"
        return What.ASSESSMENT, event, record.at_us, None, record.by, record.reason
    return None


def _told(version: Version, before: Version | None) -> list[Happened]:
    """That the wearer was told of an order or a condition, when that is new."""
    record = version.record
    if not isinstance(record, Order | Condition) or version.cancelled:
        return []
    was = before.record.told_at_us if before is not None and isinstance(before.record, Order | Condition) else None
    if record.told_at_us is None or record.told_at_us in (was, EARLY_US) or record.told_at_us > _FAR_TOLD:
        return []
    name = f"told of the {'order' if isinstance(record, Order) else _said(record.kind.value)}"
    return [Happened(record.told_at_us, What.TOLD, name, record.id)]


_FAR_TOLD: Final = 1 << 61
"""Later than every instant at which somebody was told: nobody has told them yet."""


def of_violations(versions: Iterable[Violation]) -> list[Happened]:
    """What was decided: each version is one line at its decision; of two people only that it was, and when.

    Warnings and information stand apart from violations, and so do monitoring gaps.
    """
    found = []
    for one in versions:
        what, sort = _sort(one)
        near = ", of a protected person" if one.victim is not None else ""
        flags = [word for word in ("retrospective", "untold") if getattr(one, word)]
        aside = f" ({', '.join(flags)}: counts against nobody)" if flags else ""
        change = "withdrawn" if one.change is Change.WITHDRAWN else one.change.value
        event = f"{sort} {change}, version {one.version}: {within_a_sentence(kind_words(one))}{near}{aside}"
        at_us = one.from_us if one.change is Change.OPENED and one.version == 1 else one.decided_us
        found.append(Happened(at_us, what, event, one.id, one.to_us, one.decided_us, "", ""))
    return found


def _sort(one: Violation) -> tuple[What, str]:
    """What a line is about and what it is called: a warning is never a violation, and a gap counts against nobody."""
    if one.kind in NOTICES - BREACHES:
        return What.NOTICE, "information" if one.kind in INFORMATION else "warning"
    if one.cause is not Cause.WEARER:
        return What.MONITORING_GAP, "monitoring gap"
    return What.VIOLATION, "violation"


def _said(word: str) -> str:
    return word.replace("_", " ")
