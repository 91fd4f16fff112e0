"""What dispatch counts and measures: Prometheus metrics ``bailiwick_dispatch_*`` (docs/metrics.md). No identity is in any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from alerts.ports import Leased, Written
from domain.instants import SECOND_US
from domain.vocabulary import Channel, Severity, ToldReason

BATCH_S: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
DELAY_S: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)
SEND_S: Final = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


class DispatchFigures:
    """Counters that live as long as the process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._looks = self._counter("dispatch_looks", "Alerts looked at.")
        self._failures = self._counter(
            "dispatch_look_failures", "Looks that failed on a mistake of ours; the alert was put off."
        )
        self._batch_s = self._histogram(
            "dispatch_look_seconds", "Time to look at a batch of alerts and write it.", BATCH_S
        )
        self._delay_s = self._histogram(
            "dispatch_first_look_seconds",
            "From a violation's decision to the first look at its alert.",
            DELAY_S,
            "severity",
        )
        self._unsent = self._counter("dispatch_suppressed", "Notifications not sent on purpose, by reason.", "reason")
        self._results = self._counter(
            "dispatch_notifications", "Attempts to send, by channel and result.", "channel", "result"
        )
        self._send_s = self._histogram("dispatch_send_seconds", "Time that a channel took.", SEND_S, "channel")
        self._told_s = self._histogram(
            "dispatch_told_seconds", "From the decision to tell to a channel having taken it.", DELAY_S, "severity"
        )
        self._in_hand = Gauge(
            "bailiwick_dispatch_in_hand", "Notifications that a channel has now.", ["channel"], registry=self.registry
        )
        self._lost = self._counter("dispatch_database_lost", "Times that the database could not be used.")
        for severity in Severity:
            self._delay_s.labels(severity.value)
            self._told_s.labels(severity.value)
        for reason in ToldReason:
            self._unsent.labels(reason.value)

    def channels(self, channels: Sequence[Channel]) -> None:
        """The channels that there are."""
        for channel in channels:
            self._in_hand.labels(channel.value).set(0)
            for result in ("sent", "failed", "given_up"):
                self._results.labels(channel.value, result)

    # --- as it happens ---

    def looked(self, written: Sequence[Written], now_us: int, took_s: float) -> None:
        """A batch that is committed."""
        self._looks.inc(len(written))
        self._batch_s.observe(took_s)
        for one in written:
            if one.view.plan.run == 0 and one.view.plan.quiet is None:
                delay_s = max(0, now_us - one.view.alert.raised_us) / SECOND_US
                self._delay_s.labels(one.looked.severity.value).observe(delay_s)
            for notification in one.notifications:
                if not notification.sends:
                    self._unsent.labels(notification.reason.value).inc()

    def look_failed(self) -> None:
        """An alert was put off."""
        self._failures.inc()

    def in_hand(self, channel: Channel, number: int) -> None:
        """How many a channel has now."""
        self._in_hand.labels(channel.value).set(number)

    def handed(self, leased: Leased, now_us: int, took_s: float) -> None:
        """A channel took one."""
        channel, urgency = leased.notification.channel.value, leased.notification.urgency.value
        self._results.labels(channel, "sent").inc()
        self._send_s.labels(channel).observe(took_s)
        self._told_s.labels(urgency).observe(max(0, now_us - leased.facts["at_us"]) / SECOND_US)

    def not_taken(self, leased: Leased, gives_up: bool) -> None:
        """A channel did not take one."""
        result = "given_up" if gives_up else "failed"
        self._results.labels(leased.notification.channel.value, result).inc()

    def database_lost(self) -> None:
        """It is waited for."""
        self._lost.inc()

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"bailiwick_{name}", about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"bailiwick_{name}", about, labels, buckets=buckets, registry=self.registry)
