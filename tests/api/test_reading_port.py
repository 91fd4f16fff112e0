"""One suite over the fake reading side and the real one: what `api.ports` says holds for both."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np

from domain.instants import FAR_US, MINUTE_US, SECOND_US
from domain.vocabulary import (
    AlertCondition,
    AlertWork,
    Change,
    Code,
    EventCode,
    EventState,
    Kind,
    OrderState,
    Quality,
    Severity,
    Source,
)
from store.alert_figures import Load, Unclaimed
from store.reading_health import RestRow, StretchRow
from store.reading_types import AlertFilter, ViolationFilter
from tests.api.fake_reading import kinds, severities, states
from tests.api.sides import Side
from tests.store.made import NOON, change_of, fixes_of, violation_of, wearer_records, work_of

HOUR_AGO = NOON - 60 * MINUTE_US
MANY = 1000


async def with_people(side: Side, *numbers: int) -> None:
    for number in numbers:
        await side.learn(wearer_records(f"W{number}", f"T{number}"))


async def test_an_empty_database_has_nothing(side: Side) -> None:
    reading = side.reading
    assert await reading.ready() is None
    assert await reading.wearers(None, MANY) == []
    assert await reading.devices(None, MANY) == []
    assert await reading.positions(None, MANY) == []
    assert len(await reading.trail("W1", 0, NOON, None, MANY)) == 0
    assert await reading.violations(ViolationFilter(), None, MANY) == []
    assert await reading.alerts(AlertFilter(), None, MANY) == []
    assert await reading.events(0, MANY) == []
    assert (await reading.wearer("W1"), await reading.alert(1), await reading.versions_of("W1-1")) == (None, None, [])
    assert (await reading.newest_event(), await reading.oldest_event()) == (0, 0)
    counts = await reading.counts()
    assert (counts.at_us, counts.wearers, counts.devices, counts.orders_active, counts.facts) == (None, 0, 0, 0, 0)
    assert counts.order_states == dict.fromkeys(OrderState, 0)


async def test_wearers_and_devices_by_id_a_page_at_a_time(side: Side) -> None:
    await with_people(side, 3, 1, 2)
    await side.commit(work_of(0, side.roster, fixes_of(side.roster.index["T2"], [1, 2], HOUR_AGO)))
    first = await side.reading.wearers(None, 2)
    assert [row.id for row in first] == ["W1", "W2"]
    assert [row.id for row in await side.reading.wearers("W2", 2)] == ["W3"]
    assert first[1].record["name"] == "Invented W2"
    assert "type" not in first[1].record
    assert (first[1].orders, first[1].devices) == (("O-W2",), ("T2",))
    assert await side.reading.wearer("W2") == first[1]
    devices = await side.reading.devices("T1", MANY)
    assert [(row.id, row.wearer, row.victim) for row in devices] == [("T2", "W2", None), ("T3", "W3", None)]
    assert [row.heard_us for row in devices] == [HOUR_AGO + SECOND_US + 500_000, None]
    assert devices[0].record["kind"] == "gps_tag"


async def test_positions_are_the_newest_fix_that_may_be_drawn(side: Side) -> None:
    await with_people(side, 1, 2)
    facts = fixes_of(side.roster.index["T1"], [1, 2, 3, 4], HOUR_AGO)
    facts["quality"] = [Quality.OK, Quality.OK, Quality.INACCURATE, Quality.IMPLAUSIBLE]
    facts["spd"][2] = np.nan
    await side.commit(work_of(0, side.roster, facts[[2, 0, 3, 1]]))
    await side.commit(work_of(0, side.roster, fixes_of(side.roster.index["T2"], [7], HOUR_AGO)))
    first, second = await side.reading.positions(None, MANY)
    assert (first.wearer, first.seq, first.quality, first.src) == ("W1", 3, "inaccurate", "gps")
    assert (first.lat, first.lon, first.acc, first.spd, first.hdg) == (51.25, 0.5, 8.0, None, 90.0)
    assert (second.wearer, second.seq, second.spd) == ("W2", 7, 1.25)
    assert await side.reading.positions("W1", MANY) == [second]
    assert await side.reading.positions(None, 1) == [first]


async def test_a_trail_is_all_fixes_in_order_half_open_a_page_at_a_time(side: Side) -> None:
    await with_people(side, 1, 2)
    facts = fixes_of(side.roster.index["T1"], [5, 6, 7, 8, 9], HOUR_AGO)
    facts["quality"][3] = Quality.ZERO
    await side.commit(work_of(0, side.roster, facts[[4, 2, 0, 1, 3]]))
    await side.commit(work_of(0, side.roster, fixes_of(side.roster.index["T2"], [1], HOUR_AGO)))
    until = HOUR_AGO + 4 * SECOND_US
    rows = (await side.reading.trail("W1", HOUR_AGO + SECOND_US, until, None, MANY)).rows()
    assert [(row.seq, row.quality, row.wearer) for row in rows] == [
        (6, "ok", "W1"),
        (7, "ok", "W1"),
        (8, "zero", "W1"),
    ]
    assert (await side.reading.trail("W1", HOUR_AGO + SECOND_US, until, None, 2)).rows() == rows[:2]
    after = (rows[1].t_us, rows[1].device, rows[1].gen, rows[1].seq)
    assert (await side.reading.trail("W1", HOUR_AGO + SECOND_US, until, after, 2)).rows() == rows[2:]


async def test_a_trail_backwards_is_of_used_fixes_and_what_did_not_come_is_counted(side: Side) -> None:
    await with_people(side, 1)
    facts = fixes_of(side.roster.index["T1"], [5, 6, 8, 11], HOUR_AGO)
    facts["quality"][2], facts["src"][0] = Quality.ZERO, Source.LBS
    await side.commit(work_of(0, side.roster, facts))
    later = NOON + MINUTE_US
    rows = await side.reading.trail_backwards("W1", HOUR_AGO, later, MANY)
    assert [row.seq for row in rows] == [11, 6]
    assert await side.reading.trail_backwards("W1", HOUR_AGO, rows[0].t_us, MANY) == rows[1:]
    assert await side.reading.trail_backwards("W1", HOUR_AGO, later, 1) == rows[:1]
    (counted,) = await side.reading.facts_between("W1", HOUR_AGO, later)
    assert (counted.device, counted.gen, counted.facts, counted.missing) == ("T1", 0, 4, 3)
    assert counted._replace(device="owntracks_jane_phone").missing == 0, "it numbers nothing"
    assert await side.reading.facts_between("W1", HOUR_AGO, HOUR_AGO + 1) == [counted._replace(facts=1, high=5)]
    assert await side.reading.facts_between("W2", HOUR_AGO, later) == []


async def test_the_devices_on_a_wearer_and_what_came_of_them(side: Side) -> None:
    await with_people(side, 1, 2)
    device = side.roster.index["T1"]
    facts = np.concatenate([fixes_of(device, [5, 6, 8, 11], HOUR_AGO), fixes_of(device, [12, 13], HOUR_AGO)])
    facts["line"] = np.arange(6)
    facts["bat"][:4] = [80, 79, np.nan, np.nan]
    facts["is_event"][4:], facts["code"][4:] = True, EventCode.REST
    facts["state"][4:] = [EventState.START, EventState.END]
    await side.commit(work_of(0, side.roster, facts))
    (fitted,) = await side.reading.devices_on("W1", HOUR_AGO, NOON)
    assert (fitted.device, fitted.record["kind"], fitted.to_us) == ("T1", "gps_tag", FAR_US)
    assert fitted.heard_us == HOUR_AGO + 3 * SECOND_US + 500_000
    assert (fitted.battery, fitted.battery_us) == (79.0, HOUR_AGO + SECOND_US)
    edges = [HOUR_AGO, HOUR_AGO + SECOND_US, HOUR_AGO + 2 * SECOND_US, HOUR_AGO + 3 * SECOND_US, NOON]
    came = await side.reading.fixes_by_stretch("W1", edges)
    assert came == [StretchRow(fitted.fitting, n, 1) for n in range(4)]
    assert await side.reading.fixes_by_stretch("W1", [edges[0], edges[2]]) == [StretchRow(fitted.fitting, 0, 2)]
    starts, ends = await side.reading.rests("W1", HOUR_AGO, NOON)
    assert starts == RestRow(fitted.fitting, HOUR_AGO, True)
    assert ends == RestRow(fitted.fitting, HOUR_AGO + SECOND_US, False)
    assert await side.reading.rests("W1", HOUR_AGO + SECOND_US, NOON) == [ends]
    assert await side.reading.devices_on("W1", 0, 1) == await side.reading.rests("W2", HOUR_AGO, NOON) == []


async def test_what_permits_positions_comes_as_it_is_learnt(side: Side) -> None:
    await with_people(side, 1)
    begins = (0, -(1 << 31), 0)
    first, place = await side.reading.permit_records(begins)
    assert [type(one.record).__name__ for one in first] == ["Order", "Condition"]
    assert await side.reading.permit_records(place) == ([], place)
    await side.learn(wearer_records("W2", "T2"))
    more, after = await side.reading.permit_records(place)
    assert [one.record.id for one in more] == ["O-W2", "C-W2"]
    assert await side.reading.permit_records(after) == ([], after)


async def test_the_violations_of_alerts_that_are_not_closed(side: Side) -> None:
    await with_people(side, 1, 2)
    zone = violation_of("W1-1", from_us=HOUR_AGO, to_us=None)
    shut = violation_of("W2-1", from_us=HOUR_AGO, to_us=NOON)
    gone = replace(violation_of("W2-2", from_us=HOUR_AGO), change=Change.WITHDRAWN)
    taken_back = change_of(gone, withdrawn=True)
    alerts = [change_of(zone), change_of(shut), taken_back]
    await side.commit(work_of(0, side.roster, versions=[zone, shut, gone], alerts=alerts))
    assert sorted(await side.reading.open_spans()) == [("W1", HOUR_AGO, None), ("W2", HOUR_AGO, NOON)]
    assert await side.reading.open_spans(["W2"]) == [("W2", HOUR_AGO, NOON)]


async def test_violations_the_one_that_was_opened_last_first_with_filters(side: Side) -> None:
    await with_people(side, 1)
    zone = violation_of("W1-1", from_us=NOON, to_us=None)
    shut = replace(zone, version=2, change=Change.CLOSED, to_us=NOON + MINUTE_US)
    curfew = violation_of("W1-2", kind=Kind.CURFEW, code=Code.AL08, condition="C2", from_us=NOON + 2 * MINUTE_US)
    other = violation_of("W2-1", kind=Kind.ZONE_EDGE, from_us=NOON + 3 * MINUTE_US)
    gone = replace(other, version=2, change=Change.WITHDRAWN)
    await side.commit(work_of(0, side.roster, versions=[zone, curfew, other]))
    await side.commit(work_of(0, side.roster, versions=[shut, gone]))

    async def found(before: int | None = None, limit: int = MANY, **wanted: Any) -> list[str]:
        rows = await side.reading.violations(ViolationFilter(**wanted), before, limit)
        return [violation.id for _, violation in rows]

    rows = await side.reading.violations(ViolationFilter(), None, MANY)
    assert [violation for _, violation in rows] == [curfew, shut]
    assert await found(current=False) == ["W2-1", "W1-2", "W1-1"]
    assert await found(rows[0][0]) == ["W1-1"]
    assert await found(limit=1) == ["W1-2"]
    assert await found(wearer="W2", current=False) == ["W2-1"]
    assert await found(kinds=(Kind.CURFEW, Kind.SOS)) == ["W1-2"]
    assert await found(condition="C1") == ["W1-1"]
    assert await found(open=True) == ["W1-2"]
    assert await found(open=False) == ["W1-1"]
    assert await found(from_us=NOON + MINUTE_US) == ["W1-2", "W1-1"]
    assert await found(from_us=NOON + MINUTE_US + 1) == ["W1-2"]
    assert await found(to_us=NOON + MINUTE_US) == ["W1-1"]
    assert await side.reading.versions_of("W1-1") == [zone, shut]


async def test_a_violation_that_gets_a_version_while_somebody_reads_on_is_still_on_a_page(side: Side) -> None:
    await with_people(side, 1)
    opened = [violation_of(f"W1-{n}", from_us=NOON + n * MINUTE_US, to_us=None) for n in range(1, 6)]
    await side.commit(work_of(0, side.roster, versions=opened))
    first = await side.reading.violations(ViolationFilter(), None, 2)
    shut = replace(opened[1], version=2, change=Change.CLOSED, to_us=NOON + 9 * MINUTE_US)
    await side.commit(work_of(0, side.roster, versions=[shut]))
    rest = await side.reading.violations(ViolationFilter(), first[-1][0], MANY)
    assert [(one.id, one.version) for _, one in [*first, *rest]] == [
        *(("W1-5", 1), ("W1-4", 1), ("W1-3", 1)),
        *(("W1-2", 2), ("W1-1", 1)),
    ]


async def test_alerts_newest_first_with_filters_one_an_episode(side: Side) -> None:
    await with_people(side, 1)
    zone = violation_of("W1-1", decided_us=NOON)
    joined = violation_of("W1-2", decided_us=NOON + MINUTE_US, to_us=NOON)
    edge = violation_of("W2-1", kind=Kind.ZONE_EDGE, decided_us=NOON + MINUTE_US, to_us=NOON + 1)
    gone = violation_of("W2-2", decided_us=NOON)
    changes = [
        change_of(zone),
        change_of(joined, "W1-1", state=AlertCondition.ACTIVE),
        change_of(edge, severity=Severity.WARNING),
        change_of(gone, withdrawn=True),
    ]
    await side.commit(work_of(0, side.roster, versions=[zone, joined, edge, gone], alerts=changes))

    async def found(before: tuple[int, int] | None = None, limit: int = MANY, **wanted: Any) -> list[str]:
        rows = await side.reading.alerts(AlertFilter(**wanted), before, limit)
        return [row.episode for row in rows]

    rows = await side.reading.alerts(AlertFilter(), None, MANY)
    assert [row.episode for row in rows] == ["W2-1", "W1-1"]
    assert (rows[1].raised_us, rows[1].changed_us) == (NOON, NOON + MINUTE_US)
    assert rows[1].violations == ("W1-1", "W1-2")
    assert await found((rows[0].raised_us, rows[0].no)) == ["W1-1"]
    assert await found(limit=1) == ["W2-1"]
    assert await found(wearer="W1") == ["W1-1"]
    assert await found(severities=(Severity.WARNING, Severity.SERIOUS)) == ["W2-1"]
    assert await found(state=AlertCondition.ACTIVE) == ["W1-1"]
    assert await found(withdrawn=True, wearer="W2") == ["W2-1", "W2-2"]
    assert await found(works=(AlertWork.RAISED, AlertWork.CLAIMED)) == ["W2-1", "W1-1"]
    assert await found(works=(AlertWork.CLOSED,)) == await found(holder="ola") == []
    assert await side.reading.alert(rows[1].no) == rows[1]
    assert await side.reading.alert(rows[0].no + MANY) is None


async def test_events_in_order_with_the_alert_as_it_then_was(side: Side) -> None:
    await with_people(side, 1)
    zone = violation_of("W1-1")
    shut = replace(zone, version=2, change=Change.CLOSED, to_us=NOON + MINUTE_US)
    await side.commit(work_of(0, side.roster, versions=[zone], alerts=[change_of(zone)]))
    middle = await side.reading.newest_event()
    await side.commit(work_of(0, side.roster, versions=[shut], alerts=[change_of(shut)]))
    rows = await side.reading.events(0, MANY)
    assert [row.topic for row in rows] == ["violation", "alert", "violation", "alert"]
    assert [row.body.get("state") for row in rows] == [None, "active", None, "cleared"]
    assert rows[2].body == shut.as_json()
    (alert,) = await side.reading.alerts(AlertFilter(), None, MANY)
    assert rows[3].body == alert.as_json()
    assert [row.no for row in rows] == sorted({row.no for row in rows})
    assert await side.reading.events(middle, MANY) == rows[2:]
    assert await side.reading.events(0, 1) == rows[:1]
    assert (await side.reading.oldest_event(), await side.reading.newest_event()) == (rows[0].no, rows[-1].no)


async def test_who_listens_is_woken_after_each_commit(side: Side) -> None:
    await with_people(side, 1)
    async with side.reading.listen() as wakes, asyncio.timeout(20):
        for number in range(3):
            zone = violation_of(f"W1-{number + 1}")
            await side.commit(work_of(0, side.roster, versions=[zone], alerts=[change_of(zone)]))
            await anext(wakes)
            assert (await side.reading.events(0, MANY))[-1].body["violations"] == [zone.id]


async def test_alerts_that_nobody_has_and_how_much_came(side: Side) -> None:
    await with_people(side, 1)
    early = NOON - 5 * MINUTE_US
    zone, edge, held, gone, low = (violation_of(f"W{number}-1") for number in range(1, 6))
    changes = [
        change_of(zone, raised_us=early),
        change_of(edge, raised_us=early + 1),
        change_of(held, raised_us=early, grouped_under="outage-1"),
        change_of(gone, withdrawn=True, state=AlertCondition.CLEARED),
        change_of(low, raised_us=early, severity=Severity.INFORMATION),
    ]
    await side.commit(work_of(0, side.roster, versions=[zone, edge, held, gone, low], alerts=changes))
    now = await side.reading.alerts_now()
    assert now.at_us == NOON
    critical, information = Unclaimed(2, early), Unclaimed(1, early)
    assert now.unclaimed == {Severity.CRITICAL: critical, Severity.INFORMATION: information}
    assert now.load == Load(NOON - 10 * MINUTE_US, 2, 0)
    assert (len(now.minutes), sum(now.minutes), now.minutes[-1]) == (60, 4, 1)
    assert (now.outages, now.silent) == (0, 0)


async def test_counts_are_of_what_stands(side: Side) -> None:
    await with_people(side, 1, 2)
    zone = violation_of("W1-1")
    shut = violation_of("W1-2", to_us=NOON)
    gone = violation_of("W2-1", 2, change=Change.WITHDRAWN)
    changes = [change_of(zone), change_of(shut), change_of(gone, withdrawn=True, state=AlertCondition.CLEARED)]
    facts = fixes_of(side.roster.index["T1"], [1, 2, 3], NOON)
    await side.commit(work_of(0, side.roster, facts, versions=[zone, shut, gone], alerts=changes))
    await side.publish(states(monitored=5, communication_lost=2))
    counts = await side.reading.counts()
    assert (counts.wearers, counts.devices, counts.facts, counts.at_us) == (2, 2, 3, NOON + 2 * SECOND_US)
    assert counts.orders_active == sum(counts.order_states.values()) == 7
    assert counts.violations_open == kinds(exclusion_zone=1)
    assert counts.alerts_active == severities(critical=1)
    assert all(0.9 < share <= 1.0 for share in counts.headroom.values())
