"""The port of adapters: what makes a message of another format one of ours (wire.md, docs/adapters.md).

An adapter is a small pure file: it converts, and keeps nothing. What it gives goes the way of every message: judged with
its neighbours, committed, then acknowledged; what it refuses is a dead letter with the bytes as they came.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from domain.wire_items import Envelope

EMPTY: Final = "empty"
"""What is counted of a message without a payload: somebody took back what the broker retained. No device sends it."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A good message with nothing for us in it: contact of its device, and counted under ``sort``, one of `Adapter.sorts`."""

    sort: str


@dataclass(frozen=True, slots=True)
class LastWill:
    """The broker's word that the device is gone: shown, never evidence."""


Converted: TypeAlias = Envelope | Ignored | LastWill


class Adapter(Protocol):
    """One other format.

    Attributes
    ----------
    name : how it is turned on (`BAILIWICK_ADAPTERS`); one of `domain.adapted.ADAPTERS`.
    topic_filter : the MQTT filter of its topics. The first level is its own, and no wildcard.
    sorts : every sort of message that it ignores, as they are counted.
    """

    @property
    def name(self) -> str: ...

    @property
    def topic_filter(self) -> str: ...

    @property
    def sorts(self) -> Collection[str]: ...

    def device_of(self, topic: str) -> str | None:
        """The id of the caseload's device that sends on a topic: ``{name}_...``, of the characters and the length that
        wire.md allows, another for each topic. None: no device can have this topic, and the message is a `bad_topic`."""

    def read(self, payload: bytes) -> Converted:
        """What a payload, not empty and at most `MESSAGE_BYTES` long, says in the wire's terms.

        Its values are in the ranges of `domain.wire_items`, accuracies are 95 % radii, metres. ``seq`` says which fact it
        is, not the how-manieth: the same for the same values at the same time whenever they are sent, and another for any
        others. Raises `domain.wire_faults.Refused`.
        """
