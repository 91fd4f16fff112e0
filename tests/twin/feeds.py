"""Small random caseloads and feeds from a seed, to compare the fast rules with the twin on.

Each spans some hours, often a night with a clock change, of a few wearers: `feed(seed)` gives the lines of the
caseload, the lines of the feed and the instant to evaluate until.
"""

from __future__ import annotations

import json
import random
from typing import Any

from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_instant, parse_instant
from tests.twin.lives import Life, lived, sent_by_tag, sent_by_unit
from tests.twin.posts import posted
from tests.twin.subjects import Scene, Subject, around, learnt_later, subject

NIGHTS = (
    ("Europe/London", "2026-03-29T01:00:00Z"),
    ("Europe/London", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Europe/London", "2026-11-10T23:00:00Z"),
    ("Pacific/Auckland", "2026-07-04T10:00:00Z"),
)
LONGEST_H = 7


def feed(seed: int) -> tuple[list[str], list[str], str]:
    """The caseload, the feed (both NDJSON lines) and `--until`; the same for the same seed, everywhere."""
    rng = random.Random(seed)
    zone, change = rng.choice(NIGHTS)
    start = parse_instant(change) - rng.randrange(1, 5) * HOUR_US + rng.randrange(60) * MINUTE_US
    end = start + rng.randrange(2 * 60, LONGEST_H * 60) * MINUTE_US
    scene = Scene(rng, zone, start, end)
    subjects = [subject(scene, number) for number in range(1, rng.randrange(3, 6))]
    records = [record for one in subjects for record in one.records]
    lines: list[tuple[int, dict[str, Any]]] = []
    for one in subjects:
        lines += _sent(scene, one)
    lines += learnt_later(scene, subjects)
    lines += _ticks(scene)
    lines += _strays(scene)
    rng.shuffle(records)
    until = end + rng.choice((0, MINUTE_US, HOUR_US, 11 * HOUR_US + 123_456))
    in_order = sorted((line for line in lines if line[0] <= until), key=lambda line: line[0])
    return [_dump(r) for r in records], [_dump(line) for _, line in in_order], format_instant(until)


def _dump(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


def _sent(scene: Scene, one: Subject) -> list[tuple[int, dict[str, Any]]]:
    """What a wearer's devices sent, as it was received."""
    life: Life = lived(scene, one)
    out = []
    for device, low, high in one.tags:
        if one.kinds[device] == "gps_tag":
            out += posted(scene, device, one.uploads[device], sent_by_tag(scene, one, life, device, low, high))
    if one.unit is not None:
        out += posted(scene, one.unit, one.uploads[one.unit], sent_by_unit(scene, one, life))
    return out


def _ticks(scene: Scene) -> list[tuple[int, dict[str, Any]]]:
    """The clock, at times of its own, with a fraction that creeps; sometimes long without."""
    out = []
    at = scene.start + scene.rng.randrange(1, 4) * MINUTE_US
    while at < scene.end:
        out.append((at, {"tick": format_instant(at)}))
        at += scene.rng.choice((60, 60, 60, 120, 300, 300, 1800)) * SECOND_US
        at += scene.rng.choice((0, 0, 0, 500_000, 123_456))
    if scene.rng.random() < 0.5:
        for _ in range(scene.rng.randrange(30)):
            at += scene.rng.randrange(5, 120) * MINUTE_US
            out.append((at, {"tick": format_instant(at)}))
    return [line for line in out if line[0] < scene.start + 2 * DAY_US]


BAD: tuple[Any, ...] = ({"sent": 5}, {"v": 2, "sent": 1}, [], "x", {"v": 1}, None, {"v": 1, "sent": True, "fixes": []})


def _strays(scene: Scene) -> list[tuple[int, dict[str, Any]]]:
    """Bad envelopes of known devices, and one of a device that nobody knows."""
    out = []
    for _ in range(scene.rng.randrange(6)):
        at = around(scene, scene.start, scene.end)
        device = scene.rng.choice([*scene.devices, "T99"])
        envelope = scene.rng.choice(BAD)
        out.append((at, {"received": format_instant(at), "device": device, "envelope": envelope}))
    return out
