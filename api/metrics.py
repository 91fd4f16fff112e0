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
from store.alert_figures import AlertMeasures, AlertsNow
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
        self._unclaimed = self._gauge("alerts_unclaimed", "Alerts that nobody has", ("severity",))
        self._oldest = self._gauge(
            "alerts_oldest_unclaimed_seconds", "For how long nobody has had the oldest of them", ("severity",)
        )
        self._load = self._gauge("alerts_per_operator", "Alerts of warning and above an operator in 10 minutes")
        self._flood = self._gauge("alert_flood", "1 when those were more than an operator can see to")
        self._raised = self._gauge("alerts_raised_day", "Alerts raised in the last day", ("kind",))
        self._rates = self._gauge("alerts_per_wearer_day", "The same for each wearer under an order", ("kind",))
        self._delays = self._gauge(
            "alert_delay_seconds", "Quantiles of the last day's alerts, from one step to the next", ("what", "quantile")
        )
        self._outcomes = self._gauge("alert_outcomes_day", "Alerts closed in the last day", ("kind", "outcome"))
        self._assessments = self._gauge(
            "assessments_day", "Violations that officers decided in the last day", ("kind", "decision")
        )
        self._precision = self._gauge("alert_precision_ratio", "Share of alerts that held, of 28 days", ("kind",))
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

    def alerts(self, now: AlertsNow) -> None:
        """What nobody has, a severity that has none being 0, and how much comes to each operator."""
        for severity in Severity:
            found = now.unclaimed.get(severity)
            self._unclaimed.labels(severity.value).set(found.number if found else 0)
            self._oldest.labels(severity.value).set((now.at_us - found.oldest_us) / SECOND_US if found else 0)
        self._load.set(now.load.per_operator if now.load else 0)
        self._flood.set(1 if now.load and now.load.flood else 0)

    def measured(self, found: AlertMeasures) -> None:
        """What was measured of alerts; a kind that had none in the time is left out."""
        for gauge in (self._raised, self._rates, self._delays, self._outcomes, self._assessments, self._precision):
            gauge.clear()
        for raised in found.raised:
            self._raised.labels(raised.kind).set(raised.number)
            if raised.per_wearer_day is not None:
                self._rates.labels(raised.kind).set(raised.per_wearer_day)
        for what, quantiles in found.delays.items():
            for name, value in zip(("0.5", "0.95", "0.99"), quantiles[1:], strict=True):
                self._delays.labels(what, name).set(value)
        for gauge, words in ((self._outcomes, found.outcomes), (self._assessments, found.assessments)):
            for kind, numbers in words.items():
                for word, number in numbers.items():
                    gauge.labels(kind, word).set(number)
        for one in found.precision:
            self._precision.labels(one.kind).set(one.ratio)

    def text(self) -> bytes:
        """The page that is scraped."""
        return generate_latest(self.registry)
