"""`bailiwick replay` on real databases: what ingest decided comes out again, and what was changed by hand is found."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
import structlog

from bailiwick.commands import main
from bailiwick.replay_command import Wanted, replay
from bailiwick.timezones import pinned_time_zones
from domain.caseload_file import parse_record, read_caseload
from domain.instants import DAY_US, parse_instant
from domain.records import Version
from domain.wire import up_topic
from geofence.decisions import Answer, Ask
from ingest.batches import OpenBatch
from ingest.clock import LineClock
from ingest.engine import RealEngine
from ingest.judgement import Judgement
from ingest.recovery import Recovery, answer_from
from store import Store
from tests.rules.nights import AWAY_LAT, Line, Sender, at, curfew, each, tagged, ticking, us

pytestmark = [pytest.mark.real, pytest.mark.slow]
LINES_A_COMMIT = 25
ZONE = {"type": "Circle", "center": [0.5, AWAY_LAT], "radius_m": 300}


class Ingest:
    """Ingest without a broker: the lines of a feed, judged and committed as the pipeline does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._judgement: Judgement | None = None

    async def start(self) -> None:
        """A process that recovers: from the newest state kept, and the commits after it."""
        self._judgement = await Recovery(self._store, RealEngine(pinned_time_zones())).finish(LineClock(lambda: 0))

    async def stop(self) -> None:
        """A clean end, which leaves a state; without it the process was killed."""
        assert self._judgement is not None
        await self._store.commit(self._judgement.parting_work())

    async def take(self, lines: Sequence[Line]) -> None:
        """Commit after commit."""
        for line in lines:
            if "learnt" in line:
                await self._store.learn([_version(line)])
        batch = OpenBatch(0.0)
        for line in sorted(lines, key=_when):
            if "learnt" in line:
                await self._commit(batch)
                batch = OpenBatch(0.0)
                record = next(one for one in await self._store.unlearnt() if one[1].record == _version(line).record)
                batch.learnt.append((record[0], replace(record[1], learnt_us=_when(line))))
            elif "tick" in line:
                batch.ticks.append((len(batch.messages), _when(line)))
            else:
                topic = up_topic(line["device"])
                batch.messages.append((topic, msgspec.json.encode(line["envelope"]), _when(line)))
            if len(batch.messages) + len(batch.ticks) >= LINES_A_COMMIT:
                await self._commit(batch)
                batch = OpenBatch(0.0)
        await self._commit(batch)

    async def _commit(self, batch: OpenBatch) -> None:
        judgement = self._judgement
        assert judgement is not None

        async def look_up(ask: Ask) -> Answer:
            return await answer_from(self._store, ask, judgement.roster, judgement.no)

        await self._store.commit((await judgement.judge(batch, look_up)).work)


def _when(line: Line) -> int:
    return parse_instant(str(line.get("received") or line.get("tick") or line.get("learnt")))


def _version(line: Line) -> Version:
    holds = parse_instant(line["holds_from"] or line["learnt"])
    return Version(parse_record(line["record"], pinned_time_zones().names), holds)


def records() -> list[Line]:
    zone = {"type": "condition", "id": "Z1", "order": "O1", "kind": "exclusion_zone", "zone": ZONE, "buffer_m": 100}
    other = [
        json.loads(json.dumps(one).replace('W1"', 'W2"').replace('T1"', 'T2"').replace('O1"', 'O2"'))
        for one in tagged(atv_allowance_min=30)
    ]
    return [*tagged(atv_allowance_min=30), curfew(), zone, *other, curfew("C2", "O2")]


def first_half() -> list[Line]:
    """Two tags at home; W1 goes away at 20:00, into the zone; W2 from 20:30; then W1 has a larger allowance."""
    one, two = Sender("T1"), Sender("T2")
    lines = [one.fix(instant) for instant in each("18:30", "19:59")]
    lines += [one.fix(instant, AWAY_LAT) for instant in each("20:00", "20:50")]
    lines += [two.fix(instant) for instant in each("18:30", "20:29")] + ticking("18:30", "20:50")
    lines += [two.fix(instant, AWAY_LAT) for instant in each("20:30", "20:50")]
    order = next(record for record in records() if record["type"] == "order")
    return [*lines, {"learnt": at("20:40:30"), "holds_from": None, "record": order | {"atv_allowance_min": 60}}]


def second_half() -> list[Line]:
    """W1 is at home from 21:00, where a backlog of T1 comes in that shows it there at 20:10; and an assessment."""
    one, two = Sender("T1"), Sender("T2")
    one.seq, two.seq = 500, 500
    lines = [one.fix(instant) for instant in each("21:00", "21:30")]
    lines += [two.fix(instant, AWAY_LAT) for instant in each("20:51", "21:30")] + ticking("20:51", "21:30")
    lines += [one.fix(instant, received=us("21:10:20")) for instant in each("20:10:20", "20:12:20", 30)]
    made = {"type": "assessment", "id": "B1", "violation": "W2-1", "decision": "disputed", "at": at("21:20:10")}
    return [*lines, {"learnt": at("21:20:10"), "holds_from": None, "record": made}]


async def ingest(url: str, *, clean: bool = True) -> None:
    """All of it, with a restart in the middle: after a clean end, or after a kill."""
    async with await Store.open(url) as store:
        await store.migrate()
        caseload = [json.dumps(record) for record in records()]
        await store.learn(read_caseload(caseload, "caseload", pinned_time_zones().names)[0])
        for lines in (first_half(), second_half()):
            working = Ingest(store)
            await working.start()
            await working.take(lines)
            if clean:
                await working.stop()


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def bailiwick(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterable[Run]:
    """Runs ``bailiwick replay`` on a database: exit code, standard output, standard error."""
    for name in [name for name in os.environ if name.startswith("BAILIWICK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(url: str, first: str, last: str, *more: str) -> tuple[int, str, str]:
        monkeypatch.setenv("BAILIWICK_DATABASE_URL", url)
        capsys.readouterr()  # what ingest said before
        with pytest.raises(SystemExit) as ended:
            main(["replay", "--from", first, "--to", last, *more])
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    yield run
    structlog.reset_defaults()


def sql(url: str, text: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as conn:
        cursor = conn.execute(text.encode())
        return cursor.fetchall() if cursor.description else []


def test_what_was_decided_comes_out_again(database_url: str, bailiwick: Run) -> None:
    """Over a restart, a variation, an assessment and a late backlog; all of it, a part, and one wearer."""
    asyncio.run(ingest(database_url))
    kinds = {kind for (kind,) in sql(database_url, "SELECT DISTINCT kind FROM violations")}
    assert {"curfew", "exclusion_zone", "atv_warning", "atv_exceeded"} <= kinds
    reasons = {reason for (reason,) in sql(database_url, "SELECT DISTINCT reason FROM violations")}
    assert {"fixes", "variation", "late_data", "assessment"} <= reasons
    written = sql(database_url, "SELECT count(*) FROM violations")[0][0]
    code, out, err = bailiwick(database_url, at("Sun 00:00"), at("Tue 00:00"), "--json")
    told = json.loads(out)
    assert (code, told["differences"], told["gone"], err) == (0, [], None, "")
    assert told["versions"] == written
    assert told["commits"] == sql(database_url, "SELECT count(*) FROM commits WHERE lines > 0")[0][0]
    code, out, _ = bailiwick(database_url, at("20:55"), at("21:15"), "--wearer", "W1")
    part = f"wearer = 'W1' AND decided_at >= '{at('20:55')}' AND decided_at < '{at('21:15')}'"
    few = sql(database_url, f"SELECT count(*) FROM violations WHERE {part}")[0][0]
    assert 0 < few < written
    assert code == 0
    assert f" {few} versions: no difference" in out


def test_it_is_the_same_after_a_kill(embedded_url: str, bailiwick: Run) -> None:
    asyncio.run(ingest(embedded_url, clean=False))
    assert bailiwick(embedded_url, at("20:45"), at("Tue 00:00"))[0] == 0


def test_each_version_that_was_altered_is_named_in_one_line(embedded_url: str, bailiwick: Run) -> None:
    asyncio.run(ingest(embedded_url))
    closed = "FROM violations WHERE wearer = 'W1' AND minutes_certain IS NOT NULL"
    changed = sql(embedded_url, f"SELECT count(*) {closed}")[0][0]
    sql(
        embedded_url,
        f"UPDATE violations SET minutes_certain = minutes_certain + 1 WHERE (id, version) IN (SELECT id, version {closed})",
    )
    assert changed > 0
    code, out, _ = bailiwick(embedded_url, at("Sun 00:00"), at("Tue 00:00"))
    *lines, last = out.splitlines()
    assert code == 1
    assert len(lines) == changed
    assert last.endswith(f": {changed} differences")
    for line in lines:
        decided, again = line.partition(": decided ")[2].split(", comes out ")
        assert line.startswith("commit ")
        assert json.loads(decided)["minutes_certain"] == json.loads(again)["minutes_certain"] + 1
    assert bailiwick(embedded_url, at("Sun 00:00"), at("Tue 00:00"), "--wearer", "W2")[0] == 0


def test_a_version_too_few_and_one_too_many_are_found(embedded_url: str, bailiwick: Run) -> None:
    asyncio.run(ingest(embedded_url))
    sql(embedded_url, "UPDATE violations SET id = 'W2-99' WHERE id = 'W2-1' AND version = 1")
    code, out, _ = bailiwick(embedded_url, at("Sun 00:00"), at("Tue 00:00"))
    assert code == 1
    missing, more, _ = out.splitlines()
    assert "W2-1 version 1: decided nothing, comes out {" in missing
    assert more.endswith(", comes out nothing")
    assert "W2-99 version 1: decided {" in more


def test_what_retention_has_taken_cannot_be_judged_again(embedded_url: str, bailiwick: Run) -> None:
    asyncio.run(ingest(embedded_url))
    sql(embedded_url, "DELETE FROM fixes WHERE commit_no = 5 AND row_no = 0")
    code, out, err = bailiwick(embedded_url, at("Sun 00:00"), at("Tue 00:00"))
    assert (code, "retention has taken facts" in err) == (1, True)
    sql(embedded_url, "DELETE FROM commits WHERE no < 5")
    code, out, err = bailiwick(embedded_url, at("Sun 00:00"), at("Tue 00:00"), "--json")
    assert (code, json.loads(out)["commits"]) == (1, 0)
    assert "retention has taken" in json.loads(out)["gone"]
    assert bailiwick(embedded_url, at("20:55"), at("Tue 00:00"))[0] == 0, "from the state that was kept in between"


def test_a_state_of_another_version_is_not_needed(embedded_url: str, bailiwick: Run) -> None:
    asyncio.run(ingest(embedded_url))
    sql(embedded_url, "UPDATE checkpoints SET body = 'other'")
    assert bailiwick(embedded_url, at("20:55"), at("Tue 00:00"))[0] == 0


async def test_it_stops_where_it_is_told_and_says_how_much_it_was(embedded_url: str) -> None:
    await ingest(embedded_url)
    async with await Store.open(embedded_url) as store:
        engine = RealEngine(pinned_time_zones())
        nothing = await replay(store, engine, Wanted(us("Mon 20:40") + DAY_US, us("Mon 20:41") + DAY_US))
        assert (nothing.commits, nothing.lines, nothing.versions, nothing.same) == (0, 0, 0, True)
        minute = await replay(store, engine, Wanted(us("20:40"), us("20:41")))
        assert minute.same
        assert minute.lines == 2 + 1 + 1, "a message of each tag, a tick, a record"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("today", "2026-11-03T00:00:00Z"), "--from"),
        (("2026-11-03T00:00:00Z", "2026-11-03T00:00:00Z"), "--to"),
        (("2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z", "--wearer", "W9"), "--wearer"),
    ],
)
def test_bad_input_ends_with_2_in_one_line(embedded_url: str, bailiwick: Run, more: tuple[str, ...], says: str) -> None:
    async def migrated() -> None:
        async with await Store.open(embedded_url) as store:
            await store.migrate()

    asyncio.run(migrated())
    code, out, err = bailiwick(embedded_url, *more)
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
