"""Officers' digests put together: counted at their hour, kept as a row, sent by e-mail. Dispatch looks every minute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from alerts.channels.channel import NotTaken, Sender, TryAgain
from alerts.dispatch import Watch
from alerts.ports import Leased, Notification
from alerts.protocols import Target
from alerts.sending import Sends
from alerts.wording import Words
from bailiwick.channels import set_up
from bailiwick.settings import Settings
from domain.instants import DAY_US, HOUR_US, MINUTE_US
from domain.vocabulary import Channel, Severity, ToldReason
from evidence.breaches import BREACHES
from evidence.digest import Counts, day_due, due_and_overdue, subject, text
from evidence.routes import Routes
from evidence.working_days import WorkingDays
from store import Store
from store.digests import Digest, Digests, Officer

EVERY_S: Final = 60.0
AT_ONCE: Final = 50
MOST_ATTEMPTS: Final = 8
RETRY_US: Final = (MINUTE_US, 5 * MINUTE_US, 15 * MINUTE_US, HOUR_US)
"""After the first attempts; the last for all that follow."""


class DigestWatch:
    """Makes the digests of a day once its hour has come, and sends what waits; done twice it is once."""

    def __init__(self, digests: Digests, routes: Routes, sender: Sends, console: str) -> None:
        self._digests = digests
        self._routes = routes
        self._sender = sender
        self._link = f"{console.rstrip('/')}/caseload"
        self._done: date | None = None

    async def look(self, now_us: int) -> None:
        """Once."""
        today = self._routes.calendar().day_of(now_us)
        if self._done != today and day_due(self._routes, self._routes.calendars(), now_us) is not None:
            await self._make(now_us)
            self._done = today
        for one in await self._digests.lease(now_us, AT_ONCE):
            await self._send(one, now_us)

    async def _make(self, now_us: int) -> None:
        officers = await self._digests.officers([kind.value for kind in BREACHES], now_us, now_us - DAY_US)
        cases = await self._cases(now_us)
        made: dict[date, frozenset[str]] = {}
        for officer in officers:
            calendars = [await self._calendar(area) for area in sorted(officer.areas)] or [self._routes.calendar()]
            day = day_due(self._routes, calendars, now_us)
            if day is None:
                continue
            if day not in made:
                made[day] = await self._digests.made(day)
            if officer.email not in made[day]:
                counts = _counts(officer, cases.get(officer.email, (0, 0)))
                await self._digests.make(officer.email, day, counts.as_json(), says=bool(counts), now_us=now_us)

    async def _cases(self, now_us: int) -> dict[str, tuple[int, int]]:
        """By officer: steps that are due today, and those that are overdue."""
        found: dict[str, tuple[int, int]] = {}
        for case in await self._digests.open_cases():
            route = self._routes.named(case.route) or self._routes.route_for(case.order_kind, case.made_us)
            if route is not None:
                due, over = due_and_overdue(route, case.steps, await self._calendar(case.area), now_us)
                was = found.get(case.email, (0, 0))
                found[case.email] = (was[0] + due, was[1] + over)
        return found

    async def _calendar(self, area: str | None) -> WorkingDays:
        return self._routes.calendar(() if area is None else await self._digests.areas_above(area))

    async def _send(self, one: Digest, now_us: int) -> None:
        try:
            await self._sender.send(_leased(one, now_us), _words(one, self._link))
        except NotTaken as error:
            tries = isinstance(error, TryAgain) and one.attempts < MOST_ATTEMPTS
            wait_us = RETRY_US[min(one.attempts, len(RETRY_US)) - 1]
            await self._digests.not_sent(one.no, error.why, now_us + wait_us if tries else None)
        else:
            await self._digests.sent(one.no, now_us)


def digest_watches(store: Store, routes: Routes, senders: Mapping[Channel, Sender], settings: Settings) -> list[Watch]:
    """None where no e-mail is sent."""
    if Channel.EMAIL not in set_up(senders):
        return []
    watch = DigestWatch(store.digests, routes, senders[Channel.EMAIL], settings.console())
    return [Watch("telling officers what waits", EVERY_S, watch.look)]


def _counts(officer: Officer, steps: tuple[int, int]) -> Counts:
    return Counts(officer.to_assess, officer.new, *steps, officer.fallen)


def _words(one: Digest, link: str) -> Words:
    head, said = subject(one.no, one.day), text(Counts(**one.told), link)
    return Words(head, head, said, "en")


def _leased(one: Digest, now_us: int) -> Leased:
    """As the channel takes it. It is about no alert; its id makes two attempts one message to whoever looks."""
    note = Notification(
        id=f"digest:{one.no}",
        alert_no=0,
        target=Target.OFFICER,
        recipient=one.email,
        channel=Channel.EMAIL,
        address=one.email,
        text="digest",
        language="en",
        urgency=Severity.INFORMATION,
        reason=ToldReason.FIRST,
    )
    return Leased(one.no, note, one.attempts, {"at_us": now_us})
