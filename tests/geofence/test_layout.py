"""Tables that are made anew where the caseload has changed are the tables that are made anew as a whole."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from bailiwick.timezones import pinned_time_zones
from domain.facts import Roster
from domain.instants import DAY_US, EARLY_US, HOUR_US, parse_instant
from domain.records import (
    Absence,
    Assessment,
    Circle,
    Condition,
    Device,
    EquipmentCheck,
    Fitting,
    Order,
    Place,
    Polygons,
    Record,
    Suspension,
    Version,
    Victim,
    Visit,
    Wearer,
    Zone,
)
from domain.vocabulary import AssessmentDecision, ConditionKind, DeviceKind, OrderKind, VisitKind, VisitOutcome
from geofence.clusters import Clusters
from geofence.flat import Flat
from geofence.layout import Layout, Planner
from geofence.rules import Rules
from geofence.shapes import table_of
from geofence.tables import Tables
from geofence.unmonitored import order_table

BEGUN = parse_instant("2026-11-01T09:00:00Z")
PEOPLE = 6
PLAIN = ("gap_us", "fresh_us", "locates", "fixed_line", "rank", "kind", "pairs")
LISTS = (
    ("pace_first", "pace_last", "paces"),
    ("check_first", "check_last", "check_t"),
    ("row_first", "row_last", "rows"),
)
SQUARE = ((0.0, 51.0), (0.1, 51.0), (0.1, 51.1), (0.0, 51.1), (0.0, 51.0))


def _any_condition(rng: Random, name: str, at_us: int) -> Condition:
    kind = rng.choice([*ConditionKind])
    more: dict[str, Any] = {"from_us": rng.choice([None, at_us])}
    if kind in (ConditionKind.EXCLUSION_ZONE, ConditionKind.INCLUSION_ZONE, ConditionKind.RESTRICTION_ZONE):
        shape = rng.choice([None, Circle(rng.random(), 51.0, 100.0), Polygons(((SQUARE,),))])
        more |= {"shape": shape} if shape is not None else {"zone": f"Z{rng.randrange(2)}"}
        more |= {"buffer_m": rng.choice([0.0, 50.0]), "threshold_points": rng.randrange(3)}
    elif kind in (ConditionKind.CURFEW, ConditionKind.ATTENDANCE, ConditionKind.PRESENCE_CHECK):
        unit = rng.choice([None, None, f"D{rng.randrange(2 * PEOPLE)}"])
        more["place"] = Place(rng.choice(["", "home"]), rng.random(), 51.0, rng.choice([50.0, 80.0]), unit)
    elif kind is ConditionKind.PROXIMITY:
        more |= {"victim": f"V{rng.randrange(2)}", "alert_m": 500.0}
    elif kind is ConditionKind.ASSOCIATION:
        more["other_wearer"] = f"W{rng.randrange(PEOPLE)}"
    return Condition(name, f"O{rng.randrange(PEOPLE)}", kind, **more)


def _any_record(rng: Random, at_us: int) -> Record:
    no, to_us = rng.randrange(PEOPLE), rng.choice([None, at_us + DAY_US])
    device, wearer = f"D{rng.randrange(2 * PEOPLE)}", f"W{no}"
    visit = Visit(f"X{no}", wearer, VisitKind.INSPECT, at_us - HOUR_US, VisitOutcome.DONE)
    fitting = Fitting(f"F{rng.randrange(PEOPLE)}", device, at_us - DAY_US, to_us, wearer=wearer)
    made: list[Record] = [
        Wearer(wearer),
        Victim(f"V{no % 2}"),
        Device(device, rng.choice([*DeviceKind]), rng.choice([60, 600])),
        fitting,
        Fitting(fitting.id, device, at_us - DAY_US, to_us, victim=f"V{no % 2}"),
        Order(f"O{no}", wearer, OrderKind.BAIL, BEGUN, to_us, atv_allowance_min=rng.choice([None, 60.0])),
        Zone(f"Z{no % 2}", Circle(0.5, 51.0 + rng.random(), 200.0)),
        _any_condition(rng, f"C{rng.randrange(2 * PEOPLE)}", at_us),
        _any_condition(rng, f"C{rng.randrange(2 * PEOPLE)}", at_us),
        Absence("A1", f"C{no}", at_us, to_us),
        Suspension("S1", f"O{no}", at_us, to_us),
        visit,
        EquipmentCheck("E1", device, at_us),
        Assessment("B1", f"W{no}-1", AssessmentDecision.UPHELD, at_us=at_us),
    ]
    return rng.choice(made)


def _everybody() -> list[Version]:
    people: list[Record] = [Wearer(f"W{no}") for no in range(PEOPLE - 1)] + [Victim("V0")]
    people += [Device(f"D{no}", DeviceKind.GPS_TAG) for no in range(PEOPLE)]
    people += [Order(f"O{no}", f"W{no}", OrderKind.BAIL, BEGUN) for no in range(PEOPLE - 1)]
    people += [Zone("Z0", Circle(0.5, 51.0, 200.0)), Zone("Z1", Circle(0.6, 51.0, 200.0))]
    return [Version(record) for record in people]


def _names_something_unknown(rules: Rules, record: Record) -> bool:
    """What an import refuses: a reference to nothing."""
    known = rules.book.party_index
    if isinstance(record, Fitting):
        who = ("wearer", record.wearer) if record.wearer else ("victim", str(record.victim))
        return who not in known or rules.book.newest(Device, record.device) is None
    if isinstance(record, Order | Visit):
        return ("wearer", record.wearer) not in known
    if isinstance(record, Condition):
        return rules.book.newest(Order, record.order) is None
    return False


def _said(tables: Tables) -> dict[str, Any]:
    """Tables without the numbers of rows that only they know."""
    said: dict[str, Any] = {name: getattr(tables, name).tolist() for name in PLAIN}
    for first, last, rows in LISTS:
        spans = zip(getattr(tables, first), getattr(tables, last), strict=True)
        said[rows] = [getattr(tables, rows)[a:b].tolist() for a, b in spans]
    said["pairs_of"] = [tables.pairs_of[a:b].tolist() for a, b in zip(tables.pair_first, tables.pair_last, strict=True)]
    said["eras"] = [
        [_era(tables, era) for era in tables.eras[a:b]] for a, b in zip(tables.era_first, tables.era_last, strict=True)
    ]
    return said


def _era(tables: Tables, era: Any) -> list[Any]:
    values = list(era.tolist())
    place = era.dtype.names.index("shape")
    if values[place] >= 0:
        shape = tables.shapes[values[place]]
        span = slice(shape["first"], shape["last"])
        vertices = [of[span].tolist() for of in (tables.vlon, tables.vlat, tables.pen_up)]
        values[place] = [*shape.tolist()[3:], int(shape["kind"]), *vertices]
    return values


def _said_of(layout: Layout) -> dict[str, Any]:
    plain = {"cases": layout.cases, "case_of_row": layout.case_of_row, "kinds": layout.kinds, "named": layout.named}
    return plain | {"cases_of": layout.cases_of, "units": layout.units, "atv": layout.atv} | _said(layout.tables)


def _together(labels: Any) -> list[list[int]]:
    """Who has the same label, whatever the labels are."""
    return sorted(np.flatnonzero(labels == label).tolist() for label in np.unique(labels))


@pytest.mark.parametrize("seed", range(12))
def test_any_changes_of_the_caseload_give_the_same_tables_as_from_the_start(seed: int) -> None:
    rng = Random(f"layout {seed}")
    rules = Rules(Roster(), _everybody(), pinned_time_zones())
    for step in range(60):
        at_us = BEGUN + step * HOUR_US
        record = _any_record(rng, at_us)
        if _names_something_unknown(rules, record):
            continue
        holds_us = rng.choice([EARLY_US, at_us, at_us - DAY_US])
        rules.learn(Version(record, holds_us, at_us, cancelled=rng.random() < 0.1))
        if rng.random() < 0.6:
            continue  # several changes before the tables are wanted
        rules.relay_out()
        fresh = Planner(rules.book, rules.planner.owners)
        whole = fresh.layout()
        assert fresh.owners == rules.planner.owners
        assert _said_of(rules.world.layout) == _said_of(whole), f"seed {seed}, step {step}"
        clusters = Clusters()
        clusters.renew(rules.world)
        assert _together(rules.clusters.of_device) == _together(clusters.of_device)
        assert rules.clusters.is_unit.tolist() == clusters.is_unit.tolist()
        assert _rows(rules.clusters.fittings) == _rows(clusters.fittings)
        orders, again = rules.orders(), order_table(rules.book)
        assert (orders.ids, orders.suspended, orders.start.tolist()) == (
            again.ids,
            again.suspended,
            again.start.tolist(),
        )


def _rows(flat: Flat) -> list[list[Any]]:
    return [flat.rows[a:b].tolist() for a, b in zip(flat.first, flat.last, strict=True)]


@pytest.mark.parametrize("seed", range(4))
def test_lists_of_many_owners_are_what_was_put_last(seed: int) -> None:
    rng = Random(f"flat {seed}")
    flat, expected = Flat(np.int64), dict[int, list[int]]()
    owners = 0
    for _ in range(400):
        owners = max(owners, rng.randrange(50))
        which = rng.sample(range(owners), rng.randrange(owners + 1)) if owners else []
        lists = [[rng.randrange(1000) for _ in range(rng.choice([0, 1, 30]))] for _ in which]
        flat.put(which, lists, owners)
        expected |= dict(zip(which, lists, strict=True))
        assert [flat.rows[a:b].tolist() for a, b in zip(flat.first, flat.last, strict=True)] == [
            expected.get(owner, []) for owner in range(owners)
        ]
        owner, place = flat.places()
        assert flat.rows[place].tolist() == [value for k in range(owners) for value in expected.get(k, [])]
        assert owner.tolist() == [k for k in range(owners) for _ in expected.get(k, [])]
    assert len(flat.rows) < 20_000, "what is nobody's any more is let go"


def test_shapes_keep_their_row_when_more_come() -> None:
    from geofence.shapes import ShapeRows  # noqa: PLC0415 - beside what it is compared with

    shapes = [Circle(0.1 * k, 51.0, 100.0 + k) if k % 2 else Polygons(((SQUARE,),)) for k in range(9)]
    rows = ShapeRows()
    assert [rows.row_of(shape) for shape in shapes[:4]] == [0, 1, 2, 3]
    rows.table()
    assert [rows.row_of(shape) for shape in shapes] == list(range(9))
    table, whole = rows.table(), table_of(shapes)
    assert table.shapes.tolist() == whole.shapes.tolist()
    assert (table.lon.tolist(), table.lat.tolist()) == (whole.lon.tolist(), whole.lat.tolist())
    assert table.pen_up.tolist() == whole.pen_up.tolist()
