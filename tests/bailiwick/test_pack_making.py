"""A pack from ingested facts to a signed file that anybody can check, on a real database; held against it afterwards."""

from __future__ import annotations

import asyncio
import datetime
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import psycopg
import pytest
import uvicorn
from asn1crypto import tsp
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bailiwick.packer import look, work_once
from bailiwick.verify_report import verify_report_command
from domain.breaches import Chosen
from domain.instants import SECOND_US
from evidence.attachments import attachments_of
from evidence.content import Pack
from evidence.document.typesetting import pdf_of
from evidence.signing import CannotSign, SigningKey, check, sign, time_stamper
from store.packs import Cannot, LostPack
from tests.api.serving import _Quiet
from tests.bailiwick.pack_world import EVERYTHING, NOW_US, There, certified, key_in, learn, night, upheld
from tests.evidence.made_pack import bare_of, gathered, parts_of
from tests.rules.nights import AWAY_LAT, Sender, us
from tests.store.made import ask

pytestmark = [pytest.mark.real, pytest.mark.slow]


async def made(there: There) -> None:
    while await work_once(there.packs, there.making, lambda: NOW_US):
        pass


async def signed(there: There, relied: Sequence[str] = ("W1-1", "W1-2")) -> bytes:
    """Asked for, made as a draft, signed for, made again."""
    await there.asked()
    await made(there)
    row = (await there.packs.of_case(there.breach, EVERYTHING))[0]
    assert (row.state, row.problem, row.signature) == ("draft", None, "")
    await there.signed(row.no, row.sha256 or "")
    await made(there)
    row = (await there.packs.of_case(there.breach, EVERYTHING))[0]
    assert (row.state, row.problem) == ("done", None)
    assert row.verdict is not None
    assert row.verdict["holds"]
    assert sorted(row.verdict["replayed"]) == list(relied)
    return await there.packs.document(row.no) or b""


CHANGED: Final = (
    (
        "UPDATE fixes SET lat = lat + 0.0001 WHERE seq = 90",
        "UPDATE fixes SET lat = lat - 0.0001 WHERE seq = 90",
        "the fact T1 0/90",
    ),
    (
        "UPDATE audit_entries SET at = at + interval '1 second'",
        "UPDATE audit_entries SET at = at - interval '1 second'",
        "audit entry",
    ),
    (
        "UPDATE violations SET cause = 'equipment' WHERE id = 'W1-2'",
        "UPDATE violations SET cause = 'wearer' WHERE id = 'W1-2'",
        "violation W1-2",
    ),
)
"""What somebody changes, how it is put back, and what is told of it."""


def said_on(url: str) -> None:
    """A contact of the time of the order, and one from before it."""
    with psycopg.connect(url, autocommit=True) as conn:
        for when, said in (("2026-09-01T12:00:00Z", "of an order before"), ("2026-11-02T22:00:00Z", "at the shop")):
            conn.execute(
                "INSERT INTO contacts (party, wearer, inbound, channel, said, at, by_name, by_role)"
                " VALUES ('wearer', 'W1', true, 'call', %s, %s, 'Oz', 'operator')",
                (said, when),
            )


def test_a_pack_holds_and_a_fix_or_an_audit_entry_that_was_changed_is_named(
    embedded_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def begun() -> bytes:
        async with night(embedded_url, key_in(tmp_path)) as there:
            await there.opened(["W1-1", "W1-2"])
            said_on(embedded_url)
            document = await signed(there)
            page = await there.packs.pages(1) or ""
            assert "at the shop" in page
            assert "of an order before" not in page
            assert "the police force of the area" in page
            return document

    document = asyncio.run(begun())
    file, trusted = tmp_path / "pack.pdf", tmp_path / "trusted.pem"
    file.write_bytes(document)
    trusted.write_bytes(certified()[1])
    facts = attachments_of(document)["facts.csv"].decode()
    assert "\nT2," not in facts, "that is another wearer's"

    def verified() -> tuple[int, str]:
        capsys.readouterr()
        code = verify_report_command(file, [trusted], None, embedded_url)
        return code, capsys.readouterr().err

    assert verified() == (0, "")
    for change, back, said in CHANGED:
        with psycopg.connect(embedded_url, autocommit=True) as conn:
            conn.execute(change.encode())
            code, err = verified()
            conn.execute(back.encode())
        assert code == 1
        assert said in err, err
    (tmp_path / "hello.pdf").write_bytes(b"hello")
    assert verify_report_command(tmp_path / "hello.pdf", [], None, None) == 2
    other = tmp_path / "other.pem"
    other.write_bytes(certified("Somebody Else")[1])
    assert verify_report_command(file, [other], None, None) == 1
    assert "not one that you trust" in capsys.readouterr().err


async def test_late_data_makes_a_new_version_that_says_so_and_goes_to_whoever_holds_the_old_one(
    embedded_url: str, tmp_path: Path
) -> None:
    async with night(embedded_url, key_in(tmp_path)) as there:
        await there.opened(["W1-1", "W1-2"])
        await signed(there)
        (row,) = await there.packs.of_case(there.breach, EVERYTHING)
        to = ("Kent Magistrates", "HMCTS", "listing@court.test")
        await there.give(row.no, to)
        assert await look(there.packs, there.making, NOW_US) == 0
        with pytest.raises(Cannot, match="no draft"):
            await there.signed(row.no, row.sha256 or "")
        tag = Sender("T1")
        tag.seq = 900
        late = [tag.fix(us("20:05:30"), AWAY_LAT, received=us("Tue 13:00"))]
        await learn(embedded_url, *late)
        assert await look(there.packs, there.making, NOW_US + 1) == 1
        assert await look(there.packs, there.making, NOW_US + 2) == 0, "it is on its way"
        await made(there)
        new, old = await there.packs.of_case(there.breach, EVERYTHING)
        assert old.out_of_date_us == NOW_US + 1
        assert (old.state, old.superseded_us) == ("done", None)
        assert new.changed
        await there.signed(new.no, new.sha256 or "")
        await made(there)
        new, old = await there.packs.of_case(there.breach, EVERYTHING)
        assert (new.state, old.superseded_us) == ("done", NOW_US)
        (holder,) = await there.packs.recipients(new.no, EVERYTHING)
        assert (holder.name, holder.address, holder.state) == ("Kent Magistrates", "listing@court.test", "waiting")
        told = ask(embedded_url, "SELECT changed FROM packs WHERE version = 2")[0][0]
        assert any("late" in one for one in told)


async def test_a_pack_relies_on_nothing_that_was_excused_and_the_one_after_says_what_changed(
    embedded_url: str, tmp_path: Path
) -> None:
    async with night(embedded_url, key_in(tmp_path)) as there:
        await there.opened(["W1-1", "W1-2"])
        await signed(there)
        await there.give(1, ("Kent Magistrates", "HMCTS", "listing@court.test"))
        tag = Sender("T1")
        tag.seq = 700
        await learn(embedded_url, tag.fix(us("Tue 13:00")))
        ended = "UPDATE violations SET to_at = {} WHERE id = 'W1-2' AND to_at IS NOT DISTINCT FROM {} RETURNING 1"
        ((end,),) = ask(embedded_url, "SELECT max(to_at)::text FROM violations WHERE id = 'W1-2'")
        ask(embedded_url, ended.format("NULL", f"'{end}'"))
        assert await there.making.sources.late_facts(1) == 0, "what goes on is heard of: that is not late"
        ask(embedded_url, ended.format(f"'{end}'", "NULL"))
        await there.narrated("A first try.", ready=False)
        assert await look(there.packs, there.making, NOW_US) == 0, "a draft of the officer's is in no pack"
        await there.asked()
        await made(there)
        excused = upheld("W1-2", "Tue 13:30", 3)
        excused["record"]["decision"] = "reasonable_excuse"
        await learn(embedded_url, excused)
        assert await look(there.packs, there.making, NOW_US) == 1, "whatever else is on its way"
        assert await look(there.packs, there.making, NOW_US) == 0
        await made(there)
        second, first = await there.packs.of_case(there.breach, EVERYTHING)
        assert first.out_of_date_us == NOW_US
        assert second.state == "failed"
        assert second.problem == "W1-2 may no longer be relied on: it was assessed otherwise than upheld. Choose again"
        chosen = ask(embedded_url, "SELECT violation_id, version FROM breach_violations ORDER BY 1")
        one, two = (Chosen(name, version, relied=True) for name, version in chosen)
        await there.chosen(one, replace(two, relied=False, why="in hospital"))
        await signed(there, ["W1-1"])
        third, _, first = await there.packs.of_case(there.breach, EVERYTHING)
        assert third.changed == ["Violation W1-2 is no longer relied on"]
        assert (third.state, first.superseded_us) == ("done", NOW_US)
        assert "What changed since version 1, which this version replaces" in (await there.packs.pages(third.no) or "")
        told = await there.packs.lease_told(NOW_US, 9)
        assert sorted((row.version, row.address, row.replaces) for row in told) == [
            (1, "listing@court.test", False),
            (3, "listing@court.test", True),
        ]


@asynccontextmanager
async def stamping(key: SigningKey) -> AsyncIterator[str]:
    """An RFC 3161 server on loopback."""
    when = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
    stamper = DummyTimeStamper(key.certificate, getattr(key.signer, "signing_key", None), fixed_dt=when)

    async def stamped(request: Request) -> Response:
        asked = tsp.TimeStampReq.load(await request.body())
        return Response(stamper.request_tsa_response(asked).dump(), media_type="application/timestamp-reply")

    app = Starlette(routes=[Route("/", stamped, methods=["POST"])])
    server = _Quiet(uvicorn.Config(app, "127.0.0.1", 0, log_config=None))
    task = asyncio.create_task(server.serve())
    await server.up.wait()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        server.should_exit = True
        await task


async def test_a_time_stamp_server_says_when_and_one_that_is_away_is_said(tmp_path: Path) -> None:
    key = key_in(tmp_path)
    bare = bare_of(parts_of(gathered())[0])
    async with stamping(key) as url:
        document = await asyncio.to_thread(sign, bare, replace(key, time_stamps=time_stamper(url)), "a test")
    found = check(document, [key.certificate])
    assert found.fault is None, found.fault
    assert found.stamped == datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
    with pytest.raises(CannotSign, match="could not be signed"):
        sign(bare, replace(key, time_stamps=time_stamper("http://127.0.0.1:9/")), "a test")


async def test_what_takes_longer_than_its_lease_stays_in_hand(embedded_url: str, tmp_path: Path) -> None:
    asked: list[int] = []
    renewed = threading.Event()

    def clock() -> int:
        """A hundred seconds on each time: claimed, begun, then renewed."""
        asked.append(NOW_US + len(asked) * 100 * SECOND_US)
        if len(asked) == 4:
            renewed.set()
        return asked[-1]

    def slow(pack: Pack) -> bytes:
        assert renewed.wait(20)
        return pdf_of(pack)

    async with night(embedded_url, key_in(tmp_path)) as there:
        await there.opened(["W1-1", "W1-2"])
        await there.asked()
        claimed = await there.packs.claim(NOW_US)
        assert claimed is not None
        await there.packs.renew(claimed, NOW_US + 100 * SECOND_US)
        assert await there.packs.claim(NOW_US + 200 * SECOND_US) is None
        assert await there.packs.claim(NOW_US + 230 * SECOND_US) is not None
        with pytest.raises(LostPack):
            await there.packs.renew(claimed, NOW_US)
        ask(embedded_url, "UPDATE packs SET state = 'waiting', attempts = 0 RETURNING 1")
        assert await work_once(there.packs, replace(there.making, typeset=slow), clock, renew_s=0.05)
        (row,) = await there.packs.of_case(there.breach, EVERYTHING)
        assert (row.state, row.problem) == ("draft", None)
        assert renewed.is_set()


async def test_a_fault_of_ours_fails_one_pack_and_no_other(embedded_url: str, tmp_path: Path) -> None:
    def broken(_: object) -> bytes:
        raise ZeroDivisionError("Ada Marsh")

    async with night(embedded_url, key_in(tmp_path)) as there:
        await there.opened(["W1-1", "W1-2"])
        await there.asked()
        making = replace(there.making, typeset=broken)
        assert await work_once(there.packs, making, lambda: NOW_US)
        (row,) = await there.packs.of_case(there.breach, EVERYTHING)
        assert row.state == "failed"
        assert "fault of this program" in (row.problem or "")
        assert "Ada" not in (row.problem or "")
        assert await there.asked() == 2
