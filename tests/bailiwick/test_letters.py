"""Letters that are about no alert: behind a slow server they are sent together, or their lease ends before their turn comes."""

from __future__ import annotations

import asyncio

from bailiwick.letters import TOGETHER, each


async def test_a_slow_server_has_as_many_in_hand_as_may_be_and_each_is_sent_once() -> None:
    all_there, sent = asyncio.Barrier(TOGETHER), list[int]()

    async def send(number: int) -> None:
        await all_there.wait()
        sent.append(number)

    async with asyncio.timeout(5):
        await each(range(3 * TOGETHER), send)
    assert sorted(sent) == list(range(3 * TOGETHER))
