"""One log line and one count a request: method, route, status, time; never a path with an id in it, nor a query. Of what was
refused also the id of the session or key, by which the audit knows who it was.

What nobody foresaw ends here too: the caller gets a problem, and the log gets the places in the code that it came
through, without messages and values, which may hold what a person's record holds.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import anyio
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.doors import SESSION
from api.metrics import Metrics
from api.problems import problem_response

UNKNOWN_ROUTE: Final = "(none)"
KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

OUR_FAULT: Final = "it is our fault, and it is in the log"

_log = structlog.get_logger()


def no_page(request: Request) -> Response | None:
    """Everybody gets the problem."""
    return None


class Journal:
    """ASGI middleware: counts, times and logs every request, and answers for mistakes of ours."""

    def __init__(self, app: ASGIApp, metrics: Metrics, page: Callable[[Request], Response | None] = no_page) -> None:
        """``page`` gives what a person is shown of a mistake of ours; None for whoever asked for no page."""
        self._app = app
        self._metrics = metrics
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        began = time.perf_counter()
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:
            if not (answer.status and client_left(error)):
                _log.error("request failed", error=type(error).__name__, places=places_of(error))
            if not answer.status:
                await self._excuse(scope)(scope, receive, answer.send)
        finally:
            self._note(scope, answer, time.perf_counter() - began)

    def _excuse(self, scope: Scope) -> Response:
        try:
            page = self._page(Request(scope))
        except Exception as error:  # what is wrong may be wrong with the pages
            _log.error("no page for it", error=type(error).__name__, places=places_of(error))
            page = None
        return page or problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, OUR_FAULT)

    def _note(self, scope: Scope, answer: _Answer, took_s: float) -> None:
        route = getattr(scope.get("route"), "path", UNKNOWN_ROUTE)
        method = scope["method"] if scope["method"] in KNOWN_METHODS else "other"
        self._metrics.requests.labels(method, route, str(answer.status)).inc()
        if not answer.streamed:
            self._metrics.seconds.labels(route).observe(took_s)
        told = {"method": method, "route": route, "status": answer.status, "ms": round(took_s * 1000, 1)}
        if answer.status >= HTTPStatus.BAD_REQUEST:
            told["session"] = scope.get("state", {}).get(SESSION)
        _log.info("request", **told)


class _Answer:
    """What was sent of the answer; ``status`` is 0 until it has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.streamed = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            kinds = [value for name, value in message["headers"] if name.lower() == b"content-type"]
            self.streamed = any(kind.startswith(b"text/event-stream") for kind in kinds)
        await self._send(message)


def client_left(error: BaseException) -> bool:
    """Whether this is only how the stream's inner pipes end when the follower is gone."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(client_left, error.exceptions))
    return isinstance(error, anyio.BrokenResourceError | anyio.ClosedResourceError)


def places_of(error: BaseException) -> list[str]:
    """``file:line function`` of each step that an error came through, outermost first."""
    return [f"{step.filename}:{step.lineno} {step.name}" for step in traceback.extract_tb(error.__traceback__)]
