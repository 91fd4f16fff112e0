"""A night that was ingested, a breach case of it, and packs made of it on a real database."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from bailiwick.pack_making import Making
from bailiwick.timezones import pinned_time_zones
from domain.breaches import BreachStep, Chosen, DatedStep
from domain.callers import Caller, Sight
from domain.instants import DAY_US
from domain.vocabulary import Role
from evidence.document.page import html_of
from evidence.document.typesetting import pdf_of
from evidence.routes import read_routes, shipped_text
from evidence.signing import SigningKey, key_of_file
from store import Store
from store.audit import entry_of
from store.breaches import Breaches, Change, NewCase
from store.connecting import open_pool
from store.pack_sources import PackSources
from store.packs import Packs, Signing
from store.times import Connection
from tests.bailiwick.test_replay import Ingest, ingest
from tests.rules.nights import Line, at, us
from tests.store.made import ask

DEE = Caller("dee", Role.OFFICER, None)
SUE = Caller("sue", Role.SUPERVISOR, None)
ZONES = pinned_time_zones()
NOW_US = us("Tue 12:00")
EVERYTHING = Sight(everything=True)


async def nothing(_: Connection) -> None:
    """Nothing is noted."""


@cache
def certified(name: str = "Invented Monitoring Centre") -> tuple[bytes, bytes]:
    """A key with a certificate by itself: PKCS#12 without a passphrase, and the certificate as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begins = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(True, True, False, False, False, True, False, False, False),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    body = pkcs12.serialize_key_and_certificates(b"pack", key, made, None, serialization.NoEncryption())
    return body, made.public_bytes(serialization.Encoding.PEM)


@dataclass
class There:
    """A database with the night, and what packs are made with."""

    url: str
    packs: Packs
    breaches: Breaches
    making: Making
    breach: int = 0

    async def opened(self, relied: Sequence[str], left: Sequence[tuple[str, str]] = ()) -> int:
        versions = dict(ask(self.url, "SELECT id, max(version)::int FROM violations GROUP BY id"))
        chosen = [Chosen(one, versions[one], True) for one in relied]
        chosen += [Chosen(one, versions[one], False, why) for one, why in left]
        order = await self.breaches.order("O1", EVERYTHING)
        assert order is not None
        step = DatedStep(0, BreachStep.IDENTIFIED, NOW_US - 1, None, "", None, "", NOW_US, "dee")
        new = NewCase(order, "bail@2026-01-01", "identified", (step,), tuple(chosen), "He was out.")
        entry = entry_of(DEE, NOW_US, "breaches.write", "wearer", ["W1"])
        self.breach = await self.breaches.open_case(new, "dee", NOW_US, entry, nothing)
        return self.breach

    async def change(self) -> Change:
        """A change of the case as it is now, which leaves its dates alone."""
        case = await self.breaches.case(self.breach, EVERYTHING)
        assert case is not None
        held = tuple(one.chosen.violation for one in case.chosen if one.chosen.relied)
        return Change(self.breach, case.row.revision, case.row.status, None, "dee", NOW_US, held)

    async def chosen(self, *choice: Chosen) -> None:
        entry = entry_of(DEE, NOW_US, "breaches.write", "wearer", ["W1"])
        assert await self.breaches.choose(await self.change(), choice, entry, nothing)

    async def narrated(self, text: str, *, ready: bool) -> None:
        entry = entry_of(DEE, NOW_US, "breaches.write", "wearer", ["W1"])
        assert await self.breaches.narrate(await self.change(), text, ready, entry, nothing)

    async def asked(self) -> int:
        entry = entry_of(DEE, NOW_US, "packs.ask", "wearer", ["W1"], breach=str(self.breach))
        return await self.packs.ask(self.breach, "officer", "dee", NOW_US, entry, nothing)

    async def give(self, no: int, to: tuple[str, str, str | None]) -> None:
        entry = entry_of(DEE, NOW_US, "packs.ask", "wearer", ["W1"], breach=str(self.breach))
        await self.packs.give(no, to, "dee", NOW_US, entry, nothing)

    async def signed(self, no: int, read: str) -> None:
        signing = Signing("Sue Invented", "Duty manager", "Invented Centre", read, "sue", NOW_US)
        entry = entry_of(SUE, NOW_US, "packs.sign", "wearer", ["W1"], breach=str(self.breach))
        await self.packs.sign(no, signing, entry, nothing)


async def learn(url: str, *lines: Line) -> None:
    """Records and messages taken as ingest takes them."""
    async with await Store.open(url) as store:
        working = Ingest(store)
        await working.start()
        await working.take(lines)
        await working.stop()


def upheld(violation: str, clock: str, number: int = 1) -> Line:
    made: dict[str, Any] = {"type": "assessment", "id": f"U{number}", "violation": violation, "decision": "upheld"}
    return {"learnt": at(clock), "holds_from": None, "record": made | {"by": "dee", "at": at(clock), "reason": "out"}}


@asynccontextmanager
async def night(url: str, key: SigningKey | None) -> AsyncIterator[There]:
    """The night of `tests.bailiwick.test_replay`, in which W1 was out and in a zone; both upheld."""
    await ingest(url)
    await learn(url, upheld("W1-1", "22:00:01"), upheld("W1-2", "22:00:02", 2))
    pool = await open_pool(url)
    try:
        breaches, sources = Breaches(pool), PackSources(pool)
        routes = read_routes(shipped_text(), ZONES)
        making = Making(sources, breaches, routes, ZONES, pdf_of, html_of, key, 730)
        yield There(url, Packs(pool, url), breaches, making)
    finally:
        await pool.close()


def key_in(folder: Any, **more: Any) -> SigningKey:
    path = folder / "key.p12"
    path.write_bytes(certified()[0])
    return replace(key_of_file(path, None), **more)


LATER_US = NOW_US + DAY_US
