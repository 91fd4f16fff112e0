"""Positions as JSON by columns: what did not move is not written again, and never what is not so any more."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from api.bodies import positions_body
from api.position_texts import PositionsWritten, features_text
from domain.national_grid import references
from store.position_columns import PositionColumns, columns_of
from store.reading_types import PositionRow
from tests.store.made import NOON


def row(number: int, seq: int, wearer: str | None = None) -> PositionRow:
    place = (51.5 + seq / 1000, -0.1)
    name = f"W{number}" if wearer is None else wearer
    return PositionRow(name, f"T{number}", NOON + seq, NOON + seq + 400, *place, 8.5, "gps", "ok", 0, seq, None, 12.0)


def columns(*rows: PositionRow) -> PositionColumns:
    found = columns_of(rows)
    found.fixes["device_no"] = [int(one.device[1:]) << 40 for one in rows]
    return found


def test_it_is_what_every_row_says_however_it_was_asked_before() -> None:
    written, random = PositionsWritten(), np.random.default_rng(7)
    seqs = dict.fromkeys(range(1, 40), 1)
    for _ in range(60):
        for number in random.choice(39, 5).tolist():
            seqs[number + 1] += int(random.integers(0, 2))
        some = sorted(random.choice(list(seqs), int(random.integers(0, 30)), replace=False).tolist())
        rows = [row(number, seqs[number]) for number in some]
        assert decoded(written.of(columns(*rows))) == positions_body(rows)


def test_a_device_on_somebody_else_is_theirs() -> None:
    written = PositionsWritten()
    for wearer in ("W1", "W9", "W1"):
        rows = [row(1, 5, wearer), row(2, 5)]
        assert decoded(written.of(columns(*rows))) == positions_body(rows)


def test_a_feature_is_a_position_with_its_grid_reference() -> None:
    rows = [row(1, 5), row(1, 6)]
    grids = references([one.lon for one in rows], [one.lat for one in rows])
    found = msgspec.json.decode(b"[" + features_text(columns(*rows)) + b"]")
    for feature, body, grid in zip(found, positions_body(rows), grids, strict=True):
        assert (feature["type"], feature["geometry"]["type"]) == ("Feature", "Point")
        assert feature["geometry"]["coordinates"] == [body.pop("lon"), body.pop("lat")]
        assert feature["properties"] == body | {"grid": grid}
    assert features_text(columns()) == b""


def decoded(raw: msgspec.Raw) -> Any:
    return msgspec.json.decode(raw)
