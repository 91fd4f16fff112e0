"""The rota: who is on duty for a role, an area and an organisation at an instant, by which number (alerts.md). Pure.

It is a file (NDJSON, docs/rota.md), one shift a line. An area that nobody is on duty for falls back to its parent, and at last
to the shifts for all areas. Who has the lowest `priority` is told first.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from alerts.protocols import Action, Protocols
from alerts.state import Raise
from domain.caseload_fields import Fields
from domain.caseload_lines import object_of
from domain.caseload_values import Wrong, an_id, instant, nullable, one_of, said, whole
from domain.errors import BadInput, Fault
from domain.instants import DAY_US, format_instant
from domain.records import Area
from domain.rota import Shift
from domain.vocabulary import Role
from geofence.intervals import Span, clipped, common, union, without

ROLES: Final = (
    *(Role.OPERATOR, Role.SUPERVISOR, Role.DUTY_MANAGER, Role.OFFICER, Role.VICTIM_LIAISON),
    *(Role.POLICE, Role.ENFORCEMENT, Role.FIELD),
)
"""Roles that have shifts. `police` is a force's control room, for the force's own area."""
OF_THE_CENTRE: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.DUTY_MANAGER})
"""They work on every order, whichever organisation is responsible for it."""
LOWEST_PRIORITY: Final = 100
AHEAD_US: Final = DAY_US
"""How long before it a gap is a warning."""
BACK_US: Final = 7 * DAY_US
"""How far back the start of a gap is looked for."""
LONGEST_SHIFT_US: Final = 31 * DAY_US
ROTA_GAP: Final = "rota_gap"

Areas = Mapping[str, Area]
Needed = Mapping[Role, Iterable[str | None]]
"""Role -> the areas that need somebody in it; None: orders without an area, or the centre as a whole."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Nobody on duty for a role in an area (None: in any of those that need it). ``from_us`` None: longer than we looked."""

    role: Role
    area: str | None
    from_us: int | None
    to_us: int


# ---- who is on duty ----


def chain(area: str | None, areas: Areas) -> list[str | None]:
    """An area, its parents one after another, and None, which is for all."""
    found: list[str | None] = []
    while area is not None and area not in found:
        found.append(area)
        known = areas.get(area)
        area = None if known is None else known.parent
    return [*found, None]


def on_duty(
    shifts: Iterable[Shift], role: Role, area: str | None, organisation: str | None, areas: Areas, at_us: int
) -> list[Shift]:
    """Who is on duty, the lowest priority first: those of the nearest area that has anybody.

    The organisation counts for roles outside the centre alone; of one area, shifts that name it come before those for all.
    """
    now = [one for one in shifts if one.role is role and one.from_us <= at_us < one.to_us]
    for place in chain(area, areas):
        here = [one for one in now if one.area == place and _serves(one, organisation)]
        named = [one for one in here if one.organisation is not None and role not in OF_THE_CENTRE]
        if here:
            return sorted(named or here, key=lambda one: (one.priority, one.id))
    return []


def anywhere(shifts: Iterable[Shift], roles: Container[Role], at_us: int) -> list[Shift]:
    """Everybody on duty in some roles, whatever their area."""
    found = [one for one in shifts if one.role in roles and one.from_us <= at_us < one.to_us]
    return sorted(found, key=lambda one: (one.priority, one.id))


def _serves(shift: Shift, organisation: str | None) -> bool:
    return shift.role in OF_THE_CENTRE or shift.organisation is None or shift.organisation == organisation


# ---- gaps ----


def needed_roles(protocols: Protocols) -> frozenset[Role]:
    """The roles that some step tells. Wearers, their adults and victims have no rota; a force is known by its boundary."""
    told = {step.to for protocol in protocols.protocol for step in protocol.steps if step.action is not Action.TASK}
    return frozenset(role for role in ROLES if role is not Role.POLICE and role.value in {one.value for one in told})


def wanted(protocols: Protocols, in_use: Iterable[tuple[str | None, bool]]) -> dict[Role, list[str | None]]:
    """The areas that need each role: those that orders run in, each with whether one of them protects a victim."""
    places = list(in_use)
    return {
        role: [area for area, protects in places if protects or role is not Role.VICTIM_LIAISON]
        for role in ROLES
        if role in needed_roles(protocols)
    }


def gaps(shifts: Sequence[Shift], needed: Needed, from_us: int, to_us: int, areas: Areas) -> list[Gap]:
    """Where nobody will be on duty in ``[from_us, to_us)``: for each role, the areas that need it.

    What no area of a role has covered is one gap, of area None. ``from_us`` of a gap is None where it began before the range.
    """
    found: list[Gap] = []
    for role, places in needed.items():
        window = (from_us, to_us)
        bare = {place: without([window], _covered(shifts, role, place, areas, window)) for place in places}
        everywhere: list[Span] = [window] if bare else []
        for spans in bare.values():
            everywhere = common(everywhere, spans)
        found += [_gap(role, None, span, from_us) for span in everywhere]
        for place, spans in bare.items():
            found += [_gap(role, place, span, from_us) for span in without(spans, everywhere)]
    return sorted(found, key=lambda gap: (gap.from_us or from_us, gap.role.value, gap.area or ""))


def _covered(shifts: Sequence[Shift], role: Role, area: str | None, areas: Areas, window: Span) -> list[Span]:
    places = chain(area, areas)
    return union(
        clipped([(one.from_us, one.to_us) for one in shifts if one.role is role and one.area in places], *window)
    )


def _gap(role: Role, area: str | None, span: Span, from_us: int) -> Gap:
    return Gap(role, area, None if span[0] == from_us else span[0], span[1])


def gap_alerts(shifts: Sequence[Shift], needed: Needed, now_us: int, areas: Areas) -> list[Raise]:
    """The platform alerts of the gaps that begin within `AHEAD_US`, or have begun.

    One an area, role and start of a gap, however often this is asked; one a day of a role that was not covered for a week.
    """
    found = [gap for gap in gaps(shifts, needed, now_us - BACK_US, now_us + AHEAD_US, areas) if gap.to_us > now_us]
    return [_alert(gap, now_us) for gap in found]


def _alert(gap: Gap, now_us: int) -> Raise:
    start_us = now_us - now_us % DAY_US if gap.from_us is None else gap.from_us
    start = format_instant(start_us)
    body = {"role": gap.role.value, "area": gap.area, "from": start, "to": format_instant(gap.to_us)}
    return Raise(ROTA_GAP, f"{ROTA_GAP}:{gap.role.value}:{gap.area or 'all'}:{start}", body=body)


# ---- the file ----


def read_rota(lines: Iterable[str | bytes], file: str, areas: Container[str]) -> list[Shift]:
    """The shifts of a file, in its order. Raises `BadInput` with every fault, by line and field; then nothing is taken."""
    found: dict[str, tuple[int, Shift]] = {}
    faults: list[Fault] = []
    for number, line in enumerate(lines, start=1):
        try:
            written = object_of(line, first=number == 1)
        except Wrong as wrong:
            faults.append(Fault(file, number, wrong.path, wrong.cause))
            continue
        if written is None:
            continue
        shift, wrongs = _shift(written, areas)
        if shift is not None and shift.id in found:
            wrongs.append(("id", f"shift {shift.id!r} already stands on line {found[shift.id][0]}"))
        faults += [Fault(file, number, field, cause) for field, cause in wrongs]
        if shift is not None:
            found.setdefault(shift.id, (number, shift))
    if faults:
        raise BadInput(faults)
    return [shift for _, shift in found.values()]


def _shift(written: dict[str, Any], areas: Container[str]) -> tuple[Shift | None, list[tuple[str, str]]]:
    """The shift of one line, None when it is none; and what is wrong with it."""
    f = Fields(written, ())
    shift = Shift(
        id=f.need("id", an_id),
        role=f.need("role", lambda value: Role(one_of(tuple(role.value for role in ROLES))(value))),
        person=f.need("person", an_id),
        name=f.need("name", said),
        from_us=f.need("from", instant),
        to_us=f.need("to", instant),
        area=f.take("area", nullable(_known(areas)), None),
        organisation=f.take("organisation", nullable(said), None),
        phone=f.take("phone", nullable(said), None),
        email=f.take("email", nullable(_address), None),
        priority=f.take("priority", whole(1, LOWEST_PRIORITY), 1),
    )
    f.finish()
    f.after(shift.from_us, shift.to_us)
    if f.faults:
        return None, f.faults
    if shift.to_us - shift.from_us > LONGEST_SHIFT_US:
        f.fault(
            "to", f"makes a shift of more than {LONGEST_SHIFT_US // DAY_US} days; nobody is on duty so long: split it"
        )
    if shift.role is Role.POLICE and shift.area is None:
        f.fault("area", "is missing: a control room is that of one force; name its area")
    if shift.role not in OF_THE_CENTRE and shift.phone is None and shift.email is None:
        f.fault("phone", "and `email` are missing: somebody outside the centre is told by one of them")
    return (None if f.faults else shift), f.faults


def _known(areas: Container[str]) -> Any:
    def read(value: Any) -> str:
        if an_id(value) not in areas:
            raise Wrong(
                f"is {value!r}, an area that the caseload does not have; import the area first, or null for all"
            )
        return str(value)

    return read


def _address(value: Any) -> str:
    local, _, host = said(value).partition("@")
    if not local or "." not in host or " " in value:
        raise Wrong(f"is {value!r}; must be an address, such as j.doe@example.org")
    return str(value)
