"""Saved views of the alert queue: one's own, and those that a supervisor shares with all who read alerts."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AfterValidator, Field
from starlette.responses import Response

from access.grants import SENIOR, Deed
from alerts.desk import Note
from api import shapes
from api.desk import LARGEST_ID, Asking, HasDesk, asks, once
from api.doors import Seen, seeing
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, answer
from api.problems import Problem
from domain.vocabulary import Role
from store.audit import entry_of
from store.views import MOST_VIEWS, View, ViewInUse, Views

LONGEST_NAME: Final = 60
LONGEST_QUERY: Final = 1_000
NO_VIEWS: Final[dict[int | str, dict[str, Any]]] = {
    503: {"description": "This process keeps no views", **PROBLEM_CONTENT}
}
FULL: Final[dict[int | str, dict[str, Any]]] = {
    409: {"description": f"{MOST_VIEWS} views are kept already", **PROBLEM_CONTENT}
}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["alerts"])


KEPT: Final = frozenset({"held", "state", "severity", "kind", "area", "sort"})
"""What a view may say. No text: what people type there is somebody's name."""


def filters_alone(query: str) -> str:
    """``query``, when it names filters alone; raises `ValueError`."""
    others = {name for name, _ in parse_qsl(query, keep_blank_values=True)} - KEPT
    if others:
        raise ValueError(f"only these are kept: {', '.join(sorted(KEPT))}")
    return query


def without_words(query: str) -> str:
    """``query`` with what was typed into the text field as ``*``: it is somebody's name, and that it narrows the view is enough."""
    return urlencode([(name, "*" if name == "text" else value) for name, value in parse_qsl(query)])


class NewView(shapes.Shape):
    """A view to keep: `query` is the part of the queue's address after `?`, filters alone. A name that you have used is used anew."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME, pattern=r"\S")
    query: Annotated[str, Field(max_length=LONGEST_QUERY), AfterValidator(filters_alone)]
    shared: bool = False


class SavedView(shapes.Shape):
    """A view that is kept."""

    id: str
    owner: str
    name: str
    query: str
    shared: bool


class InUse(shapes.Shape):
    """A view that somebody's page shows now."""

    who: str
    role: Role
    query: str


def views_of(desk: HasDesk) -> Views:
    """The views; 503 where this process has none."""
    if desk.views is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "views are not set up in this process")
    return desk.views


HasViews = Annotated[Views, Depends(views_of)]
Asks = Annotated[Asking, asks(Deed.WRITE_VIEWS)]


@router.get("/views", response_model=shapes.Page[SavedView], responses=NO_VIEWS)
async def views(seen: Annotated[Seen, Depends(seeing(Deed.READ_ALERTS))], kept: HasViews) -> Response:
    """Your own views by name, then those that others share."""
    found = await kept.seen_by(seen.caller.name)
    return answer({"items": [view_body(view) for view in found], "next": None})


@router.get("/views/in-use", response_model=shapes.Page[InUse], responses=NO_VIEWS)
async def in_use(
    seen: Annotated[Seen, Depends(seeing(Deed.READ_DESK))],
    desk: HasDesk,
    kept: HasViews,
    shows: Annotated[
        str | None, Query(max_length=LONGEST_QUERY, description="What your own page shows, so that others know")
    ] = None,
) -> Response:
    """Which views of the queue the centre's staff look at now. A page that tells its own every 20 s is among them for 60 s."""
    now_us = desk.clock()
    if shows is not None:
        await kept.tell(ViewInUse(seen.caller.name, seen.caller.role.value, without_words(shows)), now_us)
    items = [one._asdict() for one in await kept.in_use(now_us)]
    return answer({"items": items, "next": None})


@router.post("/views", response_model=SavedView, status_code=201, responses={**NO_VIEWS, **FULL})
async def save(asked: Asks, kept: HasViews, body: NewView) -> Response:
    """Keeps a view of yours; who is senior may share it with all who read alerts."""
    seen = asked.seen
    if body.shared and seen.caller.role not in SENIOR:
        raise Problem(HTTPStatus.FORBIDDEN, "a view is shared by a supervisor or a duty manager", field="shared")
    entry = entry_of(seen.caller, asked.desk.clock(), Deed.WRITE_VIEWS, "view", (), seen.why, done="saved")

    async def work(note: Note) -> Response:
        made = await kept.enter(body.name.strip(), body.query, body.shared, entry, note)
        if made is None:
            raise Problem(HTTPStatus.CONFLICT, f"you have {MOST_VIEWS} views already: remove one first")
        return answer(view_body(made), status=HTTPStatus.CREATED)

    return await once(asked, work)


@router.delete("/views/{view}", response_model=SavedView, responses={**NO_VIEWS, **NOT_FOUND})
async def remove(view: Annotated[str, Path(pattern=r"^[0-9]{1,19}$")], asked: Asks, kept: HasViews) -> Response:
    """Lets a view of yours go; who is senior may let go of another's that is shared. Tells what it was."""
    seen, number = asked.seen, int(view)
    senior = seen.caller.role in SENIOR
    entry = entry_of(seen.caller, asked.desk.clock(), Deed.WRITE_VIEWS, "view", (), seen.why, done="removed")
    found = next((one for one in await kept.seen_by(seen.caller.name) if one.no == number), None)

    async def work(note: Note) -> Response:
        if found is None or number > LARGEST_ID or not await kept.drop(number, senior, entry, note):
            raise Problem(HTTPStatus.NOT_FOUND, "no such view of yours")
        return answer(view_body(found))

    return await once(asked, work)


def view_body(view: View) -> dict[str, Any]:
    """`SavedView`."""
    return {"id": str(view.no), "owner": view.owner, "name": view.name, "query": view.query, "shared": view.shared}
