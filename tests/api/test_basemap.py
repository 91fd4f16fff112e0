"""What lies under the map: a file of tiles, a tile server that is asked by us alone and bounded, streets; behind sign-in."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import pytest
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from api import basemap as module
from api.basemap import KEPT_US, LONGEST_TILE, Basemap, TileFile, TileServer, basemap_of, hidden, require_basemap
from bailiwick.doctor import Verdict, about_basemap
from domain.errors import BadSetting
from domain.instants import SECOND_US
from tests.api.doors import NOBODY
from tests.api.serving import app_over, client_of
from tests.api.sides import Side
from tests.store.made import NOON

PNG = b"\x89PNG invented"
KEY = "a-key-that-stays-here"
ADDRESS = "https://tiles.example/{z}/{x}/{y}.png?key=" + KEY


def tile_file(path: Path, sort: TileType = TileType.PNG, packed: bool = False) -> Path:
    """A file with the tiles of zooms 0 and 1, but for the last."""
    with path.open("wb") as file:
        writer = Writer(file)
        for z, x, y in ((0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1)):
            body = PNG + bytes([z, x, y])
            writer.write_tile(zxy_to_tileid(z, x, y), gzip.compress(body) if packed else body)
        header = {"tile_type": sort, "tile_compression": Compression.GZIP if packed else Compression.NONE}
        world = {"min_lon_e7": -(10**8), "min_lat_e7": 0, "max_lon_e7": 10**8, "max_lat_e7": 10**8}
        middle = {"center_zoom": 0, "center_lon_e7": 0, "center_lat_e7": 0}
        writer.finalize(header | world | middle, {"attribution": "<a href='https://example.org'>Somebody</a>"})
    return path


Answer = tuple[int, dict[str, str], bytes]


class Far:
    """A tile server: an application of its own, asked without a socket. ``answers`` is what it says, by path; it counts who asks."""

    def __init__(self, answers: Callable[[str], Answer]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def __call__(
        self, scope: dict[str, object], receive: object, send: Callable[[dict[str, object]], Awaitable[None]]
    ) -> None:
        self.asked.append(f"{scope['path']}?{bytes(scope['query_string']).decode()}")
        status, headers, body = self.answers(str(scope["path"]))
        told = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": body})

    def tiles(self, template: str = ADDRESS, now: Callable[[], int] = lambda: NOON) -> TileServer:
        return TileServer(template, now, httpx2.ASGITransport(app=self))


def picture(_: str) -> Answer:
    return 200, {"content-type": "image/png"}, PNG


# -- the setting --


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("map.txt", "ends in .pmtiles or .geojson"),
        ("/nowhere/map.pmtiles", "not a file that is there"),
        ("ftp://tiles.example/{z}/{x}/{y}", "http:// or https://"),
        ("https:///{z}/{x}/{y}", "http:// or https://"),
        ("https://{x}.example/{z}/{x}/{y}", "http:// or https://"),
        ("https://tiles.example/{z}/{x}.png?key=" + KEY, "{z}, {x} and {y} once each"),
        ("https://tiles.example/{z}/{x}/{y}/{z}", "{z}, {x} and {y} once each"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_without_its_key(setting: str, why: str) -> None:
    with pytest.raises(BadSetting) as refused:
        require_basemap(setting)
    assert why in str(refused.value)
    assert KEY not in str(refused.value)


def test_an_address_is_printed_without_whatever_may_be_its_key() -> None:
    assert hidden(ADDRESS) == "https://tiles.example/***"
    assert hidden("https://user:secret@tiles.example/secret/{z}/{x}/{y}") == "https://tiles.example/***"
    assert hidden("/srv/map.pmtiles") == "/srv/map.pmtiles"


# -- a file --


@pytest.mark.parametrize("packed", [False, True])
async def test_a_file_gives_its_tiles(tmp_path: Path, packed: bool) -> None:
    tiles = TileFile(tile_file(tmp_path / "map.pmtiles", TileType.MVT if packed else TileType.PNG, packed))
    assert tiles.about == ("vector" if packed else "raster", 0, 1, "Somebody")
    found = await tiles.tile(1, 0, 1)
    assert found is not None
    assert found.encoding == ("gzip" if packed else None)
    assert (gzip.decompress(found.body) if packed else found.body) == PNG + bytes([1, 0, 1])
    assert await tiles.tile(1, 1, 0) is None
    assert await tiles.tile(5, 1, 0) is None


def test_a_file_that_is_no_such_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "map.pmtiles"
    path.write_bytes(b"PK not that")
    with pytest.raises(BadSetting, match="is not a PMTiles file"):
        basemap_of(str(path), lambda: NOON)


# -- a server --


async def test_a_tile_is_asked_for_once_and_given_out_for_a_day() -> None:
    far, now = Far(picture), [NOON]
    tiles = far.tiles(now=lambda: now[0])
    assert [await tiles.tile(3, 4, 2) for _ in range(3)] == [(PNG, "image/png", None)] * 3
    assert far.asked == [f"/3/4/2.png?key={KEY}"]
    now[0] += KEPT_US
    await tiles.tile(3, 4, 2)
    assert len(far.asked) == 2
    assert KEY not in str(tiles.about)
    await tiles.aclose()


@pytest.mark.parametrize(
    "answer",
    [
        (302, {"location": "https://elsewhere.example/"}, b""),
        (500, {"content-type": "image/png"}, PNG),
        (200, {"content-type": "text/html"}, b"<p>Not today"),
        (200, {"content-type": "image/svg+xml"}, b"<svg/>"),
        (200, {"content-type": "image/png"}, b"x" * (LONGEST_TILE + 1)),
    ],
    ids=["elsewhere", "failed", "page", "script", "long"],
)
async def test_what_is_no_tile_is_not_given_out_and_the_server_is_left_alone_a_while(answer: Answer) -> None:
    far, now = Far(lambda _: answer), [NOON]
    tiles = far.tiles(now=lambda: now[0])
    assert await tiles.tile(3, 4, 2) is None
    assert await tiles.tile(3, 4, 3) is None
    assert len(far.asked) == 1
    now[0] += module.AWAY_US
    far.answers = picture
    assert await tiles.tile(3, 4, 3) is not None


async def test_a_place_without_a_tile_is_no_failure_and_is_remembered() -> None:
    far = Far(lambda _: (404, {}, b""))
    tiles = far.tiles()
    assert [await tiles.tile(3, 4, 2), await tiles.tile(3, 4, 2)] == [None, None]
    assert len(far.asked) == 1
    far.answers = picture
    assert await tiles.tile(3, 4, 3) is not None


async def test_vector_tiles_are_known_by_their_address_and_sent_as_they_are_packed() -> None:
    packed = gzip.compress(b"layers")
    far = Far(lambda _: (200, {"content-type": "application/x-protobuf"}, packed))
    tiles = far.tiles("https://tiles.example/{z}/{x}/{y}.pbf")
    assert tiles.about.kind == "vector"
    assert await tiles.tile(3, 4, 2) == (packed, "application/vnd.mapbox-vector-tile", "gzip")


async def test_what_is_kept_has_a_limit() -> None:
    large = b"x" * LONGEST_TILE
    far = Far(lambda _: (200, {"content-type": "image/png"}, large))
    tiles = far.tiles()
    many = module.KEPT_BYTES // LONGEST_TILE + 2
    for x in range(many):
        await tiles.tile(10, x, 0)
    await tiles.tile(10, many - 1, 0)
    assert len(far.asked) == many
    await tiles.tile(10, 0, 0)
    assert len(far.asked) == many + 1, "the one that was asked for longest ago is gone"


# -- over HTTP --


async def test_it_is_for_whoever_is_signed_in_and_says_nothing_of_the_address(side: Side, tmp_path: Path) -> None:
    app = app_over(side)
    streets = tmp_path / "streets.geojson"
    streets.write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    async with client_of(app) as client:
        assert (await client.get("/basemap.json")).json() == {"tiles": None, "streets": None}
        assert (await client.get("/basemap/0/0/0")).status_code == 404
        assert (await client.get("/basemap/streets.json")).status_code == 404
        for basemap in (Basemap(TileFile(tile_file(tmp_path / "map.pmtiles"))), Basemap(Far(picture).tiles())):
            object.__setattr__(app.state.parts, "basemap", basemap)
            told = await client.get("/basemap.json")
            assert told.json()["tiles"]["url"] == "/basemap/{z}/{x}/{y}"
            assert KEY not in told.text
            tile = await client.get("/basemap/1/0/1")
            assert (tile.status_code, tile.headers["content-type"]) == (200, "image/png")
            assert "private" in tile.headers["cache-control"]
            assert (await client.get("/basemap/1/2/0")).status_code == 404
            assert (await client.get("/basemap/23/0/0")).status_code == 422
            assert (await client.get("/basemap/1/0/1", headers=NOBODY)).status_code in {303, 401}
        object.__setattr__(app.state.parts, "basemap", Basemap(streets=streets))
        assert (await client.get("/basemap.json")).json()["streets"] == "/basemap/streets.json"
        assert (await client.get("/basemap/streets.json")).json()["features"] == []


# -- doctor --


async def test_doctor_says_what_lies_under_the_map(tmp_path: Path) -> None:
    file = tile_file(tmp_path / "map.pmtiles")
    broken = tmp_path / "broken.pmtiles"
    broken.write_bytes(b"")
    found = [await about_basemap(one) for one in (None, str(file), str(broken), "http://127.0.0.1:9/{z}/{x}/{y}")]
    assert [one.verdict for one in found] == [Verdict.GOOD, Verdict.GOOD, Verdict.BAD, Verdict.WARNING]
    assert found[1].found == "raster tiles of zoom 0 to 1"
    assert all(one.advice for one in found[2:])


async def test_many_who_look_at_once_do_not_all_ask_at_once() -> None:
    most, now = [0], [0]

    class Slow(Far):
        async def __call__(self, scope, receive, send) -> None:
            now[0] += 1
            most[0] = max(most[0], now[0])
            for _ in range(3):
                await asyncio.sleep(0)
            await super().__call__(scope, receive, send)
            now[0] -= 1

    tiles = Slow(picture).tiles(now=lambda: NOON + SECOND_US)
    found = await asyncio.gather(*(tiles.tile(9, x, 0) for x in range(40)))
    assert all(found)
    assert 1 < most[0] <= module.AT_ONCE
