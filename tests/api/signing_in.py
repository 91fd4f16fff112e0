"""An application that people really sign in to, over a real database, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from fastapi import FastAPI

from access.shipped import common_words
from api.app import create_app
from api.hashing import Hashing
from api.oidc import Oidc
from api.sign_in import COOKIE, CSRF, SignIn
from domain.vocabulary import Role
from store import Store
from store.accounts import Password, Person
from store.audit import Entry
from store.store import ConnectionLost
from tests.api.serving import client_of, must_fit
from tests.api.working import Clock, template_of
from tests.store.made import ask, migrated

PASSWORD = "seven stray umbrellas"
OTHER = "a quiet lake at noon"


def quick_hashing() -> Hashing:
    """argon2id with as little work as it takes."""
    return Hashing(time_cost=1, memory_kib=8, lanes=1)


def person(role: Role = Role.OPERATOR, **other: Any) -> Person:
    return Person("An Invented Person", role, None, **other)


@dataclass
class Browser:
    """Keeps its cookies and, when signed in, its CSRF token; its answers are as OpenAPI says."""

    client: httpx2.AsyncClient
    document: dict[str, Any]
    cookies: dict[str, str]
    csrf: str | None = None

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        own = cookie if self.cookies else {}
        own |= {CSRF: self.csrf} if self.csrf and method != "GET" else {}
        answer = await self.client.request(method, f"/api/v1/{path}", json=body, headers=own | named)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies.pop(name, None)
            if value.strip('"'):
                self.cookies[name] = value
        self._check(method, path, answer)
        return answer

    async def sign_in(self, name: str = "ola", password: str = PASSWORD, **headers: str) -> httpx2.Response:
        answer = await self.ask("POST", "session", {"name": name, "password": password}, **headers)
        if answer.status_code == 201:
            self.csrf = answer.json()["csrf"]
        return answer

    @property
    def token(self) -> str:
        return self.cookies[COOKIE]

    def _check(self, method: str, path: str, answer: httpx2.Response) -> None:
        operation = self.document["paths"][template_of(self.document, path, method.lower())][method.lower()]
        told = operation["responses"].get(str(answer.status_code)) or operation["responses"]["default"]
        if answer.headers.get("content-type", "").endswith("json"):
            (schema,) = [content["schema"] for content in told["content"].values()]
            must_fit(answer.json(), schema, self.document)


@dataclass
class Doorway:
    """The application, the database behind it, and its clock."""

    app: FastAPI
    store: Store
    sign_in: SignIn
    clock: Clock
    url: str
    client: httpx2.AsyncClient

    def browser(self) -> Browser:
        return Browser(self.client, self.app.openapi(), {})

    async def signed_in(self, name: str = "ola", password: str = PASSWORD) -> Browser:
        browser = self.browser()
        answer = await browser.sign_in(name, password)
        assert answer.status_code == 201, answer.text
        return browser

    async def account(self, name: str = "ola", role: Role = Role.OPERATOR, password: str = PASSWORD) -> None:
        """One whose password need not be changed."""
        made = Password(await self.sign_in.hashing.made(password), must_change=False)
        entry = Entry(self.clock(), "test", "administrator", "command", "", None, "accounts.write", "account", (name,))
        await self.store.accounts.make(name, person(role), made, self.clock(), entry)

    def audited(self, deed: str) -> list[dict[str, Any]]:
        """The bodies of the audit, in order."""
        rows = ask(self.url, "SELECT body FROM audit_bodies WHERE body ->> 'deed' = %s ORDER BY body_no", deed)
        return [row[0] for row in rows]


@asynccontextmanager
async def doorway(url: str, oidc: Oidc | None = None, public_url: str | None = None) -> AsyncIterator[Doorway]:
    """With an operator, `ola`, and an administrator, `ada`."""
    async with migrated(url) as store, serving(store, url, oidc, public_url) as there:
        await there.account()
        await there.account("ada", Role.ADMINISTRATOR)
        yield there


@asynccontextmanager
async def serving(
    store: Store, url: str, oidc: Oidc | None = None, public_url: str | None = None, clock: Clock | None = None
) -> AsyncIterator[Doorway]:
    """An application over a database that is there: a process that starts."""
    clock, hashing = clock or Clock(), quick_hashing()
    tables = (store.accounts, store.sessions, store.keys)
    sign_in = SignIn(*tables, hashing, common_words(), clock, public_url, oidc)
    app = create_app(store.reading, (ConnectionLost,), clock, door=sign_in, sign_in=sign_in, public_url=public_url)
    try:
        async with client_of(app) as client:
            yield Doorway(app, store, sign_in, clock, url, client)
    finally:
        hashing.close()
