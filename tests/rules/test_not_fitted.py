"""`not_fitted` (rules.md 7): `fit_within_h` of an active order in a row without a fitting. Of records and the clock alone."""

from __future__ import annotations

from typing import Any

import pytest

from domain.vocabulary import OrderState
from tests.rules.equipment_lines import (
    Line,
    Sender,
    device,
    fitting,
    learnt,
    order,
    said,
    shown,
    states_after,
    suspension,
    tick,
    visit,
    wearer,
)

NOT_FITTED = {"not_fitted"}
FIELDS = ("change", "from", "to", "decided", "cause", "reason")
Rows = list[tuple[Any, ...]]

TABLE: list[tuple[str, list[Line], list[Line], Rows]] = [
    ("a second before", [], [tick("2 23:59:59")], []),
    ("at the second", [], [tick("3 00:00")], [("opened", "3 00:00", None, "3 00:00", "service", "clock")]),
    (
        "at the first line of any kind after it, with its true beginning",
        [device("T9")],
        [tick("2 12:00"), Sender("T9").fix("3 07:59:59")],
        [("opened", "3 00:00", None, "3 08:00", "service", "clock")],
    ),
    ("fitted a second before", [device("T1"), fitting("T1", "2 23:59:59")], [tick("5 00:00")], []),
    (
        "fitted later, as was planned",
        [device("T1"), fitting("T1", "4 00:00")],
        [tick("3 00:00"), tick("3 23:59:59"), tick("4 00:00")],
        [
            ("opened", "3 00:00", None, "3 00:00", "service", "clock"),
            ("closed", "3 00:00", "4 00:00", "4 00:00", "service", "clock"),
        ],
    ),
    (
        "the tag is taken off: the hours begin again",
        [device("T1"), fitting("T1", "0 01:00", "10 00:00")],
        [tick("12 23:59:59"), tick("13 00:00")],
        [("opened", "13 00:00", None, "13 00:00", "service", "clock")],
    ),
    (
        "suspended: the hours begin again",
        [suspension("1 00:00", "5 00:00")],
        [tick("3 00:00"), tick("7 23:59:59"), tick("8 00:00")],
        [("opened", "8 00:00", None, "8 00:00", "service", "clock")],
    ),
    (
        "suspended while it stands",
        [suspension("4 00:00", "5 00:00")],
        [tick("3 00:00"), tick("4 00:01"), tick("8 00:00")],
        [
            ("opened", "3 00:00", None, "3 00:00", "service", "clock"),
            ("closed", "3 00:00", "4 00:00", "4 00:01", "service", "clock"),
            ("opened", "8 00:00", None, "8 00:00", "service", "clock"),
        ],
    ),
    (
        "a visit refused makes it the wearer's",
        [visit("2 10:00", "refused"), visit("1 10:00", "no_answer", "X2")],
        [tick("3 00:00")],
        [("opened", "3 00:00", None, "3 00:00", "wearer", "clock")],
    ),
    ("a visit before the order says nothing", [visit("0 00:00", "no_answer")], [tick("3 00:00")], [
        ("opened", "3 00:00", None, "3 00:00", "service", "clock")
    ]),
    (
        "a refusal that is learnt later",
        [],
        [tick("3 00:00"), learnt("3 10:00", visit("3 09:00", "refused"), "3 09:00")],
        [
            ("opened", "3 00:00", None, "3 00:00", "service", "clock"),
            ("amended", "3 00:00", None, "3 10:00", "wearer", "variation"),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("records", "lines", "expected"), [t[1:] for t in TABLE], ids=[t[0] for t in TABLE])
def test_table(records: list[Line], lines: list[Line], expected: Rows) -> None:
    assert shown(said([wearer(), order(), *records], lines, NOT_FITTED), *FIELDS) == expected


def test_a_fitting_that_is_learnt_closes_it_and_one_from_before_withdraws_it() -> None:
    records = [wearer(), order(), device("T1")]
    closed = said(records, [tick("3 00:00"), learnt("3 10:00", fitting("T1", "3 10:00"))], NOT_FITTED)
    assert shown(closed, *FIELDS)[1:] == [("closed", "3 00:00", "3 10:00", "3 10:00", "service", "variation")]
    withdrawn = said(records, [tick("3 00:00"), learnt("3 10:00", fitting("T1", "2 10:00"), "2 10:00")], NOT_FITTED)
    assert shown(withdrawn, "change", "reason")[1:] == [("withdrawn", "variation")]


def test_an_order_that_is_learnt_when_it_is_overdue() -> None:
    lines = [tick("9 00:00"), learnt("10 00:00", order(since="1 00:00"), "1 00:00")]
    found = said([wearer()], lines, NOT_FITTED)
    assert shown(found, *FIELDS, "retrospective") == [
        ("opened", "4 00:00", None, "10 00:00", "service", "variation", True)
    ]


def test_two_orders_of_a_wearer_are_told_apart() -> None:
    orders = [order("O1"), order("O2", "1 00:00", "8 00:00", fit_within_h=24)]
    found = said([wearer(), *orders], [tick("2 00:00"), tick("3 00:00"), tick("8 00:00")], NOT_FITTED)
    assert shown(found, "change", "order", "from", "to") == [
        ("opened", "O2", "2 00:00", None),
        ("opened", "O1", "3 00:00", None),
        ("closed", "O2", "2 00:00", "8 00:00"),
    ]


def test_order_states_agree() -> None:
    records = [wearer(), order()]
    assert states_after(records, [tick("2 23:59:59")]) == {OrderState.AWAITING_FITTING: 1}
    assert states_after(records, [tick("3 00:00")]) == {OrderState.NOT_FITTED: 1}
