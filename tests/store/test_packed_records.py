"""Packed records come back equal; what another program packed is parsed from its JSON."""

from __future__ import annotations

from dataclasses import fields
from zoneinfo import available_timezones

import pytest

from domain.caseload_file import parse_record
from domain.facts import Roster
from domain.records import RECORD_TYPES, Record, Wearer
from simulators.caseload import generate
from store.packed_records import fingerprint, pack_record, packed_for_us, unpack_record
from tests.store.made import NOON, ask, learn_everything, migrated
from tests.store.test_caseload_records import records

SAMPLES = {
    "area": {"type": "area", "id": "kent-pdu", "kind": "pdu", "name": "Kent", "parent": None},
    "victim": {"type": "victim", "id": "V1", "name": "Invented V1", "contact": {"safe_channels": ["sms"]}},
    "absence": {"type": "absence", "id": "A1", "condition": "C2", "from": "2026-11-01T09:00:00Z", "to": None,
                "reason": "work", "granted_by": "an officer"},
    "suspension": {"type": "suspension", "id": "S1", "order": "O1", "from": "2026-11-01T09:00:00Z"},
    "visit": {"type": "visit", "id": "X1", "wearer": "W1", "kind": "fit", "at": "2026-11-01T09:00:00Z",
              "outcome": "done"},
    "equipment_check": {"type": "equipment_check", "id": "E1", "device": "T1", "at": "2026-11-01T09:00:00Z"},
    "assessment": {"type": "assessment", "id": "B1", "violation": "W1-3", "decision": "upheld",
                   "at": "2026-11-01T09:00:00Z"},
}  # fmt: skip
ZONES = available_timezones()


def every_kind() -> list[Record]:
    made = [parse_record(record, ZONES) for record in generate(60, 3, NOON)]
    return [*made, *(parse_record(sample, ZONES) for sample in SAMPLES.values()), *(v.record for v in records())]


def test_every_kind_of_record_comes_back_equal() -> None:
    seen = every_kind()
    assert {type(record) for record in seen} == set(RECORD_TYPES.values())
    for record in seen:
        packed = pack_record(record)
        assert packed is not None, record
        assert packed_for_us(packed)
        back = unpack_record(packed)
        assert back == record
        assert [type(getattr(back, f.name)) for f in fields(back)] == [
            type(getattr(record, f.name)) for f in fields(record)
        ]


def test_what_would_not_come_back_equal_is_not_packed() -> None:
    assert pack_record(Wearer("W1", responsible_adult=("a", "tuple"))) is None
    assert pack_record(Wearer("W1", responsible_adult=object())) is None


def test_bytes_of_another_program_are_told_apart() -> None:
    packed = pack_record(Wearer("W1"))
    assert packed is not None
    assert not packed_for_us(bytes(4) + packed[4:])
    assert fingerprint() == fingerprint()


@pytest.mark.parametrize("change", ["packed = NULL", r"packed = '\x0000000000'::bytea"])
async def test_the_json_is_parsed_where_the_packed_record_is_not_ours(database_url: str, change: str) -> None:
    async with migrated(database_url, ()) as store:
        await store.learn(records())
        ask(database_url, f"UPDATE caseload_records SET {change} WHERE type <> 'wearer' RETURNING 1")
        assert [version for _, version in await store.unlearnt()] == records()
        await learn_everything(store, 1, Roster())
        assert await store.caseload() == records()
        assert await store.entered() == records()
