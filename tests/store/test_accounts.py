"""Accounts, sessions and keys as real databases keep them: nothing half done, races lost by one side, secrets never there."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from access.attempts import lock_us
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import Role
from store import Refused, Store
from store.accounts import Password, Person
from store.api_keys import LONGEST_US, Key
from store.audit import Entry
from store.errors import NoSuchAccount, NoSuchKey, StaleAccount, Taken
from store.sessions import OIDC_US, SESSIONS_AT_ONCE, Begun, NewSession
from tests.store.made import NOON, ask, migrated
from tests.store.test_roles import login_as, refused

OLA = Person("O. Invented", Role.OPERATOR, ("kent-pdu",))
FIRST = Password("hash-1", must_change=False)


def entry(deed: str = "accounts.write", *subjects: str) -> Entry:
    return Entry(NOON, "ada", "administrator", "command", "", None, deed, "account", subjects)


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def begins(token: str = "token", at_us: int = NOON, **other: Any) -> NewSession:
    new = NewSession(f"s-{token}", digest(token), "ola", "csrf", "password", at_us, HOUR_US, at_us + 12 * HOUR_US)
    return replace(new, **other)


async def with_ola(store: Store, password: Password | None = FIRST) -> None:
    await store.accounts.make("ola", OLA, password, NOON, entry("accounts.write", "ola"))


async def test_an_account_comes_back_as_it_was_made_and_its_hash_does_not(database_url: str) -> None:
    async with migrated(database_url) as store:
        await with_ola(store)
        found = await store.accounts.one("ola")
        assert found is not None
        assert (found.person, found.revision, found.made_us, found.made_by) == (OLA, 1, NOON, "ada")
        assert (found.has_password, found.must_change, found.disabled_us, found.failures) == (True, False, None, 0)
        assert "hash-1" not in repr(found)
        assert await store.accounts.one("eve") is None
        everywhere = replace(OLA, areas=None, email="pia@example.org", issuer="https://idp.example", subject="p")
        await store.accounts.make("pia", everywhere, None, NOON, entry())
        assert [one.name for one in await store.accounts.page(None, 5)] == ["ola", "pia"]
        assert [one.name for one in await store.accounts.page("ola", 5)] == ["pia"]
        assert await store.accounts.page(None, 5, Role.AUDITOR) == []
        assert (await store.accounts.page("ola", 1))[0].person == everywhere


async def test_a_name_an_address_and_a_person_of_the_provider_are_one_accounts(database_url: str) -> None:
    async with migrated(database_url) as store:
        known = replace(OLA, email="o@example.org", issuer="https://idp.example", subject="1")
        await store.accounts.make("ola", known, None, NOON, entry())
        others = {
            "name": ("ola", OLA),
            "email": ("pia", replace(OLA, email="o@example.org")),
            "subject": ("pia", replace(OLA, issuer="https://idp.example", subject="1")),
        }
        for field, (name, person) in others.items():
            with pytest.raises(Taken) as refusal:
                await store.accounts.make(name, person, None, NOON, entry())
            assert refusal.value.field == field
        for name in ("Ola", "x", "key-1", "o la", "-ola"):
            with pytest.raises(Refused):
                await store.accounts.make(name, OLA, None, NOON, entry())
        assert ask(database_url, "SELECT count(*) FROM accounts") == [(1,)]
        assert ask(database_url, "SELECT count(*) FROM audit_entries") == [(1,)]


async def test_a_change_is_of_what_was_seen_and_ends_the_sessions(database_url: str) -> None:
    async with migrated(database_url) as store:
        await with_ola(store)
        assert await store.sessions.begin(begins(), entry())
        sam = replace(OLA, role=Role.SUPERVISOR)
        changed = await store.accounts.change("ola", 1, sam, NOON, entry())
        assert (changed.person.role, changed.revision) == (Role.SUPERVISOR, 2)
        assert await store.sessions.of_token(digest("token"), NOON) is None
        with pytest.raises(StaleAccount) as stale:
            await store.accounts.change("ola", 1, OLA, NOON, entry())
        assert stale.value.revision == 2
        with pytest.raises(NoSuchAccount):
            await store.accounts.change("eve", 1, OLA, NOON, entry())
        for call in (store.accounts.disable("eve", NOON, entry()), store.accounts.unlock("eve", entry())):
            with pytest.raises(NoSuchAccount):
                await call


async def test_a_disabled_account_has_no_session_and_gets_none(database_url: str) -> None:
    async with migrated(database_url) as store:
        await with_ola(store)
        assert await store.sessions.begin(begins(), entry())
        await store.accounts.disable("ola", NOON, entry())
        assert await store.sessions.of_token(digest("token"), NOON) is None
        assert not await store.sessions.begin(begins("other"), entry())
        tried = await store.accounts.try_password("ola", NOON, lock_us)
        assert tried is not None
        assert tried.password_hash is None
        await store.accounts.enable("ola", entry())
        assert await store.sessions.of_token(digest("token"), NOON) is None
        assert await store.sessions.begin(begins("other"), entry())
        before = ask(database_url, "SELECT count(*) FROM audit_entries")
        await store.accounts.enable("ola", entry())
        assert ask(database_url, "SELECT count(*) FROM audit_entries") == before


async def test_a_session_begun_with_a_password_that_was_changed_meanwhile_is_refused(database_url: str) -> None:
    async with migrated(database_url) as store:
        await with_ola(store)
        await store.accounts.set_password("ola", Password("hash-2", must_change=True), NOON, entry())
        assert not await store.sessions.begin(begins(password_hash="hash-1"), entry())
        assert await store.sessions.begin(begins(password_hash="hash-2", better_hash="hash-3"), entry())
        session = await store.sessions.of_token(digest("token"), NOON)
        assert session is not None
        assert session.must_change
        tried = await store.accounts.try_password("ola", NOON, lock_us)
        assert tried is not None
        assert tried.password_hash == "hash-3"


async def test_a_new_password_ends_every_session_but_one(database_url: str) -> None:
    async with migrated(database_url) as store:
        await with_ola(store)
        for token in ("a", "b"):
            assert await store.sessions.begin(begins(token), entry())
        await store.accounts.set_password("ola", FIRST, NOON, entry(), keep_session="s-a")
        assert await store.sessions.of_token(digest("a"), NOON) is not None
        assert await store.sessions.of_token(digest("b"), NOON) is None


async def test_a_session_ends_at_its_limit_and_when_it_is_idle(database_url: str) -> None:
    async with migrated(database_url) as store:
        await with_ola(store)
        assert await store.sessions.begin(begins(), entry())
        last_us = NOON + HOUR_US - 1
        session = await store.sessions.of_token(digest("token"), last_us)
        assert session is not None
        assert (session.account, session.role, session.areas) == ("ola", Role.OPERATOR, ("kent-pdu",))
        assert await store.sessions.of_token(digest("token"), NOON + HOUR_US) is None
        await store.sessions.seen(session, last_us)
        again = await store.sessions.of_token(digest("token"), NOON + HOUR_US)
        assert again is not None
        assert again.seen_us == last_us
        await store.sessions.seen(again, last_us + 59 * SECOND_US)
        assert (await store.sessions.of_token(digest("token"), NOON + HOUR_US)) == again
        for number in range(1, 12):
            await store.sessions.seen(again, NOON + number * HOUR_US)
        assert await store.sessions.of_token(digest("token"), NOON + 12 * HOUR_US - 1) is not None
        assert await store.sessions.of_token(digest("token"), NOON + 12 * HOUR_US) is None
        await store.sessions.end("s-token", NOON, entry())
        assert await store.sessions.of_token(digest("token"), NOON) is None


async def test_only_so_many_sessions_of_one_account_go_on(database_url: str) -> None:
    async with migrated(database_url) as store:
        await with_ola(store)
        for number in range(SESSIONS_AT_ONCE + 1):
            assert await store.sessions.begin(begins(str(number), NOON + number), entry())
        assert await store.sessions.of_token(digest("0"), NOON + 20) is None
        assert await store.sessions.of_token(digest("1"), NOON + 20) is not None
        await store.sessions.end_all("ola", NOON + 20, entry())
        assert await store.sessions.of_token(digest("1"), NOON + 20) is None
        assert await store.sessions.begin(begins("late", NOON + 40 * DAY_US), entry())
        assert ask(database_url, "SELECT id FROM sessions") == [("s-late",)]


async def test_many_tries_at_once_are_no_more_than_one_by_one(database_url: str) -> None:
    async with migrated(database_url) as store:
        await with_ola(store)
        tries = [store.accounts.try_password("ola", NOON, lock_us) for _ in range(12)]
        found = [one for one in await asyncio.gather(*tries) if one is not None]
        assert sorted(one.failures for one in found if one.password_hash) == [1, 2, 3, 4, 5]
        assert {one.locked_until_us for one in found if not one.password_hash} == {NOON + 15 * MINUTE_US}
        at_us = NOON + 15 * MINUTE_US
        for minutes in (30, 60, 120):
            again = await store.accounts.try_password("ola", at_us, lock_us)
            assert again is not None
            assert again.password_hash == "hash-1"
            refusal = await store.accounts.try_password("ola", at_us, lock_us)
            assert refusal is not None
            assert refusal.locked_until_us == at_us + minutes * MINUTE_US
            at_us += minutes * MINUTE_US
        await store.accounts.unlock("ola", entry())
        assert (await store.accounts.try_password("ola", NOON, lock_us)) == ("hash-1", None, 1)
        await store.accounts.right_password("ola")
        found_account = await store.accounts.one("ola")
        assert found_account is not None
        assert found_account.failures == 0
        assert await store.accounts.try_password("eve", NOON, lock_us) is None


async def test_a_one_time_password_is_worth_nothing_afterwards(database_url: str) -> None:
    async with migrated(database_url) as store:
        await with_ola(store, Password("once", must_change=True, until_us=NOON + HOUR_US))
        for at_us, worth in ((NOON + HOUR_US - 1, "once"), (NOON + HOUR_US, None)):
            tried = await store.accounts.try_password("ola", at_us, lock_us)
            assert tried is not None
            assert tried.password_hash == worth


async def test_a_verified_address_is_linked_once(database_url: str) -> None:
    async with migrated(database_url) as store:
        await store.accounts.make("ola", replace(OLA, email="o@example.org"), None, NOON, entry())
        assert await store.accounts.of_subject("https://idp.example", "1") is None
        assert await store.accounts.link("x@example.org", "https://idp.example", "1", entry) is None
        assert await store.accounts.link("o@example.org", "https://idp.example", "1", entry) == "ola"
        assert await store.accounts.link("o@example.org", "https://idp.example", "2", entry) is None
        assert await store.accounts.of_subject("https://idp.example", "1") == "ola"


async def test_a_sign_in_at_the_provider_comes_back_once_to_the_browser_that_began_it(database_url: str) -> None:
    async with migrated(database_url) as store:
        begun = Begun("nonce", "verifier")
        for state in ("a", "b"):
            await store.sessions.begin_oidc(digest(state), digest("mine"), begun, NOON)
        assert await store.sessions.take_oidc(digest("a"), digest("other"), NOON) is None
        assert await store.sessions.take_oidc(digest("a"), digest("mine"), NOON) == begun
        assert await store.sessions.take_oidc(digest("a"), digest("mine"), NOON) is None
        assert await store.sessions.take_oidc(digest("b"), digest("mine"), NOON + OIDC_US + 1) is None
        await store.sessions.begin_oidc(digest("c"), digest("mine"), begun, NOON + OIDC_US + 1)
        assert ask(database_url, "SELECT count(*) FROM oidc_begun") == [(1,)]


KEY = Key("abc", "the PNC", Role.POLICE, ("kent",), "kent-police", True, NOON, "ada", NOON + DAY_US)


async def test_a_key_comes_back_and_ends(database_url: str) -> None:
    async with migrated(database_url) as store:
        await store.keys.make(KEY, digest("secret"), entry())
        assert await store.keys.one("abc") == (KEY, digest("secret"))
        assert await store.keys.one("abd") is None
        assert KEY.opens(NOON + DAY_US - 1)
        assert not KEY.opens(NOON + DAY_US)
        await store.keys.used(KEY, NOON + 5)
        (used,) = await store.keys.page(None, 5)
        assert used.used_us == NOON + 5
        await store.keys.used(used, NOON + MINUTE_US)
        assert (await store.keys.page(None, 5)) == [used]
        await store.keys.revoke("abc", NOON + 6, entry())
        (revoked,) = await store.keys.page(None, 5)
        assert not revoked.opens(NOON + 7)
        with pytest.raises(NoSuchKey):
            await store.keys.revoke("abd", NOON, entry())


async def test_a_key_neither_lives_long_nor_is_an_administrators(database_url: str) -> None:
    async with migrated(database_url) as store:
        for wrong in (replace(KEY, ends_us=NOON + LONGEST_US + 1), replace(KEY, role=Role.ADMINISTRATOR)):
            with pytest.raises(Refused):
                await store.keys.make(wrong, digest("secret"), entry())
        await store.keys.make(replace(KEY, ends_us=NOON + LONGEST_US), digest("secret"), entry())


async def test_the_api_does_all_of_it_and_no_other_process_reads_any(database_url: str) -> None:
    async with migrated(database_url):
        with login_as(database_url, "bailiwick_api") as url:
            async with await Store.open(url) as store:
                await with_ola(store)
                assert await store.accounts.try_password("ola", NOON, lock_us) is not None
                assert await store.sessions.begin(begins(), entry())
                session = await store.sessions.of_token(digest("token"), NOON)
                assert session is not None
                await store.sessions.seen(session, NOON + MINUTE_US)
                await store.sessions.begin_oidc(digest("a"), digest("b"), Begun("n", "v"), NOON)
                assert await store.sessions.take_oidc(digest("a"), digest("b"), NOON) is not None
                await store.keys.make(KEY, digest("secret"), entry())
                await store.keys.used(KEY, NOON)
                await store.keys.revoke("abc", NOON, entry())
                await store.accounts.set_password("ola", FIRST, NOON, entry())
                await store.accounts.disable("ola", NOON, entry())
            refused(url, "DELETE FROM accounts RETURNING 1")
            refused(url, "DELETE FROM api_keys RETURNING 1")
        for group in ("bailiwick_ingest", "bailiwick_dispatch", "bailiwick_seeing"):
            with login_as(database_url, group) as url:
                for table in ("accounts", "sessions", "api_keys", "oidc_begun"):
                    refused(url, f"SELECT count(*) FROM {table}")


async def test_the_tables_hold_no_plain_secret(database_url: str) -> None:
    async with migrated(database_url) as store:
        await with_ola(store)
        with pytest.raises(psycopg.errors.CheckViolation):
            await store.sessions.begin(begins(token_hash=b"the token itself"), entry())
