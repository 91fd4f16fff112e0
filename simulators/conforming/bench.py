"""The bench that a device is tested on: what steps ask of the broker, of time and of the person beside the device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from domain.device_commands import MOST_RESENT
from simulators.conforming.log import Log

ANSWER_S: Final = 120.0
"""How long an answer is waited for."""


class Reply(StrEnum):
    """What a person says of what they were asked to do, or whether they saw something."""

    YES = "yes"
    NO = "no"
    SKIP = "skip"


class Deed(StrEnum):
    """What a person is asked to do, or to have seen."""

    POWER_OFF = "power_off"
    POWER_ON = "power_on"
    NETWORK_OFF = "network_off"
    NETWORK_ON = "network_on"
    NETWORK_FLICKERS = "network_flickers"
    MEMORY_FULL = "memory_full"
    CLOCK_1970 = "clock_1970"
    CLOCK_1024_WEEKS = "clock_1024_weeks"
    CLOCK_RIGHT = "clock_right"
    COUNTER_LOST = "counter_lost"
    COUNTER_BACK = "counter_back"
    TAG_AWAY = "tag_away"
    SAW_VIBRATION = "saw_vibration"
    SAW_MESSAGE = "saw_message"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the tester asked for. Seconds, but ``away_minutes``.

    ``wait_s``: overrules how long each answer and each sign of the device is waited for. ``usual_s``, ``upload_s``: to go back to.
    """

    steps: tuple[str, ...]
    guided: bool = False
    wait_s: float | None = None
    away_minutes: float = 10.0
    fast_s: int = 15
    usual_s: int | None = None
    upload_s: int | None = None
    listen_messages: int = 5
    settle_s: float = 15.0
    resend_most: int = field(default=MOST_RESENT)

    def within(self, usual_s: float) -> float:
        return usual_s if self.wait_s is None else self.wait_s


class Bench(Protocol):
    """A broker, a clock and a person; the log gets what comes."""

    log: Log

    def now_us(self) -> int: ...

    async def tell(self, payload: bytes) -> bool:
        """Publishes to the device's `down` topic, and no other; whether the broker knows of anybody subscribed to it."""

    async def until(self, holds: Callable[[Log], bool], within_s: float) -> bool:
        """Takes what comes until ``holds``, or the time is over; whether it holds."""

    async def ask(self, deed: Deed) -> Reply:
        """Asks the person, and goes on taking what comes meanwhile."""

    async def take_over(self) -> str | None:
        """Connects under the device's id; why that cannot be done, None when it is done.

        The log tells when the device takes its connection back.
        """

    async def let_go(self) -> None:
        """Ends that connection."""
