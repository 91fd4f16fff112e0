"""The files of a pack, each the same bytes for the same data: CSV with a heading, JSON lines, GeoJSON. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from domain.instant_columns import format_instants
from domain.instants import format_instant
from domain.violations import FactId, Violation
from domain.vocabulary import EventCode, EventState, Quality, Source
from evidence.disclosing import for_the_annex, for_the_pack, sealed_conditions, shown
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
        _csv(POINTS, _point_rows(found.heard, told.points)),
        _points_map(found.heard, told.points),
        _csv(UNUSED, _unused_rows(found.heard, relied)),
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


def _csv(name: str, rows: Iterable[Sequence[Any]]) -> File:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    lines = list(rows)
    writer.writerows(lines)
    return File(name, CSV, written.getvalue().encode(), len(lines) - 1)


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

_FACT_HEAD: Final = (
    *("device", "gen", "seq", "fact", "fix_time", "receive_time", "latitude", "longitude", "accuracy_m", "source"),
    *("speed_ms", "heading_deg", "battery_percent", "hdop", "satellites", "event", "state", "data"),
    *("quality_first", "quality"),
)


_SOURCES: Final = {one.value: one.name.lower() for one in Source}
_QUALITIES: Final = {one.value: one.name.lower() for one in Quality}


def _fact_rows(heard: Heard) -> Iterable[Sequence[Any]]:
    yield _FACT_HEAD
    facts = heard.facts
    events = np.flatnonzero(facts["is_event"]).tolist()
    nothing: list[Any] = [None] * len(heard)
    says = [facts[name].tolist() for name in ("lat", "lon", "acc")]
    says.append([_SOURCES.get(one) for one in facts["src"].tolist()])
    says += [[None if isnan(one) else one for one in facts[name].tolist()] for name in ("spd", "hdg", "bat", "hdop")]
    says.append([one if one >= 0 else None for one in facts["sats"].tolist()])
    says += [nothing.copy() for _ in range(3)]
    judged = [[_QUALITIES.get(one) for one in of.tolist()] for of in (facts["quality"], heard.quality)]
    for k in events:
        for column, value in zip(says, _event_says(facts[k], heard.data.get(k)), strict=True):
            column[k] = value
        for column in judged:
            column[k] = None
    kinds = ["event" if one else "fix" for one in facts["is_event"].tolist()]
    devices = [heard.devices[one] for one in facts["device"].tolist()]
    times = [format_instants(facts[name]) for name in ("t_us", "received_us")]
    yield from zip(devices, facts["gen"].tolist(), facts["seq"].tolist(), kinds, *times, *says, *judged, strict=True)


def fact_table(heard: Heard) -> File:
    """`FACTS` of what was heard."""
    return _csv(FACTS, _fact_rows(heard))


def _identity(heard: Heard, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return heard.devices[row["device"]], row["gen"], row["seq"], "event" if row["is_event"] else "fix"


def _times(row: Mapping[str, Any]) -> tuple[str, str]:
    return format_instant(row["t_us"]), format_instant(row["received_us"])


def _says(row: Mapping[str, Any], data: bytes | None) -> tuple[Any, ...]:
    if row["is_event"]:
        return _event_says(row, data)
    place = row["lat"], row["lon"], row["acc"], _SOURCES[row["src"]]
    rest = [row[name] if row[name] == row[name] else None for name in ("spd", "hdg", "bat", "hdop")]
    return (*place, *rest, row["sats"] if row["sats"] >= 0 else None, None, None, None)


def _event_says(row: Any, data: bytes | None) -> tuple[Any, ...]:
    said = EventCode(row["code"]).name.lower(), EventState(row["state"]).name.lower()
    return (*(None,) * 9, *said, None if data is None else data.decode())


def _qualities(row: Mapping[str, Any], now: int) -> tuple[Any, ...]:
    if row["is_event"]:
        return None, None
    return _QUALITIES[row["quality"]], _QUALITIES[now]


def _rows_of(heard: Heard, points: Sequence[Numbered]) -> dict[FactId, int]:
    """Where those points are among what was heard: only facts that count alike are looked at one by one."""
    wanted = {point.id for point in points}
    alike = np.flatnonzero(np.isin(heard.facts["seq"], [one.seq for one in wanted]))
    return {one: k for k, one in zip(alike.tolist(), heard.at(alike).ids(), strict=True) if one in wanted}


def _point_rows(heard: Heard, points: Sequence[Numbered]) -> Iterable[Sequence[Any]]:
    yield ("number", "violation", "part", *_FACT_HEAD, "distance_m", "position_score")
    where = _rows_of(heard, points)
    names = heard.facts.dtype.names or ()
    for point in points:
        k = where.get(point.id)
        if k is None:
            continue
        row = dict(zip(names, heard.facts[k].tolist(), strict=True))
        fact = (*_identity(heard, row), *_times(row), *_says(row, heard.data.get(k)))
        measured = point.distance_m, None if point.p_inside is None else round(point.p_inside, 6)
        judged = _qualities(row, int(heard.quality[k]))
        yield (point.number or None, point.violation, point.part, *fact, *judged, *measured)


def _points_map(heard: Heard, points: Sequence[Numbered]) -> File:
    where = _rows_of(heard, points)
    drawn = [(point, where[point.id]) for point in points if point.id in where]
    features = [_feature(heard, point, k) for point, k in drawn if not heard.facts["is_event"][k]]
    body = _to_json({"type": "FeatureCollection", "features": features}) + b"\n"
    return File(POINTS_MAP, GEOJSON, body, len(features))


def _feature(heard: Heard, point: Numbered, k: int) -> dict[str, Any]:
    row = heard.facts[k]
    says = {"number": point.number, "violation": point.violation, "fix_time": format_instant(int(row["t_us"]))}
    says |= {"device": point.id.device, "gen": point.id.gen, "seq": point.id.seq, "accuracy_m": float(row["acc"])}
    place = {"type": "Point", "coordinates": [float(row["lon"]), float(row["lat"])]}
    return {"type": "Feature", "id": point.number, "geometry": place, "properties": says}


def _unused_rows(heard: Heard, relied: frozenset[FactId] | set[FactId]) -> Iterable[Sequence[Any]]:
    yield ("device", "gen", "seq", "fact", "fix_time", "why")
    facts = heard.facts
    columns = [facts[name].tolist() for name in ("device", "gen", "seq", "is_event", "src")]
    named = {(one.device, one.gen, one.seq) for one in relied}
    rows = zip(*columns, format_instants(facts["t_us"]), heard.quality.tolist(), strict=True)
    for device, gen, seq, is_event, src, fix_time, quality in rows:
        name = heard.devices[device]
        if (name, gen, seq) not in named:
            why = _why_unused(is_event, quality, src)
            yield (name, gen, seq, "event" if is_event else "fix", fix_time, why)


def _why_unused(is_event: bool, quality: int, src: int) -> str:
    if is_event:
        return "event: part of no violation relied on"
    if quality != Quality.OK:
        return f"not used by the rules: {Quality(quality).name.lower()}"
    if src == Source.LBS:
        return "not used by the rules: placed by a cell of the telephone network"
    return "used by the rules, and part of no violation relied on"
