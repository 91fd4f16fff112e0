"""Sign-in: a session by a cookie or a key by a header becomes the caller, and a password becomes a session.

A session's token is worth nothing in a change by itself: a page from elsewhere could have a browser send the cookie. So a change
by cookie carries the session's CSRF token in a header, and must not come from another site by what the browser says. Every
sign-in and every one refused is in the audit; an address that fails often waits, so the audit cannot be flooded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Request

from access.accounts import KEY_PREFIX, SESSION_US, idle_us, is_name
from access.attempts import BEGUN_AT_ONCE, Addresses, lock_us
from access.passwords import wrong_with
from api.doors import SAFE, SIGN_IN, not_signed_in
from api.hashing import Hashing
from api.made_secrets import KEY_FORM, digest, public_id, same, token
from api.oidc import Oidc, Who
from api.problems import Problem
from domain.callers import Caller
from domain.instants import SECOND_US
from domain.vocabulary import Role
from store.accounts import Accounts, Password, Tried
from store.api_keys import ApiKeys
from store.audit import Entry, entry_of
from store.sessions import Begun, NewSession, Session, Sessions

COOKIE: Final = "__Host-bailiwick-session"
CSRF: Final = "Bailiwick-CSRF"
BACKGROUND: Final = "Bailiwick-Background"
"""A request that no person made: it keeps no session from being idle."""
NOBODY: Final = "nobody"
WRONG: Final = "the name or the password is wrong, or the account is locked or disabled"
BAD_KEY: Final = "this key opens nothing: it is unknown, over or revoked"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that has just begun, with the token that nobody else knows."""

    token: str
    session: Session


@dataclass(slots=True)
class SignIn:
    """The door of an application (`api.doors.Door`), and the way in.

    ``words`` are those that passwords are not made of, ``public_origin`` is where people reach us when that is not here, ``now``
    gives microseconds UTC. ``oidc`` None: there is no provider.
    """

    accounts: Accounts
    sessions: Sessions
    keys: ApiKeys
    hashing: Hashing
    words: Collection[str]
    now: Callable[[], int]
    public_origin: str | None = None
    oidc: Oidc | None = None
    addresses: Addresses = field(default_factory=Addresses)
    at_provider: Addresses = field(default_factory=lambda: Addresses(at_once=BEGUN_AT_ONCE))

    # -- who asks ------------------------------------------------------------------------------------------------

    async def caller(self, request: Request) -> Caller | None:
        """Who asks; None when nobody is signed in. Raises `Problem` for what is shown and is no good."""
        bearer = request.headers.get("authorization")
        if bearer is None:
            session = await self.session(request)
            if session is not None and session.must_change:
                detail = f"change your password first: POST {SIGN_IN}/password"
                raise Problem(HTTPStatus.FORBIDDEN, detail)
            return None if session is None else caller_of(session, address_of(request))
        if COOKIE in request.cookies:
            raise Problem(HTTPStatus.BAD_REQUEST, "a session's cookie and a key at once: send one of them")
        return await self._of_key(request, bearer)

    async def session(self, request: Request) -> Session | None:
        """The session that a request shows, also one in which the password must be changed first."""
        shown = request.cookies.get(COOKIE)
        if shown is None:
            return None
        session = await self.sessions.of_token(digest(shown), self.now())
        if session is None:
            return None
        if request.method not in SAFE:
            self.require_ours(request)
            given = request.headers.get(CSRF, "")
            if not same(digest(given), digest(session.csrf)):
                raise Problem(HTTPStatus.FORBIDDEN, f"send the session's CSRF token (GET {SIGN_IN}) in {CSRF}")
        if not _is_background(request):
            await self.sessions.seen(session, self.now())
        return session

    def require_ours(self, request: Request) -> None:
        """403 for what a browser says comes from another site."""
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        own = origin is None or origin == self.public_origin or _same_host(origin, request.headers.get("host", ""))
        if not own or site not in (None, "same-origin"):
            raise Problem(HTTPStatus.FORBIDDEN, "this request comes from another site")

    async def _of_key(self, request: Request, bearer: str) -> Caller:
        scheme, _, text = bearer.partition(" ")
        form = KEY_FORM.fullmatch(text.strip()) if scheme.lower() == "bearer" else None
        found = None if form is None else await self.keys.one(form[1])
        if form is None or found is None or not same(found[1], digest(form[2])) or not found[0].opens(self.now()):
            await self._bad_key(request, None if found is None else found[0].id)
        assert found is not None
        key, address = found[0], address_of(request)
        await self.keys.used(key, self.now())
        areas = None if key.areas is None else frozenset(key.areas)
        name = KEY_PREFIX + key.id
        return Caller(name, key.role, areas, None, key.organisation, key.reads_only, "key", address, key.id)

    async def _bad_key(self, request: Request, key_id: str | None) -> None:
        address = self.require_patience(request)
        self.addresses.tries(address, self.now())
        subjects = () if key_id is None else (key_id,)
        await self.sessions.note(self._nobodys(address, "key.refused", "key", subjects))
        raise Problem(HTTPStatus.UNAUTHORIZED, BAD_KEY, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})

    def require_patience(self, request: Request, of: Addresses | None = None) -> str:
        """The address that asks; 429 when it has failed too often lately."""
        address = address_of(request)
        wait_us = (self.addresses if of is None else of).wait_us(address, self.now())
        if wait_us:
            wait_s = -(-wait_us // SECOND_US)
            detail = f"too many failed from this address: try again in {wait_s} s"
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(wait_s)})
        return address

    # -- the way in ----------------------------------------------------------------------------------------------

    async def with_password(self, request: Request, name: str, password: str) -> SignedIn:
        """A session for a name and a password. The words of a refusal are the same, whatever was wrong."""
        self.require_ours(request)
        address = self.require_patience(request)
        async with self.hashing.place():
            self.addresses.tries(address, self.now())
            tried = await self._tried(name, password)
            if tried is None or tried.password_hash is None:
                await self.sessions.note(self._refused(address, name, tried))
                raise Problem(HTTPStatus.UNAUTHORIZED, WRONG, headers={"WWW-Authenticate": "Bearer"})
            self.addresses.forgiven(address)
            weak = self.hashing.is_weak(tried.password_hash)
            better = await self.hashing.made(password) if weak else None
        return await self._begin(request, name, "password", tried.password_hash, better)

    async def _tried(self, name: str, password: str) -> Tried | None:
        """The try; without a hash when it was wrong. None: there is no such account; that costs the same."""
        tried = await self.accounts.try_password(name, self.now(), lock_us) if is_name(name) else None
        fits = await self.hashing.fits(None if tried is None else tried.password_hash, password)
        return tried if fits or tried is None else tried._replace(password_hash=None)

    async def _begin(
        self, request: Request, name: str, by: str, password_hash: str | None = None, better: str | None = None
    ) -> SignedIn:
        """A session with a token that nobody had before; the one that the browser had ends."""
        account = await self.accounts.one(name)
        if account is None:
            raise not_signed_in()
        fresh, now_us, person = token(), self.now(), account.person
        had = request.cookies.get(COOKIE)
        before = None if had is None else await self.sessions.of_token(digest(had), now_us)
        new = NewSession(
            id=public_id(),
            token_hash=digest(fresh),
            account=name,
            csrf=token(),
            signed_in_by=by,
            at_us=now_us,
            idle_us=idle_us(person.role),
            ends_us=now_us + SESSION_US,
            password_hash=password_hash,
            better_hash=better,
        )
        who = Caller(name, person.role, by="session", address=address_of(request), session=new.id)
        entry = entry_of(who, now_us, "session.begun", "account", (name,), signed_in_by=by)
        begun = await self.sessions.begin(new, entry, None if before is None else before.id)
        session = await self.sessions.of_token(new.token_hash, now_us) if begun else None
        if session is None:
            raise Problem(HTTPStatus.UNAUTHORIZED, WRONG, headers={"WWW-Authenticate": "Bearer"})
        return SignedIn(fresh, session)

    async def out(self, request: Request, *, everywhere: bool) -> None:
        """Whoever asks signs out; ``everywhere``: of every session of the account."""
        session = await self.session(request)
        if session is None:
            return
        who, now_us = caller_of(session, address_of(request)), self.now()
        entry = entry_of(who, now_us, "session.ended", "account", (session.account,), everywhere=everywhere)
        if everywhere:
            await self.sessions.end_all(session.account, now_us, entry)
        else:
            await self.sessions.end(session.id, now_us, entry)

    # -- passwords -----------------------------------------------------------------------------------------------

    async def change_password(self, request: Request, current: str, new: str) -> SignedIn:
        """Another password for whoever asks: every session ends, and one with a token of its own begins."""
        session = await self.session(request)
        if session is None:
            raise not_signed_in()
        account = await self.accounts.one(session.account)
        if account is None or not account.has_password:
            raise Problem(HTTPStatus.CONFLICT, "this account has no password: it signs in at the provider")
        async with self.hashing.place():
            tried = await self._tried(session.account, current)
            if tried is None or tried.password_hash is None:
                address = address_of(request)
                await self.sessions.note(self._refused(address, session.account, tried))
                detail = "is not your password, or the account is locked"
                raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field="current")
            await self.accounts.right_password(session.account)
            wrong = "must be another than now" if new == current else wrong_with(new, session.account, self.words)
            if wrong is not None:
                raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, wrong, field="new")
            made = await self.hashing.made(new)
        who, now_us = caller_of(session, address_of(request)), self.now()
        entry = entry_of(who, now_us, "password.changed", "account", (session.account,))
        await self.accounts.set_password(session.account, Password(made, must_change=False), now_us, entry)
        return await self._begin(request, session.account, "password", made)

    # -- at the provider -----------------------------------------------------------------------------------------

    async def to_provider(self, request: Request, browser: str) -> str:
        """The address at the provider at which a sign-in begins, for the browser that has the token ``browser``."""
        self._provider()
        self.at_provider.tries(self.require_patience(request, self.at_provider), self.now())
        state, begun = token(), Begun(token(), token())
        address = await self._provider().address(state, begun.nonce, begun.verifier)
        await self.sessions.begin_oidc(digest(state), digest(browser), begun, self.now())
        return address

    async def from_provider(self, request: Request, browser: str | None, told: dict[str, str]) -> SignedIn:
        """The session of whom the provider sent back. 403 for somebody without an account."""
        oidc, address = self._provider(), self.require_patience(request)
        state = told.get("state")
        begun = None
        if state is not None and browser is not None:
            begun = await self.sessions.take_oidc(digest(state), digest(browser), self.now())
        if begun is None:
            raise Problem(HTTPStatus.BAD_REQUEST, "this sign-in was not begun in this browser, or too long ago")
        self.at_provider.forgiven(address)
        self.addresses.tries(address, self.now())
        who = await oidc.who(told, begun.nonce, begun.verifier)
        name = await self._account_of(who, address)
        if name is None:
            await self.sessions.note(self._nobodys(address, "session.refused", "account", (), cause="no account"))
            detail = "nobody here has an account for you: ask your administrator"
            raise Problem(HTTPStatus.FORBIDDEN, detail)
        self.addresses.forgiven(address)
        account = await self.accounts.one(name)
        if account is None or account.disabled_us is not None:
            entry = self._nobodys(address, "session.refused", "account", (name,), cause="disabled")
            await self.sessions.note(entry)
            raise Problem(HTTPStatus.FORBIDDEN, "your account is disabled: ask your administrator")
        return await self._begin(request, name, "oidc")

    def _provider(self) -> Oidc:
        if self.oidc is None:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no sign-in at a provider here")
        return self.oidc

    async def _account_of(self, who: Who, address: str) -> str | None:
        name = await self.accounts.of_subject(who.issuer, who.subject)
        if name is not None or who.email is None:
            return name

        def linked(found: str) -> Entry:
            return self._nobodys(address, "account.linked", "account", (found,), issuer=who.issuer)

        return await self.accounts.link(who.email, who.issuer, who.subject, linked)

    # -- the audit -----------------------------------------------------------------------------------------------

    def _refused(self, address: str, name: str, tried: Tried | None) -> Entry:
        """Of a name that nobody has nothing is kept: it may be a password in the wrong field."""
        if tried is None:
            return self._nobodys(address, "session.refused", "account", (), cause="no such account")
        cause = "locked" if tried.locked_until_us is not None else "wrong"
        return self._nobodys(address, "session.refused", "account", (name,), cause=cause, failures=tried.failures)

    def _nobodys(self, address: str, deed: str, kind: str, subjects: tuple[str, ...], **details: Any) -> Entry:
        return Entry(self.now(), NOBODY, "", "session", address, None, deed, kind, subjects, None, details)


def caller_of(session: Session, address: str) -> Caller:
    """Whose session it is."""
    areas = None if session.areas is None else frozenset(session.areas)
    return Caller(
        name=session.account,
        role=Role(session.role),
        areas=areas,
        email=session.email,
        organisation=session.organisation,
        by="session",
        address=address,
        session=session.id,
    )


def address_of(request: Request) -> str:
    """From where a request comes; of a proxy that we know, what it says."""
    return request.client.host if request.client is not None else ""


def _is_background(request: Request) -> bool:
    # The stream comes back by itself, and a browser cannot mark it.
    return BACKGROUND in request.headers or request.url.path.endswith("/stream")


def _same_host(origin: str, host: str) -> bool:
    return urlsplit(origin).netloc == host
