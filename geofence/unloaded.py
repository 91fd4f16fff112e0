"""`alcohol_tamper` for want of an upload (rules.md 6): a worn alcohol tag of which nothing has come for 24 hours.

It goes by receive times and is opened at ticks, like all that we did not know; it is never judged again.
"""

from __future__ import annotations

from domain.instants import DAY_US, EARLY_US, FAR_US
from domain.vocabulary import Cause, ConditionKind, DeviceKind, Kind, Reason
from geofence.cases import AHEAD_US
from geofence.drafts import Draft, Proof
from geofence.intervals import Span, holding
from geofence.layout import Case
from geofence.silence import Silence, closed_step, enforced_spans, opened_step
from geofence.versions import Entry, Step
from geofence.world import World

UPLOAD_US = DAY_US
"""How long an alcohol tag may send nothing."""


class Unloaded:
    """The alcohol tags from which nothing comes, by condition and tag, and when to look again at the earliest."""

    def __init__(self, world: World, silence: Silence) -> None:
        self.world = world
        self.silence = silence
        self.open: dict[tuple[str, int], Entry] = {}
        self.until: dict[tuple[str, int], int] = {}
        self.next_us = EARLY_US
        self._ends_after = EARLY_US
        self._watched: list[tuple[Case, list[int]]] | None = None

    def changed(self) -> None:
        """The caseload changed: look at everything at the next tick, and anew at how long what stands may."""
        self.next_us, self._watched, self._ends_after = EARLY_US, None, EARLY_US
        for key, entry in self.open.items():
            self.until[key] = self._until(key, entry)

    def tick(self, at_us: int) -> list[Step]:
        """Open what is due; looks at nothing while nothing can be."""
        if at_us < self.next_us:
            return []
        self.next_us = at_us + AHEAD_US
        steps = []
        for case, tags in self._cases():
            spans = enforced_spans(self.world, case, at_us)
            now = holding(spans, at_us)
            for tag in tags:
                worn = self._worn(case, tag, at_us)
                if (case.id, tag) in self.open:
                    continue
                if now is None or worn is None:
                    self._look_at([*(start for start, _ in spans), *self._fitted_from(case, tag)], at_us)
                    continue
                due = self._listened(tag, worn[0]) + UPLOAD_US
                if due > at_us:
                    self._look_at([due], at_us)
                else:
                    steps.append(self._open(case, tag, worn, max(due, now[0]), at_us))
        return steps

    def _cases(self) -> list[tuple[Case, list[int]]]:
        """The alcohol conditions with the alcohol tags of their wearers."""
        if self._watched is None:
            world = self.world
            cases = [case for case in world.layout.cases if case and case.kind is ConditionKind.ALCOHOL]
            kinds = world.layout.kinds
            self._watched = [
                (case, [d for d in world.book.devices_of(case.party) if kinds[d] is DeviceKind.ALCOHOL_TAG])
                for case in cases
            ]
        return self._watched

    def _look_at(self, instants: list[int], at_us: int) -> None:
        self.next_us = min([self.next_us, *(instant for instant in instants if instant > at_us)])

    def _fitted_from(self, case: Case, tag: int) -> list[int]:
        return [start for start, _, party in self.world.fittings(tag) if party == case.party]

    def _worn(self, case: Case, tag: int, at_us: int) -> Span | None:
        return holding([(a, b) for a, b, party in self.world.fittings(tag) if party == case.party], at_us)

    def _listened(self, tag: int, fitted_us: int) -> int:
        """From when its silence counts: nobody listened before the first line."""
        heard = int(self.silence.contact["heard"][tag])
        return max(fitted_us, self.silence.started_us if heard == EARLY_US else heard)

    def _open(self, case: Case, tag: int, worn: Span, from_us: int, at_us: int) -> Step:
        row = self.silence.contact[tag]
        proofs = []
        if row["fact_t"] > EARLY_US and row["heard"] >= worn[0]:
            rank = int(self.world.layout.tables.rank[tag])
            values = (int(row["fact_t"]), rank, int(row["fact_gen"]), int(row["fact_seq"]))
            proofs = [Proof(*values, tag, int(row["fact_received"]))]
        draft = Draft(Kind.ALCOHOL_TAMPER, case.party, from_us, None, proofs, cause=Cause.UNKNOWN)
        draft.order, draft.condition, draft.device = case.order, case.id, tag
        draft.told_us = self.world.told_at(case)
        key = (case.id, tag)
        self.open[key] = Entry(draft, opened_us=at_us)
        self.until[key] = self._until(key, self.open[key])
        self._ends_after = min(self._ends_after, self.until[key])
        return opened_step(self.open[key])

    def _until(self, key: tuple[str, int], entry: Entry) -> int:
        """When the fitting or the enforcement that held when it opened ends."""
        case = self.world.layout.cases[self.world.book.condition_index[key[0]]]
        assert case is not None
        worn = self._worn(case, key[1], entry.opened_us)
        held = holding(enforced_spans(self.world, case, entry.opened_us), entry.opened_us)
        return min(span[1] if span is not None else entry.draft.from_us for span in (worn, held))

    # ---- what ends it ----

    @property
    def silent(self) -> list[int]:
        """The tags whose next message ends something."""
        return sorted({tag for _, tag in self.open})

    def spoke(self, device: int, at_us: int) -> list[Step]:
        """A message came from a tag."""
        keys = sorted(key for key in self.open if key[1] == device)
        return [self._close(key, max(at_us, self.open[key].draft.from_us), Reason.CONTACT) for key in keys]

    def next_end(self, until_us: int) -> int:
        """When the clock next ends one, or an instant after ``until_us`` before which it ends none."""
        if self._ends_after <= until_us:
            self._ends_after = min(self.until.values(), default=FAR_US)
        return self._ends_after

    def ended(self, at_us: int) -> list[Step]:
        """Those whose fitting or enforcement has ended."""
        keys = sorted(key for key, until in self.until.items() if until <= at_us)
        return [self._close(key, max(self.until[key], self.open[key].draft.from_us), Reason.CLOCK) for key in keys]

    def _close(self, key: tuple[str, int], at_us: int, reason: Reason) -> Step:
        entry = self.open.pop(key)
        del self.until[key]
        self.next_us = EARLY_US
        return closed_step(entry, at_us, reason, None)
