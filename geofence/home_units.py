"""What home units say of a party at a place (rules.md 5, presence 1 and 2)."""

from __future__ import annotations

from collections.abc import Sequence

from domain.instants import EARLY_US, FAR_US
from domain.records import Condition
from geofence.drafts import Proof
from geofence.emissions import What
from geofence.intervals import Span, holding, union, without
from geofence.layout import Case
from geofence.presence import PRESENT, Stretch, UnitSays, by_unit
from geofence.world import World


def case_units(world: World, case: Case) -> list[tuple[int, list[int], list[Span]]]:
    """Home units of the place: the pairs of each and the party's tags, and when it was the place's."""
    found = world.units_of_case.get(case.id)
    if found is None:
        found = world.units_of_case[case.id] = _case_units(world, case)
    return found


def _case_units(world: World, case: Case) -> list[tuple[int, list[int], list[Span]]]:
    spans: dict[str, list[Span]] = {}
    for start, end, era in world.book.eras(Condition, case.id):
        if era.place is not None and era.place.home_unit:
            spans.setdefault(era.place.home_unit, []).append((start, end))
    tags = set(world.book.devices_of(case.party)) if spans else set()
    found = []
    for name in sorted(spans):
        unit = world.book.roster.index[name]
        pairs = [pair for tag, pair in world.pairs_of_unit.get(unit, ()) if tag in tags]
        found.append((unit, pairs, union(spans[name])))
    return found


def within(said: Sequence[Stretch], spans: Sequence[Span]) -> list[Stretch]:
    """What a home unit said while it was the place's."""
    return [
        s._replace(from_us=max(s.from_us, start), to_us=min(s.to_us, end))
        for s in said
        for start, end in spans
        if s.from_us < end and s.to_us > start
    ]


def unit_says(
    world: World, party: int, unit: int, pairs: Sequence[int], inside: Sequence[tuple[int, Proof | None]] = ()
) -> list[Stretch]:
    fresh = _fresh(world, unit)
    if not fresh:
        return []
    unit_doubts = world.doubts(unit)
    says: list[UnitSays] = []
    for tag, pair in world.pairs_of_unit.get(unit, ()):
        if pair in pairs:
            says += _says(world, pair, worn_by(world, tag, party), union([*world.doubts(tag), *unit_doubts]))
    says.sort(key=lambda s: s.proof)
    return by_unit(says, without(fresh, unit_doubts), inside)


def _fresh(world: World, unit: int) -> list[Span]:
    device = world.state.devices[unit]
    hold = world.layout.tables.fresh_at
    spans = [(news.a, news.b + hold(unit, news.b)) for news in world.streams.breaks.get(unit, ())]
    if device["item_last_t"] > EARLY_US:
        last_us = int(device["item_last_t"])
        spans.append((int(device["item_first_t"]), last_us + hold(unit, last_us)))
    return union(spans)


def worn_by(world: World, device: int, party: int) -> list[Span]:
    """When a party wore a device."""
    return [(start, end) for start, end, who in world.fittings(device) if who == party]


def _says(world: World, pair: int, worn: Sequence[Span], doubted: Sequence[Span]) -> list[UnitSays]:
    """What a home unit says of a tag while it is worn, and beyond doubt."""
    found = []
    stream = world.streams.pairs.get(pair, ())
    said = [(news.what == What.HEARD, news.a, world.proof(news)) for news in stream]
    row = world.state.pairs[pair]
    if said and row["heard"] == 1:  # of words alike in a row the last is what a unit says again that was silent
        t, gen, seq, received = (int(row[f"heard_{name}"]) for name in ("t", "gen", "seq", "received"))
        said.append((True, t, said[-1][2]._replace(t=t, gen=gen, seq=seq, received=received)))
    for heard, since_us, proof in said:
        fitted = holding(worn, proof.t)
        if holding(doubted, proof.t) is not None or fitted is None:
            continue
        until = min(fitted[1], next((start for start, _ in doubted if start > proof.t), FAR_US))
        found.append(UnitSays(proof.t, heard, since_us, until, proof))
    return found


def heard_at(world: World, party: int, unit: int, pairs: Sequence[int]) -> list[tuple[int, Proof | None]]:
    """When a tag was heard that is worn; what is said of it or by the unit in doubt says nothing."""
    found: list[tuple[int, Proof | None]] = []
    for tag, pair in world.pairs_of_unit.get(unit, ()):
        if pair not in pairs:
            continue
        worn = worn_by(world, tag, party)
        doubted = union([*world.doubts(tag), *world.doubts(unit)])
        stream = world.streams.pairs.get(pair, ())
        said = [(news.t, news.a) for news in stream if news.what != What.UNHEARD or news.b != FAR_US]
        said += [(news.b, news.b) for news in stream if news.what == What.UNHEARD]
        row = world.state.pairs[pair]
        if row["heard"] == 1:
            said.append((int(row["heard_t"]), int(row["heard_t"])))
        said = [one for one in said if holding(worn, one[0]) is not None and holding(doubted, one[0]) is None]
        found += [(at_us, None) for _, at_us in said if holding(doubted, at_us) is None]
    return found


def heard_spans(world: World, tag: int) -> list[Span]:
    """When a home unit heard the tag of a wearer who has one: it says where the device is, whoever has tampered with it."""
    spans: list[Span] = []
    for (unit, other), pair in world.pair_index.items() if world.layout.tables.locates[tag] > 1 else ():
        if other == tag:
            says = _says(world, pair, [(start, end) for start, end, _ in world.fittings(tag)], [])
            spans += [(s.from_us, s.to_us) for s in by_unit(says, _fresh(world, unit), ()) if s.state == PRESENT]
    return union(spans)
