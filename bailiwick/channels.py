"""The channels as the settings have them, opened together and closed together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import tzinfo

from alerts.channels.channel import Sender
from alerts.channels.console import ConsoleSender
from alerts.channels.missing import MissingSender
from alerts.channels.mqtt import MqttSender
from alerts.channels.sms import SmsSender
from alerts.channels.smtp import MailSender
from alerts.channels.webhook import WebhookSender
from alerts.publishing import AlertBroker
from alerts.texts import shipped_catalogues
from alerts.wording import Wording
from bailiwick.settings import PREFIX, Settings
from domain.vocabulary import Channel
from ingest.broker import BrokerAddress


@asynccontextmanager
async def open_channels(
    settings: Settings, now_us: Callable[[], int], client_id: str
) -> AsyncIterator[dict[Channel, Sender]]:
    """A sender for every channel but `call`, which a person makes; what is not set up refuses.

    ``client_id`` is this process's own at the broker. Nothing is connected to before it is needed.
    """
    senders: dict[Channel, Sender] = {
        Channel.CONSOLE: ConsoleSender(),
        Channel.WEBHOOK: _webhook(settings, now_us),
        Channel.EMAIL: _email(settings, now_us),
        Channel.SMS: _sms(settings, now_us),
        Channel.MQTT: _mqtt(settings, client_id),
    }
    async with AsyncExitStack() as stack:
        for sender in senders.values():
            stack.push_async_callback(sender.aclose)
        yield senders


def set_up(senders: Mapping[Channel, Sender]) -> frozenset[Channel]:
    """The channels that the settings have; the others are passed over when somebody is to be told."""
    return frozenset(channel for channel, sender in senders.items() if not isinstance(sender, MissingSender))


def wording_of(settings: Settings, zone: tzinfo) -> Wording:
    """The shipped texts, linking to the console; times in them are of ``zone``."""
    return Wording(shipped_catalogues(), settings.console(), zone)


def _webhook(settings: Settings, now_us: Callable[[], int]) -> Sender:
    keys = settings.keys()
    if not keys:
        return MissingSender(f"{PREFIX}WEBHOOK_KEYS")
    return WebhookSender(keys, settings.webhook_rules(), settings.console(), now_us)


def _email(settings: Settings, now_us: Callable[[], int]) -> Sender:
    server = settings.mail_server()
    if server is None or settings.smtp_from is None:
        return MissingSender(f"{PREFIX}SMTP_URL")
    return MailSender(server, settings.smtp_from, now_us)


def _sms(settings: Settings, now_us: Callable[[], int]) -> Sender:
    gateway = settings.sms_gateway()
    return MissingSender(f"{PREFIX}SMS_URL") if gateway is None else SmsSender(gateway, now_us)


def _mqtt(settings: Settings, client_id: str) -> Sender:
    if settings.mqtt_url is None:
        return MissingSender(f"{PREFIX}MQTT_URL")
    at = BrokerAddress.parse(settings.broker(), **settings.mqtt_files())
    broker = AlertBroker(at.host, at.port, client_id, at.username, at.password, at.context())
    return MqttSender(broker, settings.console())
