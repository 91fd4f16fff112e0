"""The caseload as it was entered, as one caller sees it: lists, versions, and wearers found by a word."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple

from domain.callers import Sight
from domain.caseload_checks import Key
from store.connecting import Pool
from store.seeing import rows_seen
from store.times import at

_NEWEST: Final = (1 << 63) - 1
_PHONE: Final = re.compile(r"\+?[0-9()./ -]+")
MOST_WORDS: Final = 8
"""Words that a search looks at."""
COMMON_TERMS: Final = 5_000
"""A word that so many terms begin with says too little beside others."""
LEAST_PHONE_DIGITS: Final = 4
"""Fewer digits end too many numbers."""
NATIONAL_DIGITS: Final = 9
"""A number of more digits has its country's or its trunk's before it."""


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """What of the records of a type is wanted; None: any. Instants are microseconds UTC.

    Attributes
    ----------
    at_us : in force then; a condition only while its order is too.
    from_us, to_us : its interval, or its instant, lies in or touches ``[from_us, to_us)``.
    """

    wearer: str | None = None
    victim: str | None = None
    device: str | None = None
    area: str | None = None
    order: str | None = None
    condition: str | None = None
    zone: str | None = None
    violation: str | None = None
    at_us: int | None = None
    from_us: int | None = None
    to_us: int | None = None

    def parameters(self) -> dict[str, Any]:
        """As the statement has them."""
        named = {one.name: getattr(self, one.name) for one in fields(self) if not one.name.endswith("_us")}
        return named | {"at": at(self.at_us), "from_at": at(self.from_us), "to_at": at(self.to_us)}


class EnteredRow(NamedTuple):
    """A version of a record: ``learnt_us`` is None while no ingest has taken it, ``by`` where a command entered it."""

    id: str
    record_no: int
    body: dict[str, Any]
    holds_from_us: int
    learnt_us: int | None
    entered_us: int
    by: str | None
    cancelled: bool


class FoundRow(NamedTuple):
    """A wearer that a search found: ``rank`` 0 is the best, ``kinds`` are by what."""

    wearer: str
    rank: int
    kinds: list[str]
    name: str
    born: str | None


class CaseloadSeen:
    """Questions to the caseload as entered, under one sight."""

    def __init__(self, pool: Pool, sight: Sight) -> None:
        self._pool = pool
        self._sight = sight

    async def page(self, kind: str, wanted: RecordFilter, after: str | None, limit: int) -> list[EnteredRow]:
        """Standing records of a type by id, those after ``after``."""
        parameters = wanted.parameters() | {"type": kind, "after": after or "", "limit": limit}
        return [EnteredRow(*row) for row in await self._rows("records_page", parameters)]

    async def one(self, kind: str, name: str) -> EnteredRow | None:
        """A record as it was entered last; None when there is none of that id."""
        rows = await self._rows("record_now", {"type": kind, "id": name})
        return EnteredRow(*rows[0]) if rows else None

    async def versions(self, kind: str, name: str, before: int | None, limit: int) -> list[EnteredRow]:
        """The versions of a record, the newest first, those before ``before``."""
        place = {"type": kind, "id": name, "before": _NEWEST if before is None else before, "limit": limit}
        return [EnteredRow(*row) for row in await self._rows("record_versions", place)]

    async def in_sight(self, keys: Iterable[Key]) -> frozenset[Key]:
        """Those of some records that there are and that are seen, ended ones too."""
        ordered = sorted(set(keys))
        named = {"types": [kind for kind, _ in ordered], "ids": [name for _, name in ordered]}
        return frozenset((row[0], row[1]) for row in await self._rows("records_in_sight", named))

    async def areas_in_sight(self) -> frozenset[str]:
        """The areas that the caller was given, and those below them; of whoever sees everything, none."""
        return frozenset(row[0] for row in await self._rows("areas_in_sight", {}))

    async def search(self, asked: str, kinds: Iterable[str], limit: int) -> list[FoundRow]:
        """Wearers found by ``asked``, best first; ``kinds`` are those of `search_terms` that may be looked at."""
        limits = {"limit": limit, "words": MOST_WORDS, "common": COMMON_TERMS}
        parameters = {"asked": asked, "kinds": sorted(kinds), "phones": phone_endings(asked)} | limits
        return [FoundRow(*row) for row in await self._rows("search_wearers", parameters)]

    async def _rows(self, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as conn:
            found: list[tuple[Any, ...]] = await rows_seen(conn, self._sight, name, parameters)
            return found


def phone_endings(asked: str) -> list[str]:
    """What is asked as ends of a telephone number, backwards as they are kept; none where it is no number.

    A whole number begins with +44, 0044, 44 or 0, which are not kept; of an end all digits are meant.
    """
    digits = re.sub(r"[^0-9]", "", asked)
    if not _PHONE.fullmatch(asked.strip()) or len(digits) < LEAST_PHONE_DIGITS:
        return []
    national = re.sub(r"^(0044|44|0)0?", "", digits) if len(digits) > NATIONAL_DIGITS else digits
    return sorted({national[::-1], digits[::-1]})
