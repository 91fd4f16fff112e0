"""Whoever gets a breach pack is told by e-mail: its reference, its version and a link, never the file and nobody's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from alerts.channels.channel import NotTaken, Sender, TryAgain
from alerts.dispatch import Watch
from alerts.ports import Leased, Notification
from alerts.protocols import Target
from alerts.sending import Sends
from alerts.wording import Words
from bailiwick.channels import set_up
from bailiwick.digests import AT_ONCE, EVERY_S, MOST_ATTEMPTS, RETRY_US
from bailiwick.settings import Settings
from domain.vocabulary import Channel, Severity, ToldReason
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
        for one in await self._packs.lease_told(now_us, AT_ONCE):
            try:
                await self._sender.send(_leased(one, now_us), words_of(one, self._console))
            except NotTaken as error:
                tries = isinstance(error, TryAgain) and one.attempts < MOST_ATTEMPTS
                wait_us = RETRY_US[min(one.attempts, len(RETRY_US)) - 1]
                await self._packs.not_told(one.no, error.why, now_us + wait_us if tries else None)
            else:
                await self._packs.told(one.no, now_us)


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


def _leased(one: PackTold, now_us: int) -> Leased:
    """As the channel takes it. It is about no alert; its id makes two attempts one message to whoever looks."""
    note = Notification(
        id=f"pack:{one.no}",
        alert_no=0,
        target=Target.OFFICER,
        recipient=one.address,
        channel=Channel.EMAIL,
        address=one.address,
        text="pack",
        language="en",
        urgency=Severity.INFORMATION,
        reason=ToldReason.FIRST,
    )
    return Leased(one.no, note, one.attempts, {"at_us": now_us})
