"""The JSON of sign-in, accounts and keys, as OpenAPI tells it, and the answers in it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints, field_validator

from access.accounts import EMAIL_CHARACTERS, NAME_CHARACTERS, is_name
from access.grants import Deed, may
from access.passwords import LONGEST
from api.instants import Instant
from api.shapes import Shape
from domain.callers import Caller
from domain.instants import SECOND_US, format_instant
from domain.vocabulary import Role
from store.accounts import Account, Person
from store.api_keys import Key
from store.sessions import Session

Name = Annotated[str, Field(pattern=NAME_CHARACTERS, description="An id, not a person's name")]
Shown = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Area = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Areas = Annotated[tuple[Area, ...] | None, Field(max_length=1000, description="Null is every area")]
Organisation = Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Email = Annotated[str | None, Field(pattern=EMAIL_CHARACTERS, max_length=254)]
Secret = Annotated[str, Field(min_length=1, max_length=8 * LONGEST)]
"""A password as it was typed: what is wrong with it is said in words, not by its shape."""


class Credentials(Shape):
    """A name and a password."""

    name: Annotated[str, Field(min_length=1, max_length=254)]
    password: Secret


class NewPassword(Shape):
    """The password now, and the one to come: 12 to 128 characters, and not of the words that are guessed first."""

    current: Secret
    new: Secret


class AtProvider(Shape):
    """Who somebody is at the OpenID provider."""

    issuer: Annotated[str, Field(min_length=1, max_length=512)]
    subject: Annotated[str, Field(min_length=1, max_length=255)]


class AccountSaid(Shape):
    """What an administrator says of an account. ``email`` is an officer's as orders have it, or the provider's."""

    shown: Shown
    role: Role
    areas: Areas = ()
    email: Email = None
    organisation: Organisation = None
    provider: AtProvider | None = None

    def person(self) -> Person:
        """As the store has it."""
        email = None if self.email is None else self.email.lower()
        issuer, subject = (None, None) if self.provider is None else (self.provider.issuer, self.provider.subject)
        return Person(self.shown, self.role, self.areas, email, self.organisation, issuer, subject)


class NewAccount(AccountSaid):
    """An account. Without ``password`` it signs in at the provider alone."""

    name: Name
    password: Annotated[bool, Field(description="Make a one-time password, which is shown in the answer alone")] = True

    @field_validator("name")
    @classmethod
    def _is_free(cls, value: str) -> str:
        if not is_name(value):
            raise ValueError("is kept for what no person does: choose another")
        return value


class NewKey(Shape):
    """A key of a machine: what it is for, what it may, and until when (400 days at most)."""

    shown: Shown
    role: Role
    areas: Areas = ()
    organisation: Organisation = None
    reads_only: bool = True
    until: Instant


class SessionNow(Shape):
    """Who you are, and what you may do. ``csrf`` goes into the header `Bailiwick-CSRF` of every change; a key has none."""

    name: str
    shown: str
    role: Role
    areas: list[str] | None
    organisation: str | None
    reads_only: bool
    by: str
    must_change_password: bool
    deeds: list[Deed]
    csrf: str | None
    idle_s: int | None
    ends: str | None


class AccountNow(Shape):
    """An account as it stands. ``password_until``: a one-time password that is worth nothing afterwards."""

    name: str
    shown: str
    role: Role
    areas: list[str] | None
    email: str | None
    organisation: str | None
    provider: AtProvider | None
    has_password: bool
    must_change_password: bool
    password_until: str | None
    disabled: str | None
    failures: int
    locked_until: str | None
    revision: str
    made: str
    made_by: str


class AccountMade(AccountNow):
    """An account, and its one-time password: nobody can read it again."""

    one_time_password: str | None


class OneTimePassword(Shape):
    """A one-time password: nobody can read it again."""

    name: str
    one_time_password: str
    until: str


class KeyNow(Shape):
    """A key as it stands; its secret is nowhere."""

    id: str
    shown: str
    role: Role
    areas: list[str] | None
    organisation: str | None
    reads_only: bool
    made: str
    made_by: str
    until: str
    revoked: str | None
    used: str | None


class KeyMade(KeyNow):
    """A key, with its secret: nobody can read it again."""

    key: str


def session_body(session: Session, caller: Caller) -> dict[str, Any]:
    """`SessionNow` of a session and whose it is."""
    told = {"shown": session.shown, "must_change_password": session.must_change, "csrf": session.csrf}
    ends = {"idle_s": session.idle_us // SECOND_US, "ends": format_instant(session.ends_us)}
    return caller_body(caller) | told | ends


def caller_body(caller: Caller) -> dict[str, Any]:
    """`SessionNow` of whoever has no session."""
    areas = None if caller.areas is None else sorted(caller.areas)
    told: dict[str, Any] = {"name": caller.name, "shown": caller.name, "role": caller.role.value, "areas": areas}
    told |= {
        "by": caller.by,
        "organisation": caller.organisation,
        "reads_only": caller.reads_only,
        "must_change_password": False,
    }
    deeds = [deed.value for deed in Deed if may(caller, deed)]
    return told | {"deeds": deeds, "csrf": None, "idle_s": None, "ends": None}


def account_body(account: Account) -> dict[str, Any]:
    """`AccountNow`."""
    person = account.person
    provider = None if person.issuer is None else {"issuer": person.issuer, "subject": person.subject}
    return {
        "name": account.name,
        "shown": person.shown,
        "role": person.role.value,
        "areas": _areas(person.areas),
        "email": person.email,
        "organisation": person.organisation,
        "provider": provider,
        "has_password": account.has_password,
        "must_change_password": account.must_change,
        "password_until": _instant(account.password_until_us),
        "disabled": _instant(account.disabled_us),
        "failures": account.failures,
        "locked_until": _instant(account.locked_until_us),
        "revision": str(account.revision),
        "made": format_instant(account.made_us),
        "made_by": account.made_by,
    }


def key_body(key: Key) -> dict[str, Any]:
    """`KeyNow`."""
    names = ("id", "shown", "organisation", "reads_only", "made_by")
    told = {name: getattr(key, name) for name in names} | {"role": key.role.value, "areas": _areas(key.areas)}
    instants = {"made": key.made_us, "until": key.ends_us, "revoked": key.revoked_us, "used": key.used_us}
    return told | {name: _instant(at_us) for name, at_us in instants.items()}


def _areas(areas: tuple[str, ...] | None) -> list[str] | None:
    return None if areas is None else sorted(areas)


def _instant(at_us: int | None) -> str | None:
    return None if at_us is None else format_instant(at_us)
