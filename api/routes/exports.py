"""Exports: asked for, told of, fetched (docs/exports.md). They are made by a process of their own."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import FileResponse, Response

from access.grants import Deed
from alerts.desk import Note
from api import shapes
from api.cursors import Number, cut, next_link, read_cursor
from api.desk import Asking, HasDesk, asks, once
from api.doors import Seen, seeing
from api.export_files import AtExports, ExportFile
from api.export_shapes import Export, NewExport, export_body
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.problems import Problem
from api.routes.people import LIST_DEFAULT, ListLimit
from domain.callers import Caller
from domain.exports import MANIFEST
from domain.vocabulary import Role
from store.audit import Entry, entry_of
from store.exports import ExportRow, TooManyExports, ask_for
from store.exports import NewExport as Wanted
from store.reading_types import Subject

FETCHED: Final = "exports.fetch"
GZIP: Final = "application/gzip"
AGAIN_S: Final = 60
NO_EXPORTS: Final[dict[int | str, dict[str, Any]]] = {
    503: {"description": "Exports are not set up in this process", **PROBLEM_CONTENT}
}
ASKED: Final[dict[int | str, dict[str, Any]]] = {
    **NO_EXPORTS,
    403: {"description": "Everything is for who sees every area", **PROBLEM_CONTENT},
    409: {"description": "A request with this key was taken, and its answer is not there yet", **PROBLEM_CONTENT},
    429: {"description": "Too many are not finished", **PROBLEM_CONTENT},
}
A_FILE: Final[dict[int | str, dict[str, Any]]] = {
    **NO_EXPORTS,
    **NOT_FOUND,
    200: {"description": "The file", "content": {GZIP: {}, "application/json": {}}},
    206: {"description": "A part of it", "content": {GZIP: {}, "application/json": {}}},
    410: {"description": "It has expired", **PROBLEM_CONTENT},
}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["exports"])

Reads = Annotated[Seen, Depends(seeing(Deed.READ_EXPORTS))]
Writes = Annotated[Seen, Depends(seeing(Deed.WRITE_EXPORTS))]
ExportId = Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]
FileName = Annotated[
    str, Path(pattern=r"^(manifest\.json|(protected/)?[a-z][a-z0-9_]{0,62}(-[0-9]{6})?\.(csv|ndjson)\.gz)$")
]


def exports_of(desk: HasDesk) -> AtExports:
    """Exports; 503 where this process has none."""
    if desk.exports is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "exports are not set up: EXPORTS_FOLDER names no folder")
    return desk.exports


HasExports = Annotated[AtExports, Depends(exports_of)]


Asks = Annotated[Asking, asks(Deed.WRITE_EXPORTS)]


@router.post("/exports", response_model=Export, status_code=202, responses=ASKED)
async def ask(asked: Asks, at: HasExports, body: NewExport) -> Response:
    """Asks for an export: of everything, which another system can import, or of one wearer.

    It is made meanwhile; look at it until its `state` is `done`, then fetch its files.
    """
    await _must_be_right(asked, body)
    caller, now_us = asked.seen.caller, asked.desk.clock()
    wanted = Wanted(
        kind=body.kind,
        asked_by=caller.name,
        asked_role=caller.role.value,
        asked_us=now_us,
        subject=body.wearer,
        from_us=body.from_,
        to_us=body.to,
        protected=body.protected,
        why=asked.seen.why,
    )

    entry = _entry(asked.seen, now_us, Deed.WRITE_EXPORTS, body.wearer, kind=body.kind, protected=body.protected)

    async def work(note: Note) -> Response:
        try:
            async with at.exports.changing(entry) as conn:
                await note(conn)
                number = await ask_for(conn, wanted)
        except TooManyExports as error:
            headers = {"Retry-After": str(AGAIN_S)}
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, str(error), headers=headers) from None
        row = await at.exports.one(number, None)
        assert row is not None, "an export that was just entered is there"
        headers = {"Location": f"{API_ROOT}/exports/{number}"}
        return answer(export_body(row, files=True), status=HTTPStatus.ACCEPTED, headers=headers)

    return await once(asked, work)


def _entry(seen: Seen, now_us: int, deed: str, wearer: str | None, **details: Any) -> Entry:
    """What the audit is told: about the wearer, where it is of one."""
    if wearer is None:
        return entry_of(seen.caller, now_us, deed, "export", (), seen.why, **details)
    return entry_of(seen.caller, now_us, deed, "wearer", (wearer,), seen.why, **details)


async def _must_be_right(asked: Asking, body: NewExport) -> None:
    if body.kind == "everything":
        for field, given in (("wearer", body.wearer), ("from", body.from_), ("to", body.to)):
            if given is not None:
                raise _wrong(field, "is of an export of a wearer; one of everything has no bounds")
        if asked.seen.caller.areas is not None:
            raise Problem(HTTPStatus.FORBIDDEN, "an export of everything is for a duty manager of every area")
        return
    if body.wearer is None:
        raise _wrong("wearer", "must name the wearer")
    if body.protected:
        raise _wrong("protected", "an export of a wearer holds nothing of protected people")
    if body.from_ is not None and body.to is not None and body.to <= body.from_:
        raise _wrong("to", "must be after `from`")
    await asked.must_know(Subject.WEARER, body.wearer)


def _wrong(field: str, cause: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, cause, field=field)


@router.get("/exports", response_model=shapes.Page[Export], responses=NO_EXPORTS)
async def exports(
    request: Request, seen: Reads, at: HasExports, cursor: Cursor = None, limit: ListLimit = LIST_DEFAULT
) -> Response:
    """Exports, the newest first: of everybody for who sees every area and for auditors, else one's own."""
    rows = await at.exports.page(_whose(seen.caller), read_cursor(cursor, Number), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.no)
    items = [export_body(row, files=False) for row in page]
    return answer({"items": items, "next": (link := next_link(request, onward))}, link)


@router.get("/exports/{export}", response_model=Export, responses={**NO_EXPORTS, **NOT_FOUND})
async def export(export: ExportId, seen: Reads, at: HasExports) -> Response:
    """One export: how far it is, and its files."""
    return answer(export_body(await _there(at, export, seen.caller), files=True))


@router.get("/exports/{export}/files/{file:path}", response_class=FileResponse, responses=A_FILE)
async def file(export: ExportId, file: FileName, seen: Writes, at: HasExports) -> Response:
    """A file of an export; every fetch is audited. For whoever asked for it, and duty managers of every area."""
    row = await _there(at, export, seen.caller)
    if row.state == "expired":
        raise Problem(HTTPStatus.GONE, "it has expired; ask for another")
    path = at.path(row, file)
    if path is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such file in that export")
    await at.exports.look(_entry(seen, seen.parts.now(), FETCHED, row.subject, export=export, file=file))
    media_type = "application/json" if file == MANIFEST else GZIP
    return ExportFile(path, media_type=media_type, filename=file.replace("/", "-"))


async def _there(at: AtExports, export: str, caller: Caller) -> ExportRow:
    row = await at.exports.one(int(export), _whose(caller))
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such export")
    return row


def _whose(caller: Caller) -> str | None:
    everybodys = caller.areas is None or caller.role is Role.AUDITOR
    return None if everybodys else caller.name
