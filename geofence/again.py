"""Judging again: clusters with late facts are put back to an older copy of theirs, and all their facts since are folded.

The copy is the newest that is good (`geofence.resume`), else the base of the state, else nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from domain.facts import Facts
from domain.instants import EARLY_US, FAR_US
from domain.vocabulary import Quality
from geofence.intake import stateless_quality
from geofence.moved import Read
from geofence.resume import Resume
from geofence.state import Rows, State
from geofence.streams import MAX_RUN, Marks

if TYPE_CHECKING:
    from geofence.refold import Folded, Folder


WORTH_A_COPY = 64
"""Facts of a cluster that are folded again: of fewer none is copied on the way, for it costs less to fold them once more."""


@dataclass(slots=True)
class _Plan:
    """Where clusters start from, and the facts to be folded.

    Attributes
    ----------
    from_nothing, from_base, resumes : the clusters by what they are put back to.
    after_us : by cluster, the instant of the copy it starts from, `EARLY_US` where there is none.
    split_us : by cluster, where a copy is taken on the way, `FAR_US` where none is.
    rows : the rows of the clusters that start from copies of their own.
    wrong_us : by track row, in the order of `Again._starts`, the newest fix of a run on the wrong side there, `FAR_US`: none.
    """

    from_nothing: NDArray[np.int64]
    from_base: NDArray[np.int64]
    resumes: dict[int, Resume]
    after_us: NDArray[np.int64]
    split_us: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    rows: dict[int, Rows] = field(default_factory=dict)
    wrong_us: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


class Again:
    """Puts clusters back and folds their facts, for a `Folder`."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    def fold(
        self,
        facts: Facts,
        again: NDArray[np.int64],
        older: Facts | None,
        force: NDArray[np.int64] | None,
        folded: Folded,
    ) -> NDArray[np.int64]:
        """Judge the clusters ``again`` with the facts of this round, which the log ends with. Returns those from nothing."""
        folder = self.folder
        plan = self._plan(facts, again, older, force)
        at = self._logged(plan)
        logged = folder.log.facts.take(at)
        starts, world = list(self._starts(plan)), folder.world
        before = Read.of(world, starts)
        past = self._past(plan, older, logged)
        stretch = np.concatenate([past, logged]) if len(past) else logged
        quality = self._stretch(stretch, len(past), plan, folded)
        folded.moved = before.moved(Read.of(world, starts), plan.wrong_us)
        _requalify(past, quality[: len(past)], folded)
        self._note(quality[len(past) :], at, len(facts), folded)
        return plan.from_nothing

    # ---- where from ----

    def _plan(
        self, facts: Facts, again: NDArray[np.int64], older: Facts | None, force: NDArray[np.int64] | None
    ) -> _Plan:
        folder, of_device = self.folder, self.folder.clusters.of_device
        labels = len(of_device) + len(folder.clusters.of_party)
        low_us = np.full(labels, FAR_US, np.int64)
        np.minimum.at(low_us, of_device[facts["device"]], facts["t_us"])
        deep = set() if older is None else set(np.unique(of_device[older["device"]]).tolist())
        forced = set() if force is None else set(force.tolist())
        after_us = np.full(labels, EARLY_US, np.int64)
        resumes: dict[int, Resume] = {}
        for cluster in again.tolist():
            devices = folder.clusters.devices_in(cluster)
            one = None if cluster in forced else folder.resumes.newest(devices, int(low_us[cluster]))
            if one is not None and (one.whole or cluster in deep):
                resumes[cluster] = one
                after_us[cluster] = one.at_us
        rest = [c for c in again.tolist() if c not in resumes]
        nothing = np.array([c for c in rest if c in deep], np.int64)
        base = np.array([c for c in rest if c not in deep], np.int64)
        plan = _Plan(nothing, base, resumes, after_us)
        plan.rows = {cluster: folder.rows(np.array([cluster])) for cluster in resumes}
        plan.split_us = self._splits(facts, again, forced, labels)
        return plan

    def _splits(self, facts: Facts, again: NDArray[np.int64], forced: set[int], labels: int) -> NDArray[np.int64]:
        """The newest of the facts that are late, by cluster: the next that are late come after it, if it is a backlog."""
        clusters, heads = self.folder.clusters, self.folder.world.state.devices["head_t"]
        head_us = np.full(labels, EARLY_US, np.int64)
        for cluster in again.tolist():
            if cluster not in forced:
                head_us[cluster] = heads[clusters.devices_in(cluster)].max(initial=EARLY_US)
        of = clusters.of_device[facts["device"]]
        late = facts["t_us"] < head_us[of]
        split_us = np.full(labels, EARLY_US, np.int64)
        np.maximum.at(split_us, of[late], facts["t_us"][late])
        split_us[split_us == EARLY_US] = FAR_US
        return split_us

    # ---- which facts ----

    def _logged(self, plan: _Plan) -> NDArray[np.int64]:
        """Rows of the log."""
        folder, clusters = self.folder, self.folder.clusters
        none = np.zeros(0, np.int64)
        base = np.concatenate([none, *map(clusters.devices_in, plan.from_base.tolist())])
        others = [*plan.from_nothing.tolist(), *plan.resumes]
        devices = np.concatenate([none, *map(clusters.devices_in, others)])
        at = folder.log.of_devices(devices, plan.after_us[clusters.of_device[devices]])
        since = folder.log.since_base(folder.log.of_devices(base))
        return np.sort(np.concatenate([at, since]))

    def _past(self, plan: _Plan, older: Facts | None, logged: Facts) -> Facts:
        """Stored facts that the log has no more."""
        if older is None or not len(older):
            return logged[:0]
        of = self.folder.clusters.of_device[older["device"]]
        wanted = np.isin(of, [*plan.from_nothing.tolist(), *plan.resumes]) & (older["t_us"] > plan.after_us[of])
        past: Facts = older.compress(wanted)
        found: Facts = past[places_of(past, logged) < 0]
        return found

    # ---- folding ----

    def _stretch(self, stretch: Facts, past: int, plan: _Plan, folded: Folded) -> NDArray[np.int8]:
        """Fold all of it, the first ``past`` from the store; copies are taken where the plan says. Returns the qualities."""
        folder = self.folder
        party, tag_party = folder.parties_and_tags(stretch)
        of = folder.clusters.of_device[stretch["device"]]
        newest_us = np.full(len(plan.split_us), EARLY_US, np.int64)
        np.maximum.at(newest_us, of, stretch["t_us"])
        short = np.bincount(of, minlength=len(plan.split_us)) < WORTH_A_COPY
        plan.split_us[short | (newest_us <= plan.split_us)] = FAR_US
        while True:
            self._put_back(plan)
            quality = stateless_quality(stretch, party)
            first = np.flatnonzero(stretch["t_us"] <= plan.split_us[of])
            speeds = quality[first]
            part = stretch.take(first)
            folder.speed(part, speeds)
            split = np.flatnonzero((plan.split_us < FAR_US) & (newest_us > EARLY_US))
            pending = [c for c in split.tolist() if self._rejected(c)]
            if not pending:
                break
            plan.split_us[pending] = FAR_US  # the next part may confirm a fix of the first: they are judged together
        quality[first] = speeds
        folder.units_and_tracks(part, speeds, party[first], tag_party[first], folded, again=True)
        past_us = np.full(len(plan.split_us), EARLY_US, np.int64)
        np.maximum.at(past_us, of[:past], stretch["t_us"][:past])
        for cluster in split.tolist():
            at_us = int(plan.split_us[cluster])
            self._copy(cluster, at_us, plan.rows.get(cluster), whole=at_us >= past_us[cluster])
        rest = np.flatnonzero(stretch["t_us"] > plan.split_us[of])
        if len(rest):
            speeds, part = quality[rest], stretch.take(rest)
            folder.speed(part, speeds)
            quality[rest] = speeds
            folder.units_and_tracks(part, speeds, party[rest], tag_party[rest], folded, again=True)
        return quality

    def _rejected(self, cluster: int) -> bool:
        """Whether a rejected fix of a cluster waits for the next."""
        devices = self.folder.clusters.devices_in(cluster)
        return bool(self.folder.world.state.devices["has_rejected"][devices].any())

    def _starts(self, plan: _Plan) -> Iterator[tuple[Rows, Marks]]:
        """Rows that are put back together, and the marks that their streams are cut back to."""
        folder = self.folder
        if len(plan.from_nothing):
            yield folder.rows(plan.from_nothing), {}
        if len(plan.from_base):
            yield folder.rows(plan.from_base), folder.base.marks
        for cluster, one in plan.resumes.items():
            yield plan.rows[cluster], one.marks

    def _put_back(self, plan: _Plan) -> None:
        folder, state = self.folder, self.folder.world.state
        state.blank(folder.rows(plan.from_nothing))
        state.put_back(folder.base.state, folder.rows(plan.from_base))
        for cluster, one in plan.resumes.items():
            if len(one.rows.pairs) < len(plan.rows[cluster].pairs):
                state.blank(plan.rows[cluster])
            state.put(one.rows, one.state)
        for rows, marks in self._starts(plan):
            for name, keys in keys_of(rows):
                folder.world.streams.cut_back(name, keys, marks)
        tracked = np.concatenate([of.tracks for of, _ in self._starts(plan)])
        runs = state.tracks[tracked]
        plan.wrong_us = np.where(runs["wrong_n"] > 0, runs["wrong_last_t"], FAR_US)

    # ---- copies ----

    def before_gaps(self, facts: Facts) -> None:
        """Facts that go on, but leave a gap behind them, are about to be folded: what is missing may come late."""
        folder, of_device = self.folder, self.folder.clusters.of_device
        state, device = folder.world.state, facts["device"]
        heads = state.devices["head_t"]
        after = (facts["t_us"] - heads[device] > folder.world.layout.tables.gap_us[device]) & (heads[device] > EARLY_US)
        if not after.any():
            return
        for cluster in np.unique(of_device[device[after]]).tolist():
            if self._rejected(cluster):
                continue
            at_us = int(heads[folder.clusters.devices_in(cluster)].max())
            if at_us < facts["t_us"][of_device[device] == cluster].min():
                self._copy(cluster, at_us, whole=True)

    def _copy(self, cluster: int, at_us: int, rows: Rows | None = None, *, whole: bool) -> None:
        """Keep what a cluster is now, after all its facts up to an instant.

        Of a run so long that only its newest fix is kept anew, a stream cannot be cut back to where it was.
        """
        folder = self.folder
        rows = rows or folder.rows(np.array([cluster]))
        state, streams = folder.world.state, folder.world.streams
        marks: Marks = {}
        for name, keys in keys_of(rows):
            if any(kept.steady >= MAX_RUN for kept in streams.kept(name, keys)):
                return
            streams.mark(name, keys, marks)
        folder.resumes.add(Resume(at_us, rows, State(*state.at(rows)), marks, whole, self._paired(rows)))

    def _paired(self, rows: Rows) -> bool:
        """Whether somebody of a cluster is in a condition about two parties."""
        tables = self.folder.world.layout.tables
        if not len(tables.pairs):
            return False
        return bool((tables.pair_first[rows.parties] < tables.pair_last[rows.parties]).any())

    # ---- qualities ----

    def _note(self, quality: NDArray[np.int8], at: NDArray[np.int64], new: int, folded: Folded) -> None:
        """Write the qualities of facts in the log, and say which older ones are others now. ``new``: of this round."""
        log = self.folder.log
        new_from = len(log) - new
        is_new = at >= new_from
        changed = (quality != log.facts["quality"][at]) & ~is_new
        _requalified(log.facts[at[changed]], quality[changed], folded)
        log.facts["quality"][at] = quality
        folded.quality[at[is_new] - new_from] = quality[is_new]


def _requalify(past: Facts, quality: NDArray[np.int8], folded: Folded) -> None:
    """Of the facts that only the store has."""
    changed = past["quality"] != quality
    _requalified(past[changed], quality[changed], folded)


def _requalified(facts: Facts, quality: NDArray[np.int8], folded: Folded) -> None:
    for f, now in zip(facts, quality.tolist(), strict=True):
        folded.requalified.append((int(f["device"]), int(f["gen"]), int(f["seq"]), Quality(now)))


def keys_of(rows: Rows) -> list[tuple[str, list[int]]]:
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
