"""When a curfew's whereabouts must be asked after (rules.md 5), known ahead, and the cheap answer most of them have.

At a common curfew hour thousands fall due in one tick. For nearly all of them the columns of the state say that presence
is known; only the rest is read from its evidence (`geofence.cases.seen_of`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.instants import EARLY_US, SECOND_US
from domain.records import Condition
from domain.vocabulary import EventCode, EventState
from geofence.cases import AHEAD_US, curfew_windows
from geofence.emissions import What
from geofence.equipment_rules import DOUBTING, Event
from geofence.home_units import case_units
from geofence.intervals import Span, without
from geofence.layout import Case, era_value
from geofence.presence import PRESENT
from geofence.world import World

NO_UNIT = -1
HEARD_LAST, UNHEARD_LAST = 1, 2
"""What a home unit last said of a tag, in a row of its pair."""
_SPREAD, _PARTS = 7919, 4096


class Turn(NamedTuple):
    """A window's instant at which presence is asked after, and its last unexcused instant."""

    due_us: int
    until_us: int


class Plan(NamedTuple):
    """What a curfew's next looks need. It holds while the caseload does, up to ``until_us``.

    Attributes
    ----------
    turns : in order, those of the windows that touch the days ahead.
    unit : roster index of the place's home unit, or `NO_UNIT`.
    held : when it is the place's.
    fittings : of each tag of the party, when it was worn.
    """

    until_us: int
    turns: tuple[Turn, ...]
    unit: int
    held: Span
    fittings: dict[int, list[tuple[int, int, int]]]


def turns_of(world: World, case: Case, last_tick_us: int, at_us: int) -> tuple[Turn, ...]:
    """The turns of the windows that are not over at ``at_us``, up to `AHEAD_US` on."""
    grace_s = era_value(world.book, case.id, lambda c: c.grace_s)
    windows, excused = curfew_windows(world, case, max(last_tick_us, at_us - AHEAD_US), at_us + AHEAD_US)
    found = []
    for window in windows:
        unexcused = without([window], excused)
        if unexcused and unexcused[-1][1] > at_us:
            begins = unexcused[0][0]
            found.append(Turn(begins + round(grace_s(begins) * SECOND_US), unexcused[-1][1]))
    return tuple(sorted(found))


def plan_of(world: World, case: Case, last_tick_us: int, at_us: int) -> Plan | None:
    """The plan of a curfew of which one version is known; None of others, whose grace and place change."""
    eras = world.book.eras(Condition, case.id)
    if len(eras) != 1:
        return None
    start, end, record = eras[0]
    name = record.place.home_unit if record.place is not None else None
    fittings = {tag: world.fittings(tag) for tag in world.book.devices_of(case.party)} if name else {}
    unit = world.book.roster.index[name] if name else NO_UNIT
    turns = turns_of(world, case, last_tick_us, at_us)
    return Plan(look_again_us(at_us, case.row), turns, unit, (start, end), fittings)


def look_again_us(at_us: int, number: int) -> int:
    """When a curfew is looked at again at the latest: two to four days on, so that not all fall due in one tick."""
    return at_us + AHEAD_US // 2 - number * _SPREAD % _PARTS * (AHEAD_US // 4 // _PARTS)


def surely_known(world: World, case: Case, plan: Plan, at_us: int) -> bool:
    """Whether the columns alone show that presence is known at an instant; where not, it may be all the same."""
    if plan.unit != NO_UNIT:
        pairs = [(tag, pair) for tag, pair in world.pairs_of_unit.get(plan.unit, ()) if tag in plan.fittings]
        device = world.state.devices[plan.unit]
        last_us = int(device["item_last_t"])
        silent_us = last_us + world.layout.tables.fresh_at(plan.unit, last_us)
        if pairs and silent_us > at_us:
            return int(device["item_first_t"]) <= at_us and _heard(world, plan, pairs, at_us)
    row = world.state.tracks[case.row]
    newest_us = int(row["newest_t"])
    return bool(row["presence"]) and newest_us <= at_us < newest_us + int(row["newest_gap"])


def _heard(world: World, plan: Plan, pairs: Sequence[tuple[int, int]], at_us: int) -> bool:
    """Whether the one tag that the fresh home unit has spoken of is heard, and nothing casts doubt on either."""
    if len(pairs) != 1 or not plan.held[0] <= at_us < plan.held[1]:
        return False
    tag, pair = pairs[0]
    stream = world.streams.pairs.get(pair)
    if not stream or stream[-1].what != What.HEARD or stream[-1].t > at_us:
        return False
    heard_us = stream[-1].t
    if not any(start <= heard_us < end for start, end, _ in plan.fittings[tag]):
        return False
    return not any(_doubted(world.streams.events.get(one, ())) for one in (tag, plan.unit))


def present_goes_on(world: World, case: Case) -> bool:
    """Whether the newest of a curfew's party is surely that they are in, so that its going on opens and closes nothing of it.

    Where fixes speak of it they must say so: a home unit that has fallen silent leaves it to them.
    """
    row, units = world.state.tracks[case.row], case_units(world, case)
    by_fixes = int(row["newest_t"]) > EARLY_US
    if by_fixes and int(row["presence"]) != PRESENT:
        return False
    if not units:
        return by_fixes
    for unit, pairs, _ in units:
        tags = [tag for tag, pair in world.pairs_of_unit.get(unit, ()) if pair in pairs]
        heard = [int(world.state.pairs["heard"][pair]) == HEARD_LAST for pair in pairs]
        if not heard or not all(heard) or any(_doubted(world.streams.events.get(one, ())) for one in (unit, *tags)):
            return False
    return True


def unheard_goes_on(world: World, units: Sequence[tuple[int, list[int], list[Span]]]) -> bool:
    """Whether the one home unit of a place, as `case_units` has it, has last said of every tag that it does not hear it, beyond doubt."""
    if len(units) != 1:
        return False
    unit, pairs, _ = units[0]
    tags = [tag for tag, pair in world.pairs_of_unit.get(unit, ()) if pair in pairs]
    heard = [int(world.state.pairs["heard"][pair]) for pair in pairs]
    doubted = any(_doubted(world.streams.events.get(one, ())) for one in (unit, *tags))
    return bool(heard) and all(word == UNHEARD_LAST for word in heard) and not doubted


def _doubted(events: Sequence[Event]) -> bool:
    """Whether a device was ever tampered with or moved; a check or a visit may have mended it."""
    return any(
        e.state != EventState.END and (e.code in DOUBTING or e.code == EventCode.HOME_UNIT_MOVED) for e in events
    )
