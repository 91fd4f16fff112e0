"""Who comes in, and what they see: every route but health, sign-in and the pages stands behind a `seeing`.

A route names its `Deed`; `seeing` asks the door who the caller is (401), the table of grants whether the role may (403), and
hands the route a reader cut to the caller's sight. There is no other way to a reader that knows about people. An application
with a route that names no deed does not start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final, Protocol

from fastapi import FastAPI, Header, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from access.grants import GRANTS, Deed, may
from access.sights import sight_of
from api.parts import API_ROOT, Given, Parts
from api.ports import Reading
from api.problems import Problem
from domain.callers import Caller, Sight

PURPOSE: Final = "Bailiwick-Purpose"
PURPOSE_CHARACTERS: Final = 200
DEED: Final = "deed"
"""Where a request keeps what it was let in for (`request.state`)."""
SESSION: Final = "session"
"""Where it keeps the id of the session or key that it came with: no name, and what the audit has of the sign-in."""
SIGN_IN: Final = f"{API_ROOT}/session"
"""What is under this path lets people in, so it asks for itself who they are."""
BEFORE_IT: Final = (SIGN_IN, f"{API_ROOT}/docs")
"""What stands before the door: signing in, and the pages that say how to ask, which know nobody."""


class Door(Protocol):
    """Who stands at it."""

    async def caller(self, request: Request) -> Caller | None:
        """Who asks; None when nobody has signed in. Raises `Problem` for what was shown and is not good."""


class GivenTo(Protocol):
    """Wearers that a caller sees for a reason of their own (`access.sights.sight_of`)."""

    async def given_to(self, caller: Caller, now_us: int) -> frozenset[str]:
        """Their ids."""

    def today(self, now_us: int) -> tuple[int, int]:
        """The local day, ``[from_us, to_us)``."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that was let in: who asks, what they see, and the reader that shows nothing else.

    ``why`` is the purpose that the caller gave, for the audit.
    """

    caller: Caller
    sight: Sight
    reading: Reading
    parts: Parts
    why: str | None


class Seeing:
    """The dependency of a route, by what is done there."""

    def __init__(self, deed: Deed) -> None:
        self.deed = deed

    async def __call__(
        self,
        request: Request,
        parts: Given,
        why: Annotated[
            str | None,
            Header(alias=PURPOSE, max_length=PURPOSE_CHARACTERS, description="Why you ask; it is kept with the audit"),
        ] = None,
    ) -> Seen:
        caller = await parts.door.caller(request)
        if caller is None:
            raise not_signed_in()
        setattr(request.state, SESSION, caller.session)
        if not may(caller, self.deed):
            raise Problem(HTTPStatus.FORBIDDEN, f"the role {caller.role.value} may not do this ({self.deed.value})")
        setattr(request.state, DEED, self.deed)
        return await let_in(parts, caller, why)


def seeing(deed: Deed) -> Seeing:
    """Let in whoever may do ``deed``."""
    return Seeing(deed)


async def let_in(parts: Parts, caller: Caller, why: str | None = None) -> Seen:
    """What a caller sees now."""
    now_us = parts.now()
    if parts.given is None:
        sight = sight_of(caller)
    else:
        sight = sight_of(caller, await parts.given.given_to(caller, now_us), parts.given.today(now_us))
    return Seen(caller, sight, parts.reading.seen(sight), parts, why)


def not_signed_in() -> Problem:
    """401, with what to do."""
    detail = f"sign in first: POST {SIGN_IN}, or send an API key as `Authorization: Bearer ...`"
    return Problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})


WAYS_IN: Final[dict[str, dict[str, str]]] = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-bailiwick-session",
        "description": f"People: the cookie of POST {SIGN_IN}; what changes something bears `Bailiwick-CSRF` too",
    },
    "key": {"type": "http", "scheme": "bearer", "description": "Machines: an API key"},
}

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def deeds_of(app: FastAPI) -> Iterator[tuple[RouteContext, Deed | None]]:
    """Every route of the API with what is done there; None for what stands before the door."""
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute) and (route.path or "").startswith(API_ROOT):
            yield route, _deed(route.dependant)


def require_deeds(app: FastAPI) -> None:
    """A route that names no deed is a mistake of ours: the application does not start."""
    found = [(route.path or "", deed) for route, deed in deeds_of(app)]
    without = [path for path, deed in found if deed is None and not path.startswith(BEFORE_IT)]
    if not found:
        raise AssertionError("an application without a route: they were looked for in the wrong place")
    if without:
        raise AssertionError(f"no deed on {without}")


def tell_of_deeds(app: FastAPI, document: dict[str, Any]) -> None:
    """Puts what is done, who may, and how they say who they are, into the OpenAPI document."""
    document["components"]["securitySchemes"] = WAYS_IN
    document["security"] = [{name: []} for name in WAYS_IN]
    for path, operations in document["paths"].items():
        for operation in operations.values() if not path.startswith(API_ROOT) else ():
            operation["security"] = []
    for route, deed in deeds_of(app):
        for method in sorted(route.methods or ()) if route.include_in_schema else ():
            operation = document["paths"][route.path_format][method.lower()]
            if deed is None:
                operation.setdefault("security", [])
                continue
            operation["x-deed"] = deed.value
            operation["x-roles"] = sorted(role.value for role in GRANTS[deed])


def _deed(dependant: Dependant) -> Deed | None:
    if isinstance(dependant.call, Seeing):
        return dependant.call.deed
    return next((deed for one in dependant.dependencies if (deed := _deed(one)) is not None), None)
