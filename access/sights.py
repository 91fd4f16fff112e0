"""How far each role sees (contract.md, Roles): a caller becomes a `Sight`, which the database enforces. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from access.grants import CENTRE, Deed, may
from domain.callers import NOTHING, Caller, Sight
from domain.vocabulary import Role

BY_AREA: Final = CENTRE | {Role.OFFICER, Role.POLICE, Role.VICTIM_LIAISON}
"""Roles that see the wearers of their areas. The others see only those that they are given one by one."""
NO_WEARERS: Final = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
NO_DAY: Final = (0, 0)


def sight_of(caller: Caller, given: Iterable[str] = (), today: tuple[int, int] = NO_DAY) -> Sight:
    """What a caller sees.

    ``given`` are wearers it sees for a reason of their own: for the police those inside the force's boundary now and those of
    an approved request, for enforcement those whose warrants it holds, for field officers those they visit today. Of visits field
    officers see those of ``today``, ``[from_us, to_us)``.
    """
    if caller.role in NO_WEARERS:
        return NOTHING
    by_area = caller.role in BY_AREA
    return Sight(
        everything=caller.role is Role.DEVICE_MANAGER or (by_area and caller.areas is None),
        areas=(caller.areas or frozenset()) if by_area else frozenset(),
        email=caller.email if caller.role is Role.OFFICER else None,
        wearers=frozenset(given),
        positions=may(caller, Deed.READ_POSITIONS) or may(caller, Deed.READ_LAST_PLACE),
        victims=may(caller, Deed.READ_VICTIMS) or caller.role is Role.DEVICE_MANAGER,
        centre=caller.role in CENTRE or caller.role is Role.DEVICE_MANAGER,
        visits=today if caller.role is Role.FIELD else None,
    )
