"""What ingest needs of others, as small protocols of its own; the composition in `service` hands in the real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from numpy.typing import NDArray

from domain.commits import AlertChange, Checkpoint, Commit, DeadLetter, Work
from domain.errors import BailiwickError
from domain.facts import Batch, Facts, Roster
from domain.incidents import IncidentVersion
from domain.records import Version
from domain.violations import Violation
from domain.vocabulary import OrderState
from domain.wire import Message
from geofence.decisions import Answer, Ask, Decisions

# --- the broker ---


@dataclass(slots=True)
class Delivery:
    """The messages that one read of the socket brought, in the broker's order; all carry its instant.

    ``packet_ids`` are valid on connection number ``connection`` only; 0 needs no acknowledgement.
    """

    connection: int
    instant_us: int
    messages: list[Message]
    packet_ids: list[int]
    size_bytes: int


class Broker(Protocol):
    """A persistent MQTT session that acknowledges when told."""

    @property
    def connection(self) -> int:
        """Number of the connection that stands and is subscribed; 0 when none does."""

    @property
    def session_present(self) -> bool:
        """Whether the broker still had our session when this connection began."""

    @property
    def sessions_lost(self) -> int:
        """Connections at which the broker had forgotten a session that we had before."""

    @property
    def own_topic(self) -> str:
        """A topic that our own subscription matches and that no device can have: ``em/v1/centre/{client id}/up``."""

    async def run(self, deliver: Callable[[Delivery], None]) -> None:
        """Keep connected until cancelled. Raises `SessionTaken` when another took our client id."""

    def acknowledge(self, connection: int, packet_ids: Sequence[int]) -> None:
        """Acknowledge, all in one write. Ids of a connection that is over are left to the broker to send again."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1, one message on its way at a time; nothing when not connected."""

    def hold(self) -> None:
        """Take nothing more from the socket until `release`."""

    def release(self) -> None: ...

    async def leave(self) -> None:
        """Disconnect cleanly; the session stays."""


class SessionTaken(BailiwickError):
    """Another connection took our client id: somebody else is at work."""


# --- the rules ---


class Rules(Protocol):
    """The rules with their state. Not to be used again once a commit of what they decided has failed."""

    def ask(self, batch: Batch) -> Ask: ...

    def judge(self, batch: Batch, answer: Answer) -> Decisions: ...

    def order_states(self) -> dict[OrderState, int]:
        """How many active orders are in each state; adds up to the active orders."""

    def snapshot(self) -> bytes:
        """The state, exactly."""


class Alerts(Protocol):
    """Versions of violations to changes of alerts, with its state and what it asks of the caseload."""

    def learn(self, version: Version) -> None:
        """A version of a record, in the order learnt."""

    def apply(
        self,
        versions: Sequence[Violation],
        lines: Sequence[int] = (),
        incidents: Sequence[tuple[int, IncidentVersion]] = (),
    ) -> list[AlertChange]:
        """``lines`` of the versions; what an incident does at a line comes before the versions of that line."""

    def snapshot(self) -> bytes:
        """The state, exactly, but for what was learnt."""


class Engine(Protocol):
    """Makes both judges: new, or as they were. ``caseload`` is all that is learnt so far, in its order.

    `restore` raises `ValueError` for bytes that another version wrote.
    """

    def fresh(self, roster: Roster, caseload: Sequence[Version]) -> tuple[Rules, Alerts]: ...

    def restore(
        self, roster: Roster, caseload: Sequence[Version], rules: bytes, alerts: bytes
    ) -> tuple[Rules, Alerts]: ...


# --- the store ---


class Lead(Protocol):
    """The lock of the one at work, wanted or held; ``ended_frozen`` when whoever had it was frozen, and was cut off for us."""

    ended_frozen: bool

    async def __aenter__(self) -> Lead: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def wait(self) -> None:
        """Returns when the lock is ours."""

    async def lost(self) -> None:
        """Returns when it no longer is."""


class Store(Protocol):
    """What of `store.Store` ingest uses."""

    async def commit(self, work: Work) -> None: ...

    async def keep_checkpoint(self, no: int, body: bytes) -> None:
        """The state after commit ``no``, which is there already."""

    async def unlearnt(self) -> list[tuple[int, Version]]: ...

    async def caseload(self, until_commit: int | None = None) -> list[Version]: ...

    async def facts_by_identity(
        self, ids: Sequence[tuple[int, int, int]], roster: Roster, until_commit: int | None = None
    ) -> Facts: ...

    async def history(
        self,
        devices: Sequence[int],
        roster: Roster,
        until_commit: int | None = None,
        after_us: Sequence[int] | None = None,
    ) -> Facts: ...

    async def received_ranges(self, roster: Roster) -> NDArray[Any]:
        """(ranges, 4) int64 of device index, gen, low, high: everything received, inclusive at both ends."""

    async def newest_checkpoint(self) -> Checkpoint | None: ...

    def commits_after(self, no: int, roster: Roster) -> AsyncIterator[Commit]: ...

    async def lead(self) -> Lead: ...

    async def replayable(self, limit: int) -> list[tuple[int, DeadLetter]]:
        """Dead letters, by number, that were parked as `unknown_device`, whose device is learnt now, and that no
        commit has replayed; the oldest first."""

    async def active_since(self, kind: str) -> list[int]:
        """When the active alerts of a kind were raised, the oldest first."""

    def caseload_changes(self) -> AbstractAsyncContextManager[Callable[[], Awaitable[None]]]:
        """LISTEN on a connection of its own: what it gives returns when something was entered since it was last
        asked."""

    async def publish_figures(self, figures: dict[str, Any], at_us: int, name: str = ...) -> None: ...
