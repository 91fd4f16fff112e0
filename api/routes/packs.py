"""Breach packs: asked for, read, signed for, given to others; the sealed annex by a court's direction alone (docs/packs.md)."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from access.grants import Deed
from alerts.desk import Note
from api import pack_shapes
from api.desk import LARGEST_ID, Asking, asks, once
from api.doors import Seen, seeing
from api.pack_shapes import (
    OpeningAsked,
    RecipientAsked,
    SignatureAsked,
    opening_body,
    pack_body,
    recipient_body,
)
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, answer
from api.permitting import HasPermissions
from api.problems import Problem
from api.routes.breaches import routes_of
from api.routes.work import CREATED
from evidence.attachments import attachments_of
from store.audit import Entry, entry_of
from store.breaches import CaseFilter, CaseRow
from store.packs import Cannot, PackRow, Signing
from store.permissions import Permissions

PDF: Final = "application/pdf"
CHANGED: Final[dict[int | str, dict[str, Any]]] = {
    **CREATED,
    **NOT_FOUND,
    409: {"description": "It is not in a state in which that can be done; says why", **PROBLEM_CONTENT},
}
A_FILE: Final[dict[int | str, dict[str, Any]]] = {**NOT_FOUND, 200: {"description": "The file", "content": {PDF: {}}}}

Reads = Annotated[Seen, Depends(seeing(Deed.READ_PACKS))]
Asks = Annotated[Asking, asks(Deed.ASK_PACKS)]
Signs = Annotated[Asking, asks(Deed.SIGN_PACKS)]
Opens = Annotated[Asking, asks(Deed.OPEN_ANNEXES)]
BreachId = Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]
Version = Annotated[int, Path(ge=1, le=200)]
PartName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{0,40}\.(ndjson|csv|geojson|json)$")]
MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "geojson": "application/geo+json",
    "json": "application/json",
}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["breaches"])


@router.get("/breaches/{breach}/packs", response_model=pack_shapes.Packs, responses=NOT_FOUND)
async def packs(breach: BreachId, seen: Reads, tables: HasPermissions) -> Response:
    """The versions of a case's pack, the newest first; at most 200."""
    case = await _case(tables, seen, breach)
    rows = await tables.packs.of_case(case.no, seen.sight)
    await _looked(tables, seen, case, "packs")
    return answer({"items": [pack_body(row) for row in rows], "next": None})


@router.post("/breaches/{breach}/packs", response_model=pack_shapes.Pack, status_code=202, responses=CHANGED)
async def ask(breach: BreachId, asked: Asks, tables: HasPermissions) -> Response:
    """Asks for the next version. It is made meanwhile as a draft; look at it until its `state` is `draft`."""
    seen, now_us = asked.seen, asked.seen.parts.now()
    case = await _case(tables, seen, breach)
    entry = _entry(seen, case, Deed.ASK_PACKS, now_us)
    role, by = seen.caller.role.value, seen.caller.name

    async def work(note: Note) -> Response:
        try:
            version = await tables.packs.ask(case.no, role, by, now_us, entry, note)
        except Cannot as error:
            raise Problem(HTTPStatus.CONFLICT, str(error)) from None
        where = {"Location": f"{API_ROOT}/breaches/{breach}/packs/{version}"}
        row = await _pack(tables, seen, case, version)
        return answer(pack_body(row), status=HTTPStatus.ACCEPTED, headers=where)

    return await once(asked, work)


@router.get("/breaches/{breach}/packs/{version}", response_model=pack_shapes.Pack, responses=NOT_FOUND)
async def pack(breach: BreachId, version: Version, seen: Reads, tables: HasPermissions) -> Response:
    """One version: how far it is, its parts, and what a check of it says."""
    case = await _case(tables, seen, breach)
    row = await _pack(tables, seen, case, version)
    await _looked(tables, seen, case, "pack", version=version)
    return answer(pack_body(row))


@router.get("/breaches/{breach}/packs/{version}/document", response_class=Response, responses=A_FILE)
async def document(breach: BreachId, version: Version, seen: Reads, tables: HasPermissions) -> Response:
    """The PDF. Every fetch is audited."""
    case = await _case(tables, seen, breach)
    row, body = await _document(tables, seen, case, version)
    await _looked(tables, seen, case, "document", version=version)
    return _file(body, PDF, f"BW-{row.breach}-{row.version}.pdf")


@router.get("/breaches/{breach}/packs/{version}/page", response_model=pack_shapes.PackPage, responses=NOT_FOUND)
async def page(breach: BreachId, version: Version, seen: Reads, tables: HasPermissions) -> Response:
    """The same words as HTML, to be read on screen: a piece of a page, without a head; every text in it is escaped. Every fetch is audited."""
    case = await _case(tables, seen, breach)
    row = await _pack(tables, seen, case, version)
    body = await tables.packs.pages(row.no)
    if body is None:
        raise Problem(HTTPStatus.NOT_FOUND, "it is not made yet")
    await _looked(tables, seen, case, "page", version=version)
    return answer({"html": body})


@router.get("/breaches/{breach}/packs/{version}/parts/{part}", response_class=Response, responses=A_FILE)
async def part(breach: BreachId, version: Version, part: PartName, seen: Reads, tables: HasPermissions) -> Response:
    """A file inside the PDF. Every fetch is audited."""
    case = await _case(tables, seen, breach)
    row, body = await _document(tables, seen, case, version)
    found = (await asyncio.to_thread(attachments_of, body)).get(part)
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such part in that pack")
    await _looked(tables, seen, case, "part", version=version, part=part)
    return _file(found, MEDIA[part.rsplit(".", 1)[1]], f"BW-{row.breach}-{row.version}-{part}")


@router.post("/breaches/{breach}/packs/{version}/signature", response_model=pack_shapes.Pack, responses=CHANGED)
async def sign(
    breach: BreachId, version: Version, asked: Signs, tables: HasPermissions, body: SignatureAsked
) -> Response:
    """Puts your name under the draft that you read. It is made again with it, and sealed; if what it rests on has changed, it is a draft again."""
    seen, now_us = asked.seen, asked.seen.parts.now()
    case = await _case(tables, seen, breach)
    row = await _pack(tables, seen, case, version)
    signing = Signing(body.name, body.post, body.organisation, body.read_sha256, seen.caller.name, now_us)
    entry = _entry(seen, case, Deed.SIGN_PACKS, now_us, version=version)

    async def work(note: Note) -> Response:
        try:
            await tables.packs.sign(row.no, signing, entry, note)
        except Cannot as error:
            raise Problem(HTTPStatus.CONFLICT, str(error)) from None
        return answer(pack_body(await _pack(tables, seen, case, version)))

    return await once(asked, work)


@router.get("/breaches/{breach}/packs/{version}/recipients", response_model=pack_shapes.Recipients, responses=NOT_FOUND)
async def recipients(breach: BreachId, version: Version, seen: Reads, tables: HasPermissions) -> Response:
    """Who got a version, when and how."""
    case = await _case(tables, seen, breach)
    row = await _pack(tables, seen, case, version)
    await _looked(tables, seen, case, "recipients", version=version)
    items = [recipient_body(one) for one in await tables.packs.recipients(row.no, seen.sight)]
    return answer({"items": items, "next": None})


@router.post(
    "/breaches/{breach}/packs/{version}/recipients",
    response_model=pack_shapes.Recipients,
    status_code=201,
    responses=CHANGED,
)
async def give(
    breach: BreachId, version: Version, asked: Asks, tables: HasPermissions, body: RecipientAsked
) -> Response:
    """Enters who gets the version in force. They get every later one too, by the same channel."""
    seen, now_us = asked.seen, asked.seen.parts.now()
    case = await _case(tables, seen, breach)
    row = await _pack(tables, seen, case, version)
    entry = _entry(seen, case, Deed.ASK_PACKS, now_us, version=version, done="given")
    to = (body.name, body.organisation, body.email)

    async def work(note: Note) -> Response:
        try:
            await tables.packs.give(row.no, to, seen.caller.name, now_us, entry, note)
        except Cannot as error:
            raise Problem(HTTPStatus.CONFLICT, str(error)) from None
        items = [recipient_body(one) for one in await tables.packs.recipients(row.no, seen.sight)]
        return answer({"items": items, "next": None}, status=HTTPStatus.CREATED)

    return await once(asked, work)


@router.get(
    "/breaches/{breach}/packs/{version}/annex-openings", response_model=pack_shapes.Openings, responses=NOT_FOUND
)
async def openings(breach: BreachId, version: Version, seen: Reads, tables: HasPermissions) -> Response:
    """When the sealed annex was opened, and by whose direction."""
    case = await _case(tables, seen, breach)
    row = await _pack(tables, seen, case, version)
    await _looked(tables, seen, case, "openings", version=version)
    items = [opening_body(one) for one in await tables.packs.openings(row.no, seen.sight)]
    return answer({"items": items, "next": None})


@router.post(
    "/breaches/{breach}/packs/{version}/annex-openings",
    response_class=Response,
    responses={**CHANGED, **A_FILE},
)
async def open_annex(
    breach: BreachId, version: Version, asked: Opens, tables: HasPermissions, body: OpeningAsked
) -> Response:
    """The sealed annex, by a court's direction; entered before it is given, each time."""
    seen, now_us = asked.seen, asked.seen.parts.now()
    case = await _case(tables, seen, breach)
    row = await _pack(tables, seen, case, version)
    if body.directed > routes_of(seen).calendar().day_of(now_us):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "is not yet: it is when the court directed it", field="directed")
    entry = _entry(seen, case, Deed.OPEN_ANNEXES, now_us, version=version, reference=body.reference)
    direction = (body.court, body.reference, body.directed.isoformat())

    async def nothing_kept(_: Any) -> None:
        """The annex is in no kept answer."""

    try:
        found = await tables.packs.open_annex(row.no, direction, seen.caller.name, now_us, entry, nothing_kept)
    except Cannot as error:
        raise Problem(HTTPStatus.CONFLICT, str(error)) from None
    return _file(found, PDF, f"BW-{row.breach}-{row.version}-annex.pdf")


# ---- what they share ----


async def _case(tables: Permissions, seen: Seen, number: str) -> CaseRow:
    asked = int(number)
    found = await tables.breaches.cases(seen.sight, CaseFilter(), None, 1, asked) if asked <= LARGEST_ID else []
    if not found:
        raise Problem(HTTPStatus.NOT_FOUND, "no such breach case")
    return found[0]


async def _pack(tables: Permissions, seen: Seen, case: CaseRow, version: int) -> PackRow:
    found = await tables.packs.one(case.no, version, seen.sight)
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such version of a pack")
    return found


async def _document(tables: Permissions, seen: Seen, case: CaseRow, version: int) -> tuple[PackRow, bytes]:
    row = await _pack(tables, seen, case, version)
    body = await tables.packs.document(row.no)
    if body is None:
        raise Problem(HTTPStatus.NOT_FOUND, "it is not made yet")
    return row, body


async def _looked(tables: Permissions, seen: Seen, case: CaseRow, shown: str, **more: Any) -> None:
    await tables.packs.look(_entry(seen, case, Deed.READ_PACKS, seen.parts.now(), shown=shown, **more))


def _entry(seen: Seen, case: CaseRow, deed: Deed, now_us: int, **more: Any) -> Entry:
    details = {"breach": str(case.no), **more}
    return entry_of(seen.caller, now_us, deed, "wearer", [case.wearer], seen.why, **details)


def _file(body: bytes, media_type: str, name: str) -> Response:
    told = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(body, media_type=media_type, headers=told)
