"""Small random caseloads and feeds from a seed, to compare the fast rules with the twin on.

Each spans some hours, often a night with a clock change, of a few wearers: `feed(seed)` gives the lines of the
caseload, the lines of the feed and the instant to evaluate until.
"""

from __future__ import annotations

import json
import random
from typing import Any

from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_instant, parse_instant
from tests.twin import wider
from tests.twin.lives import Life, lived, sent_by_tag, sent_by_unit
from tests.twin.posts import posted
from tests.twin.subjects import Point, Scene, Subject, around, chance, learnt_later, moved, subject

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
WEEKS_END = (
    ("Europe/London", "2026-11-09T00:00:00Z"),
    ("Europe/London", "2026-03-29T23:00:00Z"),
    ("America/New_York", "2026-11-02T05:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-04T13:00:00Z"),
)
"""Midnights from Sunday to Monday."""


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


def feed_of_all(seed: int, *, conflicts: bool = True) -> tuple[list[str], list[str], str]:
    """As `feed`, of the second family: every kind of condition, victims, charging, assessments.

    Without ``conflicts`` no name of a fact is used twice and no clock is wrong, as the law of rules.md 9 asks.
    """
    rng = random.Random(f"of all {seed}")
    zone, change = rng.choice((*WEEKS_END, *WEEKS_END, *NIGHTS))
    start = parse_instant(change) - rng.randrange(1, 4) * HOUR_US + rng.randrange(60) * MINUTE_US
    end = start + rng.randrange(90, 4 * 60) * MINUTE_US
    scene = Scene(rng, zone, start, end)
    one = _located(scene, 1, (rng.uniform(-1.7, 1.0), rng.uniform(50.9, 54.8)))
    near = _located(scene, 2, moved(one.home, rng.uniform(-800, 800), 300))
    victims = [wider.victim(scene, number, one.home) for number in range(1, rng.choice((2, 2, 3)))]
    wider.shares(one, near)
    wider.more(scene, one, victims, [near])
    wider.more(scene, near, victims[:1], [one])
    wearers = [one, near]
    if chance(scene, 0.5):
        wearers.append(wider.unfitted(scene, 3))
    lines: list[tuple[int, dict[str, Any]]] = []
    lives: dict[str, Life] = {}
    for party in [*wearers[:2], *victims]:
        lines += _sent_of_all(scene, party, lives)
    lines += [line for party in wearers for line in party.learnt if party.number > 2]
    lines += learnt_later(scene, wearers[:2])
    lines = wider.confused(scene, lines) if conflicts else lines
    lines += _ticks(scene) + _strays(scene)
    records = [record for party in [*wearers, *victims] for record in party.records]
    rng.shuffle(records)
    until = end + rng.choice((0, MINUTE_US, HOUR_US, 26 * HOUR_US + 123_456))
    in_order = sorted((line for line in lines if line[0] <= until), key=lambda line: line[0])
    return [_dump(r) for r in records], [_dump(line) for _, line in in_order], format_instant(until)


def _located(scene: Scene, number: int, home: Point) -> Subject:
    """A wearer, mostly with a location tag."""
    one = subject(scene, number, home)
    while one.kinds[f"T{number}"] == "rf_tag" and chance(scene, 0.8):
        scene.devices = [device for device in scene.devices if device not in one.kinds]
        one = subject(scene, number, home)
    return one


def _sent_of_all(scene: Scene, party: Subject, lives: dict[str, Life]) -> list[tuple[int, dict[str, Any]]]:
    """What a wearer's or a victim's devices sent; now and then two of them went the same way for a while."""
    life = lived(scene, party)
    if lives and chance(scene, 0.85):
        low = around(scene, scene.start, scene.end)
        life = wider.lives_of(
            life, lives[scene.rng.choice(sorted(lives))], low, low + scene.rng.choice((9, 30, 90, 90)) * MINUTE_US
        )
    lives[party.id] = life
    out = []
    for device, low, high in party.tags:
        if party.kinds[device] in ("gps_tag", "victim_unit"):
            items = sent_by_tag(scene, party, life, device, low, high)
            out += posted(
                scene, device, party.uploads[device], wider.added(scene, life, items, low, min(high, scene.end))
            )
    if party.unit is not None:
        out += posted(scene, party.unit, party.uploads[party.unit], sent_by_unit(scene, party, life))
    for device, kind in party.kinds.items():
        if kind in ("voice_line", "non_fitted"):
            out += posted(scene, device, 60, wider.sent_by_line(scene))
        elif kind == "alcohol_tag":
            items = wider.sent_by_alcohol_tag(scene, party.intervals[device])
            out += posted(scene, device, party.uploads[device], items)
    return out


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
