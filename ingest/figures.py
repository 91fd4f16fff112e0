"""What ingest counts and measures: Prometheus metrics (``bailiwick_*``), and the same as a body for the page.

No identity of a wearer or device is in a metric or a log, but for the device that is reported for sending only what
nobody can place.
"""

from __future__ import annotations

from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from domain.vocabulary import DeadLetterReason, OrderState
from ingest.batches import BATCH_MESSAGES, Gatherer, OpenBatch
from ingest.completeness import Completeness
from ingest.judgement import Judged, reasons
from ingest.ticks import Ticks, Withheld

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
MESSAGES = (1, 10, 30, 100, 300, 1_000, 2_000, BATCH_MESSAGES, 2 * BATCH_MESSAGES)
REPORTED_MAX = 10_000
"""So many devices that nobody knows are remembered as reported; then the memory starts again."""

log = structlog.get_logger("ingest")


class Figures:
    """Counters that live as long as the process; recoveries do not set them back."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = self._counter
        self._received = counter("received", "Messages taken from the broker.")
        self._committed = counter("committed_facts", "Facts stored.")
        self._repeats = counter("repeated_facts", "Facts received again with the same values, not stored again.")
        self._commits = counter("commits", "Commits.")
        self._versions = counter("violation_versions", "Versions of violations written.")
        self._alerts = counter("alert_changes", "Changes of alerts written.")
        self._learnt = counter("learnt_records", "Caseload records learnt.")
        self._replayed = counter("replayed_dead_letters", "Dead letters taken again, their cause being mended.")
        self._last_wills = counter("last_wills", "Last wills received; shown, never evidence.")
        self._look_ups = counter("look_ups", "Batches for which stored facts had to be read.")
        self._recoveries = counter("recoveries", "Times that the state was rebuilt from the database.")
        self._parked = Counter(
            "bailiwick_parked", "Messages and items parked, by reason.", ["reason"], registry=self.registry
        )
        self._ignored = Counter(
            "bailiwick_ignored",
            "Messages of other formats with nothing for us in them.",
            ["adapter", "sort"],
            registry=self.registry,
        )
        self._ticks = counter("ticks", "Ticks made.")
        self._withheld = Counter(
            "bailiwick_ticks_withheld", "Seconds without a tick, by reason.", ["reason"], registry=self.registry
        )
        self._batch = self._histogram("batch_messages", "Messages in a batch.", MESSAGES)
        self._judge_s = self._histogram("judge_seconds", "Time to decode and judge a batch.", SECONDS)
        self._commit_s = self._histogram("commit_seconds", "Time to commit a batch.", SECONDS)
        self._wait_s = self._histogram("batch_wait_seconds", "Age of a batch's first line at its commit.", SECONDS)
        self._orders = Gauge("bailiwick_orders", "Active orders by state.", ["state"], registry=self.registry)
        self._leading = self._gauge("ingest_leading", "1 while this process is the one at work.")
        self._connected = self._gauge("ingest_connected", "1 while subscribed at the broker.")
        self._deaf = self._gauge("ingest_deaf", "1 while no tick is made: silence is not judged.")
        self._held = self._gauge("ingest_held_messages", "Messages received and not yet committed.")
        self._aside = self._gauge("ingest_aside_messages", "Long messages that wait while live ones go ahead of them.")
        self._sessions_lost = self._gauge("ingest_sessions_lost", "Times that the broker had forgotten our session.")
        self._missing = self._gauge(
            "missing_items", "Items that devices counted and we have not received: holes in seq."
        )
        self._ratio = self._gauge("completeness", "Items received over items counted, of all devices.")
        self._holed = self._gauge("devices_with_holes", "Devices of which items are missing.")
        self._commit_no = self._gauge("commit_number", "Number of the newest commit.")
        self._totals: dict[str, float] = {}
        self._reported: set[str] = set()
        self._by_reason = dict.fromkeys((reason.value for reason in DeadLetterReason), 0)
        self._completeness = Completeness()
        self._seen_ticks = 0
        self._seen_withheld = dict.fromkeys(Withheld, 0)
        for reason in DeadLetterReason:
            self._parked.labels(reason.value)
        for why in Withheld:
            self._withheld.labels(why.value)

    # --- as it happens ---

    def judged(self, batch: OpenBatch, judged: Judged, took_s: float) -> None:
        self._batch.observe(len(batch.messages))
        self._judge_s.observe(took_s)
        self._count(self._received, "received", len(batch.messages))
        self._look_ups.inc(judged.looked_up)
        self._last_wills.inc(len(judged.last_wills))
        for (adapter, sort), number in judged.ignored.items():
            self._ignored.labels(adapter, sort).inc(number)

    def committed(self, batch: OpenBatch, judged: Judged, took_s: float, age_s: float) -> None:
        work = judged.work
        self._commit_s.observe(took_s)
        self._wait_s.observe(age_s)
        self._count(self._commits, "commits", 1)
        self._count(self._committed, "committed", len(work.keep))
        self._count(self._repeats, "repeated", len(work.batch.facts) - len(work.keep))
        self._count(self._versions, "versions", len(work.versions))
        self._count(self._alerts, "alerts", len(work.alerts))
        self._learnt.inc(len(work.learnt))
        self._replayed.inc(len(work.replayed))
        self._commit_no.set(work.no)
        for reason, number in reasons(work.dead_letters).items():
            self._parked.labels(reason).inc(number)
            self._by_reason[reason] += number
        for letter in work.dead_letters:
            if letter.reason is DeadLetterReason.UNKNOWN_DEVICE and letter.device is not None:
                self._report_unknown(letter.device)

    def complete(self, completeness: Completeness) -> None:
        self._missing.set(completeness.missing)
        self._ratio.set(completeness.ratio)
        self._holed.set(completeness.devices_with_holes)
        self._completeness = completeness

    def recovered(self) -> None:
        self._recoveries.inc()

    def leads(self, leading: bool) -> None:
        self._leading.set(leading)

    def order_states(self, states: dict[OrderState, int]) -> None:
        for state in OrderState:
            self._orders.labels(state.value).set(states.get(state, 0))

    def look(self, connected: bool, sessions_lost: int, gatherer: Gatherer, ticks: Ticks) -> None:
        """Take over what others count."""
        self._connected.set(connected)
        self._deaf.set(ticks.deaf)
        self._held.set(gatherer.held_messages)
        self._aside.set(gatherer.aside)
        self._sessions_lost.set(sessions_lost)
        self._ticks.inc(max(0, ticks.made - self._seen_ticks))
        self._seen_ticks = ticks.made
        for why, number in ticks.withheld.items():
            self._withheld.labels(why.value).inc(max(0, number - self._seen_withheld[why]))
            self._seen_withheld[why] = number

    def body(self, states: dict[OrderState, int], ticks: Ticks, connected: bool, held: int) -> dict[str, Any]:
        """The figures for the page; ``order_states`` add up to ``orders_active``."""
        return {
            "order_states": {state.value: states.get(state, 0) for state in OrderState},
            "orders_active": sum(states.values()),
            "connected": connected,
            "deaf": ticks.deaf,
            "ticks": ticks.made,
            "withheld": {why.value: number for why, number in ticks.withheld.items() if number},
            "missing": self._completeness.missing,
            "completeness": round(self._completeness.ratio, 6),
            "held": held,
            "parked": {reason: number for reason, number in self._by_reason.items() if number},
            **self._totals,
        }

    def _report_unknown(self, device: str) -> None:
        """Once a device, not once a message."""
        if device in self._reported:
            return
        if len(self._reported) >= REPORTED_MAX:
            self._reported.clear()
        self._reported.add(device)
        log.warning("a device that nobody entered sends messages: they are parked", device=device)

    def _count(self, counter: Counter, name: str, number: int) -> None:
        counter.inc(number)
        self._totals[name] = self._totals.get(name, 0) + number

    def _counter(self, name: str, about: str) -> Counter:
        return Counter(f"bailiwick_{name}", about, registry=self.registry)

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(f"bailiwick_{name}", about, registry=self.registry)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"bailiwick_{name}", about, buckets=buckets, registry=self.registry)
