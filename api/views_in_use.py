"""Which views of the alert queue are looked at now, as the pages that show them tell it: what nobody's view shows must still be heard."""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.instants import SECOND_US
from domain.vocabulary import Role

TOLD_FOR_US: Final = 60 * SECOND_US
"""A page tells its view every 20 s; one that said nothing for so long is closed, or asleep."""
MOST_TOLD: Final = 2_000
"""Views of all pages together; the oldest goes first."""


class ViewInUse(NamedTuple):
    """Whose page shows what: ``query`` is the part of its address after `?`."""

    who: str
    role: Role
    query: str


class ViewsInUse:
    """Those that pages told this process of; in memory, since a minute later they are told anew."""

    def __init__(self) -> None:
        self._until: dict[ViewInUse, int] = {}

    def tell(self, view: ViewInUse, now_us: int) -> None:
        """A page shows this view now."""
        self._until.pop(view, None)
        self._until[view] = now_us + TOLD_FOR_US
        while len(self._until) > MOST_TOLD:
            del self._until[next(iter(self._until))]

    def now(self, now_us: int) -> list[ViewInUse]:
        """Those that are in use, by whom they are."""
        self._until = {view: until for view, until in self._until.items() if until > now_us}
        return sorted(self._until)
