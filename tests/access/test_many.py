"""The permits of many at once are those of each."""

from __future__ import annotations

from typing import Any

import numpy as np

from access.many import ManyPermits
from access.permits import AlertSpan, book_of, permits_of
from domain.instants import DAY_US, HOUR_US
from tests.access.test_permits import CACHE, HOME, NIGHTS, NOON, SQUARE, condition, lines_of, order, versions_of

FROM, TO = NOON - HOUR_US, NOON + DAY_US


def records() -> list[dict[str, Any]]:
    kinds: list[dict[str, Any]] = [
        condition("trail"),
        condition("curfew", place=HOME, timetable=NIGHTS),
        condition("exclusion_zone", zone=SQUARE, buffer_m=200),
        condition("restriction_zone", zone=SQUARE, schedule=NIGHTS),
        condition("alcohol"),
        condition("attendance", place=HOME, timetable=NIGHTS),
    ]
    found: list[dict[str, Any]] = []
    for number, one in enumerate(kinds):
        found += [order(f"O{number}", f"W{number}"), one | {"id": f"C{number}", "order": f"O{number}"}]
    found.append(condition("exclusion_zone", "C9", zone=SQUARE) | {"order": "O1"})
    found.append({"type": "suspension", "id": "S1", "order": "O0", "from": "2026-11-18T15:00:00Z", "to": None})
    return [one | {"reason": "custody", "by": "court"} if one["type"] == "suspension" else one for one in found]


def test_each_is_permitted_what_its_own_orders_permit() -> None:
    book = book_of(versions_of(lines_of(*records())), CACHE)
    alerts = [AlertSpan("W4", NOON + 3 * HOUR_US, NOON + 4 * HOUR_US)]
    wearers = [f"W{number}" for number in range(7)]
    permits = [permits_of(book, CACHE, wearer, FROM, TO, alerts) for wearer in wearers]
    many = ManyPermits(permits, FROM, TO)
    rng = np.random.default_rng(5)
    count = 20_000
    row, t_us = rng.integers(0, len(wearers), count), rng.integers(FROM, TO, count)
    lon, lat, acc = rng.uniform(0.49, 0.61, count), rng.uniform(51.19, 51.26, count), rng.uniform(1, 200, count)
    found = many.permitted(row, t_us, lon, lat, acc)
    for number, one in enumerate(permits):
        own = row == number
        alone = one.grounds(t_us[own], lon[own], lat[own], acc[own]) != 0
        np.testing.assert_array_equal(found[own], alone)
        assert 0 < alone.mean() < 1 or number == 6, "nobody is seen always, and everybody with an order sometimes"
    assert not ManyPermits([], FROM, TO).permitted(row[:0], t_us[:0], lon[:0], lat[:0], acc[:0]).any()
