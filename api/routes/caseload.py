"""The caseload by resource: lists, one record, its versions, and entering: a new one, a variation, an end.

Each type of record is one resource with the same routes (`api.caseload_resources`). Annotations here are looked at when a route
is made, so they are not postponed.
"""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from alerts.desk import Note
from api import shapes
from api.caseload_asked import AskedOf, HoldsFrom, VersionSeen, changes, filtered, reads
from api.caseload_bodies import JSON, entered_body, kept_body, read_object
from api.caseload_changes import change, create, end
from api.caseload_resources import RESOURCES, Resource
from api.caseload_shapes import Entered, Kept
from api.cursors import Name, Number, cut, next_link, read_cursor
from api.desk import once
from api.etags import etag
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.problems import Problem
from api.routes.people import ID_CHARACTERS, LIST_DEFAULT, ListLimit
from store.caseload_seen import RecordFilter

UNREADABLE: dict[int | str, dict[str, Any]] = {
    415: {"description": "The body is of another type", **PROBLEM_CONTENT},
    503: {"description": "Somebody else is entering records, or the caseload is not set up", **PROBLEM_CONTENT},
}
CREATES: dict[int | str, dict[str, Any]] = {
    **UNREADABLE,
    409: {"description": "There is one of this id already", **PROBLEM_CONTENT},
}
CHANGES: dict[int | str, dict[str, Any]] = {
    **UNREADABLE,
    **NOT_FOUND,
    412: {"description": "It has changed since: by whom and when", **PROBLEM_CONTENT},
    428: {"description": "If-Match is missing", **PROBLEM_CONTENT},
}
ENDS: dict[int | str, dict[str, Any]] = {**CHANGES, 409: {"description": "Others refer to it", **PROBLEM_CONTENT}}
ENDS.pop(415)

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS)


def _add(resource: Resource, method: str, path: str, endpoint: Any, words: str, **more: Any) -> None:
    named: dict[str, Any] = {
        "name": f"{method.lower()}_{resource.plural}{path.replace('/', '_').translate(_PLAIN)}",
        "description": words,
    }
    router.add_api_route(
        f"/{resource.plural}{path}", endpoint, methods=[method], tags=[resource.plural], **named, **more
    )


_PLAIN = str.maketrans("", "", "{}")


def _of(generic: Any, resource: Resource) -> Any:
    """A generic shape of the resource's record."""
    return generic[resource.shape]


def _page(resource: Resource) -> Any:
    page: Any = shapes.Page
    return page[_of(Kept, resource)]


def _id_of(resource: Resource) -> Any:
    """The id in the path, by the word of its type."""
    return Path(alias=resource.kind, pattern=ID_CHARACTERS)


def _body_of(resource: Resource) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{resource.shape.__name__}"}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def _list(resource: Resource) -> None:
    wanted_of = filtered(resource.filters)
    asked_of = reads(resource.read)

    async def records(
        request: Request,
        asked: AskedOf = asked_of,
        wanted: RecordFilter = wanted_of,
        cursor: Cursor = None,
        limit: ListLimit = LIST_DEFAULT,
    ) -> Response:
        reader = asked.caseload.seen(asked.seen.sight)
        rows = await reader.page(resource.kind, wanted, read_cursor(cursor, Name), limit + 1)
        page, onward = cut(rows, limit, lambda row: row.id)
        return answer({"items": [kept_body(row) for row in page], "next": (link := next_link(request, onward))}, link)

    words = f"The {resource.plural} that stand, as they were entered last, by id."
    _add(resource, "GET", "", records, words, response_model=_page(resource))


def _one(resource: Resource) -> None:
    id_of = _id_of(resource)
    asked_of = reads(resource.read)

    async def record(record: str = id_of, asked: AskedOf = asked_of) -> Response:
        row = await asked.caseload.seen(asked.seen.sight).one(resource.kind, record)
        if row is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"no such {resource.kind}")
        return answer(kept_body(row), headers=etag(row.record_no))

    words = (
        "One as it was entered last, with its version as `ETag`; also one that was ended, which then is `cancelled`."
    )
    _add(
        resource,
        "GET",
        f"/{{{resource.kind}}}",
        record,
        words,
        response_model=_of(Kept, resource),
        responses=NOT_FOUND,
    )


def _versions(resource: Resource) -> None:
    id_of = _id_of(resource)
    asked_of = reads(resource.read)

    async def versions(
        request: Request,
        record: str = id_of,
        asked: AskedOf = asked_of,
        cursor: Cursor = None,
        limit: ListLimit = LIST_DEFAULT,
    ) -> Response:
        reader = asked.caseload.seen(asked.seen.sight)
        rows = await reader.versions(resource.kind, record, read_cursor(cursor, Number), limit + 1)
        if not rows and cursor is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"no such {resource.kind}")
        page, onward = cut(rows, limit, lambda row: row.record_no)
        return answer({"items": [kept_body(row) for row in page], "next": (link := next_link(request, onward))}, link)

    words = "Every version of one, the newest first: from when each holds, when we learnt it, when and by whom it was entered."
    model = _page(resource)
    _add(resource, "GET", f"/{{{resource.kind}}}/versions", versions, words, response_model=model, responses=NOT_FOUND)


def _create(resource: Resource) -> None:
    asked_of = changes(resource.write)

    async def new(request: Request, asked: AskedOf = asked_of, holds_from: HoldsFrom = None) -> Response:
        async def work(note: Note) -> Response:
            found = await read_object(request)
            row, warnings = await create(asked, resource, found, note, holds_from)
            where = {"Location": f"{API_ROOT}/{resource.plural}/{row.id}"}
            return answer(entered_body(row, warnings), status=HTTPStatus.CREATED, headers=etag(row.record_no) | where)

        return await once(asked.asking, work)

    words = f"Enters a new {resource.kind}: its record, as in a caseload file without `type`."
    shape = {"response_model": _of(Entered, resource), "openapi_extra": _body_of(resource)}
    _add(resource, "POST", "", new, words, status_code=201, responses=CREATES, **shape)


def _change(resource: Resource) -> None:
    id_of = _id_of(resource)
    asked_of = changes(resource.write)

    async def variation(
        request: Request,
        record: str = id_of,
        asked: AskedOf = asked_of,
        if_match: str = VersionSeen,
        holds_from: HoldsFrom = None,
    ) -> Response:
        async def work(note: Note) -> Response:
            found = await read_object(request)
            row, warnings = await change(asked, resource, record, found, if_match, note, holds_from)
            return answer(entered_body(row, warnings), headers=etag(row.record_no))

        return await once(asked.asking, work)

    words = "Enters a new version, the whole record; nothing is edited in place. The same again changes nothing."
    shape = {"response_model": _of(Entered, resource), "openapi_extra": _body_of(resource)}
    _add(resource, "PUT", f"/{{{resource.kind}}}", variation, words, responses=CHANGES, **shape)


def _end(resource: Resource) -> None:
    id_of = _id_of(resource)
    asked_of = changes(resource.write)

    async def ended(
        record: str = id_of, asked: AskedOf = asked_of, if_match: str = VersionSeen, holds_from: HoldsFrom = None
    ) -> Response:
        async def work(note: Note) -> Response:
            row = await end(asked, resource, record, if_match, note, holds_from)
            return answer(entered_body(row), headers=etag(row.record_no))

        return await once(asked.asking, work)

    words = "Ends it by a version that is `cancelled`. What was before stays, and so do its versions."
    _add(
        resource,
        "DELETE",
        f"/{{{resource.kind}}}",
        ended,
        words,
        response_model=_of(Entered, resource),
        responses=ENDS,
    )


for _resource in RESOURCES:
    if _resource.listed:
        _list(_resource)
    if _resource.shown:
        _one(_resource)
    for _route in (_versions, _create, _change, _end):
        _route(_resource)
