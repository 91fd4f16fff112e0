"""The words in SQL are those of `domain.vocabulary`; blocks of SQL are described and used."""

from __future__ import annotations

import re
from enum import Enum, IntEnum
from pathlib import Path

import pytest

import store
from alerts.protocols import Target
from domain.breaches import BreachStep
from domain.device_commands import CommandCause, CommandState
from domain.vocabulary import (
    AlertCondition,
    AlertEvent,
    AlertWork,
    Cause,
    Change,
    Channel,
    DeadLetterReason,
    DutyEvent,
    DutyState,
    EventCode,
    EventState,
    Outcome,
    Quality,
    Reason,
    Role,
    Severity,
    Source,
    TellingResult,
    ToldReason,
    WarrantKind,
    WarrantOutcome,
)
from domain.wire_commands import CommandName
from store.reading_types import Subject
from store.statements import all_blocks, parse_blocks
from tests.store.made import ask, migrated

NUMBERED: dict[str, type[IntEnum]] = {
    "source": Source,
    "event_code": EventCode,
    "event_state": EventState,
    "quality": Quality,
}
CHECKED: dict[tuple[str, str], type[Enum]] = {
    ("violations", "change"): Change,
    ("violations", "reason"): Reason,
    ("violations", "cause"): Cause,
    ("alerts", "severity"): Severity,
    ("alerts", "state"): AlertCondition,
    ("alert_work", "work"): AlertWork,
    ("alert_work", "condition"): AlertCondition,
    ("alert_work", "severity"): Severity,
    ("alert_work", "outcome"): Outcome,
    ("alert_events", "event"): AlertEvent,
    ("alert_events", "by_role"): Role,
    ("notifications", "target"): Target,
    ("notifications", "channel"): Channel,
    ("notifications", "urgency"): Severity,
    ("notifications", "reason"): ToldReason,
    ("tasks", "target"): Target,
    ("contacts", "channel"): Channel,
    ("contacts", "by_role"): Role,
    ("rota", "role"): Role,
    ("device_commands", "command"): CommandName,
    ("device_commands", "cause"): CommandCause,
    ("device_commands", "state"): CommandState,
    ("device_commands", "by_role"): Role,
    ("dead_letters", "reason"): DeadLetterReason,
    ("breach_steps", "step"): BreachStep,
    ("contact_duties", "event"): DutyEvent,
    ("contact_duties", "state"): DutyState,
    ("contact_tellings", "channel"): Channel,
    ("contact_tellings", "result"): TellingResult,
    ("contact_tellings", "by_role"): Role,
    ("warrants", "kind"): WarrantKind,
    ("warrants", "outcome"): WarrantOutcome,
    ("accounts", "role"): Role,
    ("api_keys", "role"): Role,
}


async def test_numbers_in_fact_columns_mean_the_enums(embedded_url: str) -> None:
    async with migrated(embedded_url):
        rows = ask(embedded_url, "SELECT enum, number, word FROM vocabulary")
        expected = {(name, member.value, member.name.lower()) for name, enum in NUMBERED.items() for member in enum}
        assert set(rows) == expected


async def test_words_that_the_database_checks_are_the_enums(embedded_url: str) -> None:
    async with migrated(embedded_url):
        for (table, column), enum in CHECKED.items():
            name = f"{table}_{column}_check"
            ((definition,),) = ask(
                embedded_url, "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", name
            )
            assert re.findall(r"'([a-z0-9_]+)'::text", definition) == [member.value for member in enum], name


def test_every_block_is_described_and_used() -> None:
    folder = Path(str(store.__file__)).parent
    code = "\n".join(path.read_text() for path in folder.glob("*.py"))
    composed = {"read_fixes_", "read_events_", "drop_stray_", "drop_old_", "chunk_of_", "oldest_day_of_"}
    for name, block in all_blocks().items():
        assert len(block.description) > 20, name
        assert block.description.endswith("."), name
        used = f'"{name}"' in code or any(name.startswith(start) and f'"{start}' in code for start in composed)
        used = used or any(name.startswith(start) for start in composed)
        used = used or name.removesuffix("_in_sight") in set(Subject)
        assert used or name in PAST_THE_CODE, name


PAST_THE_CODE = {"not_64_bit"}
"""Asked by tests and by people (docs/database.md)."""


def test_a_block_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a description"):
        parse_blocks("-- name: bare\nSELECT 1;", "x.sql")
    (block,) = parse_blocks("-- about the file\n\n-- name: good\n-- Says\n-- something.\nSELECT 1;\n", "x.sql")
    assert (block.name, block.description, block.text) == ("good", "Says something.", "SELECT 1")
