"""SMS through a gateway's HTTP interface, against a real server on loopback."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.channels.channel import Refused, TryAgain, public_id
from alerts.channels.sms import SmsSender
from alerts.channels.sms_gateway import Gateway
from alerts.ports import Leased
from alerts.wording import Words
from domain.vocabulary import Channel
from tests.alerts.far_ends import HttpFarEnd, http_far_end
from tests.alerts.telling import BODY, leased

NUMBER = "+447700900123"
NASTY = 'Rhybudd "17" \\ {to} & {id} <b>ŵ€\n'
JSON = '{"to": "{to}", "from": "Centre", "message": "{text}", "reference": "{id}", "options": {}}'


def now_us() -> int:
    return time.time_ns() // 1_000


@contextlib.asynccontextmanager
async def sending(gateway: Gateway, **given: Any) -> AsyncIterator[SmsSender]:
    sender = SmsSender(gateway, now_us, **given)
    try:
        yield sender
    finally:
        await sender.aclose()


@pytest.fixture
async def far_end() -> AsyncIterator[HttpFarEnd]:
    async with http_far_end() as made:
        yield made


def text(words: str = NASTY, address: str = NUMBER) -> tuple[Leased, Words]:
    return leased(Channel.SMS, address, id="17:0:x:sms"), Words("", words, words, "en")


async def test_a_json_body_with_a_token(far_end: HttpFarEnd) -> None:
    gateway = Gateway.read(far_end.url(), "POST", JSON, {"X-Sender": "centre"}, "word-1")
    async with sending(gateway) as sender:
        await sender.send(*text())
        await sender.send(*text())
    asked = far_end.asked[0]
    assert (asked.method, asked.path) == ("POST", "/hook?x=1")
    assert asked.headers["authorization"] == "Bearer word-1"
    assert asked.headers["x-sender"] == "centre"
    assert asked.headers["content-type"] == "application/json"
    assert json.loads(asked.body) == {
        "to": NUMBER,
        "from": "Centre",
        "message": NASTY,
        "reference": public_id("17:0:x:sms"),
        "options": {},
    }
    assert far_end.connections == 1


async def test_a_form(far_end: HttpFarEnd) -> None:
    gateway = Gateway.read(far_end.url(), "PUT", "To={to}&Body={text}&Ref={id}")
    async with sending(gateway) as sender:
        await sender.send(*text())
    (asked,) = far_end.asked
    assert asked.method == "PUT"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body.decode()) == {"To": [NUMBER], "Body": [NASTY], "Ref": [public_id("17:0:x:sms")]}


async def test_xml(far_end: HttpFarEnd) -> None:
    body = '<sms to="{to}"><text>{text}</text></sms>'
    gateway = Gateway.read(far_end.url(), "POST", body, {"Content-Type": "text/xml; charset=utf-8"})
    async with sending(gateway) as sender:
        await sender.send(*text())
    sent = Xml.fromstring(far_end.asked[0].body)
    assert (sent.get("to"), sent.findtext("text")) == (NUMBER, NASTY)


async def test_get_with_fields_in_the_address(far_end: HttpFarEnd) -> None:
    gateway = Gateway.read(f"{far_end.url()}&to={{to}}&text={{text}}", "GET", "")
    async with sending(gateway) as sender:
        await sender.send(*text())
    (asked,) = far_end.asked
    assert (asked.method, asked.body) == ("GET", b"")
    assert parse_qs(urlsplit(asked.path).query) == {"x": ["1"], "to": [NUMBER], "text": [NASTY]}


async def test_a_number_is_written_in_one_way(far_end: HttpFarEnd) -> None:
    async with sending(Gateway.read(far_end.url(), "POST", JSON)) as sender:
        await sender.send(*text(address="+44 (7700) 900-123"))
        assert json.loads(far_end.asked[0].body)["to"] == NUMBER
        for bad in ("", "police", "+", "+44x", "+44770090012345678901234", "١٢٣٤٥٦", '","x":"'):
            with pytest.raises(Refused, match="not a telephone number") as caught:
                await sender.send(*text(address=bad))
            assert len(bad) < 5 or bad not in caught.value.why
    assert len(far_end.asked) == 1


async def test_safe_words_are_sent_exactly(far_end: HttpFarEnd) -> None:
    words = "  Choir is on Thursday {id} "
    async with sending(Gateway.read(far_end.url(), "POST", JSON)) as sender:
        await sender.send(*text(words))
    assert json.loads(far_end.asked[0].body)["message"] == words


async def test_a_text_without_end_is_refused(far_end: HttpFarEnd) -> None:
    async with sending(Gateway.read(far_end.url(), "POST", JSON)) as sender:
        with pytest.raises(Refused, match="2000 characters"):
            await sender.send(*text("x" * 2_000))


@pytest.mark.parametrize(("status", "error"), [(400, Refused), (302, Refused), (429, TryAgain), (500, TryAgain)])
async def test_what_the_gateway_answers(far_end: HttpFarEnd, status: int, error: type[Exception]) -> None:
    far_end.status, far_end.headers = status, {"retry-after": "9", "location": far_end.url()}
    async with sending(Gateway.read(far_end.url(), "POST", JSON)) as sender:
        with pytest.raises(error, match=f"answered {status}") as caught:
            await sender.send(leased(Channel.SMS, NUMBER), BODY)
    assert getattr(caught.value, "after_s", 9.0) == 9.0
    assert len(far_end.asked) == 1


@pytest.mark.parametrize("behave", ["drop", "nonsense", pytest.param("silent", marks=pytest.mark.slow)])
async def test_a_gateway_that_breaks_off_or_is_silent(far_end: HttpFarEnd, behave: str) -> None:
    far_end.behave = behave
    async with sending(Gateway.read(far_end.url(), "POST", JSON), total_s=0.2) as sender:
        with pytest.raises(TryAgain):
            await sender.send(leased(Channel.SMS, NUMBER), BODY)


@pytest.mark.parametrize(
    ("settings_", "says"),
    [
        ({"body": '{"to": "{to}", "x": "{text}", "y": "{sender}"}'}, r"SMS_BODY: unknown field \{sender\}; .*\{to\}"),
        ({"url": "https://sms.example/{account}"}, r"SMS_URL: unknown field \{account\}"),
        ({"body": '{"to": "{to}"}'}, r"SMS_BODY: must have \{to\} and \{text\}"),
        ({"body": '{"to": "{to}", "text": {text}}'}, "SMS_BODY: filled in it is not json; mind quotes"),
        ({"body": "<a>{to}{text}</b>", "headers": {"Content-Type": "text/xml"}}, "SMS_BODY: filled in it is not xml"),
        ({"body": "{to}{text}", "headers": {"Content-Type": "text/plain"}}, "SMS_HEADERS: the Content-Type must be"),
        ({"body": "to {to} text {text}", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, "not form"),
        ({"method": "DELETE"}, "SMS_METHOD: must be one of"),
        ({"method": "GET"}, "SMS_BODY: a GET has none"),
        ({"url": "sms.example"}, "SMS_URL: must be https://"),
        ({"url": "https://user:geheim@sms.example/"}, "SMS_URL: must be https://"),
        ({"url": "https://{to}.example/{text}"}, "SMS_URL: fields stand in the path"),
        ({"url": "https://sms.example:99999/"}, "SMS_URL: the port must"),
        ({"url": "https://sms.example/ x"}, "SMS_URL: must be plain ASCII"),
        ({"headers": {"X\r\nY": "geheim"}}, "SMS_HEADERS: .* is not a header"),
        ({"headers": {"X": "geheim\r\nY: z"}}, "SMS_HEADERS: 'x' is not a header"),
        ({"token": "two geheim"}, "SMS_TOKEN: must be one word"),
        ({"token": "geheim", "headers": {"Authorization": "Basic x"}}, "SMS_TOKEN: .*no Authorization"),
    ],
)
def test_a_gateway_that_cannot_be_is_refused_naming_what_is_wrong(settings_: dict[str, Any], says: str) -> None:
    given_ = {"url": "https://sms.example/send", "method": "POST", "body": JSON} | settings_
    with pytest.raises(ValueError, match=says) as caught:
        Gateway.read(**given_)
    assert "geheim" not in str(caught.value)


@pytest.mark.slow
@given(st.text(st.characters(exclude_categories=["Cs"])))
@settings(max_examples=200, deadline=None)
def test_nothing_that_is_said_breaks_out_of_its_place(said: str) -> None:
    values = {"to": NUMBER, "text": said, "id": "1"}
    body = Gateway.read("https://sms.example/{text}/x", "POST", JSON).content(values)
    assert json.loads(body)["message"] == said
    form = Gateway.read("https://sms.example/", "POST", "to={to}&text={text}&z=1").content(values)
    assert parse_qs(form.decode(), keep_blank_values=True) == {"to": [NUMBER], "text": [said], "z": ["1"]}
    address = Gateway.read("https://sms.example/{text}/x?to={to}", "GET", "").address(values)
    assert len(urlsplit(address).path.split("/")) == 3
