"""The `bailiwick ingest` process: stand by, lead, recover, work, and again; until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from prometheus_client import start_http_server

from ingest import ports
from ingest.broker import BrokerAddress, MqttBroker
from ingest.clock import LineClock, WallClock, wall_clock
from ingest.engine import RealEngine
from ingest.figures import Figures
from ingest.lead import LeadLost, leading
from ingest.ports import SessionTaken
from ingest.recovery import recover
from ingest.work import AtWork
from store import Store, StoreError
from store.store import ConnectionLost

RETRY_FIRST_S = 0.2
RETRY_LAST_S = 5.0
"""After a failure the next recovery waits this long at first, and doubles up to the last."""
STEADY_S = 60.0
"""Work that went on for so long begins with the first wait again when it fails."""
EXPECTED = (ConnectionLost, StoreError, SessionTaken, LeadLost, TimeoutError)
CLIENT_ID = "bailiwick-ingest"

log = structlog.get_logger("ingest")


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """What `serve` needs to be told.

    ``at_most_once`` is for the embedded broker alone (`MqttBroker` says why). ``metrics_port`` opens ``/metrics`` on
    ``metrics_host``; None opens nothing.
    """

    database_url: str
    broker: BrokerAddress
    client_id: str = CLIENT_ID
    at_most_once: bool = False
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None


async def serve(config: IngestConfig, stop: asyncio.Event, clock: WallClock = wall_clock) -> None:
    """Run ingest until ``stop`` is set. What is expected to go wrong is logged and tried again, for ever.

    Raises what is the program's own doing: then the process ends, and whoever started it starts it again.
    """
    figures = Figures()
    line_clock = LineClock(clock)

    def make_broker() -> MqttBroker:
        return MqttBroker(config.broker, config.client_id, line_clock, at_most_once=config.at_most_once)

    async def once() -> None:
        async with await Store.open(config.database_url) as store:
            await lead_and_work(store, RealEngine(), make_broker, line_clock, figures, stop)

    with _metrics(config, figures):
        await again_until(stop, once)
    log.info("stopped")


async def lead_and_work(
    store: ports.Store,
    engine: ports.Engine,
    make_broker: Callable[[], ports.Broker],
    clock: LineClock,
    figures: Figures,
    stop: asyncio.Event,
) -> None:
    """Stand by until we lead, recover, and work until ``stop``."""
    async with leading(store, stop) as lead:
        if lead is None:
            return
        figures.leads(True)
        try:
            judgement = await recover(store, engine, clock)
            figures.recovered()
            await AtWork(judgement, store, make_broker(), clock, figures).run(lead, stop)
        finally:
            figures.leads(False)


async def again_until(stop: asyncio.Event, once: Callable[[], Awaitable[None]]) -> None:
    """Run ``once`` until it ends by itself; after an expected error wait, longer each time, and run it again."""
    retry_s = RETRY_FIRST_S
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        began_s = loop.time()
        try:
            await once()
        except* EXPECTED as failed:
            causes = [f"{type(error).__name__}: {error}" for error in leaves(failed)]
            retry_s = RETRY_FIRST_S if loop.time() - began_s > STEADY_S else min(2 * retry_s, RETRY_LAST_S)
            log.critical("cannot work: nothing was acknowledged; starting again", why=causes, retry_s=retry_s)
            await _wait(stop, retry_s)


def leaves(group: BaseExceptionGroup[Exception]) -> list[BaseException]:
    """The exceptions inside a group, however deep."""
    found: list[BaseException] = []
    for error in group.exceptions:
        found += leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


@contextmanager
def _metrics(config: IngestConfig, figures: Figures) -> Iterator[None]:
    if config.metrics_port is None:
        yield
        return
    server, thread = start_http_server(config.metrics_port, config.metrics_host, figures.registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run(config: IngestConfig) -> None:
    """The process: its own event loop, logs as JSON lines on standard error, SIGTERM and SIGINT to stop."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await serve(config, stop)

    with asyncio.Runner(loop_factory=_new_loop()) as runner:
        runner.run(main())


def _new_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is to be had."""
    try:
        import uvloop  # noqa: PLC0415 - not on every system
    except ImportError:
        return None
    return uvloop.new_event_loop
