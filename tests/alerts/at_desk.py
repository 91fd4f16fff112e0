"""A desk over a database with one critical alert that was looked at, for the tests of the desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alerts.desk import Desk, DeskGuide, Done, Item, Wish
from alerts.desk_records import DeskRecords
from alerts.machine import Actor
from domain.instants import SECOND_US
from domain.vocabulary import AlertEvent, Outcome, Role
from tests.store.alert_making import PROTOCOLS, Made, alerts_at, resolve
from tests.store.made import NOON, ask

OLA = Actor("ola", Role.OPERATOR)
PIA = Actor("pia", Role.OPERATOR)
SAM = Actor("sam", Role.SUPERVISOR)
TOM = Actor("tom", Role.DUTY_MANAGER)
VERA = Actor("vera", Role.VICTIM_LIAISON)
CLAIM, RELEASE, ACTION = Wish(AlertEvent.CLAIM), Wish(AlertEvent.RELEASE), Wish(AlertEvent.ACTION)


def close(outcome: Outcome = Outcome.CONFIRMED, note: str | None = "seen on the map") -> Wish:
    return Wish(AlertEvent.CLOSE, outcome, note)


class Clock:
    """Now, as the test has it."""

    def __init__(self) -> None:
        self.now_us = NOON + SECOND_US

    def __call__(self) -> int:
        return self.now_us

    def forward(self, seconds: float) -> None:
        self.now_us += round(seconds * SECOND_US)


class AtDesk:
    """A database with alerts, a desk over it, and a clock."""

    def __init__(self, made: Made) -> None:
        self.made = made
        self.clock = Clock()
        self.desk = Desk(made.work, self.guide, self.clock)
        self.records = DeskRecords(made.work, self.guide, self.clock)

    async def guide(self) -> DeskGuide:
        return DeskGuide(PROTOCOLS, resolve)

    async def do(self, wish: Wish, actor: Actor = OLA, alert_no: int = 1, revision: int | None = None) -> Done:
        return await self.desk.act(Item(alert_no, revision), wish, actor)

    async def look(self) -> None:
        await self.made.look(self.clock())

    def ask(self, query: str) -> list[tuple[object, ...]]:
        return ask(self.made.url, query)


@asynccontextmanager
async def at_desk(url: str) -> AsyncIterator[AtDesk]:
    """One critical alert, looked at."""
    async with alerts_at(url) as made:
        await made.raised()
        found = AtDesk(made)
        await found.look()
        yield found
