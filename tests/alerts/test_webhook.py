"""Webhooks against real servers on loopback: what is sent, who can verify it, and what each answer means."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from alerts.channels.channel import Refused, TryAgain, public_id
from alerts.channels.http_sending import ANSWER_BYTES
from alerts.channels.targets import Rules
from alerts.channels.webhook import HOST_AT_ONCE, WebhookSender
from alerts.ports import Leased
from alerts.protocols import Target
from domain.instants import SECOND_US, format_instant
from domain.vocabulary import Channel
from tests.alerts.certificates import make_certificates
from tests.alerts.far_ends import ENDLESS_PART, LOOPBACK, HttpFarEnd, http_far_end
from tests.alerts.networks import Loopback, Names
from tests.alerts.telling import AT_US, BODY, CONSOLE, RAISED_US, leased
from tests.waiting import eventually

OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"x" * 32).decode()
HERE = Rules.read([LOOPBACK])
SHORT_S = 0.2


def now_us() -> int:
    return time.time_ns() // 1_000


@contextlib.asynccontextmanager
async def sending(
    keys: tuple[str, ...] = (NEW,), rules: Rules = HERE, clock: Callable[[], int] = now_us, **given: Any
) -> AsyncIterator[WebhookSender]:
    sender = WebhookSender(keys, rules, CONSOLE, clock, **given)
    try:
        yield sender
    finally:
        await sender.aclose()


@pytest.fixture
async def far_end() -> AsyncIterator[HttpFarEnd]:
    async with http_far_end() as made:
        yield made


def to(far_end: HttpFarEnd, **changed: Any) -> Leased:
    return leased(Channel.WEBHOOK, far_end.url(), **changed)


async def test_the_body_is_a_cloudevent_in_structured_json(far_end: HttpFarEnd) -> None:
    async with sending() as sender:
        await sender.send(to(far_end), BODY)
    (asked,) = far_end.asked
    assert (asked.method, asked.path) == ("POST", "/hook?x=1")
    assert asked.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert asked.headers["host"] == f"{LOOPBACK}:{far_end.port}"
    event = json.loads(asked.body)
    data = event.pop("data")
    assert event == {
        "specversion": "1.0",
        "id": public_id("17:1-0-0:kent-police:webhook"),
        "source": CONSOLE,
        "type": "bailiwick.alert.notification.v1",
        "subject": "alerts/17",
        "time": format_instant(AT_US),
        "datacontenttype": "application/json",
    }
    assert data == {
        "alert": "17",
        "kind": "strap_tamper",
        "code": None,
        "severity": "critical",
        "raised": format_instant(RAISED_US),
        "reason": "first",
        "text": "alert",
        "stands_down": False,
        "language": "en",
        "subject": BODY.subject,
        "message": BODY.long,
        "link": f"{CONSOLE}/alerts/17",
    }


async def test_both_keys_sign_while_they_are_changed_and_each_receiver_verifies_with_its_own(
    far_end: HttpFarEnd,
) -> None:
    async with sending((NEW, OLD)) as sender:
        await sender.send(to(far_end), BODY)
    (asked,) = far_end.asked
    assert len(asked.headers["webhook-signature"].split()) == 2
    for key in (OLD, NEW):
        assert Webhook(key).verify(asked.body, asked.headers)["id"] == asked.headers["webhook-id"]
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(asked.body, asked.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(asked.body.replace(b"17", b"18"), asked.headers)


async def test_one_key_signs_once(far_end: HttpFarEnd) -> None:
    async with sending((NEW,)) as sender:
        await sender.send(to(far_end), BODY)
    headers = far_end.asked[0].headers
    Webhook(NEW).verify(far_end.asked[0].body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(far_end.asked[0].body, headers)


async def test_every_attempt_has_the_same_id_and_body_over_one_connection(far_end: HttpFarEnd) -> None:
    async with sending() as sender:
        await sender.send(to(far_end), BODY)
        await sender.send(to(far_end), BODY)
    first, second = far_end.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == public_id("17:1-0-0:kent-police:webhook")
    assert first.body == second.body
    assert (first.connection, second.connection, far_end.connections) == (1, 1, 1)


async def test_an_id_that_cannot_stand_in_a_header_is_its_digest_always_the_same(far_end: HttpFarEnd) -> None:
    async with sending() as sender:
        for _ in range(2):
            await sender.send(to(far_end, id="17:1.2:desk@force.example\r\nx: y"), BODY)
    ids = {asked.headers["webhook-id"] for asked in far_end.asked}
    assert len(ids) == 1
    assert len(ids.pop()) == 40
    Webhook(NEW).verify(far_end.asked[0].body, far_end.asked[0].headers)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_2xx_is_taken(far_end: HttpFarEnd, status: int) -> None:
    far_end.status = status
    async with sending() as sender:
        await sender.send(to(far_end), BODY)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422, 451])
async def test_4xx_is_refused(far_end: HttpFarEnd, status: int) -> None:
    far_end.status = status
    async with sending() as sender:
        with pytest.raises(Refused, match=f"answered {status}"):
            await sender.send(to(far_end), BODY)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_what_passes_is_tried_again(far_end: HttpFarEnd, status: int) -> None:
    far_end.status = status
    async with sending() as sender:
        with pytest.raises(TryAgain, match=f"answered {status}") as caught:
            await sender.send(to(far_end), BODY)
    assert caught.value.after_s is None


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("7", 7, 7),
        ("0", 0, 0),
        ("999999999999999999", 3_600, 3_600),
        ("Sat, 21 Nov 2026 22:32:00 GMT", 58.5, 58.5),
        ("Sat, 21 Nov 2026 22:31:00 GMT", 0, 0),
        ("Sun, 22 Nov 2026 22:31:00 GMT", 3_600, 3_600),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_in_seconds_and_as_a_date(
    far_end: HttpFarEnd, status: int, header: str, low: float, high: float
) -> None:
    far_end.status, far_end.headers = status, {"retry-after": header}
    async with sending(clock=lambda: AT_US) as sender:
        with pytest.raises(TryAgain) as caught:
            await sender.send(to(far_end), BODY)
    assert caught.value.after_s is not None
    assert low <= caught.value.after_s <= high


@pytest.mark.parametrize("header", ["soon", "-1", "1e9", "", "Wed, 99 Nov 2026 99:99:99 GMT", "٣"])
async def test_a_retry_after_that_cannot_be_read_is_none(far_end: HttpFarEnd, header: str) -> None:
    far_end.status, far_end.headers = 429, {"retry-after": header.encode().decode("latin-1")}
    async with sending() as sender:
        with pytest.raises(TryAgain) as caught:
            await sender.send(to(far_end), BODY)
    assert caught.value.after_s is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(far_end: HttpFarEnd, status: int) -> None:
    async with http_far_end() as inside:
        far_end.status, far_end.headers = status, {"location": inside.url()}
        async with sending() as sender:
            with pytest.raises(Refused, match="redirects are not followed"):
                await sender.send(to(far_end), BODY)
        assert inside.asked == []


@pytest.mark.slow
async def test_a_server_that_is_silent_is_given_so_long_and_no_longer(far_end: HttpFarEnd) -> None:
    far_end.behave = "silent"
    async with sending(total_s=SHORT_S) as sender:
        with pytest.raises(TryAgain, match=r"no answer within 0.2 s"):
            await sender.send(to(far_end), BODY)


@pytest.mark.slow
async def test_headers_that_drip_without_an_end_are_given_so_long_too(far_end: HttpFarEnd) -> None:
    """Each part comes soon enough for a limit that is asked at each read."""
    far_end.behave = "headers"
    async with sending(total_s=SHORT_S) as sender, asyncio.timeout(5):
        with pytest.raises(TryAgain, match=r"no answer within 0.2 s"):
            await sender.send(to(far_end), BODY)


@pytest.mark.parametrize("behave", ["drop", "nonsense"])
async def test_a_connection_that_breaks_is_tried_again(far_end: HttpFarEnd, behave: str) -> None:
    far_end.behave = behave
    async with sending() as sender:
        with pytest.raises(TryAgain, match="the connection failed or broke"):
            await sender.send(to(far_end), BODY)
        far_end.behave = "answer"
        await sender.send(to(far_end), BODY)


async def test_nobody_listens() -> None:
    async with http_far_end() as gone:
        pass
    async with sending() as sender:
        with pytest.raises(TryAgain, match="the connection failed or broke"):
            await sender.send(to(gone), BODY)


@pytest.mark.parametrize(("status", "error"), [(200, None), (500, TryAgain), (410, Refused)])
async def test_an_answer_without_an_end_is_read_so_far_and_no_further(
    far_end: HttpFarEnd, status: int, error: type[Exception] | None
) -> None:
    far_end.behave, far_end.status = "huge", status
    async with sending() as sender:
        with pytest.raises(error) if error else contextlib.nullcontext():
            await sender.send(to(far_end), BODY)
        # What the sockets of both sides hold goes on top; an unbounded reader would take it all.
        assert far_end.written <= ANSWER_BYTES + 8 * 1024 * 1024
        await eventually(lambda: far_end.open == 0, "the connection is ended, not left with its answer")
    assert len(ENDLESS_PART) < ANSWER_BYTES


@pytest.mark.slow
@pytest.mark.parametrize(("status", "error"), [(200, None), (500, TryAgain)])
async def test_a_body_that_never_comes_does_not_take_back_the_status(
    far_end: HttpFarEnd, status: int, error: type[Exception] | None
) -> None:
    far_end.behave, far_end.status = "drip", status
    async with sending(total_s=SHORT_S) as sender:
        with pytest.raises(error) if error else contextlib.nullcontext():
            await sender.send(to(far_end), BODY)


async def test_a_target_inside_is_refused_before_anything_is_sent(far_end: HttpFarEnd) -> None:
    async with sending(rules=Rules()) as sender:
        for url in (far_end.url(), far_end.url(scheme="https"), "https://[::ffff:127.0.0.1]/", "https://localhost./"):
            with pytest.raises(Refused, match="the webhook's address"):
                await sender.send(leased(Channel.WEBHOOK, url), BODY)
    assert far_end.connections == 0


async def test_a_name_that_comes_to_point_inside_is_refused(far_end: HttpFarEnd) -> None:
    loopback = Loopback(far_end.port)
    async with sending(rules=Rules(), resolver=Names([LOOPBACK]), inner=loopback) as sender:
        with pytest.raises(Refused, match=r"nothing is sent there: police.example .*loopback"):
            await sender.send(leased(Channel.WEBHOOK, "https://police.example/hook"), BODY)
    assert (loopback.connected, far_end.connections) == ([], 0)


async def test_the_address_that_was_checked_is_connected_to_with_the_name_of_the_host(tmp_path: Path) -> None:
    made = make_certificates(tmp_path, "police.example")
    async with http_far_end(made.server()) as far_end:
        loopback = Loopback(far_end.port)
        names = Names(["93.184.215.14"], [LOOPBACK])
        async with sending(rules=Rules(), resolver=names, inner=loopback, tls=made.client()) as sender:
            for _ in range(2):
                await sender.send(leased(Channel.WEBHOOK, "https://police.example/hook"), BODY)
    assert loopback.connected == [("93.184.215.14", 443)]
    assert far_end.names == ["police.example"]
    assert {asked.headers["host"] for asked in far_end.asked} == {"police.example"}
    assert len(far_end.asked) == 2


async def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path) -> None:
    made = make_certificates(tmp_path, "other.example")
    async with http_far_end(made.server()) as far_end:
        names, loopback = Names(["93.184.215.14"]), Loopback(far_end.port)
        async with sending(rules=Rules(), resolver=names, inner=loopback, tls=made.client()) as sender:
            with pytest.raises(TryAgain, match="ConnectError"):
                await sender.send(leased(Channel.WEBHOOK, "https://police.example/hook"), BODY)
        assert far_end.asked == []


async def test_a_name_that_nobody_knows_is_tried_again() -> None:
    class Nobody(Names):
        async def addresses(self, host: str, port: int) -> list[str]:
            raise OSError("no such name")

    async with sending(rules=Rules(), resolver=Nobody([])) as sender:
        with pytest.raises(TryAgain):
            await sender.send(leased(Channel.WEBHOOK, "https://police.example/"), BODY)


async def test_a_protected_person_is_never_told_by_a_webhook(far_end: HttpFarEnd) -> None:
    async with sending() as sender:
        with pytest.raises(Refused, match="protected person"):
            await sender.send(to(far_end, target=Target.VICTIM, words="The parcel is here."), BODY)
    assert far_end.asked == []


async def test_many_at_once_share_the_connections(far_end: HttpFarEnd) -> None:
    async with sending() as sender:
        await asyncio.gather(*(sender.send(to(far_end, id=f"{n}"), BODY) for n in range(40)))
        await asyncio.gather(*(sender.send(to(far_end, id=f"{n}b"), BODY) for n in range(20)))
    assert len(far_end.asked) == 60
    assert far_end.connections <= HOST_AT_ONCE


@pytest.mark.slow
async def test_a_host_that_hangs_does_not_take_every_sender_from_the_others(far_end: HttpFarEnd) -> None:
    far_end.behave = "silent"
    async with http_far_end() as other, sending(turn_s=SHORT_S) as sender:
        hanging = [asyncio.create_task(sender.send(to(far_end, id=f"{n}"), BODY)) for n in range(HOST_AT_ONCE + 3)]
        await eventually(lambda: len(far_end.asked) == HOST_AT_ONCE, "so many and no more have been sent there")
        await sender.send(to(other), BODY)
        await eventually(lambda: sum(one.done() for one in hanging) == 3, "those without a turn are free again")
        for one in hanging[HOST_AT_ONCE:]:
            with pytest.raises(TryAgain, match=f"{HOST_AT_ONCE} others wait for an answer of {LOOPBACK}"):
                await one
        assert len(other.asked) == 1
        far_end.ended.set()
        ended = await asyncio.gather(*hanging[:HOST_AT_ONCE], return_exceptions=True)
        assert {type(one) for one in ended} == {TryAgain}
        far_end.behave = "answer"
        await sender.send(to(far_end), BODY)


def test_a_key_that_is_none_is_refused_without_repeating_it() -> None:
    for bad in ("", "whsec_", "whsec_short", "secret" * 8, "whsec_" + "!" * 44, NEW.removeprefix("whsec_")):
        with pytest.raises(ValueError, match="must be whsec_") as caught:
            WebhookSender((bad,), HERE, CONSOLE, lambda: 1_700_000_000 * SECOND_US)
        assert not bad or bad == "whsec_" or bad not in str(caught.value)
