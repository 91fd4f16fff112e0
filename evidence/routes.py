"""Routes: by the kind of an order, how a breach of it is taken to whom, with the clocks that services keep (shipped/routes.toml).

A route is a file's, with the day from which it holds; none of it is law. Instants are microseconds UTC, days are local ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time
from functools import cache
from importlib import resources
from typing import Final, Literal

import msgspec

from domain.breaches import BreachStep
from domain.instants import SECOND_US
from domain.vocabulary import OrderKind
from evidence.policy_files import BadPolicy, in_force, read_policy
from evidence.working_days import MOST_DAYS, Proclaimed, Region, WorkingDays
from geofence.wallclock import TimeZones

FILE: Final = "routes.toml"
WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What an id, a status and a template may be."""
MOST_HOURS: Final = 24 * 366


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So long after a step: one of working days, days and hours."""

    of: BreachStep
    working_days: int | None = None
    days: int | None = None
    hours: float | None = None

    def __post_init__(self) -> None:
        given = [one for one in (self.working_days, self.days, self.hours) if one is not None]
        if len(given) != 1:
            raise ValueError("a limit is one of working_days, days and hours")
        if not 0 <= given[0] <= (MOST_HOURS if self.hours is not None else MOST_DAYS):
            raise ValueError(f"a limit is 0 to {MOST_DAYS} days, or 0 to {MOST_HOURS} hours")


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step of a route: what it is called, what the case is after it, what it may not be before, and its limit.

    ``planned``: its date may be ahead. ``repeats``: there may be several.
    """

    step: BreachStep
    title: str
    status: str
    follows: tuple[BreachStep, ...] = ()
    limit: Limit | None = None
    planned: bool = False
    repeats: bool = False


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may come of a breach. ``rests``: something followed from it that goes on resting on the violations."""

    id: str
    title: str
    rests: bool


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """How a breach of some kinds of order is taken to whom, from a day on."""

    id: str
    from_: date
    order_kinds: tuple[OrderKind, ...]
    title: str
    recipient: str
    template: str
    stages: tuple[Stage, ...]
    results: tuple[Result, ...]

    @property
    def name(self) -> str:
        """What a case keeps of it."""
        return f"{self.id}@{self.from_.isoformat()}"

    def stage(self, step: BreachStep) -> Stage | None:
        """What this route has for a step."""
        return next((one for one in self.stages if one.step is step), None)

    def result(self, name: str | None) -> Result | None:
        """One of its results."""
        return next((one for one in self.results if one.id == name), None)

    def __post_init__(self) -> None:
        faults = [*self._of_words(), *self._of_order(), *self._of_results()]
        if faults:
            raise ValueError(f"route {self.id!r}: {'; '.join(faults)}")

    def _of_words(self) -> list[str]:
        words = [("id", self.id), ("template", self.template)]
        words += [(f"status of {one.step.value}", one.status) for one in self.stages]
        words += [("id of a result", one.id) for one in self.results]
        return [f"{what} {word!r} is not a word of a-z, 0-9 and _" for what, word in words if not WORD.fullmatch(word)]

    def _of_order(self) -> list[str]:
        found, before = [], set[BreachStep]()
        if not self.stages or self.stages[0].step is not BreachStep.IDENTIFIED:
            found.append("its first stage must be identified")
        for stage in self.stages:
            if stage.step in before:
                found.append(f"{stage.step.value} stands twice")
            needs = {*stage.follows, *([] if stage.limit is None else [stage.limit.of])}
            found += [
                f"{stage.step.value} names {one.value}, which does not stand before it"
                for one in sorted(needs - before)
            ]
            before.add(stage.step)
        found += [f"it has no stage {one.value}" for one in (BreachStep.RESULT, BreachStep.ENDED) if one not in before]
        return found

    def _of_results(self) -> list[str]:
        ids = [one.id for one in self.results]
        found = [] if len(set(ids)) == len(ids) else ["a result stands twice"]
        if all(one.rests for one in self.results):
            found.append("it needs a result with rests = false: a breach may come to nothing")
        return found


class Digest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When officers are told what waits for them."""

    at: time = time(8)
    days: Literal["working", "daily"] = "working"

    @property
    def of_day_us(self) -> int:
        """Microseconds after midnight."""
        return ((self.at.hour * 60 + self.at.minute) * 60 + self.at.second) * SECOND_US


class Regions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose bank holidays count where: by area, also for those below it."""

    default: Region = Region.ENGLAND_AND_WALES
    areas: dict[str, Region] = {}


class RoutesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    route: tuple[Route, ...]
    timezone: str = "Europe/London"
    digest: Digest = Digest()
    regions: Regions = Regions()
    bank_holiday: tuple[Proclaimed, ...] = ()

    def __post_init__(self) -> None:
        keys = [(kind, one.from_) for one in self.route for kind in one.order_kinds]
        twice = sorted({f"{kind.value} from {day}" for kind, day in keys if keys.count((kind, day)) > 1})
        if twice:
            raise ValueError(f"two routes for {', '.join(twice)}")


class Routes:
    """The routes in use, with the calendars that their clocks run by."""

    def __init__(self, file: RoutesFile, zones: TimeZones) -> None:
        zone = zones.zone(file.timezone)
        self.digest = file.digest
        self._file = file
        self._calendars = {region: WorkingDays(region, zone, file.bank_holiday) for region in Region}

    def calendar(self, areas: Sequence[str] = ()) -> WorkingDays:
        """The working days for an order; ``areas``: its own and those above it, the nearest first."""
        named = self._file.regions.areas
        return self._calendars[next((named[area] for area in areas if area in named), self._file.regions.default)]

    def calendars(self) -> list[WorkingDays]:
        """Those of every region that an area can be of, the usual one first."""
        used = [self._file.regions.default, *self._file.regions.areas.values()]
        return [self._calendars[region] for region in dict.fromkeys(used)]

    def route_for(self, kind: OrderKind, at_us: int) -> Route | None:
        """The route of a breach of such an order that was identified then; None when the file has none."""
        mine = [one for one in self._file.route if kind in one.order_kinds]
        return in_force(mine, self.calendar().day_of(at_us))

    def named(self, name: str) -> Route | None:
        """The route that a case keeps by name; None when the file has it no more."""
        return next((one for one in self._file.route if one.name == name), None)

    def of_case(self, name: str, kind: OrderKind, made_us: int) -> Route | None:
        """The route that a case keeps; where the file has it no more, the one of that kind on the day that it was opened."""
        return self.named(name) or self.route_for(kind, made_us)


def read_routes(text: str, zones: TimeZones, file: str = FILE) -> Routes:
    """The routes of a file. Raises `BadPolicy`, which names file, key and what may stand there."""
    found = read_policy(text, RoutesFile, file)
    if found.timezone not in zones.names:
        raise BadPolicy(f"{file}: timezone: {found.timezone!r} is no time zone; it may be such as Europe/London")
    return Routes(found, zones)


@cache
def shipped_text() -> str:
    """The file that is shipped: an example, none of it is law."""
    return resources.files("evidence.shipped").joinpath(FILE).read_text(encoding="utf-8")


def shipped_routes(zones: TimeZones) -> Routes:
    """The routes that ship."""
    return Routes(_shipped_file(), zones)


@cache
def _shipped_file() -> RoutesFile:
    return read_policy(shipped_text(), RoutesFile, FILE)
