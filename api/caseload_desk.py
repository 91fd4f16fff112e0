"""Entering records over HTTP: who may enter what, whose it must be, and the one transaction in which it is checked and entered.

What a record must be is `domain.caseload_file`'s, as for a file. Here is who asks: each type has its own deed, and what a record is
about, and what it refers to, must be in the caller's sight; else it is answered as if there were no such thing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Final

from access.grants import may
from alerts.desk import Note
from api.audited import nothing_changed
from api.caseload_causes import refused
from api.caseload_resources import OF_TYPE
from api.doors import Seen
from domain.callers import Sight
from domain.caseload_checks import Key, key_of, references
from domain.caseload_file import Written, check_written
from domain.caseload_news import News, what_is_new
from domain.errors import BadInput, Fault
from domain.records import Assessment, EquipmentCheck, Fitting, Order, Record, Version, Zone
from geofence.wallclock import TimeZones
from store.audit import Entry, entry_of, write_all
from store.caseload_entry import Entering, Stood, SubjectOf, known_of
from store.caseload_seen import CaseloadSeen
from store.reading_types import Subject

SEEN_BY_ALL: Final = frozenset({"area", "device"})
"""What may be named by whoever may write at all: areas are no secret, and devices lie in a store until they are fitted."""
MOST_DETAILS: Final = 50
"""Records that an entry of the audit names one by one; of more the number by type is told."""


@dataclass(frozen=True, slots=True)
class AtCaseload:
    """What the caseload is entered and read with; made by whoever composes the process.

    ``entering`` is the transaction of one who enters, ``looking`` one for questions, ``seen`` the reader of a sight.
    """

    entering: Callable[[], AbstractAsyncContextManager[Entering]]
    looking: Callable[[], AbstractAsyncContextManager[Entering]]
    seen: Callable[[Sight], CaseloadSeen]
    zones: TimeZones


@dataclass(frozen=True, slots=True)
class Checked:
    """Records that may be entered: what of them is new, what they are warned of, and what stood of each before."""

    news: News
    warnings: list[Fault]
    stood: dict[Key, Stood]


@dataclass(frozen=True, slots=True)
class InSight:
    """What a caller sees of what some records name; ``areas`` None: every area."""

    keys: frozenset[Key]
    areas: frozenset[str] | None
    violations: frozenset[str]


Rule = Callable[[Entering, Mapping[Key, Stood]], Awaitable[None]]
"""What must hold of what stands, asked when nobody else can enter; raises when it does not."""


async def no_rule(entering: Entering, stood: Mapping[Key, Stood]) -> None:
    """Nothing."""


async def sight_of_written(caseload: AtCaseload, seen: Seen, written: Written) -> InSight:
    """What the caller sees of all that was written and named; asked before the transaction, on another connection."""
    records = list(written.records.values())
    around = caseload.seen(seen.sight)
    keys = await around.in_sight(_named(records))
    areas = None if seen.sight.everything else await around.areas_in_sight()
    judged = {record.violation for record in records if isinstance(record, Assessment)}
    there = {name for name in judged if await seen.reading.in_sight(Subject.VIOLATION, name)}
    return InSight(keys, areas, frozenset(there))


async def check(
    entering: Entering,
    written: Written,
    seen: Seen,
    sight: InSight,
    *,
    lines: bool,
    rule: Rule = no_rule,
    holds_from_us: int | None = None,
) -> Checked:
    """Whether all of it may be entered by the caller. Raises `Problem` with every fault by its field."""
    records = list(written.records.values())
    stood = await entering.around(records)
    await rule(entering, stood)
    hidden = (_named(records) & stood.keys()) - sight.keys
    hidden -= {key for key in hidden if key[0] in SEEN_BY_ALL}
    hidden -= await entering.belonging_to_nobody(hidden)
    hidden |= _worn(stood, sight) if not seen.sight.everything else set()
    for key, record in written.records.items():
        written.fault(written.lines[key], _not_for(seen, sight, hidden, record))
    visible = {key: one for key, one in stood.items() if key not in hidden or key[0] in SEEN_BY_ALL}
    visible |= {key: _on_somebody(one) for key, one in stood.items() if key in hidden and key[0] == "fitting"}
    try:
        versions, warnings = check_written(written, known_of(visible))
    except BadInput as bad:
        raise refused(bad.faults, lines=lines) from None
    news = what_is_new(versions, known_of(stood), seen.parts.now() if holds_from_us is None else holds_from_us)
    if holds_from_us is not None:
        news = replace(news, fresh=tuple(replace(one, holds_from_us=holds_from_us) for one in news.fresh))
    return Checked(news, warnings, {key: stood[key] for key in written.records if key in stood})


async def enter(entering: Entering, seen: Seen, versions: Sequence[Version], what: str) -> dict[Key, Stood]:
    """Enters versions that were checked, with who did it, and writes that into the audit; gives them as they stand."""
    if not versions:
        nothing_changed()
        return {}
    caller = seen.caller
    await entering.enter(versions, caller.name, caller.role.value)
    after = await entering.standing(key_of(version.record) for version in versions)
    await write_all(entering.conn, audit_of(seen, versions, await entering.subjects(after), what))
    return after


async def enter_written(
    caseload: AtCaseload, seen: Seen, written: Written, note: Note, *, lines: bool, preview: bool = False
) -> tuple[Checked, dict[Key, Stood]]:
    """All of what was written, or nothing: many records that belong together. With ``preview`` it is only checked."""
    sight = await sight_of_written(caseload, seen, written)
    async with (caseload.looking if preview else caseload.entering)() as entering:
        if not preview:
            await note(entering.conn)
        checked = await check(entering, written, seen, sight, lines=lines)
        after = await enter(entering, seen, () if preview else checked.news.versions, "entered")
        return checked, after


def audit_of(seen: Seen, versions: Sequence[Version], subjects: Mapping[Key, SubjectOf], what: str) -> list[Entry]:
    """One entry for each kind of subject: wearers, protected people, and records that are about nobody."""
    about: dict[str, tuple[set[str], list[Key]]] = {}
    for version in versions:
        key = key_of(version.record)
        kind, name = _subject(key, subjects.get(key))
        names, keys = about.setdefault(kind, (set(), []))
        names.add(name)
        keys.append(key)
    deeds = sorted({OF_TYPE[key[0]].write.value for _, keys in about.values() for key in keys})
    return [
        entry_of(seen.caller, seen.parts.now(), " ".join(deeds), kind, names, seen.why, change=what, **_details(keys))
        for kind, (names, keys) in about.items()
    ]


def _subject(key: Key, subject: SubjectOf | None) -> tuple[str, str]:
    if subject is not None and subject.wearer is not None:
        return "wearer", subject.wearer
    if subject is not None and subject.victim is not None:
        return "victim", subject.victim
    return key


def _details(keys: Sequence[Key]) -> dict[str, object]:
    if len(keys) <= MOST_DETAILS:
        return {"records": [f"{kind}:{name}" for kind, name in keys]}
    types = [kind for kind, _ in keys]
    return {"counts": {kind: types.count(kind) for kind in sorted(set(types))}}


def _named(records: Iterable[Record]) -> set[Key]:
    """The records themselves and all that they refer to."""
    found = set[Key]()
    for record in records:
        found |= {key_of(record), *(key for _, key in references(record))}
    return found


def _worn(stood: Mapping[Key, Stood], sight: InSight) -> set[Key]:
    """The fittings on people whom the caller does not see, or did not name, and their devices where they are not seen either."""
    found = set[Key]()
    for key, one in stood.items():
        record = one.version.record
        if isinstance(record, Fitting) and not one.version.cancelled:
            person = ("wearer", record.wearer or "") if record.victim is None else ("victim", record.victim)
            if not {key, person} & sight.keys:
                found |= {key, ("device", record.device)}
    return found - sight.keys


def _on_somebody(one: Stood) -> Stood:
    """A fitting of which is told that there is one, and not on whom."""
    record = one.version.record
    assert isinstance(record, Fitting)
    return replace(one, version=replace(one.version, record=replace(record, wearer=None, victim=None)))


def _not_for(seen: Seen, sight: InSight, hidden: set[Key], record: Record) -> list[tuple[str, str]]:
    """(field, cause) of what keeps the caller from entering a record that may be right in itself."""
    resource = OF_TYPE[key_of(record)[0]]
    if not may(seen.caller, resource.write):
        return [("type", f"the role {seen.caller.role.value} may not enter this ({resource.write.value})")]
    if isinstance(record, EquipmentCheck) and ("device", record.device) in hidden:
        return [("device", f"there is no device {record.device!r}")]
    if key_of(record) in hidden:
        return [("id", "is taken by a record that you do not see; choose another")]
    if isinstance(record, Assessment) and record.violation not in sight.violations:
        return [("violation", "there is no such violation")]
    if sight.areas is None:
        return []
    if isinstance(record, Zone) and record.area is not None and record.area not in sight.areas:
        return [("area", "must be one of your areas")]
    first = isinstance(record, Order) and ("wearer", record.wearer) not in sight.keys
    if isinstance(record, Order) and first and record.area not in sight.areas:
        return [("area", "must be one of your areas: it is what makes the wearer yours")]
    return []
