"""Mass outages at their boundaries (rules.md 11), with the alerts that they hold; failure 20."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import pytest

from domain.commits import AlertChange
from domain.networks import Network, network_of
from domain.records import Condition, Fitting, Version, Victim
from domain.vocabulary import AlertCondition, ConditionKind, Level, Severity
from domain.wire_items import Net
from tests.rules.outages_made import ANYWHERE, LOST_S, T0, Story, curfew, fleet, hours

ONE = Net(mcc=234, mnc="15", tac=1)
TWO = Net(mcc=234, mnc="10", tac=1)
OPENS_S = LOST_S
HOLD_S, TAIL_S, RETURN_S, LASTING_S = 600, 900, 300, 14_400


def silent(size: int, until_s: float = LOST_S, net: Net | None = None) -> Story:
    """Everybody was heard at noon and never again; a tick a second before and at the instant of their loss."""
    return Story(fleet(size)).beat(range(size), net=net).tick(1, until_s - 1, until_s)


def at(cell: int, net: Net = ONE) -> Net:
    return Net(mcc=net.mcc, mnc=net.mnc, tac=net.tac, cell=cell)


# ---- when it opens ----


@pytest.mark.parametrize(("lost", "incidents"), [(49, 0), (50, 1)])
def test_fifty_devices_make_an_outage_and_forty_nine_do_not(lost: int, incidents: int) -> None:
    ran = silent(lost).every_way()
    assert len(ran.incidents) == incidents
    grouped = {change.grouped_under for change in ran.alerts if change.kind == "communication_lost"}
    assert grouped == ({"outage-1"} if incidents else {None})


@pytest.mark.slow
@pytest.mark.parametrize(("fleet_size", "incidents"), [(2500, 1), (2501, 0)])
def test_exactly_two_percent_of_those_in_contact_are_enough(fleet_size: int, incidents: int) -> None:
    story = silent(fleet_size).beat(range(50, fleet_size), LOST_S - 10)
    assert len(story.ran().incidents) == incidents


@pytest.mark.parametrize(("later_s", "incidents"), [(299.999, 1), (300, 0)])
def test_losses_count_for_less_than_300_s(later_s: float, incidents: int) -> None:
    story = Story(fleet(50)).beat(range(25)).beat(range(25, 50), later_s).tick(1, LOST_S, LOST_S + later_s)
    assert len(story.every_way().incidents) == incidents


def test_a_loss_that_is_over_does_not_count() -> None:
    story = Story(fleet(50)).beat(range(50)).beat(range(25, 50), 100).tick(1, LOST_S)
    story.beat(range(1), LOST_S + 50).tick(LOST_S + 100)
    assert story.every_way().incidents == []


def test_those_in_contact_are_of_the_newest_tick_at_least_300_s_ago() -> None:
    story = Story(fleet(3)).tick(0, 10, 300, 305, 310)
    ran = story.ran()
    outage, silence = ran.rules.outage, ran.rules.silence
    for at_s, in_contact in ((320, 7), (400, 6), (619, 6)):
        silence.in_contact = in_contact
        outage.tick(0, T0 + at_s * 1_000_000)
    assert outage.in_contact[0][1] == 0, "nobody was, after 300 s"
    outage.tick(0, T0 + 620 * 1_000_000)
    assert outage.in_contact[0] == (T0 + 320 * 1_000_000, 7)
    silence.in_contact = 5
    outage.tick(0, T0 + 699 * 1_000_000)
    assert outage.in_contact[0][1] == 7
    outage.tick(0, T0 + 700 * 1_000_000)
    assert outage.in_contact[0][1] == 6


def test_there_is_one_incident_at_a_time_and_it_takes_in_what_it_explains() -> None:
    story = Story(fleet(120)).beat(range(120), apart_s=0.5).tick(*range(0, 420, 5))
    ran = story.every_way()
    assert {version.id for version in ran.incidents} == {"outage-1"}
    assert [version.version for version in ran.incidents] == list(range(1, len(ran.incidents) + 1))
    assert ran.taken() == {f"T{n}" for n in range(120)}
    assert sum(len(version.taken) for version in ran.incidents) == 120
    last = ran.incidents[-1]
    assert (last.devices, last.silent, last.closed_us) == (120, 120, None)


# ---- what it explains ----


def test_a_device_of_a_carrier_that_works_is_alerted_as_ever() -> None:
    story = Story(fleet(160)).beat(range(60), net=ONE).beat(range(60, 160), net=TWO)
    story.beat(range(61, 160), 200, net=TWO).tick(1, LOST_S - 1, LOST_S, LOST_S + 1)
    ran = story.every_way()
    assert ran.taken() == {f"T{n}" for n in range(60)}
    alone = ran.alone()
    assert alone["communication_lost W60"] is None
    assert alone["communication_lost W59"] == "outage-1"
    assert ran.networks == 160, "a device that tells the same again has not changed"


@pytest.mark.parametrize(("lost", "taken"), [(9, 60), (10, 70)])
def test_a_carrier_needs_ten_losses_of_its_own(lost: int, taken: int) -> None:
    story = Story(fleet(60 + lost)).beat(range(60), net=ONE).beat(range(60, 60 + lost), net=TWO).tick(1, LOST_S)
    assert len(story.every_way().taken()) == taken


@pytest.mark.slow
@pytest.mark.parametrize(("others", "taken"), [(490, 70), (491, 60)])
def test_a_carrier_needs_two_percent_of_its_own(others: int, taken: int) -> None:
    story = Story(fleet(70 + others)).beat(range(60), net=ONE).beat(range(60, 70 + others), net=TWO)
    story.beat(range(70, 70 + others), LOST_S - 5, net=TWO).tick(1, LOST_S)
    assert len(story.ran().taken()) == taken


def test_those_of_whom_no_carrier_is_known_are_a_group_of_their_own() -> None:
    story = Story(fleet(160)).beat(range(60)).beat(range(60, 160), net=ONE)
    story.beat(range(61, 160), 200).tick(1, LOST_S)
    ran = story.every_way()
    assert ran.taken() == {f"T{n}" for n in range(60)}


def test_a_cell_that_fails_hides_nobody_elsewhere_on_its_carrier() -> None:
    story = Story(fleet(700)).beat(range(50), net=at(1)).beat(range(50, 700), net=at(2))
    story.beat(range(51, 700), 200).tick(1, LOST_S)
    ran = story.ran()
    assert ran.taken() == {f"T{n}" for n in range(50)}
    assert ran.incidents[0].taken[0].network == Network("234", "15", "1", "1")


@pytest.mark.parametrize(("beside", "taken"), [(3, 52), (4, 50)])
def test_the_few_beside_cells_that_fail_go_with_them_unless_half_speak(beside: int, taken: int) -> None:
    story = Story(fleet(50 + beside)).beat(range(50), net=at(1)).beat(range(50, 50 + beside), net=at(2))
    story.beat(range(52, 50 + beside), 200).tick(1, LOST_S)
    assert len(story.every_way().taken()) == taken


def test_a_carrier_that_fails_everywhere_takes_small_cells_with_it() -> None:
    story = Story(fleet(60))
    for n in range(60):
        story.beat([n], net=at(n // 3))
    assert len(story.tick(1, LOST_S).every_way().taken()) == 60


def test_where_no_group_stands_out_all_are_taken_in() -> None:
    story = Story(fleet(54))
    for n in range(54):
        story.beat([n], net=Net(mcc=234, mnc=10 + n % 6))
    assert len(story.tick(1, LOST_S).every_way().taken()) == 54


def test_what_was_lost_before_is_taken_in_once_its_group_stands_out() -> None:
    story = Story(fleet(75)).beat(range(60), net=ONE).beat(range(60, 65), net=TWO)
    story.beat(range(65, 75), 60, net=TWO).tick(1, LOST_S, LOST_S + 30, LOST_S + 60)
    ran = story.every_way()
    assert [len(version.taken) for version in ran.incidents] == [60, 15]
    changes = [change for change in ran.alerts if change.wearer == "W60"]
    assert [change.grouped_under for change in changes] == [None, "outage-1"]
    assert changes[1].changed_us == T0 + (LOST_S + 60) * 1_000_000


def test_who_has_spoken_since_it_opened_is_no_part_of_it() -> None:
    story = silent(60).tick(LOST_S + 100).beat(range(1), LOST_S + 50).tick(2 * LOST_S + 49, 2 * LOST_S + 50)
    ran = story.every_way()
    assert len(ran.incidents) == 1
    alerts = [c for c in ran.alerts if c.wearer == "W0"]
    told = [(c.violation_id, c.state.value, c.grouped_under) for c in alerts]
    assert told == [
        ("W0-1", "active", "outage-1"),
        ("W0-1", "cleared", "outage-1"),
        ("W0-2", "active", None),
    ]


def test_who_uploads_seldom_is_lost_late_and_still_part_of_it() -> None:
    slow = [Version(replace(v.record, upload_s=400)) if getattr(v.record, "id", "") == "T60" else v for v in fleet(61)]
    story = Story(slow).beat(range(61), net=ONE).tick(1, LOST_S, 799, 800)
    ran = story.every_way()
    assert [len(version.taken) for version in ran.incidents] == [60, 1]


# ---- who may not wait ----


def victim_of(n: int) -> list[Version]:
    pair = Condition(f"P{n}", f"O{n}", ConditionKind.PROXIMITY, victim="V1", alert_m=500.0, prealert_m=1000.0)
    return [Version(Victim("V1")), Version(pair)]


def test_after_ten_minutes_those_who_may_not_wait_are_released_one_by_one() -> None:
    records = fleet(60) + fleet(3, 60, Level.INTENSIVE)
    records += [*victim_of(0), curfew(60), curfew(61, hours(43_200, 43_300)), curfew(1)]
    until = OPENS_S + HOLD_S
    story = Story(records).beat(range(63)).tick(1, LOST_S, until - 1, until, until + 1)
    ran = story.every_way()
    assert ran.released() == [("T0", "victim", until), ("T60", "intensive", until)]
    alone = ran.alone()
    assert [alone[f"communication_lost W{n}"] for n in (0, 1, 60, 61, 62)] == [
        *(None, "outage-1", None, "outage-1", "outage-1")
    ]
    (change,) = [c for c in ran.alerts if c.wearer == "W0" and c.grouped_under is None]
    assert (change.violation_id, change.version, change.state) == ("W0-1", 1, AlertCondition.ACTIVE)
    assert change.changed_us == T0 + until * 1_000_000


def test_who_comes_to_be_urgent_later_is_released_then() -> None:
    begins = 43_200 + 1500
    records = fleet(60) + fleet(1, 60, Level.INTENSIVE) + [curfew(60, hours(begins, begins + 3600))]
    story = Story(records).beat(range(61)).tick(1, LOST_S, OPENS_S + HOLD_S, 1499, 1500, 1501)
    story.learn(1600, victim_of(5)[0]).learn(1600, victim_of(5)[1]).tick(1601)
    released = story.every_way().released()
    assert released == [("T60", "intensive", 1500), ("T5", "victim", 1601)]


def test_lost_in_a_zone_is_alerted_at_once_and_its_loss_after_ten_minutes() -> None:
    zone = Condition("Z7", "O7", ConditionKind.EXCLUSION_ZONE, shape=ANYWHERE)
    story = Story([*fleet(60), Version(zone)]).beat(range(60)).fix(7, 0.5)
    until = OPENS_S + HOLD_S + 1
    story.tick(1, LOST_S, LOST_S + 1, until - 1, until)
    ran = story.every_way()
    assert ran.released() == [("T7", "lost_in_zone", until - 1)]
    zones = [change for change in ran.alerts if change.kind == "lost_in_zone"]
    assert {(change.grouped_under, change.severity) for change in zones} == {(None, Severity.CRITICAL)}


# ---- when it closes ----


@pytest.mark.parametrize(("back", "closed"), [(56, []), (57, [600])])
def test_it_closes_when_95_percent_have_sent_something(back: int, closed: list[float]) -> None:
    ran = silent(60).beat(range(back), 500).tick(600).every_way()
    assert ran.closed_s() == closed
    states = [change.state for change in ran.alerts if change.episode == "outage-1"]
    assert states == [AlertCondition.ACTIVE] + [AlertCondition.CLEARED] * bool(closed)


def test_those_still_silent_15_minutes_later_are_released_and_it_is_forgotten() -> None:
    until = 600 + TAIL_S
    story = silent(60).beat(range(57), 500).tick(600)
    for at_s in range(750, until, 250):
        story.beat(range(57), at_s)
    ran = story.tick(until - 1, until, until + 1).every_way()
    assert ran.released() == [(f"T{n}", "still_silent", until) for n in (57, 58, 59)]
    assert [ran.alone()[f"communication_lost W{n}"] for n in (56, 57)] == ["outage-1", None]
    assert ran.rules.outage.incidents == []


def test_who_is_watched_no_more_counts_neither_way() -> None:
    story = silent(60).beat(range(38), 500)
    for n in range(40, 60):
        story.learn(400, Version(Fitting(f"F{n}", f"T{n}", T0 - 1, T0 + 450_000_000, wearer=f"W{n}")))
    ran = story.tick(600).every_way()
    assert ran.closed_s() == [600], "38 of 40 are 95 %"


def test_the_same_losses_are_no_second_outage() -> None:
    story = silent(1000).beat(range(950), LOST_S + 10).tick(LOST_S + 20, LOST_S + 30)
    ran = story.ran()
    assert ran.closed_s() == [LOST_S + 20]
    assert {version.id for version in ran.incidents} == {"outage-1"}


def test_a_second_outage_gets_a_number_of_its_own() -> None:
    ran = silent(60).beat(range(60), 400).tick(500, 699, 700).every_way()
    assert [(version.id, version.version) for version in ran.incidents] == [
        *(("outage-1", 1), ("outage-1", 2), ("outage-2", 1))
    ]
    alerts = {c.violation_id: c.grouped_under for c in ran.alerts if c.wearer == "W0"}
    assert alerts == {"W0-1": "outage-1", "W0-2": "outage-2"}


def test_a_few_dead_devices_do_not_hold_it_for_ever() -> None:
    until = OPENS_S + LASTING_S
    story = silent(60).beat(range(50), 500).tick(600)
    for at_s in range(750, until, 250):
        story.beat(range(50), at_s)
    ran = story.tick(until - 1, until).ran(500, restarts=True)
    assert ran.closed_s() == []
    assert {why for _, why, _ in ran.released()} == {"lasting"}
    assert [at_s for _, _, at_s in ran.released()] == [until] * 10
    still = silent(60).beat(range(10), 500).tick(600, 601, until).ran()
    assert still.released() == [], "fifty that are silent still are an outage"


# ---- what else is held, and what never is ----


def test_whereabouts_are_held_with_the_loss_and_released_if_the_device_does_not_say_where_it_is() -> None:
    begins = 43_200 + 360
    records = [*fleet(60), curfew(0, hours(begins, begins + 3600)), curfew(1, hours(begins, begins + 3600))]
    story = silent(60)
    story.records = records
    story.tick(659, 660).beat([0], 700).fix(1, 700).tick(701, 701 + RETURN_S - 1, 701 + RETURN_S)
    ran = story.every_way()
    assert ran.released() == [("T0", "back", 701 + RETURN_S)]
    told = [
        (change.state.value, change.grouped_under)
        for change in ran.alerts
        if change.kind == "whereabouts_unknown" and change.wearer == "W0"
    ]
    assert told == [("active", "outage-1"), ("active", None)]
    assert ran.alone()["whereabouts_unknown W1"] == "outage-1"


def test_who_may_not_wait_need_not_wait_for_the_whereabouts_either() -> None:
    begins = 43_200 + 360
    until = OPENS_S + HOLD_S
    story = silent(60)
    story.records = [*fleet(60), curfew(0, hours(begins, begins + 3600)), *victim_of(0)]
    story.tick(660).beat([0], until - 50).tick(until - 40, until - 1, until)
    ran = story.every_way()
    assert ran.released() == [("T0", "back", until)]
    assert ran.alone()["whereabouts_unknown W0"] is None


def test_what_was_alerted_in_the_300_s_before_comes_under_it() -> None:
    records = fleet(61)
    story = Story(records).beat(range(60), 100).beat([60], 0).tick(1, 300, 399, 400)
    ran = story.every_way()
    changes = [change for change in ran.alerts if change.wearer == "W60"]
    assert [(c.grouped_under, c.changed_us) for c in changes] == [
        *((None, T0 + 300_000_000), ("outage-1", T0 + 400_000_000))
    ]


def alerts_of(changes: list[AlertChange], kind: str) -> set[str | None]:
    return {change.grouped_under for change in changes if change.kind == kind}


def test_a_strap_cut_in_an_outage_is_alerted_as_ever() -> None:
    story = silent(60).event(3, 350, "strap_tamper").tick(360)
    story.event(4, 370, "sos", "pulse").event(5, 371, "battery_dead").tick(372, 671, 672)
    ran = story.every_way()
    assert len(ran.incidents) == 1
    for kind in ("strap_tamper", "sos", "battery_dead"):
        assert alerts_of(ran.alerts, kind) == {None}


def test_a_loss_that_joins_a_dead_battery_stays_with_it() -> None:
    story = Story(fleet(60)).beat(range(60)).event(5, 0.5, "battery_dead").tick(1, LOST_S + 1)
    ran = story.every_way()
    assert ran.alone()["battery_dead W5"] is None
    assert "communication_lost W5" not in ran.alone()


# ---- networks ----


@pytest.mark.parametrize(
    ("told", "network"),
    [
        (None, None),
        (Net(), None),
        (Net(rssi=-80.0), None),
        (Net(mcc=234, mnc="015", tac="0007", cell=1), Network("234", "15", "7", "1")),
        (Net(mcc="000", cell="x" * 17), Network(mcc="0")),
        (Net(mcc="2\x0034", mnc="", tac="é", cell="7a"), Network(cell="7a")),
    ],
)
def test_a_network_is_the_same_as_number_and_as_text(told: Net | None, network: Network | None) -> None:
    assert network_of(told) == network


def test_only_a_new_network_is_told() -> None:
    story = Story(fleet(1)).beat([0], 0, ONE).beat([0], 1, ONE).beat([0], 2).beat([0], 3, TWO).beat([0], 4, ONE)
    for ran in (story.ran(), story.ran(1, restarts=True), story.ran(2)):
        assert ran.networks == 3


# ---- failure 20 ----


@pytest.mark.slow
def test_failure_20_18000_silent_devices_make_one_incident() -> None:
    story = Story(fleet(18_000)).beat(range(18_000), net=ONE, apart_s=0.003).tick(*range(60, 360, 4))
    began_s = time.process_time()
    ran = story.ran()
    assert {version.id for version in ran.incidents} == {"outage-1"}
    assert ran.incidents[-1].devices == 18_000
    grouped = {change.grouped_under for change in ran.alerts if change.kind == "communication_lost"}
    raised = [change for change in ran.alerts if change.kind == "communication_lost" and change.grouped_under is None]
    assert grouped <= {"outage-1", None}
    assert len({change.episode for change in raised}) < 50, "only those from before it was one"
    assert sum(1 for under in ran.alone().values() if under is None) == 1, "in the end one alert for all of them"
    assert time.process_time() - began_s < 60


# ---- however it is taken ----


def any_story(seed: int) -> Story:
    """Half an hour of a small fleet on two carriers that come and go, with curfews, a victim, and fittings that end."""
    rng = random.Random(seed)
    records = fleet(70) + fleet(10, 70, Level.INTENSIVE)
    records += [curfew(n, hours(43_200 + 120 * n, 43_200 + 120 * n + 3600)) for n in range(0, 80, 4)] + victim_of(3)
    story = Story(records)
    for n in range(80):
        at_s, net = rng.uniform(0, 60), Net(mcc=234, mnc=10 + n % 2, tac=1, cell=n % 5)
        while at_s < 3000:
            dark = 60 + 40 * (n % 2) < at_s < rng.uniform(500, 2000)
            if not dark and rng.random() < 0.9:
                said = rng.random()
                if said < 0.3:
                    story.fix(n, at_s, net=net)
                elif said < 0.35:
                    story.event(n, at_s, rng.choice(["strap_tamper", "battery_dead"]))
                else:
                    moved = Net(mcc=234, mnc=net.mnc, tac=1, cell=rng.randrange(5))
                    story.beat([n], at_s, rng.choice([net, None, moved]))
            at_s += rng.uniform(20, 90)
    for n in rng.sample(range(80), 4):
        end_us = T0 + rng.randrange(400, 1500) * 1_000_000
        record = Fitting(f"F{n}", f"T{n}", T0 - 86_400_000_000, end_us, wearer=f"W{n}")
        story.learn(rng.randrange(100, 400), Version(record))
    return story.tick(*sorted(rng.sample(range(3000), 400)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_wherever_it_is_cut_and_restarted_it_is_the_same(seed: int) -> None:
    ran = any_story(seed).every_way()
    assert ran.incidents, "or the seed shows nothing"
    assert ran.released()
