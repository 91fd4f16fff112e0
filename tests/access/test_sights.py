"""A sight never grows by what is taken from its caller, and comes back from the words in which the database is told of it."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from access.grants import GRANTS, Deed, may
from access.sights import sight_of
from domain.callers import NOTHING, Caller, Sight
from domain.vocabulary import Role
from store.seeing import sight_text

NAMES = st.text("abW19-_.:\u00e9\"'\\{}", min_size=1, max_size=8)
MANY = st.frozensets(NAMES, max_size=6)
CALLERS = st.builds(
    Caller,
    name=NAMES,
    role=st.sampled_from(Role),
    areas=MANY | st.none(),
    email=NAMES | st.none(),
    organisation=NAMES | st.none(),
    reads_only=st.booleans(),
)
SIGHTS = st.builds(
    Sight,
    everything=st.booleans(),
    areas=MANY,
    email=NAMES | st.none(),
    wearers=MANY,
    positions=st.booleans(),
    victims=st.booleans(),
    centre=st.booleans(),
    visits=st.tuples(st.integers(0, 2**53), st.integers(0, 2**53)) | st.none(),
)


def within(less: Sight, more: Sight) -> bool:
    """Whether nothing is seen by the one that the other does not see, whatever the caseload is."""
    people = more.everything or (
        not less.everything
        and less.areas <= more.areas
        and less.email in (None, more.email)
        and less.wearers <= more.wearers
    )
    return people and less.positions <= more.positions and less.victims <= more.victims and less.centre <= more.centre


@settings(max_examples=25)
@given(CALLERS, MANY, MANY)
def test_fewer_areas_show_no_more(caller: Caller, given_to: frozenset[str], taken: frozenset[str]) -> None:
    fewer = replace(caller, areas=taken if caller.areas is None else caller.areas - taken)
    assert within(sight_of(fewer, given_to), sight_of(caller, given_to))


@settings(max_examples=25)
@given(CALLERS, MANY, MANY)
def test_an_alert_or_a_warrant_that_is_over_shows_no_more(
    caller: Caller, given_to: frozenset[str], taken: frozenset[str]
) -> None:
    assert within(sight_of(caller, given_to - taken), sight_of(caller, given_to))


@settings(max_examples=25)
@given(CALLERS, MANY)
def test_who_may_only_read_or_has_no_address_sees_no_more(caller: Caller, given_to: frozenset[str]) -> None:
    sight = sight_of(caller, given_to)
    assert within(sight_of(replace(caller, reads_only=True), given_to), sight)
    assert within(sight_of(replace(caller, email=None), given_to), sight)
    assert within(NOTHING, sight)


@settings(max_examples=25)
@given(CALLERS, MANY)
def test_what_is_seen_has_a_deed_that_says_so(caller: Caller, given_to: frozenset[str]) -> None:
    """A deed taken from a role takes the sight with it: each part of a sight asks the table of grants."""
    sight = sight_of(caller, given_to)
    places = {Deed.READ_POSITIONS, Deed.READ_LAST_PLACE}
    assert sight.positions == (bool(places & _deeds(caller)) and sight != NOTHING)
    if sight.victims:
        assert Deed.READ_VICTIMS in _deeds(caller) or caller.role is Role.DEVICE_MANAGER
    if sight.centre:
        assert _deeds(caller) & {Deed.WORK_ALERTS, Deed.READ_INCIDENTS, Deed.WRITE_DEVICES} or caller.reads_only


def _deeds(caller: Caller) -> set[Deed]:
    return {deed for deed in GRANTS if may(caller, deed)}


@settings(max_examples=25)
@given(SIGHTS)
def test_a_sight_comes_back_from_its_words(sight: Sight) -> None:
    assert msgspec.json.decode(sight_text(sight), type=Sight) == sight
