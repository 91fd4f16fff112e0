"""Folding a round of facts: what is in order goes on from the head, what is late starts again from the base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from domain.facts import Facts
from domain.instants import EARLY_US, FAR_US
from domain.vocabulary import EventCode, Quality
from geofence.cases import World
from geofence.clusters import Clusters
from geofence.emissions import EMISSION, News, What
from geofence.fold import fold_tracks, fold_units, judge_speed
from geofence.intake import about_tags, before, in_order, party_at, stateless_quality
from geofence.log import IN_BASE, IN_SPARE, FactLog
from geofence.nearness import KEEP_US, thin
from geofence.state import Rows, State
from geofence.streams import Marks

Requalified = tuple[int, int, int, Quality]


@dataclass(slots=True)
class Folded:
    """What a round of facts did.

    Attributes
    ----------
    quality : of each fact of the round, in their order.
    party, tag_party : whose each fact is, by device and by the tag it speaks of; -1 nobody's.
    news : emissions that may change what is said.
    again : clusters that were judged again as a whole.
    requalified : (device, gen, seq, quality) of older facts whose quality is another now.
    """

    quality: NDArray[np.int8]
    party: NDArray[np.int64]
    tag_party: NDArray[np.int64]
    news: list[News] = field(default_factory=list)
    again: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    requalified: list[Requalified] = field(default_factory=list)


@dataclass(slots=True)
class Base:
    """An older copy of the state that late facts start from, and how long the streams were then."""

    state: State
    marks: Marks = field(default_factory=dict)


class Folder:
    """Takes rounds of facts into the world's state: judging and judging again are the same three folds."""

    def __init__(self, world: World, clusters: Clusters, log: FactLog) -> None:
        self.world = world
        self.clusters = clusters
        self.log = log
        self.base = Base(State())
        self.spare: Base | None = None
        """What becomes the base next."""
        self._pair_keys: NDArray[np.int64] = np.zeros(0, np.int64)
        """The pairs of the world in order, each home unit and tag as one number; and the row of each."""
        self._pair_rows: NDArray[np.int64] = np.zeros(0, np.int64)

    def fold(self, facts: Facts, older: Facts | None = None, force: NDArray[np.int64] | None = None) -> Folded:
        """Judge a round: at most one line of each cluster.

        ``older`` are stored facts from before the log, of clusters that reach behind the base; those start from
        nothing. ``force`` are clusters to be judged again in any case.
        """
        party, tag_party = self._parties(facts)
        folded = Folded(stateless_quality(facts, party), party, tag_party)
        cluster = self.clusters.of_device[facts["device"]]
        again = self._late(self.world.state, facts, folded)
        if force is not None:
            again = np.union1d(again, force)
        if older is not None and len(older):
            again = np.union1d(again, np.unique(self.clusters.of_device[older["device"]]))
        live = ~np.isin(cluster, again)
        again = np.union1d(again, self._go_on(facts, live, folded))
        behind = self._behind_spare(facts, folded)
        self.log.append(facts)
        if len(again):
            self._again(facts, cluster, again, older, folded)
            self._renew_spare(facts, folded, again if older is not None and len(older) else force)
        self.log.facts["quality"][len(self.log) - len(facts) :] = folded.quality
        if self.spare is not None and len(behind):
            rows = self._rows(behind)
            self._settle(self.spare, rows, self.log.of_devices(rows.devices), IN_SPARE)
        folded.again = again
        return folded

    def let_go(self) -> None:
        """Forget what no fact since the base can ask for: of trails, and of the news of pairs."""
        world, spare = self.world, self.spare
        if world.nearness.size and spare is not None:
            world.nearness.let_go([world.state, spare.state, self.base.state])
            thin(world.streams, self.base.marks, spare.marks, world.layout.tables.gap_us)

    def older_states(self) -> list[State]:
        """The copies that the state can be put back to."""
        return [base.state for base in (self.base, self.spare) if base is not None]

    def _parties(self, facts: Facts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        party = np.empty(len(facts), np.int64)
        tag_party = np.empty(len(facts), np.int64)
        first, last, rows = self.clusters.fittings
        party_at(facts["device"], facts["t_us"], first, last, rows, party)
        party_at(facts["tag"], facts["t_us"], first, last, rows, tag_party)
        return party, tag_party

    def parties_of(self, facts: Facts) -> NDArray[np.int64]:
        """Whose each fact's device was at its fix time."""
        return self._parties(facts)[0]

    def _late(self, state: State, facts: Facts, folded: Folded) -> NDArray[np.int64]:
        """Clusters with a fact that comes before the head that its device or party has in a state."""
        party, tag_party, cluster = folded.party, folded.tag_party, self.clusters.of_device[facts["device"]]
        rank = self.world.layout.tables.rank
        device, d = facts["device"], state.devices
        every = slice(None)
        heads = (d["head_t"][device], rank[device], d["head_gen"][device], d["head_seq"][device])
        late = before(facts, every, *heads, rank)
        tampered = about_tags(facts)
        who = np.where(tampered, tag_party, np.where(self._units(facts), -1, party))
        rows = np.flatnonzero(who >= 0)
        p, of = state.parties, who[rows]
        heads = (p["head_t"][of], p["head_rank"][of], p["head_gen"][of], p["head_seq"][of])
        late[rows] |= before(facts, rows, *heads, rank)
        found: NDArray[np.int64] = np.unique(cluster[late])
        return found

    def _behind_spare(self, facts: Facts, folded: Folded) -> NDArray[np.int64]:
        """Clusters with a fact so much older than what the spare has of its pair that the trails would lack its time."""
        pairs = self.world.layout.tables.pairs
        if self.spare is None or not len(pairs) or not len(facts):
            return np.zeros(0, np.int64)
        heads = self.spare.state.parties["head_t"]
        newest = np.full(len(heads), EARLY_US, np.int64)
        np.maximum.at(newest, pairs["one"], heads[pairs["other"]])
        np.maximum.at(newest, pairs["other"], heads[pairs["one"]])
        party = folded.party
        old = (party >= 0) & (facts["t_us"] < newest[party] - KEEP_US)
        found: NDArray[np.int64] = np.unique(self.clusters.of_device[facts["device"][old]])
        return found

    def _units(self, facts: Facts) -> NDArray[np.bool_]:
        units: NDArray[np.bool_] = self.clusters.is_unit[facts["device"]]
        return units

    def _go_on(self, facts: Facts, live: NDArray[np.bool_], folded: Folded) -> NDArray[np.int64]:
        """Fold what is in order; returns clusters in which a rejected fix of earlier was confirmed."""
        rows = np.flatnonzero(live)
        if not len(rows):
            return np.zeros(0, np.int64)
        some = facts[rows]
        quality = folded.quality[rows]
        confirmed = self._speed(some, quality)
        folded.quality[rows] = quality
        again: NDArray[np.int64] = np.unique(self.clusters.of_device[confirmed])
        if len(again):
            keep = ~np.isin(self.clusters.of_device[some["device"]], again)
            rows = rows[keep]
            some, quality = some[keep], quality[keep]
        folded.news += self._units_and_tracks(some, quality, folded.party[rows], folded.tag_party[rows])
        return again

    def _speed(self, facts: Facts, quality: NDArray[np.int8]) -> NDArray[np.int64]:
        devices = self.world.state.devices
        order = in_order(facts, self.world.layout.tables.rank, facts["device"])
        rejected_at = np.full(len(devices), -1, np.int64)
        confirmed = np.empty(len(facts), np.int64)
        n = judge_speed(facts, order, quality, devices, rejected_at, confirmed)
        return confirmed[:n]

    def _units_and_tracks(
        self,
        facts: Facts,
        quality: NDArray[np.int8],
        party: NDArray[np.int64],
        tag_party: NDArray[np.int64],
        *,
        again: bool = False,
    ) -> list[News]:
        world = self.world
        tables = world.layout.tables
        is_unit = self._units(facts)
        news: list[News] = []
        if is_unit.any():
            units = facts[is_unit]
            out = np.empty(2 * len(units), EMISSION)
            order = in_order(units, tables.rank, units["device"])
            pair_of = self._pairs(units)
            n = fold_units(units, order, pair_of, world.state.devices, world.state.pairs, tables, out)
            news += world.streams.take(out[:n])
        spoken = about_tags(facts) & (tag_party >= 0)
        taken = (~is_unit & (party >= 0)) | spoken
        if taken.any():
            track, who = facts[taken], np.where(spoken, tag_party, party)[taken]
            track["device"] = np.where(spoken, facts["tag"], facts["device"])[taken]
            news += self._tracks(track, quality[taken], who, again=again)
        return news

    def _tracks(self, facts: Facts, quality: NDArray[np.int8], who: NDArray[np.int64], *, again: bool) -> list[News]:
        world = self.world
        tables, state = world.layout.tables, world.state
        room = int((3 * (tables.row_last[who] - tables.row_first[who]) + 3).sum())
        out = np.empty(room, EMISSION)
        order = in_order(facts, tables.rank, who)
        n = fold_tracks(facts, order, quality, who, state.devices, state.parties, state.tracks, tables, out)
        if not len(tables.pairs):
            return world.streams.take(out[:n])
        is_used = out["what"][:n] == What.USED
        used = out[:n][is_used]
        news = world.streams.take(out[:n][~is_used])
        since = np.full(len(state.parties), FAR_US, np.int64)
        if again:  # what was judged by facts that are none any more goes too
            np.minimum.at(since, who, facts["t_us"])
        else:
            np.minimum.at(since, used["row"], used["t"])
        return news + world.nearness.fold(used, since, state, tables, world.streams)

    def _pairs(self, units: Facts) -> NDArray[np.int64]:
        """The row of each fact's home unit and tag; made when it is the first."""
        found = np.full(len(units), -1, np.int64)
        rows = np.flatnonzero((units["code"] == EventCode.IN_RANGE) & (units["tag"] >= 0))
        if not len(rows):
            return found
        keys = units["device"][rows].astype(np.int64) << 32 | units["tag"][rows]
        place = np.searchsorted(self._known_pairs(), keys)
        known = place < len(self._pair_keys)
        known[known] = self._pair_keys[place[known]] == keys[known]
        if not known.all():
            first = np.unique(keys[~known])
            self.know_pairs([(int(key >> 32), int(key & 0xFFFFFFFF)) for key in first.tolist()])
            place = np.searchsorted(self._known_pairs(), keys)
        found[rows] = self._pair_rows[place]
        return found

    def _known_pairs(self) -> NDArray[np.int64]:
        index = self.world.pair_index
        if len(self._pair_keys) != len(index):
            keys = np.array([unit << 32 | tag for unit, tag in index], np.int64)
            order = np.argsort(keys)
            self._pair_keys, self._pair_rows = keys[order], np.fromiter(index.values(), np.int64, len(index))[order]
        return self._pair_keys

    def know_pairs(self, wanted: Sequence[tuple[int, int]]) -> None:
        """Make rows for home units and tags that have none."""
        world = self.world
        known = len(world.pair_index)
        for unit, tag in wanted:
            if (unit, tag) not in world.pair_index:
                pair = world.pair_index[unit, tag] = len(world.pair_index)
                world.pairs_of_unit.setdefault(unit, []).append((tag, pair))
        if len(world.pair_index) > known:
            for state in (world.state, *self.older_states()):
                state.grow(0, 0, 0, len(world.pair_index))

    def _again(
        self, facts: Facts, cluster: NDArray[np.int64], again: NDArray[np.int64], older: Facts | None, folded: Folded
    ) -> None:
        """Put the clusters back to the base (or to nothing) and fold all their facts."""
        deep = np.zeros(0, np.int64) if older is None else np.unique(self.clusters.of_device[older["device"]])
        for wanted, from_nothing in ((np.intersect1d(again, deep), True), (np.setdiff1d(again, deep), False)):
            if not len(wanted):
                continue
            rows = self._put_back(wanted, from_nothing)
            at = self.log.of_devices(rows.devices)
            if not from_nothing:
                at = self.log.since_base(at)
            logged = self.log.facts[at]
            past = (
                older[np.isin(self.clusters.of_device[older["device"]], wanted)]
                if from_nothing and older is not None
                else None
            )
            stretch = logged if past is None else np.concatenate([past, _not_in(logged, past)])
            quality = self._whole(stretch, folded)
            self._note(stretch, quality, at, facts, cluster, wanted, folded)
            if from_nothing:
                self._settle(self.base, rows, at, IN_BASE)

    def _renew_spare(self, facts: Facts, folded: Folded, force: NDArray[np.int64] | None) -> None:
        """Facts from behind the spare came in: for these clusters it is what they are now, or it would lack those facts.

        So it is of what is forced, and of what was judged from nothing, which is behind the base.
        """
        if self.spare is None:
            return
        behind = self._late(self.spare.state, facts, folded)
        if force is not None:
            behind = np.union1d(behind, force)
        if len(behind):
            rows = self._rows(behind)
            self._settle(self.spare, rows, self.log.of_devices(rows.devices), IN_SPARE)

    def _settle(self, base: Base, rows: Rows, at: NDArray[np.int64], where: int) -> None:
        self.log.settle(at, where)
        base.state.put_back(self.world.state, rows)
        for name, keys in _keys_of(rows):
            self.world.streams.mark(name, keys, base.marks)

    def _rows(self, wanted: NDArray[np.int64]) -> Rows:
        world, clusters = self.world, self.clusters
        devices = np.flatnonzero(np.isin(clusters.of_device, wanted))
        parties = np.flatnonzero(np.isin(clusters.of_party, wanted))
        tables = world.layout.tables
        tracks = [tables.rows[tables.row_first[p] : tables.row_last[p]] for p in parties.tolist()]
        if len(tables.pairs):
            of = np.unique(
                np.concatenate([tables.pairs_of[tables.pair_first[p] : tables.pair_last[p]] for p in parties])
            )
            near = tables.pairs[of.astype(np.int64)] if len(of) else tables.pairs[:0]
            tracks += [near["row"], near["wide_row"][near["wide_row"] >= 0]]
        pairs = [pair for d in devices.tolist() for _, pair in world.pairs_of_unit.get(d, ())]
        track_rows = np.concatenate([*tracks, np.zeros(0, np.int64)]).astype(np.int64)
        return Rows(devices, parties, track_rows, np.array(pairs, np.int64))

    def _put_back(self, wanted: NDArray[np.int64], from_nothing: bool) -> Rows:
        world = self.world
        rows = self._rows(wanted)
        if from_nothing:
            blank = State()
            sizes = (world.state.devices, world.state.parties, world.state.tracks, world.state.pairs)
            blank.grow(*(len(s) for s in sizes))
            world.state.put_back(blank, rows)
        else:
            world.state.put_back(self.base.state, rows)
        marks = {} if from_nothing else self.base.marks
        for name, keys in _keys_of(rows):
            world.streams.cut_back(name, keys, marks)
        return rows

    def _whole(self, stretch: Facts, folded: Folded) -> NDArray[np.int8]:
        party, tag_party = self._parties(stretch)
        quality = stateless_quality(stretch, party)
        self._speed(stretch, quality)
        folded.news += self._units_and_tracks(stretch, quality, party, tag_party, again=True)
        return quality

    def _note(
        self,
        stretch: Facts,
        quality: NDArray[np.int8],
        at: NDArray[np.int64],
        facts: Facts,
        cluster: NDArray[np.int64],
        wanted: NDArray[np.int64],
        folded: Folded,
    ) -> None:
        """Write the qualities back, and say which older ones are others now."""
        logged = len(at)
        tail = quality[len(stretch) - logged :] if logged == len(stretch) else None
        new_from = len(self.log) - len(facts)
        if tail is None:
            where = places_of(self.log.facts[at], stretch)
            tail = quality[where]
            self._requalify_past(stretch, quality, where, folded)
        old = self.log.facts["quality"][at]
        is_new = at >= new_from
        for k in np.flatnonzero((tail != old) & ~is_new).tolist():
            f = self.log.facts[at[k]]
            folded.requalified.append((int(f["device"]), int(f["gen"]), int(f["seq"]), Quality(int(tail[k]))))
        self.log.facts["quality"][at] = tail
        folded.quality[at[is_new] - new_from] = tail[is_new]

    @staticmethod
    def _requalify_past(stretch: Facts, quality: NDArray[np.int8], logged: NDArray[np.int64], folded: Folded) -> None:
        """Of the facts that only the store has; ``logged`` are the rows that the log has too."""
        changed = stretch["quality"] != quality
        changed[logged] = False
        for k in np.flatnonzero(changed).tolist():
            f = stretch[k]
            folded.requalified.append((int(f["device"]), int(f["gen"]), int(f["seq"]), Quality(int(quality[k]))))


def _keys_of(rows: Rows) -> list[tuple[str, list[int]]]:
    """The streams of some rows of the state."""
    devices = rows.devices.tolist()
    tracks = rows.tracks.tolist()
    keys = {"rows": tracks, "location": devices, "breaks": devices, "pairs": rows.pairs.tolist(), "near": tracks}
    return list(keys.items())


def places_of(facts: Facts, others: Facts) -> NDArray[np.int64]:
    """The row in ``others`` of each of ``facts``, by identity; -1 where it is not."""
    keys = np.zeros(len(facts) + len(others), np.int64)
    for name in ("device", "gen", "seq"):
        values = np.concatenate([facts[name], others[name]])
        unique, inverse = np.unique(values, return_inverse=True)
        _, keys = np.unique(keys * len(unique) + inverse, return_inverse=True)
    mine, theirs = keys[: len(facts)], keys[len(facts) :]
    row = np.full(int(keys.max(initial=-1)) + 1, -1, np.int64)
    row[theirs] = np.arange(len(others))
    found: NDArray[np.int64] = row[mine]
    return found


def _not_in(facts: Facts, others: Facts) -> Facts:
    rest: Facts = facts[places_of(facts, others) < 0]
    return rest
