"""A page asks the API as its reader would: in this process, with the reader's own cookie, through the same door.

So no page can show what the API would not, and what is audited there is audited. Answers are JSON; what the API refuses is
raised as `Refused`, with its own words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx2
from fastapi import Request

from api.parts import API_ROOT

OWN_TO_A_REQUEST: Final = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "if-match", "if-none-match", "range"}
)
"""Headers of the browser that say how it asked us; the rest says who it is, and goes along."""
CSRF: Final = "Bailiwick-CSRF"
PURPOSE: Final = "Bailiwick-Purpose"
MOST_PAGES: Final = 20
"""Pages of one list that a page reads; each list says itself when there is more."""


class Refused(Exception):
    """The API did not do it: its status, and the problem as it told it (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("detail") or problem.get("title") or HTTPStatus(status).phrase)
        self.status = status
        self.problem = problem

    @property
    def words(self) -> str:
        """What is wrong, for people."""
        return str(self)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: its JSON, the ETag that a change must bear, the cookies that came with it (of a sign-in), and its bytes (of a file)."""

    body: Any
    etag: str | None
    status: int
    cookies: tuple[str, ...] = ()
    content: bytes = b""


class Asking:
    """What one request for a page asks. ``csrf`` is the token that its form bore, for changes."""

    def __init__(self, request: Request, csrf: str | None = None) -> None:
        own = {name: value for name, value in request.headers.items() if name not in OWN_TO_A_REQUEST}
        if csrf:
            own[CSRF] = csrf
        where = ("127.0.0.1", 0) if request.client is None else (request.client.host, request.client.port)
        self._headers = own
        self._client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=request.app, raise_app_exceptions=False, client=where),
            base_url=str(request.base_url),
        )

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        if_match: str | None = None,
        key: str | None = None,
        why: str | None = None,
        sent: tuple[str, bytes] | None = None,
        **wanted: Any,
    ) -> Told:
        """Asks ``path`` (below `/api/v1/`, or a `next` link whole); raises `Refused`. ``wanted`` that is None is not asked.

        ``sent`` is a body that is no JSON: its media type and its bytes.
        """
        more = {"If-Match": if_match, "Idempotency-Key": key, PURPOSE: why, "Content-Type": sent[0] if sent else None}
        headers = self._headers | {name: value for name, value in more.items() if value is not None}
        answer = await self._client.request(
            method,
            path if path.startswith("/") else f"{API_ROOT}/{path}",
            headers=headers,
            json=body,
            content=sent[1] if sent else None,
            params={name: value for name, value in wanted.items() if value is not None} or None,
        )
        told = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise Refused(answer.status_code, told)
        cookies = tuple(answer.headers.get_list("set-cookie"))
        return Told(told, answer.headers.get("etag"), answer.status_code, cookies, answer.content)

    async def get(self, path: str, **wanted: Any) -> Any:
        """The JSON at ``path``."""
        return (await self.ask("GET", path, **wanted)).body

    async def maybe(self, path: str, **wanted: Any) -> Any | None:
        """The JSON at ``path``; None where there is none, or where the reader may not see it."""
        try:
            return await self.get(path, **wanted)
        except Refused as refused:
            if refused.status in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}:
                return None
            raise

    async def items(self, path: str, most: int = 1_000, **wanted: Any) -> tuple[list[Any], bool]:
        """The items of a list, at most so many, over its pages; and whether there are more."""
        page = await self.get(path, **wanted)
        items: list[Any] = page["items"]
        for _ in range(MOST_PAGES):
            if page["next"] is None or len(items) >= most:
                break
            page = await self.get(page["next"])
            items += page["items"]
        return items[:most], page["next"] is not None or len(items) > most

    async def post(self, path: str, body: Any = None, **more: Any) -> Told:
        """Sends a change."""
        return await self.ask("POST", path, body, **more)


async def together(*asked: Awaitable[Any]) -> list[Any]:
    """The answers to what can be asked at once, in their order; the first refusal is raised."""
    return list(await asyncio.gather(*asked))
