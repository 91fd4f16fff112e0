"""`bailiwick verify-audit` on real databases: what was changed by whoever owns them is found, and said in one line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from psycopg import AsyncConnection, AsyncCursor

from bailiwick.audit_anchoring import AnchorWatch, read_anchors
from bailiwick.audit_keys import AnchorKey, load_key, load_public, make_key
from bailiwick.verify_audit import Given, Verdict, verify, verify_audit_command, verify_snapshot
from domain.audit_chain import Anchor, anchor_due
from domain.errors import BadInput, BadSetting
from domain.instants import DAY_US, HOUR_US, MINUTE_US
from store import Store
from store.audit_reading import Snapshot
from store.connecting import configure
from tests.store.made import NOON, migrated
from tests.store.test_audit import looked

MIDNIGHT = NOON + 12 * HOUR_US
"""The end of the day that `NOON` is of."""
ENTRIES = 12


@pytest.fixture
def key(tmp_path: Path) -> AnchorKey:
    made(tmp_path / "audit.pem")
    return load_key(tmp_path / "audit.pem")


def made(path: Path) -> None:
    assert make_key(path)


def given(key: AnchorKey, outside: Sequence[Anchor] = ()) -> Given:
    return Given({key.id: key.public}, outside, "anchors.jsonl")


async def two_days(store: Store, key: AnchorKey, file: Path | None = None) -> None:
    """Six entries, an anchor, five more and one that names a set, an anchor."""
    for hour in range(6):
        await store.audit.look(looked(f"W{hour}", at_us=NOON + hour * HOUR_US))
    watch = AnchorWatch(store.audit_log, key, file)
    await watch.look(MIDNIGHT + MINUTE_US)
    for hour in range(5):
        await store.audit.look(looked(f"W{hour}", at_us=MIDNIGHT + hour * HOUR_US))
    await store.audit.look(looked(*(f"W{n}" for n in range(30)), at_us=MIDNIGHT + 6 * HOUR_US))
    await watch.look(MIDNIGHT + DAY_US + MINUTE_US)


@asynccontextmanager
async def as_owner(url: str) -> AsyncIterator[AsyncConnection[Any]]:
    """Whatever the owner does here is undone at the end."""
    async with await AsyncConnection.connect(url, autocommit=True) as conn:
        await configure(conn)
        async with conn.transaction(force_rollback=True):
            yield conn


async def test_what_was_never_changed_holds(database_url: str, key: AnchorKey) -> None:
    async with migrated(database_url) as store:
        empty = await verify(database_url, given(key))
        assert (empty.fault, empty.entries, empty.anchors) == (None, 0, 0)
        await two_days(store, key)
        found = await verify(database_url, given(key))
        assert found == Verdict(ENTRIES, ENTRIES, 0, 2, True, "2026-11-22", None)


NEW_HASHES = """
DO $$ DECLARE e record; before bytea := decode(repeat('00', 32), 'hex'); fresh bytea; BEGIN
FOR e IN SELECT * FROM audit_entries ORDER BY entry_no LOOP
    fresh := sha256(convert_to(concat_ws('|', e.entry_no, (extract(epoch FROM e.at) * 1000000)::bigint,
        encode(e.digest, 'hex'), encode(before, 'hex')), 'UTF8'));
    UPDATE audit_entries SET previous = before, hash = fresh WHERE entry_no = e.entry_no;
    before := fresh;
END LOOP; END $$;
"""
"""Somebody who owns the database writes the chain anew."""
NEW_DIGEST = "UPDATE audit_entries e SET digest = sha256(b.salt || convert_to(b.body::text, 'UTF8'))" + (
    " FROM audit_bodies b WHERE b.body_no = e.body_no"
)
SWAP = "UPDATE {0} SET {1} = CASE {1} WHEN 4 THEN 104 ELSE 105 END WHERE {1} IN (4, 5); " + (
    "UPDATE {0} SET {1} = CASE {1} WHEN 104 THEN 5 ELSE 4 END WHERE {1} IN (104, 105)"
)

TAMPERED = {
    "the first deleted": ("DELETE FROM audit_entries WHERE entry_no = 1", "entry 1 is missing: the next is 2"),
    "one in the middle deleted": ("DELETE FROM audit_entries WHERE entry_no = 7", "entry 7 is missing: the next is 8"),
    "the last deleted": (
        "DELETE FROM audit_entries WHERE entry_no = 12",
        "entries 12 to 12 are missing: the anchor of 2026-11-22 saw them",
    ),
    "the tail cut off": (
        "DELETE FROM audit_bodies WHERE body_no > 3; DELETE FROM audit_entries WHERE entry_no > 3",
        "entries 4 to 6 are missing: the anchor of 2026-11-21 saw them",
    ),
    "everything deleted": (
        "TRUNCATE audit_entries, audit_bodies, audit_sets",
        "entries 1 to 6 are missing: the anchor of 2026-11-21 saw them",
    ),
    "a hole closed": (
        "DELETE FROM audit_entries WHERE entry_no = 7; UPDATE audit_entries SET entry_no = entry_no + 100"
        " WHERE entry_no > 7; UPDATE audit_entries SET entry_no = entry_no - 101 WHERE entry_no > 100",
        "entry 7 does not follow entry 6: its `previous` is not that one's hash",
    ),
    "two swapped": (
        SWAP.format("audit_entries", "entry_no"),
        "entry 4 does not follow entry 3: its `previous` is not that one's hash",
    ),
    "the bodies of two swapped": (
        SWAP.format("audit_entries", "body_no"),
        "the body of entry 4 was changed: its digest is another",
    ),
    "an instant": (
        "UPDATE audit_entries SET at = at + interval '1 microsecond' WHERE entry_no = 5",
        "entry 5 was changed: its hash is not that of its number, instant, digest and `previous`",
    ),
    "a digest": (
        "UPDATE audit_entries SET digest = hash WHERE entry_no = 5",
        "entry 5 was changed: its hash is not that of its number, instant, digest and `previous`",
    ),
    "a previous": (
        "UPDATE audit_entries SET previous = digest WHERE entry_no = 5",
        "entry 5 does not follow entry 4: its `previous` is not that one's hash",
    ),
    "a hash": (
        "UPDATE audit_entries SET hash = digest WHERE entry_no = 5",
        "entry 5 was changed: its hash is not that of its number, instant, digest and `previous`",
    ),
    "which body": (
        "UPDATE audit_entries SET body_no = 99 WHERE entry_no = 5",
        "entry 5 has lost its body, and no entry tells of its erasure",
    ),
    "what a body says": (
        """UPDATE audit_bodies SET body = jsonb_set(body, '{who}', '"kim"') WHERE body_no = 5""",
        "the body of entry 5 was changed: its digest is another",
    ),
    "a salt": (
        "UPDATE audit_bodies SET salt = '' WHERE body_no = 5",
        "the body of entry 5 was changed: its digest is another",
    ),
    "a body's instant": (
        "UPDATE audit_bodies SET at = at + interval '1 day' WHERE body_no = 5",
        "the body of entry 5 has another instant than the entry",
    ),
    "a body deleted": (
        "DELETE FROM audit_bodies WHERE body_no = 5",
        "entry 5 has lost its body, and no entry tells of its erasure",
    ),
    "a body added": (
        "ALTER TABLE audit_bodies DISABLE TRIGGER audit_bodies_linked;"
        " INSERT INTO audit_bodies (at, salt, body) VALUES (now(), '', '{}')",
        "the body 13 belongs to no entry",
    ),
    "who is in a set": (
        "UPDATE audit_sets SET subjects = subjects[1:29]",
        "the set of subjects 805fd73b",
    ),
    "a set deleted": ("DELETE FROM audit_sets", "the subjects of entry 12 are gone: there is no set "),
    "a body and all hashes after it": (
        f"""UPDATE audit_bodies SET body = jsonb_set(body, '{{who}}', '"kim"') WHERE body_no = 5; {NEW_DIGEST};
        {NEW_HASHES}""",
        "entry 6 is not the one that was anchored on 2026-11-21: the chain was written anew",
    ),
    "an anchor's number": (
        "UPDATE audit_anchors SET entry_no = 3 WHERE day = '2026-11-21'",
        "the anchor of 2026-11-21 was changed, or signed with another key: its signature does not hold",
    ),
    "an anchor's hash": (
        "UPDATE audit_anchors SET hash = sha256('x') WHERE day = '2026-11-21'",
        "the anchor of 2026-11-21 was changed, or signed with another key: its signature does not hold",
    ),
    "an anchor's day": (
        "UPDATE audit_anchors SET day = '2026-11-20' WHERE day = '2026-11-21'",
        "the anchor of 2026-11-20 was changed, or signed with another key: its signature does not hold",
    ),
    "when an anchor was made": (
        "UPDATE audit_anchors SET made_at = now() WHERE day = '2026-11-22'",
        "the anchor of 2026-11-22 was changed, or signed with another key: its signature does not hold",
    ),
    "an anchor's signature": (
        "UPDATE audit_anchors SET signature = hash || hash WHERE day = '2026-11-22'",
        "the anchor of 2026-11-22 was changed, or signed with another key: its signature does not hold",
    ),
    "an anchor's key": (
        "UPDATE audit_anchors SET key_id = 'other' WHERE day = '2026-11-22'",
        "the anchor of 2026-11-22 is signed with key other, which was not given",
    ),
}


@pytest.mark.slow
async def test_whatever_its_owner_changes_is_found(database_url: str, key: AnchorKey) -> None:
    async with migrated(database_url) as store:
        await two_days(store, key)
        for what, (query, expected) in TAMPERED.items():
            async with as_owner(database_url) as conn:
                await AsyncCursor(conn).execute(query.encode())
                verdict = await verify_snapshot(Snapshot(conn), given(key))
                assert verdict.fault is not None, what
                assert verdict.fault.startswith(expected), f"{what}: {verdict.fault}"
        assert (await verify(database_url, given(key))).fault is None


async def test_a_chain_written_anew_with_its_anchors_gone_is_found_by_the_file_outside(
    database_url: str, key: AnchorKey, tmp_path: Path
) -> None:
    file = tmp_path / "anchors.jsonl"
    async with migrated(database_url) as store:
        await two_days(store, key, file)
        outside = read_anchors(file)
        assert [anchor.day for anchor in outside] == ["2026-11-21", "2026-11-22"]
        async with as_owner(database_url) as conn:
            await conn.execute(b"DELETE FROM audit_anchors")
            await conn.execute(b"DELETE FROM audit_entries WHERE entry_no > 6")
            alone = await verify_snapshot(Snapshot(conn), given(key))
            assert alone.fault == "the body 7 belongs to no entry"
            await conn.execute(b"DELETE FROM audit_bodies WHERE body_no > 6")
            assert (await verify_snapshot(Snapshot(conn), given(key))).fault is None, "nothing says that there was more"
            held = await verify_snapshot(Snapshot(conn), given(key, outside))
            assert held.fault == "the anchor of 2026-11-21 stands in anchors.jsonl and not in the database"
        forged = key.sign(replace(outside[0], no=5))
        held = await verify(database_url, given(key, [forged]))
        assert held.fault is not None
        assert "is not that of anchors.jsonl" in held.fault


async def test_times_that_go_back_are_found(database_url: str, key: AnchorKey) -> None:
    async with migrated(database_url) as store:
        await store.audit.look(looked("W1"))
        await store.audit.look(looked("W1", at_us=NOON - 9 * MINUTE_US))
        assert (await verify(database_url, given(key))).fault is None, "processes are a little apart"
        await store.audit.look(looked("W1", at_us=NOON - 11 * MINUTE_US))
        fault = (await verify(database_url, given(key))).fault
        assert fault is not None
        assert fault.startswith("entry 3 is of 2026-11-21T11:49:00Z, and one before it of 2026-11-21T12:00:00Z")


async def test_another_key_does_not_pass(database_url: str, key: AnchorKey, tmp_path: Path) -> None:
    made(tmp_path / "other.pem")
    other = load_key(tmp_path / "other.pem")
    async with migrated(database_url) as store:
        await two_days(store, other)
        found = await verify(database_url, given(key))
        assert found.fault == f"the anchor of 2026-11-21 is signed with key {other.id}, which was not given"
        both = {key.id: key.public, other.id: other.public}
        assert (await verify(database_url, Given(both))).fault is None
        unsigned = await verify(database_url, Given())
        assert (unsigned.fault, unsigned.signatures) == (None, False)
        assert "signatures not checked" in unsigned.as_text()


async def test_several_dispatchers_make_one_anchor_a_day_and_each_keeps_its_file(
    database_url: str, key: AnchorKey, tmp_path: Path
) -> None:
    async with migrated(database_url) as store, migrated(database_url) as other:
        await store.audit.look(looked("W1"))
        watches = [
            AnchorWatch(which.audit_log, key, tmp_path / f"{number}.jsonl")
            for number, which in enumerate((store, other))
        ]
        for at_us in (MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + MINUTE_US):
            await asyncio.gather(*(watch.look(at_us) for watch in watches))
        async with store.audit_log.snapshot() as snapshot:
            (anchor,) = await snapshot.anchors()
        assert (anchor.day, anchor.no, anchor.made_us) == ("2026-11-21", 1, MIDNIGHT)
        for watch in watches:
            await watch.look(MIDNIGHT + 2 * MINUTE_US)
        assert [read_anchors(tmp_path / f"{number}.jsonl") for number in range(2)] == [[anchor], [anchor]]


async def test_nothing_is_anchored_where_nothing_was_written(database_url: str, key: AnchorKey) -> None:
    async with migrated(database_url) as store:
        await AnchorWatch(store.audit_log, key, None).look(MIDNIGHT)
        assert await store.audit_log.newest_anchor() is None


def test_an_anchor_is_due_for_the_last_whole_day_once() -> None:
    assert anchor_due(None, MIDNIGHT - 1) == "2026-11-20"
    assert anchor_due(None, MIDNIGHT) == "2026-11-21"
    assert anchor_due("2026-11-20", MIDNIGHT - 1) is None
    assert anchor_due("2026-11-20", MIDNIGHT) == "2026-11-21"
    assert anchor_due("2026-11-21", MIDNIGHT) is None
    assert anchor_due("2026-11-21", MIDNIGHT + 5 * DAY_US) == "2026-11-26"


def test_a_key_is_its_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "audit.pem"
    made(path)
    assert path.stat().st_mode & 0o777 == 0o600
    first = load_key(path)
    assert not make_key(path)
    assert load_key(path).id == first.id
    path.chmod(0o640)
    with pytest.raises(BadSetting, match="may be read by others"):
        load_key(path)
    path.chmod(0o600)
    path.write_text(first.public_pem())
    with pytest.raises(BadSetting, match="no Ed25519 private key"):
        load_key(path)
    assert list(load_public([path])) == [first.id]
    with pytest.raises(BadSetting, match="cannot be read"):
        load_key(tmp_path / "none.pem")


def test_the_command_says_it_in_one_line(embedded_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path / "audit.pem")
    key = load_key(tmp_path / "audit.pem")
    keys = {key.id: key.public}

    async def work(query: bytes | None = None) -> None:
        async with migrated(embedded_url) as store:
            if query is None:
                await two_days(store, key, tmp_path / "anchors.jsonl")
                return
        async with await AsyncConnection.connect(embedded_url, autocommit=True) as conn:
            await conn.execute(query)

    asyncio.run(work())
    assert verify_audit_command(embedded_url, keys, tmp_path / "anchors.jsonl") == 0
    told = capsys.readouterr().out
    told = told[told.index("12 entries") :]
    assert told.startswith("12 entries hold: 12 with their bodies, 0 whose bodies were erased by the book\n2 days are")
    asyncio.run(work(b"DELETE FROM audit_entries WHERE entry_no = 7"))
    assert verify_audit_command(embedded_url, keys, None) == 1
    assert capsys.readouterr().out == "the audit does not hold: entry 7 is missing: the next is 8\n"
    assert verify_audit_command(embedded_url, keys, None, as_json=True) == 1
    assert json.loads(capsys.readouterr().out)["fault"] == "entry 7 is missing: the next is 8"
    (tmp_path / "anchors.jsonl").write_text('{"day":"2026-11-21"}\n')
    with pytest.raises(BadInput):
        verify_audit_command(embedded_url, keys, tmp_path / "anchors.jsonl")
