"""Ticks and learnt records put between the lines of decoded messages: one sequence, as it was received."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from domain.facts import Batch, LineKind, empty_facts
from domain.records import Version

NOBODY = -1


def woven(batch: Batch, learnt: Sequence[Version], ticks: Sequence[tuple[int, int]]) -> Batch:
    """``batch`` with ``learnt`` before its first line, and each tick (line before which it stands, instant) in place.

    ``ticks`` are in order. ``batch`` is not to be used afterwards: its facts are renumbered in place.
    """
    if not learnt and not ticks:
        return batch
    before = np.array([0] * len(learnt) + [line for line, _ in ticks], np.int64)
    instants = [version.learnt_us for version in learnt] + [at_us for _, at_us in ticks]
    kinds = [LineKind.LEARNT] * len(learnt) + [LineKind.TICK] * len(ticks)
    shift = np.searchsorted(before, np.arange(len(batch.instants)), side="right")
    batch.facts["line"] += shift[batch.facts["line"]].astype(np.int32)
    return Batch(
        np.insert(batch.instants, before, instants),
        np.insert(batch.kinds, before, kinds),
        np.insert(batch.devices, before, NOBODY),
        np.insert(batch.sent_us, before, 0),
        np.insert(batch.bad, before, False),
        batch.facts,
        batch.event_data,
        dict(enumerate(learnt)),
        {line + int(shift[line]): network for line, network in batch.networks.items()},
    )


def empty_batch() -> Batch:
    """A batch without a line."""
    return Batch(
        np.zeros(0, np.int64),
        np.zeros(0, np.int8),
        np.zeros(0, np.int32),
        np.zeros(0, np.int64),
        np.zeros(0, np.bool_),
        empty_facts(),
    )
