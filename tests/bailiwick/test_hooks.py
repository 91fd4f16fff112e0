"""The file of other systems that are told: what comes of it, and what stops the start of dispatch."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from alerts.protocols import Target
from alerts.recipients import Hook
from bailiwick.hooks import read_hooks
from bailiwick.settings import Settings
from domain.errors import BadSetting
from domain.vocabulary import Channel

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
GOOD = """
[[hook]]
to = "police"
channel = "webhook"
address = "https://control.westshire.example/alerts"
area = "westshire"
trusted = true

[[hook]]
to = "officer"
channel = "mqtt"
address = "elham-pdu"
area = "elham-pdu"
"""


def settings(folder: Path, text: str, **changed: str | None) -> Settings:
    file = folder / "hooks.toml"
    file.write_text(text, encoding="utf-8")
    given = {"hooks": file, "webhook_keys": KEY, "mqtt_url": "mqtt://b.example", "public_url": "https://c.example"}
    return Settings(**given | changed)


def test_without_a_file_there_are_none() -> None:
    assert read_hooks(Settings(_env_file=None)) == ()


def test_hooks_of_both_channels(tmp_path: Path) -> None:
    assert read_hooks(settings(tmp_path, GOOD)) == (
        Hook(Target.POLICE, Channel.WEBHOOK, "https://control.westshire.example/alerts", "westshire", trusted=True),
        Hook(Target.OFFICER, Channel.MQTT, "elham-pdu", "elham-pdu"),
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("https://control", "http://control", r"hook 1: address: must start with https://"),
        ("https://control.westshire.example", "https://10.0.0.1", r"hook 1: address: 10.0.0.1 is not a public address"),
        ('"police"', '"victim"', "hook 1: to: a victim is told by people"),
        ('"police"', '"wearer"', "hook 1: to: a wearer is told by people"),
        ('"police"', '"polis"', r"Invalid enum value 'polis' - at `\$.hook\[0\].to`"),
        ('"webhook"', '"email"', "hook 1: channel: must be webhook or mqtt"),
        ('"westshire"', '"west shire"', "hook 1: area: is not the id"),
        ('address = "elham-pdu"', 'address = "elham/+"', "hook 2: address: of mqtt is the id of an area"),
        ("trusted = true", 'secret = "x"', "unknown field `secret`"),
        ("[[hook]]", "[[hooks]]", "unknown field `hooks`"),
        ("[[hook]]", "[[hook", "at line 2"),
    ],
)
def test_a_file_that_cannot_be_is_one_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(BadSetting, match=says) as caught:
        read_hooks(settings(tmp_path, GOOD.replace(old, new, 1)))
    assert str(caught.value).startswith(f"BAILIWICK_HOOKS: {tmp_path}/hooks.toml: ")
    assert "\n" not in str(caught.value)


def test_a_channel_that_is_not_set_up_cannot_have_hooks(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="hook 1: channel: BAILIWICK_WEBHOOK_KEYS is not set"):
        read_hooks(settings(tmp_path, GOOD, webhook_keys=None))
    with pytest.raises(BadSetting, match="hook 2: channel: BAILIWICK_MQTT_URL is not set"):
        read_hooks(settings(tmp_path, GOOD, mqtt_url=None))
