"""What the caseload says about a wearer that makes an alert more urgent: level, victims, the first night.

Takes the caseload's versions as they are learnt, keeps the little that severities ask, and answers `level_of` and
`context_of` for `Episodes`. A version that holds from a later instant than it was learnt counts from when it was
learnt: a level that is about to rise is answered as the higher one a little early.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

from alerts.severity import NOTHING_MORE, Context
from domain.instants import DAY_US, FAR_US
from domain.records import Condition, Order, Version, Wearer
from domain.violations import Violation
from domain.vocabulary import Kind, Level, OrderKind

FIRST_NIGHT_US: Final = DAY_US
"""A curfew violation that begins within so long after its order did is in the order's first night."""
FIRST_NIGHT_KINDS: Final = frozenset({OrderKind.HDC, OrderKind.LICENCE})

T = TypeVar("T")


class Circumstances:
    """The newest version of what severities ask of each wearer, order and condition."""

    def __init__(self, versions: Iterable[Version] = ()) -> None:
        self._levels: dict[str, Level] = {}
        self._orders: dict[str, Order] = {}
        self._with_victim: dict[str, Condition] = {}
        self._protecting: dict[str, list[Order]] | None = None
        for version in versions:
            self.learn(version)

    def learn(self, version: Version) -> None:
        """Takes one version, in the order learnt; a cancelled one is forgotten."""
        record = version.record
        self._protecting = None
        if isinstance(record, Wearer):
            _keep(self._levels, record.id, record.level, version.cancelled)
        elif isinstance(record, Order):
            _keep(self._orders, record.id, record, version.cancelled)
        elif isinstance(record, Condition):
            _keep(self._with_victim, record.id, record, version.cancelled or record.victim is None)

    def level_of(self, wearer: str) -> Level:
        """The wearer's response level; `standard` for one that nobody told us of."""
        return self._levels.get(wearer, Level.STANDARD)

    def context_of(self, violation: Violation) -> Context:
        """What else the severity of ``violation`` depends on; cheap where it depends on nothing."""
        if violation.kind is Kind.CURFEW:
            return Context(has_victim=self._has_victim(violation), first_night=self._first_night(violation))
        if violation.kind is Kind.ZONE_EDGE:
            return Context(protects_victim=self._protects(violation))
        return NOTHING_MORE

    def _protects(self, violation: Violation) -> bool:
        """Whether a zone stands in an order that pairs the wearer with a victim: no record says it of a zone itself."""
        orders = self._orders_by_wearer().get(violation.wearer or "", ())
        return any(order.id == violation.order for order in orders)

    def _has_victim(self, violation: Violation) -> bool:
        """Whether an order of the wearer that runs when the violation begins pairs the wearer with a victim."""
        orders = self._orders_by_wearer().get(violation.wearer or "", ())
        return any(order.from_us <= violation.from_us < (order.to_us or FAR_US) for order in orders)

    def _orders_by_wearer(self) -> dict[str, list[Order]]:
        """The orders with a victim, by wearer; made again when first asked after a change."""
        if self._protecting is None:
            self._protecting = {}
            for condition in self._with_victim.values():
                order = self._orders.get(condition.order)
                if order is not None:
                    self._protecting.setdefault(order.wearer, []).append(order)
        return self._protecting

    def _first_night(self, violation: Violation) -> bool:
        order = None if violation.order is None else self._orders.get(violation.order)
        if order is None or order.kind not in FIRST_NIGHT_KINDS:
            return False
        return violation.from_us - order.from_us < FIRST_NIGHT_US


def _keep(kept: dict[str, T], key: str, value: T, gone: bool) -> None:
    if gone:
        kept.pop(key, None)
    else:
        kept[key] = value
