"""What the clock alone brings about: a watch that fails keeps nobody from being told of an alert."""

from __future__ import annotations

import asyncio

import pytest

from alerts.dispatch import Watch, watching
from store.store import ConnectionLost


async def test_a_mistake_in_a_watch_ends_neither_it_nor_dispatch(capsys: pytest.CaptureFixture[str]) -> None:
    stop, looks = asyncio.Event(), []

    async def look(now_us: int) -> None:
        looks.append(now_us)
        if len(looks) == 3:
            stop.set()
        raise AttributeError("Jo Bloggs has no attribute 'get'")

    async with asyncio.timeout(5):
        await watching(Watch("a list", 0.001, look), lambda: 7, stop)
    assert looks == [7, 7, 7]
    said = capsys.readouterr().out
    assert "a watch failed" in said
    assert "Bloggs" not in said


async def test_what_is_expected_to_go_wrong_is_its_caller_s() -> None:
    async def look(now_us: int) -> None:
        raise ConnectionLost("the database went away")

    with pytest.raises(ConnectionLost):
        await watching(Watch("a list", 1.0, look), lambda: 7, asyncio.Event())
