"""One condition or one device, judged as of an instant from what was news about it (rules.md 4, 5 and 7)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

import numpy as np

from domain.instants import DAY_US, EARLY_US, FAR_US, SECOND_US
from domain.records import Circle, Condition, Corridor, Polygons
from domain.vocabulary import ConditionKind, Kind, Reason
from geofence.charging import judge_charging
from geofence.check_rules import judge_checks
from geofence.curfew_rules import CurfewCase, Part, curfew_parts, judge_curfew
from geofence.drafts import Draft, Proof
from geofence.emissions import CHECKED, News, What
from geofence.equipment_rules import judge_events, judge_location
from geofence.home_units import case_units, heard_at, heard_spans, unit_says, within
from geofence.intervals import Span, clipped, holding, union, without
from geofence.layout import Case, era_value
from geofence.lines import crosses
from geofence.near_rules import judge_near
from geofence.patterns import judge_pattern
from geofence.presence import (
    ABSENT,
    PRESENT,
    UNKNOWN,
    Chain,
    Seen,
    Stretch,
    by_fixes,
    over,
    unheard,
)
from geofence.world import World
from geofence.zone_rules import ZoneCase, judge_unconfirmed, judge_zone

AHEAD_US = 8 * DAY_US
"""How far ahead the next beginning or end of enforcement is looked for; then it is looked for again."""
KIND_OF = {
    ConditionKind.EXCLUSION_ZONE: Kind.EXCLUSION_ZONE,
    ConditionKind.INCLUSION_ZONE: Kind.INCLUSION_ZONE,
    ConditionKind.RESTRICTION_ZONE: Kind.RESTRICTION_ZONE,
}


def judge_case(world: World, case: Case, now_us: int) -> tuple[list[Draft], int]:
    """The violations by fact of one condition as of an instant, and when the clock alone may change them."""
    if case.kind is ConditionKind.CURFEW:
        drafts, wake = _curfew(world, case, now_us)
    elif case.other >= 0:
        drafts, wake = judge_near(world, case, now_us, AHEAD_US)
    else:
        drafts, wake = _zone(world, case, now_us)
    attribute(world, case, drafts)
    return drafts, wake


def attribute(world: World, case: Case, drafts: Sequence[Draft]) -> None:
    """Say of drafts whose they are and of which condition."""
    if drafts:
        told = world.told_at(case)
        for draft in drafts:
            draft.party, draft.order, draft.condition = case.party, case.order, case.id
            draft.told_us, draft.other = told, case.other


def judge_device(world: World, device: int, now_us: int) -> tuple[list[Draft], int]:
    """The violations of one device by what it or its home unit said, and when its fitting ends."""
    fittings = world.fittings(device)
    drafts = judge_events(device, world.layout.kinds[device], world.streams.events.get(device, []), fittings, now_us)
    stream = world.streams.location.get(device)
    if stream:
        rank = int(world.layout.tables.rank[device])
        drafts += judge_location(device, stream, fittings, heard_spans(world, device), rank, now_us)
    drafts += _checks(world, device, fittings)
    charging, wake = judge_charging(device, world.streams.events.get(device, ()), fittings, now_us)
    drafts += charging
    ends = [end for _, end, _ in fittings if now_us < end < FAR_US]
    return drafts, min(wake, *ends) if ends and any(d.to_us is None for d in drafts) else wake


def _checks(world: World, device: int, fittings: Sequence[tuple[int, int, int]]) -> list[Draft]:
    """Misses of checks by one device of wearers who have no condition about them."""
    told = world.streams.told.get(device)
    if not told:
        return []
    found: list[Draft] = []
    for start, end, party in fittings:
        cases = [world.layout.cases[c] for c in world.layout.cases_of.get(party, ())]
        if not any(case is not None and case.kind is ConditionKind.PRESENCE_CHECK for case in cases):
            missed = judge_checks([event for event in told if start <= event.at_us < end], None)
            found += [replace(draft, party=party, device=device) for draft in missed]
    return found


# ---- zones ----


def _zone(world: World, case: Case, now_us: int) -> tuple[list[Draft], int]:
    rows = world.streams.rows
    stream: Sequence[News] = rows.get(case.row, ())
    buffer_stream: Sequence[News] = rows.get(case.buffer_row, ()) if case.buffer_row >= 0 else ()
    if not stream and not buffer_stream:
        return [], FAR_US
    since = min(s[0].a if s[0].what == What.TRANSIT else s[0].t for s in (stream, buffer_stream) if s) - DAY_US
    windows = world.book.windows(case.id, since, now_us + AHEAD_US)
    held = without(windows, world.book.suspensions(case.order, since, now_us + AHEAD_US))
    enforced = without(held, world.book.absences(case.id, since, now_us + AHEAD_US))
    zone = ZoneCase(
        kind=KIND_OF[case.kind],
        edge=True,
        lowest_is_weakest=case.kind is ConditionKind.EXCLUSION_ZONE,
        held=held,
        enforced=enforced,
        threshold_at=era_value(world.book, case.id, lambda c: c.threshold_points),
        gap_us=world.gap_us,
        proof=world.proof,
        now_us=now_us,
    )
    drafts = judge_zone(zone, stream)
    if buffer_stream:
        drafts += _buffer(zone, buffer_stream, drafts)
    drafts += judge_unconfirmed(zone, stream)
    drafts += _transits(world, case, zone, stream)
    drafts += judge_pattern(drafts, enforced, world.told_at(case))
    for draft in drafts:
        if draft.opened is Reason.CLOCK:
            row = case.buffer_row if draft.kind is Kind.ZONE_BUFFER else case.row
            world.state.tracks["wanted_t"][row] = max(draft.from_us, int(world.state.tracks["wanted_t"][row]))
    armed = any(world.state.tracks[row]["armed"] for row in (case.row, case.buffer_row) if row >= 0)
    going = armed or any(d.to_us is None for d in drafts)
    return drafts, _next_edge(enforced, now_us) if going else FAR_US


def _buffer(zone: ZoneCase, stream: Sequence[News], drafts: Sequence[Draft]) -> list[Draft]:
    standing = union((d.from_us, FAR_US if d.to_us is None else d.to_us) for d in drafts if d.kind is zone.kind)
    case = ZoneCase(
        kind=Kind.ZONE_BUFFER,
        edge=False,
        lowest_is_weakest=True,
        held=without(zone.held, standing),
        enforced=without(zone.enforced, standing),
        threshold_at=zone.threshold_at,
        gap_us=zone.gap_us,
        proof=zone.proof,
        now_us=zone.now_us,
    )
    return judge_zone(case, stream)


def _next_edge(enforced: Sequence[Span], now_us: int) -> int:
    edges = [edge for span in enforced for edge in span if now_us < edge < FAR_US]
    return min(edges, default=now_us + AHEAD_US)


def _transits(world: World, case: Case, zone: ZoneCase, stream: Sequence[News]) -> list[Draft]:
    enforced = (
        news
        for news in stream
        if news.what == What.TRANSIT
        and holding(zone.enforced, news.a) is not None
        and holding(zone.enforced, news.t) is not None
    )
    by_shape: dict[int, tuple[Polygons | Circle | Corridor, list[News]]] = {}
    for news in enforced:
        shape = _shape_at(world, case, news.t)
        if shape is not None:
            by_shape.setdefault(id(shape), (shape, []))[1].append(news)
    through: list[News] = []
    for shape, some in by_shape.values():
        ends = [(news.lon2, news.lat2, news.lon, news.lat) for news in some]
        through += compress(some, crosses(shape, np.array(ends).reshape(-1, 2, 2)))
    found = []
    for news in sorted(through, key=lambda one: one.t):
        rank = int(world.layout.tables.rank[news.device2])
        first = Proof(news.a, rank, news.gen2, news.seq2, news.device2, news.received)
        found.append(Draft(Kind.ZONE_TRANSIT, -1, news.a, news.t, [first, world.proof(news)]))
    return found


def _shape_at(world: World, case: Case, at_us: int) -> Polygons | Circle | Corridor | None:
    record = world.book.at(Condition, case.id, at_us) or world.book.newest(Condition, case.id)
    assert record is not None
    shape = None
    for start, end, candidate in world.book.shape_of(record):
        if start <= at_us < end:
            shape = candidate
    return shape if isinstance(shape, Polygons | Circle | Corridor) else None


# ---- curfew ----


def seen_of(world: World, case: Case) -> Seen:
    """What is known of the party at the place of a curfew or an attendance."""
    row = world.state.tracks[case.row]
    units = case_units(world, case)
    stream = world.streams.rows.get(case.row, ())
    line, outside, inside = by_fixes(
        stream,
        (int(row["newest_t"]), int(row["newest_gap"])),
        int(row["wrong_last_t"]) if row["wrong_n"] else EARLY_US,
        world.gap_us,
        world.proof,
        singly=bool(units),
    )
    inside_t = int(row["inside_t"])
    present_at = [*inside, (inside_t, None)] if inside_t > EARLY_US else list(inside)
    checks = [(news.t, world.proof(news)) for news in stream if news.what == What.RIGHT and news.flags & CHECKED]
    present_at += checks
    unheard_by: list[Stretch] = []
    handed_over: list[int] = []
    for unit, pairs, spans in units:
        said = within(unit_says(world, case.party, unit, pairs, inside), spans)
        deciding = union((s.from_us, s.to_us) for s in said)
        outside = [piece for chain in outside for piece in _without(chain, deciding)]
        unheard_by += [stretch for stretch in said if stretch.state == ABSENT]
        handed_over += [end for _, end in deciding]
        present_at = [one for one in present_at if holding(deciding, one[0]) is None]
        present_at += heard_at(world, case.party, unit, pairs)
        line = over(said, line)
    if units:
        line = _with_newest(line, inside, checks)
    return Seen(line, outside, unheard(unheard_by), unheard_by, present_at, handed_over)


def _without(chain: Chain, deciding: Sequence[Span]) -> list[Chain]:
    """What fixes say where no home unit decides."""
    first, last, gap = chain
    if first == last:
        return [chain] if holding(deciding, first) is None else []
    return [(a, b, gap) for a, b in without([(first, last)], deciding)]


def _with_newest(
    line: Sequence[Stretch], inside: Sequence[tuple[int, Proof | None]], checks: Sequence[tuple[int, Proof]]
) -> list[Stretch]:
    """Where a home unit hands over to what says present, the newest inside fix or check by then says so."""
    said = [[(at_us, proof) for at_us, proof in of if proof is not None] for of in (inside, checks)]
    times = [[at_us for at_us, _ in of] for of in said]
    found = []
    for stretch in line:
        if not stretch.by_unit and stretch.state == PRESENT:
            places = [bisect_right(of, stretch.from_us) for of in times]
            by_then = [(said[k][place - 1][1], k == 1) for k, place in enumerate(places) if place]
            if by_then:
                newest, by_check = max(by_then)
                found.append(stretch._replace(proofs=(newest,), by_check=by_check))
                continue
        found.append(stretch)
    return found


def _curfew(world: World, case: Case, now_us: int) -> tuple[list[Draft], int]:
    if never_out(world, case):
        return [], FAR_US
    seen = seen_of(world, case)
    curfew = _curfew_since(world, case, seen, now_us)
    if curfew is None:
        return [], _next_turn(world, case, seen, now_us)
    drafts = judge_curfew(curfew, seen)
    wanted = [s.from_us for s in seen.line if s.state == PRESENT and s.from_us in seen.handed_over]
    if seen.state_at(now_us) == ABSENT:  # the first fix outside after that makes it more certain
        wanted += [d.to_us for d in drafts if d.to_us is not None]
    wanted = [at_us for at_us in wanted if at_us <= now_us]
    if wanted:
        world.state.tracks["wanted_t"][case.row] = max(wanted)
    return drafts, min(_next_turn(world, case, seen, now_us), _next_curfew(curfew, seen))


def curfew_as_it_runs(world: World, case: Case, now_us: int) -> tuple[Seen, list[Part]]:
    """A curfew's violations as of an instant with what each rests on, for sums (`geofence.atv`)."""
    seen = Seen([]) if never_out(world, case) else seen_of(world, case)
    curfew = _curfew_since(world, case, seen, now_us)
    parts = [] if curfew is None else curfew_parts(curfew, seen)
    for part in parts:
        part.draft.party, part.draft.order, part.draft.condition = case.party, case.order, case.id
        part.draft.told_us = world.told_at(case)
    return seen, parts


def _curfew_since(world: World, case: Case, seen: Seen, now_us: int) -> CurfewCase | None:
    """The windows from the first absence on, None where there is none."""
    starts = [s.from_us for s in seen.line if s.state == ABSENT and s.from_us <= now_us]
    if not starts:
        return None
    windows, excused = curfew_windows(world, case, starts[0], now_us + AHEAD_US)
    grace = era_value(world.book, case.id, lambda c: c.grace_s)
    return CurfewCase(windows, excused, lambda at_us: round(grace(at_us) * SECOND_US), now_us)


def never_out(world: World, case: Case) -> bool:
    """Whether no fact has ever said that the party was out: so nothing is violated, and no turn is to come."""
    stream = world.streams.rows.get(case.row, ())
    if any(news.what == What.WRONG for news in stream):
        return False
    units = case_units(world, case)
    said = (news for _, pairs, _ in units for pair in pairs for news in world.streams.pairs.get(pair, ()))
    return all(news.what != What.UNHEARD for news in said)


def curfew_windows(world: World, case: Case, since: int, until: int) -> tuple[list[Span], list[Span]]:
    """A curfew's whole windows in a range, and what is excused in them."""
    windows = world.book.windows(case.id, since, until)
    if not windows:
        return [], []
    low, high = max(windows[0][0], since - AHEAD_US * 50), min(windows[-1][1], until + AHEAD_US)
    excused = [*world.book.absences(case.id, low, high), *world.book.suspensions(case.order, low, high)]
    return windows, union(excused)


def _next_turn(world: World, case: Case, seen: Seen, now_us: int) -> int:
    """When presence will be something else if nothing more is heard, where that matters.

    A home unit that falls silent hands over to the fixes, which may have gone on saying otherwise without any news.
    """
    state = seen.state_at(now_us)
    turns = [s.from_us for s in seen.line if s.from_us > now_us and s.state not in (state, UNKNOWN)]
    if int(world.state.tracks["presence"][case.row]) not in (state, UNKNOWN):
        turns += [at_us for at_us in seen.handed_over if now_us < at_us < FAR_US]
    return min(turns, default=FAR_US)


def _next_curfew(curfew: CurfewCase, seen: Seen) -> int:
    """The next edge of a window or an excuse, or the end of a grace, while somebody is out."""
    last = [s for s in seen.line if s.state != 0 and s.from_us <= curfew.now_us]
    if not last or last[-1].state != ABSENT:
        return FAR_US
    edges = [curfew.now_us + AHEAD_US]
    for window in curfew.windows:
        unexcused = without([window], curfew.excused)
        edges += [edge for span in unexcused for edge in span if curfew.now_us < edge < FAR_US]
        edges += _grace_ends(curfew, unexcused, seen)
    return min(edges)


def _grace_ends(curfew: CurfewCase, unexcused: list[Span], seen: Seen) -> list[int]:
    """When the unexcused time of each absence reaches the grace."""
    found = []
    for stretch in seen.line:
        if stretch.state != ABSENT:
            continue
        left = curfew.grace_us(stretch.from_us)
        for start, end in clipped(unexcused, stretch.from_us, FAR_US):
            if end - start >= left:
                found.append(start + left)
                break
            left -= end - start
    return [at for at in found if at > curfew.now_us]
