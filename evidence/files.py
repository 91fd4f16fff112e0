"""The files of a pack, each the same bytes for the same data: CSV with a heading, JSON lines, GeoJSON. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.instant_columns import format_instants
from domain.instants import format_instant
from domain.violations import FactId, Violation
from evidence.disclosing import for_the_annex, for_the_pack, sealed_conditions, shown
from evidence.fact_tables import FACT_HEAD, UNUSED_HEAD, blocks, cell, fact_lines, unused_lines
from evidence.feed_files import caseload_lines, feed_lines
from evidence.gathered import Chained, Gathered, Heard, Scheduled
from evidence.manifest import MANIFEST, ChainHead, Manifest, ManifestPart, digest_of
from evidence.replaying import CASELOAD, FEED, VIOLATIONS

CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
GEOJSON: Final = "application/geo+json"
JSON: Final = "application/json"

FACTS: Final = "facts.csv"
POINTS: Final = "points.csv"
POINTS_MAP: Final = "points.geojson"
UNUSED: Final = "unused.csv"
SCHEDULE: Final = "unused.ndjson"
AUDIT: Final = "audit.ndjson"
VERSIONS: Final = "versions.json"

WHAT: Final = {
    CASELOAD: "Records known before the first fact, as `bailiwick evaluate` reads them",
    FEED: "Facts and later records in the order received, as `bailiwick evaluate` reads them",
    VIOLATIONS: "Every version of every violation of the order",
    FACTS: "Every fact that may be shown, one a row",
    POINTS: "Every point relied on, with its number in the pack",
    POINTS_MAP: "The points relied on, for a map",
    UNUSED: "Every fact not relied on, and why",
    SCHEDULE: "The other unused material: violations left out, faults, swaps, outages, parked messages, later judgements, looks",
    AUDIT: "The audit's chain from the request for this pack to its making",
    VERSIONS: "Versions of software, rules, libraries and time-zone data",
    MANIFEST: "SHA-256, size and rows of every part, and where the audit stood",
}
"""What each part is, in words."""

_to_json: Final = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class File:
    """One part; ``rows`` without the heading."""

    name: str
    media_type: str
    body: bytes
    rows: int

    @property
    def what(self) -> str:
        """What it is, in words."""
        return WHAT[self.name]

    def as_part(self) -> ManifestPart:
        """As the manifest names it."""
        return ManifestPart(self.name, self.media_type, self.rows, len(self.body), digest_of(self.body))


class Numbered(NamedTuple):
    """A point as the pack numbers it: in which violation, and what it does there. Distance in metres, positive inside."""

    number: int
    violation: str
    part: str
    id: FactId
    distance_m: float | None
    p_inside: float | None


@dataclass(frozen=True, slots=True)
class Told:
    """What the files say beside what was gathered: the numbered points, and the versions (name and version)."""

    points: Sequence[Numbered]
    versions: Mapping[str, Any]


def files_of(found: Gathered, told: Told, *, annex: bool = False) -> list[File]:
    """Every part but the manifest, in the order in which they are attached; of an ``annex`` with what is sealed."""
    sealed = frozenset[str]() if annex else sealed_conditions(found.taken)
    own = frozenset(found.heard.devices)
    taken = for_the_annex(found.taken) if annex else for_the_pack(found.taken)
    violations = found.violations if annex else [shown(one, sealed, own) for one in found.violations]
    relied = {point.id for point in told.points}
    chain = [_chained(one) for one in found.chain]
    feed = feed_lines(found.heard, taken, [one.decided_us for one in found.violations])
    return [
        _ndjson(CASELOAD, caseload_lines(taken)),
        _ndjson(FEED, feed),
        _ndjson(VIOLATIONS, [one.as_line().encode() for one in violations]),
        fact_table(found.heard),
        _point_table(found.heard, told.points),
        _points_map(found.heard, told.points),
        _unused_table(found.heard, relied),
        _ndjson(SCHEDULE, [_scheduled(one) for one in found.scheduled]),
        _ndjson(AUDIT, chain),
        File(VERSIONS, JSON, msgspec.json.format(_to_json(dict(told.versions)), indent=1) + b"\n", 1),
    ]


def manifest_of(found: Gathered, files: Sequence[File], *, annex: bool = False) -> Manifest:
    """The manifest of some parts."""
    sealed = sealed_conditions(found.taken)
    newest = {(one.id, one.version): one for one in found.violations}
    hidden = () if annex else _sealed_ids(found, newest, sealed)
    head = found.chain[-1].link if found.chain else None
    return Manifest(
        reference=found.reference,
        case=found.case,
        version=found.version,
        annex=annex,
        wearer=found.wearer,
        order=found.order,
        made=format_instant(found.made_us),
        decided=format_instant(found.as_of_us),
        relied=tuple((one.id, one.version) for one in found.relied),
        sealed=hidden,
        why_not=("facts that it rests on are no longer kept",) if found.facts_gone else (),
        audit=None if head is None else ChainHead(str(head.no), head.hash.hex()),
        parts=tuple(file.as_part() for file in files),
    )


def _sealed_ids(
    found: Gathered, versions: Mapping[tuple[str, int], Violation], sealed: frozenset[str]
) -> tuple[str, ...]:
    relied = [versions[one.id, one.version] for one in found.relied if (one.id, one.version) in versions]
    return tuple(one.id for one in relied if one.victim is not None or one.condition in sealed)


# ---- lines ----


def _ndjson(name: str, lines: Sequence[bytes]) -> File:
    return File(name, NDJSON, b"".join(line + b"\n" for line in lines), len(lines))


def _scheduled(one: Scheduled) -> bytes:
    return _to_json({"kind": one.kind, "at": format_instant(one.at_us), **one.says})


def _chained(one: Chained) -> bytes:
    link, said = one
    hashes = {"digest": link.digest.hex(), "previous": link.previous.hex(), "hash": link.hash.hex()}
    told: dict[str, Any] = {"entry": str(link.no), "at_us": str(link.at_us), "body_no": str(link.body_no)} | hashes
    if said is not None:
        told |= {"salt": said.salt.hex(), "body": said.text}
    return _to_json(told)


# ---- facts ----


def fact_table(heard: Heard) -> File:
    """`FACTS` of what was heard."""
    return _table(FACTS, FACT_HEAD, np.arange(len(heard)), partial(fact_lines, heard))


def _unused_table(heard: Heard, relied: Collection[FactId]) -> File:
    rest: NDArray[np.bool_] = np.ones(len(heard), np.bool_)
    rest[list(heard.rows_of(relied).values())] = False
    return _table(UNUSED, UNUSED_HEAD, np.flatnonzero(rest), partial(unused_lines, heard))


def _table(
    name: str, head: Sequence[str], rows: NDArray[np.int64], lines: Callable[[NDArray[np.int64]], list[str]]
) -> File:
    return File(name, CSV, b"".join((",".join(head).encode(), b"\n", *blocks(rows, lines))), len(rows))


def _point_table(heard: Heard, points: Sequence[Numbered]) -> File:
    where = heard.rows_of({point.id for point in points})
    rows = np.array(sorted(where.values()), np.int64)
    said = dict(zip(rows.tolist(), fact_lines(heard, rows), strict=True))
    lines = [",".join(("number", "violation", "part", *FACT_HEAD, "distance_m", "position_score"))]
    for point in points:
        if point.id in where:
            score = None if point.p_inside is None else round(point.p_inside, 6)
            measured = ("" if one is None else str(one) for one in (point.distance_m, score))
            what = str(point.number or ""), cell(point.violation), point.part
            lines.append(",".join((*what, said[where[point.id]], *measured)))
    return File(POINTS, CSV, "".join(f"{line}\n" for line in lines).encode(), len(lines) - 1)


def _points_map(heard: Heard, points: Sequence[Numbered]) -> File:
    where = heard.rows_of({point.id for point in points})
    at = [(point, where[point.id]) for point in points if point.id in where]
    here = [(point, k) for point, k in at if not heard.facts["is_event"][k]]
    facts = heard.facts[[k for _, k in here]]
    columns = (facts[name].tolist() for name in ("lon", "lat", "acc"))
    features = list(map(_feature, (point for point, _ in here), format_instants(facts["t_us"]), *columns))
    body = _to_json({"type": "FeatureCollection", "features": features}) + b"\n"
    return File(POINTS_MAP, GEOJSON, body, len(features))


def _feature(point: Numbered, fix_time: str, lon: float, lat: float, acc_m: float) -> dict[str, Any]:
    says = {"number": point.number, "violation": point.violation, "fix_time": fix_time}
    says |= {"device": point.id.device, "gen": point.id.gen, "seq": point.id.seq, "accuracy_m": acc_m}
    place = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "id": point.number, "geometry": place, "properties": says}
