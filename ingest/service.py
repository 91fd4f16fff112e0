"""The `bailiwick ingest` process: its parts put together, its event loop, its logs and its signals."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from prometheus_client import ProcessCollector, start_http_server

from geofence.wallclock import TimeZones
from ingest.adapters import EVERY, adapters_named
from ingest.broker import BrokerAddress, MqttBroker
from ingest.clock import LineClock, SteadyClock, WallClock, wall_clock
from ingest.duty import again_until, lead_and_work
from ingest.engine import RealEngine
from ingest.figures import Figures
from ingest.warming import warm_up
from store import Store

CLIENT_ID = "bailiwick-ingest"

log = structlog.get_logger("ingest")


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """What `serve` needs to be told.

    ``zones`` is the time-zone data, loaded at the edge.
    ``at_most_once`` is for the embedded broker alone (`MqttBroker` says why). ``metrics_port`` opens ``/metrics`` on
    ``metrics_host``; None opens nothing. ``adapters``: names of the other formats that are taken.
    """

    database_url: str
    broker: BrokerAddress
    zones: TimeZones
    client_id: str = CLIENT_ID
    at_most_once: bool = False
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    adapters: tuple[str, ...] = ()


async def serve(
    config: IngestConfig,
    stop: asyncio.Event,
    clock: WallClock = wall_clock,
    steady_s: SteadyClock = time.monotonic,
) -> None:
    """Run ingest until ``stop`` is set. What is expected to go wrong is logged and tried again, for ever.

    Raises what is the program's own doing: then the process ends, and whoever started it starts it again.
    """
    figures = Figures()
    line_clock = LineClock(clock, steady_s=steady_s)
    adapters = adapters_named(config.adapters)

    def make_broker() -> MqttBroker:
        return MqttBroker(
            config.broker,
            config.client_id,
            line_clock,
            at_most_once=config.at_most_once,
            adapted=[adapter.topic_filter for adapter in adapters],
            unwanted=[adapter.topic_filter for adapter in EVERY if adapter not in adapters],
        )

    async def once() -> None:
        async with await Store.open(config.database_url) as store:
            engine = RealEngine(config.zones)
            await lead_and_work(store, engine, make_broker, line_clock, figures, stop, adapters)

    await asyncio.to_thread(warm_up, config.zones)
    with _metrics(config, figures):
        await again_until(stop, once)
    log.info("stopped")


@contextmanager
def _metrics(config: IngestConfig, figures: Figures) -> Iterator[None]:
    if config.metrics_port is None:
        yield
        return
    ProcessCollector(registry=figures.registry)
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
