"""Recorded crimes: told by the police, matched by another process, looked at by two people before the force sees who (docs/crimes.md)."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.responses import Response

from access.grants import CENTRE, Deed
from access.permits import book_of
from alerts.desk import Note
from api import crime_shapes, shapes
from api.audited import looked
from api.crime_of_one import of_one, of_one_body, sought_of
from api.crime_shapes import Authorising, CrimeTold, Qualifying, crime_body, match_body, match_now_body, named_of
from api.cursors import Name, Number, cut, next_link, read_cursor
from api.desk import LARGEST_ID, Asking, asks, once
from api.doors import Seen, seeing
from api.etags import etag, revision_seen
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.permitting import HasPermissions, Mask
from api.problems import Problem
from api.routes.people import ID_CHARACTERS, LIST_DEFAULT, ListLimit
from api.routes.work import CREATED
from domain.callers import Caller
from domain.vocabulary import Role
from evidence.crime_rows import UnreadableBatch, read_batch
from evidence.crimes import Crime, read_crime
from evidence.matching_homes import homes_of
from store.audit import Entry, entry_of
from store.crimes import CrimeRow, Crimes, Entered, Locked, Match, Named, SamePerson
from store.permissions import Permissions
from store.reading_types import Subject

CSV: Final = "text/csv"
NO_MATCH: Final = "no such match in the newest result"
_BATCH: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            CSV: {"schema": {"type": "string", "description": "One crime a row, under a line that names the columns"}}
        },
    }
}
ENTERED: Final[dict[int | str, dict[str, Any]]] = {
    **CREATED,
    200: {"description": "It was told before in the same words", "model": crime_shapes.CrimeNow},
}
WORKED: Final[dict[int | str, dict[str, Any]]] = {
    **NOT_FOUND,
    403: {"description": "Whoever qualified it cannot authorise it", **PROBLEM_CONTENT},
    409: {"description": "The result is not the newest any more, or it was decided", **PROBLEM_CONTENT},
    412: {"description": "It has changed since", **PROBLEM_CONTENT},
}

Number19 = Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]
WearerId = Annotated[str, Path(pattern=ID_CHARACTERS)]
Reads = Annotated[Seen, Depends(seeing(Deed.READ_CRIMES))]
ReadsMatches = Annotated[Seen, Depends(seeing(Deed.READ_CRIME_MATCHES))]
Qualifies = Annotated[Seen, Depends(seeing(Deed.QUALIFY_CRIME_MATCHES))]
Authorises = Annotated[Seen, Depends(seeing(Deed.AUTHORISE_CRIME_MATCHES))]
IfMatch = Annotated[str | None, Header(description='The `ETag` of the match as you saw it, such as `"1"`')]

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["crimes"])


@router.get("/crimes", response_model=shapes.Page[crime_shapes.CrimeNow])
async def crimes(
    request: Request,
    seen: Reads,
    tables: HasPermissions,
    reference: Annotated[str | None, Query(max_length=64, description="The crime's number in its force")] = None,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
) -> Response:
    """Recorded crimes with what they came to, in numbers, the newest first; the police have those of their force."""
    before = read_cursor(cursor, Number)
    rows = await tables.crimes.crimes(await _forces(seen, tables), before, limit + 1, reference=reference)
    page, onward = cut(rows, limit, lambda row: row.no)
    return answer({"items": [crime_body(row) for row in page], "next": (link := next_link(request, onward))}, link)


@router.post("/crimes", response_model=crime_shapes.CrimeNow, status_code=201, responses=ENTERED)
async def tell(asked: Annotated[Asking, asks(Deed.WRITE_CRIMES)], tables: HasPermissions, body: CrimeTold) -> Response:
    """Tells of a crime, or corrects one: other words under the same force and reference are a new version, and it is matched again."""
    seen = asked.seen
    found = read_crime(body.texts(), await _known_forces(seen, tables), seen.parts.now())
    if not isinstance(found, Crime):
        errors = crime_shapes.wrong_body(found)
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{found[0].field} {found[0].cause}", errors=errors)

    async def work(note: Note) -> Response:
        (done,) = await _enter(seen, tables, [named_of(found)], note)
        row = await tables.crimes.crime(done.no, None)
        assert row is not None
        return answer(crime_body(row), status=HTTPStatus.CREATED if done.is_new else HTTPStatus.OK)

    return await once(asked, work)


@router.post("/crimes/batches", response_model=crime_shapes.BatchDone, openapi_extra=_BATCH)
async def batch(
    request: Request, asked: Annotated[Asking, asks(Deed.WRITE_CRIMES)], tables: HasPermissions
) -> Response:
    """Tells of many crimes as a CSV file: each row has its own answer, and what is right is entered whatever else is wrong.

    Columns: `force`, `reference`, `kind`, `from`, `to`; the place as `grid`, `easting` and `northing`, or `lat` and `lon`; and
    `radius_m`, which may be left out. At most 5,000 rows and 1 MiB.
    """
    seen, media = asked.seen, request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != CSV:
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send the file as {CSV}", field="Content-Type")
    try:
        rows = read_batch(await request.body(), await _known_forces(seen, tables), seen.parts.now())
    except UnreadableBatch as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), field="file") from None

    async def work(note: Note) -> Response:
        right = [row for row in rows if row.crime is not None]
        entered = await _enter(seen, tables, [named_of(row.crime) for row in right if row.crime is not None], note)
        done = dict(zip((row.line for row in right), entered, strict=True))
        items = [crime_shapes.row_body(row, done.get(row.line)) for row in rows]
        words = ("created", "corrected", "duplicate", "refused")
        counts = {word: sum(item["outcome"] == word for item in items) for word in words}
        return answer(counts | {"rows": items})

    return await once(asked, work)


@router.get("/crimes/{crime}", response_model=crime_shapes.CrimeWhole, responses=NOT_FOUND)
async def one(crime: Number19, seen: Reads, tables: HasPermissions) -> Response:
    """A crime: everything that was told of it, and every result, in numbers."""
    row = await _read(seen, tables, crime)
    versions = [crime_shapes.version_body(one) for one in await tables.crimes.versions(row.no)]
    results = [crime_shapes.result_body(one, row) for one in await tables.crimes.results(row.no)]
    return answer(crime_body(row) | {"versions": versions, "results": results})


@router.get("/crimes/{crime}/matches", response_model=shapes.Page[crime_shapes.CrimeMatched], responses=NOT_FOUND)
async def matches(
    request: Request,
    crime: Number19,
    seen: ReadsMatches,
    tables: HasPermissions,
    result: Annotated[
        str | None, Query(pattern=r"^[0-9]{1,19}$", description="An earlier result; left out: the newest")
    ] = None,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
) -> Response:
    """Who was near, the highest score first: wearers in your sight. The police have those whom two people of the centre let them see."""
    row = await _read(seen, tables, crime)
    after = read_cursor(cursor, tuple[Number, Name])
    number = await _result_of(tables.crimes, row, result)
    found = [] if number is None else await _matches(seen, tables.crimes, number)
    rest = [one for one in found if after is None or (-one.score, one.wearer) > after]
    page, onward = cut(rest[: limit + 1], limit, lambda one: (-one.score, one.wearer))
    details = {"crime": str(row.no), "result": None if number is None else str(number)}
    await looked(seen, Deed.READ_CRIME_MATCHES, "wearer", [one.wearer for one in page], **details)
    items = [match_body(row.no, number or 0, one) for one in page]
    return answer({"items": items, "next": (link := next_link(request, onward))}, link)


@router.post("/crimes/{crime}/matches/{wearer}/qualify", response_model=crime_shapes.CrimeMatchNow, responses=WORKED)
async def qualify(
    crime: Number19,
    wearer: WearerId,
    seen: Qualifies,
    tables: HasPermissions,
    body: Qualifying,
    if_match: IfMatch = None,
) -> Response:
    """Somebody of the centre looked at a match and says whether it is plausible, and why; again, as long as nobody decided."""
    row = await _read(seen, tables, crime)
    number, standing = await _in_newest(seen, tables.crimes, row, wearer)
    match = revision_seen(if_match, standing)
    told, entry = (
        (body.plausible, body.note),
        _entry(seen, Deed.QUALIFY_CRIME_MATCHES, row, wearer, plausible=body.plausible),
    )
    was = await tables.crimes.qualify(row.no, number, wearer, match, *told, seen.caller.name, seen.parts.now(), entry)
    return await _after(seen, tables.crimes, row, number, wearer, was, match)


@router.post("/crimes/{crime}/matches/{wearer}/authorise", response_model=crime_shapes.CrimeMatchNow, responses=WORKED)
async def authorise(
    crime: Number19,
    wearer: WearerId,
    seen: Authorises,
    tables: HasPermissions,
    body: Authorising,
    if_match: IfMatch = None,
) -> Response:
    """A supervisor or duty manager, another than who qualified it, says whether the force sees who it was; only what is plausible."""
    row = await _read(seen, tables, crime)
    number, standing = await _in_newest(seen, tables.crimes, row, wearer)
    match = revision_seen(if_match, standing)
    told, entry = (
        (body.authorised, body.decision),
        _entry(seen, Deed.AUTHORISE_CRIME_MATCHES, row, wearer, authorised=body.authorised),
    )
    try:
        was = await tables.crimes.decide(
            row.no, number, wearer, match, *told, seen.caller.name, seen.parts.now(), entry
        )
    except SamePerson:
        raise Problem(HTTPStatus.FORBIDDEN, "you qualified this match: somebody else must decide on it") from None
    if was is not None and not was.decided and was.stands and match in (None, was.revision):
        if was.plausible is None:
            raise Problem(HTTPStatus.CONFLICT, "nobody has qualified it yet: that comes first")
        if body.authorised and not was.plausible:
            raise Problem(HTTPStatus.CONFLICT, "it was not found plausible, so it cannot be authorised")
    return await _after(seen, tables.crimes, row, number, wearer, was, match)


@router.get("/crimes/{crime}/wearers/{wearer}", response_model=crime_shapes.OfOne, responses=NOT_FOUND)
async def of_a_wearer(
    crime: Number19, wearer: WearerId, seen: ReadsMatches, tables: HasPermissions, mask: Mask
) -> Response:
    """What one wearer's positions say about a crime, as you may see them: `near`, `elsewhere` or `no_data`, in the same words for all.

    The police ask by an approved request. Without a position that may be used it is `no_data`, whatever the reason.
    """
    row = await _read(seen, tables, crime)
    if not await seen.reading.in_sight(Subject.WEARER, wearer):
        raise Problem(HTTPStatus.NOT_FOUND, "no such wearer")
    told = row.version.told
    permits, requests = await mask.of_wearer(seen, wearer, told.from_us, told.to_us)
    await mask.used(seen, requests)
    numbers = {"requests": [str(one) for one in requests]} if requests else {}
    await looked(seen, Deed.READ_CRIME_MATCHES, "wearer", [wearer], crime=str(row.no), **numbers)
    outcome = await of_one(tables.crimes.facts, permits, wearer, sought_of(told))
    book = book_of(await seen.parts.reading.caseload_of([wearer]), mask.windows)
    return answer(of_one_body(row, wearer, outcome, homes_of(book, wearer, told.from_us, told.to_us)))


async def _forces(seen: Seen, tables: Permissions) -> frozenset[str] | None:
    """Whose crimes are read: all by the centre, whose sight cuts the wearers; those of its forces by the police."""
    areas = seen.caller.areas
    if seen.caller.role in CENTRE or areas is None:
        return None
    return await tables.areas_below(areas)


async def _known_forces(seen: Seen, tables: Permissions) -> dict[str, str]:
    """For which forces somebody may tell of crimes."""
    return await tables.crimes.forces(await _forces(seen, tables))


async def _enter(seen: Seen, tables: Permissions, crimes: Sequence[Named], note: Note) -> list[Entered]:
    now_us = seen.parts.now()
    entry = entry_of(seen.caller, now_us, Deed.WRITE_CRIMES, "crime", (), seen.why)
    return await tables.crimes.enter(crimes, seen.caller.name, now_us, entry, note)


async def _read(seen: Seen, tables: Permissions, number: str) -> CrimeRow:
    row = await tables.crimes.crime(int(number), await _forces(seen, tables)) if int(number) <= LARGEST_ID else None
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such crime")
    return row


async def _result_of(crimes: Crimes, row: CrimeRow, wanted: str | None) -> int | None:
    """The number of the result that is asked for; None before the first."""
    if wanted is None:
        return None if row.result is None else row.result.no
    if not any(one.no == int(wanted) for one in await crimes.results(row.no)):
        raise Problem(HTTPStatus.NOT_FOUND, "no such result of that crime", field="result")
    return int(wanted)


async def _matches(seen: Seen, crimes: Crimes, number: int) -> list[Match]:
    return await crimes.matches(number, None if _is_police(seen.caller) else seen.sight)


def _is_police(caller: Caller) -> bool:
    return caller.role is Role.POLICE


async def _in_newest(seen: Seen, crimes: Crimes, row: CrimeRow, wearer: str) -> tuple[int, int]:
    """The newest result, where that wearer is among those near in it and in sight, and the revision of that match."""
    if row.result is None:
        raise Problem(HTTPStatus.NOT_FOUND, NO_MATCH)
    found = await crimes.matches(row.result.no, seen.sight, wearer)
    if not found:
        raise Problem(HTTPStatus.NOT_FOUND, NO_MATCH)
    return row.result.no, found[0].revision


def _entry(seen: Seen, deed: Deed, row: CrimeRow, wearer: str, **details: Any) -> Entry:
    return entry_of(seen.caller, seen.parts.now(), deed, "wearer", [wearer], seen.why, crime=str(row.no), **details)


async def _after(
    seen: Seen, crimes: Crimes, row: CrimeRow, number: int, wearer: str, was: Locked | None, revision: int | None
) -> Response:
    if was is None:
        raise Problem(HTTPStatus.NOT_FOUND, NO_MATCH)
    if not was.stands:
        raise Problem(HTTPStatus.CONFLICT, "the crime was corrected, or is matched again: look at its newest result")
    if was.decided:
        raise Problem(HTTPStatus.CONFLICT, "it was decided, and stays so")
    if revision not in (None, was.revision):
        raise Problem(HTTPStatus.PRECONDITION_FAILED, "the match has changed since you saw it")
    (now,) = await crimes.matches(number, seen.sight, wearer)
    return answer(match_now_body(row.no, number, now), headers=etag(now.revision))
