"""Who asks in the table of access: every role with no area, one, the other, all; and those who see somebody for a reason of their own.

What each may see is written down here by hand, from the contract.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from domain.vocabulary import Role
from tests.api.access_world import CALM, FAR, OWN, SUBJECTS, Subject
from tests.api.doors import asks

NOBODY_OF_THEM: Final = frozenset[Subject]()
EVERYBODY: Final = frozenset(SUBJECTS)
IN_AREA: Final = {
    "": NOBODY_OF_THEM,
    "kent": frozenset({OWN, CALM}),
    "essex": frozenset({FAR}),
    "*": EVERYBODY,
}
CENTRE: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.DUTY_MANAGER})
BY_AREA: Final = CENTRE | {Role.OFFICER, Role.POLICE, Role.VICTIM_LIAISON}
AROUND_ALERTS: Final = frozenset({OWN, FAR})
"""Of them the police may see positions: an alert is open."""
FOR_VICTIMS: Final = CENTRE | {Role.VICTIM_LIAISON}


@dataclass(frozen=True)
class Asker:
    """Somebody who is signed in, and of whom they may see what.

    ``zones``: whose areas' zones; ``places``: whose positions; ``exports``, ``requests``, ``warrants``: about whom; ``held``: whose
    warrants their agency holds; ``crimes``: of which forces' areas.
    """

    label: str
    role: Role
    headers: dict[str, str]
    sees: frozenset[Subject]
    zones: frozenset[Subject] = NOBODY_OF_THEM
    places: frozenset[Subject] = NOBODY_OF_THEM
    exports: frozenset[Subject] = NOBODY_OF_THEM
    requests: frozenset[Subject] = NOBODY_OF_THEM
    warrants: frozenset[Subject] = NOBODY_OF_THEM
    held: frozenset[Subject] = NOBODY_OF_THEM
    crimes: frozenset[Subject] = NOBODY_OF_THEM

    @property
    def everywhere(self) -> bool:
        return self.headers["Test-Caller"].endswith(";*")

    @property
    def holds(self) -> frozenset[Subject]:
        """Whose legal holds; that there is one is for auditors and administrators to know, of everybody."""
        return EVERYBODY if self.role in (Role.AUDITOR, Role.ADMINISTRATOR) else self.sees

    @property
    def of_crimes(self) -> frozenset[Subject]:
        """Who may be asked about in a crime of their own area."""
        return self.sees & self.crimes

    @property
    def tasks(self) -> frozenset[Subject]:
        """Whose tasks are to be done: of alerts that are not closed."""
        return self.sees & AROUND_ALERTS


def askers(role: Role) -> Iterator[Asker]:
    """A role with each sight that it can have."""
    for area in IN_AREA:
        yield _by_area(role, area)
    yield from _for_a_reason(role)


def _by_area(role: Role, area: str) -> Asker:
    label = f"{role.value} of {({'': 'no area', '*': 'every area'}).get(area, area)}"
    within = IN_AREA[area]
    sees = within if role in BY_AREA else NOBODY_OF_THEM
    if role is Role.DEVICE_MANAGER:  # devices lie in a store until somebody wears them
        sees = EVERYBODY
    if role is Role.FIELD:  # whom they visit today
        sees = within & {FAR}
    places = {Role.POLICE: within & AROUND_ALERTS, Role.OFFICER: within} | dict.fromkeys(CENTRE, within)
    decides = role in (Role.SUPERVISOR, Role.DUTY_MANAGER)
    return Asker(
        label,
        role,
        asks(f"{role.value}.{area or 'none'}".replace("*", "all"), role, area)
        | {"Test-Organisation": f"quiet-{role.value}"},
        sees,
        zones=sees,
        places=places.get(role, NOBODY_OF_THEM),
        exports=_exports(role, area),
        requests=EVERYBODY if role is Role.AUDITOR else sees if decides else NOBODY_OF_THEM,
        warrants=within if role in BY_AREA | {Role.ENFORCEMENT} else NOBODY_OF_THEM,
        crimes=EVERYBODY if role in CENTRE else within if role is Role.POLICE else NOBODY_OF_THEM,
    )


def _exports(role: Role, area: str) -> frozenset[Subject]:
    """A duty manager of kent asked for one of their own; another of the other one."""
    if area == "*" or role is Role.AUDITOR:
        return frozenset({OWN, FAR})
    return frozenset({OWN}) if (role, area) == (Role.DUTY_MANAGER, "kent") else NOBODY_OF_THEM


def _for_a_reason(role: Role) -> Iterator[Asker]:
    kent = _by_area(role, "kent")
    if role is Role.POLICE:
        yield replace(
            kent,
            label="police of kent with an approved request about the other",
            headers=kent.headers | {"Test-Organisation": "kent-police"},
            sees=kent.sees | {FAR},
            places=kent.places | {FAR},
            requests=frozenset({FAR}),
        )
    if role is Role.ENFORCEMENT:
        yield replace(
            kent,
            label="enforcement of kent that holds a warrant of the other",
            headers=kent.headers | {"Test-Organisation": "kent-warrants"},
            sees=frozenset({FAR}),
            places=frozenset({FAR}),
            warrants=kent.warrants | {FAR},
            held=frozenset({FAR}),
        )
    if role is Role.OFFICER:
        none = _by_area(role, "")
        sees = frozenset({FAR})
        headers = none.headers | {"Test-Email": f"{FAR.word.lower()}@example.org"}
        own = {"sees": sees, "zones": sees, "places": sees, "warrants": sees}
        yield replace(none, label="officer of the other one's order", headers=headers, **own)
