"""Accounts and keys over HTTP: administrators make, change and end them, nobody their own rights, all of it audited."""

from __future__ import annotations

import re

import pytest

from api.sign_in import COOKIE
from domain.vocabulary import Role
from tests.api.serving import Follower, served
from tests.api.signing_in import OTHER, doorway, serving
from tests.store.alert_making import alerts_at
from tests.store.made import ask

NEW = {"name": "pia", "shown": "P. Invented", "role": "operator", "areas": ["kent-pdu"]}


async def test_an_account_is_made_with_a_password_that_is_shown_once(database_url: str) -> None:
    async with doorway(database_url) as at:
        admin = await at.signed_in("ada")
        made = await admin.ask("POST", "accounts", NEW | {"email": "P@Example.org"})
        assert made.status_code == 201
        assert (made.headers["location"], made.headers["etag"]) == ("/api/v1/accounts/pia", '"1"')
        once = made.json()["one_time_password"]
        assert re.fullmatch(r"(?:[a-z2-9]{5}-){3}[a-z2-9]{5}", once)
        assert made.json()["password_until"] == "2026-11-28T12:00:01Z"
        read = (await admin.ask("GET", "accounts/pia")).json()
        assert read == {name: value for name, value in made.json().items() if name != "one_time_password"}
        assert (read["email"], read["areas"], read["made_by"]) == ("p@example.org", ["kent-pdu"], "ada")
        pia = await at.signed_in("pia", once)
        assert (await pia.ask("GET", "alerts")).status_code == 403
        assert (await pia.ask("POST", "session/password", {"current": once, "new": OTHER})).status_code == 200
        assert (await pia.ask("GET", "alerts")).status_code == 200
        (entry,) = at.audited("accounts.write")[2:]
        assert (entry["who"], entry["subjects"], entry["details"]["did"]) == ("ada", ["pia"], "made")
        assert once not in str(ask(database_url, "SELECT body::text FROM audit_bodies"))


async def test_what_cannot_be_made_is_said_with_its_field(database_url: str) -> None:
    async with doorway(database_url) as at:
        admin = await at.signed_in("ada")
        assert (await admin.ask("POST", "accounts", NEW | {"email": "p@example.org"})).status_code == 201
        for said, status, field in (
            (NEW, 409, "name"),
            (NEW | {"name": "pam", "email": "P@example.org"}, 409, "email"),
            (NEW | {"name": "Pia"}, 422, "name"),
            (NEW | {"name": "nobody"}, 422, "name"),
            (NEW | {"name": "key-x"}, 422, "name"),
            (NEW | {"name": "pam", "shown": "  "}, 422, "shown"),
            (NEW | {"name": "pam", "email": "x"}, 422, "email"),
            (NEW | {"name": "pam", "role": "king"}, 422, "role"),
            (NEW | {"name": "pam", "areas": ["a b"]}, 422, "areas.0"),
            (NEW | {"name": "pam", "king": True}, 422, "king"),
        ):
            refused = await admin.ask("POST", "accounts", said)
            assert refused.status_code == status, said
            assert refused.json()["errors"][0]["field"] == field
        assert ask(database_url, "SELECT count(*) FROM accounts") == [(3,)]


async def test_a_change_names_what_was_seen_and_ends_the_sessions(database_url: str) -> None:
    async with doorway(database_url) as at:
        admin, ola = await at.signed_in("ada"), await at.signed_in()
        said = {"shown": "O. Other", "role": "supervisor", "areas": None}
        assert (await admin.ask("PUT", "accounts/ola", said)).status_code == 428
        for stale in ('"7"', "nonsense", "*"):
            assert (await admin.ask("PUT", "accounts/ola", said, If_Match=stale)).status_code == 412
        assert (await ola.ask("GET", "session")).status_code == 200
        changed = await admin.ask("PUT", "accounts/ola", said, If_Match='"1"')
        assert (changed.status_code, changed.json()["role"], changed.headers["etag"]) == (200, "supervisor", '"2"')
        assert (await ola.ask("GET", "session")).status_code == 401
        assert (await (await at.signed_in()).ask("GET", "session")).json()["role"] == "supervisor"
        assert (await admin.ask("PUT", "accounts/eve", said, If_Match='"1"')).status_code == 404
        assert at.audited("accounts.write")[-1]["details"]["before"] == "operator"


async def test_nobody_changes_their_own_rights_or_locks_themselves_out(database_url: str) -> None:
    async with doorway(database_url) as at:
        admin = await at.signed_in("ada")
        for said in ({"role": "operator", "areas": None}, {"role": "administrator", "areas": ["kent-pdu"]}):
            refused = await admin.ask("PUT", "accounts/ada", {"shown": "A"} | said, If_Match='"1"')
            assert refused.status_code == 403
        assert (await admin.ask("POST", "accounts/ada/disable")).status_code == 403
        same = {"shown": "A. Other", "role": "administrator", "areas": None}
        assert (await admin.ask("PUT", "accounts/ada", same, If_Match='"1"')).status_code == 200


async def test_to_disable_ends_everything_at_once_and_the_same_again_changes_nothing(database_url: str) -> None:
    async with doorway(database_url) as at:
        admin, ola = await at.signed_in("ada"), await at.signed_in()
        for _ in range(2):
            disabled = await admin.ask("POST", "accounts/ola/disable")
            assert (disabled.status_code, disabled.json()["disabled"]) == (200, "2026-11-21T12:00:01Z")
            assert (await ola.ask("GET", "alerts")).status_code == 401
        assert (await at.browser().sign_in()).status_code == 401
        for _ in range(2):
            assert (await admin.ask("POST", "accounts/ola/enable")).json()["disabled"] is None
        assert (await ola.ask("GET", "alerts")).status_code == 401
        assert (await at.browser().sign_in()).status_code == 201
        assert [body["details"].get("did") for body in at.audited("accounts.write")[2:]] == ["disabled", "enabled"]
        for deed in ("disable", "enable", "unlock", "reset"):
            assert (await admin.ask("POST", f"accounts/eve/{deed}")).status_code == 404


async def test_locked_accounts_are_shown_and_let_in_again(database_url: str) -> None:
    async with doorway(database_url) as at:
        for _ in range(5):
            await at.browser().sign_in(password="wrong")
        admin = await at.signed_in("ada")
        locked = (await admin.ask("GET", "accounts/ola")).json()
        assert (locked["failures"], locked["locked_until"]) == (5, "2026-11-21T12:15:01Z")
        unlocked = (await admin.ask("POST", "accounts/ola/unlock")).json()
        assert (unlocked["failures"], unlocked["locked_until"]) == (0, None)
        assert (await admin.ask("POST", "accounts/ola/unlock")).status_code == 200
        assert (await at.browser().sign_in()).status_code == 201


async def test_a_reset_gives_a_password_for_once(database_url: str) -> None:
    async with doorway(database_url) as at:
        admin, ola = await at.signed_in("ada"), await at.signed_in()
        reset = (await admin.ask("POST", "accounts/ola/reset")).json()
        assert reset["until"] == "2026-11-28T12:00:01Z"
        assert (await ola.ask("GET", "session")).status_code == 401
        assert (await at.browser().sign_in()).status_code == 401
        again = await at.signed_in(password=reset["one_time_password"])
        assert (await again.ask("GET", "session")).json()["must_change_password"]


async def test_lists_come_in_pages_by_name(database_url: str) -> None:
    async with doorway(database_url) as at:
        admin = await at.signed_in("ada")
        for name in ("pia", "ben"):
            assert (await admin.ask("POST", "accounts", NEW | {"name": name})).status_code == 201
        names, path = [], "accounts?limit=2"
        while path:
            page = (await admin.ask("GET", path)).json()
            names += [one["name"] for one in page["items"]]
            path = page["next"] and page["next"].removeprefix("/api/v1/")
        assert names == ["ada", "ben", "ola", "pia"]
        only = (await admin.ask("GET", "accounts?role=administrator")).json()["items"]
        assert [one["name"] for one in only] == ["ada"]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
async def test_only_administrators_see_or_change_any(embedded_url: str, role: Role) -> None:
    async with doorway(embedded_url) as at:
        await at.account("other", role)
        browser = await at.signed_in("other")
        for path in ("accounts", "accounts/ola", "keys"):
            assert (await browser.ask("GET", path)).status_code == 403
        assert (await browser.ask("POST", "accounts", NEW)).status_code == 403
        assert (await browser.ask("POST", "accounts/ola/reset")).status_code == 403


@pytest.mark.slow
async def test_a_stream_ends_with_the_session_before_anything_more_is_shown(database_url: str) -> None:
    async with alerts_at(database_url) as made, serving(made.store, database_url) as at, served(at.app) as address:
        await at.account()
        await at.account("ada", Role.ADMINISTRATOR)
        admin, ola = await at.signed_in("ada"), await at.signed_in()
        cookie = {"Cookie": f"{COOKIE}={ola.token}"}
        async with Follower(address, "?kind=alert", cookie).open() as events:
            assert (await anext(events))[0] == "hello"
            await made.raised("W1-1")
            assert (await anext(events))[0] == "alert"
            await admin.ask("POST", "accounts/ola/disable")
            at.clock.forward(5)
            await made.raised("W1-2", condition="C2")
            assert [event async for event in events] == []
