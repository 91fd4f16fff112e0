"""What a text to a wearer's device may not hold of somebody who is protected from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.device_messages import Protected, refused

MARA = Protected(
    "V-204",
    {
        "id": "V-204",
        "type": "victim",
        "name": "Mára Quill-Østby",
        "contact": {
            "safe_channels": ["sms"],
            "safe_hours": "09:00-17:00",
            "safe_words": "blue kettle",
            "sms": "+44 1632 960 417",
            "email": "m.quill@example.org",
            "address": ["4 Invented Row", "Kentford"],
        },
    },
    ("U-77", "U-78"),
)


@pytest.mark.parametrize(
    "text",
    [
        "Call the centre.",
        "Leave the area you are in now and ring 01632 960001.",
        "Your battery is low. Charge your tag for 2 hours.",
        "You must be home by 19:00. Ring us if you cannot.",
        "Mae angen i chi ffonio'r ganolfan.",
    ],
)
def test_what_says_nothing_of_her_may_be_sent(text: str) -> None:
    assert refused(text, [MARA]) is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Stay away from Mara", "name"),
        ("stay away from QUILL", "name"),
        ("Stay away from Ms Østby.", "name"),
        ("Stay away from m.a.r.a q u i l l ostby", "name"),
        ("You are near V-204", "id"),
        ("You are near v-204's home", "id"),
        ("unit u-78 is close", "id"),
        ("ring 01632 960417", "number"),
        ("ring 01632-960.417 now", "number"),
        ("say blue  kettle", "reached"),
        ("mail M.Quill@Example.org", "name"),
        ("not at 4 Invented Row", "reached"),
        ("avoid TN1 2AB", "postcode"),
        ("avoid tn12ab", "postcode"),
        ("avoid 51.27365, 0.52", "coordinates"),
        ("avoid TQ 758 557", "coordinates"),
        ("avoid filled.count.soap", "three words"),
        ("You are 312 m from the zone", "distance"),
        ("You are 0.3 miles off", "distance"),
        ("Go five hundred metres back", "distance"),
    ],
)
def test_what_says_anything_of_her_is_refused_in_words_that_repeat_nothing(text: str, what: str) -> None:
    found = refused(text, [MARA])
    assert found is not None
    assert what in found
    for secret in ("mara", "quill", "204", "kettle", "417", "tn1"):
        assert secret not in found.lower()


def test_where_nobody_is_protected_a_place_may_be_named() -> None:
    assert refused("Report to TN1 2AB, 300 m from the station", []) is None


def test_one_whose_record_is_gone_is_still_protected() -> None:
    gone = Protected("V-9", None, ("U-9",))
    assert refused("u-9 is near", [gone]) is not None
    assert refused("avoid TN1 2AB", [gone]) == "a postcode"


@given(
    st.text(max_size=60),
    st.text(max_size=60),
    st.sampled_from(["Mara", "Quill", "V-204", "U-77", "blue kettle", "01632 960417", "4 Invented Row", "TN1 2AB"]),
    st.sampled_from([str.lower, str.upper, str.title]),
)
def test_whatever_stands_around_it(before: str, after: str, secret: str, written: object) -> None:
    text = f"{before} {written(secret)} {after}"
    assert refused(text, [MARA]) is not None


@given(
    st.text(max_size=500), st.text(max_size=20), st.dictionaries(st.text(max_size=5), st.text(max_size=10), max_size=3)
)
def test_it_takes_any_text_and_any_record(text: str, name: str, contact: dict[str, str]) -> None:
    refused(text, [Protected("V1", {"name": name, "contact": contact})])
