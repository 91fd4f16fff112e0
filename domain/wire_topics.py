"""Topics of the wire protocol, and the partition that a device's id gives it (wire.md)."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum

PARTITIONS = 64
DEVICE_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,32}")
_TOPIC = re.compile(r"em/v1/([0-9a-f]{2})/([A-Za-z0-9_-]{1,32})/(up|down|lwt)")


class Direction(StrEnum):
    """The last level of a topic."""

    UP = "up"
    DOWN = "down"
    LWT = "lwt"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the right form; its partition may still be another device's."""

    partition: str
    device: str
    direction: Direction


def partition_of(device: str) -> str:
    """Two lower-case hex digits, ``00`` to ``3f``; a device's never changes."""
    return f"{zlib.crc32(device.encode()) % PARTITIONS:02x}"


def topic_of(device: str, direction: Direction) -> str:
    """The topic of one device in one direction."""
    return f"em/v1/{partition_of(device)}/{device}/{direction.value}"


def up_topic(device: str) -> str:
    """Where a device publishes its envelopes."""
    return topic_of(device, Direction.UP)


def down_topic(device: str) -> str:
    """Where a device takes its commands."""
    return topic_of(device, Direction.DOWN)


def lwt_topic(device: str) -> str:
    """Where the broker publishes a device's last will: shown, never evidence."""
    return topic_of(device, Direction.LWT)


def parse_topic(topic: str) -> Topic | None:
    """The parts of a topic, or None when it is not one of ours."""
    match = _TOPIC.fullmatch(topic)
    if match is None:
        return None
    partition, device, direction = match.groups()
    return Topic(partition, device, Direction(direction))
