"""Working days: which local dates are, counted from one date to another. Bank holidays are those of the package `holidays`.

That package knows the rules and what was proclaimed until it was made; what was proclaimed since is handed in. Dates are local ones
of a zone; instants are microseconds UTC. A limit of so many working days begins on the day after, and ends with the last one's end.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

import holidays
import msgspec

from domain.instants import DAY_US
from geofence.wallclock import Zone

EPOCH: Final = date(1970, 1, 1)
SATURDAY: Final = 5
MOST_DAYS: Final = 1_000
"""The longest limit, and the farthest that days left are counted."""


class Region(StrEnum):
    """Whose bank holidays count."""

    ENGLAND_AND_WALES = "england_and_wales"
    SCOTLAND = "scotland"
    NORTHERN_IRELAND = "northern_ireland"


SUBDIVISIONS: Final = {
    Region.ENGLAND_AND_WALES: "ENG",
    Region.SCOTLAND: "SCT",
    Region.NORTHERN_IRELAND: "NIR",
}
"""As the package calls them; Wales has England's."""


class Proclaimed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bank holiday that the package does not know; with ``works``, one that it has and that is none."""

    day: date
    name: str
    regions: tuple[Region, ...] = tuple(Region)
    works: bool = False


class WorkingDays:
    """The working days of a region by the clock of a zone."""

    def __init__(self, region: Region, zone: Zone, proclaimed: Iterable[Proclaimed] = ()) -> None:
        mine = [one for one in proclaimed if region in one.regions]
        self.region = region
        self.zone = zone
        self._more = {one.day: one.name for one in mine if not one.works}
        self._fewer = {one.day for one in mine if one.works}
        self._known = holidays.country_holidays("GB", subdiv=SUBDIVISIONS[region], language="en_GB")

    def holiday(self, day: date) -> str | None:
        """The name of the bank holiday on a date."""
        found: str | None = self._more.get(day)
        if found is None and day not in self._fewer:
            found = self._known.get(day)
        return found

    def works(self, day: date) -> bool:
        """Whether a date is a working day."""
        return day.weekday() < SATURDAY and self.holiday(day) is None

    def day_of(self, at_us: int) -> date:
        """The local date of an instant."""
        return EPOCH + timedelta(days=(at_us + self.zone.offset_us(at_us)) // DAY_US)

    def start_us(self, day: date, of_day_us: int = 0) -> int:
        """The first instant at which a date's clocks show so many microseconds after midnight."""
        return self.zone.first_us((day - EPOCH).days * DAY_US + of_day_us)

    def end_us(self, day: date) -> int:
        """The instant at which a date is over: the next one's midnight."""
        return self.start_us(day + timedelta(days=1))

    def after(self, day: date, days: int) -> date:
        """The working day that comes so many after a date; 0: the date itself, or the next that is one."""
        assert 0 <= days <= MOST_DAYS
        left, found = days, day
        while left or not self.works(found):
            found += timedelta(days=1)
            if left and self.works(found):
                left -= 1
        return found

    def left(self, today: date, due: date) -> int:
        """Working days after ``today`` up to and with ``due``: 0 on the last day; negative when it is past, so many ago."""
        if due < today:
            return -self.left(due, today)
        farthest = min((due - today).days, 2 * MOST_DAYS)
        return sum(self.works(today + timedelta(days=n)) for n in range(1, farthest + 1))
