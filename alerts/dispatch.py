"""The dispatch process: a decider, a lane for each channel, and what is watched by the clock alone, around one bell.

Several processes may run on one database. Each loop goes on by itself when the database is away and comes back; a mistake of
ours ends the process, and whoever started it starts it again: everything that matters is in the database.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog
from prometheus_client import start_http_server

from alerts.deciding import BATCH, GATHER_S, Decider, Guide
from alerts.dispatch_figures import DispatchFigures
from alerts.ports import AlertStore, Leased
from alerts.sending import AT_ONCE, Delivery, InTime, Lane, Sends
from alerts.waking import EXPECTED, Bell, mistake, pause, steadily
from alerts.wording import Words
from domain.vocabulary import Channel

log = structlog.get_logger("dispatch")


def wall_clock() -> int:
    """Microseconds UTC since the epoch, from the machine."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Watch:
    """What the clock alone brings about, done every so often: gaps in the rota, protection that ends. Done twice it is once."""

    what: str
    every_s: float
    look: Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a dispatch process is made of (the composition root makes them).

    ``guide`` is asked once a batch. ``clock`` gives microseconds UTC, ``chance`` a number in [0, 1). ``metrics_port`` opens
    ``/metrics`` on ``metrics_host``; None opens nothing.
    """

    store: AlertStore
    guide: Callable[[], Awaitable[Guide]]
    channels: Mapping[Channel, Sends]
    compose: Callable[[Leased], Words]
    watches: Sequence[Watch] = ()
    clock: Callable[[], int] = wall_clock
    chance: Callable[[], float] = random.random
    batch: int = BATCH
    at_once: int = AT_ONCE
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    figures: DispatchFigures = field(default_factory=DispatchFigures)


async def serve(parts: Parts, stop: asyncio.Event) -> None:
    """Until ``stop``: then what is looked at is written, and what channels have in hand is given a little time."""
    figures, bell = parts.figures, Bell()
    figures.channels(list(parts.channels))
    lanes = [_lane(parts, channel, bell, stop) for channel in parts.channels]
    decider = Decider(parts.store, parts.guide, parts.clock, time.monotonic, figures, parts.batch, GATHER_S)
    sleeper = bell.sleeper(stop)
    loops: dict[str, Callable[[], Awaitable[None]]] = {"looking": partial(decider.run, stop, sleeper)}
    loops |= {f"sending by {lane.channel.value}": partial(lane.run, stop) for lane in lanes}
    loops |= {watch.what: partial(watching, watch, parts.clock, stop) for watch in parts.watches}
    listening = partial(_listen, parts.store, bell)
    with _metrics(parts):
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(steadily(stop, "listening", listening, figures.database_lost))
            for what, loop in loops.items():
                group.create_task(steadily(stop, what, loop, figures.database_lost))
            log.info("at work", channels=[channel.value for channel in parts.channels])
            await stop.wait()
            hearing.cancel()
        await asyncio.gather(*(lane.finish() for lane in lanes))
    log.info("stopped")


def _lane(parts: Parts, channel: Channel, bell: Bell, stop: asyncio.Event) -> Lane:
    delivery = Delivery(
        parts.store,
        InTime(parts.channels[channel]),
        parts.compose,
        parts.clock,
        time.monotonic,
        parts.chance,
        asyncio.sleep,
        parts.figures,
    )
    return Lane(channel, delivery, bell.sleeper(stop), parts.at_once)


async def _listen(store: AlertStore, bell: Bell) -> None:
    async with store.listen() as wakes:
        bell.ring()  # for what was not heard before
        async for _ in wakes:
            bell.ring()


async def watching(watch: Watch, clock: Callable[[], int], stop: asyncio.Event) -> None:
    """Looks every so often until ``stop``. Raises what is expected to go wrong, and nothing else."""
    while not stop.is_set():
        try:
            await watch.look(clock())
        except EXPECTED:
            raise
        except Exception as error:  # a list that cannot be made keeps nobody from being told of an alert
            log.error("a watch failed; it is tried again", what=watch.what, **mistake(error))  # noqa: TRY400
        await pause(stop, watch.every_s)


@contextmanager
def _metrics(parts: Parts) -> Iterator[None]:
    if parts.metrics_port is None:
        yield
        return
    server, thread = start_http_server(parts.metrics_port, parts.metrics_host, parts.figures.registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
