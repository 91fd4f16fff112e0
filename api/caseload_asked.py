"""What the routes of the caseload are given: who asks, the caseload, a record's version as it was seen, filters of a list."""

from dataclasses import dataclass
from http import HTTPStatus
from inspect import Parameter, Signature
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Header, Query, Request

from access.grants import Deed
from alerts.machine import Actor
from api.caseload_desk import AtCaseload
from api.desk import Asking, HasDesk, IdempotencyKey, asking_of
from api.doors import Seen, seeing
from api.instants import Instant
from api.problems import Problem
from store.caseload_seen import RecordFilter

_ID: Final = Query(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")
_PARAMETERS: Final[dict[str, Any]] = {
    **dict.fromkeys(
        ("wearer", "victim", "device", "area", "order", "condition", "zone", "violation"), Annotated[str | None, _ID]
    ),
    "parent": Annotated[str | None, _ID],
    "at": Annotated[Instant | None, Query(description="In force then")],
    "from": Annotated[Instant | None, Query(alias="from", description="Not over before it")],
    "to": Annotated[Instant | None, Query(description="Begun before it")],
}
_COLUMNS: Final = {"parent": "area", "at": "at_us", "from": "from_us", "to": "to_us"}


@dataclass(frozen=True, slots=True)
class AskedOf:
    """A request about the caseload: who asks what, under which key where it changes something."""

    asking: Asking
    caseload: AtCaseload

    @property
    def seen(self) -> Seen:
        """Who asks, and what they see."""
        return self.asking.seen


def caseload_of(desk: HasDesk) -> AtCaseload:
    """The caseload; 503 where this process has none."""
    if desk.caseload is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the caseload is not set up in this process")
    return desk.caseload


HasCaseload = Annotated[AtCaseload, Depends(caseload_of)]


def reads(deed: Deed) -> Any:
    """The dependency of a route that reads: who asks, and the caseload."""
    let_in = Depends(seeing(deed))

    async def asked(*, seen: Seen = let_in, desk: HasDesk, caseload: HasCaseload) -> AskedOf:
        return AskedOf(Asking(desk, seen, Actor(seen.caller.name, seen.caller.role), None), caseload)

    return Depends(asked)


def changes(deed: Deed) -> Any:
    """The dependency of a route that changes something, with its `Idempotency-Key`."""
    let_in = Depends(seeing(deed))

    async def asked(
        *,
        request: Request,
        seen: Seen = let_in,
        desk: HasDesk,
        caseload: HasCaseload,
        key: IdempotencyKey = None,
    ) -> AskedOf:
        return AskedOf(await asking_of(request, seen=seen, desk=desk, key=key), caseload)

    return Depends(asked)


def filtered(names: tuple[str, ...]) -> Any:
    """The dependency that reads some parameters as a `RecordFilter`."""

    def wanted(**given: Any) -> RecordFilter:
        return RecordFilter(**{_COLUMNS.get(name.rstrip("_"), name): value for name, value in given.items()})

    parameters = [
        Parameter(
            f"{name}_" if name == "from" else name, Parameter.KEYWORD_ONLY, default=None, annotation=_PARAMETERS[name]
        )
        for name in names
    ]
    cast(Any, wanted).__signature__ = Signature(parameters, return_annotation=RecordFilter)
    return Depends(wanted)


def version_seen(
    if_match: Annotated[
        str | None, Header(alias="If-Match", description='The `ETag` of the record as you saw it, such as `"17"`')
    ] = None,
) -> str:
    """What names the version that the caller saw. 428 without it."""
    if if_match is None:
        detail = "send the ETag of the record as you saw it in If-Match, so that nobody's change is lost"
        raise Problem(HTTPStatus.PRECONDITION_REQUIRED, detail, field="If-Match")
    return if_match


VersionSeen: Final = Depends(version_seen)
HoldsFrom = Annotated[
    Instant | None,
    Query(
        description="From when it holds; in the past it is judged again from there. Default: now, of a new record always"
    ),
]
