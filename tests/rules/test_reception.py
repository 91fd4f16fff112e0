"""`clock_wrong`, `seq_conflict` with its `fault`, and `fault` by ten bad messages in a row (rules.md 2 and 7, wire.md)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from geofence.reception import CLOCK_RIGHT, CLOCK_WRONG, blank, no_crowd, watch
from tests.rules.equipment_lines import Line, Sender, at, device, fitting, learnt, order, said, shown, tick, wearer

RECORDS = [wearer(), order(), device("T1"), fitting("T1")]
CLOCK, FAULT = {"clock_wrong"}, {"fault"}
FIELDS = ("change", "from", "to", "decided", "reason", "cause")


def sent(offsets_s: Sequence[float], first: str = "0 10:00") -> list[Line]:
    """A message a minute; each comes so long after it says that it was sent."""
    tag = Sender("T1")
    times = [at(first) + n * MINUTE_US for n in range(len(offsets_s))]
    return [tag.message(t, t - round(o * SECOND_US)) for t, o in zip(times, offsets_s, strict=True)]


def news(offsets_s: Sequence[float], every_s: float = 60.0) -> list[tuple[int, int]]:
    """(message, news), of one device."""
    came = np.array([round(n * every_s * SECOND_US) + 100 * DAY_US for n in range(len(offsets_s))], np.int64)
    left = came - np.array([round(o * SECOND_US) for o in offsets_s], np.int64)
    size = len(came)
    which, what = np.empty(2 * size, np.int64), np.empty(2 * size, np.int64)
    lines, one = np.arange(size), np.zeros(size, np.int32)
    n = watch(one, lines, came, left, np.zeros(size, np.bool_), blank(1), no_crowd(), which, what)
    return list(zip(which[:n].tolist(), what[:n].tolist(), strict=True))


@pytest.mark.parametrize("offset", [5.001, 30.0, -5.001, -90.0])
def test_ten_messages_in_a_row_say_that_a_clock_is_wrong(offset: float) -> None:
    assert news([offset] * 9) == []
    assert news([offset] * 10) == [(9, CLOCK_WRONG)]


@pytest.mark.parametrize("offset", [5.0, -5.0, 0.2])
def test_five_seconds_are_right(offset: float) -> None:
    assert news([offset] * 200) == []


def test_one_quick_message_of_the_last_hundred_shows_that_the_others_were_slow() -> None:
    slow = [6.0] * 99
    assert news([0.3, *slow]) == []
    assert news([0.3, *slow, 6.0]) == [(100, CLOCK_WRONG)]
    assert news([*[6.0] * 10, 0.3, *slow]) == [(9, CLOCK_WRONG), (10, CLOCK_RIGHT)]


def test_a_clock_that_was_ahead_is_right_when_the_last_hundred_are() -> None:
    found = news([*[-30.0] * 10, *[0.5] * 101])
    assert found[0] == (9, CLOCK_WRONG)
    assert found[-1] == (109, CLOCK_RIGHT)


def test_a_message_that_came_before_it_was_sent_is_a_slip() -> None:
    assert news([0.5, *[-60.0] * 9, 0.5, *[-60.0] * 9, *[0.5] * 100]) == []


@pytest.mark.parametrize("back_s", [7_200.0, 86_400.0, 40 * 86_400.0])
def test_a_clock_that_falls_back_is_wrong_once_the_last_hundred_say_so(back_s: float) -> None:
    assert news([*[0.5] * 20, *[back_s] * 99]) == []
    assert news([*[0.5] * 20, *[back_s] * 100]) == [(119, CLOCK_WRONG)]


def test_one_message_from_the_future_hides_no_clock_that_is_late_for_good() -> None:
    assert news([-3 * 86_400.0, *[30.0] * 134])[0] == (100, CLOCK_WRONG)


def test_what_waited_for_us_is_not_live() -> None:
    """Two hours of messages that the broker kept, all at once; and repeats of them."""
    kept = [7200.0 - 60.0 * n + 0.001 * n for n in range(120)]
    assert news([*kept, *[0.5] * 5], every_s=0.001) == []


def _of_a_crowd(devices: int, late: int, messages: int, after: int = 0) -> set[int]:
    """Who is said to have a wrong clock, of so many devices of which some come 40 s late, a message every ten seconds; then
    ``after`` messages by which nobody is late but the first."""
    rounds = np.arange(messages + after)
    who = np.tile(np.arange(devices, dtype=np.int32), len(rounds))
    came = HOUR_US + np.repeat(rounds, devices) * 10 * SECOND_US + who
    slow = np.where(np.repeat(rounds, devices) < messages, who < late, who < 1)
    size = len(who)
    at_, what = np.empty(2 * size, np.int64), np.empty(2 * size, np.int64)
    parts = (who, np.arange(size), came, came - slow * 40 * SECOND_US, np.zeros(size, np.bool_))
    n = watch(*parts, blank(devices), no_crowd(), at_, what)
    return {int(who[k]) for k, news in zip(at_[:n], what[:n], strict=True) if news == CLOCK_WRONG}


@pytest.mark.parametrize(
    ("devices", "late", "wrong"),
    [(30, 30, 0), (30, 16, 0), (30, 15, 15), (30, 1, 1), (19, 19, 19), (20, 20, 0)],
)
def test_where_most_come_late_it_is_us_whom_they_wait_for(devices: int, late: int, wrong: int) -> None:
    assert _of_a_crowd(devices, late, 200) == set(range(wrong))


def test_a_clock_that_is_wrong_is_found_when_we_have_caught_up() -> None:
    assert _of_a_crowd(30, 30, 100, after=150) == {0}


def test_it_closes_when_mended_for_an_hour() -> None:
    wrong, right = [30.0] * 10, [0.5] * 59
    lines = sent([*wrong, *right], "0 10:00")
    opened = ("opened", "0 10:09", None, "0 10:09", "contact", "equipment")
    assert shown(said(RECORDS, [*lines, tick("0 11:09:59")], CLOCK), *FIELDS) == [opened]
    assert shown(said(RECORDS, [*lines, tick("0 11:10")], CLOCK), *FIELDS) == [
        opened,
        ("closed", "0 10:09", "0 11:10", "0 11:10", "clock", "equipment"),
    ]


def test_wrong_again_within_the_hour_is_the_same() -> None:
    """It mends, and after a hundred slow ones is wrong again: that is longer than an hour at a message a minute."""
    lines = sent([*[30.0] * 10, 0.5, *[30.0] * 100])
    assert shown(said(RECORDS, lines, CLOCK), "change", "from", "to") == [
        ("opened", "0 10:09", None),
        ("closed", "0 10:09", "0 11:10"),
        ("opened", "0 11:50", None),
    ]


def test_the_fitting_ends_it_and_the_next_wearer_has_it_anew() -> None:
    records = [wearer(), wearer("W2"), order(), device("T1"), fitting("T1", "0 00:00", "0 10:15")]
    records.append(fitting("T1", "0 10:15", None, "W2"))
    assert shown(said(records, sent([30.0] * 30), CLOCK), "id", "change", "from", "to") == [
        ("W1-1", "opened", "0 10:09", None),
        ("W1-1", "closed", "0 10:09", "0 10:15"),
        ("W2-1", "opened", "0 10:15", None),
    ]


def test_ten_bad_messages_in_a_row_are_a_fault_until_a_good_one() -> None:
    tag = Sender("T1")
    nine = [tag.bad(f"0 10:0{n}") for n in range(9)]
    assert said(RECORDS, [*nine, tick("0 10:10")], FAULT) == []
    lines = [*nine, tag.bad("0 10:09"), tag.bad("0 10:10"), tag.bad("0 10:11"), tag.fix("0 10:12")]
    found = said(RECORDS, lines, FAULT)
    assert shown(found, *FIELDS, "code", "device") == [
        ("opened", "0 10:09", None, "0 10:09", "contact", "equipment", "AL24", "T1"),
        ("closed", "0 10:09", "0 10:12:01", "0 10:12:01", "contact", "equipment", "AL24", "T1"),
    ]
    broken = [*nine, tag.fix("0 10:08:30"), tag.bad("0 10:09")]
    assert said(RECORDS, broken, FAULT) == []


def test_bad_messages_of_what_is_on_nobody_are_no_violation_until_it_is() -> None:
    tag = Sender("T1")
    lines = [tag.bad(f"0 10:{n:02}") for n in range(12)]
    records = [wearer(), order(), device("T1")]
    assert said(records, lines, FAULT) == []
    fitted = [*lines[:11], learnt("0 10:10:30", fitting("T1", "0 10:10:30")), lines[11]]
    assert shown(said(records, fitted, FAULT), "from") == [("0 10:11",)]


def conflicting(clock: str, seq: int) -> Line:
    return Sender("T1").fix(clock, seq=seq)


def test_a_conflict_and_its_fault() -> None:
    lines = [conflicting("0 10:00", 1), conflicting("0 11:00", 1)]
    found = said(RECORDS, lines, {"seq_conflict", "fault"})
    assert shown(found, "kind", "from", "to", "reason", "cause", "code") == [
        ("fault", "0 11:00:01", "0 11:00:01", "event", "equipment", "AL24"),
        ("seq_conflict", "0 11:00:01", None, "event", "equipment", None),
    ]
    assert found[0]["evidence"] == found[1]["evidence"] == [{"device": "T1", "gen": 1, "seq": 1}]


def test_a_repeat_is_no_conflict() -> None:
    same = conflicting("0 10:00", 1)
    assert said(RECORDS, [same, same], {"seq_conflict", "fault"}) == []


def test_a_reissued_tag_is_reported_once_and_closed_an_hour_after_its_last_conflict() -> None:
    before = [conflicting(f"0 10:{n:02}", n) for n in range(1, 4)]
    after = [conflicting(f"0 12:{n:02}", n) for n in range(1, 4)]
    found = said(RECORDS, [*before, *after, tick("0 13:03"), tick("0 13:03:01")], {"seq_conflict", "fault"})
    assert shown(found, "kind", "change", "from", "to", "decided") == [
        ("fault", "opened", "0 12:01:01", "0 12:01:01", "0 12:01:01"),
        ("seq_conflict", "opened", "0 12:01:01", None, "0 12:01:01"),
        ("seq_conflict", "closed", "0 12:01:01", "0 13:03:01", "0 13:03:01"),
    ]
