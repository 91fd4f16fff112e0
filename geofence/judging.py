"""One condition judged as of an instant, by its kind: attendance, checks and alcohol here, the others in `geofence.cases`."""

from __future__ import annotations

from domain.instants import EARLY_US, FAR_US
from domain.records import Condition
from domain.said import nano_permille
from domain.vocabulary import ConditionKind, DeviceKind
from geofence.alcohol_rules import AlcoholCase, judge_obstructions, judge_readings, worn_and_enforced
from geofence.attendance_rules import (
    AttendanceCase,
    Week,
    judge_attendance,
    last_end,
    next_turn,
    runs_outside,
    weeks_of,
)
from geofence.cases import AHEAD_US, attribute, judge_case, seen_of
from geofence.check_rules import judge_checks
from geofence.drafts import Draft
from geofence.equipment_rules import Event
from geofence.home_units import worn_by
from geofence.intervals import Span, union, without
from geofence.layout import Case, era_value
from geofence.world import World


def judge_condition(world: World, case: Case, now_us: int) -> tuple[list[Draft], int]:
    """The violations by fact of one condition as of an instant, and when the clock alone may change them."""
    if case.kind is ConditionKind.ATTENDANCE:
        drafts, wake = _attendance(world, case, now_us)
    elif case.kind is ConditionKind.PRESENCE_CHECK:
        events = told_of(world, case.party)
        drafts, wake = judge_checks(events, _enforced(world, case, events) if events else []), FAR_US
    elif case.kind is ConditionKind.ALCOHOL:
        drafts, wake = _alcohol(world, case, now_us)
    else:
        return judge_case(world, case, now_us)
    attribute(world, case, drafts)
    return drafts, wake


def told_of(world: World, party: int) -> list[Event]:
    """What a party's devices said of them while they had them, in the order of facts."""
    found: list[Event] = []
    for device in world.book.devices_of(party):
        events = world.streams.told.get(device)
        if events:
            spans = worn_by(world, device, party)
            found += [event for event in events if any(a <= event.at_us < b for a, b in spans)]
    return sorted(found)


def _enforced(world: World, case: Case, events: list[Event]) -> list[Span]:
    """When a condition is enforced around what was said."""
    low, high = events[0].at_us - AHEAD_US, events[-1].at_us + AHEAD_US
    windows = world.book.windows(case.id, low, high)
    excused = [*world.book.absences(case.id, low, high), *world.book.suspensions(case.order, low, high)]
    return without(windows, union(excused))


# ---- alcohol ----


def _alcohol(world: World, case: Case, now_us: int) -> tuple[list[Draft], int]:
    told = told_of(world, case.party)
    tags = [d for d in world.book.devices_of(case.party) if world.layout.kinds[d] is DeviceKind.ALCOHOL_TAG]
    events = [(tag, world.streams.events[tag]) for tag in tags if tag in world.streams.events]
    heard = [*told, *(event for _, of in events for event in of)]
    if not heard:
        return [], FAR_US
    low = min(event.at_us for event in heard) - AHEAD_US
    held = without(
        world.book.windows(case.id, low, now_us + AHEAD_US),
        world.book.suspensions(case.order, low, now_us + AHEAD_US),
    )
    enforced = without(held, world.book.absences(case.id, low, now_us + AHEAD_US))
    limit = era_value(world.book, case.id, lambda c: c.tac_limit_permille)

    def limit_at(at_us: int) -> int | None:
        permille = limit(at_us)
        return None if permille is None else nano_permille(permille)

    alcohol = AlcoholCase(held, enforced, limit_at, world.gap_us, world.proof, now_us)
    drafts = judge_readings(alcohol, told)
    edges = [edge for span in enforced for edge in span]
    for tag, of in events:
        worn = worn_and_enforced(worn_by(world, tag, case.party), enforced)
        drafts += judge_obstructions(tag, of, worn, now_us)
        edges += [end for _, end in worn]
    return drafts, min((edge for edge in edges if now_us < edge < FAR_US), default=FAR_US)


# ---- attendance ----


def _attendance(world: World, case: Case, now_us: int) -> tuple[list[Draft], int]:
    held = world.book.held(case.id)
    since, until = (held[0][0] if held else FAR_US), now_us + AHEAD_US
    if since > until:
        return [], until if held else FAR_US
    windows = world.book.windows(case.id, since, until)
    excused = [*world.book.absences(case.id, since, until), *world.book.suspensions(case.order, since, until)]
    enforced = without(windows, union(excused))
    weeks = _weeks(world, case, held, until)
    attendance = AttendanceCase(windows, enforced, weeks, world.proof, now_us)
    row = world.state.tracks[case.row]
    wrong_last_us = int(row["wrong_last_t"]) if row["wrong_n"] else EARLY_US
    outside = runs_outside(world.streams.rows.get(case.row, ()), wrong_last_us)
    drafts = judge_attendance(attendance, seen_of(world, case), outside)
    tracks = world.state.tracks
    tracks["wanted_t"][case.row] = max(last_end(attendance), int(tracks["wanted_t"][case.row]))
    return drafts, next_turn(attendance, until if held[-1][1] > now_us else FAR_US)


def _weeks(world: World, case: Case, held: list[Span], until: int) -> list[Week]:
    """The local weeks that end while the condition holds, and what each asks for."""
    if all(era.hours_per_week is None for _, _, era in world.book.eras(Condition, case.id)):
        return []
    hours = era_value(world.book, case.id, lambda c: c.hours_per_week)
    record = world.book.newest(Condition, case.id)
    assert record is not None
    mondays = world.book.mondays(record.timezone, held[0][0], min(held[-1][1], until))
    return weeks_of(mondays, held, hours)
