"""A home unit that hears the tags of several residents (wire.md, rules.md 5.1 and 7; decision 0063)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.instants import SECOND_US
from tests.rules.equipment_lines import (
    Line,
    Sender,
    at,
    device,
    fitting,
    learnt,
    order,
    said,
    shown,
    tick,
    visit,
    wearer,
    when,
)

PLACE = {"name": "hostel", "lon": 0.5, "lat": 51.2, "radius_m": 50, "home_unit": "H1"}
NIGHT = [{"day": "sun", "start": "18:00", "end": "07:00"}]
"""1 November 2026 is a Sunday."""
EVERY_S = 120


def resident(number: int) -> list[Line]:
    """Somebody with a curfew tag whose place has the home unit H1."""
    name, tag = f"W{number}", f"R{number}"
    curfew = {"type": "condition", "id": f"C{number}", "order": f"O{number}", "kind": "curfew", "place": PLACE}
    curfew |= {"timezone": "Europe/London", "timetable": NIGHT}
    return [
        wearer(name),
        {**order(f"O{number}"), "wearer": name},
        device(tag, "rf_tag"),
        fitting(tag, person=name),
        curfew,
    ]


def heard(out: dict[str, tuple[str, str]]) -> Iterator[Line]:
    """What H1 says from 17:00 to midnight; each tag is out from when to when. Comes with no other lines."""
    sender = Sender("H1")
    t_us, lost = at("0 17:00"), set[str]()
    while t_us < at("1 00:00"):
        events: list[Line] = []
        for tag, (begin, end) in out.items():
            away = at(begin) <= t_us < at(end)
            if not away or tag not in lost:
                events.append({"code": "in_range", "state": "end" if away else "start", "data": {"tag": tag}})
            lost = lost | {tag} if away else lost - {tag}
        numbered = []
        for event in events or [{"code": "heartbeat"}]:
            sender.seq += 1
            numbered.append({**event, "seq": sender.seq, "t": t_us // 1000})
        yield sender.message(t_us + SECOND_US, t_us + SECOND_US, events=numbered)
        t_us += EVERY_S * SECOND_US


def lines_of(*lines: Line, out: dict[str, tuple[str, str]]) -> list[Line]:
    """In the order received; a tick at the end."""
    return [*sorted([*heard(out), *lines], key=when), tick("1 00:00")]


TWO = [*resident(1), *resident(2), device("H1", "home_unit")]
NOBODY_OUT = {"R1": ("1 00:00", "1 00:00"), "R2": ("1 00:00", "1 00:00")}
SECOND_OUT = NOBODY_OUT | {"R2": ("0 21:00", "0 22:00")}


def moved(clock: str, **data: str) -> Line:
    """The unit says that it was moved, under a ``gen`` of its own."""
    line = Sender("H1").event(clock, "home_unit_moved", "pulse", **data)
    line["envelope"]["gen"] = 1
    return line


def absences(records: list[Line], lines: list[Line]) -> list[tuple[object, ...]]:
    """What stands of the curfews at the end."""
    newest = {v["id"]: v for v in said(records, lines, {"curfew"}, check=False)}
    return shown((v for v in newest.values() if v["change"] != "withdrawn"), "wearer", "from")


@pytest.mark.parametrize("fitted", [["W1"], ["W2"], []])
def test_each_resident_is_judged_by_their_own_tag(fitted: list[str]) -> None:
    records = [*TWO, *(fitting("H1", person=name) for name in fitted)]
    assert absences(records, lines_of(out=SECOND_OUT)) == [("W2", "0 21:00")]


@pytest.mark.parametrize("visited", ["W1", "W2"])
@pytest.mark.parametrize("fitted", [["W1"], []])
def test_a_visit_to_any_resident_says_that_the_unit_stands_where_it_should(visited: str, fitted: list[str]) -> None:
    records = [*TWO, *(fitting("H1", person=name) for name in fitted)]
    came = learnt("0 20:00", {**visit("0 19:30", "done"), "wearer": visited})
    assert absences(records, lines_of(moved("0 19:00"), out=SECOND_OUT)) == []
    assert absences(records, lines_of(moved("0 19:00"), came, out=SECOND_OUT)) == [("W2", "0 21:00")]


def test_a_visit_to_whoever_has_left_says_nothing_of_the_unit() -> None:
    left = [*resident(1)[:4], *resident(2), device("H1", "home_unit")]
    left += [fitting("H1", "0 00:00", "0 12:00"), fitting("H1", "0 12:00", person="W2")]
    came = learnt("0 20:00", {**visit("0 19:30", "done"), "wearer": "W1"})
    assert absences(left, lines_of(moved("0 19:00"), came, out=SECOND_OUT)) == []


def test_only_a_home_unit_speaks_for_a_tag() -> None:
    other = [wearer("W3"), {**order("O3"), "wearer": "W3"}, device("T3"), fitting("T3", person="W3")]
    lines = lines_of(Sender("T3").event("0 19:00", "strap_tamper", "start", tag="R2"), out=SECOND_OUT)
    found = said([*TWO, fitting("H1"), *other], lines, {"strap_tamper"}, check=False)
    assert shown(found, "wearer", "device") == [("W3", "T3")]
    assert absences([*TWO, fitting("H1"), *other], lines) == [("W2", "0 21:00")]


def test_that_a_home_unit_was_moved_is_about_itself_whatever_tag_it_names() -> None:
    lines = lines_of(moved("0 19:00", tag="R2"), out=SECOND_OUT)
    found = said([*TWO, fitting("H1")], lines, {"home_unit_moved"}, check=False)
    assert shown(found, "wearer", "device") == [("W1", "H1")]
    assert absences([*TWO, fitting("H1")], lines) == []


def test_the_strap_of_one_resident_casts_no_doubt_on_another() -> None:
    cut = Sender("H1").event("0 19:00", "strap_tamper", "start", tag="R1")
    cut["envelope"]["gen"] = 1
    out = {"R1": ("0 21:00", "0 22:00"), "R2": ("0 21:00", "0 22:00")}
    assert absences([*TWO, fitting("H1")], lines_of(cut, out=out)) == [("W2", "0 21:00")]
