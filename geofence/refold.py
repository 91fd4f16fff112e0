"""Folding a round of facts: what is in order goes on from the head, what is late starts again from the base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from domain.facts import Facts
from domain.instants import EARLY_US, FAR_US
from domain.vocabulary import EventCode, Quality
from geofence.again import Again, keys_of
from geofence.clusters import Clusters
from geofence.emissions import EMISSION, Emissions, News, What
from geofence.fold import fold_tracks, fold_units, judge_speed
from geofence.intake import (
    about_tags,
    about_whom,
    before,
    casts_doubt,
    fitted_since,
    in_order,
    party_at,
    stateless_quality,
)
from geofence.log import IN_BASE, IN_SPARE, FactLog
from geofence.moved import Moved
from geofence.nearness import KEEP_US, thin
from geofence.resume import Resumes
from geofence.state import Rows, State
from geofence.streams import Marks
from geofence.world import World

Requalified = tuple[int, int, int, Quality]
_TAG_BITS = 32
_TAG = (1 << _TAG_BITS) - 1
"""A home unit and a tag are one number: the tag below, the unit above."""


@dataclass(slots=True)
class Folded:
    """What a round of facts did.

    Attributes
    ----------
    quality : of each fact of the round, in their order.
    party, tag_party : whose each fact is, by device and by the tag it speaks of; -1 nobody's.
    news : emissions that may change what is said.
    signs : `What.UPHELD` and `What.UNIT_UPHELD`: emissions after which it must be looked whether what is said goes on.
    again : clusters that were judged again as a whole.
    moved : what judges may read otherwise of them.
    requalified : (device, gen, seq, quality) of older facts whose quality is another now.
    """

    quality: NDArray[np.int8]
    party: NDArray[np.int64]
    tag_party: NDArray[np.int64]
    news: list[News] = field(default_factory=list)
    signs: list[Emissions] = field(default_factory=list)
    again: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    moved: Moved = field(default_factory=Moved)
    requalified: list[Requalified] = field(default_factory=list)

    def take(self, news: list[News], signs: Emissions) -> None:
        """More of what is news."""
        self.news += news
        self.signs.append(signs)


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
        self.resumes = Resumes()
        self.again = Again(self)

    def fold(self, facts: Facts, older: Facts | None = None, force: NDArray[np.int64] | None = None) -> Folded:
        """Judge a round: at most one line of each cluster.

        ``older`` are stored facts from before the log, of clusters that reach behind the base: all, or those since the
        copy that they start from (`Resumes`). ``force`` are clusters to be judged again in any case, from the base or,
        where there are stored facts of them, from nothing.
        """
        party, tag_party = self.parties_and_tags(facts)
        folded = Folded(stateless_quality(facts, party), party, tag_party)
        cluster = self.clusters.of_device[facts["device"]]
        self._touch(facts, cluster, force)
        again = self._late(self.world.state, facts, folded)
        again = np.union1d(again, self._behind_trails(facts, folded, older))
        if force is not None:
            again = np.union1d(again, force)
        live = ~np.isin(cluster, again)
        again = np.union1d(again, self._go_on(facts, live, folded))
        behind = self._behind_spare(facts, folded)
        self.log.append(facts)
        if len(again):
            from_nothing = self.again.fold(facts, again, older, force, folded)
            self._renew(facts, folded, again, from_nothing, force)
        self.log.facts["quality"][len(self.log) - len(facts) :] = folded.quality
        if self.spare is not None and len(behind):
            self._settle(self.spare, self.rows(behind), IN_SPARE)
        folded.again = again
        return folded

    def _touch(self, facts: Facts, cluster: NDArray[np.int64], force: NDArray[np.int64] | None) -> None:
        """Copies to start from that lack what comes now are none any more."""
        self.resumes.grow(len(self.world.state.devices))
        touched = self.resumes.touched(facts)
        if touched.any():
            for one in np.unique(cluster[touched]).tolist():
                low_us = int(facts["t_us"][cluster == one].min())
                self.resumes.forget(self.clusters.devices_in(one), low_us)
        for one in () if force is None else force.tolist():
            self.resumes.forget(self.clusters.devices_in(one), EARLY_US + 1)

    def let_go(self) -> None:
        """Forget what no fact since the base can ask for: of trails, and of the news of pairs."""
        world, spare = self.world, self.spare
        if world.nearness.size and spare is not None:
            self.resumes.thin_trails()
            world.nearness.let_go([world.state, spare.state, self.base.state])
            thin(world.streams, self.base.marks, spare.marks, world.layout.tables.gap_at)

    def older_states(self) -> list[State]:
        """The copies that the state can be put back to."""
        return [base.state for base in (self.base, self.spare) if base is not None]

    def parties_and_tags(self, facts: Facts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        party = np.empty(len(facts), np.int64)
        tag_party = np.empty(len(facts), np.int64)
        fittings = self.clusters.fittings
        of = (fittings.first, fittings.last, fittings.rows)
        party_at(facts["device"], facts["t_us"], *of, party)
        party_at(facts["tag"], facts["t_us"], *of, tag_party)
        return party, tag_party

    def parties_of(self, facts: Facts) -> NDArray[np.int64]:
        """Whose each fact's device was at its fix time."""
        return self.parties_and_tags(facts)[0]

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
        self._before_words(state, facts, late)
        found: NDArray[np.int64] = np.unique(cluster[late])
        return found

    def _before_words(self, state: State, facts: Facts, late: NDArray[np.bool_]) -> None:
        """A tampering from before what a home unit last said of the tag is late: what was said before it must be kept."""
        for k in np.flatnonzero(casts_doubt(facts)).tolist():
            f = facts[k]
            about = self._known_pairs() & _TAG == int(f["tag"] if f["tag"] >= 0 else f["device"])
            late[k] |= bool((state.pairs["heard_t"][self._pair_rows[about]] > f["t_us"]).any())

    def _behind_spare(self, facts: Facts, folded: Folded) -> NDArray[np.int64]:
        """Clusters with a fact so much older than what the spare has of its pair that the trails would lack its time."""
        if self.spare is None:
            return np.zeros(0, np.int64)
        return self._behind(self.spare.state, facts, folded, KEEP_US)

    def _behind_trails(self, facts: Facts, folded: Folded, older: Facts | None) -> NDArray[np.int64]:
        """Clusters, with their stored facts at hand, with a fact older than what the base has of its pair: a trail may
        hold no more from there than its end."""
        if older is None or not len(older):
            return np.zeros(0, np.int64)
        at_hand = np.unique(self.clusters.of_device[older["device"]])
        found: NDArray[np.int64] = np.intersect1d(at_hand, self._behind(self.base.state, facts, folded, -1))
        return found

    def _behind(self, state: State, facts: Facts, folded: Folded, by_us: int) -> NDArray[np.int64]:
        """Clusters with a fact by more than ``by_us`` older than the newest that a state has of the other of its pair."""
        pairs = self.world.layout.tables.pairs
        if not len(pairs) or not len(facts):
            return np.zeros(0, np.int64)
        heads = state.parties["head_t"]
        newest = np.full(len(heads), EARLY_US, np.int64)
        np.maximum.at(newest, pairs["one"], heads[pairs["other"]])
        np.maximum.at(newest, pairs["other"], heads[pairs["one"]])
        party = folded.party
        old = (party >= 0) & (facts["t_us"] < newest[party] - by_us)
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
        some = facts if len(rows) == len(facts) else facts.take(rows)
        self.again.before_gaps(some)
        quality = folded.quality[rows]
        confirmed = self.speed(some, quality)
        folded.quality[rows] = quality
        again: NDArray[np.int64] = np.unique(self.clusters.of_device[confirmed])
        if len(again):
            keep = ~np.isin(self.clusters.of_device[some["device"]], again)
            rows = rows[keep]
            some, quality = some.compress(keep), quality[keep]
        self.units_and_tracks(some, quality, folded.party[rows], folded.tag_party[rows], folded)
        return again

    def speed(self, facts: Facts, quality: NDArray[np.int8]) -> NDArray[np.int64]:
        devices = self.world.state.devices
        order = in_order(facts, self.world.layout.tables.rank, facts["device"])
        rejected_at = np.full(len(devices), -1, np.int64)
        confirmed = np.empty(len(facts), np.int64)
        n = judge_speed(facts, order, quality, devices, rejected_at, confirmed)
        return confirmed[:n]

    def units_and_tracks(
        self,
        facts: Facts,
        quality: NDArray[np.int8],
        party: NDArray[np.int64],
        tag_party: NDArray[np.int64],
        folded: Folded,
        *,
        again: bool = False,
    ) -> None:
        """Fold facts whose qualities are known; what is news of them goes to ``folded``."""
        world = self.world
        tables = world.layout.tables
        is_unit = self._units(facts)
        if is_unit.any():
            units = facts.compress(is_unit)
            out = np.empty(3 * len(units), EMISSION)
            order = in_order(units, tables.rank, units["device"])
            pair_of = self._pairs(units)
            doubted = about_whom(facts)
            in_doubt = np.zeros(len(world.state.devices), np.bool_)
            in_doubt[doubted] = True
            n = fold_units(units, order, pair_of, world.state.devices, world.state.pairs, tables, out, in_doubt)
            folded.take(*world.streams.take(out[:n]))
        spoken = about_tags(facts) & (tag_party >= 0)
        taken = (~is_unit & (party >= 0)) | spoken
        if taken.any():
            track = facts if taken.all() and not spoken.any() else facts.compress(taken)
            who = np.where(spoken, tag_party, party)[taken]
            if spoken.any():
                track["device"] = np.where(spoken, facts["tag"], facts["device"])[taken]
            folded.take(*self._tracks(track, quality[taken], who, again=again))

    def _tracks(
        self, facts: Facts, quality: NDArray[np.int8], who: NDArray[np.int64], *, again: bool
    ) -> tuple[list[News], Emissions]:
        world = self.world
        tables, state = world.layout.tables, world.state
        room = int((3 * (tables.row_last[who] - tables.row_first[who]) + 3).sum())
        out = np.empty(room, EMISSION)
        since, leading = np.full(len(facts), EARLY_US, np.int64), who
        if self.clusters.fitted_again[facts["device"]].any():
            fittings = self.clusters.fittings
            fitted_since(facts["device"], facts["t_us"], fittings.first, fittings.last, fittings.rows, since)
            leading = self.clusters.of_party[who]  # what a device was on one wearer comes before what it is on the next
        order = in_order(facts, tables.rank, leading)
        n = fold_tracks(facts, order, quality, who, since, state.devices, state.parties, state.tracks, tables, out)
        if not len(tables.pairs):
            return world.streams.take(out[:n])
        is_used = out["what"][:n] == What.USED
        used = out[:n].compress(is_used)
        news, signs = world.streams.take(out[:n].compress(~is_used))
        news_from = np.full(len(state.parties), FAR_US, np.int64)
        if again:  # what was judged by facts that are none any more goes too
            np.minimum.at(news_from, who, facts["t_us"])
        else:
            np.minimum.at(news_from, used["row"], used["t"])
        return news + world.nearness.fold(used, news_from, state, tables, world.streams), signs

    def _pairs(self, units: Facts) -> NDArray[np.int64]:
        """The row of each fact's home unit and tag; made when it is the first."""
        found = np.full(len(units), -1, np.int64)
        rows = np.flatnonzero((units["code"] == EventCode.IN_RANGE) & (units["tag"] >= 0))
        if not len(rows):
            return found
        keys = units["device"][rows].astype(np.int64) << _TAG_BITS | units["tag"][rows]
        place = np.searchsorted(self._known_pairs(), keys)
        known = place < len(self._pair_keys)
        known[known] = self._pair_keys[place[known]] == keys[known]
        if not known.all():
            first = np.unique(keys[~known])
            self.know_pairs([(int(key >> _TAG_BITS), int(key & _TAG)) for key in first.tolist()])
            place = np.searchsorted(self._known_pairs(), keys)
        found[rows] = self._pair_rows[place]
        return found

    def _known_pairs(self) -> NDArray[np.int64]:
        index = self.world.pair_index
        if len(self._pair_keys) != len(index):
            keys = np.array([unit << _TAG_BITS | tag for unit, tag in index], np.int64)
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
            world.units_of_case = {}
            for state in (world.state, *self.older_states()):
                state.grow(0, 0, 0, len(world.pair_index))

    def _renew(
        self,
        facts: Facts,
        folded: Folded,
        again: NDArray[np.int64],
        from_nothing: NDArray[np.int64],
        force: NDArray[np.int64] | None,
    ) -> None:
        """Facts from behind a base came in: for these clusters it is what they are now, or it would lack those facts.

        So it is of what was judged from nothing, which is behind the base, and of clusters with a rejected fix in it,
        which may have been confirmed; for the spare, of what is forced too.
        """
        for base, where in ((self.base, IN_BASE), (self.spare, IN_SPARE)):
            if base is None:
                continue
            behind = np.union1d(self._late(base.state, facts, folded), from_nothing)
            pending = np.flatnonzero(base.state.devices["has_rejected"][: len(self.clusters.of_device)])
            behind = np.union1d(behind, np.intersect1d(self.clusters.of_device[pending], again))
            if force is not None and where == IN_SPARE:
                behind = np.union1d(behind, force)
            if len(behind):
                self._settle(base, self.rows(behind), where)

    def _settle(self, base: Base, rows: Rows, where: int) -> None:
        self.log.settle(self.log.of_devices(rows.devices), where)
        base.state.put_back(self.world.state, rows)
        for name, keys in keys_of(rows):
            self.world.streams.mark(name, keys, base.marks)

    def rows(self, wanted: NDArray[np.int64]) -> Rows:
        """The rows of the state of some clusters."""
        world, clusters = self.world, self.clusters
        none = np.zeros(0, np.int64)
        devices = np.concatenate([none, *map(clusters.devices_in, wanted.tolist())])
        parties = np.concatenate([none, *map(clusters.parties_in, wanted.tolist())])
        tables = world.layout.tables
        tracks = [tables.rows[tables.row_first[p] : tables.row_last[p]] for p in parties.tolist()]
        if len(tables.pairs) and len(parties):
            of = np.unique(
                np.concatenate([tables.pairs_of[tables.pair_first[p] : tables.pair_last[p]] for p in parties])
            )
            near = tables.pairs[of.astype(np.int64)] if len(of) else tables.pairs[:0]
            tracks += [near["row"], near["wide_row"][near["wide_row"] >= 0]]
        pairs = [pair for d in devices.tolist() for _, pair in world.pairs_of_unit.get(d, ())]
        track_rows = np.concatenate([*tracks, none]).astype(np.int64)
        return Rows(devices, parties, track_rows, np.array(pairs, np.int64))
