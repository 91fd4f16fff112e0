"""Late facts between others that were judged already: mostly nothing comes of them, and what does is said as by the slow twin.

Somebody at home, in a zone, in its buffer or elsewhere for minutes at a time, every ten seconds; a sixth of the messages of the tags and the
home unit come late, past what begins and ends meanwhile: the zone's schedule, a night's curfew, an absence; and at times a device is
silent but for messages that come when others have been judged without them.
"""

from __future__ import annotations

from random import Random

import pytest

from domain.instants import SECOND_US, format_instant
from tests.rules.made import Line, both, condition, us, wearer

START_US = us("2026-11-02T19:40:00")
EVERY_S = 10
STEPS = 270
LATE_S = (15, 240)
SILENT_STEPS = (20, 90)
AFTER_SILENCE_S = (200, 1_200)
HOME = {"name": "home", "lon": 0.5, "lat": 51.2, "radius_m": 50, "home_unit": "H1"}
ZONE = {"type": "Circle", "center": [0.5, 51.21], "radius_m": 200}
PLACES = (51.2, 51.21, 51.2125, 51.206)
"""Home, in the zone, in its buffer, in neither."""
NIGHT = [{"day": "mon", "start": "20:00", "end": "23:00"}]
EVENING = [{"day": "mon", "start": "19:50", "end": "20:10"}, {"day": "mon", "start": "20:15", "end": "22:00"}]
LAGS_S = (0, 600)
SEEDS = (12, 20, 21, 22, 23)


def records(rng: Random) -> list[Line]:
    """A wearer with a location tag, a curfew tag with or without a home unit at home, a zone with a buffer, and an absence."""
    home = HOME if rng.random() < 0.7 else {key: value for key, value in HOME.items() if key != "home_unit"}
    zone = condition("exclusion_zone", zone=ZONE, buffer_m=150, threshold_points=rng.choice((0, 1, 2)), timezone="UTC")
    if rng.random() < 0.7:
        zone["schedule"] = EVENING
    curfew = condition("curfew", "C2", place=home, timezone="UTC", timetable=NIGHT)
    absence = {
        "type": "absence",
        "id": "A1",
        "condition": rng.choice(("C1", "C2")),
        "reason": "work",
        "granted_by": "R. Dale",
    }
    absence |= {
        "from": format_instant(START_US + 25 * 60 * SECOND_US),
        "to": format_instant(START_US + 30 * 60 * SECOND_US),
    }
    devices = (("T1", "gps_tag"), ("R1", "rf_tag"), ("H1", "home_unit"))
    return [*wearer(*devices), zone, curfew, absence]


def lines(rng: Random, lag_s: int) -> list[Line]:
    """What the devices send; from the middle on all of it comes so much later."""
    found: list[tuple[int, Line]] = []
    numbers = {"T1": 0, "H1": 0}
    place, was_home = PLACES[0], False
    silent = {"T1": 0, "H1": 0}
    """Until which step they are."""
    for step in range(STEPS):
        at_us = START_US + step * EVERY_S * SECOND_US
        if rng.random() < 0.03:
            place = rng.choice(PLACES)
        for device in silent:
            if rng.random() < 0.01:
                silent[device] = step + rng.randrange(*SILENT_STEPS)
        if rng.random() < (0.9 if step >= silent["T1"] else 0.05):
            lat = place + rng.uniform(-1, 1) * 1e-4
            found.append(
                _sent(rng, "T1", numbers, at_us, step < silent["T1"], "fixes", {"lat": lat, "lon": 0.5, "acc": 8.0})
            )
        at_home = place == PLACES[0]
        if (at_home != was_home or step % 6 == 0) and (step >= silent["H1"] or rng.random() < 0.1):
            code = {"code": "in_range", "state": "start" if at_home else "end", "data": {"tag": "R1"}}
            found.append(_sent(rng, "H1", numbers, at_us, step < silent["H1"], "events", code))
            was_home = at_home
    middle_us = START_US + STEPS // 2 * EVERY_S * SECOND_US
    lagged = [(at_us + lag_s * SECOND_US if at_us >= middle_us else at_us, line) for at_us, line in found]
    ticks = [START_US + minute * 60 * SECOND_US for minute in range(STEPS * EVERY_S // 60 + 20)]
    all_of_it = lagged + [(at_us, {}) for at_us in ticks if not middle_us <= at_us < middle_us + lag_s * SECOND_US]
    all_of_it.sort(key=lambda one: one[0])
    return [
        {"received": format_instant(at_us), **line} if line else {"tick": format_instant(at_us)}
        for at_us, line in all_of_it
    ]


def _sent(
    rng: Random, device: str, numbers: dict[str, int], at_us: int, silent: bool, key: str, item: Line
) -> tuple[int, Line]:
    numbers[device] += 1
    late_s = rng.uniform(*AFTER_SILENCE_S) if silent else rng.uniform(*LATE_S) if rng.random() < 1 / 6 else 0.3
    envelope = {"v": 1, "sent": at_us // 1000, key: [{"seq": numbers[device], "t": at_us // 1000, **item}]}
    return at_us + round(late_s * SECOND_US), {"device": device, "envelope": envelope}


@pytest.mark.slow
@pytest.mark.parametrize("lag_s", LAGS_S)
@pytest.mark.parametrize("seed", SEEDS)
def test_what_comes_of_late_facts_is_what_the_twin_says(seed: int, lag_s: int) -> None:
    rng = Random(f"late facts {seed}")
    assert both(records(rng), lines(rng, lag_s)), f"seed {seed}: nothing was said"
