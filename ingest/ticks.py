"""One tick a second, and none while ingest is deaf (rules.md 0, failure 25).

A tick says: the clock is T, and everything that had reached us by T has been taken. To know the second half, ingest
sends itself a *marker* through the broker each second, on a topic that its own subscription matches. A broker keeps
the messages of one session in order, so the marker comes back behind everything that waited for us when it was sent.
A marker that is back within `ROUND_TRIP_MAX_S` stands where the tick belongs, and is replaced by it. In a backlog, with
the database stalled, or after this process was frozen, it comes back late or not at all: no tick.

After a time without a broker its devices may have been without one too, and need a moment to come back: ticks wait as
long again (`SETTLE_MAX_US` at most), else the first of them would find the whole fleet silent. That time began with the
last tick, whoever made it: a second interruption, or a new process, while they wait makes them wait anew, not less.

A wall clock that steps is deafness too. Set back, instants are held until it has caught up: no tick meanwhile. Ahead, be it
set or was the machine paused, ticks wait as after a time without a broker.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Protocol

import structlog

from domain.commits import DEAF_KIND, AlertChange, deaf_episode
from domain.instants import MINUTE_US, SECOND_US
from domain.vocabulary import AlertCondition, Severity
from ingest.batches import Gatherer
from ingest.clock import LineClock
from ingest.ports import Delivery

TICK_EVERY_S = 1.0
ROUND_TRIP_MAX_S = 1.0
"""A marker that took longer came through a backlog."""
WAIT_MAX_S = 2.0
"""With a line that has waited longer than this for its commit there is no tick."""
SETTLE_MAX_US = 5 * MINUTE_US
DEAF_AFTER_S = 10.0
"""Without a tick for so long, ingest is deaf: a platform alert."""

_MARKER = re.compile(rb"marker [0-9a-f]{16} \d+")

log = structlog.get_logger("ingest.ticks")


class Withheld(StrEnum):
    """Why there was no tick this second."""

    NOT_CONNECTED = "not_connected"
    NOT_DRAINED = "not_drained"
    SETTLING = "settling"
    BACKLOG = "backlog"
    CANNOT_COMMIT = "cannot_commit"
    CLOCK_BEHIND = "clock_behind"


class MarkerBroker(Protocol):
    """What of the `Broker` port ticks use."""

    @property
    def connection(self) -> int: ...

    @property
    def own_topic(self) -> str: ...

    def publish(self, topic: str, payload: bytes) -> None: ...


class Ticks:
    """Sends markers, makes ticks of those that are back in time, and says when ingest is deaf.

    Parameters
    ----------
    commit_wait_s : how long the commit that is under way has taken, 0 when none is.
    ticked_us : the last tick, of an earlier process; `EARLY_US` when that is not known, None when there was no process.
    now_s : seconds of a clock that is never set; the event loop's by default.
    """

    def __init__(
        self,
        broker: MarkerBroker,
        gatherer: Gatherer,
        clock: LineClock,
        commit_wait_s: Callable[[], float],
        ticked_us: int | None,
        now_s: Callable[[], float] | None = None,
    ) -> None:
        self._broker = broker
        self._topic = broker.own_topic
        self._gatherer = gatherer
        self._clock = clock
        self._commit_wait_s = commit_wait_s
        self._now_s = now_s or asyncio.get_running_loop().time
        self._ticked_us = ticked_us
        self._settled_us = 0
        self._connection = 0
        self._jumps = clock.jumps
        self._nonce = secrets.token_hex(8)
        self._number = 0
        self._sent_s: float | None = None
        self._last_tick_s = self._now_s()
        self._deaf_since_us: list[int] = []
        self.made = 0
        self.withheld: dict[Withheld, int] = dict.fromkeys(Withheld, 0)

    @property
    def deaf(self) -> bool:
        return bool(self._deaf_since_us)

    def go_on(self, deaf_since_us: Iterable[int]) -> None:
        """Alerts of deafness that an earlier process left active: the next tick clears them."""
        self._deaf_since_us += deaf_since_us

    def take(self, delivery: Delivery) -> list[tuple[int, int]]:
        """Take markers out of a delivery: the ticks that stand for them, as `Gatherer.add` wants them."""
        self._notice()
        messages, topic = delivery.messages, self._topic
        found = [i for i, message in enumerate(messages) if message[0] == topic and _MARKER.fullmatch(message[1])]
        if not found:
            return []
        ours = self._marker()
        ticks = [
            (at - before, delivery.instant_us)
            for before, at in enumerate(found)
            if messages[at][1] == ours and self._returned(delivery.instant_us)
        ]
        for at in reversed(found):
            del messages[at]
        return ticks

    async def run(self) -> None:
        """A marker each second, one on its way at most; until cancelled."""
        while True:
            self.each_second()
            await asyncio.sleep(TICK_EVERY_S)

    def each_second(self) -> None:
        """Send a marker, unless one is on its way or there is nowhere to send it: then there is no tick."""
        self._notice()
        if self._sent_s is not None:
            self._withhold(self._why_not_back())
        elif not self._connection:
            self._withhold(Withheld.NOT_CONNECTED)
        else:
            self._number += 1
            self._sent_s = self._now_s()
            self._broker.publish(self._topic, self._marker())

    @property
    def waiting(self) -> bool:
        """Whether a marker is on its way."""
        return self._sent_s is not None

    def _marker(self) -> bytes:
        return f"marker {self._nonce} {self._number}".encode()

    def _notice(self) -> None:
        """After a new connection, or a jump of the clock, ticks wait as long as there was none, once more."""
        now_us = self._clock.stamp()
        connection, jumps = self._broker.connection, self._clock.jumps
        if (connection, jumps) == (self._connection, self._jumps):
            return
        if connection != self._connection:
            self._sent_s = None
        self._connection, self._jumps = connection, jumps
        if connection:
            if self._ticked_us is None:
                self._ticked_us = now_us  # nobody was ever heard: there is no time to make up for
            self._settled_us = now_us + min(now_us - self._ticked_us, SETTLE_MAX_US)

    def _returned(self, instant_us: int) -> bool:
        """Our marker is back: whether there is a tick in its place."""
        sent_s, self._sent_s = self._sent_s, None
        if sent_s is None:
            return False
        now_s = self._now_s()
        if now_s - sent_s > ROUND_TRIP_MAX_S:
            self._withhold(Withheld.NOT_DRAINED)
        elif self._clock.behind:
            self._withhold(Withheld.CLOCK_BEHIND)
        elif instant_us < self._settled_us:
            self._withhold(Withheld.SETTLING)
        elif self._commit_wait_s() > WAIT_MAX_S:
            self._withhold(Withheld.CANNOT_COMMIT)
        elif self._gatherer.behind or self._gatherer.oldest_wait_s() > WAIT_MAX_S:
            self._withhold(Withheld.BACKLOG)
        else:
            self._made(now_s, instant_us)
            return True
        return False

    def _made(self, now_s: float, instant_us: int) -> None:
        self.made += 1
        self._last_tick_s = now_s
        self._ticked_us = instant_us
        for since_us in self._deaf_since_us:
            log.info("ticks again", deaf_s=(instant_us - since_us) / SECOND_US)
            self._gatherer.alert(deaf_alert(since_us, instant_us, AlertCondition.CLEARED))
        self._deaf_since_us.clear()

    def _why_not_back(self) -> Withheld:
        if self._commit_wait_s() > WAIT_MAX_S:
            return Withheld.CANNOT_COMMIT
        return Withheld.BACKLOG if self._gatherer.held or self._gatherer.behind else Withheld.NOT_DRAINED

    def _withhold(self, why: Withheld) -> None:
        self.withheld[why] += 1
        if not self.deaf and self._now_s() - self._last_tick_s > DEAF_AFTER_S:
            since_us = self._clock.stamp()
            self._deaf_since_us.append(since_us)
            log.error("ingest is deaf: no ticks, so silence is not judged", why=why.value)
            self._gatherer.alert(deaf_alert(since_us, since_us, AlertCondition.ACTIVE))


def deaf_alert(since_us: int, now_us: int, state: AlertCondition) -> AlertChange:
    """The platform alert of one time of deafness; it rests on no violation, and its own name stands in for one."""
    name = deaf_episode(since_us)
    return AlertChange(
        episode=name,
        violation_id=name,
        version=1 if state is AlertCondition.ACTIVE else 2,
        wearer=None,
        victim=None,
        device=None,
        kind=DEAF_KIND,
        code=None,
        condition=None,
        severity=Severity.CRITICAL,
        state=state,
        raised_us=since_us,
        changed_us=now_us,
    )
