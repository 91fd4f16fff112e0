"""What `bailiwick protocols` does: explain one, say whether a file may be used, take it into force, show what is."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from alerts.explaining import explain as explained
from alerts.explaining import usual_severity
from alerts.hours import quiet_until_us
from alerts.protocol_intake import read_usable
from alerts.protocol_reading import KINDS, following, nearest, risen
from alerts.protocol_words import OnDuty, explained_json, names_on_duty
from alerts.protocols import Case, Protocols
from alerts.shipped import in_force, shipped_protocols
from bailiwick.at_the_shell import entry_at_the_shell
from bailiwick.protocols_text import explained_text, listed, protocol_text
from bailiwick.settings import load_settings
from bailiwick.timezones import pinned_time_zones
from domain.caseload_values import Wrong, instant
from domain.errors import BadInput, Fault
from domain.instants import DAY_US, SECOND_US
from domain.vocabulary import Code, Kind, Level, Severity
from store import Store

CENTRE_ZONE = "Europe/London"
"""The zone of the times that are printed."""
CALENDAR_ENDS_US = instant("9999-01-01T00:00:00Z")
OF_CODE = {
    Code.AL04: Kind.HOME_UNIT_POWER_LOST,
    Code.AL05: Kind.HOME_UNIT_MOVED,
    **dict.fromkeys((Code.AL08, Code.AL09, Code.AL10, Code.AL11, Code.AL12), Kind.CURFEW),
    Code.AL21: Kind.BATTERY_LOW,
    Code.AL23: Kind.BATTERY_DEAD,
    Code.AL24: Kind.FAULT,
}
"""The kind that an event code belongs to (rules.md 5 and 7)."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known:
    """The protocols in force, and who is on duty: ``on_duty`` None when there is no database to ask. ``note`` says which."""

    protocols: Protocols
    on_duty: OnDuty | None
    note: str


def explain_command(
    kind: str,
    level: str,
    at: str | None,
    severity: str | None,
    area: str | None,
    *,
    victim: bool = False,
    under_18: bool = False,
    own_unit: bool = False,
    as_json: bool = False,
) -> None:
    """Print what would happen to such an alert if nobody acted. Raises `BadInput` for a word that is not known."""
    if kind in OF_CODE:
        raise _wrong(
            "--kind", f"{kind} is an event code of {OF_CODE[Code(kind)]}; name that, and --severity if need be"
        )
    kind = _one_of("--kind", kind, KINDS)
    responds = Level(_one_of("--level", level, list(Level)))
    usual = usual_severity(kind, responds, victim)
    urgent = usual if severity is None else Severity(_one_of("--severity", severity, list(Severity)))
    at_us = time.time_ns() // 1000 // SECOND_US * SECOND_US if at is None else _instant(at)
    zones = pinned_time_zones()
    known = _known(at_us, area)
    case = Case(kind, urgent, responds, victim, under_18, own_unit)
    found = explained(
        known.protocols, case, at_us, lambda us: quiet_until_us(us, CENTRE_ZONE, zones), rises=severity is None
    )
    if found is None:
        raise _wrong("--kind", f"no protocol of version {known.protocols.version} is for {kind}")
    if as_json:
        print(json.dumps(explained_json(found, known.on_duty, known.note), separators=(",", ":")))
    else:
        print(explained_text(found, known.on_duty, known.note, zones.zone(CENTRE_ZONE)))


def check_command(file: Path, *, as_json: bool = False) -> None:
    """Say whether a file of protocols may be used. Raises `BadInput` with a line for everything that is wrong."""
    protocols = _read(file)
    if as_json:
        told = {"version": protocols.version, "protocols": len(protocols.protocol)}
        print(json.dumps(told, separators=(",", ":")))
    else:
        print(f"version {protocols.version}, {len(protocols.protocol)} protocols: nothing critical can age in silence")


def import_command(file: Path, *, as_json: bool = False) -> None:
    """Take a file of protocols into force. Raises `BadInput` when it may not be used, or does not follow what is."""
    protocols = _read(file)

    async def work(store: Store) -> None:
        async with store.protocols.entering() as entering:
            before = in_force(entering.before)
            faults = [Fault(str(file), 0, field, cause) for field, cause in risen(protocols, before)]
            if faults:
                raise BadInput(faults)
            body = msgspec.to_builtins(following(protocols, before))
            entry = entry_at_the_shell("protocols.write", "protocols", [str(protocols.version)], file=file.name)
            await entering.enter(protocols.version, body, entry.at_us, entry.who, entry)

    _in_store(load_settings().database(), work)
    told = {"version": protocols.version, "protocols": len(protocols.protocol)}
    said = f"version {protocols.version} is in force, {len(protocols.protocol)} protocols"
    print(json.dumps(told, separators=(",", ":")) if as_json else said)


def show_command(name: str | None, *, as_json: bool = False) -> None:
    """Print the protocols in force, or one of them. Raises `BadInput` when there is none of that name."""
    known = _known(None, None)
    protocols = known.protocols
    one = protocols.named(name) if name is not None else None
    if name is not None and one is None:
        raise _wrong("ID", f"there is no protocol {name!r}{nearest(name, [one.id for one in protocols.protocol])}")
    if as_json:
        print(msgspec.json.encode(protocols if one is None else one).decode())
    elif one is not None:
        print(protocol_text(one))
    else:
        print(f"{listed(protocols)}\n\n{known.note}")


def _read(file: Path) -> Protocols:
    """The protocols of a file that may be used."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput([Fault(str(file), 0, "file", f"cannot be read: {error}")]) from None
    return read_usable(text, str(file))


def _known(at_us: int | None, area: str | None) -> Known:
    """What is in force and who is on duty, from the database where one is set; ``at_us`` None asks no rota."""
    url = load_settings().database_url
    if url is None:
        shipped = shipped_protocols()
        return Known(
            shipped, None, f"The protocols that ship (version {shipped.version}), and roles alone: no database is set."
        )

    async def work(store: Store) -> Known:
        newest = await store.protocols.newest()
        protocols = in_force(newest)
        where = "those that ship, " if newest is None else ""
        note = f"Protocols: {where}version {protocols.version}."
        if at_us is None:
            return Known(protocols, None, note)
        shifts = await store.rota.shifts(at_us, at_us + 2 * DAY_US)
        areas = await store.rota.areas()
        if area is not None and area not in areas:
            raise _wrong("--area", f"there is no area {area!r}{nearest(area, areas)}")
        of = f"area {area}" if area else "no area in particular (--area names one)"
        return Known(protocols, names_on_duty(shifts, areas, area), f"{note} Names: the rota for {of}.")

    return _in_store(url, work)


def _in_store(url: str, work: Callable[[Store], Awaitable[T]]) -> T:
    async def run() -> T:
        async with await Store.open(url) as store:
            return await work(store)

    return asyncio.run(run())


def _one_of(option: str, word: str, known: Collection[str]) -> str:
    if word not in known:
        raise _wrong(option, f"there is no {word!r}{nearest(word, known)}")
    return word


def _instant(text: str) -> int:
    try:
        at_us: int = instant(text)
    except Wrong as wrong:
        raise _wrong("--at", wrong.cause) from None
    if at_us >= CALENDAR_ENDS_US:
        raise _wrong("--at", f"is {text}; must be before the year 9999: what follows is shown by the calendar")
    return at_us


def _wrong(option: str, cause: str) -> BadInput:
    return BadInput([Fault("bailiwick protocols", 0, option, cause)])
