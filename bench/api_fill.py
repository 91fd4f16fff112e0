"""Fills a database with fixes of before: a minute apart, the tags in turn, up to an instant, put in by the database itself."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import psycopg

from bench.load import Walker
from domain.instants import MINUTE_US

MINUTES_AT_ONCE: Final = 30
INDEX: Final = "fixes_device_time"
ROWS: Final = """
    INSERT INTO fixes (device_no, gen, seq, fix_time, receive_time, commit_no, lat, lon, acc, spd, hdg, bat, line, row_no,
        sats, src, quality)
    SELECT w.device_no, 0, m, at.t, at.t + interval '400 ms', 0, w.lat + 0.0007 * sin(m / 9.0), w.lon + 0.001 * cos(m / 9.0),
        8.5, 1.3, 271.5, 87, 0, 0, 11, 0, 0
    FROM generate_series(%s::bigint, %s::bigint) AS m
    CROSS JOIN LATERAL (SELECT to_timestamp(%s::float8) + m * interval '1 minute' AS t) AS at
    CROSS JOIN walkers w
"""
"""Of commit 0, which is before all: no restart folds them."""


def tracked(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same people, each with a location tag and with `trail`, so that every position may be seen; no other devices."""
    tags = {one["id"] for one in records if one["type"] == "device" and one["kind"] == "gps_tag"}
    kept = [
        one | {"place": one["place"] | {"home_unit": None}} if one.get("place") else one
        for one in records
        if one["type"] not in ("device", "fitting") or one["id" if one["type"] == "device" else "device"] in tags
    ]
    fitted = {one["wearer"] for one in kept if one["type"] == "fitting"}
    orders = [one for one in records if one["type"] == "order"]
    for order in orders:
        kept.append({"type": "condition", "id": f"{order['id']}-trail", "order": order["id"], "kind": "trail"})
        if (wearer := order["wearer"]) not in fitted:
            fitted.add(wearer)
            tag = f"G-{wearer}"
            kept.append({"type": "device", "id": tag, "kind": "gps_tag"})
            kept.append({"type": "fitting", "id": f"F-{tag}", "wearer": wearer, "device": tag, "from": order["from"]})
    return kept


def fill(url: str, tags: Sequence[Walker], fixes: int, until_us: int) -> None:
    """About so many fixes, all of minutes before an instant. The index is made afterwards, as a restore does."""
    minutes = fixes // len(tags)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("CREATE TABLE walkers (id text, lon float8, lat float8, device_no bigint)")
        with conn.cursor().copy("COPY walkers (id, lon, lat) FROM STDIN") as copy:
            for device, lon, lat, _ in tags:
                copy.write_row((device, lon, lat))
        conn.execute("UPDATE walkers w SET device_no = d.device_no FROM devices d WHERE d.id = w.id")
        made = conn.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", (INDEX,)).fetchone()
        assert made is not None
        conn.execute(f"DROP INDEX {INDEX}".encode())
        first_s = until_us / 1e6 - minutes * MINUTE_US / 1e6
        starts = range(0, minutes, MINUTES_AT_ONCE)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda start: _put(url, start, min(start + MINUTES_AT_ONCE, minutes), first_s), starts))
        conn.execute("SET maintenance_work_mem = '1GB'")
        conn.execute(made[0].encode())
        conn.execute("DROP TABLE walkers")
        conn.execute("VACUUM ANALYZE fixes")


def _put(url: str, first: int, last: int, first_s: float) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET synchronous_commit = off")
        conn.execute(ROWS, (first, last - 1, first_s))
