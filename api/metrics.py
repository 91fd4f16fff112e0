"""Metrics in the Prometheus text format (docs/metrics.md names each; a test holds both together).

What the database knows is asked when somebody scrapes, through `Figures`; what this process does is counted here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from domain.instants import SECOND_US
from domain.vocabulary import Kind, OrderState, Severity
from store.reading_types import Counts
from store.reconciling import Reconciliation

REQUEST_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics of one application; no global registry, so that two in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._counter("http_requests", "Requests answered", ("method", "route", "status"))
        self.seconds = Histogram(
            "bailiwick_http_request_seconds",
            "Time to answer, streams left out",
            ("route",),
            buckets=REQUEST_BUCKETS_S,
            registry=self.registry,
        )
        self.followers = self._gauge("stream_followers", "Who follows the stream now")
        self._wearers = self._gauge("wearers", "Wearers in the caseload")
        self._devices = self._gauge("devices", "Devices in the caseload")
        self._active = self._gauge("orders_active", "Orders in force")
        self._orders = self._gauge(
            "orders", "Orders in force by their one state; adds up to the active ones", ("state",)
        )
        self._facts = self._gauge("facts_stored", "Fixes and equipment events committed")
        self._rate = self._gauge("facts_per_second", "Facts committed a second, lately")
        self._violations = self._gauge("violations_open", "Violations without an end", ("kind",))
        self._alerts = self._gauge("alerts_active", "Alerts whose condition is active", ("severity",))
        self._parked = self._gauge("dead_letters_stored", "Messages and items parked", ("reason",))
        self._headroom = self._gauge(
            "id_headroom_ratio", "Share of a sequence's numbers not yet given out", ("sequence",)
        )
        self._unreconciled = self._gauge(
            "unreconciled", "Orders, fittings, devices that do not fit together", ("what",)
        )
        self._decided = self._gauge("newest_decision_timestamp_seconds", "Newest instant that ingest decided")

    def _gauge(self, name: str, says: str, labels: Iterable[str] = ()) -> Gauge:
        return Gauge(f"bailiwick_{name}", says, labels, registry=self.registry)

    def _counter(self, name: str, says: str, labels: Iterable[str] = ()) -> Counter:
        return Counter(f"bailiwick_{name}", says, labels, registry=self.registry)

    def take(self, counts: Counts) -> None:
        """Sets every gauge of the database; a state, kind or severity that has none is 0, never missing."""
        self._wearers.set(counts.wearers)
        self._devices.set(counts.devices)
        self._active.set(counts.orders_active)
        self._facts.set(counts.facts)
        self._rate.set(counts.facts_per_s)
        for state in OrderState:
            self._orders.labels(state.value).set(counts.order_states.get(state, 0))
        for kind in Kind:
            self._violations.labels(kind.value).set(counts.violations_open.get(kind, 0))
        for severity in Severity:
            self._alerts.labels(severity.value).set(counts.alerts_active.get(severity, 0))
        for reason, number in counts.dead_letters.items():
            self._parked.labels(reason).set(number)
        for sequence, share in counts.headroom.items():
            self._headroom.labels(sequence).set(share)
        if counts.at_us is not None:
            self._decided.set(counts.at_us / SECOND_US)

    def reconciled(self, found: Reconciliation) -> None:
        """What does not fit together, by sort."""
        for what, number in found.numbers().items():
            self._unreconciled.labels(what).set(number)

    def text(self) -> bytes:
        """The page that is scraped."""
        return generate_latest(self.registry)
