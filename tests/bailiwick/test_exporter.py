"""The exporter on a real database: what was asked for is made once, by whoever is there, and goes when its time has come."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bailiwick.exporter import Exporting, folder_of, serve, work_once
from bailiwick.timezones import pinned_time_zones
from domain.callers import Caller
from domain.exports import read_manifest
from domain.instants import DAY_US, HOUR_US
from domain.vocabulary import Role
from store.audit import entry_of
from store.exports import (
    KEPT_US,
    LEASE_US,
    MOST_TRIES,
    MOST_WAITING,
    ExportRow,
    Exports,
    NewExport,
    TooManyExports,
    ask_for,
)
from tests.bailiwick.test_failure_03 import migrated, protecting
from tests.bailiwick.test_replay import ingest
from tests.rules.nights import us
from tests.store.made import NOON, ask
from tests.waiting import eventually

pytestmark = [pytest.mark.real, pytest.mark.slow]
DOT = Caller("dot", Role.DUTY_MANAGER, None)


class Clock:
    def __init__(self) -> None:
        self.now_us = us("Tue 12:00")

    def __call__(self) -> int:
        return self.now_us


@asynccontextmanager
async def exporting(url: str, folder: Path) -> AsyncIterator[tuple[Exporting, Exports, Clock]]:
    clock = Clock()
    async with await Exports.open(url) as exports:
        yield Exporting(url, folder, pinned_time_zones(), clock), exports, clock


async def asked(exports: Exports, kind: str = "everything", **more: object) -> int:
    wanted = NewExport(kind, "dot", "duty_manager", NOON, **more)
    async with exports.changing(entry_of(DOT, NOON, "exports.write", "export")) as conn:
        return await ask_for(conn, wanted)


async def state(exports: Exports, number: int) -> ExportRow:
    row = await exports.one(number, None)
    assert row is not None
    return row


def lines(folder: Path, name: str) -> list[str]:
    path = folder / name
    return gzip.decompress(path.read_bytes()).decode().splitlines() if path.exists() else []


async def test_what_was_asked_for_is_made_and_expires(database_url: str, tmp_path: Path) -> None:
    await ingest(database_url)
    async with exporting(database_url, tmp_path) as (told, exports, clock):
        number = await asked(exports)
        assert await work_once(told, exports)
        assert not await work_once(told, exports)
        row = await state(exports, number)
        manifest = read_manifest((folder_of(tmp_path, number) / "manifest.json").read_bytes())
        assert (row.state, row.rows, row.rows_done) == ("done", manifest.rows, manifest.rows)
        assert row.bytes == sum(
            path.stat().st_size for path in folder_of(tmp_path, number).rglob("*") if path.is_file()
        )
        assert [file["path"] for file in row.files or ()] == [file.path for file in manifest.files]
        clock.now_us += KEPT_US - 1
        assert await exports.expire(clock(), lambda _: None) == 0
        clock.now_us += 1
        serving = asyncio.create_task(serve(told))

        async def expired() -> bool:
            return (await state(exports, number)).state == "expired"

        await eventually(expired, "the export expires")
        told.stop.set()
        await serving
        assert not folder_of(tmp_path, number).exists()
        assert (await state(exports, number)).files is None


async def test_an_exporter_that_has_gone_is_followed_by_another(embedded_url: str, tmp_path: Path) -> None:
    await migrated(embedded_url)
    async with exporting(embedded_url, tmp_path) as (told, exports, clock):
        number = await asked(exports)
        claimed = await exports.claim(clock())
        assert claimed is not None
        assert await exports.claim(clock()) is None, "it is in hand"
        clock.now_us += LEASE_US
        again = await exports.claim(clock())
        assert again is not None
        assert (again.no, again.attempts) == (number, 2)
        clock.now_us += LEASE_US
        assert await work_once(told, exports)
        assert (await state(exports, number)).state == "done"
        clock.now_us += 1
        with pytest.raises(Exception, match="in other hands"):
            await exports.renew(again, 5, clock())


async def test_one_that_takes_down_every_exporter_is_given_up(embedded_url: str, tmp_path: Path) -> None:
    await migrated(embedded_url)
    async with exporting(embedded_url, tmp_path) as (told, exports, clock):
        number = await asked(exports)
        for _ in range(MOST_TRIES):
            assert await exports.claim(clock()) is not None
            clock.now_us += LEASE_US
        assert await work_once(told, exports)
        row = await state(exports, number)
        assert row.state == "failed"
        assert "given up" in (row.problem or "")


async def test_a_folder_that_cannot_be_written_is_said(embedded_url: str, tmp_path: Path) -> None:
    await migrated(embedded_url)
    (tmp_path / "file").write_text("not a folder")
    async with exporting(embedded_url, tmp_path / "file") as (told, exports, _):
        number = await asked(exports)
        assert await work_once(told, exports)
        row = await state(exports, number)
        assert (row.state, "cannot be written" in (row.problem or "")) == ("failed", True)


async def test_so_many_may_wait_and_no_more(embedded_url: str, tmp_path: Path) -> None:
    await migrated(embedded_url)
    async with exporting(embedded_url, tmp_path) as (_, exports, _clock):
        done = await asyncio.gather(*(asked(exports) for _ in range(MOST_WAITING + 5)), return_exceptions=True)
        assert sum(isinstance(one, TooManyExports) for one in done) == 5
        assert ask(embedded_url, "SELECT count(*) FROM audit_bodies") == [(MOST_WAITING,)]


async def test_one_of_a_wearer_holds_what_orders_permit_and_nothing_of_a_protected_person(
    embedded_url: str, tmp_path: Path
) -> None:
    """W1 has a curfew from 19:00 to 07:00, a zone, and a condition about V1; what was before the curfew is sealed."""
    await ingest(embedded_url)
    await protecting(embedded_url)
    ask(
        embedded_url,
        "INSERT INTO contacts (wearer, party, inbound, channel, said, at, by_name, by_role) VALUES "
        "('W1', 'wearer', true, 'call', 'he asked for vera invented by name', now(), 'ola', 'operator'), "
        "('W1', 'wearer', true, 'call', 'the charger was broken', now(), 'ola', 'operator') RETURNING 1",
    )
    ask(embedded_url, "UPDATE alert_work SET work = 'closed', closed_at = now() RETURNING 1")
    async with exporting(embedded_url, tmp_path) as (told, exports, _):
        number = await asked(exports, "wearer", subject="W1")
        assert await work_once(told, exports)
        assert (await state(exports, number)).state == "done"
        folder = folder_of(tmp_path, number)
        manifest = read_manifest((folder / "manifest.json").read_bytes())
        heading, *fixes = lines(folder, "fixes.csv.gz")
        when = [row.split(",")[heading.split(",").index("fix_time")] for row in fixes]
        assert when == sorted(when)
        assert "T18:" not in "".join(when)
        stored = ask(
            embedded_url,
            "SELECT count(*), count(*) FILTER (WHERE fix_time < '2026-11-02T19:00Z') FROM fixes JOIN devices "
            "USING (device_no) WHERE id = 'T1'",
        )[0]
        assert stored[1] > 0
        assert (len(fixes), manifest.withheld["fixes"]) == (stored[0] - stored[1], stored[1])
        said = [json.loads(line)["said"] for line in lines(folder, "contacts.ndjson.gz")]
        assert said == ["the charger was broken"]
        assert manifest.withheld["contacts"] == 1
        everything = "\n".join(line for path in folder.rglob("*.gz") for line in lines(folder, path.name))
        assert '"W1"' in everything
        for marker in ("V1", "U1", "Vera", "vera", '"W2"', '"T2"'):
            assert marker not in everything
        assert not (folder / "protected").exists()
        assert manifest.protected == "none"


async def test_the_span_of_a_wearers_export_is_half_open(embedded_url: str, tmp_path: Path) -> None:
    await ingest(embedded_url)
    async with exporting(embedded_url, tmp_path) as (told, exports, _):
        span = {"from_us": us("20:00"), "to_us": us("20:05")}
        number = await asked(exports, "wearer", subject="W1", **span)
        later = await asked(
            exports, "wearer", subject="W1", from_us=us("20:00") + DAY_US, to_us=us("20:00") + DAY_US + HOUR_US
        )
        assert await work_once(told, exports)
        assert await work_once(told, exports)
        _, *fixes = lines(folder_of(tmp_path, number), "fixes.csv.gz")
        assert len(fixes) == 5
        assert lines(folder_of(tmp_path, later), "fixes.csv.gz") == []
