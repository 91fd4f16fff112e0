"""Fixes held against five zones each, to the verdict, on one core: ours, PostGIS, geopandas, and a loop over shapely's
prepared geometries.

``python -m bench.geofence [--wearers N] [--fixes N]``. Writes bench/results/geofence.json. All take the same zones
and give the same verdicts (inside, outside, uncertain; surely or not); the others take the first fixes only, as many as a
few seconds allow. geopandas is in the dependency group `bench`: ``pip install --group bench``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil
import psycopg
import shapely
from numpy.typing import NDArray

from bailiwick.parts.processes import PartFailed
from bench.postgis import started_postgis
from bench.results import write_result
from bench.zone_load import AT_EDGE, INSIDE, ZONES_EACH, Load, load
from domain.facts import Facts, empty_facts
from domain.instants import EARLY_US, SECOND_US
from domain.vocabulary import Quality
from geofence.emissions import EMISSION
from geofence.fold import fold_tracks
from geofence.geodesy import metres_per_degree
from geofence.state import ERA, EXCLUSION, State
from geofence.tables import PACE, Tables
from geofence.verdicts import ACC_FLOOR_M, FAR_SIGMAS, SIGMA_PER_ACC, verdict_of, verdicts

WEARERS = 18_000
FIXES = 1_000_000
LOOP_FIXES = 20_000
POSTGIS_FIXES = 200_000
GEOPANDAS_FIXES = 200_000
FOLD_FIXES = 500_000
REPEATS = 5

Verdicts = NDArray[np.int8]

# The zones near enough to matter are measured on the ellipsoid; && uses the box in degrees, as ours does.
POSTGIS = """
SELECT f.no, z.no AS zone, f.acc,
       CASE WHEN z.shape && ST_Expand(f.place, f.reach_lon, f.reach_lat) THEN
            CASE WHEN ST_Covers(z.shape, f.place) THEN 1.0 ELSE -1.0 END
            * ST_Distance(z.edge, f.place::geography) ELSE '-infinity'::float8 END AS metres
  FROM fixes f JOIN zones z ON z.owner = f.owner
"""
COVERS = "SELECT count(*) FROM fixes f JOIN zones z ON z.owner = f.owner AND ST_Covers(z.shape, f.place)"
VERDICT = f"""
SELECT no, zone, CASE WHEN abs(metres) < 1.644854 * sigma THEN 0
       ELSE sign(metres) * CASE WHEN abs(metres) >= 3.090232 * sigma THEN 2 ELSE 1 END END AS verdict
  FROM (SELECT *, greatest(acc, {ACC_FLOOR_M}) / {SIGMA_PER_ACC} AS sigma FROM ({POSTGIS}) AS measured) AS scored
"""


def rate(
    fixes: int, run: Callable[[], object], repeats: int = REPEATS, clock: Callable[[], float] = time.process_time
) -> float:
    """Fixes a second of one core's time, the median of some runs: what else runs on the machine counts less."""
    taken_s = []
    for _ in range(repeats):
        started = clock()
        run()
        taken_s.append(clock() - started)
    return fixes / statistics.median(taken_s)


def ours(work: Load) -> tuple[float, Verdicts, int]:
    """Fixes a second, the verdicts, and how many pairs were near enough to be measured."""
    out = np.zeros(len(work.lat) * ZONES_EACH, np.int8)
    measured = verdicts(*(*work.calls(), out))
    return rate(len(work.lat), lambda: verdicts(*(*work.calls(), out))), out, measured


def folded(work: Load, fixes: int) -> float:
    """Fixes a second through the whole fold: runs, scores and emissions too."""
    facts, tables = facts_of(work, fixes), tables_of(work)
    order = np.lexsort((facts["t_us"], work.owner[:fixes]))
    quality = np.full(fixes, Quality.OK, np.int8)
    out = np.empty(fixes * (3 * ZONES_EACH + 2), EMISSION)
    wearers = len(work.zones) // ZONES_EACH
    taken_s = []
    for _ in range(REPEATS + 1):
        state = State()
        state.grow(wearers, wearers, len(work.zones), 0)
        rows = (state.devices, state.parties, state.tracks)
        started = time.process_time()
        fold_tracks(facts, order, quality, work.owner[:fixes], np.zeros(fixes, np.int64), *rows, tables, out)
        taken_s.append(time.process_time() - started)
    return fixes / statistics.median(taken_s[1:])


def facts_of(work: Load, fixes: int) -> Facts:
    """The first fixes as facts, a minute apart, the tag of a wearer numbered as the wearer."""
    facts = empty_facts(fixes)
    facts["device"] = work.owner[:fixes]
    facts["lat"], facts["lon"], facts["acc"] = work.lat[:fixes], work.lon[:fixes], work.acc[:fixes]
    facts["seq"] = np.arange(fixes)
    facts["t_us"] = facts["received_us"] = 60 * SECOND_US * np.arange(fixes) // (len(work.zones) // ZONES_EACH)
    return facts


def tables_of(work: Load) -> Tables:
    """Every zone an exclusion zone, always in force, threshold 1."""
    wearers, zones = len(work.zones) // ZONES_EACH, len(work.zones)
    eras = np.zeros(zones, ERA)
    eras["from_us"], eras["shape"], eras["threshold"] = EARLY_US, np.arange(zones), 1
    none = np.zeros(wearers, np.int64)
    return Tables(
        gap_us=np.full(wearers, 300 * SECOND_US, np.int64),
        fresh_us=np.full(wearers, 300 * SECOND_US, np.int64),
        pace_first=none,
        pace_last=none,
        paces=np.zeros(0, PACE),
        locates=np.ones(wearers, np.int8),
        fixed_line=np.zeros(wearers, np.bool_),
        rank=np.arange(wearers),
        check_first=none,
        check_last=none,
        check_t=np.zeros(0, np.int64),
        row_first=np.arange(wearers) * ZONES_EACH,
        row_last=np.arange(1, wearers + 1) * ZONES_EACH,
        rows=np.arange(zones),
        kind=np.full(zones, EXCLUSION, np.int8),
        era_first=np.arange(zones),
        era_last=np.arange(1, zones + 1),
        eras=eras,
        shapes=work.table.shapes,
        vlon=work.table.lon,
        vlat=work.table.lat,
        pen_up=work.table.pen_up,
    )


def reaches(work: Load, fixes: int) -> NDArray[np.float64]:
    """Metres beyond which a verdict is sure, whatever the distance."""
    return FAR_SIGMAS * np.maximum(work.acc[:fixes], ACC_FLOOR_M) / SIGMA_PER_ACC


class Loop:
    """The loop most people would write: a plane in metres at each zone, prepared geometries, one point at a time."""

    def __init__(self, work: Load, fixes: int) -> None:
        self.work, self.fixes = work, fixes
        self.planes: dict[int, tuple[Any, ...]] = {}
        for owner in np.unique(work.owner[:fixes]).tolist():
            for zone in range(owner * ZONES_EACH, (owner + 1) * ZONES_EACH):
                ring = np.array(work.zones[zone].polygons[0][0])
                middle = ring.mean(axis=0)
                scale = np.array(metres_per_degree(float(middle[1])))
                polygon = shapely.Polygon((ring - middle) * scale)
                edge = polygon.exterior
                shapely.prepare(polygon)
                shapely.prepare(edge)
                self.planes[zone] = (*middle.tolist(), *scale.tolist(), polygon, edge)

    def run(self) -> Verdicts:
        """A verdict a fix and zone."""
        work, found = self.work, []
        columns = (work.owner, work.lat, work.lon, work.acc, reaches(work, self.fixes))
        for owner, lat, lon, acc, reach in zip(*(c[: self.fixes].tolist() for c in columns), strict=True):
            for zone in range(owner * ZONES_EACH, (owner + 1) * ZONES_EACH):
                x, y, east, north, polygon, edge = self.planes[zone]
                point = shapely.Point((lon - x) * east, (lat - y) * north)
                inside = polygon.contains(point)
                metres = edge.distance(point) if edge.dwithin(point, reach) else reach
                found.append(verdict_of(metres if inside else -metres, acc))
        return np.array(found, np.int8)


def postgis(work: Load, fixes: int) -> tuple[float, float, Verdicts, dict[str, str]]:
    """Fixes a second to the verdict and to ST_Covers alone, the verdicts, and the versions."""
    with started_postgis() as (connection, versions):
        fill(connection, work, fixes)
        backend = psutil.Process(connection.info.backend_pid)
        total = f"SELECT sum(verdict) FROM ({VERDICT}) AS v"
        verdict_per_s = rate(fixes, lambda: connection.execute(total), 3, lambda: cpu_s(backend))
        covers_per_s = rate(fixes, lambda: connection.execute(COVERS), 3, lambda: cpu_s(backend))
        rows = connection.execute(f"SELECT verdict FROM ({VERDICT}) AS v ORDER BY no, zone").fetchall()
    return verdict_per_s, covers_per_s, np.array([row[0] for row in rows]).astype(np.int8), versions


def cpu_s(process: psutil.Process) -> float:
    """CPU time of a process so far, in seconds; the system counts in hundredths."""
    times = process.cpu_times()
    return float(times.user + times.system)


def fill(connection: psycopg.Connection, work: Load, fixes: int) -> None:
    """Zones and fixes as tables, indexed by owner."""
    connection.execute("CREATE TABLE zones (no int, owner int, shape geometry(Polygon, 4326), edge geography)")
    connection.execute(
        "CREATE TABLE fixes (no int, owner int, place geometry(Point, 4326), acc float8, reach_lon float8, reach_lat float8)"
    )
    with connection.cursor().copy("COPY zones (no, owner, shape) FROM STDIN") as copy:
        for no, zone in enumerate(work.zones):
            shape = shapely.set_srid(shapely.Polygon(zone.polygons[0][0]), 4326)
            copy.write_row((no, no // ZONES_EACH, shapely.to_wkb(shape, hex=True, include_srid=True)))
    reach = reaches(work, fixes) / 0.98
    scale = np.array([metres_per_degree(lat) for lat in work.lat[:fixes].tolist()])
    points = shapely.set_srid(shapely.points(work.lon[:fixes], work.lat[:fixes]), 4326)
    hexed = shapely.to_wkb(points, hex=True, include_srid=True)
    with connection.cursor().copy("COPY fixes FROM STDIN") as copy:
        for row in zip(
            range(fixes),
            work.owner.tolist(),
            hexed.tolist(),
            work.acc.tolist(),
            (reach / scale[:, 0]).tolist(),
            (reach / scale[:, 1]).tolist(),
            strict=False,
        ):
            copy.write_row(row)
    connection.execute("UPDATE zones SET edge = ST_Boundary(shape)::geography")
    connection.execute("CREATE INDEX ON zones (owner)")
    connection.execute("VACUUM FULL zones")
    connection.execute("VACUUM ANALYZE zones, fixes")


def against_postgis(work: Load, out: Verdicts, fixes_per_s: float, fixes: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Its figures, or null and why it could not be had."""
    try:
        verdict_per_s, covers_per_s, said, versions = postgis(work, fixes)
    except PartFailed as error:
        return {"ratio_to_postgis": None, "postgis_missing": str(error)}, {}
    return {
        "ratio_to_postgis": round(fixes_per_s / verdict_per_s, 1),
        "ratio_to_postgis_covers_alone": round(fixes_per_s / covers_per_s, 1),
        "postgis_per_s": round(verdict_per_s),
        "postgis_covers_alone_per_s": round(covers_per_s),
        "postgis_same_verdicts": round(float(np.mean(said == out[: len(said)])), 7),
    }, versions


def against_geopandas(
    work: Load, out: Verdicts, fixes_per_s: float, fixes: int
) -> tuple[dict[str, Any], dict[str, str]]:
    """Its figures, or null where the group `bench` is not installed."""
    try:
        from bench.geopandas_zones import Frames, versions  # noqa: PLC0415 - it is not in every environment
    except ImportError as error:
        return {"ratio_to_geopandas": None, "geopandas_missing": str(error)}, {}
    frames = Frames(work, fixes)
    said = frames.verdicts()
    verdict_per_s = rate(fixes, frames.verdicts, 3)
    covers_per_s = rate(fixes, frames.covers, 3)
    return {
        "ratio_to_geopandas": round(fixes_per_s / verdict_per_s, 1),
        "ratio_to_geopandas_covers_alone": round(fixes_per_s / covers_per_s, 1),
        "geopandas_per_s": round(verdict_per_s),
        "geopandas_covers_alone_per_s": round(covers_per_s),
        "geopandas_same_verdicts": round(float(np.mean(said == out[: len(said)])), 7),
    }, versions()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wearers", type=int, default=WEARERS)
    parser.add_argument("--fixes", type=int, default=FIXES)
    arguments = parser.parse_args()
    work = load(arguments.wearers, arguments.fixes)
    near = load(arguments.wearers, arguments.fixes // 4, about=(0.0, 0.0, 0.0, 0.7, 0.3))
    fixes_per_s, out, measured = ours(work)
    near_per_s, _, near_measured = ours(near)
    loop = Loop(work, min(LOOP_FIXES, arguments.fixes))
    said = loop.run()
    loop_per_s = rate(loop.fixes, loop.run, 3)
    again, _, _ = ours(work)
    by_postgis, versions = against_postgis(work, out, fixes_per_s, min(POSTGIS_FIXES, arguments.fixes))
    by_geopandas, theirs = against_geopandas(work, out, fixes_per_s, min(GEOPANDAS_FIXES, arguments.fixes))
    result = {
        "fixes_per_s": round(fixes_per_s),
        "fixes_per_s_later_in_the_run": round(again),
        **by_postgis,
        **by_geopandas,
        "ratio_to_loop": round(fixes_per_s / loop_per_s, 1),
        "loop_per_s": round(loop_per_s),
        "loop_same_verdicts": round(float(np.mean(said == out[: len(said)])), 7),
        "fold_fixes_per_s": round(folded(work, min(FOLD_FIXES, arguments.fixes))),
        "zones_measured_per_fix": round(measured / arguments.fixes, 4),
        "share_uncertain": round(float(np.mean(out == 0)), 6),
        "share_inside": round(float(np.mean(out > 0)), 6),
        "all_near_fixes_per_s": round(near_per_s),
        "all_near_zones_measured_per_fix": round(near_measured / (arguments.fixes // 4), 4),
        "share_at_edge_or_inside_drawn": AT_EDGE + INSIDE,
        "wearers": arguments.wearers,
        "zones_each": ZONES_EACH,
        "fixes": arguments.fixes,
        "cores": 1,
        "clock": "CPU time of the process that does the work",
    }
    command = f"python -m bench.geofence --wearers {arguments.wearers} --fixes {arguments.fixes}"
    write_result("geofence", result, command, versions | theirs)


if __name__ == "__main__":
    main()
