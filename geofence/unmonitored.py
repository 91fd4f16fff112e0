"""`unmonitored` (rules.md 7): an order whose fitted devices have all gone quiet. By silence, opened at ticks.

An `rf_tag` sends nothing itself: it is in contact while its home unit is (wire.md), and that of a hostel may be fitted to another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.instants import DAY_US, EARLY_US, FAR_US, HOUR_US
from domain.records import Condition, Order, Suspension
from domain.vocabulary import Cause, DeviceKind, Kind, Reason
from geofence.book import Book
from geofence.cases import AHEAD_US
from geofence.drafts import Draft, Proof
from geofence.flat import Flat
from geofence.intervals import holding, union
from geofence.layout import Case
from geofence.not_fitted import fitted_spans
from geofence.silence import SPEAKING, Silence, closed_step, opened_step
from geofence.versions import Entry, Step
from geofence.world import World

HEARD_OF = frozenset({*SPEAKING, DeviceKind.RF_TAG})
"""Devices whose silence counts."""
UNHEARD_US = HOUR_US
"""A device that was never heard since it was fitted may be so for so long,"""
SILENT_US = DAY_US
"""and one that was heard may be silent for so long."""


@dataclass(frozen=True, slots=True)
class OrderTable:
    """Orders as columns, a row for each stretch in which one runs; made anew with the caseload.

    Attributes
    ----------
    start, end : (rows,) int64 microseconds: when it runs.
    party : (rows,) int64.
    ids : the order of each row; ``rows_of`` the rows of each order.
    suspended : rows of orders that have suspensions.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    party: NDArray[np.int64]
    ids: list[str]
    rows_of: dict[str, list[int]]
    suspended: list[int]


def order_table(book: Book) -> OrderTable:
    """The orders of the book."""
    rows: list[tuple[int, int, int]] = []
    ids: list[str] = []
    rows_of: dict[str, list[int]] = {}
    suspended: list[int] = []
    for order_id in book.all_ids(Order):
        order = book.newest(Order, order_id)
        assert order is not None
        party = book.party_index[("wearer", order.wearer)]
        has_suspensions = bool(book.ids(Suspension, Order, order_id))
        for start, end in book.order_spans(order_id):
            if has_suspensions:
                suspended.append(len(rows))
            rows_of.setdefault(order_id, []).append(len(rows))
            rows.append((start, end, party))
            ids.append(order_id)
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    return OrderTable(columns[0], columns[1], columns[2], ids, rows_of, suspended)


class SharedUnit(NamedTuple):
    """A home unit of somebody's place that others were fitted with, or nobody: from when to when it is that, microseconds."""

    start: int
    end: int
    unit: int
    party: int


def shared_units(world: World) -> Iterator[SharedUnit]:
    """The home units through which tags are heard of people who are not the only ones ever fitted with them."""
    for unit, cases in world.layout.units.items():
        fitted = {party for _, _, party in world.fittings(unit)}
        for case in (world.layout.cases[k] for k in cases):
            if case is not None and fitted != {case.party}:
                name = world.book.roster.ids[unit]
                spans = [(start, end) for start, end, unit_name in _named(world, case) if unit_name == name]
                yield from (SharedUnit(start, end, unit, case.party) for start, end in union(spans))


def _named(world: World, case: Case) -> Iterator[tuple[int, int, str]]:
    """The home units of a condition's place, and from when to when."""
    for start, end, one in world.book.eras(Condition, case.id):
        if one.place is not None and one.place.home_unit is not None:
            yield start, end, one.place.home_unit


class Unmonitored:
    """The orders of which nothing is heard, and when to look again at the earliest."""

    def __init__(self, world: World, silence: Silence) -> None:
        self.world = world
        self.silence = silence
        self.open: dict[str, Entry] = {}
        self.until: dict[str, int] = {}
        self.of_party: dict[int, set[str]] = {}
        self.next_us = EARLY_US
        self._ends_after = EARLY_US
        self._shared: dict[int, list[SharedUnit]] | None = None

    def changed(self) -> None:
        """The caseload changed: look at every order at the next tick, and anew at how long those that stand may."""
        self.next_us = EARLY_US
        self._shared = None
        self.of_party.clear()
        for order_id, entry in self.open.items():
            self.of_party.setdefault(entry.draft.party, set()).add(order_id)
            self._stand(order_id, entry, max(entry.opened_us, entry.draft.from_us))

    def parties(self) -> set[int]:
        """Whose orders stand as unmonitored."""
        return {entry.draft.party for entry in self.open.values()}

    def tick(self, table: OrderTable, fittings: Flat, at_us: int) -> list[Step]:
        """Open what is due. ``fittings``: as `Clusters.fittings`. Looks at nothing while nothing can be due."""
        if at_us < self.next_us:
            return []
        due, edge = self._by_party(fittings, at_us)
        active = (table.start <= at_us) & (at_us < table.end)
        due_of, edge_of = due[table.party], edge[table.party]
        look = np.where(active, np.minimum(np.where(due_of > at_us, due_of, FAR_US), edge_of), FAR_US)
        ahead = table.start > at_us
        look[ahead] = table.start[ahead]
        steps = []
        suspended = set(table.suspended)
        for row in np.flatnonzero(active & (due_of > EARLY_US) & (due_of <= at_us)).tolist():
            order_id = table.ids[row]
            if order_id in self.open:
                continue
            resumes = self._suspended_until(order_id, at_us) if row in suspended else None
            if resumes is not None:
                look[row] = min(int(look[row]), resumes, at_us + AHEAD_US)
            else:
                from_us = max(int(due_of[row]), int(table.start[row]))
                steps.append(self._open(order_id, int(table.party[row]), from_us, at_us))
        self.next_us = int(look.min(initial=FAR_US))
        return steps

    def _by_party(self, fittings: Flat, at_us: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """By party: when all that is fitted will have been silent for too long (`EARLY_US`: nothing is that could
        speak or be heard), and when a fitting next begins or ends."""
        device, place = fittings.places()
        rows = fittings.rows[place]
        size = len(self.world.book.parties)
        due = np.full(size, EARLY_US, np.int64)
        edge = np.full(size, FAR_US, np.int64)
        start, end, party = rows[:, 0], rows[:, 1], rows[:, 2]
        for edges in (start, end):
            later = edges > at_us
            np.minimum.at(edge, party[later], edges[later])
        heard_of = np.array([kind in HEARD_OF for kind in self.world.layout.kinds], np.bool_)
        now = (start <= at_us) & (at_us < end) & heard_of[device]
        device, start, party = device[now], start[now], party[now]
        heard = self.silence.contact["heard"][device]
        ever = heard >= start
        unheard = np.maximum(start, self.silence.started_us) + UNHEARD_US
        np.maximum.at(due, party, np.where(ever, heard + SILENT_US, unheard))
        for one in (one for of in self.shared().values() for one in of):
            for edge_us in (one.start, one.end):
                if edge_us > at_us:
                    edge[one.party] = min(int(edge[one.party]), edge_us)
            since = self._hears_since(one, at_us)
            heard_us = int(self.silence.contact["heard"][one.unit])
            if since is not None:
                unheard_us = max(since, self.silence.started_us) + UNHEARD_US
                due[one.party] = max(int(due[one.party]), heard_us + SILENT_US if heard_us >= since else unheard_us)
        return due, edge

    def shared(self) -> dict[int, list[SharedUnit]]:
        """Home units through which the tags of others are heard, by unit."""
        if self._shared is None:
            self._shared = {}
            for one in shared_units(self.world):
                self._shared.setdefault(one.unit, []).append(one)
        return self._shared

    def _shared_with(self, party: int) -> list[SharedUnit]:
        """Those of one party, by its places."""
        cases = (self.world.layout.cases[k] for k in self.world.layout.cases_of.get(party, ()))
        named = {unit for case in cases if case is not None for _, _, unit in _named(self.world, case)}
        units = {self.world.book.roster.index[unit] for unit in named}
        return [one for unit in sorted(units) for one in self.shared().get(unit, ()) if one.party == party]

    def heard_through(self, at_us: int) -> list[tuple[int, int]]:
        """(unit, party): whose curfew tags are heard now through home units that are not theirs alone."""
        shared = (one for of in self.shared().values() for one in of)
        return [(one.unit, one.party) for one in shared if self._hears_since(one, at_us) is not None]

    def _hears_since(self, one: SharedUnit, at_us: int) -> int | None:
        """Since when a shared home unit is that of a curfew tag which the party now wears; None: it is not."""
        if not one.start <= at_us < one.end:
            return None
        kinds = self.world.layout.kinds
        tags = [d for d in self.world.book.devices_of(one.party) if kinds[d] is DeviceKind.RF_TAG]
        worn = [span for d in tags if (span := self._worn(d, one.party, at_us)) is not None]
        return max(one.start, min(start for start, _ in worn)) if worn else None

    def _worn(self, device: int, party: int, at_us: int) -> tuple[int, int] | None:
        return holding([(a, b) for a, b, who in self.world.fittings(device) if who == party], at_us)

    def _suspended_until(self, order_id: str, at_us: int) -> int | None:
        span = holding(self.world.book.suspensions(order_id, at_us, at_us + AHEAD_US), at_us)
        return None if span is None else span[1]

    def _open(self, order_id: str, party: int, from_us: int, at_us: int) -> Step:
        book = self.world.book
        suspended = book.suspensions(order_id, from_us, at_us)
        from_us = max([from_us, *(end for _, end in suspended if end <= at_us)])
        draft = Draft(Kind.UNMONITORED, party, from_us, None, self._last_fact(party, at_us), Cause.UNKNOWN)
        order = book.newest(Order, order_id)
        draft.order, draft.told_us = order_id, order.told_at_us if order is not None else EARLY_US
        entry = self.open[order_id] = Entry(draft, opened_us=at_us)
        self.of_party.setdefault(party, set()).add(order_id)
        self._stand(order_id, entry, at_us)
        return opened_step(entry)

    def _last_fact(self, party: int, at_us: int) -> list[Proof]:
        """The last fact heard of the device that was heard last since it was fitted, of those whose silence counts."""
        contact, rank = self.silence.contact, self.world.layout.tables.rank
        found: list[tuple[int, Proof]] = []
        for device, since in self._listened_to(party, at_us).items():
            row = contact[device]
            if row["heard"] >= since and row["fact_t"] > EARLY_US:
                values = (int(row["fact_t"]), int(rank[device]), int(row["fact_gen"]), int(row["fact_seq"]))
                found.append((int(row["heard"]), Proof(*values, device, int(row["fact_received"]))))
        return [max(found)[1]] if found else []

    def _listened_to(self, party: int, at_us: int) -> dict[int, int]:
        """The devices whose silence counts for somebody, and since when."""
        found: dict[int, int] = {}
        for device in self.world.book.devices_of(party):
            worn = self._worn(device, party, at_us) if self.world.layout.kinds[device] in HEARD_OF else None
            if worn is not None:
                found[device] = worn[0]
        for one in self._shared_with(party):
            since = self._hears_since(one, at_us)
            if since is not None:
                found.setdefault(one.unit, since)
        return found

    def _stand(self, order_id: str, entry: Entry, at_us: int) -> None:
        """How long it may stand from an instant on, and whose messages end it."""
        book, party = self.world.book, entry.draft.party
        order = holding(book.order_spans(order_id), at_us)
        fitted = holding(fitted_spans(book, party), at_us)
        suspended = book.suspensions(order_id, at_us, at_us + AHEAD_US)
        if order is None or fitted is None or holding(suspended, at_us) is not None:
            self.until[order_id] = at_us
        else:
            later = [start for start, _ in suspended if start > at_us]
            self.until[order_id] = min(order[1], fitted[1], at_us + AHEAD_US, *later)
        self._ends_after = min(self._ends_after, self.until[order_id])
        self.silence.contact["dark"][self._awaited_of(party)] = True

    def _awaited_of(self, party: int) -> list[int]:
        """The devices of which a message may end it."""
        return [*self.world.book.devices_of(party), *(one.unit for one in self._shared_with(party))]

    # ---- what ends it ----

    def spoke(self, device: int, at_us: int) -> list[Step]:
        """A message of a device that may be one of theirs."""
        parties = {p for start, end, p in self.world.fittings(device) if start <= at_us < end}
        for one in self.shared().get(device, ()):
            if one.party in self.of_party and self._hears_since(one, at_us) is not None:
                parties.add(one.party)
        ended = sorted(order_id for party in parties for order_id in self.of_party.get(party, ()))
        return [self._close(order_id, at_us, Reason.CONTACT) for order_id in ended]

    def next_end(self, until_us: int) -> int:
        """When the next of them ends by the clock, or must be looked at again: exact if that is by ``until_us``."""
        if self._ends_after <= until_us:
            self._ends_after = min(self.until.values(), default=FAR_US)
        return self._ends_after

    def ended(self, at_us: int) -> list[Step]:
        """Those whose order or last fitting has ended, or whose order is suspended."""
        steps = []
        for order_id in [o for o, until in self.until.items() if until <= at_us]:
            entry = self.open[order_id]
            while order_id in self.open and self.until[order_id] <= at_us:
                until = self.until[order_id]
                self._stand(order_id, entry, until)
                if self.until[order_id] <= until:
                    steps.append(self._close(order_id, until, Reason.CLOCK))
        return steps

    def _close(self, order_id: str, at_us: int, reason: Reason) -> Step:
        entry = self.open.pop(order_id)
        del self.until[order_id]
        self.next_us = EARLY_US
        party = entry.draft.party
        self.of_party[party].discard(order_id)
        if not self.of_party[party]:
            del self.of_party[party]
            for device in self._awaited_of(party):
                others = {who for _, _, who in self.world.fittings(device)}
                others |= {one.party for one in self.shared().get(device, ())}
                self.silence.contact["dark"][device] = not others.isdisjoint(self.of_party)
        return closed_step(entry, max(at_us, entry.draft.from_us), reason, None)
