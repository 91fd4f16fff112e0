"""What lies under the points of the map besides our own outline: a file of tiles, a tile server behind us, or streets.

`BAILIWICK_BASEMAP` is a path that ends in `.pmtiles` or `.geojson`, or an address with `{z}`, `{x}` and `{y}`. Tiles are given out by this
process alone, to whoever is signed in: nobody else learns where staff look, and a key in the address never leaves the server.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

import httpx2
from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import Compression, TileType

from domain.errors import BadSetting
from domain.instants import DAY_US, SECOND_US

LONGEST_TILE: Final = 2 << 20
"""Bytes; more is not a tile."""
KEPT_BYTES: Final = 64 << 20
KEPT_US: Final = DAY_US
"""How long a tile of a server is given out again without asking."""
TIMEOUT_S: Final = 8.0
AT_ONCE: Final = 6
"""Requests to a tile server."""
AWAY_US: Final = 20 * SECOND_US
"""After a tile server did not answer, it is left alone so long: the outline is there all the same."""
DEEPEST_RASTER: Final = 19
DEEPEST_VECTOR: Final = 14
DEEPEST: Final = 22
PLACES: Final = ("{z}", "{x}", "{y}")
VECTOR: Final = "application/vnd.mapbox-vector-tile"
GZIP: Final = b"\x1f\x8b"
TYPES: Final = {
    TileType.MVT: VECTOR,
    TileType.PNG: "image/png",
    TileType.JPEG: "image/jpeg",
    TileType.WEBP: "image/webp",
    TileType.AVIF: "image/avif",
}
PICTURES: Final = frozenset(TYPES.values()) - {VECTOR}
VECTORS: Final = frozenset({VECTOR, "application/x-protobuf", "application/protobuf", "application/octet-stream"})


class Tile(NamedTuple):
    """One tile as it is sent; ``encoding`` is `gzip` or None."""

    body: bytes
    media_type: str
    encoding: str | None


class About(NamedTuple):
    """What a map must know of tiles. ``kind`` is `raster` or `vector`."""

    kind: str
    min_zoom: int
    max_zoom: int
    attribution: str


class Tiles(Protocol):
    """Where tiles come from."""

    about: About

    async def tile(self, z: int, x: int, y: int) -> Tile | None:
        """One tile; None where there is none, or it cannot be had now. ``0 <= x, y < 2**z``."""

    async def aclose(self) -> None:
        """Ends what it holds."""


@dataclass(frozen=True, slots=True)
class Basemap:
    """What the setting names: tiles, a file of streets (GeoJSON), or neither."""

    tiles: Tiles | None = None
    streets: Path | None = None

    async def aclose(self) -> None:
        """Ends what it holds."""
        if self.tiles is not None:
            await self.tiles.aclose()


class TileFile:
    """A PMTiles file, raster or vector. Raises `BadSetting` when it is none."""

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._reader = Reader(MmapSource(file))
            header = self._reader.header()
            told = self._reader.metadata()
        except Exception as error:
            raise BadSetting(f"BASEMAP: {path} is not a PMTiles file that can be read") from error
        if header["tile_type"] not in TYPES:
            raise BadSetting(f"BASEMAP: {path} holds tiles of a sort that no map here can show")
        self._type = TYPES[header["tile_type"]]
        self._packed = header["tile_compression"] == Compression.GZIP
        kind = "vector" if self._type == VECTOR else "raster"
        attribution = re.sub(r"<[^>]*>", "", str(told.get("attribution") or ""))
        self.about = About(kind, header["min_zoom"], header["max_zoom"], attribution)

    async def tile(self, z: int, x: int, y: int) -> Tile | None:
        """From the file, beside the loop."""
        body = await asyncio.to_thread(self._reader.get, z, x, y)
        return None if body is None else Tile(body, self._type, "gzip" if self._packed else None)

    async def aclose(self) -> None:
        """The file is let go with the process."""


class TileServer:
    """A tile server, asked by us alone: at its own host, without redirects, within limits of time and size; what came is kept.

    ``now`` gives microseconds UTC.
    """

    def __init__(
        self, template: str, now: Callable[[], int], transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._template = template
        self._now = now
        self._client = httpx2.AsyncClient(
            transport=transport,
            timeout=TIMEOUT_S,
            follow_redirects=False,
            headers={"User-Agent": "Bailiwick", "Accept": "*/*"},
        )
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._kept: OrderedDict[tuple[int, int, int], tuple[int, Tile | None]] = OrderedDict()
        self._bytes = 0
        self._away_until_us = 0
        vector = re.search(r"\.(pbf|mvt)\b", urlsplit(template).path) is not None
        deepest = DEEPEST_VECTOR if vector else DEEPEST_RASTER
        host = urlsplit(template).hostname or ""
        self.about = About("vector" if vector else "raster", 0, deepest, f"Tiles: {host}")

    async def tile(self, z: int, x: int, y: int) -> Tile | None:
        """As it was kept, else from the server."""
        key = (z, x, y)
        held = self._kept.get(key)
        if held is not None and held[0] > self._now():
            self._kept.move_to_end(key)
            return held[1]
        if self._now() < self._away_until_us:
            return None
        async with self._slots:
            try:
                found = await self._fetched(z, x, y)
            except httpx2.HTTPError:
                self._away_until_us = self._now() + AWAY_US
                return None
        self._keep(key, found)
        return found

    async def _fetched(self, z: int, x: int, y: int) -> Tile | None:
        url = self._template.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))
        async with self._client.stream("GET", url) as answer:
            if answer.status_code in {204, 404}:
                return None
            media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
            wanted = VECTORS if self.about.kind == "vector" else PICTURES
            if answer.status_code != 200 or media_type not in wanted:
                raise httpx2.RemoteProtocolError(f"{answer.status_code}, {media_type or 'nothing'}")
            body = b""
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > LONGEST_TILE:
                    raise httpx2.RemoteProtocolError("longer than a tile")
        encoding = "gzip" if body.startswith(GZIP) else None
        return Tile(body, VECTOR if self.about.kind == "vector" else media_type, encoding)

    def _keep(self, key: tuple[int, int, int], tile: Tile | None) -> None:
        before = self._kept.pop(key, None)
        for gone in (before,) if before else ():
            self._bytes -= _size(gone[1])
        self._kept[key] = (self._now() + KEPT_US, tile)
        self._bytes += _size(tile)
        while self._bytes > KEPT_BYTES:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._bytes -= _size(oldest)

    async def aclose(self) -> None:
        """Ends its connections."""
        await self._client.aclose()


def _size(tile: Tile | None) -> int:
    return 200 if tile is None else 200 + len(tile.body)


def require_basemap(setting: str) -> None:
    """Raises `BadSetting`, without the setting's own text, for what is neither a file that is there nor an address of tiles."""
    if "://" not in setting:
        path = Path(setting)
        if path.suffix not in {".pmtiles", ".geojson"}:
            raise BadSetting("must be a file that ends in .pmtiles or .geojson, or an address with {z}, {x} and {y}")
        if not path.is_file():
            raise BadSetting("is not a file that is there")
        return
    parts = urlsplit(setting)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "{" in parts.netloc:
        raise BadSetting("must be an http:// or https:// address")
    if any(setting.count(place) != 1 for place in PLACES):
        raise BadSetting("must have {z}, {x} and {y} once each")


def hidden(setting: str) -> str:
    """The setting as it may be printed: of an address the host alone, since its key may be anywhere."""
    parts = urlsplit(setting)
    return setting if "://" not in setting else f"{parts.scheme}://{parts.hostname}/***"


def basemap_of(setting: str | None, now: Callable[[], int]) -> Basemap:
    """What a setting names; without one nothing. Raises `BadSetting`."""
    if not setting:
        return Basemap()
    if "://" in setting:
        return Basemap(TileServer(setting, now))
    path = Path(setting)
    return Basemap(TileFile(path)) if path.suffix == ".pmtiles" else Basemap(streets=path)


def about(basemap: Basemap | None) -> dict[str, Any]:
    """What the page is told (`/basemap.json`)."""
    tiles = None if basemap is None else basemap.tiles
    told = None if tiles is None else {"url": "/basemap/{z}/{x}/{y}"} | tiles.about._asdict()
    streets = "/basemap/streets.json" if basemap is not None and basemap.streets is not None else None
    return {"tiles": told, "streets": streets}
