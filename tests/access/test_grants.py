"""Who may do what: the table is whole, and the contract's sentences about roles hold in it."""

from __future__ import annotations

import pytest

from access.grants import CENTRE, GRANTS, Deed, changes, may
from access.sights import sight_of
from domain.callers import NOTHING, Caller
from domain.vocabulary import Role

KENT = frozenset({"kent"})


def of(role: Role) -> set[Deed]:
    return {deed for deed, roles in GRANTS.items() if role in roles}


def test_every_deed_is_somebodys_and_every_role_may_know_itself() -> None:
    assert set(GRANTS) == set(Deed)
    assert all(GRANTS.values())
    assert GRANTS[Deed.READ_SELF] == set(Role)


@pytest.mark.parametrize(
    "role", [Role.FIELD, Role.ADMINISTRATOR, Role.AUDITOR, Role.DEVICE_MANAGER, Role.VICTIM_LIAISON]
)
def test_roles_without_positions_see_none(role: Role) -> None:
    assert not of(role) & {Deed.READ_POSITIONS, Deed.READ_LAST_PLACE, Deed.READ_PROTECTED_PLACES}
    assert not sight_of(Caller("x", role, None), {"W1"}).positions


def test_what_each_role_is_for() -> None:
    assert of(Role.ADMINISTRATOR) == {
        *(Deed.READ_SELF, Deed.READ_ACCOUNTS, Deed.WRITE_ACCOUNTS, Deed.READ_FIGURES, Deed.READ_HOLDS)
    }
    assert all(changes(deed) is False for deed in of(Role.AUDITOR))
    assert Deed.READ_AUDIT in of(Role.AUDITOR)
    assert {Deed.READ_DEVICES, Deed.READ_FITTINGS, Deed.READ_DEAD_LETTERS} <= of(Role.DEVICE_MANAGER)
    assert {Deed.READ_VISITS, Deed.READ_FITTINGS} <= of(Role.FIELD)
    assert {Deed.READ_WARRANTS, Deed.READ_LAST_PLACE} <= of(Role.ENFORCEMENT)
    assert Deed.WRITE_ASSESSMENTS in of(Role.OFFICER)
    assert not any(Deed.WRITE_ASSESSMENTS in of(role) for role in CENTRE), "operators record, officers decide"
    assert Deed.READ_VIOLATIONS not in of(Role.POLICE)
    assert Deed.APPROVE_REQUESTS not in of(Role.POLICE), "nobody approves their own"


def test_a_reading_key_changes_nothing() -> None:
    for deed in Deed:
        reader = Caller("k", Role.OPERATOR, None, reads_only=True)
        assert may(reader, deed) == (Role.OPERATOR in GRANTS[deed] and not changes(deed))


@pytest.mark.parametrize("role", list(Role))
def test_without_an_area_nobody_sees_wearers_but_by_name(role: Role) -> None:
    sight = sight_of(Caller("x", role, frozenset()))
    assert sight.everything == (role is Role.DEVICE_MANAGER)
    assert (sight.areas, sight.wearers) == (frozenset(), frozenset())


@pytest.mark.parametrize("role", list(Role))
def test_an_area_is_seen_by_whom_the_contract_names(role: Role) -> None:
    sight = sight_of(Caller("x", role, KENT, email="a@example.org"), {"W9"})
    by_area = {*CENTRE, Role.OFFICER, Role.POLICE, Role.VICTIM_LIAISON}
    assert sight.areas == (KENT if role in by_area else frozenset())
    assert (sight.email is not None) == (role is Role.OFFICER)
    assert sight.centre == (role in CENTRE or role is Role.DEVICE_MANAGER)
    if role in (Role.ADMINISTRATOR, Role.AUDITOR):
        assert sight == NOTHING
    else:
        assert sight.wearers == {"W9"}
