"""What dispatch looks for by the caseload and the clock: what protected people must be told, and what was not told in time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from alerts.rota import chain
from alerts.state import Raise
from alerts.work_store import AlertWork
from bailiwick.paired_caseload import PairedCaseload
from domain.errors import BadInput, BadSetting
from domain.instants import format_instant
from domain.records import Area, Version, Victim
from evidence.duties import Duty, Kept, News, Protected, Recall, Reckoning, changes
from evidence.duty_rules import DutyRules, read_duty_rules
from evidence.routes import Routes
from geofence.timetable import WindowCache
from geofence.wallclock import TimeZones
from store import Store
from store.contact_duties import KeptDuty, OverdueDuty, WantedDuty

EVERY_S: Final = 30.0
KIND: Final = "victim_not_told"
FILE: Final = "duties.toml"


def duty_rules(named: Path | None) -> DutyRules:
    """The rules of a file, or those that ship. Raises `BadSetting` with what is wrong, a line each."""
    if named is None:
        return read_duty_rules(resources.files("evidence.shipped").joinpath(FILE).read_text(encoding="utf-8"), FILE)
    try:
        return read_duty_rules(named.read_text(encoding="utf-8"), str(named))
    except OSError as error:
        raise BadSetting(f"BAILIWICK_DUTIES: {named}: {error.strerror}") from None
    except BadInput as error:
        raise BadSetting(f"BAILIWICK_DUTIES: {error}") from None


class VictimWatch:
    """Keeps the duties to tell protected people; raises `victim_not_told` for those that are overdue, and clears it when they are done."""

    def __init__(
        self,
        store: Store,
        work: AlertWork,
        caseload: PairedCaseload,
        rules: DutyRules,
        routes: Routes,
        zones: TimeZones,
    ) -> None:
        self._store = store
        self._work = work
        self._caseload = caseload
        self._rules = rules
        self._windows = WindowCache(zones)
        self._routes = routes
        self._areas: Mapping[str, Area] = {}
        self._known: tuple[int, list[Recall]] | None = None
        self._news: tuple[list[News], list[News]] = ([], [])

    async def look(self, now_us: int) -> None:
        """Once; the same again makes nothing twice."""
        versions, people = await self._caseload.versions(), await self._caseload.victims()
        self._areas = await self._store.rota.areas()
        recalls = [Recall(*one) for one in await self._store.duties.recalls()]
        async with self._store.duties.reckoning() as held:
            kept = [_kept(one) for one in held.kept]
            if self._known != (self._caseload.newest, recalls):
                self._news = await asyncio.to_thread(self._read, versions, recalls)
                self._known = (self._caseload.newest, recalls)
            found = changes(*self._news, kept, self._reckoning(people), now_us)
            amended = [(no, _wanted(duty)) for no, duty in found.amended]
            await held.write([_wanted(duty) for duty in found.made], amended, found.withdrawn, now_us)
        overdue = await self._store.duties.overdue(now_us)
        await self._work.raise_alerts([not_told(one) for one in overdue], now_us)
        await self._work.clear_alerts(await self._store.duties.over(), now_us)

    def _read(self, versions: Sequence[Version], recalls: Sequence[Recall]) -> tuple[list[News], list[News]]:
        """What there is to know now, and of what was learnt before the rules began."""
        early = [one for one in versions if one.learnt_us < self._rules.begins_us]
        now, before = Protected(versions, recalls, self._windows), Protected(early, (), self._windows)
        return now.news(self._rules), before.news(self._rules)

    def _reckoning(self, people: Mapping[str, Victim]) -> Reckoning:
        return Reckoning(self._rules, lambda victim, words: _is_any(people.get(victim), words), self._after)

    def _after(self, area: str | None, at_us: int, days: int) -> int:
        calendar = self._routes.calendar([name for name in chain(area, self._areas) if name is not None])
        return calendar.end_us(calendar.after(calendar.day_of(at_us), days))


def not_told(one: OverdueDuty) -> Raise:
    """The alert of a duty that is overdue: one a duty, however often it is found."""
    body = {"duty": str(one.no), "event": one.event.value, "due": format_instant(one.due_us)}
    return Raise(KIND, f"{KIND}:{one.no}", one.wearer, one.victim, body=body)


def _is_any(victim: Victim | None, words: frozenset[str]) -> bool:
    return victim is not None and any(getattr(victim, word) for word in words)


def _kept(one: KeptDuty) -> Kept:
    return Kept(*one)


def _wanted(duty: Duty) -> WantedDuty:
    news = duty.news
    whose = (news.topic, news.event, news.victim, news.wearer, news.order, news.area)
    return WantedDuty(*whose, news.facts or {}, duty.before, news.happens_us, news.clock_us, duty.due_us)
