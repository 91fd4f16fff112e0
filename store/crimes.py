"""Recorded crimes: what was told of them, what they came to, and what people made of who was near.

Instants are microseconds UTC, numbers 64-bit. Every change is one transaction with its entry of the audit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import psycopg

from domain.callers import Sight
from domain.vocabulary import CrimeKind, MatchReason
from store.audit import Entry, write
from store.connecting import Pool
from store.errors import Busy
from store.matching import CrimeFacts
from store.refusing import refusing
from store.requests import NEWEST, Note
from store.seeing import rows_seen
from store.statements import statement
from store.times import At, Connection

ENTER_TIMEOUT_MS: Final = 5_000
"""For so long a correction waits for the matcher, which may be some minutes at the crimes that it has in hand."""
DETAILS_NAMED: Final = 50
"""Numbers of crimes that an entry of the audit names."""


class Told(NamedTuple):
    """What a force told of a crime: degrees, metres, half open."""

    kind: CrimeKind
    lon: float
    lat: float
    within_m: float
    radius_m: float
    from_us: int
    to_us: int
    given: str


class Named(NamedTuple):
    """A crime to be entered."""

    force: str
    reference: str
    told: Told


class Entered(NamedTuple):
    """What became of one: its number, its newest version, and whether that is new."""

    no: int
    version: int
    is_new: bool

    @property
    def word(self) -> str:
        """`created`, `corrected` or `duplicate`."""
        return "duplicate" if not self.is_new else "created" if self.version == 1 else "corrected"


class Version(NamedTuple):
    """One version of a crime, and who entered it when."""

    no: int
    told: Told
    entered_us: int
    entered_by: str


class Result(NamedTuple):
    """One result: of which version, why, when, up to which commit, and of how many wearers what was said."""

    no: int
    version: int
    reason: MatchReason
    matched_us: int
    seen_commit: int
    near: int
    elsewhere: int
    elsewhere_throughout: int
    no_data: int


@dataclass(frozen=True, slots=True)
class CrimeRow:
    """A crime as it was told last; ``result`` is the newest, None before the first. ``waiting``: it is to be matched (again)."""

    no: int
    force: str
    reference: str
    waiting: bool
    version: Version
    result: Result | None


class Match(NamedTuple):
    """A wearer who was near.

    ``fixes`` are `[t_us, lon, lat, acc, metres]`, ``visits`` `[from_us, to_us, positions, dwell_s, nearest_m]`.
    """

    wearer: str
    name: str | None
    score: int
    near_home: bool
    positions: int
    visits: list[list[Any]]
    fixes: list[list[Any]]
    revision: int
    qualified_us: int | None
    qualified_by: str | None
    plausible: bool | None
    note: str | None
    decided_us: int | None
    decided_by: str | None
    authorised: bool | None
    decision: str | None


class Locked(NamedTuple):
    """A match while nobody else can change it; ``stands``: its result is the newest, of what was told last."""

    matching_no: int
    revision: int
    qualified_by: str | None
    plausible: bool | None
    decided: bool
    stands: bool


class SamePerson(Exception):
    """Whoever qualified a match would decide on it too."""


class Crimes:
    """The crimes; over a pool that somebody else closes. ``facts`` is by what one wearer's result is found."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.facts = CrimeFacts(pool)

    async def forces(self, areas: Collection[str] | None) -> dict[str, str]:
        """The police forces, by area, with their names: those of some areas or all."""
        wanted = {"areas": None if areas is None else sorted(areas)}
        return dict(await self._rows("police_forces", wanted))

    async def enter(self, crimes: Sequence[Named], by: str, at_us: int, entry: Entry, note: Note) -> list[Entered]:
        """Enters crimes, in their order; what was told before in the same words changes nothing. Raises `Refused`.

        Of two of one name the words must be the same. Raises `Busy` where one is in the matcher's hands for longer.
        """
        with refusing():
            async with self._pool.connection() as conn, conn.transaction():
                await conn.execute(statement("lock_timeout"), {"ms": str(ENTER_TIMEOUT_MS)})
                await note(conn)
                found = await _enter(conn, crimes, by, at_us)
                counts = {
                    word: sum(one.word == word for one in found) for word in ("created", "corrected", "duplicate")
                }
                numbers = [str(one.no) for one in found if one.is_new]
                named = {"crimes": numbers} if len(numbers) <= DETAILS_NAMED else {"crimes": len(numbers)}
                await write(conn, replace(entry, details=entry.details | named | counts))
        return found

    async def crime(self, no: int, forces: Collection[str] | None) -> CrimeRow | None:
        """One; None when there is none of those forces."""
        found = await self.crimes(forces, None, 1, no=no)
        return found[0] if found else None

    async def crimes(
        self,
        forces: Collection[str] | None,
        before: int | None,
        limit: int,
        *,
        no: int | None = None,
        reference: str | None = None,
    ) -> list[CrimeRow]:
        """Those of some forces or of all, the newest first, those before ``before``."""
        page = {"before": NEWEST if before is None else before, "limit": limit, "no": no, "reference": reference}
        wanted = page | {"forces": None if forces is None else sorted(forces)}
        return [_crime(row) for row in await self._rows("crimes_page", wanted)]

    async def versions(self, no: int) -> list[Version]:
        """Everything that was told of a crime, the newest first."""
        return [_version(row) for row in await self._rows("crime_versions_of", {"no": no})]

    async def results(self, no: int) -> list[Result]:
        """Every result of a crime, the newest first."""
        return [_result(row) for row in await self._rows("crime_matchings_of", {"no": no})]

    async def matches(self, matching_no: int, sight: Sight | None, wearer: str | None = None) -> list[Match]:
        """Those near in a result that are in sight, or one of them; None: those who were authorised, whoever they are."""
        if sight is None:
            return [Match(*row) for row in await self._rows("crime_matches_authorised", {"matching_no": matching_no})]
        async with self._pool.connection() as conn:
            wanted = {"matching_no": matching_no, "wearer": wearer}
            return [Match(*row) for row in await rows_seen(conn, sight, "crime_matches_seen", wanted)]

    async def qualify(
        self,
        no: int,
        matching_no: int,
        wearer: str,
        revision: int | None,
        plausible: bool,
        note: str,
        by: str,
        at_us: int,
        entry: Entry,
    ) -> Locked | None:
        """Somebody says what they make of a match. As it was before: where that does not stand, was decided, or is not ``revision``
        nothing was changed; None: there is none."""
        values = {"plausible": plausible, "note": note}
        return await self._change("crime_match_qualify", (no, matching_no, wearer), revision, values, by, at_us, entry)

    async def decide(
        self,
        no: int,
        matching_no: int,
        wearer: str,
        revision: int | None,
        authorised: bool,
        decision: str,
        by: str,
        at_us: int,
        entry: Entry,
    ) -> Locked | None:
        """Another says whether the force sees it; as `qualify`. What nobody found plausible cannot be authorised.

        Raises `SamePerson`.
        """
        values = {"authorised": authorised, "decision": decision}
        return await self._change("crime_match_decide", (no, matching_no, wearer), revision, values, by, at_us, entry)

    async def _change(
        self,
        name: str,
        key: tuple[int, int, str],
        revision: int | None,
        values: dict[str, Any],
        by: str,
        at_us: int,
        entry: Entry,
    ) -> Locked | None:
        one = dict(zip(("no", "matching_no", "wearer"), key, strict=True))
        with refusing(), _two_people():
            async with self._pool.connection() as conn, conn.transaction():
                row = await (await conn.execute(statement("crime_match_lock"), one)).fetchone()
                was = None if row is None else Locked(*row)
                if was is None or was.decided or not was.stands or revision not in (None, was.revision):
                    return was
                if name == "crime_match_decide" and (
                    was.plausible is None or (values["authorised"] and not was.plausible)
                ):
                    return was
                await conn.execute(statement(name), one | values | {"by": by, "at": At(at_us)})
                await write(conn, entry)
        return was

    async def _rows(self, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as conn:
            return await (await conn.execute(statement(name), parameters)).fetchall()


@contextmanager
def _two_people() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.CheckViolation as error:
        if error.diag.constraint_name != "crime_matches_two_people":
            raise
        raise SamePerson from error


async def _enter(conn: Connection, crimes: Sequence[Named], by: str, at_us: int) -> list[Entered]:
    names = {"forces": [one.force for one in crimes], "references": [one.reference for one in crimes]}
    await conn.execute(statement("crimes_name"), names)
    try:
        locked = await (await conn.execute(statement("crimes_lock"), names)).fetchall()
    except psycopg.errors.LockNotAvailable as error:
        raise Busy("one of these crimes is being matched; try again") from error
    known: dict[tuple[str, str], tuple[int, int, Told | None]] = {}
    for no, force, reference, version, *rest in locked:
        known[force, reference] = (no, version, _told(rest) if version else None)
    found, new = [], []
    for one in crimes:
        no, version, told = known[one.force, one.reference]
        if told == one.told:
            found.append(Entered(no, version, False))
            continue
        known[one.force, one.reference] = (no, version + 1, one.told)
        found.append(Entered(no, version + 1, True))
        new.append((no, version + 1, one.told))
    if new:
        rows = _columns(new)
        await conn.execute(statement("crime_versions_enter"), rows | {"by": by, "at": At(at_us)})
        await conn.execute(statement("crimes_renew"), rows)
    return found


def _columns(new: Sequence[tuple[int, int, Told]]) -> dict[str, list[Any]]:
    return {
        "numbers": [no for no, _, _ in new],
        "versions": [version for _, version, _ in new],
        "kinds": [told.kind.value for _, _, told in new],
        "lons": [told.lon for _, _, told in new],
        "lats": [told.lat for _, _, told in new],
        "withins": [told.within_m for _, _, told in new],
        "radii": [told.radius_m for _, _, told in new],
        "from_ats": [At(told.from_us) for _, _, told in new],
        "to_ats": [At(told.to_us) for _, _, told in new],
        "givens": [told.given for _, _, told in new],
    }


def _told(row: Sequence[Any]) -> Told:
    return Told(CrimeKind(row[0]), *row[1:])


def _version(row: Sequence[Any]) -> Version:
    return Version(row[0], _told(row[1:9]), row[9], row[10])


def _result(row: Sequence[Any]) -> Result:
    return Result(row[0], row[1], MatchReason(row[2]), *row[3:])


def _crime(row: Sequence[Any]) -> CrimeRow:
    no, force, reference, version, state, *rest = row
    told = _version((version, *rest[:10]))
    return CrimeRow(no, force, reference, state == "waiting", told, None if rest[10] is None else _result(rest[10:]))
