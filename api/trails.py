"""A wearer's trail as GeoJSON (RFC 7946), CSV (RFC 4180) or GPX 1.1, written as it is read: no format needs all of it at once.

Each says in itself where nothing is shown because no order permits it (sealed) and how much never came, since files are passed
on without the headers they came with. Positions are `[lon, lat]` in GeoJSON.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, Final, Protocol
from xml.sax.saxutils import escape

import msgspec

from access.permits import Sealed
from api.bodies import positions_body
from api.position_texts import features_text
from domain.instants import format_instant
from store.position_columns import PositionColumns
from store.reading_places import Counted

GEOJSON: Final = "application/geo+json"
CSV: Final = "text/csv"
GPX: Final = "application/gpx+xml"
FORMATS: Final = (GEOJSON, CSV, GPX)

_COLUMNS: Final = (
    "wearer",
    "device",
    "t",
    "received",
    "lat",
    "lon",
    "acc",
    "src",
    "quality",
    "gen",
    "seq",
    "spd",
    "hdg",
    "sealed_to",
)
SEALED: Final = "sealed"
SEALED_BUT_ZONES: Final = "sealed_but_zones"
"""In place of a quality, in a line of CSV that is no fix but a stretch from `t` to `sealed_to`."""


class TrailWriter(Protocol):
    """One trail being written: `head` first, `more` for each page of fixes in order, `tail` last."""

    def head(self) -> bytes:
        """What stands before the fixes."""

    def more(self, some: PositionColumns) -> bytes:
        """Some fixes, later than those before."""

    def tail(self, counted: Sequence[Counted]) -> bytes:
        """The end, and how complete the facts of the stretch are."""


def sealed_body(sealed: Sequence[Sealed]) -> list[dict[str, Any]]:
    """Stretches in which nothing is shown; with ``zones`` but fixes at zones."""
    return [
        {"from": format_instant(one.from_us), "to": format_instant(one.to_us), "zones": one.but_zones} for one in sealed
    ]


def completeness_body(counted: Sequence[Counted]) -> list[dict[str, Any]]:
    """Of each device and gen, how many facts there are, and how many between its first and last never came."""
    return [{"device": one.device, "gen": one.gen, "facts": one.facts, "missing": one.missing} for one in counted]


class GeoJsonTrail:
    """A FeatureCollection with a point a fix; `sealed` and `completeness` are members beside `features`.

    `grid` of a point is its National Grid reference, null where the grid does not reach.
    """

    def __init__(self, wearer: str, sealed: Sequence[Sealed]) -> None:
        self._sealed = sealed
        self._any = False

    def head(self) -> bytes:
        """Up to the first feature."""
        sealed = msgspec.json.encode(sealed_body(self._sealed))
        return b'{"type":"FeatureCollection","sealed":' + sealed + b',"features":['

    def more(self, some: PositionColumns) -> bytes:
        """Features."""
        text = features_text(some)
        between = b"," if self._any and text else b""
        self._any = self._any or bool(text)
        return between + text

    def tail(self, counted: Sequence[Counted]) -> bytes:
        """The end."""
        return b'],"completeness":' + msgspec.json.encode(completeness_body(counted)) + b"}"


class CsvTrail:
    """A heading and a line a fix; what is absent is empty. A sealed stretch is a line in its place."""

    def __init__(self, wearer: str, sealed: Sequence[Sealed]) -> None:
        self._wearer = wearer
        self._sealed = list(sealed)

    def head(self) -> bytes:
        """The heading."""
        return _csv_lines([dict(zip(_COLUMNS, _COLUMNS, strict=True))])

    def more(self, some: PositionColumns) -> bytes:
        """Lines, each stretch before the first fix that is not before it."""
        lines: list[dict[str, Any]] = []
        rows = some.rows()
        for row, body in zip(rows, positions_body(rows), strict=True):
            lines += self._before(row.t_us)
            lines.append(body)
        return _csv_lines(lines)

    def _before(self, t_us: int) -> list[dict[str, Any]]:
        found = []
        while self._sealed and self._sealed[0].from_us <= t_us:
            found.append(self._line(self._sealed.pop(0)))
        return found

    def _line(self, one: Sealed) -> dict[str, Any]:
        word = SEALED_BUT_ZONES if one.but_zones else SEALED
        span = {"t": format_instant(one.from_us), "sealed_to": format_instant(one.to_us)}
        return {"wearer": self._wearer, "quality": word} | span

    def tail(self, counted: Sequence[Counted]) -> bytes:
        """The stretches that are left. (Holes in a device's `seq` show what never came.)"""
        return _csv_lines([self._line(one) for one in self._sealed])


class GpxTrail:
    """A track for each run of fixes of one device, and a segment for each stretch that is not sealed.

    Accuracy, which GPX has no word for, stands in the comment of a point; what is sealed in the description of the file.
    """

    def __init__(self, wearer: str, sealed: Sequence[Sealed]) -> None:
        self._sealed = sealed
        self._edges = [edge for one in sealed for edge in (one.from_us, one.to_us)]
        self._device: str | None = None
        self._last_us = 0

    def head(self) -> bytes:
        """Up to the first track."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<gpx version="1.1" creator="Bailiwick" xmlns="http://www.topografix.com/GPX/1/1">\n'
            f"<metadata><desc>{escape(self._said())}</desc></metadata>\n"
        ).encode()

    def _said(self) -> str:
        if not self._sealed:
            return "nothing is sealed"
        spans = (
            f"{one['from']}/{one['to']}{' (but at zones)' if one['zones'] else ''}" for one in sealed_body(self._sealed)
        )
        return "sealed: " + ", ".join(spans)

    def more(self, some: PositionColumns) -> bytes:
        """Points, and the tracks and segments that they begin."""
        parts: list[str] = []
        rows = some.rows()
        for row, body in zip(rows, positions_body(rows), strict=True):
            if row.device != self._device:
                parts.append(f"{self._close()}<trk><name>{escape(row.device)}</name><trkseg>\n")
                self._device = row.device
            elif any(self._last_us < edge <= row.t_us for edge in self._edges):
                parts.append("</trkseg><trkseg>\n")
            while self._edges and self._edges[0] <= row.t_us:
                self._edges.pop(0)
            self._last_us = row.t_us
            parts.append(_track_point(body))
        return "".join(parts).encode()

    def _close(self) -> str:
        return "" if self._device is None else "</trkseg></trk>\n"

    def tail(self, counted: Sequence[Counted]) -> bytes:
        """The end; what never came stands in a comment."""
        told = (f"{one.device} gen {one.gen}: {one.facts} facts, {one.missing} missing" for one in counted)
        return f"{self._close()}<!-- {'; '.join(told).replace('--', '- -')} -->\n</gpx>\n".encode()


WRITERS: Final[dict[str, type[GeoJsonTrail | CsvTrail | GpxTrail]]] = {
    GEOJSON: GeoJsonTrail,
    CSV: CsvTrail,
    GPX: GpxTrail,
}


def _csv_lines(bodies: Sequence[dict[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.DictWriter(text, _COLUMNS, lineterminator="\r\n").writerows(bodies)
    return text.getvalue().encode()


def _track_point(body: dict[str, Any]) -> str:
    return (
        f'<trkpt lat="{body["lat"]}" lon="{body["lon"]}"><time>{body["t"]}</time>'
        f"<cmt>accuracy {body['acc']:g} m, {body['src']}, {body['quality']}</cmt></trkpt>\n"
    )
