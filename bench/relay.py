"""A process that only acknowledges: ``python -m bench.relay URL MESSAGES``. The session is ingest's own.

Prints ``ready``, takes so many messages, and prints one JSON object: begun_us, ended_us (wall clock), cpu_s.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import structlog
import uvloop

from ingest.broker import BrokerAddress, MqttBroker
from ingest.clock import LineClock
from ingest.ports import Delivery

CONNECT_TRIES = 1000


async def relay(url: str, messages: int) -> None:
    broker = MqttBroker(BrokerAddress.parse(url), "bench-relay", LineClock())
    done = asyncio.Event()
    taken = begun_us = 0

    def take(delivery: Delivery) -> None:
        nonlocal taken, begun_us
        begun_us = begun_us or delivery.instant_us
        taken += len(delivery.messages)
        broker.acknowledge(delivery.connection, delivery.packet_ids)
        if taken >= messages:
            done.set()

    running = asyncio.create_task(broker.run(take))
    for _ in range(CONNECT_TRIES):
        await asyncio.sleep(0.01)
        if broker.connection:
            break
    print("ready", flush=True)
    cpu_s = time.process_time()
    await done.wait()
    told = {"begun_us": begun_us, "ended_us": time.time_ns() // 1000, "cpu_s": time.process_time() - cpu_s}
    print(json.dumps(told), flush=True)
    await broker.leave(for_good=True)
    running.cancel()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    uvloop.run(relay(sys.argv[1], int(sys.argv[2])))
