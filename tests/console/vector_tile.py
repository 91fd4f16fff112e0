"""A vector tile made by hand: one layer that fills it, in the encoding of the Mapbox Vector Tile specification 2.1."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

EXTENT: Final = 4096
POLYGON: Final = 3


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def filled_tile(layer: str) -> bytes:
    """A tile with one square of that layer over all of it."""
    move, line, close = 1 | 1 << 3, 2 | 3 << 3, 7 | 1 << 3
    far, back = EXTENT << 1, (EXTENT << 1) - 1
    steps = (move, 0, 0, line, far, 0, 0, far, back, 0, close)
    feature = _number(3, POLYGON) + _bytes(4, b"".join(_varint(step) for step in steps))
    told = _bytes(1, layer.encode()) + _bytes(2, feature) + _number(5, EXTENT) + _number(15, 2)
    return _bytes(3, told)


def vector_file(path: Path, layer: str) -> Path:
    """A PMTiles file of one tile, which is the world."""
    with path.open("wb") as file:
        writer = Writer(file)
        writer.write_tile(zxy_to_tileid(0, 0, 0), filled_tile(layer))
        world = {"min_lon_e7": -1800000000, "min_lat_e7": -850000000, "max_lon_e7": 1800000000, "max_lat_e7": 850000000}
        middle = {"center_zoom": 0, "center_lon_e7": 0, "center_lat_e7": 0}
        sort = {"tile_type": TileType.MVT, "tile_compression": Compression.NONE}
        writer.finalize(sort | world | middle, {"attribution": "Invented tiles"})
    return path
