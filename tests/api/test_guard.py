"""Where people reach us: the public name beside loopback, TLS alone where it is https, and what a proxy says of where they are."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from api.addresses import is_safe, origin_of, require_guarded
from api.app import wall_clock_us
from api.service import ApiConfig, serve
from domain.errors import BadSetting
from domain.instants import DAY_US
from tests.api.keyed import key_for
from tests.api.signing_in import doorway
from tests.store.made import ask, migrated

PUBLIC = "https://console.example"


async def test_the_public_name_is_answered_and_no_other(embedded_url: str) -> None:
    async with doorway(embedded_url, public_url=PUBLIC) as at:
        for host, status in (
            ("console.example", 200),
            ("CONSOLE.example:443", 200),
            ("127.0.0.1:8080", 200),
            ("[::1]", 200),
            ("evil.example", 421),
            ("console.example.evil.example", 421),
            ("", 421),
        ):
            answer = await at.client.get("/health/liveness", headers={"Host": host})
            assert answer.status_code == status, host
            assert answer.headers["strict-transport-security"] == "max-age=63072000"


async def test_without_tls_browsers_are_not_told_to_keep_to_it(client: httpx2.AsyncClient) -> None:
    assert "strict-transport-security" not in (await client.get("/health/liveness")).headers


async def test_our_own_page_behind_a_proxy_may_change_things(embedded_url: str) -> None:
    async with doorway(embedded_url, public_url=PUBLIC) as at:
        # A proxy that keeps the name, and one that asks by its own.
        for host in ("console.example", "127.0.0.1:8080"):
            answer = await at.browser().sign_in(Host=host, Origin=PUBLIC, Sec_Fetch_Site="same-origin")
            assert answer.status_code == 201
            answer = await at.browser().sign_in(Host=host, Origin="https://evil.example", Sec_Fetch_Site="cross-site")
            assert answer.status_code == 403


@pytest.mark.slow
@pytest.mark.parametrize(
    ("proxies", "told", "kept"),
    [
        (("127.0.0.1",), "192.0.2.7", "192.0.2.7"),
        (("127.0.0.0/8",), "203.0.113.9, 192.0.2.7", "192.0.2.7"),
        (("10.0.0.1",), "192.0.2.7", "127.0.0.1"),
        ((), "192.0.2.7", "127.0.0.1"),
    ],
)
async def test_a_proxy_is_believed_only_where_it_is_known(
    embedded_url: str, proxies: tuple[str, ...], told: str, kept: str
) -> None:
    async with migrated(embedded_url):
        key = await key_for(embedded_url, ends_us=wall_clock_us() + DAY_US)
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(ApiConfig(embedded_url, port=0, proxies=proxies), ready=ready.set_result))
        address = await asyncio.wait_for(ready, 20)
        async with httpx2.AsyncClient(base_url=f"{address}/api/v1", headers={"X-Forwarded-For": told}) as client:
            assert (await client.get("/session", headers=key)).json()["by"] == "key"
            wrong = await client.post("/session", json={"name": "ola", "password": "x"})
            assert wrong.status_code == 401
        kept_address = ask(
            embedded_url, "SELECT body ->> 'address' FROM audit_bodies WHERE body ->> 'deed' = 'session.refused'"
        )
        assert kept_address == [(kept,)]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_origins_are_as_browsers_name_them() -> None:
    assert origin_of("https://Console.example:443/page?x") == "https://console.example"
    assert origin_of("http://console.example:8080/") == "http://console.example:8080"
    assert origin_of("https://[2001:db8::1]:8443") == "https://[2001:db8::1]:8443"


def test_secrets_go_over_tls_or_stay_on_this_machine() -> None:
    good = ("https://idp.example/x", "http://127.0.0.1:9000", "http://localhost:1/x", "http://[::1]/")
    assert all(map(is_safe, good))
    assert not any(map(is_safe, ("http://idp.example", "ftp://127.0.0.1", "https://", "", "127.0.0.1")))


def test_others_are_let_in_behind_tls_alone() -> None:
    require_guarded("127.0.0.1", None)
    require_guarded("::1", "http://console.example")
    require_guarded("0.0.0.0", PUBLIC)
    for host, public_url in (("0.0.0.0", None), ("192.0.2.1", "http://console.example")):
        with pytest.raises(BadSetting, match="PUBLIC_URL"):
            require_guarded(host, public_url)
