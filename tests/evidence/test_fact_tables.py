"""The tables and the feed are written column by column: held against one that writes value by value."""

import csv
import io
import itertools
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.caseload_file import parse_record, record_as_json
from domain.facts import empty_facts
from domain.instants import EARLY_US, format_instant, parse_instant
from domain.records import Version
from domain.violations import FactId
from domain.vocabulary import EventCode, EventState, Quality, Source
from evidence.fact_tables import FACT_HEAD
from evidence.feed_files import feed_lines
from evidence.files import FACTS, POINTS, UNUSED, Numbered, Told, fact_table, files_of
from evidence.gathered import Gathered, Heard, Taken

START_US = parse_instant("2026-10-25T00:30:00Z")
DEVICES = ("T1", 'T,"2"', "Ŵ3")
NUMBERS = ("lat", "lon", "acc", "spd", "hdg", "bat", "hdop")


def drawn(seed: int, count: int, *, plain: bool = False) -> Heard:
    """Messages of one to three facts, a third of which are events; ``plain``: one fix each, which says nothing besides."""
    chance = np.random.default_rng(seed)
    facts = empty_facts(count)
    new = np.ones(count, np.int64) if plain else (chance.random(count) < 0.6).astype(np.int64)
    facts["line"] = np.cumsum(new)
    facts["device"] = (facts["line"] * 7) % len(DEVICES)
    facts["seq"] = np.arange(count) + (1 << 53)
    facts["gen"] = facts["line"] % 2
    facts["t_us"] = START_US + chance.integers(0, 10**6, count) * 1_000
    facts["received_us"] = START_US + facts["line"].astype(np.int64) * 1_000_000 + chance.choice([0, 5_000, 5_001])
    facts["is_event"] = (not plain) & (chance.random(count) < 0.3)
    for name in NUMBERS:
        said = np.ones(count, np.bool_) if name in NUMBERS[:3] else chance.random(count) < (0.0 if plain else 0.5)
        values = chance.choice([0.0, 1e-7, 6.0, 12.3456789, -0.000012, 1e16], count)
        facts[name] = np.where(said & ~facts["is_event"], values, np.nan)
    facts["sats"] = np.where(~facts["is_event"] & (chance.random(count) < 0.5) & (not plain), 7, -1)
    facts["src"] = np.where(facts["is_event"], 0, chance.integers(0, len(Source), count))
    facts["code"] = np.where(facts["is_event"], chance.integers(0, len(EventCode), count), -1)
    facts["state"] = chance.integers(0, len(EventState), count)
    facts["quality"] = chance.choice([one.value for one in Quality], count)
    data = {k: b'{"by":"a, \\"b\\""}' for k in np.flatnonzero(facts["is_event"]).tolist() if k % 2}
    sent_us = np.where(facts["line"] % 3 == 0, 0, facts["received_us"] - 700_000)
    quality = chance.choice([one.value for one in Quality], count).astype(np.int8)
    return Heard(facts, np.ones(count, np.int64), sent_us, quality, DEVICES, data)


def table(head: tuple[str, ...], rows: list[list[Any]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([head, *rows])
    return written.getvalue().encode()


def maybe(number: float) -> float | None:
    return None if number != number else float(number)


def identity(heard: Heard, k: int) -> list[Any]:
    row = heard.facts[k]
    return [heard.devices[row["device"]], int(row["gen"]), int(row["seq"]), "event" if row["is_event"] else "fix"]


def by_value(heard: Heard) -> bytes:
    rows = []
    for k, row in enumerate(heard.facts):
        says: list[Any] = [None] * 12
        if row["is_event"]:
            told = heard.data.get(k)
            words = EventCode(row["code"]).name.lower(), EventState(row["state"]).name.lower()
            says[9:] = [*words, None if told is None else told.decode()]
        else:
            source = Source(row["src"]).name.lower()
            says[:4] = [*(maybe(row[name]) for name in NUMBERS[:3]), source]
            says[4:9] = [*(maybe(row[name]) for name in NUMBERS[3:]), int(row["sats"]) if row["sats"] >= 0 else None]
        judged = [None if row["is_event"] else Quality(one).name.lower() for one in (row["quality"], heard.quality[k])]
        times = [format_instant(int(row[name])) for name in ("t_us", "received_us")]
        rows.append([*identity(heard, k), *times, *says, *judged])
    return table(FACT_HEAD, rows)


def message(heard: Heard, rows: list[int]) -> dict[str, Any]:
    items: dict[str, list[dict[str, Any]]] = {"fixes": [], "events": []}
    for k in rows:
        row = heard.facts[k]
        item: dict[str, Any] = {"seq": int(row["seq"]), "t": int(row["t_us"]) // 1_000}
        if row["is_event"]:
            item |= {"code": EventCode(row["code"]).name.lower(), "state": EventState(row["state"]).name.lower()}
            item |= {"data": json.loads(heard.data[k])} if k in heard.data else {}
        else:
            item |= {name: float(row[name]) for name in NUMBERS[:3]} | {"src": Source(row["src"]).name.lower()}
            item |= {name: float(row[name]) for name in NUMBERS[3:] if row[name] == row[name]}
            item |= {"sats": int(row["sats"])} if row["sats"] >= 0 else {}
        items["events" if row["is_event"] else "fixes"].append(item)
    first = heard.facts[rows[0]]
    sent_us = int(heard.sent_us[rows[0]]) or int(first["received_us"])
    envelope = {"v": 1, "sent": sent_us // 1_000, "gen": int(first["gen"])} | {
        n: some for n, some in items.items() if some
    }
    received = format_instant(int(first["received_us"]))
    return {"received": received, "device": heard.devices[first["device"]], "envelope": envelope}


def messages(heard: Heard) -> list[dict[str, Any]]:
    lines = itertools.groupby(range(len(heard)), key=lambda k: int(heard.facts["line"][k]))
    return [message(heard, list(rows)) for _, rows in lines]


@pytest.mark.parametrize("plain", [False, True])
@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_columns_say_what_values_say(plain: bool, seed: int) -> None:
    heard = drawn(seed, 40, plain=plain)
    assert fact_table(heard).body == by_value(heard)
    found = [json.loads(line) for line in feed_lines(heard, (), ())]
    assert found == messages(heard)
    assert [list(line["envelope"]) for line in found] == [list(line["envelope"]) for line in messages(heard)]


def test_nothing_heard_is_a_table_with_its_head() -> None:
    heard = drawn(1, 0)
    assert fact_table(heard).body.decode() == ",".join(FACT_HEAD) + "\n"
    assert feed_lines(heard, (), [START_US]) == [b'{"tick":"2026-10-25T00:30:00Z"}']


def test_a_table_of_many_rows_is_written_whole() -> None:
    heard = drawn(3, 20_000)
    assert fact_table(heard).body == by_value(heard)
    assert fact_table(heard).rows == 20_000


def test_what_is_relied_on_is_not_in_the_unused_table() -> None:
    heard = drawn(5, 60)
    relied = heard.ids()[10:20]
    points = [Numbered(k, "W1-1", "during", one, 1.5, 1.0) for k, one in enumerate(relied, 1)]
    parts = {one.name: one for one in files_of(gathered(heard), Told(points, {}))}
    assert (parts[UNUSED].rows, parts[POINTS].rows, parts[FACTS].rows) == (50, 10, 60)
    rows = {name: list(csv.DictReader(io.StringIO(parts[name].body.decode()))) for name in (UNUSED, POINTS, FACTS)}
    assert [named(one) for one in rows[UNUSED]] == [*heard.ids()[:10], *heard.ids()[20:]]
    assert [named(one) for one in rows[POINTS]] == relied
    for point, fact in zip(rows[POINTS], rows[FACTS][10:20], strict=True):
        assert {name: point[name] for name in fact} == fact
        assert (point["distance_m"], point["position_score"]) == ("1.5", "1.0")
    why = {one["why"] for one in rows[UNUSED]}
    assert "event: part of no violation relied on" in why
    assert "used by the rules, and part of no violation relied on" in why


def named(row: dict[str, str]) -> FactId:
    return FactId(row["device"], int(row["gen"]), int(row["seq"]))


def gathered(heard: Heard) -> Gathered:
    return Gathered("1", 1, "BW-1", "W1", "O1", START_US, START_US, [], heard, [], [])


def test_learnt_records_and_ticks_stand_where_they_were_taken() -> None:
    heard = drawn(7, 12, plain=True)
    record = parse_record({"type": "wearer", "id": "W1", "name": "Ansel Quill"}, frozenset())
    learnt_us = int(heard.facts["received_us"][4]) + 1
    taken = [
        Taken(0, -1, Version(record)),
        Taken(1, 5, Version(record, EARLY_US, learnt_us)),
        Taken(2, 0, Version(record, EARLY_US, learnt_us)),
    ]
    last_us = int(heard.facts["received_us"][-1])
    lines = [json.loads(line) for line in feed_lines(heard, taken, [last_us, START_US, last_us, learnt_us])]
    kinds = [next(iter(line)) for line in lines]
    assert kinds == ["tick", *["received"] * 5, "learnt", "tick", *["received"] * 7, "learnt", "tick"]
    assert lines[6]["record"] == record_as_json(record)
