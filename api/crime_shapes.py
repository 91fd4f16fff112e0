"""The JSON of recorded crimes: what is told, what it came to, and how rows become it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes import Shape
from domain.instants import format_instant
from domain.vocabulary import CrimeKind, CrimeMatch, MatchReason
from evidence.crime_rows import Row
from evidence.crimes import Crime, Wrong
from store.crimes import CrimeRow, Entered, Match, Named, Result, Told, Version

Note = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]


# ---- what is told ----


class CrimeTold(Shape):
    """A recorded crime. The place by `grid`, by `easting` and `northing`, or by `lat` and `lon`; the window is 12 hours at most, in UTC."""

    force: Annotated[str, Field(max_length=64, description="The police force's area")]
    reference: Annotated[str, Field(max_length=100, description="The crime's number in that force")]
    kind: CrimeKind
    grid: Annotated[str | None, Field(max_length=100, description="National Grid, such as `TQ 30624 78388`")] = None
    easting: float | None = None
    northing: float | None = None
    lat: float | None = None
    lon: float | None = None
    from_: Annotated[str, Field(alias="from", max_length=64)]
    to: Annotated[str, Field(max_length=64)]
    radius_m: Annotated[float | None, Field(description="How near counts, 25 to 500; left out: 100")] = None

    def texts(self) -> dict[str, str]:
        """As `evidence.crimes.read_crime` takes it."""
        told = self.model_dump(by_alias=True, mode="json")
        return {
            name: value if isinstance(value, str) else repr(value) for name, value in told.items() if value is not None
        }


class Qualifying(Shape):
    """What somebody makes of a match, and why."""

    plausible: bool
    note: Note


class Authorising(Shape):
    """Whether the force may see who it was, and why."""

    authorised: bool
    decision: Note


# ---- what is answered ----


class CrimeVersion(Shape):
    """What was told of a crime. `within_m`: how far off the true place may be, by how it was given."""

    version: int
    kind: CrimeKind
    lon: float
    lat: float
    within_m: float
    radius_m: float
    from_: str = Field(alias="from")
    to: str
    given: str
    entered: str
    entered_by: str


class CrimeResult(Shape):
    """Of how many wearers what is said; `elsewhere_throughout`: with positions over the whole window.

    `stands`: it is the newest, of what was told last.
    """

    id: str
    version: int
    reason: MatchReason
    matched: str
    near: int
    elsewhere: int
    elsewhere_throughout: int
    no_data: int
    stands: bool


class CrimeNow(Shape):
    """A crime as it was told last, and its newest result; null before the first."""

    id: str
    force: str
    reference: str
    state: Literal["waiting", "matched"]
    told: CrimeVersion
    result: CrimeResult | None


class CrimeWhole(CrimeNow):
    """With everything that was told, and every result, the newest first."""

    versions: list[CrimeVersion]
    results: list[CrimeResult]


class RowWrong(Shape):
    """What is wrong with a field, and what to do; `row` is the row as a whole."""

    field: str
    cause: str


class BatchRow(Shape):
    """What became of a row; `line` is where it begins in the file. `crime` is null of what was refused."""

    line: int
    force: str
    reference: str
    outcome: Literal["created", "corrected", "duplicate", "refused"]
    crime: str | None
    version: int | None
    errors: list[RowWrong]


class BatchDone(Shape):
    """What became of a file."""

    created: int
    corrected: int
    duplicate: int
    refused: int
    rows: list[BatchRow]


class Visit(Shape):
    """Positions near that follow each other without a gap."""

    from_: str = Field(alias="from")
    to: str
    positions: int
    dwell_s: float
    nearest_m: float


class NearFix(Shape):
    """A position near; `metres` from the place."""

    t: str
    lon: float
    lat: float
    acc: float
    metres: float


class Qualified(Shape):
    """What somebody made of it."""

    plausible: bool
    note: str
    by: str
    at: str


class Decided(Shape):
    """Whether the force may see it."""

    authorised: bool
    decision: str
    by: str
    at: str


class CrimeMatchNow(Shape):
    """A wearer who was near, and what people made of it. `score` orders matches, 0 to 100; it is no probability."""

    crime: str
    result: str
    wearer: str
    name: str | None
    score: int
    near_home: bool
    positions: int
    revision: str
    qualified: Qualified | None
    decided: Decided | None


class CrimeMatched(CrimeMatchNow):
    """With where they were: `fixes` are the first 200 of `positions`."""

    visits: list[Visit]
    fixes: list[NearFix]


class OfOne(Shape):
    """What the positions of one wearer, as far as you may see them, say about a crime; `throughout`: over the whole window.

    `score` and `near_home` are null but for `near`.
    """

    crime: str
    version: int
    wearer: str
    match: CrimeMatch
    positions: int
    throughout: bool
    score: int | None
    near_home: bool | None
    visits: list[Visit]
    fixes: list[NearFix]


# ---- how rows become it ----


def named_of(crime: Crime) -> Named:
    """A crime as the store takes it."""
    where = (crime.lon, crime.lat, crime.within_m, crime.radius_m)
    return Named(crime.force, crime.reference, Told(crime.kind, *where, crime.from_us, crime.to_us, crime.given))


def crime_body(row: CrimeRow) -> dict[str, Any]:
    """`CrimeNow`."""
    result = None if row.result is None else result_body(row.result, row)
    return {
        "id": str(row.no),
        "force": row.force,
        "reference": row.reference,
        "state": "waiting" if row.waiting else "matched",
        "told": version_body(row.version),
        "result": result,
    }


def version_body(version: Version) -> dict[str, Any]:
    """`CrimeVersion`."""
    told = version.told._asdict()
    window = {"from": format_instant(told.pop("from_us")), "to": format_instant(told.pop("to_us"))}
    stamp = {"entered": format_instant(version.entered_us), "entered_by": version.entered_by}
    return {"version": version.no} | told | window | stamp


def result_body(result: Result, row: CrimeRow) -> dict[str, Any]:
    """`CrimeResult`, of a crime."""
    body = result._asdict()
    body |= {
        "id": str(body.pop("no")),
        "matched": format_instant(body.pop("matched_us")),
        "stands": stands(result, row),
    }
    del body["seen_commit"]
    return body


def stands(result: Result, row: CrimeRow) -> bool:
    """Whether a result is the newest, of what was told last."""
    return row.result is not None and result.no == row.result.no and result.version == row.version.no


def row_body(row: Row, done: Entered | None) -> dict[str, Any]:
    """`BatchRow`."""
    return {
        "line": row.line,
        "force": row.force,
        "reference": row.reference,
        "outcome": "refused" if done is None else done.word,
        "crime": None if done is None else str(done.no),
        "version": None if done is None else done.version,
        "errors": wrong_body(row.wrong),
    }


def wrong_body(wrong: tuple[Wrong, ...] | list[Wrong]) -> list[dict[str, Any]]:
    """What is wrong, by field."""
    return [one._asdict() for one in wrong]


def match_body(crime: int, result: int, match: Match) -> dict[str, Any]:
    """`CrimeMatched`."""
    places = {"visits": visits_body(match.visits), "fixes": fixes_body(match.fixes)}
    return match_now_body(crime, result, match) | places


def match_now_body(crime: int, result: int, match: Match) -> dict[str, Any]:
    """`CrimeMatchNow`."""
    qualified = decided = None
    if match.qualified_us is not None:
        at, what = format_instant(match.qualified_us), {"plausible": match.plausible, "note": match.note}
        qualified = what | {"by": match.qualified_by, "at": at}
    if match.decided_us is not None:
        at, what = format_instant(match.decided_us), {"authorised": match.authorised, "decision": match.decision}
        decided = what | {"by": match.decided_by, "at": at}
    told = {name: getattr(match, name) for name in ("wearer", "name", "score", "near_home", "positions")}
    return {
        "crime": str(crime),
        "result": str(result),
        **told,
        "revision": str(match.revision),
        "qualified": qualified,
        "decided": decided,
    }


def visits_body(visits: list[list[Any]]) -> list[dict[str, Any]]:
    """`Visit`s, as they are kept."""
    names = ("from", "to", "positions", "dwell_s", "nearest_m")
    return [
        dict(zip(names, (format_instant(start), format_instant(end), *rest), strict=True))
        for start, end, *rest in visits
    ]


def fixes_body(fixes: list[list[Any]]) -> list[dict[str, Any]]:
    """`NearFix`es, as they are kept."""
    names = ("t", "lon", "lat", "acc", "metres")
    return [dict(zip(names, (format_instant(t_us), *rest), strict=True)) for t_us, *rest in fixes]
