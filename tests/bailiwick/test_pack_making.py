"""A pack from ingested facts to a signed file that anybody can check, on a real database; held against it afterwards."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

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
from evidence.attachments import attachments_of
from evidence.signing import CannotSign, SigningKey, check, sign, time_stamper
from store.packs import Cannot
from tests.api.serving import _Quiet
from tests.bailiwick.pack_world import EVERYTHING, NOW_US, There, certified, key_in, learn, night, upheld
from tests.evidence.made_pack import bare_of, gathered, parts_of
from tests.rules.nights import AWAY_LAT, Sender, us
from tests.store.made import ask

pytestmark = [pytest.mark.real, pytest.mark.slow]


async def made(there: There) -> None:
    while await work_once(there.packs, there.making, lambda: NOW_US):
        pass


async def signed(there: There) -> bytes:
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
    assert sorted(row.verdict["replayed"]) == ["W1-1", "W1-2"]
    return await there.packs.document(row.no) or b""


def test_a_pack_holds_and_a_fix_or_an_audit_entry_that_was_changed_is_named(
    embedded_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def begun() -> bytes:
        async with night(embedded_url, key_in(tmp_path)) as there:
            await there.opened(["W1-1", "W1-2"])
            return await signed(there)

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
    for change, back, said in (
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
    ):
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
        await learn(embedded_url, upheld("W1-1", "22:00:01"))
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
