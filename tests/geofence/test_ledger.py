"""The ledger against a dictionary of everything that was ever received."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.facts import Facts, empty_facts
from geofence.ledger import Identity, Ledger

DEVICES = 2
Item = tuple[int, int, int, int]
"""Device, gen, seq, and a value that tells one content from another."""
ITEMS = st.lists(
    st.tuples(st.integers(0, DEVICES - 1), st.integers(0, 2), st.integers(1, 9), st.integers(0, 1)), max_size=14
)


def facts_of(items: list[Item]) -> Facts:
    facts = np.zeros(len(items), empty_facts().dtype)
    for name in ("acc", "spd", "hdg", "hdop"):
        if name in (facts.dtype.names or ()):
            facts[name] = np.nan
    for row, (device, gen, seq, value) in zip(facts, items, strict=True):
        row["device"], row["gen"], row["seq"], row["t_us"] = device, gen, seq, value
    return facts


class Everything:
    """The slow ledger: what each identity holds, and what of it is gone."""

    def __init__(self) -> None:
        self.held: dict[Identity, int] = {}
        self.moved: dict[tuple[int, int], int] = {}
        self.gone: set[Identity] = set()
        self.restarted: dict[tuple[int, int], set[Identity]] = {}

    def take(self, item: Item) -> int:
        """The `gen` that an item is kept under, -1 for a repeat."""
        device, gen, seq, value = item
        while (device, gen, seq) in self.held:
            if self._is_repeat(item, gen):
                return -1
            if (device, gen) not in self.moved:
                self.restarted[device, gen] = {i for i in self.held if i[:2] == (device, gen)}
                self.moved[device, gen] = max(g for d, g, _ in self.held if d == device) + 1
            gen = self.moved[device, gen]
        self.held[device, gen, seq] = value
        return gen

    def _is_repeat(self, item: Item, gen: int) -> bool:
        device, _, seq, value = item
        if (device, gen, seq) not in self.gone:
            return self.held[device, gen, seq] == value
        before = self.restarted.get((device, gen), set())
        high = max((one for _, _, one in before), default=-1)
        of_gen = {i: held for i, held in self.held.items() if i[:2] == (device, gen)}
        return value <= max(held for i, held in of_gen.items() if i in before or (i[2] > high) == (seq > high))

    def forget(self) -> None:
        self.gone = set(self.held)


class Kept:
    """A ledger with a store behind it, as the rules have one."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.ledger.grow(DEVICES)
        self.stored: dict[Identity, Any] = {}

    def take(self, items: list[Item]) -> list[int]:
        facts = facts_of(items)
        asked = self.ledger.seen_before(facts)
        taken = self.ledger.take(facts, {i: self.stored[i] for i in asked if i in self.stored}.get)
        gens = [-1] * len(items)
        for row, gen in zip(taken.rows.tolist(), taken.gens.tolist(), strict=True):
            gens[row] = gen
            self.stored[int(facts["device"][row]), gen, int(facts["seq"][row])] = facts[row]
        entered = {(d, g, seq) for d, g, low, high in taken.ranges for seq in range(low, high + 1)}
        assert entered == {(items[k][0], gen, items[k][2]) for k, gen in enumerate(gens) if gen >= 0}
        return gens

    def forget(self) -> None:
        """Retention takes every fact."""
        self.stored.clear()


@given(st.lists(ITEMS, max_size=5), st.integers(0, 5))
@settings(max_examples=300, deadline=None)
def test_repeats_conflicts_and_gens(batches: list[list[Item]], gone_before: int) -> None:
    kept, everything = Kept(), Everything()
    for number, batch in enumerate(batches):
        if number == gone_before:
            kept.forget()
            everything.forget()
        assert kept.take(batch) == [everything.take(item) for item in batch]


@given(ITEMS, ITEMS, st.data())
@settings(deadline=None)
def test_where_a_batch_is_cut_changes_nothing(before: list[Item], items: list[Item], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(items)))
    once, parts = Kept(), Kept()
    for kept in (once, parts):
        kept.take(before)
        kept.forget()
    assert once.take(items) == parts.take(items[:cut]) + parts.take(items[cut:])


@given(st.lists(ITEMS, max_size=3), ITEMS)
@settings(deadline=None)
def test_it_goes_on_from_its_state(batches: list[list[Item]], then: list[Item]) -> None:
    kept, again = Kept(), Kept()
    for batch in batches:
        kept.take(batch)
    again.ledger.put(kept.ledger.state())
    for one in (kept, again):
        one.forget()
    assert again.take(then) == kept.take(then)


def test_a_repeat_is_left_out() -> None:
    kept = Kept()
    assert kept.take([(0, 0, 1, 5), (0, 0, 2, 5)]) == [0, 0]
    assert kept.take([(0, 0, 2, 5), (0, 0, 3, 5)]) == [-1, 0]


def test_another_value_is_kept_under_a_new_gen_and_its_repeat_is_known() -> None:
    kept = Kept()
    kept.take([(0, 4, 1, 5)])
    assert kept.take([(0, 4, 1, 6)]) == [5]
    assert kept.take([(0, 4, 1, 6), (0, 4, 1, 5)]) == [-1, -1]
    assert kept.take([(0, 4, 1, 7)]) == [6]


def test_a_hole_fills_later() -> None:
    kept = Kept()
    assert kept.take([(0, 0, 1, 0), (0, 0, 5, 0)]) == [0, 0]
    assert kept.take([(0, 0, 3, 0)]) == [0]
    assert kept.take([(0, 0, 2, 0), (0, 0, 4, 0)]) == [0, 0]
    assert kept.take([(0, 0, seq, 0) for seq in range(1, 6)]) == [-1] * 5


def test_failure_21_a_counter_that_starts_again_under_a_new_gen_loses_nothing() -> None:
    kept = Kept()
    assert kept.take([(0, 0, seq, 0) for seq in range(1, 9)]) == [0] * 8
    assert kept.take([(0, 1, seq, 9) for seq in range(1, 9)]) == [1] * 8
    assert kept.take([(0, 0, 9, 0)]) == [0]


def test_failure_21_a_counter_that_starts_again_under_the_same_gen_is_kept_as_a_conflict() -> None:
    kept = Kept()
    kept.take([(0, 0, seq, 0) for seq in range(1, 9)])
    assert kept.take([(0, 0, seq, 9) for seq in range(1, 9)]) == [1] * 8


def test_failure_21_a_counter_that_starts_again_when_the_old_facts_are_gone_loses_nothing() -> None:
    kept = Kept()
    kept.take([(0, 0, seq, seq) for seq in range(1, 9)])
    kept.forget()
    assert kept.take([(0, 0, seq, 20 - seq) for seq in range(1, 9)]) == [1] * 8, "the newest may come first"
    assert kept.take([(0, 0, seq, 20 - seq) for seq in range(1, 9)]) == [-1] * 8
    assert kept.take([(0, 0, 9, 30)]) == [0]


def test_failure_21_what_comes_late_after_a_counter_started_again_is_not_lost_either() -> None:
    kept = Kept()
    kept.take([(0, 0, seq, seq) for seq in range(1, 9)])
    kept.forget()
    assert kept.take([(0, 0, seq, 20 + seq) for seq in (1, 2, 3, 7, 8, 9, 10)]) == [1, 1, 1, 1, 1, 0, 0]
    assert kept.take([(0, 0, seq, 20 + seq) for seq in (4, 5, 6, 9, 10)]) == [1, 1, 1, -1, -1]
    kept.forget()
    assert kept.take([(0, 0, seq, 20 + seq) for seq in range(1, 11)]) == [-1] * 10


def test_a_repeat_of_what_is_gone_is_no_new_fact() -> None:
    kept = Kept()
    old = [(0, 0, seq, seq) for seq in range(1, 9)]
    kept.take(old)
    kept.forget()
    assert kept.take(old) == [-1] * 8
    assert kept.take([(0, 0, 1, 9), *old, (0, 0, 9, 10)]) == [1, *[-1] * 8, 0]
    assert kept.take(old) == [-1] * 8


def test_a_state_of_before_there_were_latest_instants_takes_what_it_cannot_compare_for_a_repeat() -> None:
    kept, again = Kept(), Kept()
    kept.take([(0, 0, 1, 1), (0, 1, 1, 1), (0, 1, 2, 2)])
    state = kept.ledger.state()
    again.ledger.put({name: state[name] for name in ("gen", "high", "ranges", "moved")})
    assert again.take([(0, 1, 2, 9), (0, 0, 1, 9), (0, 1, 3, 3)]) == [-1, -1, 1]
