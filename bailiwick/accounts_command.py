"""``bailiwick accounts``: who may sign in, and keys of machines. Each secret is printed once and kept by its hash alone."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from bailiwick.command_work import done_over
from domain.instants import DAY_US, format_instant
from domain.vocabulary import Role

if TYPE_CHECKING:
    from store import Store
    from store.accounts import Account
    from store.api_keys import Key

T = TypeVar("T")
PAGE = 500
DEED = "accounts.write"
DEFAULT_KEY_DAYS = 365

accounts = typer.Typer(help="Who may sign in, and keys of machines.", no_args_is_help=True, rich_markup_mode=None)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Name = Annotated[str, typer.Argument(help="The account's name: an id, such as j.smith.")]
RoleOption = Annotated[Role, typer.Option("--role", help="The one role that it acts in.")]
Areas = Annotated[
    list[str] | None, typer.Option("--area", help="Id of an area that it sees; several times for several.")
]
EveryArea = Annotated[bool, typer.Option("--every-area", help="It sees every area.")]
Organisation = Annotated[str | None, typer.Option(help="Whose requests and warrants it shares, such as kent-police.")]


@accounts.command("add")
def add(
    name: Name,
    role: RoleOption,
    shown: Annotated[str | None, typer.Option(help="How people are shown it; the name by itself.")] = None,
    areas: Areas = None,
    every_area: EveryArea = False,
    email: Annotated[
        str | None, typer.Option(help="Address: an officer's as orders have it, or the provider's.")
    ] = None,
    organisation: Organisation = None,
    provider_alone: Annotated[
        bool, typer.Option("--provider-alone", help="No password: it signs in at the provider.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make an account; prints its one-time password, which must be changed within a week."""
    from access.accounts import is_name
    from store.accounts import Person

    if not is_name(name):
        _bad("NAME", "2 to 64 of a-z 0-9 _ . - , beginning with a letter or digit, and none that is reserved")
    _check_address(email)
    seen = _areas(role, areas, email, every_area=every_area)
    person = Person(shown or name, role, seen, None if email is None else email.lower(), organisation)

    async def work(store: Store) -> str | None:
        await _check_areas(store, seen)
        once, password = (None, None) if provider_alone else await _one_time()
        await store.accounts.make(name, person, password, _now(), _entry("made", name, role=role.value))
        return once

    once = _run(work)
    told = {"name": name, "role": role.value, "one_time_password": once}
    _print(told, [f"made {name} ({role.value})", *_once(once)], as_json)


@accounts.command("list")
def list_(as_json: AsJson = False) -> None:
    """Every account, by name."""

    async def work(store: Store) -> list[Account]:
        return await _all(store.accounts.page, lambda one: one.name)

    found = _run(work)
    _print({"accounts": [_account(one) for one in found]}, [_account_line(one) for one in found] or ["none"], as_json)


@accounts.command("disable")
def disable(name: Name, as_json: AsJson = False) -> None:
    """Nobody signs in by it any more; its sessions end at once."""
    _change(name, "disabled", lambda store: store.accounts.disable(name, _now(), _entry("disabled", name)), as_json)


@accounts.command("enable")
def enable(name: Name, as_json: AsJson = False) -> None:
    """It may be signed in by again."""
    _change(name, "enabled", lambda store: store.accounts.enable(name, _entry("enabled", name)), as_json)


@accounts.command("unlock")
def unlock(name: Name, as_json: AsJson = False) -> None:
    """Wrong passwords are forgotten: it may be tried again."""
    _change(name, "unlocked", lambda store: store.accounts.unlock(name, _entry("unlocked", name)), as_json)


@accounts.command("reset")
def reset(name: Name, as_json: AsJson = False) -> None:
    """A one-time password instead of the one that was lost; its sessions end."""

    async def work(store: Store) -> str:
        once, password = await _one_time()
        await store.accounts.set_password(name, password, _now(), _entry("reset", name))
        return once

    once = _run(work)
    _print({"name": name, "one_time_password": once}, _once(once), as_json)


@accounts.command("key")
def key(
    purpose: Annotated[str, typer.Option("--for", help="What it is for.")],
    role: RoleOption,
    areas: Areas = None,
    every_area: EveryArea = False,
    organisation: Organisation = None,
    writes: Annotated[bool, typer.Option("--writes", help="It may change things, not only read.")] = False,
    days: Annotated[int, typer.Option(help="How long it opens anything.", min=1, max=400)] = DEFAULT_KEY_DAYS,
    as_json: AsJson = False,
) -> None:
    """Make a key for a machine; prints it once."""
    from api.made_secrets import new_key
    from bailiwick.at_the_shell import shell_caller
    from store.api_keys import Key

    if role is Role.ADMINISTRATOR:
        _bad("--role", "a machine is no administrator")
    seen = _areas(role, areas, every_area=every_area)
    made, now_us = new_key(), _now()
    what = (purpose, role, seen, organisation, not writes)
    row = Key(made.id, *what, made_us=now_us, made_by=shell_caller().name, ends_us=now_us + days * DAY_US)

    async def work(store: Store) -> None:
        await _check_areas(store, seen)
        await store.keys.make(row, made.secret_hash, _entry("made", made.id, "key", role=role.value))

    _run(work)
    told = {"id": made.id, "key": made.shown, "until": format_instant(row.ends_us)}
    _print(told, [made.shown, f"opens until {told['until']}; shown this once"], as_json)


@accounts.command("keys")
def keys(as_json: AsJson = False) -> None:
    """Every key, also those that are over."""

    async def work(store: Store) -> list[Key]:
        return await _all(store.keys.page, lambda one: one.id)

    found, now_us = _run(work), _now()
    _print({"keys": [_key(one) for one in found]}, [_key_line(one, now_us) for one in found] or ["none"], as_json)


@accounts.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id: what stands between bwk_ and the next _.")],
    as_json: AsJson = False,
) -> None:
    """A key opens nothing any more."""
    _change(
        key_id, "revoked", lambda store: store.keys.revoke(key_id, _now(), _entry("revoked", key_id, "key")), as_json
    )


def _change(name: str, did: str, work: Callable[[Store], Awaitable[bool]], as_json: bool) -> None:
    changed = _run(work)
    _print({"name": name, "changed": changed}, [f"{did} {name}" if changed else f"{name} was so before"], as_json)


async def _one_time() -> tuple[str, Any]:
    from access.accounts import ONE_TIME_US
    from api.hashing import Hashing
    from api.made_secrets import one_time_password
    from store.accounts import Password

    once, hashing = one_time_password(), Hashing()
    try:
        return once, Password(await hashing.made(once), must_change=True, until_us=_now() + ONE_TIME_US)
    finally:
        hashing.close()


async def _all(page: Callable[[str | None, int], Awaitable[list[T]]], key_of: Callable[[T], str]) -> list[T]:
    found: list[T] = []
    while rows := await page(key_of(found[-1]) if found else None, PAGE):
        found += rows
    return found


async def _check_areas(store: Store, areas: Sequence[str] | None) -> None:
    known = await store.rota.areas() if areas else {}
    for area in areas or ():
        if area not in known:
            _bad("--area", f"there is no area {area}; `bailiwick import` brings areas")


def _areas(
    role: Role, areas: list[str] | None, email: str | None = None, *, every_area: bool
) -> tuple[str, ...] | None:
    from access.sights import BY_AREA

    if every_area and areas:
        _bad("--every-area", "not together with --area")
    by_address = role is Role.OFFICER and email is not None
    if role in BY_AREA and not every_area and not areas and not by_address:
        _bad("--area", f"as {role.value} it would see nobody: name its areas, or give --every-area")
    return None if every_area else tuple(sorted(set(areas or ())))


def _check_address(email: str | None) -> None:
    from access.accounts import EMAIL_CHARACTERS

    if email is not None and not re.fullmatch(EMAIL_CHARACTERS, email):
        _bad("--email", "is not an address")


def _bad(field: str, cause: str) -> NoReturn:
    raise typer.BadParameter(cause, param_hint=field)


def _run(work: Callable[[Store], Awaitable[T]]) -> T:
    from store import Store

    return done_over(Store.open, work)


def _entry(did: str, subject: str, kind: str = "account", **details: Any) -> Any:
    from bailiwick.at_the_shell import entry_at_the_shell

    return entry_at_the_shell(DEED, kind, [subject], did=did, **details)


def _now() -> int:
    return time.time_ns() // 1000


def _account(account: Account) -> dict[str, Any]:
    from api.account_shapes import account_body

    return account_body(account)


def _key(row: Key) -> dict[str, Any]:
    from api.account_shapes import key_body

    return key_body(row)


def _account_line(account: Account) -> str:
    person, locked_us = account.person, account.locked_until_us or 0
    where = "every area" if person.areas is None else ", ".join(person.areas) or "no area"
    notes = [
        "disabled" if account.disabled_us is not None else "",
        f"locked until {format_instant(locked_us)}" if locked_us > _now() else "",
        "password to be changed" if account.must_change else "",
        "signs in at the provider alone" if not account.has_password else "",
    ]
    return "; ".join([f"{account.name}: {person.role.value}, {where}", *filter(None, notes)])


def _key_line(row: Key, now_us: int) -> str:
    where = "every area" if row.areas is None else ", ".join(row.areas) or "no area"
    state = f"until {format_instant(row.ends_us)}" if row.opens(now_us) else "opens nothing any more"
    rights = "reads" if row.reads_only else "reads and writes"
    return f"{row.id}: {row.shown}; {row.role.value}, {where}, {rights}; {state}"


def _once(once: str | None) -> list[str]:
    return [] if once is None else [f"one-time password, shown this once, to be changed within a week: {once}"]


def _print(result: object, lines: Sequence[str], as_json: bool) -> None:
    print(json.dumps(result) if as_json else "\n".join(lines))
