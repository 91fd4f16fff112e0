"""What of entered records is new: the same for a file and for the API, so that both leave the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.caseload_checks import key_of
from domain.records import Caseload, Version


@dataclass(frozen=True, slots=True)
class News:
    """Versions to enter, and how many records stand there word for word already.

    Attributes
    ----------
    fresh : of records that were not there: they hold as they say, from before everything.
    changed : of records that were: they hold from when they were entered, or from the instant that was told.
    unchanged : how many need not be entered.
    """

    fresh: tuple[Version, ...]
    changed: tuple[Version, ...]
    unchanged: int

    @property
    def versions(self) -> tuple[Version, ...]:
        """All that is to be entered."""
        return self.fresh + self.changed


def what_is_new(versions: Sequence[Version], known: Caseload, holds_from_us: int) -> News:
    """Those of ``versions`` that say something new beside ``known``; changes hold from ``holds_from_us``.

    A record that was ended and comes again is a change: it holds from then on.
    """
    fresh: list[Version] = []
    changed: list[Version] = []
    for version in versions:
        before = known.versions.get(key_of(version.record))
        if before is None:
            fresh.append(version)
        elif before[-1].cancelled or before[-1].record != version.record:
            changed.append(replace(version, holds_from_us=holds_from_us))
    return News(tuple(fresh), tuple(changed), len(versions) - len(fresh) - len(changed))
