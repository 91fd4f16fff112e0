"""Other systems that are told beside people: the file of `HOOKS` (docs/channels.md), read when dispatch starts."""

from __future__ import annotations

import re
import tomllib
from typing import Final

import msgspec

from alerts.channels.targets import BadTarget, Rules
from alerts.protocols import Target
from alerts.recipients import Hook
from bailiwick.settings import PREFIX, Settings
from domain.errors import BadSetting
from domain.vocabulary import Channel

MOST_HOOKS: Final = 1_000
NEVER: Final = frozenset({Target.VICTIM, Target.WEARER, Target.RESPONSIBLE_ADULT})
"""Whose place no system takes."""
_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of the file."""

    to: Target
    channel: Channel
    address: str
    area: str | None = None
    trusted: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hook: list[_Written] = []


def read_hooks(settings: Settings) -> tuple[Hook, ...]:
    """The systems of the file; none without one. Raises `BadSetting` with one line that says which and what is wrong."""
    if settings.hooks is None:
        return ()
    try:
        found = msgspec.convert(tomllib.loads(settings.hooks.read_text(encoding="utf-8")), _File).hook
        if len(found) > MOST_HOOKS:
            raise ValueError(f"has {len(found)} hooks; at most {MOST_HOOKS} are taken")
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise BadSetting(f"{PREFIX}HOOKS: {settings.hooks}: {error}") from None
    rules = settings.webhook_rules()
    for number, one in enumerate(found, 1):
        cause = _wrong(one, settings, rules)
        if cause is not None:
            raise BadSetting(f"{PREFIX}HOOKS: {settings.hooks}: hook {number}: {cause}")
    return tuple(Hook(one.to, one.channel, one.address, one.area, one.trusted) for one in found)


def _wrong(one: _Written, settings: Settings, rules: Rules) -> str | None:
    if one.to in NEVER:
        return f"to: a {one.to.value} is told by people and on their own devices, never by a system"
    if one.area is not None and not _ID.fullmatch(one.area):
        return "area: is not the id of an area"
    if one.channel is Channel.MQTT:
        if settings.mqtt_url is None:
            return f"channel: {PREFIX}MQTT_URL is not set"
        return None if _ID.fullmatch(one.address) else "address: of mqtt is the id of an area"
    if one.channel is not Channel.WEBHOOK:
        return "channel: must be webhook or mqtt; people stand in the rota"
    if not settings.keys():
        return f"channel: {PREFIX}WEBHOOK_KEYS is not set"
    try:
        rules.check(one.address)
    except BadTarget as error:
        return f"address: {error}"
    return None
