"""What the routes are given: the parts of one application, found on it and never in a global."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import msgspec
from fastapi import Depends, Query, Request
from starlette.responses import Response

from access.attempts import Addresses
from api.contingency import Rankings
from api.cursors import CURSOR_CHARACTERS, link_header
from api.figures import Figures
from api.hub import Hub
from api.metrics import Metrics
from api.policies import Policies
from api.ports import Reading
from api.position_texts import PositionsWritten
from api.problems import MEDIA_TYPE
from api.sittings import Sittings
from store.reading_types import AlertRow

if TYPE_CHECKING:
    from api.audited import AuditSide
    from api.basemap import Basemap
    from api.desk import AtDesk
    from api.doors import Door, GivenTo
    from api.permitting import Permitting
    from api.sign_in import SignIn
    from evidence.routes import Routes


@dataclass(frozen=True, slots=True)
class Parts:
    """What an application is made of. ``now`` gives microseconds UTC.

    ``reading`` sees everything: it is for what this process itself asks. What is asked for people goes by
    `api.doors.Seen.reading`. ``rankings`` is None without time-zone data, ``desk`` where nobody works on alerts by this process,
    ``sign_in`` where nobody signs in by it, ``audit`` where nothing is shown that is audited,
    ``permitting`` where no position leaves, ``routes`` (of breaches) without time-zone data.
    """

    reading: Reading
    hub: Hub
    figures: Figures
    metrics: Metrics
    now: Callable[[], int]
    rankings: Rankings | None
    door: Door
    given: GivenTo | None = None
    desk: AtDesk | None = None
    sign_in: SignIn | None = None
    audit: AuditSide | None = None
    permitting: Permitting | None = None
    sittings: Sittings = field(default_factory=Sittings)
    basemap: Basemap | None = None
    written: PositionsWritten = field(default_factory=PositionsWritten)
    patrol_attempts: Addresses = field(default_factory=Addresses)
    routes: Routes | None = None
    policies: Policies = field(default_factory=Policies)
    centre_phone: str | None = None
    """The number of the monitoring centre, for pages of others."""


def parts_of(request: Request) -> Parts:
    """The parts of the application that a request came to."""
    return cast(Parts, request.app.state.parts)


async def _given(request: Request) -> Parts:
    # What is not async is asked on a thread, and every request would wait for one to wake.
    return parts_of(request)


Given = Annotated[Parts, Depends(_given)]
Cursor = Annotated[
    str | None, Query(max_length=CURSOR_CHARACTERS, description="Where the page begins: from the `next` of another")
]

API_ROOT: Final = "/api/v1"
PROBLEM_CONTENT: dict[str, Any] = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    422: {"description": "The request is not as documented", **PROBLEM_CONTENT},
    "default": {"description": "Any other error", **PROBLEM_CONTENT},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "There is none", **PROBLEM_CONTENT}}


def answer(
    body: object, link: str | None = None, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    """A JSON answer, written by msgspec."""
    return Response(msgspec.json.encode(body), int(status), link_header(link) | (headers or {}), "application/json")


def alert_answer(row: AlertRow) -> Response:
    """One alert, with the revision of its work as `ETag`, for `If-Match`."""
    return answer(row.as_json(), headers={"ETag": f'"{row.revision}"'})
