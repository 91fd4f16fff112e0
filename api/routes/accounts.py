"""Accounts and keys, for administrators. Passwords and keys are shown once; nothing here reads them back."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from starlette.responses import Response

from access.accounts import LEAST_KEY_US, LONGEST_KEY_US, NAME_CHARACTERS, ONE_TIME_US
from access.grants import Deed
from api import account_shapes, shapes
from api.account_shapes import AccountSaid, NewAccount, NewKey, account_body, key_body
from api.audited import nothing_changed
from api.cursors import Name, cut, next_link, read_cursor
from api.doors import Seen, seeing
from api.etags import NEVER, revision_seen
from api.made_secrets import new_key, one_time_password
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.problems import Problem
from api.routes.people import LIST_DEFAULT, ListLimit
from api.routes.session import HasSignIn
from api.sign_in import SignIn
from domain.instants import format_instant
from domain.vocabulary import Role
from store.accounts import Account, Password
from store.api_keys import Key
from store.audit import Entry, entry_of
from store.errors import NoSuchAccount, NoSuchKey, StaleAccount, Taken

CHANGED: Final[dict[int | str, dict[str, Any]]] = {
    **NOT_FOUND,
    403: {"description": "Not your own", **PROBLEM_CONTENT},
}
MADE: Final[dict[int | str, dict[str, Any]]] = {
    409: {"description": "Another account has that name, address or person of the provider", **PROBLEM_CONTENT}
}
RACED: Final[dict[int | str, dict[str, Any]]] = {
    **CHANGED,
    **MADE,
    412: {"description": "It has changed since", **PROBLEM_CONTENT},
    428: {"description": "`If-Match` is missing", **PROBLEM_CONTENT},
}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["accounts"])

Reads = Annotated[Seen, Depends(seeing(Deed.READ_ACCOUNTS))]
Writes = Annotated[Seen, Depends(seeing(Deed.WRITE_ACCOUNTS))]
AccountName = Annotated[str, Path(pattern=NAME_CHARACTERS)]
KeyId = Annotated[str, Path(pattern=r"^[a-z2-7]{12}$")]


@router.get("/accounts", response_model=shapes.Page[account_shapes.AccountNow])
async def accounts(
    request: Request,
    seen: Reads,
    sign_in: HasSignIn,
    role: Annotated[Role | None, Query(description="Only these")] = None,
    cursor: Cursor = None,
    limit: ListLimit = LIST_DEFAULT,
) -> Response:
    """Accounts, by name."""
    rows = await sign_in.accounts.page(read_cursor(cursor, Name), limit + 1, role)
    page, onward = cut(rows, limit, lambda row: row.name)
    return answer({"items": [account_body(row) for row in page], "next": (link := next_link(request, onward))}, link)


@router.get("/accounts/{account}", response_model=account_shapes.AccountNow, responses=NOT_FOUND)
async def account(account: AccountName, seen: Reads, sign_in: HasSignIn) -> Response:
    """One account; its revision is the `ETag`."""
    return _told(_there(await sign_in.accounts.one(account)))


@router.post("/accounts", response_model=account_shapes.AccountMade, status_code=201, responses=MADE)
async def make(seen: Writes, sign_in: HasSignIn, body: NewAccount) -> Response:
    """Makes an account. Its one-time password is in this answer alone, must be changed, and is worth a week."""
    now_us = sign_in.now()
    once = one_time_password() if body.password else None
    password = None
    if once is not None:
        async with sign_in.hashing.place():
            password = Password(await sign_in.hashing.made(once), must_change=True, until_us=now_us + ONE_TIME_US)
    said = {"role": body.role.value, "areas": body.areas, "organisation": body.organisation}
    entry = _entry(seen, now_us, "made", body.name, **said)
    try:
        await sign_in.accounts.make(body.name, body.person(), password, now_us, entry)
    except Taken as error:
        raise _taken(error) from None
    made = _there(await sign_in.accounts.one(body.name))
    headers = {"Location": f"{API_ROOT}/accounts/{body.name}", "ETag": f'"{made.revision}"'}
    return answer(account_body(made) | {"one_time_password": once}, status=HTTPStatus.CREATED, headers=headers)


@router.put("/accounts/{account}", response_model=account_shapes.AccountNow, responses=RACED)
async def change(
    account: AccountName,
    seen: Writes,
    sign_in: HasSignIn,
    body: AccountSaid,
    if_match: Annotated[str | None, Header(description="The `ETag` of the account as you saw it")] = None,
) -> Response:
    """Says anew what an account is; its sessions end. Nobody changes their own role or areas."""
    if if_match is None:
        raise Problem(HTTPStatus.PRECONDITION_REQUIRED, "send the account's ETag in If-Match")
    before = _there(await sign_in.accounts.one(account))
    person, now_us = body.person(), sign_in.now()
    own = replace(before.person, shown=person.shown, email=person.email, organisation=person.organisation)
    if account == seen.caller.name and person != replace(own, issuer=person.issuer, subject=person.subject):
        raise Problem(HTTPStatus.FORBIDDEN, "your own role and areas are changed by another administrator")
    revision = revision_seen(if_match, before.revision)
    details = {"role": person.role.value, "areas": person.areas, "before": before.person.role.value}
    entry = _entry(seen, now_us, "changed", account, **details)
    try:
        changed = await sign_in.accounts.change(
            account,
            NEVER if revision is None else revision,
            person,
            now_us,
            entry,  # `*` saw nothing
        )
    except Taken as error:
        raise _taken(error) from None
    except StaleAccount:
        raise Problem(HTTPStatus.PRECONDITION_FAILED, "the account has changed since you saw it") from None
    return _told(changed)


@router.post("/accounts/{account}/disable", response_model=account_shapes.AccountNow, responses=CHANGED)
async def disable(account: AccountName, seen: Writes, sign_in: HasSignIn) -> Response:
    """Nobody signs in by it any more, and its sessions end at once. Not your own."""
    if account == seen.caller.name:
        raise Problem(HTTPStatus.FORBIDDEN, "your own account is disabled by another administrator")
    now_us = sign_in.now()
    entry = _entry(seen, now_us, "disabled", account)
    return await _done(sign_in, account, sign_in.accounts.disable(account, now_us, entry))


@router.post("/accounts/{account}/enable", response_model=account_shapes.AccountNow, responses=CHANGED)
async def enable(account: AccountName, seen: Writes, sign_in: HasSignIn) -> Response:
    """It may be signed in by again."""
    entry = _entry(seen, sign_in.now(), "enabled", account)
    return await _done(sign_in, account, sign_in.accounts.enable(account, entry))


@router.post("/accounts/{account}/unlock", response_model=account_shapes.AccountNow, responses=CHANGED)
async def unlock(account: AccountName, seen: Writes, sign_in: HasSignIn) -> Response:
    """Wrong passwords are forgotten: it may be tried again."""
    entry = _entry(seen, sign_in.now(), "unlocked", account)
    return await _done(sign_in, account, sign_in.accounts.unlock(account, entry))


@router.post("/accounts/{account}/reset", response_model=account_shapes.OneTimePassword, responses=CHANGED)
async def reset(account: AccountName, seen: Writes, sign_in: HasSignIn) -> Response:
    """A one-time password instead of the one that was lost; its sessions end. It is in this answer alone."""
    now_us, once = sign_in.now(), one_time_password()
    async with sign_in.hashing.place():
        made = await sign_in.hashing.made(once)
    password = Password(made, must_change=True, until_us=now_us + ONE_TIME_US)
    try:
        await sign_in.accounts.set_password(account, password, now_us, _entry(seen, now_us, "reset", account))
    except NoSuchAccount:
        raise _no_such() from None
    until = format_instant(now_us + ONE_TIME_US)
    return answer({"name": account, "one_time_password": once, "until": until})


@router.get("/keys", response_model=shapes.Page[account_shapes.KeyNow])
async def keys(
    request: Request, seen: Reads, sign_in: HasSignIn, cursor: Cursor = None, limit: ListLimit = LIST_DEFAULT
) -> Response:
    """Keys of machines, also those that are over."""
    rows = await sign_in.keys.page(read_cursor(cursor, Name), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.id)
    return answer({"items": [key_body(row) for row in page], "next": (link := next_link(request, onward))}, link)


@router.post("/keys", response_model=account_shapes.KeyMade, status_code=201)
async def make_key(seen: Writes, sign_in: HasSignIn, body: NewKey) -> Response:
    """Makes a key for a machine. It is in this answer alone; one that was lost is revoked and made anew."""
    now_us = sign_in.now()
    if not LEAST_KEY_US <= body.until - now_us <= LONGEST_KEY_US:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "must be to come, within 400 days", field="until")
    if body.role is Role.ADMINISTRATOR:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "a machine is no administrator", field="role")
    made, who = new_key(), seen.caller.name
    what = (body.shown, body.role, body.areas, body.organisation, body.reads_only)
    key = Key(made.id, *what, made_us=now_us, made_by=who, ends_us=body.until)
    details = {"role": body.role.value, "areas": body.areas, "until": format_instant(body.until)}
    entry = _key_entry(seen, now_us, "made", made.id, **details)
    await sign_in.keys.make(key, made.secret_hash, entry)
    return answer(key_body(key) | {"key": made.shown}, status=HTTPStatus.CREATED)


@router.post("/keys/{key}/revoke", response_model=account_shapes.KeyNow, responses=NOT_FOUND)
async def revoke(key: KeyId, seen: Writes, sign_in: HasSignIn) -> Response:
    """It opens nothing any more, from now on."""
    now_us = sign_in.now()
    try:
        if not await sign_in.keys.revoke(key, now_us, _key_entry(seen, now_us, "revoked", key)):
            nothing_changed()
    except NoSuchKey:
        raise Problem(HTTPStatus.NOT_FOUND, "no such key") from None
    found = await sign_in.keys.one(key)
    assert found is not None, "keys are never deleted"
    return answer(key_body(found[0]))


async def _done(sign_in: SignIn, name: str, work: Awaitable[bool]) -> Response:
    """The account after a change, or after one that was made before."""
    try:
        if not await work:
            nothing_changed()
    except NoSuchAccount:
        raise _no_such() from None
    return _told(_there(await sign_in.accounts.one(name)))


def _entry(seen: Seen, now_us: int, did: str, name: str, **details: Any) -> Entry:
    return entry_of(seen.caller, now_us, Deed.WRITE_ACCOUNTS, "account", (name,), seen.why, did=did, **details)


def _key_entry(seen: Seen, now_us: int, did: str, key_id: str, **details: Any) -> Entry:
    return entry_of(seen.caller, now_us, Deed.WRITE_ACCOUNTS, "key", (key_id,), seen.why, did=did, **details)


def _told(account: Account) -> Response:
    return answer(account_body(account), headers={"ETag": f'"{account.revision}"'})


def _there(account: Account | None) -> Account:
    if account is None:
        raise _no_such()
    return account


def _no_such() -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "no such account")


def _taken(error: Taken) -> Problem:
    return Problem(HTTPStatus.CONFLICT, "another account has it", field=error.field)
