"""Whether a clock is wrong (docs/readings.md, 48): the counters of the fast rules against a hundred offsets kept whole."""

from __future__ import annotations

import random

import numpy as np
import pytest

from domain.instants import HOUR_US, SECOND_US
from geofence.reception import CLOCK_WRONG, blank, no_crowd, watch
from tests.twin.messages import judged, live

MESSAGES = 400


def random_messages(seed: int) -> list[tuple[int, int]]:
    """When each of a device's messages came and says that it was sent: slow, early and right for a while, held up, repeated."""
    rng = random.Random(seed)
    out: list[tuple[int, int]] = []
    at, sent, offset_s = HOUR_US, HOUR_US, 0.3
    while len(out) < MESSAGES:
        if rng.random() < 0.06:
            offset_s = rng.choice((0.3, 0.3, 4.9, 5.0, 5.000001, 7.0, 40.0, -5.0, -5.000001, -60.0))
        kind = rng.random()
        if kind < 0.03 and out:
            at += rng.randrange(1, 90 * SECOND_US)
            out.append((at, rng.choice(out)[1]))  # a repeat
            continue
        if kind < 0.06:
            came = at + 1800 * SECOND_US
            # the broker held them
            out += [(came + n * SECOND_US // 2, sent + (n + 1) * 60 * SECOND_US) for n in range(rng.randrange(1, 12))]
            at, sent = out[-1][0], out[-1][1]
            continue
        at += rng.choice((1, 10, 60, 60, 60)) * SECOND_US + rng.randrange(SECOND_US)
        sent = at - round((offset_s + (0 if rng.random() < 0.9 else rng.uniform(-9, 9))) * SECOND_US)
        out.append((at, sent))
    return out


@pytest.mark.parametrize("seed", range(60))
def test_the_counters_say_what_the_offsets_say(seed: int) -> None:
    messages = random_messages(seed)
    came = np.array([at for at, _ in messages], np.int64)
    left = np.array([sent for _, sent in messages], np.int64)
    size = len(messages)
    which, what = np.empty(2 * size, np.int64), np.empty(2 * size, np.int64)
    parts = (np.zeros(size, np.int32), np.arange(size), came, left, np.zeros(size, np.bool_))
    n = watch(*parts, blank(1), no_crowd(), which, what)
    ours = [int(came[k]) for k, news in zip(which[:n], what[:n], strict=True) if news == CLOCK_WRONG]
    assert ours == [at for at, wrong in judged(live([*messages])) if wrong]


def test_the_feeds_are_of_clocks_wrong_either_way() -> None:
    wrong = [seed for seed in range(60) if any(is_wrong for _, is_wrong in judged(live([*random_messages(seed)])))]
    assert 20 < len(wrong) < 60
