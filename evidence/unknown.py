"""When nothing says where a wearer was: the stretches in which every device that could have told was lost, or none was on.

By the monitoring gaps that the rules wrote down, whatever their cause: somebody who took the tag off is not thereby at home, and
answers for the tag, not for the window. What one device lost another may have known: the home unit speaks for a curfew's place while
the location tag is flat, and the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from domain.instants import FAR_US
from domain.records import Condition, Device, Fitting, Order
from domain.violations import Violation
from domain.vocabulary import DeviceKind, Kind
from geofence.book import Book
from geofence.intervals import Span, common, union, without

UNTIL_CHECKED: Final = frozenset({Kind.STRAP_TAMPER, Kind.CASE_TAMPER, Kind.SHIELDING})
"""From one of these until a person has checked it, a device says where it is itself (rules.md 5, failure 24)."""
OF_A_DEVICE: Final = UNTIL_CHECKED | frozenset(
    {
        *(Kind.COMMUNICATION_LOST, Kind.LOCATION_LOST, Kind.BATTERY_DEAD, Kind.HOME_UNIT_POWER_LOST),
        *(Kind.HOME_UNIT_MOVED, Kind.JAMMING),
    }
)
"""While one of these stands, its device does not say where the wearer is."""
OF_ALL: Final = frozenset({Kind.UNMONITORED, Kind.NOT_FITTED})
"""While one of these stands nothing is known of the wearer at all."""
OF_A_CONDITION: Final = frozenset({Kind.WHEREABOUTS_UNKNOWN})
TELL_PLACES: Final = frozenset({DeviceKind.GPS_TAG, DeviceKind.ALCOHOL_TAG, DeviceKind.NON_FITTED})
"""Devices that say where they are themselves; a curfew tag speaks through its home unit."""

EARLY: Final = -FAR_US


class Unknown:
    """The gaps of one wearer, asked condition by condition. Instants in microseconds; an open gap runs to ``now_us``."""

    def __init__(self, book: Book, order: Order, violations: Sequence[Violation], now_us: int) -> None:
        self._book = book
        self._gaps = [one for one in violations if one.victim is None]
        self._now_us = now_us
        self._order = order.id
        self._worn = _worn(book, order.wearer)
        party = book.party_index.get(("wearer", order.wearer))
        self._visits = [] if party is None else book.visits(party)

    def of(self, condition: Condition) -> list[Span]:
        """When nothing said whether the wearer was where a condition asks, in order."""
        whole = self._spans(OF_ALL) + self._spans(OF_A_CONDITION, condition=condition.id)
        tellers = [self._silent(device, spans) for device, spans in self._worn.items() if self._tells(device)]
        unit = None if condition.place is None else condition.place.home_unit
        if unit is not None:
            tellers.append(self._silent(unit, self._worn.get(unit, [])))
        if tellers:
            silent = tellers[0]
            for other in tellers[1:]:
                silent = common(silent, other)
            whole += silent
        return union(whole)

    def _tells(self, device: str) -> bool:
        """Whether a device says where it is itself."""
        found = self._book.newest(Device, device)
        return found is not None and found.kind in TELL_PLACES

    def _silent(self, device: str, worn: Sequence[Span]) -> list[Span]:
        """When a device told nothing: in its gaps, and while it was not on the wearer."""
        return union([*self._spans(OF_A_DEVICE, device=device), *without([(EARLY, FAR_US)], worn)])

    def _spans(self, kinds: frozenset[Kind], device: str | None = None, condition: str | None = None) -> list[Span]:
        return [
            (one.from_us, self._end(one))
            for one in self._gaps
            if one.kind in kinds
            and (device is None or one.device == device)
            and (condition is None or one.condition == condition)
            and (kinds is not OF_ALL or one.order in (None, self._order))
        ]

    def _end(self, gap: Violation) -> int:
        """When a gap was over: of a tampered device when it was checked, of a moved home unit when its place was confirmed."""
        far_us = max(gap.from_us, self._now_us)
        mended: Sequence[int] = ()
        if gap.kind in UNTIL_CHECKED and gap.device is not None:
            mended = self._book.checks(gap.device)
        elif gap.kind is Kind.HOME_UNIT_MOVED:
            mended = self._visits
        elif gap.to_us is not None:
            return gap.to_us
        return min((at_us for at_us in mended if at_us >= gap.from_us), default=far_us)


def _worn(book: Book, wearer: str) -> dict[str, list[Span]]:
    """When which device was fitted to a wearer, home units too."""
    found: dict[str, list[Span]] = {}
    for fitting_id in book.ids(Fitting, "wearer", wearer):
        for start, end, fitting in book.eras(Fitting, fitting_id):
            span = (max(start, fitting.from_us), min(end, FAR_US if fitting.to_us is None else fitting.to_us))
            found.setdefault(fitting.device, []).append(span)
    return {device: union(spans) for device, spans in found.items()}
