"""Sign-in at an OpenID provider: a real one in its own process, and one that lies; in a real browser across two sites."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import playwright.async_api as playwright
import pytest
import uvicorn
from joserfc.jwk import RSAKey
from playwright.async_api import expect
from starlette.responses import Response

from access.attempts import BEGUN_AT_ONCE
from api.app import wall_clock_us
from api.sign_in import COOKIE
from bailiwick.parts.processes import free_port
from domain.instants import SECOND_US
from domain.vocabulary import Role
from tests.api.providers import CLIENT, Later, Liar, at, know, real_provider
from tests.api.serving import served
from tests.api.signing_in import Browser, Doorway, doorway, person
from tests.api.test_sign_in import entry
from tests.store.made import NOON, ask

OIDC_COOKIE = "__Host-bailiwick-oidc"

pytestmark = pytest.mark.slow


async def known_here(there: Doorway, name: str, **said: Any) -> None:
    """An account without a password."""
    await there.store.accounts.make(name, person(Role.OPERATOR, **said), None, NOON, entry())


async def sent_back(browser: Browser, subject: str) -> tuple[str, dict[str, str]]:
    """Goes to the real provider and signs in there as a subject; where it was sent, and the query that it comes back with."""
    begun = await browser.ask("GET", "session/oidc")
    assert begun.status_code == 303
    async with httpx2.AsyncClient() as client:
        answer = await client.post(begun.headers["location"], data={"sub": subject})
    assert answer.status_code == 302, answer.text
    return begun.headers["location"], dict(httpx2.URL(answer.headers["location"]).params)


async def come_back(browser: Browser, told: dict[str, str]) -> httpx2.Response:
    return await browser.ask("GET", f"session/oidc/callback?{httpx2.QueryParams(told)}")


async def test_somebody_signs_in_at_a_real_provider(database_url: str) -> None:
    with real_provider() as issuer:
        know(issuer, "subject-7", email="Pia@Example.org", email_verified=True)
        async with at(issuer) as oidc, doorway(database_url, oidc) as there:
            await known_here(there, "pia", email="pia@example.org")
            browser = there.browser()
            asked, told = await sent_back(browser, "subject-7")
            query = parse_qs(urlsplit(asked).query)
            assert query["code_challenge_method"] == ["S256"]
            assert query["redirect_uri"] == ["http://127.0.0.1/api/v1/session/oidc/callback"]
            assert browser.cookies.keys() == {OIDC_COOKIE}
            answer = await come_back(browser, told)
            assert answer.status_code == 200
            assert 'http-equiv="refresh" content="0; url=/"' in answer.text
            assert browser.cookies.keys() == {COOKIE}
            now = (await browser.ask("GET", "session")).json()
            assert (now["name"], now["by"], now["must_change_password"]) == ("pia", "session", False)
            assert (await browser.ask("GET", "alerts")).status_code == 200
            linked = await there.store.accounts.one("pia")
            assert linked is not None
            assert (linked.person.issuer, linked.person.subject) == (issuer, "subject-7")
            assert [body["subjects"] for body in there.audited("account.linked")] == [["pia"]]
            assert there.audited("session.begun")[0]["details"] == {"signed_in_by": "oidc"}
            know(issuer, "subject-7", email="other@example.org", email_verified=True)
            again = there.browser()
            _, told = await sent_back(again, "subject-7")
            assert (await come_back(again, told)).status_code == 200
            assert (await again.ask("GET", "session")).json()["name"] == "pia"


async def test_who_has_no_account_is_told_in_words_and_has_no_session(database_url: str) -> None:
    with real_provider() as issuer:
        know(issuer, "eve", email="pia@example.org", email_verified=False)
        know(issuer, "off", email="off@example.org", email_verified=True)
        async with at(issuer) as oidc, doorway(database_url, oidc) as there:
            await known_here(there, "pia", email="pia@example.org")
            await known_here(there, "off", email="off@example.org")
            await there.store.accounts.disable("off", NOON, entry())
            for subject, words in (
                ("eve", "Nobody here has an account for you: ask your administrator."),
                ("off", "Your account is disabled: ask your administrator."),
            ):
                browser = there.browser()
                _, told = await sent_back(browser, subject)
                answer = await come_back(browser, told)
                assert answer.status_code == 403
                assert words in answer.text
                assert browser.cookies == {}
            causes = [body["details"]["cause"] for body in there.audited("session.refused")]
            assert causes == ["no account", "disabled"]
            assert "eve" not in str(ask(database_url, "SELECT body::text FROM audit_bodies"))


async def test_an_answer_is_taken_once_and_by_the_browser_that_asked(database_url: str) -> None:
    with real_provider() as issuer:
        know(issuer, "p", email="pia@example.org", email_verified=True)
        async with at(issuer) as oidc, doorway(database_url, oidc) as there:
            await known_here(there, "pia", email="pia@example.org")
            mine, other = there.browser(), there.browser()
            _, told = await sent_back(mine, "p")
            await other.ask("GET", "session/oidc")
            nobody = there.browser()
            for wrong in (other, nobody):
                answer = await come_back(wrong, told)
                assert answer.status_code == 400
                assert "was not begun in this browser" in answer.text
                assert COOKIE not in wrong.cookies
            kept = dict(mine.cookies)
            there.clock.forward(10 * 60)
            assert (await come_back(mine, told)).status_code == 200
            mine.cookies = kept
            assert (await come_back(mine, told)).status_code == 400
            late = there.browser()
            _, told = await sent_back(late, "p")
            there.clock.forward(10 * 60 + 1)
            assert (await come_back(late, told)).status_code == 400


async def test_in_a_browser_over_two_sites(chromium: playwright.Browser, embedded_url: str) -> None:
    with real_provider() as loopback:
        issuer = loopback.replace("127.0.0.1", "localhost")
        know(loopback, "p", email="pia@example.org", email_verified=True)
        back = f"http://127.0.0.1:{(port := free_port())}"
        async with at(issuer, back) as oidc, doorway(embedded_url, oidc) as there, served(there.app, port):
            await known_here(there, "pia", email="pia@example.org")
            context = await chromium.new_context()
            page = await context.new_page()
            await page.goto(back)
            await page.get_by_role("link", name="Sign in with your organisation").click()
            await page.locator("input[name=sub]").fill("p")
            await page.get_by_role("button", name="Authorize").click()
            await expect(page.locator("h1")).to_have_text("Alerts")
            await expect(page).to_have_url(f"{back}/alerts")
            await expect(page.locator(".bw-top__who")).to_contain_text("An Invented Person, operator")
            assert [cookie["name"] for cookie in await context.cookies(back)] == [COOKIE]
            await context.close()


# -- what is not believed --


class Quiet(uvicorn.Server):
    """Leaves the signals of the test process alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def lying(database_url: str, now: Later | None = None) -> AsyncIterator[tuple[Liar, Doorway]]:
    """A provider that lies as it is told, and an account that it knows."""
    liar, port = Liar(), free_port()
    liar.issuer = f"http://127.0.0.1:{port}"
    server = Quiet(uvicorn.Config(liar.app(), "127.0.0.1", port, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve())
    try:
        async with at(liar.issuer, now=now or Later()) as oidc, doorway(database_url, oidc) as there:
            await known_here(there, "pia", issuer=liar.issuer, subject="p")
            yield liar, there
    finally:
        server.should_exit = True
        await task


async def try_with(liar: Liar, there: Doorway, **more: str) -> httpx2.Response:
    """One sign-in; the ID token claims what is usual but for what the test has set before."""
    browser = there.browser()
    begun = await browser.ask("GET", "session/oidc")
    assert begun.status_code == 303, begun.text
    query = {name: values[0] for name, values in parse_qs(urlsplit(begun.headers["location"]).query).items()}
    liar.challenge = query["code_challenge"]
    now_s = wall_clock_us() // SECOND_US
    usual = {"iss": liar.issuer, "aud": CLIENT, "sub": "p", "iat": now_s, "exp": now_s + 300, "nonce": query["nonce"]}
    wanted = dict(liar.claims)
    liar.claims = {name: value for name, value in (usual | wanted).items() if value is not None}
    try:
        return await come_back(browser, {"state": query["state"], "code": "good"} | more)
    finally:
        liar.claims = wanted


NOW_S = wall_clock_us() // SECOND_US
LIES: dict[str, Callable[[Liar], None]] = {
    "for somebody else": lambda liar: liar.claims.update(aud="another"),
    "for several, without saying who asked": lambda liar: liar.claims.update(aud=[CLIENT, "another"]),
    "asked for by somebody else": lambda liar: liar.claims.update(azp="another"),
    "by another issuer": lambda liar: liar.claims.update(iss="https://other.example"),
    "over": lambda liar: liar.claims.update(exp=NOW_S - 61),
    "without an end": lambda liar: liar.claims.update(exp=None),
    "from the future": lambda liar: liar.claims.update(iat=NOW_S + 3600),
    "of another sign-in": lambda liar: liar.claims.update(nonce="another"),
    "of no sign-in": lambda liar: liar.claims.update(nonce=None),
    "of nobody": lambda liar: liar.claims.update(sub=None),
    "unsigned": lambda liar: liar.header.update(alg="none"),
    "by a secret of both": lambda liar: liar.header.update(alg="HS256"),
    "by a key that is not published": lambda liar: liar.shown.append(RSAKey.generate_key(2048, {"kid": "one"})),
}


@pytest.mark.parametrize("lie", LIES)
async def test_an_id_token_that_is_not_good_lets_nobody_in(embedded_url: str, lie: str) -> None:
    async with lying(embedded_url) as (liar, there):
        LIES[lie](liar)
        if lie == "unsigned":
            liar.answer = Response(
                '{"id_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwIn0."}', media_type="application/json"
            )
        answer = await try_with(liar, there)
        assert answer.status_code == 502
        assert "What the sign-in provider sent is not good: begin again." in answer.text
        assert ask(embedded_url, "SELECT count(*) FROM sessions") == [(0,)]


async def test_the_truth_lets_in_with_pkce_and_the_clients_secret(embedded_url: str) -> None:
    async with lying(embedded_url) as (liar, there):
        assert (await try_with(liar, there)).status_code == 200
        liar.claims = {"aud": [CLIENT, "another"], "azp": CLIENT}
        assert (await try_with(liar, there, iss=liar.issuer)).status_code == 200
        assert (await try_with(liar, there, iss="https://other.example")).status_code == 502
        refused = await try_with(liar, there, error="access_denied")
        assert refused.status_code == 403
        assert "The sign-in provider did not let you in." in refused.text
        assert (await try_with(liar, there, code="")).status_code == 502
        assert (await try_with(liar, there, code="stolen")).status_code == 502


async def test_new_keys_of_the_provider_are_read_and_not_at_every_try(embedded_url: str) -> None:
    clock = Later()
    async with lying(embedded_url, clock) as (liar, there):
        assert (await try_with(liar, there)).status_code == 200
        liar.key = RSAKey.generate_key(2048, {"kid": "two"})
        liar.header = {"alg": "RS256", "kid": "two"}
        assert (await try_with(liar, there)).status_code == 502
        assert liar.keys_read == 1, "they were read a moment ago"
        clock.ahead_us = 61 * SECOND_US
        liar.claims = {"exp": NOW_S + 3600}
        assert (await try_with(liar, there)).status_code == 200
        assert liar.keys_read == 2


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"issuer": "https://other.example"}, 502),
        ({"token_endpoint": "http://other.example/token"}, 502),
        ({"jwks_uri": None}, 502),
        ({"padding": "x" * (1 << 18)}, 502),
    ],
)
async def test_a_provider_that_describes_itself_badly_is_not_used(
    embedded_url: str, document: dict[str, Any], status: int
) -> None:
    async with lying(embedded_url) as (liar, there):
        liar.document = document
        answer = await there.browser().ask("GET", "session/oidc")
        assert answer.status_code == status


async def test_a_provider_that_is_away_is_said_and_accounts_here_go_on(embedded_url: str) -> None:
    async with at(f"http://127.0.0.1:{free_port()}") as oidc, doorway(embedded_url, oidc) as there:
        answer = await there.browser().ask("GET", "session/oidc")
        assert answer.status_code == 503
        assert "or sign in here" in answer.json()["detail"]
        assert (await there.browser().sign_in()).status_code == 201


async def test_sign_ins_that_never_come_back_wait_and_those_that_do_are_not_counted(embedded_url: str) -> None:
    async with lying(embedded_url) as (liar, there):
        for _ in range(3):
            assert (await try_with(liar, there)).status_code == 200
        begun = [(await there.browser().ask("GET", "session/oidc")).status_code for _ in range(BEGUN_AT_ONCE + 2)]
        assert begun == [303] * BEGUN_AT_ONCE + [429] * 2
        there.clock.forward(6)
        assert (await there.browser().ask("GET", "session/oidc")).status_code == 303


async def test_without_a_provider_there_is_no_such_way(embedded_url: str) -> None:
    async with doorway(embedded_url) as there:
        assert (await there.browser().ask("GET", "session/oidc")).status_code == 404
        assert (await there.browser().ask("GET", "session/oidc/callback?code=x&state=y")).status_code == 404
        assert "your organisation" not in (await there.client.get("/sign-in")).text


async def test_an_account_without_a_password_has_none_to_change(embedded_url: str) -> None:
    async with lying(embedded_url) as (liar, there):
        account = await there.store.accounts.one("pia")
        assert account is not None
        assert not account.has_password
        assert (await there.browser().sign_in("pia", "")).status_code == 422
        assert (await there.browser().sign_in("pia", "anything at all")).status_code == 401
        assert account.person.issuer == liar.issuer
