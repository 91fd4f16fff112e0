"""``bailiwick rota`` and ``bailiwick forces``: who is on duty, when nobody is, and whose ground is whose."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bailiwick.command_work import done_over
from domain.errors import BadInput, Fault
from domain.instants import DAY_US, format_instant
from domain.records import Area
from domain.rota import Shift

if TYPE_CHECKING:
    from alerts.rota import Gap
    from store import Store

BY = "import"
T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
AT_HELP = "As of then, such as 2026-10-24T12:00:00Z; now by itself."

rota = typer.Typer(help="Who is on duty, and when nobody is.", no_args_is_help=True, rich_markup_mode=None)
forces = typer.Typer(help="Which police force holds which ground.", no_args_is_help=True, rich_markup_mode=None)


@rota.command("import")
def rota_import(
    file: Annotated[Path, typer.Argument(help="Rota file (NDJSON).")],
    as_json: AsJson = False,
) -> None:
    """Take a rota file into the database: all or nothing. A shift with a known id replaces the one before."""
    from alerts.rota import read_rota  # noqa: PLC0415 (a command imports what it runs)
    from bailiwick.at_the_shell import entry_at_the_shell  # noqa: PLC0415

    async def work(store: Store) -> tuple[int, int, int]:
        shifts = read_rota(_read(file).splitlines(), str(file), await store.rota.areas())
        return await store.rota.enter(shifts, BY, entry_at_the_shell("rota.write", "shift", file=file.name))

    new, changed, unchanged = _run(work)
    told = {"new": new, "changed": changed, "unchanged": unchanged}
    _print(told, [f"{new} shifts are new, {changed} changed, {unchanged} as before"], as_json)


@rota.command("show")
def rota_show(
    at: Annotated[str | None, typer.Option("--at", help=AT_HELP)] = None,
    as_json: AsJson = False,
) -> None:
    """Who is on duty, by role and area, the first to be told first."""
    at_us = _at(at)
    found = _run(lambda store: store.rota.shifts(at_us, at_us + 1))
    found.sort(key=lambda one: (one.role.value, one.area or "", one.priority, one.id))
    rows = [_told(one) for one in found]
    _print({"at": format_instant(at_us), "on_duty": rows}, map(_line, rows) if rows else ["nobody is on duty"], as_json)


@rota.command("gaps")
def rota_gaps(
    at: Annotated[str | None, typer.Option("--at", help=AT_HELP)] = None,
    days: Annotated[int, typer.Option(help="How many days ahead.", min=1, max=92)] = 7,
    as_json: AsJson = False,
) -> None:
    """When nobody will be on duty for a role that the protocols tell, in an area that orders run in. Ends with 1 if ever."""
    from alerts.shipped import in_force  # noqa: PLC0415 (a command imports what it runs)
    from bailiwick.directory import rota_gaps as find  # noqa: PLC0415

    at_us = _at(at)

    async def work(store: Store) -> list[Gap]:
        return await find(store, in_force(await store.protocols.newest()), at_us, at_us + days * DAY_US)

    found = _run(work)
    rows = [
        {
            "role": gap.role.value,
            "area": gap.area,
            "from": format_instant(at_us if gap.from_us is None else gap.from_us),
            "to": format_instant(gap.to_us),
        }
        for gap in found
    ]
    lines = [f"{row['from']} to {row['to']}: no {row['role']} for {row['area'] or 'any area'}" for row in rows]
    _print({"gaps": rows}, lines or [f"no gap in {days} days"], as_json)
    raise typer.Exit(1 if rows else 0)


@forces.command("import")
def forces_import(
    file: Annotated[Path, typer.Argument(help="Boundaries (GeoJSON FeatureCollection; property `area`).")],
    as_json: AsJson = False,
) -> None:
    """Take the boundaries of police forces into the database: all or nothing."""
    from alerts.forces import read_boundaries  # noqa: PLC0415 (a command imports what it runs)
    from bailiwick.at_the_shell import entry_at_the_shell  # noqa: PLC0415
    from bailiwick.caseload_input import tell  # noqa: PLC0415

    async def work(store: Store) -> tuple[int, int]:
        areas: Mapping[str, Area] = await store.rota.areas()
        found, warnings = read_boundaries(_read(file), str(file), areas)
        tell(warnings, as_warnings=True)
        bodies = {one.area: one.as_geometry() for one in found}
        entry = entry_at_the_shell("forces.write", "area", file=file.name)
        return await store.rota.enter_boundaries(bodies, BY, entry), len(found)

    entered, there = _run(work)
    told = {"entered": entered, "unchanged": there - entered}
    _print(told, [f"{entered} boundaries were entered, {there - entered} as before"], as_json)


def _run(work: Callable[[Store], Awaitable[T]]) -> T:
    from store import Store  # noqa: PLC0415 (a command imports what it runs)

    return done_over(Store.open, work)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput([Fault(str(file), 0, "file", f"cannot be read: {error.strerror or error}")]) from None


def _at(text: str | None) -> int:
    from domain.caseload_values import Wrong, instant  # noqa: PLC0415

    if text is None:
        return time.time_ns() // 1000
    try:
        return instant(text)
    except Wrong as wrong:
        raise BadInput([Fault("bailiwick rota", 0, "--at", wrong.cause)]) from None


def _told(shift: Shift) -> dict[str, Any]:
    names = ("id", "role", "area", "organisation", "person", "name", "phone", "email", "priority")
    instants = {"from": format_instant(shift.from_us), "to": format_instant(shift.to_us)}
    return {name: getattr(shift, name) for name in names} | instants


def _line(row: Mapping[str, Any]) -> str:
    where = row["area"] or "all areas"
    numbers = ", ".join(row[key] for key in ("phone", "email") if row[key]) or "console"
    return f"{row['role']} for {where}: {row['name']} ({numbers}) until {row['to']}"


def _print(result: object, lines: Any, as_json: bool) -> None:
    print(json.dumps(result) if as_json else "\n".join(lines))
