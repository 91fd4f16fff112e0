"""Sign-in over real databases: what lets in, what does not, and that what was ended opens nothing."""

from __future__ import annotations

import asyncio
import re

import pytest

from access.attempts import FAILURES_AT_ONCE
from api.sign_in import COOKIE, CSRF
from domain.instants import DAY_US, SECOND_US
from domain.vocabulary import Role
from store.accounts import Password
from store.audit import Entry
from tests.api.signing_in import OTHER, PASSWORD, Doorway, doorway, quick_hashing, serving
from tests.store.made import NOON, ask, migrated

COOKIE_FORM = re.compile(
    r"__Host-bailiwick-session=[A-Za-z0-9_-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=strict; Secure"
)


def entry(deed: str = "accounts.write") -> Entry:
    return Entry(NOON, "ada", "administrator", "command", "", None, deed, "account", ("ola",))


async def test_a_session_is_begun_looked_at_and_ended(database_url: str) -> None:
    async with doorway(database_url) as at:
        browser = at.browser()
        assert (await browser.ask("GET", "session")).status_code == 401
        answer = await browser.sign_in()
        assert answer.status_code == 201
        assert COOKIE_FORM.fullmatch(answer.headers["set-cookie"])
        assert PASSWORD not in answer.text
        assert browser.token not in answer.text
        now = (await browser.ask("GET", "session")).json()
        assert now == answer.json()
        assert (now["name"], now["role"], now["areas"], now["by"]) == ("ola", "operator", None, "session")
        assert (now["ends"], now["idle_s"]) == ("2026-11-22T00:00:01Z", 12 * 3600)
        assert (await browser.ask("GET", "alerts")).status_code == 200
        ended = await browser.ask("DELETE", "session")
        assert ended.status_code == 204
        assert "Max-Age=0" in ended.headers["set-cookie"]
        assert COOKIE not in browser.cookies
        assert [body["subjects"] for body in at.audited("session.begun")] == [["ola"]]
        (out,) = at.audited("session.ended")
        assert (out["who"], out["role"], out["address"]) == ("ola", "operator", "127.0.0.1")
        assert out["session"] == at.audited("session.begun")[0]["session"]


async def test_a_token_opens_nothing_after_the_session_has_ended(database_url: str) -> None:
    async with doorway(database_url) as at:
        browser = await at.signed_in()
        stolen = at.browser()
        stolen.cookies = dict(browser.cookies)
        assert (await stolen.ask("GET", "session")).status_code == 200
        await browser.ask("DELETE", "session")
        assert (await stolen.ask("GET", "session")).status_code == 401
        assert (await stolen.ask("GET", "alerts")).status_code == 401
        one, two = await at.signed_in(), await at.signed_in()
        assert (await one.ask("DELETE", "session?everywhere=true")).status_code == 204
        assert (await two.ask("GET", "session")).status_code == 401


async def test_what_is_wrong_is_said_in_the_same_words(database_url: str) -> None:
    async with doorway(database_url) as at:
        await at.account("off")
        await at.store.accounts.disable("off", NOON, entry())
        wrong = [("ola", "not the password"), ("eve", PASSWORD), ("off", PASSWORD), ("Not a name!", PASSWORD)]
        answers = [await at.browser().sign_in(name, password) for name, password in wrong]
        assert [answer.status_code for answer in answers] == [401] * len(wrong)
        assert len({answer.text for answer in answers}) == 1
        assert not any("set-cookie" in answer.headers for answer in answers)
        told = [(body["subjects"], body["details"]["cause"]) for body in at.audited("session.refused")]
        assert told == [(["ola"], "wrong"), ([], "no such account"), (["off"], "wrong"), ([], "no such account")]
        assert {body["who"] for body in at.audited("session.refused")} == {"nobody"}
        kept = str(ask(database_url, "SELECT body::text FROM audit_bodies"))
        assert "eve" not in kept
        assert "Not a name" not in kept


async def test_five_wrong_in_a_row_lock_for_longer_and_longer(database_url: str) -> None:
    async with doorway(database_url) as at:
        for _ in range(4):
            assert (await at.browser().sign_in(password="wrong")).status_code == 401
        assert (await at.browser().sign_in()).status_code == 201
        for _ in range(5):
            assert (await at.browser().sign_in(password="wrong")).status_code == 401
        assert (await at.browser().sign_in()).status_code == 401
        assert at.audited("session.refused")[-1]["details"]["cause"] == "locked"
        at.clock.forward(15 * 60 - 1)
        assert (await at.browser().sign_in()).status_code == 401
        at.clock.forward(1)
        assert (await at.browser().sign_in(password="wrong")).status_code == 401
        at.clock.forward(29 * 60)
        assert (await at.browser().sign_in()).status_code == 401
        at.clock.forward(60)
        assert (await at.browser().sign_in()).status_code == 201


async def test_whoever_is_signed_in_is_not_touched_by_a_lock(database_url: str) -> None:
    async with doorway(database_url) as at:
        browser = await at.signed_in()
        for _ in range(6):
            await at.browser().sign_in(password="wrong")
        assert (await browser.ask("GET", "alerts")).status_code == 200


async def test_an_address_that_fails_often_waits_and_who_signs_in_well_does_not(database_url: str) -> None:
    async with doorway(database_url) as at:
        for _ in range(FAILURES_AT_ONCE + 5):
            await at.signed_in()
        for number in range(FAILURES_AT_ONCE):
            assert (await at.browser().sign_in(f"nobody{number}")).status_code == 401
        limited = await at.browser().sign_in()
        assert limited.status_code == 429
        assert limited.headers["retry-after"] == "6"
        assert len(at.audited("session.refused")) == FAILURES_AT_ONCE
        at.clock.forward(6)
        assert (await at.browser().sign_in()).status_code == 201


async def test_a_flood_of_sign_ins_is_refused_before_it_costs_anything(embedded_url: str) -> None:
    async with doorway(embedded_url) as at:
        async with at.sign_in.hashing.place():
            places = [at.sign_in.hashing.place() for _ in range(33)]
            for place in places:
                await place.__aenter__()
            full = await at.browser().sign_in()
            for place in places:
                await place.__aexit__(None, None, None)
        assert (full.status_code, full.headers["retry-after"]) == (503, "2")
        assert (await at.browser().sign_in()).status_code == 201


async def test_a_session_ends_when_nothing_is_done_and_at_its_limit(database_url: str) -> None:
    async with doorway(database_url) as at:
        idle = await at.signed_in("ada")
        at.clock.forward(59 * 60)
        assert (await idle.ask("GET", "accounts")).status_code == 200
        at.clock.forward(59 * 60)
        assert (await idle.ask("GET", "accounts", Bailiwick_Background="true")).status_code == 200
        at.clock.forward(60)
        assert (await idle.ask("GET", "accounts")).status_code == 401
        operator = await at.signed_in()
        at.clock.forward(12 * 3600 - 1)
        assert (await operator.ask("GET", "alerts")).status_code == 200
        at.clock.forward(1)
        assert (await operator.ask("GET", "alerts")).status_code == 401


async def test_a_change_by_cookie_needs_the_csrf_token_and_our_own_page(database_url: str) -> None:
    async with doorway(database_url) as at:
        browser = await at.signed_in("ada")
        account = {"name": "new", "shown": "N", "role": "operator"}
        token, browser.csrf = browser.csrf, None
        for wrong in ("", "x", str((await at.signed_in("ada")).csrf)):
            refused = await browser.ask("POST", "accounts", account, **{CSRF: wrong})
            assert refused.status_code == 403
            assert CSRF in refused.json()["detail"]
        browser.csrf = token
        elsewhere = [
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:81"},
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
            {"Sec_Fetch_Site": "none"},
        ]
        for headers in elsewhere:
            assert (await browser.ask("POST", "accounts", account, **headers)).status_code == 403
            assert (await at.browser().sign_in(**headers)).status_code == 403
            assert (await browser.ask("DELETE", "session", **headers)).status_code == 403
        ours = {"Origin": "http://127.0.0.1", "Sec_Fetch_Site": "same-origin"}
        assert (await browser.ask("POST", "accounts", account, **ours)).status_code == 201
        assert ask(database_url, "SELECT count(*) FROM accounts WHERE name = 'new'") == [(1,)]


async def test_sign_in_gives_a_new_token_and_the_one_before_opens_nothing(database_url: str) -> None:
    async with doorway(database_url) as at:
        browser = at.browser()
        browser.cookies[COOKIE] = "a-token-that-somebody-else-put-there"
        await browser.sign_in()
        first = dict(browser.cookies)
        assert first[COOKIE] != "a-token-that-somebody-else-put-there"
        await browser.sign_in()
        assert browser.cookies != first
        old = at.browser()
        old.cookies = first
        assert (await old.ask("GET", "session")).status_code == 401
        assert (await browser.ask("GET", "session")).status_code == 200


async def test_a_forced_change_lets_nothing_else_through(database_url: str) -> None:
    async with doorway(database_url) as at:
        once = Password(await at.sign_in.hashing.made("once-once-once-x"), must_change=True, until_us=NOON + DAY_US)
        await at.store.accounts.set_password("ola", once, NOON, entry())
        browser = await at.signed_in(password="once-once-once-x")
        assert (await browser.ask("GET", "session")).json()["must_change_password"]
        for path in ("alerts", "positions", "counts"):
            refused = await browser.ask("GET", path)
            assert refused.status_code == 403
            assert refused.json()["detail"] == "change your password first: POST /api/v1/session/password"
        before = dict(browser.cookies)
        change = {"current": "once-once-once-x", "new": OTHER}
        changed = await browser.ask("POST", "session/password", change)
        assert changed.status_code == 200
        assert not changed.json()["must_change_password"]
        assert browser.cookies != before
        assert (await browser.ask("GET", "alerts")).status_code == 200
        assert (await at.browser().sign_in(password="once-once-once-x")).status_code == 401
        assert (await at.browser().sign_in(password=OTHER)).status_code == 201
        assert [body["who"] for body in at.audited("password.changed")] == ["ola"]


async def test_a_one_time_password_that_is_over_lets_nobody_in(database_url: str) -> None:
    async with doorway(database_url) as at:
        once = Password(await at.sign_in.hashing.made(OTHER), must_change=True, until_us=at.clock() + SECOND_US)
        await at.store.accounts.set_password("ola", once, NOON, entry())
        at.clock.forward(1)
        assert (await at.browser().sign_in(password=OTHER)).status_code == 401


@pytest.mark.parametrize(
    ("new", "cause"),
    [
        ("too short", "must have 12 characters or more"),
        ("x" * 129, "must have 128 characters or fewer"),
        ("password12345", "guessed first"),
        ("i am ola and so", "must not hold the account's name"),
        (PASSWORD, "must be another than now"),
    ],
)
async def test_a_password_that_is_no_good_is_refused_in_words(embedded_url: str, new: str, cause: str) -> None:
    async with doorway(embedded_url) as at:
        browser = await at.signed_in()
        refused = await browser.ask("POST", "session/password", {"current": PASSWORD, "new": new})
        assert refused.status_code == 422
        (error,) = refused.json()["errors"]
        assert error["field"] == "new"
        assert cause in error["cause"]
        assert new not in refused.text
        assert (await at.browser().sign_in()).status_code == 201


async def test_a_password_is_changed_by_whoever_has_it_alone(database_url: str) -> None:
    async with doorway(database_url) as at:
        browser, other = await at.signed_in(), await at.signed_in()
        for _ in range(5):
            refused = await browser.ask("POST", "session/password", {"current": "guessed", "new": OTHER})
            assert refused.json()["errors"][0]["field"] == "current"
        locked = await browser.ask("POST", "session/password", {"current": PASSWORD, "new": OTHER})
        assert locked.status_code == 422
        at.clock.forward(15 * 60)
        assert (await browser.ask("POST", "session/password", {"current": PASSWORD, "new": OTHER})).status_code == 200
        assert (await other.ask("GET", "session")).status_code == 401
        assert (await browser.ask("GET", "session")).status_code == 200


async def test_sessions_survive_a_restart_of_the_process(database_url: str) -> None:
    async with migrated(database_url) as store:
        async with serving(store, database_url) as first:
            await first.account()
            browser = await first.signed_in()
        async with serving(store, database_url) as second:
            again = second.browser()
            again.cookies, again.csrf = browser.cookies, browser.csrf
            assert (await again.ask("GET", "session")).json()["name"] == "ola"
            assert (await again.ask("DELETE", "session")).status_code == 204


async def key_of(at: Doorway, role: Role = Role.OPERATOR, days: int = 1, **said: object) -> tuple[str, str]:
    """(id, key) of a key that an administrator has made."""
    admin = await at.signed_in("ada")
    until = f"2026-11-{21 + days}T12:00:01Z"
    made = await admin.ask("POST", "keys", {"shown": "a machine", "role": role, "areas": None, "until": until, **said})
    assert made.status_code == 201, made.text
    return made.json()["id"], made.json()["key"]


async def with_key(at: Doorway, key: str, method: str = "GET", path: str = "alerts") -> int:
    answer = await at.browser().ask(method, path, None, Authorization=f"Bearer {key}")
    return answer.status_code


async def test_a_key_opens_what_its_role_may_until_it_ends(database_url: str) -> None:
    async with doorway(database_url) as at:
        key_id, key = await key_of(at)
        assert re.fullmatch(r"bwk_[a-z2-7]{12}_[A-Za-z0-9_-]{43}", key)
        assert await with_key(at, key) == 200
        assert await with_key(at, key, path="accounts") == 403
        assert await with_key(at, key, "POST", "mutes") == 403
        now = (await at.browser().ask("GET", "session", Authorization=f"bearer {key}")).json()
        assert (now["name"], now["by"], now["reads_only"], now["csrf"]) == (f"key-{key_id}", "key", True, None)
        at.clock.forward(24 * 3600 - 1)
        assert await with_key(at, key) == 200
        at.clock.forward(1)
        assert await with_key(at, key) == 401
        (refused,) = at.audited("key.refused")
        assert refused["subjects"] == [key_id]
        assert key[-43:] not in str(ask(database_url, "SELECT k::text FROM api_keys k"))


async def test_a_key_that_was_revoked_or_guessed_opens_nothing(database_url: str) -> None:
    async with doorway(database_url) as at:
        key_id, key = await key_of(at)
        admin = await at.signed_in("ada")
        listed = (await admin.ask("GET", "keys")).json()["items"]
        assert [one["id"] for one in listed] == [key_id]
        assert key[-43:] not in str(listed)
        for wrong in (key[:-1] + ("A" if key[-1] != "A" else "B"), "bwk_x", "", f"{key} x"):
            assert await with_key(at, wrong) == 401
        assert (await admin.ask("POST", f"keys/{key_id}/revoke")).json()["revoked"] is not None
        assert await with_key(at, key) == 401
        assert (await admin.ask("POST", "keys/aaaaaaaaaaaa/revoke")).status_code == 404
        both = at.browser()
        both.cookies = dict(admin.cookies)
        refused = await both.ask("GET", "session", Authorization=f"Bearer {key}")
        assert refused.status_code == 400


async def test_guessed_keys_wait_and_a_good_one_from_the_same_address_does_not(embedded_url: str) -> None:
    async with doorway(embedded_url) as at:
        _, key = await key_of(at)
        statuses = [await with_key(at, "bwk_guessed") for _ in range(FAILURES_AT_ONCE + 2)]
        assert statuses == [401] * FAILURES_AT_ONCE + [429] * 2
        assert await with_key(at, key) == 200


async def test_a_key_that_writes_needs_no_csrf_token(embedded_url: str) -> None:
    async with doorway(embedded_url) as at:
        _, key = await key_of(at, reads_only=False)
        made = await at.browser().ask("POST", "mutes", {}, Authorization=f"Bearer {key}")
        assert made.status_code in (422, 503)


async def test_who_may_be_made_a_key(embedded_url: str) -> None:
    async with doorway(embedded_url) as at:
        admin = await at.signed_in("ada")
        said = {"shown": "x", "role": "operator", "until": "2026-11-22T12:00:00Z"}
        wrong = {
            "until": [{"until": "2027-12-27T12:00:02Z"}, {"until": "2026-11-21T12:00:01Z"}],
            "role": [{"role": "administrator"}],
        }
        for field, cases in wrong.items():
            for case in cases:
                refused = await admin.ask("POST", "keys", said | case)
                assert refused.status_code == 422
                assert refused.json()["errors"][0]["field"] == field


async def test_many_wrong_ones_at_once_are_five(embedded_url: str) -> None:
    async with doorway(embedded_url) as at:
        await asyncio.gather(*(at.browser().sign_in(password="wrong") for _ in range(12)))
        causes = [body["details"]["cause"] for body in at.audited("session.refused")]
        assert (causes.count("wrong"), causes.count("locked")) == (5, 7)


async def test_a_hash_made_with_less_work_is_made_anew_at_sign_in(embedded_url: str) -> None:
    async with doorway(embedded_url) as at:
        before = ask(embedded_url, "SELECT password_hash FROM accounts WHERE name = 'ola'")
        at.sign_in.hashing.close()
        at.sign_in.hashing = type(quick_hashing())(time_cost=2, memory_kib=16, lanes=1)
        await at.signed_in()
        after = ask(embedded_url, "SELECT password_hash FROM accounts WHERE name = 'ola'")
        assert after != before
        assert "m=16,t=2" in after[0][0]
        await at.signed_in()
        assert ask(embedded_url, "SELECT password_hash FROM accounts WHERE name = 'ola'") == after
        at.sign_in.hashing.close()
