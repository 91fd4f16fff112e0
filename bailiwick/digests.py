"""Officers' digests put together: counted at their hour, kept as a row, sent by e-mail. Dispatch looks every minute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Final

from alerts.channels.channel import Sender
from alerts.dispatch import Watch
from alerts.sending import Sends
from alerts.texts import shipped_catalogues
from alerts.wording import DEFAULT_LANGUAGE, Catalogue, Words
from bailiwick.channels import set_up
from bailiwick.letters import AT_ONCE, EVERY_S, attempt, each, letter
from bailiwick.settings import Settings
from domain.instants import DAY_US
from domain.vocabulary import Channel
from evidence.breaches import BREACHES
from evidence.digest import QUIET, Counts, day_due, due_and_overdue, subject, text
from evidence.routes import Routes
from evidence.working_days import WorkingDays
from store import Store
from store.digests import Came, Digest, Digests, Officer

LANGUAGE: Final = "language"
"""With what a row tells: the officer's, as it was when it was made."""
ENDED_US: Final = 14 * DAY_US
"""So long after an order's end its officer is told of what came up before it."""


class DigestWatch:
    """Makes the digests of a day once its hour has come, and sends what waits; done twice it is once."""

    def __init__(
        self, digests: Digests, routes: Routes, sender: Sends, console: str, books: Mapping[str, Catalogue]
    ) -> None:
        self._digests = digests
        self._routes = routes
        self._sender = sender
        self._console = console
        self._books = books
        self._done: date | None = None

    async def look(self, now_us: int) -> None:
        """Once."""
        today = self._routes.calendar().day_of(now_us)
        if self._done != today and day_due(self._routes, self._routes.calendars(), now_us) is not None:
            await self._make(now_us)
            self._done = today
        await each(await self._digests.lease(now_us, AT_ONCE), partial(self._send, now_us))

    async def _make(self, now_us: int) -> None:
        breaches = [kind.value for kind in BREACHES]
        officers = await self._digests.officers(breaches, now_us, now_us - DAY_US, now_us - ENDED_US)
        cases = await self._cases(now_us)
        came = await self._digests.came([one.email for one in officers], [kind.value for kind in QUIET], now_us)
        made: dict[date, frozenset[str]] = {}
        for officer in officers:
            calendars = [await self._calendar(area) for area in sorted(officer.areas)] or [self._routes.calendar()]
            day = day_due(self._routes, calendars, now_us)
            if day is None:
                continue
            if day not in made:
                made[day] = await self._digests.made(day)
            if officer.email not in made[day]:
                counts = _counts(officer, cases.get(officer.email, (0, 0)), came[officer.email])
                told = counts.as_json() | {LANGUAGE: officer.language}
                await self._digests.make(officer.email, day, told, says=bool(counts), now_us=now_us)

    async def _cases(self, now_us: int) -> dict[str, tuple[int, int]]:
        """By officer: steps that are due today, and those that are overdue."""
        found: dict[str, tuple[int, int]] = {}
        for case in await self._digests.open_cases():
            route = self._routes.of_case(case.route, case.order_kind, case.made_us)
            if route is not None:
                due, over = due_and_overdue(route, case.steps, await self._calendar(case.area), now_us)
                was = found.get(case.email, (0, 0))
                found[case.email] = (was[0] + due, was[1] + over)
        return found

    async def _calendar(self, area: str | None) -> WorkingDays:
        return self._routes.calendar(() if area is None else await self._digests.areas_above(area))

    async def _send(self, now_us: int, one: Digest) -> None:
        leased = letter("digest", one.no, one.email, one.attempts, now_us)
        fault = await attempt(self._sender, leased, _words(one, self._console, self._books), now_us)
        if fault is None:
            await self._digests.sent(one.no, now_us)
        else:
            await self._digests.not_sent(one.no, *fault)


def digest_watches(store: Store, routes: Routes, senders: Mapping[Channel, Sender], settings: Settings) -> list[Watch]:
    """None where no e-mail is sent."""
    if Channel.EMAIL not in set_up(senders):
        return []
    watch = DigestWatch(store.digests, routes, senders[Channel.EMAIL], settings.console(), shipped_catalogues())
    return [Watch("telling officers what waits", EVERY_S, watch.look)]


def _counts(officer: Officer, steps: tuple[int, int], came: Came) -> Counts:
    return Counts(officer.to_assess, officer.new, *steps, officer.fallen, came.kinds, came.taken_back)


def _words(one: Digest, console: str, books: Mapping[str, Catalogue]) -> Words:
    told = dict(one.told)
    book = books.get(told.pop(LANGUAGE, None) or DEFAULT_LANGUAGE, books[DEFAULT_LANGUAGE])
    head = subject(one.no, one.day, book.digest)
    return Words(head, head, text(Counts(**told), console, book.kind, book.digest), book.language)
