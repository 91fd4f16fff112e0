"""The installed system, asked while it bears the load: what ingest says of itself, the stream of alerts, and the map.

What cannot be asked any more during the run is counted as a trouble and asked again; what cannot be asked at its beginning is refused.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from domain.errors import BadInstant, BadSetting
from domain.instants import SECOND_US, parse_instant
from simulators.loading.histogram import Histogram
from simulators.loading.meter import ALERTED, ON_MAP, Series, Stages

ASK_S: Final = 1.0
AGAIN_S: Final = 1.0
TIMEOUT: Final = httpx2.Timeout(10.0, read=60.0)
"""A comment comes on the stream at least every 15 s."""
BEGUN_S: Final = 10.0
LAST_ALERTS_S: Final = 30.0
STORED: Final = ("bailiwick_committed_facts_total", "bailiwick_repeated_facts_total", "bailiwick_parked_total")
HISTOGRAMS: Final = {
    "judge_s": "bailiwick_judge_seconds",
    "commit_s": "bailiwick_commit_seconds",
    "batch_wait_s": "bailiwick_batch_wait_seconds",
    "batch_messages": "bailiwick_batch_messages",
}
TAMPER: Final = "strap_tamper"
KEYS: Final = "`bailiwick accounts key --for load --role operator --every-area` makes one; the key alone goes into the file of --key-file"

Shapeless = (KeyError, TypeError, AttributeError, BadInstant)
"""Of an answer that is JSON, and not what is asked for."""
Failed = (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, *Shapeless)


def key_of(path: Path | None) -> str | None:
    """The key of a machine, of a file that holds nothing else. Raises `BadSetting`."""
    if path is None:
        return None
    try:
        key = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadSetting(f"--key-file: {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadSetting(f"--key-file: {path}: is no text, and a key is") from None
    if not key:
        raise BadSetting(f"--key-file: {path}: there is no key in it")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise BadSetting(f"--key-file: {path}: more than one key is in it, or none: a key is one word")
    return key


@dataclass(slots=True)
class Scraped:
    """One answer of a `/metrics`, summed over labels; ``buckets``: counts up to each bound."""

    values: dict[str, float] = field(default_factory=dict)
    buckets: dict[str, dict[float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Scraped:
        """Raises `ValueError` for what is not in the Prometheus text format."""
        out = cls()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name.endswith("_bucket"):
                    bounds = out.buckets.setdefault(family.name, {})
                    bound = float(sample.labels["le"])
                    bounds[bound] = bounds.get(bound, 0.0) + sample.value
                else:
                    out.values[sample.name] = out.values.get(sample.name, 0.0) + sample.value
        return out


def bucket_quantile(before: Mapping[float, float], after: Mapping[float, float], q: float) -> float | None:
    """The quantile of what was counted between two answers, straight within its bucket, as Prometheus has it; None of nothing."""
    bounds = sorted(after)
    counts = [after[bound] - before.get(bound, 0.0) for bound in bounds]
    if not counts or counts[-1] <= 0:
        return None
    rank, low, below = q * counts[-1], 0.0, 0.0
    for bound, count in zip(bounds, counts, strict=True):
        if count >= rank:
            if bound == float("inf"):
                return low
            return low + (bound - low) * ((rank - below) / (count - below) if count > below else 1.0)
        low, below = bound, count
    return low


class Centre:
    """What ingest says of itself: how much it has stored since the first answer, its CPU and memory, its batches."""

    def __init__(self, url: str, client: httpx2.AsyncClient) -> None:
        self._url, self._client = url, client
        self._first = self._last = Scraped()
        self.stored = 0.0
        self.parked = 0.0
        self.behind_now: float | None = None
        self.memory = Series()
        self.troubles: Counter[str] = Counter()
        self._cpu_s = 0.0

    async def begin(self) -> None:
        """The first answer. Raises `BadSetting` when there is none."""
        try:
            self._first = self._last = await self._ask()
        except Failed as error:
            raise BadSetting(f"--metrics: {self._url}: {_told(error)}") from None

    def behind(self) -> float | None:
        return self.behind_now

    async def follow(self, clock_us: Callable[[], int], sent: Callable[[], int]) -> None:
        """Until it is cancelled; ``sent``: how many items were, so far."""
        while True:
            await self.look(clock_us() / SECOND_US, sent())
            await asyncio.sleep(ASK_S)

    async def look(self, at_s: float, sent: int) -> None:
        """Asks once; so many items had been sent before."""
        try:
            now = await self._ask()
        except Failed as error:
            self.troubles[_told(error)] += 1
            return
        self._take(now)
        self.behind_now = max(0.0, sent - self.stored)
        if (held := now.values.get("process_resident_memory_bytes")) is not None:
            self.memory.add(at_s, held / 1e6)

    def _take(self, now: Scraped) -> None:
        """A process that began anew counts from nothing."""
        self.stored += sum(_grown(self._last, now, name) for name in STORED)
        self.parked += _grown(self._last, now, "bailiwick_parked_total")
        self._cpu_s += _grown(self._last, now, "process_cpu_seconds_total")
        self._last = now

    async def _ask(self) -> Scraped:
        answer = await self._client.get(self._url)
        answer.raise_for_status()
        return Scraped.of(answer.text)

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"stored": round(self.stored), "parked": round(self.parked)}
        if "process_cpu_seconds_total" in self._last.values:
            told["cpu_s"] = round(self._cpu_s, 2)
        if self.memory.seen:
            told["memory_mb"] = round(self.memory.seen[-1][1], 1)
        for name, metric in HISTOGRAMS.items():
            before, after = self._first.buckets.get(metric, {}), self._last.buckets.get(metric, {})
            marks = {mark: bucket_quantile(before, after, q) for mark, q in (("p50", 0.5), ("p99", 0.99))}
            told[name] = {mark: None if value is None else round(value, 4) for mark, value in marks.items()}
        return {**told, "troubles": dict(self.troubles)}


def _grown(before: Scraped, now: Scraped, name: str) -> float:
    last, value = before.values.get(name, 0.0), now.values.get(name, 0.0)
    return value - last if value >= last else value


class Console:
    """A client of the API: the stream of alerts, and the map as a screen follows it.

    ``expected``: when the straps of wearers are cut, microseconds since the run began.
    """

    def __init__(self, url: str, client: httpx2.AsyncClient, stages: Stages, start_us: int) -> None:
        self._url, self._client, self._stages, self._start_us = url.rstrip("/"), client, stages, start_us
        self.expected: dict[str, int] = {}
        self.heard = 0
        self.troubles: Counter[str] = Counter()
        self._moves: str | None = None
        self._all_heard, self._following = asyncio.Event(), asyncio.Event()
        self._refused = ""

    async def begin(self) -> None:
        """Reads the map. Raises `BadSetting` when it may not be read."""
        try:
            await self.look()
        except Failed as error:
            raise BadSetting(f"--api: {self._url}: {_told(error)}{self._hint(error)}") from None

    def _hint(self, error: Exception) -> str:
        """What to do where it lets us not in, or not see what is measured; nothing for what else goes wrong."""
        if not isinstance(error, httpx2.HTTPStatusError):
            return ""
        match error.response.status_code:
            case 401 if "Authorization" in self._client.headers:
                return f": it does not know the key of --key-file, or the key is over or revoked; {KEYS}"
            case 401:
                return f": it answers nobody without a key, and --key-file names none; {KEYS}"
            case 403:
                return f": the role of the key may not see positions and alerts, and an operator's may; {KEYS}"
        return ""

    async def followed(self) -> None:
        """Returns when the stream has begun. Raises `BadSetting` when it does not."""
        try:
            async with asyncio.timeout(BEGUN_S):
                await self._following.wait()
        except TimeoutError:
            why = "; ".join(self.troubles) or "nothing came"
            raise BadSetting(f"--api: {self._url}: the stream of alerts does not begin: {why}{self._refused}") from None

    async def follow_map(self) -> None:
        """Once a second, until it is cancelled."""
        while True:
            try:
                await self.look()
            except Failed as error:
                self.troubles[f"map: {_told(error)}"] += 1
                self._moves = None
            await asyncio.sleep(ASK_S)

    async def look(self) -> None:
        """Reads the map: the whole of it, or what came since; only in the latter is everything new."""
        whole = self._moves is None
        answer = await self._client.get(self._url + (self._moves or "/api/v1/positions"))
        answer.raise_for_status()
        now_us, body = self._stages.clock_us(), answer.json()
        self._moves = body["moves"]
        if whole:
            return
        shown = self._stages.of[ON_MAP]
        for item in body["items"]:
            since_us = parse_instant(item["t"]) - self._start_us
            if since_us >= 0:
                shown.add((now_us - since_us) / SECOND_US)

    async def follow_alerts(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self._alerts()
            except Failed as error:
                self._refused = self._hint(error)
                self.troubles[f"stream: {_told(error)}"] += 1
            await asyncio.sleep(AGAIN_S)

    async def _alerts(self) -> None:
        async with self._client.stream("GET", f"{self._url}/api/v1/stream?kind=alert") as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                self._following.set()
                if line.startswith("data:"):
                    self.take(json.loads(line[len("data:") :]))

    def take(self, told: dict[str, Any]) -> None:
        """An event of the stream: the first of an alert about a strap that we cut is timed."""
        if told.get("kind") != TAMPER:
            return
        cut_us = self.expected.pop(told.get("wearer") or "", None)
        if cut_us is not None:
            self.heard += 1
            if not self.expected:
                self._all_heard.set()
            self._stages.of[ALERTED].add((self._stages.clock_us() - cut_us) / SECOND_US)

    async def last_alerts(self, ended_us: int) -> None:
        """Until every strap that was cut by then has its alert, for so long at most."""
        self.expected = {wearer: cut_us for wearer, cut_us in self.expected.items() if cut_us < ended_us}
        if self.expected:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_ALERTS_S):
                    await self._all_heard.wait()


@asynccontextmanager
async def client(key: str | None) -> AsyncIterator[httpx2.AsyncClient]:
    """For all that is asked."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=TIMEOUT) as made:
        yield made


def _told(error: Exception) -> str:
    if isinstance(error, httpx2.HTTPStatusError):
        return f"it answered {error.response.status_code}"
    if isinstance(error, (*Shapeless, json.JSONDecodeError)):
        return "its answer is not that of a Bailiwick"
    return " ".join(str(error).split()) or type(error).__name__


def total(histograms: list[Histogram]) -> Histogram:
    """All of them as one."""
    found = Histogram()
    for one in histograms:
        found.take(one)
    return found
