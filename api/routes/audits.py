"""Who looked at whom and who changed what, for auditors. That somebody asked is itself in the audit."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response

from access.grants import Deed
from api import audit_shapes, shapes
from api.audited import looked
from api.cursors import Number, cut, link_header, next_link, read_cursor
from api.doors import Seen, seeing
from api.instants import Instant
from api.negotiation import chosen
from api.parts import API_ROOT, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.problems import Problem
from api.routes.decisions import JSON, NDJSON
from api.routes.people import LIST_DEFAULT, ListLimit
from domain.instants import format_instant
from store.audit_reading import AuditRow, AuditWanted

WORD: Final = r"^[!-~]{1,128}$"

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["audit"])


@router.get(
    "/audit",
    response_model=shapes.Page[audit_shapes.AuditEntry],
    responses={
        200: {"content": {NDJSON: {"schema": {"type": "string"}}}},
        503: {"description": "This process keeps no audit", **PROBLEM_CONTENT},
    },
)
async def audit(
    request: Request,
    seen: Annotated[Seen, Depends(seeing(Deed.READ_AUDIT))],
    who: Annotated[str | None, Query(pattern=WORD, description="By this account or key")] = None,
    subject: Annotated[str | None, Query(pattern=WORD, description="Who looked at, or changed, this one")] = None,
    deed: Annotated[str | None, Query(pattern=WORD, description="Such as `positions.read`")] = None,
    from_: Annotated[Instant | None, Query(alias="from", description="Inclusive")] = None,
    to: Annotated[Instant | None, Query(description="Exclusive")] = None,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
    accept: Annotated[str | None, Header()] = None,
) -> Response:
    """Entries whose bodies are still kept, the newest first; as lines with `Accept: application/x-ndjson`."""
    media_type = chosen(accept, (JSON, NDJSON))
    side = seen.parts.audit
    if side is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "this process keeps no audit")
    wanted = AuditWanted(who, subject, deed, from_, to)
    rows = await side.entries(wanted, read_cursor(cursor, Number), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.body_no)
    asked = {"who": who, "deed": deed, "from": _told(from_), "to": _told(to)}
    about = [] if subject is None else [subject]
    given = {key: one for key, one in asked.items() if one is not None}
    await looked(seen, Deed.READ_AUDIT, "audit", about, asked=given)
    link = next_link(request, onward)
    if media_type == NDJSON:
        headers = link_header(link) | {"Vary": "Accept"}
        return Response(msgspec.json.Encoder().encode_lines(map(entry_body, page)), headers=headers, media_type=NDJSON)
    return answer({"items": [entry_body(row) for row in page], "next": link}, link, headers={"Vary": "Accept"})


def entry_body(row: AuditRow) -> dict[str, Any]:
    """An entry as it is told."""
    told = {key: row.body.get(key) for key in ("who", "role", "by", "address", "session", "deed", "subject_type")}
    many = {key: row.body.get(key) for key in ("subjects", "set", "count", "why", "details")}
    return {"id": str(row.no), "at": format_instant(row.at_us)} | told | many | {"hash": row.hash.hex()}


def _told(at_us: int | None) -> str | None:
    return None if at_us is None else format_instant(at_us)
