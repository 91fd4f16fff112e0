"""The kinds that the worked feeds do not have, each on a few lines, as `READINGS.md` reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.instants import MINUTE_US, SECOND_US, format_instant, parse_instant
from tests.twin.engine import EVERY_KIND, run
from tests.twin.feeds import feed_of_all
from tests.twin.subjects import moved

Record = dict[str, Any]
NOON = parse_instant("2026-11-10T12:00:00Z")  # a Tuesday
HOME = (0.5, 51.2)
ALWAYS = [{"day": d, "start": "00:00", "end": "00:00"} for d in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]
PLACE = {"name": "home", "lon": HOME[0], "lat": HOME[1], "radius_m": 50, "home_unit": None}


def at(minutes: float, seconds: float = 0) -> str:
    return format_instant(NOON + round(minutes * MINUTE_US + seconds * SECOND_US))


def ms(minutes: float, seconds: float = 0) -> int:
    return (NOON + round(minutes * MINUTE_US + seconds * SECOND_US)) // 1000


def person(number: int = 1, fitted: float = -60, **order: Any) -> list[Record]:
    n = number
    return [
        {"type": "wearer", "id": f"W{n}"},
        {"type": "order", "id": f"O{n}", "wearer": f"W{n}", "kind": "bail", "from": at(-60), "to": at(9000), **order},
        {"type": "device", "id": f"T{n}", "kind": "gps_tag", "interval_s": 60, "upload_s": 60},
        {"type": "fitting", "id": f"F{n}", "wearer": f"W{n}", "device": f"T{n}", "from": at(fitted)},
    ]


def condition(kind: str, **rest: Any) -> Record:
    return {"type": "condition", "id": "C1", "order": "O1", "kind": kind, **rest}


class Feed:
    """Lines in the order they are said; an envelope of one item each, received as it was sent."""

    def __init__(self) -> None:
        self.lines: list[Record] = []
        self.seq: dict[str, int] = {}

    def post(self, device: str, received: str, **envelope: Any) -> None:
        sent = parse_instant(received) // 1000
        self.lines.append({"received": received, "device": device, "envelope": {"v": 1, "sent": sent, **envelope}})

    def _next(self, device: str) -> int:
        self.seq[device] = self.seq.get(device, 0) + 1
        return self.seq[device]

    def fix(self, minutes: float, east_m: float = 0, device: str = "T1", **rest: Any) -> None:
        lon, lat = moved(HOME, east_m, 0)
        item = {"seq": self._next(device), "t": ms(minutes), "lat": lat, "lon": lon, "acc": 5, **rest}
        self.post(device, at(minutes), fixes=[item])

    def event(self, minutes: float, code: str, state: str = "pulse", device: str = "T1", **data: Any) -> None:
        item = {"seq": self._next(device), "t": ms(minutes), "code": code, "state": state, "data": data}
        self.post(device, at(minutes), events=[item])

    def tick(self, minutes: float, seconds: float = 0) -> None:
        self.lines.append({"tick": at(minutes, seconds)})

    def learn(self, minutes: float, record: Record) -> None:
        self.lines.append({"learnt": at(minutes), "record": record})


def said(caseload: list[Record], feed: Feed, *kinds: str) -> list[Record]:
    lines = [json.loads(line) for line in run(map(json.dumps, caseload), map(json.dumps, feed.lines), None, EVERY_KIND)]
    return [line for line in lines if line["kind"] in kinds]


def spans(lines: list[Record]) -> list[tuple[str, str, str | None, str]]:
    return [(line["change"], line["from"], line["to"], line["reason"]) for line in lines]


def test_not_charged_opens_36_hours_after_the_fitting_and_again_after_a_short_charge() -> None:
    feed = Feed()
    feed.event(-50, "charging", "start")
    feed.event(9, "charging", "end")  # a minute short of an hour
    feed.tick(36 * 60 - 60, -1)
    feed.tick(36 * 60 - 60)
    feed.event(36 * 60, "charging", "start")
    feed.event(36 * 60 + 59, "charging", "end")
    feed.event(36 * 60 + 90, "charging", "start")
    feed.event(36 * 60 + 150, "charging", "end")
    feed.tick(36 * 60 + 200)
    opens = at(36 * 60 - 60)
    assert spans(said(person(), feed, "not_charged")) == [
        ("opened", opens, None, "clock"),
        ("closed", opens, at(36 * 60), "event"),
        ("opened", at(36 * 60 + 59), None, "event"),
        ("closed", at(36 * 60 + 59), at(36 * 60 + 90), "event"),
    ]


def test_not_fitted_until_a_fitting_is_learnt() -> None:
    feed = Feed()
    feed.tick(59, 59)
    feed.tick(60)
    visit = {"type": "visit", "id": "X1", "wearer": "W1", "kind": "fit", "at": at(70), "outcome": "refused"}
    feed.learn(70, visit)
    feed.learn(90, person()[3] | {"from": at(80)})
    lines = said(person(fit_within_h=2)[:3], feed, "not_fitted")
    assert spans(lines) == [
        ("opened", at(60), None, "clock"),
        ("amended", at(60), None, "variation"),
        ("closed", at(60), at(90), "variation"),  # it holds from when it was learnt
    ]
    assert [line["cause"] for line in lines] == ["service", "wearer", "wearer"]


def test_unmonitored_an_hour_after_the_first_line_and_a_day_after_the_last_message() -> None:
    feed = Feed()
    feed.tick(0)
    feed.tick(60)
    feed.event(61, "heartbeat")
    feed.tick(61 + 24 * 60, -1)
    feed.tick(61 + 24 * 60)
    assert spans(said(person(), feed, "unmonitored")) == [
        ("opened", at(60), None, "silence"),
        ("closed", at(60), at(61), "contact"),
        ("opened", at(61 + 24 * 60), None, "silence"),
    ]


@pytest.mark.parametrize(("bat", "score"), [(21, 1.0), (20, 0.75)])
def test_shielding_suspected_scores_its_signs(bat: int, score: float) -> None:
    feed = Feed()
    feed.fix(0, bat=bat)
    feed.event(1, "gnss_lost", "start")
    feed.event(2, "heartbeat")
    feed.tick(7)
    feed.event(8, "heartbeat")
    lines = said(person(), feed, "shielding_suspected")
    assert spans(lines) == [("opened", at(2), None, "silence"), ("closed", at(2), at(8), "contact")]
    assert [line["score"] for line in lines] == [score, score]


def test_clock_wrong_by_ten_ahead_in_a_row_until_mended_for_an_hour() -> None:
    """The tenth is no more among the last hundred 100 minutes later."""
    feed = Feed()
    feed.post("T1", at(0), sent=ms(0, 5))
    for minute in range(1, 11):
        feed.post("T1", at(minute), sent=ms(minute, 5.001))
    for minute in range(11, 112):
        feed.post("T1", at(minute))
    feed.tick(169, 59)
    feed.tick(171)
    assert spans(said(person(), feed, "clock_wrong")) == [
        ("opened", at(10), None, "contact"),
        ("closed", at(10), at(170), "clock"),
    ]


def test_seq_conflict_and_its_fault() -> None:
    feed = Feed()
    feed.fix(0)
    feed.seq["T1"] = 0
    feed.fix(1, east_m=20)
    feed.tick(61)
    lines = said(person(), feed, "seq_conflict", "fault")
    assert spans(lines) == [
        ("opened", at(1), at(1), "event"),
        ("opened", at(1), None, "event"),
        ("closed", at(1), at(61), "clock"),
    ]
    assert {line["evidence"][0]["gen"] for line in lines} == {1}


def test_ten_bad_messages_in_a_row_are_one_fault() -> None:
    feed = Feed()
    for good in range(0, 22, 11):
        feed.fix(good)
        for minute in range(good + 1, good + 11):
            feed.lines.append({"received": at(minute), "device": "T1", "envelope": {"v": 1}})
    feed.lines.pop()
    opened, closed = ("opened", at(10), None, "contact"), ("closed", at(10), at(11), "contact")
    assert spans(said(person(), feed, "fault")) == [opened, closed]


def test_attendance() -> None:
    rows = [
        {"day": "tue", "start": s, "end": e} for s, e in (("12:00", "13:00"), ("14:00", "15:00"), ("16:00", "17:00"))
    ]
    there = condition("attendance", place=PLACE, timezone="Europe/London", timetable=rows)
    feed = Feed()
    feed.fix(59)
    feed.fix(150, east_m=500)
    feed.tick(180)
    feed.tick(301)
    lines = said([*person(), there], feed, "attendance_missed", "attendance_unconfirmed")
    assert [(v["kind"], v["from"], v["to"], v["cause"]) for v in lines] == [
        ("attendance_missed", at(120), at(180), "wearer"),
        ("attendance_unconfirmed", at(240), at(300), "unknown"),
    ]


def test_hours_short_at_the_end_of_the_local_week() -> None:
    there = condition("attendance", place=PLACE, timezone="Europe/London", timetable=ALWAYS, hours_per_week=1)
    feed = Feed()
    for minute in range(31):
        feed.fix(minute)
    feed.tick(5.5 * 24 * 60)
    (line,) = said([*person(), there], feed, "hours_short")
    assert (line["from"], line["to"], line["minutes_certain"]) == (at(-60), "2026-11-16T00:00:00Z", 35.0)
    assert line["minutes_possible"] == 60 + 5.5 * 24 * 60


def test_checks() -> None:
    line = {"type": "device", "id": "L1", "kind": "voice_line"}
    fitting = {"type": "fitting", "id": "FL", "wearer": "W1", "device": "L1", "from": at(-60)}
    asked = condition("presence_check", place=PLACE)
    feed = Feed()
    for minute, result in ((0, "no_answer"), (9.99, "not_verified"), (10, "no_answer"), (20, "no_answer")):
        feed.event(minute, "presence_check", device="L1", result=result)
    feed.event(25, "presence_check", device="L1", result="verified")
    feed.event(40, "presence_check", device="L1", result="no_answer")
    lines = said([*person(), line, fitting, asked], feed, "check_missed")
    assert spans(lines) == [("opened", at(0), at(10), "event")]


def test_a_check_verified_at_a_fixed_line_is_presence() -> None:
    line = {"type": "device", "id": "L1", "kind": "voice_line"}
    fitting = {"type": "fitting", "id": "FL", "wearer": "W1", "device": "L1", "from": at(-60)}
    curfew = condition("curfew", place=PLACE, timezone="Europe/London", timetable=ALWAYS, grace_s=300)
    feed = Feed()
    for minute in range(12):
        feed.fix(minute, east_m=0 if minute == 0 else 400)
    feed.event(12, "presence_check", device="L1", result="verified", place="elsewhere")
    feed.event(13, "presence_check", device="L1", result="verified", place="home")
    lines = said([*person(), line, fitting, curfew], feed, "curfew")
    assert spans(lines) == [("opened", at(1), None, "fixes"), ("closed", at(1), at(13), "event")]
    assert (lines[-1]["minutes_certain"], lines[-1]["minutes_possible"]) == (12.0, 13.0)


def test_lost_in_zone_near_a_victim() -> None:
    feed = Feed()
    feed.fix(0, device="U1")
    feed.fix(1, east_m=900)
    for minute in range(1, 7):
        feed.fix(minute, device="U1")
    feed.tick(6)
    feed.fix(7, east_m=900)
    lines = said([*person(), *victims()], feed, "lost_in_zone")
    assert spans(lines) == [("opened", at(1), None, "silence"), ("closed", at(1), at(7), "fixes")]
    assert [(v["condition"], v["victim"]) for v in lines] == [("C1", "V1")] * 2


def test_alcohol_is_suspected_then_confirmed() -> None:
    tag = {"type": "device", "id": "K1", "kind": "alcohol_tag", "interval_s": 1800, "upload_s": 1800}
    fitting = {"type": "fitting", "id": "FK", "wearer": "W1", "device": "K1", "from": at(-60)}
    feed = Feed()
    for minute, tac in ((0, 0.2), (30, 0.21), (60, 0.3)):
        feed.event(minute, "alcohol_reading", device="K1", tac_permille=tac)
    upheld = {"type": "assessment", "id": "B1", "violation": "W1-1", "decision": "upheld", "at": at(65)}
    feed.learn(65, upheld)
    feed.event(90, "alcohol_reading", device="K1", tac_permille=0.2)
    feed.event(120, "alcohol_reading", device="K1", tac_permille=0)
    feed.tick(120 + 24 * 60, -1)
    feed.tick(120 + 24 * 60)
    caseload = [*person()[:2], tag, fitting, condition("alcohol", tac_limit_permille=0.2)]
    lines = said(caseload, feed, "alcohol", "alcohol_suspected", "alcohol_tamper")
    assert [(v["kind"], v["change"], v["from"], v["to"], v["reason"]) for v in lines] == [
        ("alcohol_suspected", "opened", at(30), None, "event"),
        ("alcohol", "opened", at(30), None, "assessment"),
        ("alcohol", "closed", at(30), at(90), "event"),
        ("alcohol_suspected", "closed", at(30), at(90), "event"),
        ("alcohol_tamper", "opened", at(120 + 24 * 60), None, "silence"),
    ]


def test_atv_from_the_instant_the_sum_gets_there_until_an_assessment() -> None:
    curfew = condition("curfew", place=PLACE, timezone="Europe/London", timetable=ALWAYS, grace_s=300)
    feed = Feed()
    for minute in range(12):
        feed.fix(minute, east_m=0 if minute == 0 else 400)
    excuse = {"type": "assessment", "id": "B1", "violation": "W1-1", "decision": "reasonable_excuse", "at": at(12)}
    feed.learn(12, excuse)
    feed.learn(13, excuse | {"decision": "upheld"})
    lines = said([*person(atv_allowance_min=10), curfew], feed, "atv_warning", "atv_exceeded", "curfew")
    assert [(v["id"], v["kind"], v["change"], v["from"], v["to"], v["reason"]) for v in lines] == [
        ("W1-1", "curfew", "opened", at(1), None, "fixes"),
        ("W1-2", "atv_warning", "opened", at(9), None, "fixes"),
        ("W1-2", "atv_warning", "closed", at(9), at(12), "assessment"),
        ("W1-3", "atv_warning", "opened", at(13), None, "assessment"),
    ]
    feed.lines = feed.lines[:-2]
    feed.fix(12, east_m=400)
    lines = said([*person(atv_allowance_min=10), curfew], feed, "atv_exceeded")
    assert spans(lines) == [("opened", at(11), None, "fixes")]


def victims(**rest: Any) -> list[Record]:
    return [
        {"type": "victim", "id": "V1"},
        {"type": "device", "id": "U1", "kind": "victim_unit", "interval_s": 60, "upload_s": 60},
        {"type": "fitting", "id": "FU", "victim": "V1", "device": "U1", "from": at(-60)},
        condition("proximity", victim="V1", **rest),
    ]


def test_proximity_opens_at_the_limit_and_closes_beyond_its_tenth() -> None:
    feed = Feed()
    for minute, east_m in ((0, 700), (1, 509), (2, 555), (3, 561), (4, 1120)):
        feed.fix(minute, device="U1")
        feed.fix(minute, east_m=east_m)
    lines = said([*person(), *victims()], feed, "proximity_alert", "proximity_prealert")
    assert [(v["kind"], v["change"], v["from"], v["to"], v["reason"]) for v in lines] == [
        ("proximity_prealert", "opened", at(0), None, "distance"),
        ("proximity_alert", "opened", at(1), None, "distance"),
        ("proximity_alert", "closed", at(1), at(3), "distance"),
        ("proximity_prealert", "closed", at(0), at(4), "distance"),
    ]
    assert {(v["wearer"], v["victim"], v["id"][:2]) for v in lines} == {("W1", "V1", "W1")}
    assert [v["cause"] for v in lines] == ["unknown", "wearer", "wearer", "unknown"]  # at first nobody had moved


def test_proximity_unknown_names_whose_fix_is_old_and_the_units_silence_is_the_victims() -> None:
    feed = Feed()
    feed.fix(0, device="U1")
    feed.fix(0, east_m=900)
    for minute in range(1, 6):
        feed.fix(minute, east_m=900)
    feed.tick(5)
    feed.tick(5, 0.001)
    feed.fix(6, device="U1")
    lines = said([*person(), *victims()], feed, "proximity_unknown", "victim_unit_silent", "communication_lost")
    assert [(v["kind"], v["change"], v["id"], v["device"], v["from"], v["to"]) for v in lines] == [
        ("communication_lost", "opened", "V1-1", "U1", at(0), None),
        ("victim_unit_silent", "opened", "V1-2", "U1", at(0), None),
        ("proximity_unknown", "opened", "W1-3", "U1", at(0), None),
        ("communication_lost", "closed", "V1-1", "U1", at(0), at(6)),
        ("proximity_unknown", "closed", "W1-3", "U1", at(0), at(6)),
        ("victim_unit_silent", "closed", "V1-2", "U1", at(0), at(6)),
    ]


def test_association_after_ten_minutes_within_50_m() -> None:
    feed = Feed()
    for minute in range(13):
        feed.fix(minute - 0.5, device="T2")
        feed.fix(minute, east_m=49 if minute < 11 else 51)
    lines = said([*person(), *person(2), condition("association", other_wearer="W2")], feed, "association")
    assert spans(lines) == [("opened", at(0), None, "distance"), ("closed", at(0), at(11), "distance")]


def test_the_third_pre_alert_is_a_pattern() -> None:
    feed = Feed()
    for minute in range(10):
        feed.fix(minute, device="U1")
        feed.fix(minute, east_m=800 if minute % 2 else 2000)
    (line,) = said([*person(), *victims()], feed, "pattern_near_victim")
    assert (line["from"], line["to"], line["condition"], line["victim"]) == (at(5), at(5), "C1", "V1")


def test_a_seed_gives_the_same_feed_of_all() -> None:
    assert feed_of_all(7) == feed_of_all(7)
    assert feed_of_all(7) != feed_of_all(8)
