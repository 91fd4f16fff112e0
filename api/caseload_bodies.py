"""Records of the caseload as the objects of `api.caseload_shapes`, and requests' bodies as what `domain.caseload_file` reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterable
from http import HTTPStatus
from typing import Any, Final, ParamSpec, TypeVar

from starlette.requests import Request

from api.caseload_causes import refused
from api.caseload_desk import Checked
from api.problems import Problem
from domain.caseload_checks import Key
from domain.caseload_file import Written, written_lines, written_objects
from domain.caseload_lines import object_of
from domain.caseload_values import Wrong
from domain.errors import Fault
from domain.instants import EARLY_US, format_instant
from store.caseload_entry import Stood
from store.caseload_seen import EnteredRow

P = ParamSpec("P")
T = TypeVar("T")

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
BODY: Final = "body"
MOST_RECORDS: Final = 1_000
"""Records that are entered together."""
LARGE_BYTES: Final = 32_768
"""A body of more is read on another thread, so that nobody waits for somebody's large zone."""


def kept_body(row: EnteredRow) -> dict[str, Any]:
    """`caseload_shapes.Kept`."""
    return {
        "id": row.id,
        "record": {key: value for key, value in row.body.items() if key != "type"},
        "version": str(row.record_no),
        "holds_from": None if row.holds_from_us == EARLY_US else format_instant(row.holds_from_us),
        "entered": format_instant(row.entered_us),
        "by": row.by,
        # What ingest found at its very first start was learnt before everything.
        "learnt": None if row.learnt_us is None else format_instant(max(row.learnt_us, row.entered_us)),
        "cancelled": row.cancelled,
    }


def entered_body(row: EnteredRow, warnings: Iterable[Fault] = ()) -> dict[str, Any]:
    """`caseload_shapes.Entered`."""
    return kept_body(row) | {"warnings": warned(warnings)}


def warned(warnings: Iterable[Fault], *, lines: bool = False) -> list[dict[str, Any]]:
    """`caseload_shapes.Warned` of each, or `LineWarned`."""
    return [{"field": one.field, "cause": one.cause} | ({"line": one.line} if lines else {}) for one in warnings]


async def read_object(request: Request) -> dict[str, Any]:
    """The one JSON object of a request's body, each key once. 415 for another type, 422 with the cause for another thing."""
    if _media_type(request) != JSON:
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send it as {JSON}")
    body = await request.body()
    return await _apart(len(body), _object, body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = object_of(body, first=True)
    except Wrong as wrong:
        raise refused([Fault(BODY, 1, BODY, wrong.cause)], lines=False) from None
    if found is None:
        raise refused([Fault(BODY, 1, BODY, "is empty; send the record")], lines=False)
    return found


async def written_one(
    kind: str, found: dict[str, Any], zones: Container[str], name: str | None = None, size: int = 0
) -> Written:
    """A record of a type that the path names, and where ``name`` is given its id too; ``size`` is that of the body, in bytes."""
    said = {"type": kind} | ({} if name is None else {"id": name}) | found
    wrong = [] if said["type"] == kind else [("type", "is another than the path's; leave it out")]
    if name is not None and said["id"] != name:
        wrong.append(("id", "is another than the path's; an id never changes"))
    if wrong:
        raise refused([Fault(BODY, 1, *one) for one in wrong], lines=False)
    return await _apart(size, written_objects, [said], BODY, zones)


async def written_many(request: Request, zones: Container[str]) -> Written:
    """Records as NDJSON, or as `{"records": [...]}`."""
    media_type = _media_type(request)
    if media_type not in (JSON, NDJSON):
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send it as {NDJSON} or {JSON}")
    body = await request.body()
    if media_type == NDJSON:
        lines = body.splitlines()
        _check_count(len(lines))
        return await _apart(len(body), written_lines, lines, BODY, zones)
    found = await _apart(len(body), _object, body)
    records = found.get("records")
    if set(found) != {"records"} or not isinstance(records, list):
        raise refused([Fault(BODY, 1, "records", "must be there alone: a list of records")], lines=False)
    _check_count(len(records))
    return await _apart(len(body), written_objects, records, BODY, zones)


async def _apart(size: int, read: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    return await asyncio.to_thread(read, *given, **named) if size > LARGE_BYTES else read(*given, **named)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", JSON).partition(";")[0].strip().lower()


def _check_count(number: int) -> None:
    if number > MOST_RECORDS:
        detail = f"at most {MOST_RECORDS} records are taken together; more are imported as a file"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field="records")


def many_body(checked: Checked, written: Written, after: dict[Key, Stood], *, preview: bool) -> dict[str, Any]:
    """`caseload_shapes.ManyEntered`."""
    news = checked.news
    now = checked.stood | after
    return {
        "new": len(news.fresh),
        "changed": len(news.changed),
        "unchanged": news.unchanged,
        "records": [
            {"type": key[0], "id": key[1], "version": None if preview or key not in now else str(now[key].record_no)}
            for key in written.records
        ],
        "warnings": warned(checked.warnings, lines=True),
        "preview": preview,
    }
