"""One alert through dispatch and every channel to real far ends, and back: decided, put in words, sent, and stood down."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from standardwebhooks import Webhook

from alerts.dispatch import wall_clock
from alerts.protocols import Target
from alerts.recipients import Hook
from bailiwick.dispatching import Dispatching, dispatch
from bailiwick.parts.mosquitto_broker import MosquittoBroker
from bailiwick.settings import Settings
from domain.instants import DAY_US
from domain.rota import Shift
from domain.vocabulary import Channel, Role
from tests.alerts.dispatching import DUTY_MANAGER, ZONES, Centre, centre
from tests.alerts.far_ends import LOOPBACK, HttpFarEnd, http_far_end
from tests.alerts.mail_far_end import MailFarEnd, mail_far_end
from tests.alerts.telling import CONSOLE

pytestmark = [pytest.mark.real, pytest.mark.slow]

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
LOOKED_AT = {"after_s": 0, "action": "notify", "to": "operator", "by": ["console"], "text": "alert"}
PROTOCOLS = {
    "version": 1,
    "protocol": [
        {
            "id": "everybody",
            "version": 1,
            "title": "Everybody at once",
            "steps": [
                LOOKED_AT,
                {"after_s": 0, "action": "escalate", "to": "duty_manager", "by": ["sms"], "text": "unclaimed"},
                {"after_s": 0, "action": "notify", "to": "officer", "by": ["email"], "text": "officer_notice"},
                {"after_s": 0, "action": "notify", "to": "supervisor", "by": ["webhook"], "text": "alert"},
                {"after_s": 0, "action": "notify", "to": "victim_liaison", "by": ["mqtt"], "text": "liaison_notice"},
            ],
        }
    ],
}
NAME = "Invented W1"
"""Of the wearer: nobody is told it but by the channel that is trusted."""


@contextlib.asynccontextmanager
async def dispatching(settings: Settings, hooks: tuple[Hook, ...]) -> AsyncIterator[None]:
    told = Dispatching(settings, ZONES, hooks=hooks)
    working = asyncio.create_task(dispatch(told))
    try:
        yield
    finally:
        told.stop.set()
        await working


class Heard:
    """What came over MQTT."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    @contextlib.asynccontextmanager
    async def listening(self, broker: MosquittoBroker) -> AsyncIterator[None]:
        async with aiomqtt.Client(
            LOOPBACK, broker.port, identifier="listener", protocol=aiomqtt.ProtocolVersion.V5
        ) as client:
            await client.subscribe("em/v1/alerts/#", qos=1)
            hearing = asyncio.create_task(self._hear(client))
            yield
            hearing.cancel()

    async def _hear(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            self.events.append({"topic": str(message.topic)} | json.loads(message.payload))


async def on_duty(at: Centre) -> None:
    """An officer with an e-mail address, and protocols that use every channel."""
    now_us = wall_clock()
    officer = Shift(
        "S-officer", Role.OFFICER, "p-officer", "Invented officer", now_us - DAY_US, now_us + DAY_US,
        email="officer@probation.example",
    )  # fmt: skip
    await at.made.store.rota.enter([officer], "tests")
    async with at.made.store.protocols.entering() as entering:
        await entering.enter(1, PROTOCOLS, now_us, "tests")


def settings_of(at: Centre, mail: MailFarEnd, broker: MosquittoBroker) -> Settings:
    return Settings(
        _env_file=None,
        database_url=at.url,
        public_url=CONSOLE,
        mqtt_url=broker.url,
        smtp_url=f"smtp://{LOOPBACK}:{mail.port}?starttls=no",
        smtp_from="alerts@centre.example",
        sms_url=at.phones.url(),
        sms_body='{"to": "{to}", "body": "{text}", "ref": "{id}"}',
        webhook_keys=KEY,
        webhook_allowed_hosts=LOOPBACK,
    )


async def test_one_alert_is_told_by_every_channel_and_taken_back_by_every_channel(
    timescale_url: str, mosquitto: MosquittoBroker, tmp_path: Path
) -> None:
    heard = Heard()
    async with centre(timescale_url, tmp_path) as at, mail_far_end() as mail, http_far_end() as system:
        await on_duty(at)
        system.status = 500
        hooks = (
            Hook(Target.SUPERVISOR, Channel.WEBHOOK, system.url(), trusted=True),
            Hook(Target.VICTIM_LIAISON, Channel.MQTT, "elham-pdu"),
        )
        async with heard.listening(mosquitto), dispatching(settings_of(at, mail, mosquitto), hooks):
            await at.raised(1, 1, wall_clock())
            await at.until(lambda: bool(system.asked), "a webhook was tried")
            system.status = 204
            told = reached(at, mail, system, heard, "alert", "unclaimed", "officer_notice", "liaison_notice")
            await at.until(told, "all were told")
            await at.until(at.all_told, "and that is written")
            await at.withdrawn(1, wall_clock())
            await at.until(reached(at, mail, system, heard, "withdrawn"), "all are told that it is withdrawn")
            await at.until(at.all_told, "and that is written")

    # Alerts of the service's own (nobody on duty for a role) are told too; what is asked here is about this one.
    hooked = [asked for asked in system.asked if json.loads(asked.body)["subject"] == "alerts/1"]
    for asked in hooked:
        event = Webhook(KEY).verify(asked.body, asked.headers)
        assert (event["specversion"], event["source"]) == ("1.0", CONSOLE)
        assert event["id"] == asked.headers["webhook-id"]
        assert f"Device wearer: {NAME}" in event["data"]["message"]
    first, again, last = (asked.headers["webhook-id"] for asked in hooked)
    assert first == again != last, "tried again under the same id, taken back under its own"
    assert [json.loads(asked.body)["data"]["stands_down"] for asked in hooked] == [False, False, True]

    published = [event for event in heard.events if event["subject"] == "alerts/1"]
    assert {event["topic"] for event in published} == {"em/v1/alerts/elham-pdu"}
    assert [event["data"]["text"] for event in published] == ["liaison_notice", "withdrawn"]
    mails = [got for got in mail.received if f"{CONSOLE}/alerts/1\n" in got.text]
    assert [got.message["Subject"] for got in mails] == [
        "Alert 1, critical: strap tamper",
        "STAND DOWN: alert 1 is withdrawn (strap tamper)",
    ]
    messages = [one["body"] for one in at.to(DUTY_MANAGER) if one["body"].endswith(f"{CONSOLE}/alerts/1")]
    begun = Counter(one.partition(".")[0] for one in messages)
    assert (begun["NOT CLAIMED"], begun["STAND DOWN"]) == (1, 1)
    assert messages[-1].startswith("STAND DOWN."), "told twice, and stood down once, at the end"
    for said in [*(got.text for got in mails), *messages, *map(json.dumps, published)]:
        assert NAME not in said


def reached(at: Centre, mail: MailFarEnd, system: HttpFarEnd, heard: Heard, *texts: str) -> Callable[[], bool]:
    """Whether each channel has taken something that says one of ``texts`` (their keys, as the database has them)."""

    def holds() -> bool:
        rows = at.rows("SELECT channel FROM notifications WHERE state = 'sent' AND text = ANY(%s)", list(texts))
        assert len(mail.received) + len(system.asked) + len(heard.events) + len(at.messages()) < 100
        return {"webhook", "email", "sms", "mqtt"} <= {channel for (channel,) in rows}

    return holds
