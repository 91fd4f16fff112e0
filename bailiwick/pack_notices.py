"""Whoever gets a breach pack is told by e-mail: its reference, its version and a link, never the file and nobody's name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from alerts.channels.channel import Sender
from alerts.dispatch import Watch
from alerts.sending import Sends
from alerts.wording import Words
from bailiwick.channels import set_up
from bailiwick.letters import AT_ONCE, EVERY_S, attempt, each, letter
from bailiwick.settings import Settings
from domain.vocabulary import Channel
from store import Store
from store.packs import Packs, PackTold

REPLACES: Final = (
    "It takes the place of the version that you hold. What has changed is on its first page: please use this one alone."
)
FIRST: Final = "Ask the centre for the file if you cannot open the link."


class PackNotices:
    """Sends what waits; done twice it is once."""

    def __init__(self, packs: Packs, sender: Sends, console: str) -> None:
        self._packs = packs
        self._sender = sender
        self._console = console.rstrip("/")

    async def look(self, now_us: int) -> None:
        """Once."""
        await each(await self._packs.lease_told(now_us, AT_ONCE), partial(self._send, now_us))

    async def _send(self, now_us: int, one: PackTold) -> None:
        leased = letter("pack", one.no, one.address, one.attempts, now_us)
        fault = await attempt(self._sender, leased, words_of(one, self._console), now_us)
        if fault is None:
            await self._packs.told(one.no, now_us)
        else:
            await self._packs.not_told(one.no, *fault)


def pack_watches(store: Store, senders: Mapping[Channel, Sender], settings: Settings) -> list[Watch]:
    """None where no e-mail is sent."""
    if Channel.EMAIL not in set_up(senders):
        return []
    notices = PackNotices(store.packs, senders[Channel.EMAIL], settings.console())
    return [Watch("telling who gets a breach pack", EVERY_S, notices.look)]


def words_of(one: PackTold, console: str) -> Words:
    """What is said."""
    head = f"Breach pack BW-{one.breach}, version {one.version}"
    link = f"{console}/breaches/{one.breach}/packs/{one.version}"
    said = f"{head} is ready.\n\n{REPLACES if one.replaces else FIRST}\n\n{link}\n"
    return Words(head, head, said, "en")
