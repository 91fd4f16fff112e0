"""E-mail against a real SMTP server on loopback."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.channel import NotTaken, Refused, TryAgain
from alerts.channels.mail_server import MailServer, plain_address, read_sender
from alerts.channels.smtp import MailSender
from alerts.ports import Leased
from alerts.protocols import Target
from alerts.wording import Words
from domain.vocabulary import Channel, Severity
from tests.alerts.certificates import make_certificates
from tests.alerts.far_ends import LOOPBACK
from tests.alerts.mail_far_end import MailFarEnd, mail_far_end, silent_server
from tests.alerts.telling import BODY, leased

FROM = "Alerts <alerts@centre.example>"
TO = "duty.officer@probation.example"


def now_us() -> int:
    return time.time_ns() // 1_000


@contextlib.asynccontextmanager
async def sending(url: str, ca: Path | None = None, **given: Any) -> AsyncIterator[MailSender]:
    sender = MailSender(MailServer.parse(url, str(ca) if ca else None), FROM, now_us, **given)
    try:
        yield sender
    finally:
        await sender.aclose()


def plainly(far_end: MailFarEnd) -> str:
    return f"smtp://{LOOPBACK}:{far_end.port}?starttls=no"


def mail(**changed: Any) -> Leased:
    return leased(Channel.EMAIL, **{"address": TO} | changed)


async def test_a_message_with_its_headers_and_its_text() -> None:
    async with mail_far_end() as far_end, sending(plainly(far_end)) as sender:
        await sender.send(mail(), Words("Rhybudd 17: tŷ", "short", "Tŷ, ŵyr a phwyth.\n.\nFrom here on.", "cy"))
    (got,) = far_end.received
    assert (got.sender, got.recipients) == ("alerts@centre.example", (TO,))
    head = got.message
    assert (head["From"], head["To"], head["Subject"]) == (FROM, TO, "Rhybudd 17: tŷ")
    assert head["Message-ID"].endswith("@centre.example>")
    assert head["Auto-Submitted"] == "auto-generated"
    assert head["Importance"] == "high"
    assert head["Date"].datetime.timestamp() == pytest.approx(time.time(), abs=60)
    assert got.text.strip() == "Tŷ, ŵyr a phwyth.\n.\nFrom here on."


async def test_two_attempts_are_one_message_id_over_one_connection() -> None:
    async with mail_far_end() as far_end, sending(plainly(far_end)) as sender:
        for number in ("17:0:x:email", "17:0:x:email", "17:1:x:email"):
            await sender.send(mail(id=number), BODY)
    one, again, other = (got.message["Message-ID"] for got in far_end.received)
    assert one == again != other
    assert {got.session for got in far_end.received} == {0}


async def test_a_protected_person_gets_their_own_words_and_nothing_else() -> None:
    words = "Reminder: choir is on Thursday."
    async with mail_far_end() as far_end, sending(plainly(far_end)) as sender:
        await sender.send(mail(target=Target.VICTIM, words=words), Words("", words, words, "en"))
    (got,) = far_end.received
    assert got.text == words + "\n"
    named = {"from", "to", "date", "message-id", "auto-submitted"}
    of_the_format = {"content-type", "content-transfer-encoding", "mime-version"}
    assert {name.lower() for name in got.message} - {"x-peer", "x-mailfrom", "x-rcptto"} == named | of_the_format
    assert "17" not in got.text


async def test_what_is_not_critical_is_not_marked_important() -> None:
    async with mail_far_end() as far_end, sending(plainly(far_end)) as sender:
        await sender.send(mail(urgency=Severity.WARNING), BODY)
    assert far_end.received[0].message["Importance"] is None


@pytest.mark.slow
async def test_starttls_with_sign_in(tmp_path: Path) -> None:
    made = make_certificates(tmp_path, LOOPBACK)
    async with mail_far_end(starttls=made.server(), signs_in=True) as far_end:
        url = f"smtp://centre:right@{LOOPBACK}:{far_end.port}"
        async with sending(url, made.authority) as sender:
            await sender.send(mail(), BODY)
        assert [(got.over_tls, got.signed_in) for got in far_end.received] == [(True, True)]
        async with sending(f"smtp://centre:wrong@{LOOPBACK}:{far_end.port}", made.authority) as sender:
            with pytest.raises(TryAgain, match=r"535 5\.7\.8 before the message") as caught:
                await sender.send(mail(), BODY)
        assert "wrong" not in caught.value.why


@pytest.mark.slow
async def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    made = make_certificates(tmp_path, LOOPBACK)
    async with mail_far_end(tls=made.server()) as far_end:
        async with sending(f"smtps://{LOOPBACK}:{far_end.port}", made.authority) as sender:
            await sender.send(mail(), BODY)
        assert len(far_end.received) == 1


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_certificate_that_is_not_trusted_sends_nothing(tmp_path: Path, scheme: str) -> None:
    made = make_certificates(tmp_path, LOOPBACK)
    context = {"starttls": made.server()} if scheme == "smtp" else {"tls": made.server()}
    async with mail_far_end(**context) as far_end, sending(f"{scheme}://{LOOPBACK}:{far_end.port}") as sender:
        with pytest.raises(TryAgain):
            await sender.send(mail(), BODY)
        assert (far_end.attempts, far_end.received) == (0, [])


async def test_a_server_without_starttls_is_not_spoken_to_in_the_clear() -> None:
    async with mail_far_end() as far_end, sending(f"smtp://{LOOPBACK}:{far_end.port}") as sender:
        with pytest.raises(TryAgain):
            await sender.send(mail(), BODY)
        assert (far_end.attempts, far_end.received) == (0, [])


@pytest.mark.parametrize(
    ("to_rcpt", "to_data", "error", "why"),
    [
        ("450 4.2.0 <duty.officer@probation.example> greylisted", "250 OK", TryAgain, "450 4.2.0"),
        ("452 too many", "250 OK", TryAgain, "452"),
        ("550 5.1.1 no duty.officer@probation.example here", "250 OK", Refused, "550 5.1.1"),
        ("250 OK", "451 4.3.0 later", TryAgain, "451 4.3.0"),
        ("250 OK", "554 5.7.1 duty.officer@probation.example is not told such things", Refused, "554 5.7.1"),
    ],
)
async def test_4xx_is_tried_again_5xx_refused_and_the_reason_names_nobody(
    to_rcpt: str, to_data: str, error: type[NotTaken], why: str
) -> None:
    async with mail_far_end() as far_end, sending(plainly(far_end)) as sender:
        far_end.to_rcpt, far_end.to_data = to_rcpt, to_data
        with pytest.raises(error) as caught:
            await sender.send(mail(), BODY)
        assert caught.value.why == f"the mail server answered {why}"
        far_end.to_rcpt = far_end.to_data = "250 OK"
        await sender.send(mail(), BODY)
        assert len(far_end.received) == 1


@pytest.mark.slow
@pytest.mark.parametrize("where", ["RCPT", "DATA"])
async def test_a_server_that_hangs_is_given_so_long_and_no_longer(where: str) -> None:
    async with mail_far_end() as far_end, sending(plainly(far_end), total_s=0.2) as sender:
        far_end.hangs = where
        with pytest.raises(TryAgain, match=r"within 0\.2 s"):
            await sender.send(mail(), BODY)


@pytest.mark.slow
async def test_a_server_that_never_greets() -> None:
    async with silent_server() as port, sending(f"smtp://{LOOPBACK}:{port}?starttls=no", total_s=0.2) as sender:
        with pytest.raises(TryAgain, match=r"within 0\.2 s"):
            await sender.send(mail(), BODY)


async def test_nobody_listens() -> None:
    async with silent_server() as port:
        pass
    async with sending(f"smtp://{LOOPBACK}:{port}?starttls=no") as sender:
        with pytest.raises(TryAgain, match="no session with the mail server"):
            await sender.send(mail(), BODY)


async def test_a_kept_connection_that_the_server_has_ended_costs_nothing() -> None:
    async with mail_far_end() as far_end, sending(plainly(far_end)) as sender:
        await sender.send(mail(), BODY)
        transport = far_end.speakers[0].transport
        assert transport is not None
        transport.close()
        await sender.send(mail(), BODY)
    assert [got.session for got in far_end.received] == [0, 1]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b@c",
        "a b@c.example",
        "a@c.example\r\nBcc: x@y.example",
        "Name <a@c.example>",
        "a@c.example>",
        "ä@c.example",
        "a@ç.example",
        "a..b@c.example",
        "@c.example",
        "a@",
        "a" * 65 + "@c.example",
    ],
)
async def test_an_address_that_is_none_is_refused(address: str) -> None:
    assert plain_address(address) is None
    async with sending("smtp://mail.example") as sender:
        with pytest.raises(Refused, match="not an e-mail address"):
            await sender.send(mail(address=address), BODY)


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("mail.example", "must be smtp://"),
        ("http://mail.example", "must be smtp://"),
        ("smtp://", "must be smtp://"),
        ("smtp://mail.example/inbox", "has a path"),
        ("smtp://user@mail.example", "go together"),
        ("smtp://mail.example:99999", "[Pp]ort"),
        ("smtp://mail.example?starttls=no", "on this machine alone"),
        ("smtp://127.0.0.1?starttls=maybe", "starttls=no"),
        ("smtps://127.0.0.1?starttls=no", "starttls=no"),
        ("smtp://127.0.0.1?x", "starttls=no"),
    ],
)
def test_a_server_that_cannot_be(url: str, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        MailServer.parse(url)


def test_servers_that_can_be() -> None:
    assert MailServer.parse("smtp://mail.example").port == 587
    assert MailServer.parse("smtps://mail.example").port == 465
    got = MailServer.parse("smtps://a%40b:p%2Fw@mail.example:2465")
    assert (got.username, got.password, got.port) == ("a@b", "p/w", 2465)


def test_the_sender() -> None:
    assert read_sender(FROM) == (FROM, "alerts@centre.example")
    assert read_sender("alerts@centre.example")[1] == "alerts@centre.example"
    for bad in ("", "Alerts", "a@b\r\nBcc: c@d.example", "a@b, c@d"):
        with pytest.raises(ValueError, match="must be an e-mail address"):
            read_sender(bad)
