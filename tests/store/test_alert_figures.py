"""What is measured of alerts, over both editions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from alerts.desk import Desk, DeskGuide, Item, Wish
from alerts.desk_records import Contact, DeskRecords, Party
from alerts.machine import Actor
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from domain.records import Assessment, Device, Fitting, Order, Version, Wearer
from domain.rota import Shift
from domain.violations import FactId, Violation
from domain.vocabulary import (
    AlertEvent,
    AssessmentDecision,
    DeviceKind,
    Kind,
    OrderKind,
    Outcome,
    Role,
    Severity,
)
from store.alert_figures import AlertFigures, Load, OfLot, Precision, Quantiles, Raised, Served, Unclaimed
from tests.store.alert_making import PROTOCOLS, Made, alerts_at, resolve
from tests.store.made import NOON, change_of, violation_of

OLA = Actor("ola", Role.OPERATOR)
FROM_US, TO_US = NOON - DAY_US, NOON + DAY_US
TAMPER = Kind.STRAP_TAMPER


@dataclass
class Measured:
    """Alerts on wearers A, B and C; A and B wear tags of a bad lot."""

    made: Made
    figures: AlertFigures
    now_us: int = NOON

    def __post_init__(self) -> None:
        self.desk = Desk(self.made.work, self._guide, lambda: self.now_us)
        self.records = DeskRecords(self.made.work, self._guide, lambda: self.now_us)

    async def _guide(self) -> DeskGuide:
        return DeskGuide(PROTOCOLS, resolve)

    async def tamper(self, wearer: str, number: int, kind: Kind = TAMPER, **more: object) -> Violation:
        device = f"T{wearer}"
        values = {"kind": kind, "order": f"O{wearer}", "condition": None, "decided_us": self.now_us}
        facts = (FactId(device, 0, number),)
        found = replace(violation_of(f"{wearer}-{number}", **values), device=device, evidence=facts, **more)
        await self.made.commit([found])
        return found

    async def close(self, alert_no: int, outcome: Outcome) -> None:
        await self.desk.act(Item(alert_no), Wish(AlertEvent.CLOSE, outcome, "seen"), OLA)


@asynccontextmanager
async def measured(url: str) -> AsyncIterator[Measured]:
    lots = {"A": "2026-03", "B": "2026-03", "C": "2026-04"}
    records = [Version(Wearer(wearer)) for wearer in lots]
    for wearer, lot in lots.items():
        device = Device(f"T{wearer}", DeviceKind.GPS_TAG, model="M1", firmware="1.2", lot=lot)
        order = Order(f"O{wearer}", wearer, OrderKind.COMMUNITY, NOON - DAY_US, NOON + 9 * DAY_US, area="elham")
        fitting = Fitting(f"F{wearer}", device.id, NOON - DAY_US, wearer=wearer)
        records += [Version(device), Version(order), Version(fitting)]
    async with alerts_at(url, *records) as made:
        yield Measured(made, made.store.alert_figures)


async def test_raised_alerts_are_counted_by_kind_and_wearer_day(database_url: str) -> None:
    async with measured(database_url) as at:
        for wearer, number in (("A", 1), ("A", 2), ("B", 1)):
            await at.tamper(wearer, number)
        low = violation_of("C-1", kind=Kind.BATTERY_LOW, device="TC")
        await at.made.commit([low], [change_of(low, severity=Severity.WARNING)])
        # W1 has an order for a day and more of the range, A, B and C each from a day before noon: two days of each.
        days = 4 * 2
        assert await at.figures.raised(FROM_US, TO_US) == [
            Raised("strap_tamper", {Severity.CRITICAL: 3}, 3, 3 / days),
            Raised("battery_low", {Severity.WARNING: 1}, 1, 1 / days),
        ]
        assert await at.figures.raised(TO_US, TO_US + DAY_US) == []
        assert (await at.figures.raised(NOON, NOON + HOUR_US))[0].per_wearer_day == 3 / (4 / 24)


async def test_failure_20_a_flood_is_seen_for_what_it_is(database_url: str) -> None:
    async with measured(database_url) as at:
        shift = Shift("S1", Role.OPERATOR, "p1", "Ola", NOON - HOUR_US, NOON + HOUR_US)
        await at.made.store.rota.enter([shift, replace(shift, id="S2", person="p2")], "sam")
        storm = [violation_of(f"X{n}-1", decided_us=NOON + MINUTE_US) for n in range(21)]
        held = [violation_of(f"Y{n}-1", kind=Kind.COMMUNICATION_LOST, decided_us=NOON) for n in range(30)]
        quiet = [violation_of(f"Z{n}-1", kind=Kind.HOURS_SHORT, decided_us=NOON) for n in range(9)]
        changes = [change_of(one) for one in storm] + [change_of(one, grouped_under="outage-1") for one in held]
        changes += [change_of(one, severity=Severity.INFORMATION) for one in quiet]
        await at.made.commit([*storm, *held, *quiet], changes)
        loads = await at.figures.loads(NOON, NOON + 30 * MINUTE_US)
        assert loads == [Load(NOON, 21, 2), Load(NOON + 10 * MINUTE_US, 0, 2), Load(NOON + 20 * MINUTE_US, 0, 2)]
        assert [load.flood for load in loads] == [True, False, False]
        assert loads[0].per_operator == 10.5
        (dark,) = await at.figures.loads(NOON + 2 * HOUR_US, NOON + 2 * HOUR_US + 1)
        assert (dark.operators, dark.per_operator) == (0, 0.0)


async def test_delays_from_the_fix_to_the_closing(database_url: str) -> None:
    async with measured(database_url) as at:
        await at.tamper("A", 1, age_s=61.0)
        await at.tamper("B", 1, age_s=4000.0, late=True)
        at.now_us = NOON + 40 * SECOND_US
        await at.desk.act(Item(1), Wish(AlertEvent.CLAIM), OLA)
        rung = Contact(Party.VICTIM, answered=True)
        at.now_us = NOON + 100 * SECOND_US
        await at.records.contact(1, rung, OLA)
        await at.close(1, Outcome.CONFIRMED)
        assert await at.figures.delays(FROM_US, TO_US) == {
            "fix_to_alert": Quantiles(1, 61.0, 61.0, 61.0),
            "alert_to_claim": Quantiles(1, 40.0, 40.0, 40.0),
            "claim_to_close": Quantiles(1, 60.0, 60.0, 60.0),
            "alert_to_victim_told": Quantiles(1, 100.0, 100.0, 100.0),
        }
        assert await at.figures.delays(TO_US, TO_US + DAY_US) == {}
        assert await at.figures.unclaimed() == {Severity.CRITICAL: Unclaimed(1, NOON)}


async def test_outcomes_and_assessments_by_kind(database_url: str) -> None:
    async with measured(database_url) as at:
        for wearer in "ABC":
            await at.tamper(wearer, 1)
        await at.close(1, Outcome.FALSE)
        await at.close(2, Outcome.FALSE)
        await at.close(3, Outcome.CONFIRMED)
        upheld = Assessment("B1", "C-1", AssessmentDecision.UPHELD, "an officer", NOON)
        await at.made.learn(Version(upheld))
        assert await at.figures.outcomes(FROM_US, TO_US) == {"strap_tamper": {"confirmed": 1, "false": 2}}
        assert await at.figures.assessments(FROM_US, TO_US) == {"strap_tamper": {"disputed": 2, "upheld": 1}}


async def test_failure_08_the_precision_of_each_kind_is_measured_and_what_makes_it_poor(database_url: str) -> None:
    async with measured(database_url) as at:
        for number in range(1, 5):
            await at.tamper("A", number)
            await at.tamper("B", number)
        await at.tamper("C", 1)
        await at.tamper("C", 2, Kind.CASE_TAMPER)
        for alert_no in range(1, 9):
            await at.close(alert_no, Outcome.EQUIPMENT if alert_no % 2 else Outcome.FALSE)
        await at.close(9, Outcome.EXPLAINED)
        await at.close(10, Outcome.DUPLICATE)
        found = await at.figures.precision(FROM_US, TO_US)
        assert [one for one in found if one.what in (None, "lot")] == [
            Precision("strap_tamper", None, None, 1, 9),
            Precision("strap_tamper", "lot", "2026-03", 0, 8),
            Precision("strap_tamper", "lot", "2026-04", 1, 1),
        ]
        (poor,) = await at.figures.poor_kinds(TO_US)
        assert (poor.whole.kind, round(poor.whole.ratio, 3)) == ("strap_tamper", 0.111)
        assert poor.makers == {
            "firmware": [Precision("strap_tamper", "firmware", "1.2", 1, 9)],
            "lot": [Precision("strap_tamper", "lot", "2026-03", 0, 8)],
            "model": [Precision("strap_tamper", "model", "M1", 1, 9)],
            "place": [Precision("strap_tamper", "place", "elham", 1, 9)],
        }
        assert await at.figures.poor_kinds(TO_US + 29 * DAY_US) == [], "28 days, no more"
        # The officers look: most of them held after all.
        decided = [
            Assessment(f"B{wearer}{number}", f"{wearer}-{number}", AssessmentDecision.UPHELD, "an officer", NOON)
            for wearer in "AB"
            for number in range(1, 4)
        ]
        await at.made.learn(*map(Version, decided))
        assert (await at.figures.precision(FROM_US, TO_US))[0] == Precision("strap_tamper", None, None, 7, 9)


async def test_the_worst_served_wearers(database_url: str) -> None:
    async with measured(database_url) as at:
        for wearer, number in (("A", 1), ("A", 2), ("B", 1), ("C", 1)):
            await at.tamper(wearer, number)
        at.now_us = NOON + 90 * SECOND_US
        await at.close(1, Outcome.FALSE)
        await at.close(2, Outcome.EQUIPMENT)
        await at.close(3, Outcome.FALSE)
        await at.close(4, Outcome.CONFIRMED)
        assert await at.figures.worst_served(FROM_US, TO_US, 2) == [Served("A", 2, 2, 90.0), Served("B", 1, 1, 90.0)]


async def test_failure_09_one_query_gives_every_alert_and_breach_that_rests_on_devices_of_a_lot(
    database_url: str,
) -> None:
    async with measured(database_url) as at:
        await at.tamper("A", 1)
        inside = replace(violation_of("B-1"), evidence=(FactId("TC", 0, 1), FactId("TB", 0, 2)))
        clear = replace(violation_of("C-1"), evidence=(FactId("TC", 0, 3),))
        await at.made.commit([inside, clear])
        own = change_of(violation_of("parked-1", device="TA"), "parked_alarm:TA", kind="parked_alarm", wearer=None)
        await at.made.commit([], [replace(own, device="TA", violation_id="parked_alarm:TA")])
        await at.records.rests("breach", "BR-1", ["B-1", "C-1"], "an officer")
        await at.records.rests("arrest", "AR-2", ["A-1"], "an officer")
        await at.records.rests_no_more("arrest", "AR-2")
        await at.close(1, Outcome.CONFIRMED)
        found = await at.figures.of_lot("2026-03")
        assert found == [
            OfLot(1, "strap_tamper", "A", None, NOON, "closed", "confirmed", ["TA"], ["A-1"], ["arrest:AR-2"]),
            OfLot(2, "exclusion_zone", "B", None, NOON, "raised", None, ["TB"], ["B-1"], ["breach:BR-1"]),
            OfLot(4, "parked_alarm", None, None, NOON, "raised", None, ["TA"], [], []),
        ], "an arrest that is over was made all the same"
        assert await at.figures.of_lot("2020-01") == []
