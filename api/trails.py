"""A wearer's trail as GeoJSON (RFC 7946), CSV (RFC 4180) or GPX 1.1. Positions are `[lon, lat]` in GeoJSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

import msgspec

from api.bodies import positions_body
from store.reading_types import PositionRow

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
)


def as_geojson(rows: Sequence[PositionRow]) -> bytes:
    """A FeatureCollection with a point a fix."""
    return msgspec.json.encode(
        {"type": "FeatureCollection", "features": [_feature(one) for one in positions_body(rows)]}
    )


def as_csv(rows: Sequence[PositionRow]) -> bytes:
    """A heading and a line a fix; what is absent is empty."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(positions_body(rows))
    return text.getvalue().encode()


def as_gpx(rows: Sequence[PositionRow]) -> bytes:
    """One track a device. Accuracy, which GPX has no word for, stands in the comment of a point."""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="Bailiwick" xmlns="http://www.topografix.com/GPX/1/1">\n'
    ]
    bodies = positions_body(rows)
    for device in dict.fromkeys(row.device for row in rows):
        parts.append(f"<trk><name>{escape(device)}</name><trkseg>\n")
        parts += [_track_point(one) for one in bodies if one["device"] == device]
        parts.append("</trkseg></trk>\n")
    parts.append("</gpx>\n")
    return "".join(parts).encode()


WRITERS: Final = {GEOJSON: as_geojson, CSV: as_csv, GPX: as_gpx}


def _feature(body: dict[str, Any]) -> dict[str, Any]:
    properties = {key: value for key, value in body.items() if key not in ("lon", "lat")}
    point = {"type": "Point", "coordinates": [body["lon"], body["lat"]]}
    return {"type": "Feature", "geometry": point, "properties": properties}


def _track_point(body: dict[str, Any]) -> str:
    return (
        f'<trkpt lat="{body["lat"]}" lon="{body["lon"]}"><time>{body["t"]}</time>'
        f"<cmt>accuracy {body['acc']:g} m, {body['src']}, {body['quality']}</cmt></trkpt>\n"
    )
