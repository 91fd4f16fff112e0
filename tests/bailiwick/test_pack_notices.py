"""Whoever gets a pack is told once, of its reference alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts.channels.channel import TryAgain
from alerts.ports import Leased
from alerts.wording import Words
from bailiwick.pack_notices import PackNotices
from domain.instants import MINUTE_US
from tests.bailiwick.pack_world import EVERYTHING, NOW_US, key_in, night
from tests.bailiwick.test_pack_making import signed

pytestmark = [pytest.mark.real, pytest.mark.slow]


class Mailbox:
    """Takes a message at the second try."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.tries = 0

    async def send(self, leased: Leased, words: Words) -> None:
        self.tries += 1
        if self.tries == 1:
            raise TryAgain(None, "the server is away")
        self.taken.append((leased.notification.address, f"{words.subject} {words.long}"))


async def test_whoever_gets_a_pack_is_told_once_of_its_reference_alone(embedded_url: str, tmp_path: Path) -> None:
    async with night(embedded_url, key_in(tmp_path)) as there:
        await there.opened(["W1-1", "W1-2"])
        await signed(there)
        (row,) = await there.packs.of_case(there.breach, EVERYTHING)
        await there.give(row.no, ("Kent Magistrates", "HMCTS", "listing@court.test"))
        await there.give(row.no, ("A. Clerk", "HMCTS", None))
        box = Mailbox()
        notices = PackNotices(there.packs, box, "https://centre.test/")
        await notices.look(NOW_US)
        assert box.taken == []
        await notices.look(NOW_US + MINUTE_US)
        await notices.look(NOW_US + 9 * MINUTE_US)
        ((address, said),) = box.taken
        assert address == "listing@court.test"
        assert "BW-1, version 1" in said
        assert "https://centre.test/breaches/1/packs/1" in said
        assert "Ada" not in said
        holders = await there.packs.recipients(row.no, EVERYTHING)
        assert [(one.channel, one.state) for one in holders] == [("email", "sent"), ("hand", "given")]
