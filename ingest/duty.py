"""Stand by, lead, recover, work; and again after what is expected to go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from domain.wire_adapters import Adapter
from ingest.clock import LineClock
from ingest.figures import Figures
from ingest.lead import LeadLost, stand_by
from ingest.ports import Broker, Engine, SessionTaken, Store
from ingest.recovery import Recovery
from ingest.work import AtWork
from store import StoreError
from store.store import ConnectionLost

RETRY_FIRST_S = 0.2
RETRY_LAST_S = 5.0
"""After a failure the next recovery waits this long at first, and doubles up to the last."""
STEADY_S = 60.0
"""Work that went on for so long begins with the first wait again when it fails."""
EXPECTED = (ConnectionLost, StoreError, SessionTaken, LeadLost, TimeoutError)

log = structlog.get_logger("ingest")


async def lead_and_work(
    store: Store,
    engine: Engine,
    make_broker: Callable[[], Broker],
    clock: LineClock,
    figures: Figures,
    stop: asyncio.Event,
    adapters: Sequence[Adapter] = (),
) -> None:
    """Stand by until we lead, recover, and work until ``stop``."""
    recovery = Recovery(store, engine)
    async with await store.lead() as lead:
        if not await stand_by(lead, recovery, stop):
            return
        figures.leads(True)
        try:
            judgement = await recovery.finish(clock)
            judgement.decoder.adapt(adapters)
            figures.recovered()
            await AtWork(judgement, store, make_broker(), clock, figures).run(lead, stop)
        finally:
            figures.leads(False)


async def again_until(
    stop: asyncio.Event, once: Callable[[], Awaitable[None]], first_retry_s: float = RETRY_FIRST_S
) -> None:
    """Run ``once`` until ``stop``; after an expected error wait, longer each time, and run it again."""
    retry_s = first_retry_s
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        began_s = loop.time()
        try:
            await once()
        except* EXPECTED as failed:
            causes = [f"{type(error).__name__}: {error}" for error in leaves(failed)]
            if loop.time() - began_s > STEADY_S:
                retry_s = first_retry_s
            log.critical("cannot work: nothing was acknowledged; starting again", why=causes, retry_s=retry_s)
            await _wait(stop, retry_s)
            retry_s = min(2 * retry_s, RETRY_LAST_S)


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
