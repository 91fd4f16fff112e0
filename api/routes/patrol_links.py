"""Links for officers on the way to a wearer: made from an open critical alert, told once, revoked at will (docs/decisions/0022)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from starlette.responses import Response

from access.grants import Deed
from api import shapes
from api.desk import LARGEST_ID, HasDesk, no_such
from api.doors import Seen, seeing
from api.made_secrets import digest, token
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, answer
from api.problems import Problem
from api.routes.work import AlertId
from domain.instants import MINUTE_US, format_instant
from store.audit import entry_of
from store.patrol_links import NewLink, PatrolLink, PatrolLinks
from store.reading_types import Subject

DEFAULT_MINUTES: Final = 60
MOST_MINUTES: Final = 12 * 60
LONGEST_NAME: Final = 120
LINKS: Final[dict[int | str, dict[str, Any]]] = {
    **NOT_FOUND,
    409: {
        "description": "The alert is not open, not critical, or about no wearer; or it was revoked before",
        **PROBLEM_CONTENT,
    },
    503: {"description": "This process makes no links", **PROBLEM_CONTENT},
}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["alerts"])

LinkId = Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]
Reads = Annotated[Seen, Depends(seeing(Deed.READ_DESK))]
Makes = Annotated[Seen, Depends(seeing(Deed.WRITE_PATROL_LINKS))]
Named = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class NewPatrolLink(shapes.Shape):
    """For whom, so that the audit says who could open it; for an hour unless another time is said."""

    officer: Named
    force: Named
    minutes: Annotated[int, Field(ge=5, le=MOST_MINUTES)] = DEFAULT_MINUTES


class PatrolLinkNow(shapes.Shape):
    """A link, without what opens it. It opens until `expires`, `revoked`, or its alert is closed; `opened` is how often it was."""

    id: str
    alert: str
    officer: str
    force: str
    made: str
    by: str
    expires: str
    revoked: str | None
    revoked_by: str | None
    opened: int
    last_opened: str | None


class MadePatrolLink(PatrolLinkNow):
    """A new link with the path that opens it, which is told this once."""

    path: str


def links_of(desk: HasDesk) -> PatrolLinks:
    """The links; 503 where this process has none."""
    if desk.patrol_links is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "patrol links are not set up in this process")
    return desk.patrol_links


HasLinks = Annotated[PatrolLinks, Depends(links_of)]


@router.get("/alerts/{alert}/patrol-links", response_model=shapes.Page[PatrolLinkNow], responses=LINKS)
async def patrol_links(alert: AlertId, seen: Reads, there: HasLinks) -> Response:
    """The links that were made from an alert, the newest first; never what opens them."""
    await _must_see(seen, int(alert))
    return answer({"items": [link_body(row) for row in await there.of_alert(int(alert))], "next": None})


@router.post("/alerts/{alert}/patrol-links", response_model=MadePatrolLink, status_code=201, responses=LINKS)
async def make(alert: AlertId, seen: Makes, there: HasLinks, body: NewPatrolLink) -> Response:
    """A link from an open critical alert for one officer: its `path` is told this once, so it takes no `Idempotency-Key`."""
    await _must_see(seen, int(alert))
    row = await seen.reading.alert(int(alert))
    now_us, secret = seen.parts.now(), token()
    about = () if row is None or row.wearer is None else (row.wearer,)
    entry = entry_of(seen.caller, now_us, Deed.WRITE_PATROL_LINKS, "wearer", about, seen.why, done="made", alert=alert)
    new = NewLink(int(alert), body.officer, body.force, now_us + body.minutes * MINUTE_US)
    number = await there.make(new, digest(secret), entry)
    if number is None:
        raise Problem(HTTPStatus.CONFLICT, "a patrol link is made from an open critical alert about a wearer")
    made = await there.one(number)
    assert made is not None, "a link that was just made is there"
    headers = {"Location": f"{API_ROOT}/alerts/{alert}/patrol-links"}
    return answer(link_body(made) | {"path": f"/patrol/{secret}"}, status=HTTPStatus.CREATED, headers=headers)


@router.post("/patrol-links/{link}/revoke", response_model=PatrolLinkNow, responses=LINKS)
async def revoke(link: LinkId, seen: Makes, there: HasLinks) -> Response:
    """From now on it opens nothing."""
    row = await there.one(int(link)) if int(link) <= LARGEST_ID else None
    if row is None:
        raise _none()
    await _must_see(seen, row.alert_no, _none())
    alert = await seen.reading.alert(row.alert_no)
    about = () if alert is None or alert.wearer is None else (alert.wearer,)
    told = {"done": "revoked", "link": link, "alert": str(row.alert_no)}
    entry = entry_of(seen.caller, seen.parts.now(), Deed.WRITE_PATROL_LINKS, "wearer", about, seen.why, **told)
    if not await there.revoke(row.no, entry):
        raise Problem(HTTPStatus.CONFLICT, "the link was revoked before")
    changed = await there.one(row.no)
    assert changed is not None, "a link is never deleted"
    return answer(link_body(changed))


def link_body(row: PatrolLink) -> dict[str, Any]:
    """`PatrolLinkNow`."""
    return {
        "id": str(row.no),
        "alert": str(row.alert_no),
        "officer": row.officer,
        "force": row.force,
        "made": format_instant(row.made_us),
        "by": row.made_by,
        "expires": format_instant(row.expires_us),
        "revoked": _when(row.revoked_us),
        "revoked_by": row.revoked_by,
        "opened": row.opened,
        "last_opened": _when(row.last_opened_us),
    }


async def _must_see(seen: Seen, alert_no: int, otherwise: Problem | None = None) -> None:
    if alert_no > LARGEST_ID or not await seen.reading.in_sight(Subject.ALERT, str(alert_no)):
        raise otherwise or no_such(Subject.ALERT)


def _none() -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "no such link")


def _when(at_us: int | None) -> str | None:
    return None if at_us is None else format_instant(at_us)
