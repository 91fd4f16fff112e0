"""Every error is a problem of RFC 9457: `application/problem+json`, with a title that never changes for its type.

A problem says what is wrong with the request and never repeats what was in it: a wearer's id in a bad request must
not come back in a log or a screenshot of an error.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

MEDIA_TYPE: Final = "application/problem+json"
PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "An error, after RFC 9457.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "`about:blank`, or what kind of problem it is"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "Each thing that is wrong with the request",
            "items": {
                "type": "object",
                "required": ["field", "cause"],
                "properties": {
                    "field": {"type": "string"},
                    "cause": {"type": "string"},
                    "line": {"type": "integer", "description": "Of several records: which, from 1"},
                },
            },
        },
        "changed": {
            "type": "object",
            "description": "Of 412: what was done meanwhile, by whom (null: the rules, a timer, a protocol) and when",
            "required": ["revision", "event", "by", "at"],
            "properties": {
                "revision": {"type": "string"},
                "event": {"type": ["string", "null"]},
                "by": {"type": ["string", "null"]},
                "at": {"type": ["string", "null"]},
            },
        },
    },
}

_A_KEY: Final = re.compile(r"[a-z_]{1,32}")


class Problem(Exception):
    """A request that cannot be answered, and why."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        field: str | None = None,
        headers: dict[str, str] | None = None,
        errors: list[dict[str, Any]] | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.more = more
        self.errors = [{"field": field, "cause": detail}] if field else errors


def problem_response(
    status: int,
    detail: str | None = None,
    errors: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
    more: dict[str, Any] | None = None,
) -> Response:
    """The answer for a problem; ``more`` are members of its own."""
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status)}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = errors
    body |= more or {}
    return Response(msgspec.json.encode(body), int(status), headers, MEDIA_TYPE)


async def askable(request: Request) -> None:
    """The dependency of every route: 422 for a parameter that the database cannot be asked for, as it holds no U+0000."""
    for name, value in request.query_params.multi_items():
        if "\0" in value:
            detail = "holds a character that no text here can have (U+0000)"
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field=name if _A_KEY.fullmatch(name) else "(a key)")


def install(app: FastAPI) -> None:
    """Every foreseen way to fail ends in a problem; `api.journal` answers for the rest."""
    app.add_exception_handler(Problem, _of_ours)
    app.add_exception_handler(HTTPException, _of_routing)
    app.add_exception_handler(RequestValidationError, _of_validation)


async def _of_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error.status, error.detail, error.errors, error.headers, error.more)


async def _of_routing(request: Request, error: Exception) -> Response:
    """No such path, a method that the path does not have."""
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    detail = None if error.detail == phrase else error.detail
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_methods_of(request)))
    return problem_response(error.status_code, detail, headers=headers)


def _methods_of(request: Request) -> set[str]:
    """All that the path takes: each of its methods is a route of its own."""
    found = set[str]()
    for route in iter_route_contexts(request.app.routes):
        if route.methods and route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods
    return found | ({"HEAD"} if "GET" in found else set())


async def _of_validation(request: Request, error: Exception) -> Response:
    """What FastAPI found wrong: where and why, without the value."""
    assert isinstance(error, RequestValidationError)
    errors = [{"field": _place(one), "cause": one["msg"]} for one in error.errors()]
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, "the request is not as documented", errors)


def _place(one: Any) -> str:
    """Where it is wrong. A key that nobody knows is what somebody sent: it is named only where it looks like a key."""
    *path, last = map(str, one["loc"])
    if one["type"] == "extra_forbidden" and not _A_KEY.fullmatch(last):
        last = "(a key)"
    return ".".join([*path, last][1:]) or "body"
