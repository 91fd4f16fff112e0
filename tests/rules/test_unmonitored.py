"""`unmonitored` (rules.md 7): an active order whose fitted devices have all gone quiet; by silence, opened at ticks."""

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
    text,
    tick,
    wearer,
)

HOSTEL = {"name": "hostel", "lon": 0.5, "lat": 51.2, "radius_m": 50, "home_unit": "H1"}
NIGHT = [{"day": "sun", "start": "19:00", "end": "07:00"}]
UNMONITORED = {"unmonitored"}
FIELDS = ("change", "from", "to", "decided", "reason")
Rows = list[tuple[Any, ...]]
PERSON = [wearer(), order()]
WATCHED = [*PERSON, device("T1"), fitting("T1", "0 01:00")]
"""Ingest listens from the first line; each table begins with one from before the fitting."""
SPOKE = Sender("T1").event("1 00:00", "heartbeat", "pulse", "1 00:00")

TABLE: list[tuple[str, list[Line], list[Line], Rows]] = [
    ("never heard: a second before the hour", WATCHED, [tick("0 00:00"), tick("0 01:59:59")], []),
    (
        "never heard: an hour after the fitting",
        WATCHED,
        [tick("0 00:00"), tick("0 02:00")],
        [("opened", "0 02:00", None, "0 02:00", "silence")],
    ),
    (
        "it opens at a tick only, from when it was due",
        [*WATCHED, device("T9")],
        [tick("0 00:00"), Sender("T9").fix("0 02:00"), tick("0 02:30")],
        [("opened", "0 02:00", None, "0 02:30", "silence")],
    ),
    ("heard: a second before the day", WATCHED, [tick("0 00:00"), SPOKE, tick("1 23:59:59")], []),
    (
        "heard: 24 hours after the last message, and closed by the next",
        WATCHED,
        [tick("0 00:00"), SPOKE, tick("2 00:00"), Sender("T1").bad("2 00:00:30"), tick("3 00:00:29")],
        [
            ("opened", "2 00:00", None, "2 00:00", "silence"),
            ("closed", "2 00:00", "2 00:00:30", "2 00:00:30", "contact"),
        ],
    ),
    (
        "nobody listened before the first line",
        WATCHED,
        [tick("5 00:00"), tick("5 00:59:59"), tick("5 01:00")],
        [("opened", "5 01:00", None, "5 01:00", "silence")],
    ),
    (
        "one of two devices is enough",
        [*WATCHED, device("H1", "home_unit"), fitting("H1")],
        [tick("0 00:00"), Sender("H1").event("0 01:30", "heartbeat"), tick("1 01:30"), tick("1 01:30:01")],
        [("opened", "1 01:30:01", None, "1 01:30:01", "silence")],
    ),
    (
        "the last one that spoke is taken off",
        [*WATCHED, device("H1", "home_unit"), fitting("H1", "0 00:00", "0 12:00")],
        [tick("0 00:00"), Sender("H1").event("0 11:00", "heartbeat"), tick("0 11:59:59"), tick("0 12:00")],
        [("opened", "0 02:00", None, "0 12:00", "silence")],
    ),
    (
        "a curfew tag alone cannot speak",
        [*PERSON, device("R1", "rf_tag"), fitting("R1")],
        [tick("0 00:00"), tick("0 01:00")],
        [("opened", "0 01:00", None, "0 01:00", "silence")],
    ),
    (
        "not before the order begins",
        [wearer(), order(since="0 10:00"), *WATCHED[2:]],
        [tick("0 00:00"), tick("0 09:59:59"), tick("0 10:00")],
        [("opened", "0 10:00", None, "0 10:00", "silence")],
    ),
    (
        "closed by the end of the order",
        [wearer(), order(until="0 05:00"), *WATCHED[2:]],
        [tick("0 00:00"), tick("0 02:00"), tick("0 05:00:10")],
        [("opened", "0 02:00", None, "0 02:00", "silence"), ("closed", "0 02:00", "0 05:00", "0 05:00:10", "clock")],
    ),
    (
        "closed by the end of the fitting",
        [*WATCHED[:3], fitting("T1", "0 01:00", "0 05:00")],
        [tick("0 00:00"), tick("0 02:00"), Sender("T1").fix("0 05:00")],
        [("opened", "0 02:00", None, "0 02:00", "silence"), ("closed", "0 02:00", "0 05:00", "0 05:00:01", "clock")],
    ),
    (
        "a suspension closes it, and after it it opens at once",
        [*WATCHED, suspension("0 05:00", "0 06:00")],
        [tick("0 00:00"), tick("0 02:00"), tick("0 05:30"), tick("0 06:00")],
        [
            ("opened", "0 02:00", None, "0 02:00", "silence"),
            ("closed", "0 02:00", "0 05:00", "0 05:30", "clock"),
            ("opened", "0 06:00", None, "0 06:00", "silence"),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("records", "lines", "expected"), [t[1:] for t in TABLE], ids=[t[0] for t in TABLE])
def test_table(records: list[Line], lines: list[Line], expected: Rows) -> None:
    assert shown(said(records, lines, UNMONITORED), *FIELDS) == expected


def test_what_it_carries() -> None:
    found = said([*WATCHED, order("O2")], [tick("0 00:00"), SPOKE, tick("2 00:00")], UNMONITORED)
    assert [v["order"] for v in found] == ["O1", "O2"]
    first = found[0]
    assert (first["device"], first["cause"]) == (None, "unknown")
    assert first["evidence"] == [{"device": "T1", "gen": 0, "seq": 1}]


def test_a_device_that_is_fitted_while_it_stands_ends_it_with_its_first_message() -> None:
    new = [learnt("0 03:00", device("T2")), learnt("0 03:00", fitting("T2", "0 03:00"))]
    lines = [tick("0 00:00"), tick("0 02:00"), *new, Sender("T2").fix("0 03:10"), tick("0 04:00")]
    assert shown(said(WATCHED, lines, UNMONITORED), *FIELDS)[1:] == [
        ("closed", "0 02:00", "0 03:10:01", "0 03:10:01", "contact")
    ]


# ---- a home unit that several share: wire.md, "it is in contact while its home unit is" ----


def _guest(number: int) -> list[Line]:
    """Somebody with a curfew tag in a hostel whose one home unit is fitted to W1."""
    name, tag = f"W{number}", f"R{number}"
    curfew = {"type": "condition", "id": f"C{number}", "order": f"O{number}", "kind": "curfew", "place": HOSTEL}
    curfew |= {"timezone": "Europe/London", "timetable": NIGHT}
    mine = {**order(f"O{number}"), "wearer": name}
    return [wearer(name), mine, device(tag, "rf_tag"), fitting(tag, "0 01:00", person=name), curfew]


SHARED = [wearer(), order(), device("H1", "home_unit"), *_guest(2), *_guest(3)]
FITTED = [*SHARED, fitting("H1")]
ALIVE = Sender("H1").event("0 01:30", "heartbeat")


@pytest.mark.parametrize("records", [SHARED, FITTED], ids=["fitted to nobody", "fitted to another"])
def test_a_curfew_tag_is_in_contact_while_the_home_unit_of_its_place_is(records: list[Line]) -> None:
    found = said(records, [tick("0 00:00"), ALIVE, tick("1 01:30"), tick("1 01:30:01")], UNMONITORED)
    guests = [v for v in found if v["wearer"] != "W1"]
    assert shown(guests, "wearer", *FIELDS) == [
        (guest, "opened", "1 01:30:01", None, "1 01:30:01", "silence") for guest in ("W2", "W3")
    ]
    assert guests[0]["evidence"] == [{"device": "H1", "gen": 0, "seq": 1}]


def test_a_message_of_the_shared_home_unit_ends_it_for_all() -> None:
    lines = [tick("0 00:00"), tick("0 02:00"), Sender("H1").event("0 03:00", "heartbeat"), tick("0 04:00")]
    ended = [v for v in said(FITTED, lines, UNMONITORED) if v["change"] == "closed"]
    assert shown(ended, "wearer", "to", "reason") == [(w, "0 03:00:01", "contact") for w in ("W1", "W2", "W3")]


@pytest.mark.parametrize("guests", [(2,), (2, 3)])
def test_one_whose_order_ends_leaves_the_others_waiting_for_the_unit(guests: tuple[int, ...]) -> None:
    leaves = learnt("0 02:10", {**_guest(2)[1], "to": text("0 02:30")})
    lines = [tick("0 00:00"), tick("0 02:00"), leaves, tick("0 02:30"), Sender("H1").event("0 03:00", "heartbeat")]
    records = [*SHARED[:3], *(line for number in guests for line in _guest(number)), fitting("H1")]
    ended = [v for v in said(records, lines, UNMONITORED) if v["change"] == "closed"]
    left = ["W1", *(f"W{number}" for number in guests if number != 2)]
    assert shown(ended, "wearer", "to", "reason") == [
        ("W2", "0 02:30", "clock"),
        *((wearer, "0 03:00:01", "contact") for wearer in left),
    ]


def test_a_new_home_unit_that_several_share_has_an_hour_like_any_other() -> None:
    """The unit is changed in the night; who was heard through the old one until then is not unmonitored since the fitting of the tag."""
    swapped = [fitting("H1", "0 00:00", "0 12:00"), fitting("H2", "0 12:00")]
    places = [{**_guest(number)[4], "place": {**HOSTEL, "home_unit": "H2"}} for number in (2, 3)]
    lines: list[Line] = [
        tick("0 00:00"),
        *(Sender("H1").event(f"0 {hour:02}:59", "heartbeat") for hour in range(1, 12)),
    ]
    lines += [learnt("0 12:00", record) for record in [device("H2", "home_unit"), *swapped, *places]]
    records = [*SHARED, fitting("H1")]
    early = [*lines, tick("0 12:00:30"), tick("0 12:59:59")]
    assert said(records, early, UNMONITORED) == []
    found = said(records, [*early, tick("0 13:00")], UNMONITORED)
    assert shown(found, "wearer", "from") == [(wearer, "0 13:00") for wearer in ("W1", "W2", "W3")]


def test_a_home_unit_of_another_place_says_nothing_for_a_tag() -> None:
    elsewhere = [*FITTED, device("H2", "home_unit"), fitting("H2", person="W1")]
    lines = [tick("0 00:00"), Sender("H2").event("0 01:30", "heartbeat"), tick("0 02:00")]
    assert {v["wearer"] for v in said(elsewhere, lines, UNMONITORED)} == {"W2", "W3"}


def test_who_is_heard_through_a_lost_home_unit_is_out_of_contact() -> None:
    assert states_after(FITTED, [tick("0 00:00"), ALIVE, tick("0 01:35")]) == {OrderState.MONITORED: 3}
    assert states_after(FITTED, [tick("0 00:00"), ALIVE, tick("0 01:40")]) == {OrderState.COMMUNICATION_LOST: 3}


def test_order_states_agree() -> None:
    start, late = [tick("0 00:00")], [tick("0 00:00"), tick("0 02:00")]
    assert states_after(WATCHED, [*start, tick("0 01:59:59")]) == {OrderState.COMMUNICATION_LOST: 1}
    assert states_after(WATCHED, late) == {OrderState.UNMONITORED: 1}
    assert states_after([*WATCHED, suspension("0 02:00", None)], late) == {OrderState.SUSPENDED: 1}
    assert states_after(WATCHED, [*late, Sender("T1").fix("0 03:00")]) == {OrderState.MONITORED: 1}
