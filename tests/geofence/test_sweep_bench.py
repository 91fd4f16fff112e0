"""What the clock's benchmark measures is the sweep of the rules as they are."""

from __future__ import annotations

from bench.clock import Sweep


def test_a_tick_at_which_nothing_is_due_finds_nothing() -> None:
    Sweep(200).tick()
