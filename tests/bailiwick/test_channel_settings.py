"""The settings of the channels: what stops the start, what is hidden, and what comes of them."""

from __future__ import annotations

import base64
import os
from datetime import UTC
from pathlib import Path

import pytest

from alerts.channels.channel import Refused
from bailiwick.channels import open_channels, wording_of
from bailiwick.doctor import doctor_command
from bailiwick.settings import PREFIX, Settings, load_settings
from domain.errors import BadSetting
from domain.vocabulary import Channel
from tests.alerts.mail_far_end import mail_far_end
from tests.alerts.telling import BODY, leased

SECRET = "geheim"
NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()
OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
WHOLE = {
    "PUBLIC_URL": "https://centre.example",
    "SMTP_URL": f"smtps://centre:{SECRET}@mail.example",
    "SMTP_FROM": "Alerts <alerts@centre.example>",
    "SMS_URL": f"https://sms.example/{SECRET}?to={{to}}",
    "SMS_BODY": f'{{"key": "{SECRET}", "text": "{{text}}"}}',
    "SMS_HEADERS": f'{{"X-Account": "{SECRET}"}}',
    "SMS_TOKEN": SECRET,
    "WEBHOOK_KEYS": f"{NEW} {OLD}",
    "WEBHOOK_ALLOWED_HOSTS": "intranet.example, 127.0.0.1:8443",
    "WEBHOOK_PORTS": "443 8443",
    "TRUSTED_CHANNELS": "email mqtt",
    "MQTT_URL": "mqtt://broker.example",
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BAILIWICK_SECRETS_FOLDER", str(tmp_path))


def given(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> Settings:
    for name, value in settings.items():
        monkeypatch.setenv(PREFIX + name, value)
    return load_settings()


def test_whole_settings_are_good(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, WHOLE)
    server, gateway = settings.mail_server(), settings.sms_gateway()
    assert server is not None
    assert gateway is not None
    assert (server.host, server.port, server.password) == ("mail.example", 465, SECRET)
    assert gateway.headers["authorization"] == f"Bearer {SECRET}"
    assert settings.keys() == (NEW, OLD)
    rules = settings.webhook_rules()
    assert rules.check("http://intranet.example/").by_name
    assert rules.check("https://police.example:8443/").port == 8443
    assert settings.trusted() == {Channel.CONSOLE, Channel.EMAIL, Channel.MQTT}


def test_nothing_set_up_is_good_too() -> None:
    settings = load_settings()
    assert (settings.mail_server(), settings.sms_gateway(), settings.keys()) == (None, None, ())
    assert settings.trusted() == {Channel.CONSOLE}


def test_secrets_are_hidden_in_everything_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = given(monkeypatch, {name: value for name, value in WHOLE.items() if name != "MQTT_URL"})
    doctor_command(settings)
    doctor_command(settings, as_json=True)
    printed = f"{settings!r}{settings}{settings.shown()}" + "".join(capsys.readouterr())
    assert "BAILIWICK_SMTP_URL=smtps://centre:***@mail.example\n" in printed
    for secret in (SECRET, NEW, OLD, NEW.removeprefix("whsec_")):
        assert secret not in printed


@pytest.mark.parametrize("password", [SECRET, f"a:{SECRET}", f"{SECRET}:b", f"a@{SECRET}", "%67eheim"])
def test_no_spelling_of_a_password_is_printed(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    settings = given(monkeypatch, WHOLE | {"SMTP_URL": f"smtps://centre:{password}@mail.example:465"})
    assert settings.shown()["BAILIWICK_SMTP_URL"] == "smtps://centre:***@mail.example:465"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"SMTP_URL": f"http://u:{SECRET}@h"}, "BAILIWICK_SMTP_URL: must be smtp://"),
        ({"SMTP_URL": "smtp://mail.example?starttls=no"}, "BAILIWICK_SMTP_URL: .*on this machine alone"),
        ({"SMTP_FROM": "nobody"}, "BAILIWICK_SMTP_FROM: must be an e-mail address"),
        ({"SMTP_FROM": None}, "BAILIWICK_SMTP_URL and SMTP_FROM go together"),
        ({"SMTP_CA": "/no/such/file"}, "BAILIWICK_SMTP_CA: .*file"),
        ({"SMTP_CA": __file__}, "BAILIWICK_SMTP_CA: is not a file of certificates"),
        ({"SMTP_URL": None, "SMTP_FROM": None, "SMTP_CA": __file__}, "BAILIWICK_SMTP_CA needs an SMTP_URL with TLS"),
        ({"SMTP_URL": "smtp://127.0.0.1?starttls=no", "SMTP_CA": __file__}, "BAILIWICK_SMTP_CA needs"),
        ({"SMS_URL": "sms.example"}, "BAILIWICK_SMS_URL: must be https://"),
        ({"SMS_METHOD": "get"}, "BAILIWICK_SMS_METHOD: must be one of POST, PUT, GET"),
        ({"SMS_BODY": '{"t": "{text}{sender}"}'}, r"BAILIWICK_SMS_BODY: unknown field \{sender\}; the fields are"),
        ({"SMS_BODY": '{"t": {text}}'}, "BAILIWICK_SMS_BODY: filled in it is not json"),
        ({"SMS_BODY": None}, r"BAILIWICK_SMS_BODY: must have \{to\} and \{text\}"),
        ({"SMS_HEADERS": f"X: {SECRET}"}, "BAILIWICK_SMS_HEADERS: must be JSON"),
        ({"SMS_HEADERS": '{"X": 1}'}, "BAILIWICK_SMS_HEADERS: must be JSON"),
        ({"SMS_TOKEN": f"a {SECRET}"}, "BAILIWICK_SMS_TOKEN: must be one word"),
        ({"SMS_URL": None}, "BAILIWICK_SMS_BODY needs SMS_URL"),
        ({"WEBHOOK_KEYS": SECRET}, "BAILIWICK_WEBHOOK_KEYS: must be whsec_"),
        ({"WEBHOOK_KEYS": f"{NEW} {OLD} {NEW}x"}, "BAILIWICK_WEBHOOK_KEYS: must be one key, or the new and the old"),
        ({"WEBHOOK_KEYS": f"{NEW},{NEW}"}, "BAILIWICK_WEBHOOK_KEYS: must be one key"),
        ({"WEBHOOK_KEYS": ""}, "BAILIWICK_WEBHOOK_KEYS: must be one key"),
        ({"WEBHOOK_ALLOWED_HOSTS": "https://x.example"}, "BAILIWICK_WEBHOOK_ALLOWED_HOSTS: 'https://x.example' is not"),
        ({"WEBHOOK_PORTS": "443 x"}, "BAILIWICK_WEBHOOK_PORTS: must be ports"),
        ({"WEBHOOK_PORTS": "70000"}, "BAILIWICK_WEBHOOK_PORTS: must be ports"),
        ({"WEBHOOK_PORTS": ""}, "BAILIWICK_WEBHOOK_PORTS: must be ports"),
        ({"TRUSTED_CHANNELS": "email sms"}, "BAILIWICK_TRUSTED_CHANNELS: 'sms' is not one of webhook, email, mqtt"),
        ({"PUBLIC_URL": None}, "BAILIWICK_PUBLIC_URL must be set: what people are told links to it"),
        ({"SMTP_PORT": "25"}, "unknown setting BAILIWICK_SMTP_PORT"),
    ],
)
def test_each_impossible_setting_is_one_line_without_secrets(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str | None], says: str
) -> None:
    settings = {name: value for name, value in (WHOLE | changed).items() if value is not None}
    with pytest.raises(BadSetting, match=says) as caught:
        given(monkeypatch, settings)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


async def test_what_is_not_set_up_refuses_and_says_which_setting_is_missing() -> None:
    async with open_channels(load_settings(), lambda: 0, "dispatch-1") as senders:
        assert set(senders) == set(Channel) - {Channel.CALL}
        await senders[Channel.CONSOLE].send(leased(Channel.CONSOLE, ""), BODY)
        for channel, setting in (
            (Channel.EMAIL, "SMTP_URL"),
            (Channel.SMS, "SMS_URL"),
            (Channel.WEBHOOK, "WEBHOOK_KEYS"),
            (Channel.MQTT, "MQTT_URL"),
        ):
            with pytest.raises(Refused, match=f"BAILIWICK_{setting} is not set"):
                await senders[channel].send(leased(channel, "x"), BODY)


async def test_what_is_set_up_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    async with mail_far_end() as far_end:
        url = f"smtp://127.0.0.1:{far_end.port}?starttls=no"
        settings = given(monkeypatch, WHOLE | {"SMTP_URL": url})
        async with open_channels(settings, lambda: 0, "dispatch-1") as senders:
            told = leased(Channel.EMAIL, "desk@force.example")
            await senders[Channel.EMAIL].send(told, wording_of(settings, UTC).words(told))
    (got,) = far_end.received
    assert got.message["Subject"] == "Alert 17, critical: strap tamper"
    assert "https://centre.example/alerts/17" in got.text
