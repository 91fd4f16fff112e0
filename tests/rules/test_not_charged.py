"""`not_charged` (rules.md 7): 36 h since the last unbroken `charging` of 1 h, or the fitting, of a device that says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.equipment_lines import Line, Sender, device, fitting, learnt, order, said, shown, tick, wearer

NOT_CHARGED = {"not_charged"}
FIELDS = ("change", "from", "to", "decided", "reason")
Rows = list[tuple[Any, ...]]
RECORDS = [wearer(), order(), device("T1"), fitting("T1")]


def charged(*states: tuple[str, str], **late: str) -> list[Line]:
    """`charging` events of T1: (clock, state)."""
    tag = Sender("T1")
    return [tag.event(clock, "charging", state, late.get("received")) for clock, state in states]


TABLE: list[tuple[str, list[Line], Rows]] = [
    ("a device that never says that it charges", [Sender("T1").fix("0 10:00"), tick("9 00:00")], []),
    ("a second before", [*charged(("0 10:00", "start"), ("0 11:00", "end")), tick("1 22:59:59")], []),
    (
        "at the second, by the clock alone",
        [*charged(("0 10:00", "start"), ("0 11:00", "end")), tick("1 23:00")],
        [("opened", "1 23:00", None, "1 23:00", "clock")],
    ),
    (
        "charged for a second less than an hour: from the fitting",
        [*charged(("0 10:00", "start"), ("0 10:59:59", "end")), tick("1 12:00")],
        [("opened", "1 12:00", None, "1 12:00", "clock")],
    ),
    (
        "closed by charging, and open again at its end where that was too soon",
        [
            *charged(("0 10:00", "start"), ("0 11:00", "end")),
            tick("1 23:00"),
            *charged(("0 10:00", "start"), ("0 11:00", "end"), ("2 01:00", "start"), ("2 01:30", "end"))[2:],
        ],
        [
            ("opened", "1 23:00", None, "1 23:00", "clock"),
            ("closed", "1 23:00", "2 01:00", "2 01:00:01", "event"),
            ("opened", "2 01:30", None, "2 01:30:01", "event"),
        ],
    ),
    (
        "while it charges it is charged, however long ago the last hour was",
        [*charged(("0 10:00", "start"), ("0 11:00", "end"), ("1 22:59:59", "start")), tick("5 00:00")],
        [],
    ),
    (
        "nobody knew that it says so before it did",
        [*charged(("3 00:00", "start"), ("3 02:00", "end")), tick("4 13:59:59"), tick("4 14:00")],
        [("opened", "4 14:00", None, "4 14:00", "clock")],
    ),
    (
        "a second start and an end with none open change nothing",
        [
            *charged(("0 09:30", "end"), ("0 10:00", "start"), ("0 10:30", "start"), ("0 11:00", "end")),
            *charged(*[("0 09:00", "end")] * 4, ("0 11:30", "end"))[4:],
            tick("1 23:00"),
        ],
        [("opened", "1 23:00", None, "1 23:00", "clock")],
    ),
]


@pytest.mark.parametrize(("lines", "expected"), [t[1:] for t in TABLE], ids=[t[0] for t in TABLE])
def test_table(lines: list[Line], expected: Rows) -> None:
    assert shown(said(RECORDS, lines, NOT_CHARGED), *FIELDS) == expected


def test_evidence_and_cause() -> None:
    tag = Sender("T1")
    lines = [tag.event("0 10:00", "charging", "start"), tag.event("0 11:00", "charging", "end"), tick("1 23:00")]
    lines += [tag.event("2 00:00", "charging", "start")]
    closed = said(RECORDS, lines, NOT_CHARGED)[-1]
    assert [fact["seq"] for fact in closed["evidence"]] == [2, 3]
    assert (closed["cause"], closed["device"], closed["order"]) == ("unknown", "T1", None)


def test_a_late_charging_withdraws_it() -> None:
    """What was charged is known only now: it is as if it had been known then."""
    tag = Sender("T1")
    lines = [tag.event("0 10:00", "charging", "start"), tag.event("0 11:00", "charging", "end"), tick("1 23:00")]
    lines += [tag.event("1 10:00", "charging", "start", "2 10:00"), tag.event("1 12:00", "charging", "end", "2 10:00")]
    found = said(RECORDS, [*lines, tick("2 23:59:59"), tick("3 00:00")], NOT_CHARGED)
    assert shown(found, *FIELDS) == [
        ("opened", "1 23:00", None, "1 23:00", "clock"),
        ("withdrawn", "1 23:00", None, "2 10:00", "fixes"),
        ("opened", "3 00:00", None, "3 00:00", "clock"),
    ]


def test_the_end_of_the_fitting_ends_it() -> None:
    records = [*RECORDS[:3], fitting("T1", "0 00:00", "2 00:00"), fitting("T1", "2 12:00")]
    lines = [*charged(("0 10:00", "start"), ("0 11:00", "end")), tick("1 23:00"), tick("2 00:00"), tick("4 00:00")]
    assert shown(said(records, lines, NOT_CHARGED), *FIELDS) == [
        ("opened", "1 23:00", None, "1 23:00", "clock"),
        ("closed", "1 23:00", "2 00:00", "2 00:00", "clock"),
        ("opened", "4 00:00", None, "4 00:00", "clock"),
    ]


def test_without_an_order_too_and_by_a_fitting_learnt_later() -> None:
    lines = [*charged(("0 10:00", "start"), ("0 11:00", "end")), learnt("3 00:00", fitting("T1"), "0 00:00")]
    found = said([wearer(), device("T1")], lines, NOT_CHARGED)
    assert shown(found, *FIELDS) == [("opened", "1 23:00", None, "3 00:00", "variation")]
