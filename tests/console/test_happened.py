"""What is told of an alert in words, and what is read from its forms: pure, of every kind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.protocols import Action, Target
from api.console import alert_work, contact_form, words
from api.console.ages import born_and_age
from api.console.alert import COMMAND_STATES
from api.console.alert_found import Found
from api.console.alert_points import band_of, points_of, zone_feature
from api.console.happened import told
from domain.device_commands import CommandState
from domain.vocabulary import AlertEvent, Cause, Code, Kind, Outcome, Reason
from tests.store.made import NOON, violation_of

AT = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
ALERT: dict[str, Any] = {"id": "7", "kind": "exclusion_zone", "raised": "2026-11-21T12:00:00Z", "withdrawn": False}
ALERT |= {"happened": None, "state": "active", "wearer": "W1", "device": None, "code": None}
ZONE = {"kind": "exclusion_zone", "name": "the High Street"}


def sentences(**changed: Any) -> list[str]:
    """Of a violation that is otherwise as the store's tests have it."""
    return told(ALERT, violation_of(**changed).as_json(), ZONE, "Alder Finch")


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("to_us", [None, NOON + 90_000_000])
def test_every_kind_is_told_in_whole_sentences(kind: Kind, to_us: int | None) -> None:
    for sentence in sentences(kind=kind, to_us=to_us):
        assert sentence[0].isupper(), sentence
        assert sentence.endswith("."), sentence
        assert "probab" not in sentence
        assert "_" not in sentence


@pytest.mark.parametrize("code", Code)
def test_every_code_is_told_in_whole_sentences(code: Code) -> None:
    first = sentences(kind=Kind.CURFEW, code=code)[0]
    assert "Alder Finch" in first
    assert first.endswith(".")


def test_what_is_over_and_what_is_not() -> None:
    assert sentences()[0] == (
        "Alder Finch has been inside the exclusion zone “the High Street” since 12:00 on Sat 21 Nov, and it is not over."
    )
    assert sentences(to_us=NOON + 90_000_000)[0] == (
        "Alder Finch was inside the exclusion zone “the High Street” from 12:00 on Sat 21 Nov to 12:01 (1 min)."
    )


@pytest.mark.parametrize("cause", Cause)
def test_what_is_not_the_wearers_doing_is_a_monitoring_gap(cause: Cause) -> None:
    gap = any("monitoring gap and counts against nobody" in one for one in sentences(cause=cause))
    assert gap == (cause not in (Cause.WEARER, Cause.UNKNOWN))


@pytest.mark.parametrize("reason", Reason)
def test_by_what_it_is_shown(reason: Reason) -> None:
    shown = sentences(reason=reason)[1]
    assert shown == "Two points show it." if reason is Reason.FIXES else shown.endswith(".")


def test_nothing_is_known_of_the_violation() -> None:
    assert told(ALERT, None, None, "Device T9") == ["In an exclusion zone. It was raised at 12:00 on Sat 21 Nov."]
    known = ALERT | {"happened": "2026-11-21T11:58:00Z"}
    assert told(known, None, None, "Alder Finch") == [
        "Alder Finch has been inside the exclusion zone since 11:58 on Sat 21 Nov, and it is not over.",
        "It was raised at 12:00 on Sat 21 Nov.",
    ]


def test_who_did_what_has_words_for_everything_that_can_be() -> None:
    assert set(COMMAND_STATES) == {state.value for state in CommandState}
    assert set(alert_work.EVENTS) == {event.value for event in AlertEvent}
    assert set(alert_work.WHOM) == {target.value for target in Target}
    assert {outcome for outcome, _ in alert_work.OUTCOMES} == set(Outcome) - {Outcome.WITHDRAWN}


@pytest.mark.parametrize("action", Action)
def test_a_step_is_told_with_its_limits(action: Action) -> None:
    step = {"action": action.value, "to": "police", "by": ["webhook", "call"], "text": "alert", "after_s": 300}
    step |= {"stop": ["victim_answered"], "only": [], "repeat_s": 600, "done": 0, "due": "2026-11-21T12:05:00Z"}
    sent = {
        "target": "police",
        "text": "alert",
        "channel": "webhook",
        "state": "sent",
        "sends": True,
        "stands_down": None,
        "step": 0,
        "time": "1:0:0",
    }
    task = {"step": 0, "recipient": None, "done": "2026-11-21T12:06:00Z"}
    (found,) = alert_work.steps_of({"protocol": {"steps": [step]}, "notifications": []}, ALERT | {"work": "raised"})
    assert (found.state, found.unless) == ("due", "not once the protected person has answered")
    taken = {"protocol": {"steps": [step | {"done": 1}]}, "notifications": [sent], "tasks": [task]}
    (over,) = alert_work.steps_of(taken, ALERT | {"work": "closed"})
    assert (over.state, over.due) == ("done", None)


@pytest.mark.parametrize(
    ("text", "now", "at"),
    [
        ("22:45", datetime(2026, 11, 21, 22, 30, tzinfo=UTC), "2026-11-21T22:45:00+00:00"),
        ("7.05", datetime(2026, 11, 21, 22, 30, tzinfo=UTC), "2026-11-22T07:05:00+00:00"),
        ("2230", datetime(2026, 11, 21, 22, 30, tzinfo=UTC), "2026-11-22T22:30:00+00:00"),
        ("12:00", datetime(2026, 7, 1, 10, 59, tzinfo=UTC), "2026-07-01T11:00:00+00:00"),
        # The clocks go forward at 01:00 on 28 March 2027: half past one is only there the day after.
        ("01:30", datetime(2027, 3, 27, 23, 0, tzinfo=UTC), "2027-03-29T00:30:00+00:00"),
        # And back at 02:00 on 25 October 2026: the first half past one is meant.
        ("01:30", datetime(2026, 10, 24, 23, 0, tzinfo=UTC), "2026-10-25T00:30:00+00:00"),
    ],
)
def test_the_next_such_time_is_meant_on_clock_change_nights_too(text: str, now: datetime, at: str) -> None:
    found = contact_form.next_time(text, now)
    assert found is not None
    assert found.isoformat() == at


@pytest.mark.parametrize("text", ["24:00", "7", "half past", "12:60", "-1:00"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert contact_form.next_time(text, AT) is None


def test_a_contact_is_sent_as_the_api_takes_it() -> None:
    typed = {"party": "wearer", "channel": "call", "direction": "out", "answered": "no", "said": "  ", "number": "1"}
    body = {"party": "wearer", "channel": "call", "inbound": False, "answered": False, "number": "1"}
    assert contact_form.sent(typed, AT) == (body, {})
    assert contact_form.sent({"party": "x"}, AT)[1].keys() == {"party", "answered"}
    assert contact_form.sent(typed | {"promised": "to ring"}, AT)[1].keys() == {"promised_at"}
    assert contact_form.sent(typed | {"promised_at": "13:00"}, AT)[1].keys() == {"promised"}


@pytest.mark.parametrize(("born", "words"), [("1980-11-21", "21 Nov 1980 (46)"), ("1980-11-22", "22 Nov 1980 (45)")])
def test_the_age_is_in_whole_years_on_the_centres_day(born: str, words: str) -> None:
    assert born_and_age(born, AT) == words
    assert born_and_age(None, AT) is None


def test_points_are_told_apart_from_what_is_no_point() -> None:
    fix = {
        "geometry": {"coordinates": [-0.1199255718, 51.4893656495]},
        "properties": {"device": "T1", "gen": 0, "seq": 101, "t": "2026-11-21T12:00:00Z", "acc": 9.0, "src": "gps"}
        | {"received": "2026-11-21T12:00:02Z", "quality": "ok", "spd": None},
    }
    found = Found(ALERT, None, violation_of().as_json(), trail=[fix])
    (point,), (fact,) = points_of(found)
    assert (point.relied, point.grid) == (True, "TQ 30624 78388")
    assert (fact.device, fact.seq) == ("T1", 102)


def test_a_band_over_a_clock_change_is_to_scale() -> None:
    windows = {"from": "2026-10-24T22:00:00Z", "to": "2026-10-26T22:00:00Z"}
    stretch = {"from": "2026-10-24T22:00:00Z", "to": "2026-10-25T10:00:00Z", "enforced": True, "by": []}
    violation = violation_of().as_json() | {"from": "2026-10-25T22:00:00Z", "to": "2026-10-25T22:00:00Z"}
    found = Found(ALERT, None, violation, windows=windows | {"timeline": [stretch]})
    band = band_of(found, datetime(2026, 10, 25, 10, 0, tzinfo=UTC))
    assert band is not None
    assert [(bar.x, bar.width, bar.sort) for bar in band.bars] == [(0, 25, "on")]
    assert band.now == 25
    assert band.out is not None
    assert band.out.x == 50
    assert [f"{at:%H:%M}" for _, at in band.ticks] == ["00:00", "06:00", "12:00", "18:00"] * 2
    gaps = [round(later - earlier, 2) for (earlier, _), (later, _) in zip(band.ticks, band.ticks[1:], strict=False)]
    assert gaps[0] == pytest.approx(100 * 7 / 48, abs=0.02)  # seven hours: the night of the change
    assert gaps[1:] == pytest.approx([12.5] * 6, abs=0.02)


def test_every_shape_of_a_zone_is_drawn() -> None:
    circle = zone_feature({"type": "Circle", "center": [0, 51], "radius_m": 90}, {"kind": "zone"})
    assert (circle["geometry"]["type"], circle["properties"]["radius_m"]) == ("Point", 90)
    corridor = zone_feature({"type": "Corridor", "coordinates": [[0, 51], [1, 51]], "width_m": 40}, {"kind": "zone"})
    assert (corridor["geometry"]["type"], corridor["properties"]["width_m"]) == ("LineString", 40)


def test_a_transit_is_told_as_two_points_outside_and_never_as_a_way_through() -> None:
    first, second, *_ = sentences(kind=Kind.ZONE_TRANSIT, to_us=NOON + 90_000_000)
    assert first == (
        "Alder Finch was outside the exclusion zone “the High Street” at two points, at 12:00 on Sat 21 Nov and at 12:01. "
        "The straight line between them crosses it."
    )
    assert second == (
        "The line is not the route: nothing shows that the device wearer was inside, and it is no violation."
    )
    known = ALERT | {"kind": "zone_transit", "happened": "2026-11-21T11:58:00Z"}
    assert "passed through" not in " ".join(told(known, None, None, "Alder Finch"))


@pytest.mark.parametrize("code", Code)
def test_an_event_code_stands_in_brackets_after_the_words(code: Code) -> None:
    kind = words.OF_EQUIPMENT.get(code, Kind.CURFEW)
    said = words.alert_words(kind.value, code.value)
    assert said.endswith(f" ({code.value})")
    assert words.CODES[code.value] == said, "the scripts say the same"
    assert words.alert_words("curfew", "AL10") == "Left home during curfew (AL10)"
    assert words.alert_words("curfew", None) == "Curfew not kept"


def test_a_position_score_says_which_way_it_counts_and_never_looks_certain() -> None:
    assert words.position_score(0.0) == "under 0.0001 (towards 1 is inside, towards 0 outside)"
    assert words.position_score(1.0).startswith("over 0.9999 ")
    assert words.position_score(0.9712).startswith("0.9712 ")


def test_a_language_is_told_by_its_name() -> None:
    assert [words.language_words(tag) for tag in ("pl", "cy-GB", "xx")] == ["Polish", "Welsh", "xx"]
