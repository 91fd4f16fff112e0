"""What is counted of commands to devices: Prometheus metrics ``bailiwick_commands_*`` (docs/metrics.md). No identity is in any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from domain.device_commands import OPEN, CommandCause, CommandState
from domain.wire_commands import CommandName
from store.device_commands import Ended

RESULTS: Final = tuple(state for state in CommandState if state not in OPEN and state is not CommandState.SUPERSEDED)
UNMATCHED: Final = ("unknown", "repeated", "malformed")


class CommandFigures:
    """Counters in a registry that somebody else serves."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._asked = Counter(
            "bailiwick_commands_asked",
            "Commands that rules made, by what was asked and why.",
            ("command", "cause"),
            registry=registry,
        )
        self._sent = Counter(
            "bailiwick_commands_sent", "Commands that the broker took.", ("command",), registry=registry
        )
        self._retried = Counter(
            "bailiwick_commands_retried", "Attempts that the broker did not take, to be tried again.", registry=registry
        )
        self._ended = Counter(
            "bailiwick_commands_ended",
            "Commands of which nothing more is expected, by what came of them.",
            ("command", "state"),
            registry=registry,
        )
        self._late = Counter(
            "bailiwick_commands_late", "Answers that were heard after the command had expired.", registry=registry
        )
        self._unmatched = Counter(
            "bailiwick_commands_unmatched_results",
            "Answers that belong to no open command of that device.",
            ("why",),
            registry=registry,
        )
        self._holes = Counter(
            "bailiwick_commands_holes", "Holes in seq: asked for, filled, given up.", ("what",), registry=registry
        )
        self._fast = Gauge(
            "bailiwick_commands_fast_devices", "Devices whose interval the rules keep short.", registry=registry
        )
        for name in CommandName:
            self._sent.labels(name.value)
            for state in RESULTS:
                self._ended.labels(name.value, state.value)
        for cause in CommandCause:
            if cause is not CommandCause.PERSON:
                name = CommandName.RESEND if cause is CommandCause.HOLE else CommandName.SET_INTERVAL
                self._asked.labels(name.value, cause.value)
        for why in UNMATCHED:
            self._unmatched.labels(why)
        for what in ("asked", "filled", "given_up"):
            self._holes.labels(what)

    def asked(self, name: CommandName, cause: CommandCause) -> None:
        """A rule made one."""
        self._asked.labels(name.value, cause.value).inc()

    def sent(self, name: CommandName) -> None:
        """The broker took one."""
        self._sent.labels(name.value).inc()

    def retried(self) -> None:
        """The broker did not take one."""
        self._retried.inc()

    def ended(self, many: Iterable[Ended]) -> None:
        """Something came of some."""
        for one in many:
            self._ended.labels(one.command.value, one.state.value).inc()
            if one.late:
                self._late.inc()

    def unmatched(self, why: str) -> None:
        """An answer to nothing that was open."""
        self._unmatched.labels(why).inc()

    def holes(self, asked: int, filled: int, given_up: int) -> None:
        """What came of a look at holes."""
        for what, number in (("asked", asked), ("filled", filled), ("given_up", given_up)):
            self._holes.labels(what).inc(number)

    def fast(self, devices: int) -> None:
        """How many devices the rules keep short."""
        self._fast.set(devices)
