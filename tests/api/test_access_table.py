"""Every operation of the OpenAPI document, as every role, with every sight: `access_table.txt` says what must come.

The table is written by hand from the contract and knows nothing of `access.grants`: where the two disagree, one of them is wrong.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2
import pytest
import pytest_asyncio
from fastapi import Request

from api.doors import let_in
from api.routes.live import StreamView
from bailiwick.parts.postgres_server import PostgresServer
from domain.vocabulary import Role
from tests.api.access_askers import FOR_VICTIMS, Asker, askers
from tests.api.access_calls import About, plain
from tests.api.access_handed import CALLS
from tests.api.access_world import CALM, FAR, OWN, PROTECTED_LAT, SINCE, SUBJECTS, UNTIL, Subject, World, world
from tests.api.doors import NOBODY, HeaderDoor, asks
from tests.conftest import fresh_database

ROOT: Final = "/api/v1"
TABLE: Final = Path(__file__).with_name("access_table.txt")
ROLES: Final = tuple(Role)
"""The order of the table's columns."""
PLACES: Final = ("/positions", "/trail", "/last-place", "/matches")
"""What positions of wearers come out of."""
AT_ONCE: Final = 4
"""Requests that are refused change nothing, so some are asked together."""
SECRETS: Final = tuple(one.secret for one in SUBJECTS)

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@dataclass(frozen=True)
class Line:
    """A line of the table."""

    method: str
    path: str
    roles: frozenset[Role]
    about: str
    status: int
    then: int
    """Of somebody who is signed in, where nobody need be."""
    but: dict[Role, int] = field(hash=False)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def status_of(self, asker: Asker, one: Subject) -> int:
        if self.kind == "held" and asker.role is Role.ENFORCEMENT and one not in asker.held:
            return 403
        return self.but.get(asker.role, self.status)

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    @property
    def kind(self) -> str:
        return self.about.partition(":")[0]

    @property
    def names_one(self) -> bool:
        """A request names somebody, and is done only where they are in sight."""
        return self.kind in ("one", "named", "held")

    def sight_of(self, asker: Asker) -> frozenset[Subject]:
        """Of whom it tells somebody: ``about`` says by which sight, without a word by that of wearers."""
        found = getattr(asker, self.about.partition(":")[2] or "sees")
        assert isinstance(found, frozenset)
        return found


def lines() -> Iterator[Line]:
    for text in TABLE.read_text().splitlines():
        words = text.split()
        if not words or text.startswith(("#", " ")):
            continue
        method, path, *rest = words
        marks, (about, done, *but) = rest[: len(ROLES)], rest[len(ROLES) :]
        assert len(marks) == len(ROLES), f"so many columns has no line: {text}"
        assert set(marks) <= {"x", "."}, text
        first, _, then = done.partition("/")
        others = {Role(role): int(status) for role, _, status in (word.partition("=") for word in but)}
        may = frozenset(role for role, mark in zip(ROLES, marks, strict=True) if mark == "x")
        yield Line(method, path, may, about, int(first), int(then or first), others)


LINES: Final = tuple(lines())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(embedded_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    with fresh_database(embedded_server) as url:
        async with world(url, tmp_path_factory.mktemp("exports")) as found:
            yield found


async def test_every_operation_has_a_line_and_every_line_an_operation(there: World) -> None:
    document = {
        f"{method.upper()} {path.removeprefix(ROOT)}"
        for path, operations in there.document["paths"].items()
        for method in operations
    }
    table = {line.name for line in LINES}
    assert len(table) == len(LINES), "a line stands twice"
    assert not document - table, f"who may do these? say so in {TABLE.name}"
    assert not table - document, f"these are no more: take them out of {TABLE.name}"
    assert not CALLS.keys() - document, "these are called and are not there"


@dataclass(frozen=True)
class Refused:
    """Who asks about whom, what comes, and of whom nothing may be told."""

    label: str
    headers: dict[str, str]
    one: Subject
    status: int
    hidden: frozenset[Subject] = frozenset(SUBJECTS)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.name)
async def test_who_may_and_of_whom(there: World, line: Line) -> None:
    if line.kind in ("before", "open"):
        await _stands_open(there, line)
        return
    everybody = [asker for role in ROLES for asker in askers(role)]
    may = [asker for asker in everybody if asker.role in line.roles]
    assert may, "nobody may"
    before = there.digest() if line.changes else {}
    refused = list(_refused(line, everybody))
    for first in range(0, len(refused), AT_ONCE):
        await asyncio.gather(*(_must_refuse(there, line, one) for one in refused[first : first + AT_ONCE]))
    if line.changes:
        assert there.digest() == before, "somebody who was refused has changed something"
    for asker in may:
        await _must_do(there, line, asker)


def _refused(line: Line, everybody: Iterable[Asker]) -> Iterator[Refused]:
    """Whoever may not, or may not of somebody."""
    yield Refused("nobody signed in", NOBODY, OWN, 401)
    for asker in everybody:
        if asker.role not in line.roles:
            yield Refused(asker.label, asker.headers, OWN, 403)
        elif line.names_one:
            for one in set(_asked_about(line)) - line.sight_of(asker):
                hidden = frozenset(SUBJECTS) - asker.sees
                yield Refused(asker.label, asker.headers, one, 422 if line.kind == "named" else 404, hidden)
        if asker.role in line.roles and asker.everywhere and line.changes and not line.path.endswith("/preview"):
            key = asker.headers | {"Test-Reads-Only": "yes"}
            yield Refused(f"a key that only reads, {asker.label}", key, OWN, 403)


async def _stands_open(there: World, line: Line) -> None:
    for headers, status in ((NOBODY, line.status), (asks("ola", Role.OPERATOR), line.then)):
        await _must_refuse(there, line, Refused("somebody", headers, OWN, status))


async def _must_refuse(there: World, line: Line, asked: Refused) -> None:
    answer = await _ask(there, line, asked.one, asked.headers, does=False)
    where = f"{asked.label}, about {asked.one.word}: {answer.status_code} {answer.text[:400]}"
    assert answer.status_code == asked.status, where
    assert not _told(there, line, answer.text) & asked.hidden, where
    assert not any(secret in answer.text for secret in SECRETS), where


async def _must_do(there: World, line: Line, asker: Asker) -> None:
    if line.kind == "stream":
        text = await _streamed(there, asker)
        _must_tell(there, line, asker, text)
        return
    about = [one for one in _asked_about(line) if one in line.sight_of(asker)] if line.names_one else [OWN]
    for one in about:
        status = line.status_of(asker, one)
        answer = await _ask(there, line, one, asker.headers, does=status < 400)
        where = f"{asker.label}, about {one.word}: {answer.status_code} {answer.text[:400]}"
        assert answer.status_code == status, where
        _must_tell(there, line, asker, answer.text)
        if line.kind == "bulk" and answer.status_code == 200:
            found = {item["id"]: item["status"] != 404 for item in answer.json()["items"]}
            assert found == {str(there.alerts[one.word]): one in asker.sees for one in (OWN, FAR)}, where
        if status < 300 and line.path.endswith(("/trail", "/last-place")):
            assert (str(one.lat) in answer.text) == (one in asker.places), where
        if status < 300 and line.path.endswith("/protected-place"):
            assert str(PROTECTED_LAT) in answer.text, where


def _asked_about(line: Line) -> tuple[Subject, ...]:
    return (OWN, CALM, FAR) if line.path.endswith("/trail") else (OWN, FAR)


async def _ask(there: World, line: Line, one: Subject, headers: dict[str, str], *, does: bool) -> httpx2.Response:
    root = "" if line.kind == "open" else ROOT
    call = await CALLS.get(line.name, plain)(About(there, one, root + line.path, headers, does))
    path = f"{call.path}?limit=1000" if line.kind == "list" and "?" not in call.path else call.path
    sent = {"content": call.body} if isinstance(call.body, bytes) else {"json": call.body}
    return await there.client.request(line.method, path, **sent, headers=headers | dict(call.headers))


async def _streamed(there: World, asker: Asker) -> str:
    """All events that there are, as far as somebody's stream shows them."""
    headers = [(name.lower().encode(), value.encode()) for name, value in asker.headers.items()]
    caller = await HeaderDoor().caller(Request({"type": "http", "method": "GET", "headers": headers}))
    assert caller is not None
    parts = there.app.state.parts
    view = StreamView(await let_in(parts, caller), None)
    return str([row.body for row in await parts.reading.events(0, 10_000) if await view.shows(row)])


def _told(there: World, line: Line, text: str) -> frozenset[Subject]:
    """Of whom an answer tells anything."""
    if line.name in ("GET /tasks", "GET /next-steps") and text.startswith('{"items"'):
        named = {item["alert"] for item in json.loads(text)["items"]}
        return frozenset(one for one in SUBJECTS if named & there.alerts_of(one))
    return frozenset(one for one in SUBJECTS if one.word in text or str(one.lat) in text)


def _must_tell(there: World, line: Line, asker: Asker, text: str) -> None:
    """Those in sight and, where it is a list, all of them; places and protected people only to whom they are for."""
    if line.kind in ("audit", "echo"):
        return
    told, sees, where = _told(there, line, text), line.sight_of(asker), f"{asker.label}: {text[:400]}"
    assert told <= sees, where
    if line.kind in ("list", "stream"):
        assert told == sees, f"{[one.word for one in sees - told]} missing: {where}"
    for one in SUBJECTS:
        assert (one in asker.places and line.path.endswith(PLACES)) or str(one.lat) not in text, where
        assert asker.role in FOR_VICTIMS | {Role.DEVICE_MANAGER} or one.U not in text, where
        assert asker.role in FOR_VICTIMS or one.secret not in text, where
    assert line.path.endswith("/protected-place") or str(PROTECTED_LAT) not in text, where


async def test_of_a_device_that_is_on_somebody_else_it_is_not_told_on_whom(there: World) -> None:
    """Whoever fits devices may name any; what they are told of it is no way to find out who wears it, or whom it protects."""
    before = there.digest()
    for device in (FAR.T, FAR.U):
        body = {"id": "F-mine", "wearer": OWN.W, "device": device, "from": SINCE}
        for path, record in (("fittings", body), ("caseload", {"records": [{"type": "fitting"} | body]})):
            answer = await there.client.post(f"{ROOT}/{path}", json=record, headers=asks("kit", "operator", "kent"))
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "device"), answer.text
            assert "somebody else" in answer.text
            assert not any(name in answer.text for name in (FAR.W, FAR.V, FAR.F, FAR.FV)), answer.text
        swap = {"id": "F-mine", "device": device}
        headers = asks("kit", "operator", "kent") | {"If-Match": there.version("fitting", OWN.F)}
        answer = await there.client.post(f"{ROOT}/fittings/{OWN.F}/swap", json=swap, headers=headers)
        assert answer.status_code == 422, answer.text
        assert not any(name in answer.text for name in (FAR.W, FAR.V, FAR.F, FAR.FV)), answer.text
    assert there.digest() == before


async def test_nobody_takes_into_their_sight_whom_they_name(there: World) -> None:
    """What makes a wearer, a victim or a zone somebody's is a record; who may write records may not write that one."""
    kit = asks("kit", "operator", "kent")
    order = {"id": "O-mine", "wearer": FAR.W, "kind": "community", "from": SINCE, "to": UNTIL, "area": "kent"}
    own_order = {"id": OWN.O, "wearer": FAR.W, "kind": "community", "from": SINCE, "to": UNTIL, "area": "kent"}
    near = {"id": "P-mine", "order": OWN.O, "kind": "proximity", "victim": FAR.V}
    zone = {"id": "N-mine", "order": OWN.O, "kind": "exclusion_zone", "zone": {"id": FAR.Z}}
    visit = {"id": "X-mine", "wearer": FAR.W, "kind": "inspect", "at": SINCE, "outcome": "done"}
    moved = {"id": OWN.K, "order": FAR.O, "kind": "trail"}
    tried = [
        *(("POST", "orders", order, None), ("POST", "conditions", near, None), ("POST", "conditions", zone, None)),
        *(("POST", "visits", visit, None), ("PUT", f"orders/{OWN.O}", own_order, ("order", OWN.O))),
        ("PUT", f"conditions/{OWN.K}", moved, ("condition", OWN.K)),
        ("POST", "caseload", {"records": [{"type": "order"} | order, {"type": "condition"} | near]}, None),
    ]
    before = there.digest()
    for method, path, body, stands in tried:
        headers = kit | ({} if stands is None else {"If-Match": there.version(*stands)})
        answer = await there.client.request(method, f"{ROOT}/{path}", json=body, headers=headers)
        assert answer.status_code == 422, (method, path, answer.text)
        assert FAR.secret not in answer.text
    assert there.digest() == before
    for path in (f"wearers/{FAR.W}", f"victims/{FAR.V}", f"zones/{FAR.Z}"):
        assert (await there.client.get(f"{ROOT}/{path}", headers=kit)).status_code == 404
