"""Messages that come out of order by seconds find what they need in memory, however many come in a second (decision 0064)."""

from __future__ import annotations

import json
from random import Random

from domain.instants import SECOND_US, format_instant
from tests.rules.made import Line, condition, us, wearer
from tests.rules.running import Running, batches_of, caseload_of, lines_of

START_US = us("2026-11-02T12:00:00")
SECONDS = 300
LATE_S = 20
SMALL = 10
"""The log is full every ten seconds: sooner than what comes late has come."""
ZONE = {"type": "Circle", "center": [0.5, 51.3], "radius_m": 300}
RECORDS = [*wearer(("T1", "gps_tag")), condition("exclusion_zone", zone=ZONE)]


def feed(seed: int) -> list[Line]:
    """A fix a second of which a tenth comes up to `LATE_S` late."""
    rng = Random(seed)
    messages = []
    for n in range(SECONDS):
        t_us = START_US + n * SECOND_US
        received_us = t_us + SECOND_US // 5 + (round(rng.uniform(0, LATE_S * SECOND_US)) if rng.random() < 0.1 else 0)
        fix = {"seq": n + 1, "t": t_us // 1000, "lat": 51.2 + n * 1e-5, "lon": 0.5, "acc": 8.0}
        envelope = {"v": 1, "sent": t_us // 1000, "fixes": [fix]}
        messages.append((received_us, {"device": "T1", "envelope": envelope}))
    return [{"received": format_instant(at), **line} for at, line in sorted(messages, key=lambda one: one[0])]


def asked(lines: list[str], max_log: int) -> tuple[int, list[str]]:
    """How often stored facts were asked for, and what was said."""
    running = Running(caseload_of([json.dumps(record) for record in RECORDS]), max_log=max_log)
    times = 0
    for batch in batches_of(running.versions, lines, running.roster, 1, None):
        times += bool(running.rules.ask(batch).history)
        running.take(batch)
    return times, lines_of(running.said)


def test_what_is_late_by_seconds_asks_for_nothing_stored() -> None:
    lines = [json.dumps(line) for line in feed(1)]
    times, said = asked(lines, SMALL)
    assert times == 0
    assert said == asked(lines, 1 << 30)[1]


def test_a_log_that_is_full_many_times_over_lets_go_all_the_same() -> None:
    times, _ = asked([json.dumps(line) for line in feed(1)], 2)
    assert times > 0
