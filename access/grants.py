"""Who may do what: one table (contract.md, Roles; least privilege). What no role has here, nobody can do.

Every route names its `Deed`; `api.doors` lets through whom this table lets. What a role sees is then cut to its wearers by
`access.sights` and the database.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from domain.callers import Caller
from domain.vocabulary import Role

CENTRE: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.DUTY_MANAGER})
"""The monitoring centre's staff, who work on alerts."""
SENIOR: Final = frozenset({Role.SUPERVISOR, Role.DUTY_MANAGER})
EVERYBODY: Final = frozenset(Role)


class Deed(StrEnum):
    """What can be done, in the words of the resources."""

    READ_SELF = "self.read"
    READ_WEARERS = "wearers.read"
    READ_POSITIONS = "positions.read"
    READ_LAST_PLACE = "last_place.read"
    READ_PROTECTED_PLACES = "protected_places.read"
    READ_ORDERS = "orders.read"
    READ_ZONES = "zones.read"
    READ_FITTINGS = "fittings.read"
    READ_VISITS = "visits.read"
    READ_DEVICES = "devices.read"
    READ_VICTIMS = "victims.read"
    READ_VIOLATIONS = "violations.read"
    READ_ASSESSMENTS = "assessments.read"
    READ_ALERTS = "alerts.read"
    READ_INCIDENTS = "incidents.read"
    READ_DESK = "desk.read"
    READ_FIGURES = "figures.read"
    READ_DEAD_LETTERS = "dead_letters.read"
    READ_COMMANDS = "commands.read"
    READ_AUDIT = "audit.read"
    READ_REQUESTS = "requests.read"
    READ_WARRANTS = "warrants.read"
    READ_CRIMES = "crimes.read"
    READ_CRIME_MATCHES = "crime_matches.read"
    READ_CONTACT_DUTIES = "contact_duties.read"
    READ_EXPORTS = "exports.read"
    READ_ACCOUNTS = "accounts.read"
    READ_HOLDS = "holds.read"
    READ_SHEETS = "sheets.read"
    READ_BREACHES = "breaches.read"
    READ_PACKS = "packs.read"
    READ_LOTS = "lots.read"
    WORK_ALERTS = "alerts.work"
    WRITE_CASELOAD = "caseload.write"
    WRITE_ABSENCES = "absences.write"
    WRITE_ASSESSMENTS = "assessments.write"
    WRITE_VICTIMS = "victims.write"
    WRITE_DEVICES = "devices.write"
    WRITE_FITTINGS = "fittings.write"
    WRITE_VISITS = "visits.write"
    WRITE_COMMANDS = "commands.write"
    WRITE_REQUESTS = "requests.write"
    APPROVE_REQUESTS = "requests.approve"
    WRITE_WARRANTS = "warrants.write"
    WRITE_CRIMES = "crimes.write"
    QUALIFY_CRIME_MATCHES = "crime_matches.qualify"
    AUTHORISE_CRIME_MATCHES = "crime_matches.authorise"
    WRITE_TELLINGS = "tellings.write"
    WRITE_EXPORTS = "exports.write"
    WRITE_ACCOUNTS = "accounts.write"
    WRITE_HOLDS = "holds.write"
    WRITE_PATROL_LINKS = "patrol_links.write"
    WRITE_VIEWS = "views.write"
    WRITE_ROTA = "rota.write"
    WRITE_PROTOCOLS = "protocols.write"
    WRITE_BREACHES = "breaches.write"
    ASK_PACKS = "packs.ask"
    SIGN_PACKS = "packs.sign"
    OPEN_ANNEXES = "packs.open_annex"


_OFFICERS: Final = CENTRE | {Role.OFFICER}

GRANTS: Final[dict[Deed, frozenset[Role]]] = {
    Deed.READ_SELF: EVERYBODY,
    Deed.READ_WEARERS: _OFFICERS | {Role.POLICE, Role.ENFORCEMENT, Role.FIELD, Role.VICTIM_LIAISON},
    Deed.READ_POSITIONS: _OFFICERS | {Role.POLICE},
    Deed.READ_LAST_PLACE: frozenset({Role.ENFORCEMENT}),
    Deed.READ_PROTECTED_PLACES: CENTRE | {Role.POLICE},
    Deed.READ_ORDERS: _OFFICERS,
    Deed.READ_ZONES: _OFFICERS,
    Deed.READ_FITTINGS: _OFFICERS | {Role.FIELD, Role.DEVICE_MANAGER},
    Deed.READ_VISITS: _OFFICERS | {Role.FIELD},
    Deed.READ_DEVICES: CENTRE | {Role.FIELD, Role.DEVICE_MANAGER},
    Deed.READ_VICTIMS: CENTRE | {Role.VICTIM_LIAISON},
    Deed.READ_VIOLATIONS: _OFFICERS,
    Deed.READ_ASSESSMENTS: _OFFICERS,
    Deed.READ_ALERTS: _OFFICERS | {Role.POLICE, Role.VICTIM_LIAISON},
    Deed.READ_INCIDENTS: CENTRE,
    Deed.READ_DESK: CENTRE,
    Deed.READ_FIGURES: CENTRE | {Role.AUDITOR, Role.ADMINISTRATOR},
    Deed.READ_DEAD_LETTERS: frozenset({Role.DEVICE_MANAGER}),
    Deed.READ_COMMANDS: CENTRE | {Role.DEVICE_MANAGER},
    Deed.READ_AUDIT: frozenset({Role.AUDITOR}),
    Deed.READ_REQUESTS: frozenset({Role.POLICE, Role.AUDITOR}) | SENIOR,
    Deed.READ_WARRANTS: frozenset({Role.ENFORCEMENT, Role.OFFICER}) | SENIOR,
    Deed.READ_CRIMES: CENTRE | {Role.POLICE},
    Deed.READ_CRIME_MATCHES: CENTRE | {Role.POLICE},
    Deed.READ_CONTACT_DUTIES: SENIOR | {Role.VICTIM_LIAISON},
    Deed.READ_EXPORTS: frozenset({Role.AUDITOR, Role.DUTY_MANAGER}),
    Deed.READ_ACCOUNTS: frozenset({Role.ADMINISTRATOR}),
    Deed.READ_HOLDS: frozenset({Role.AUDITOR, Role.ADMINISTRATOR, Role.DUTY_MANAGER}),
    Deed.READ_SHEETS: _OFFICERS,
    Deed.READ_BREACHES: frozenset({Role.OFFICER}) | SENIOR,
    Deed.READ_PACKS: frozenset({Role.OFFICER}) | SENIOR,
    Deed.ASK_PACKS: frozenset({Role.OFFICER}) | SENIOR,
    Deed.SIGN_PACKS: SENIOR,
    Deed.OPEN_ANNEXES: frozenset({Role.DUTY_MANAGER}),
    Deed.READ_LOTS: frozenset({Role.DEVICE_MANAGER}) | SENIOR,
    Deed.WORK_ALERTS: CENTRE,
    Deed.WRITE_CASELOAD: CENTRE,
    Deed.WRITE_ABSENCES: _OFFICERS,
    Deed.WRITE_ASSESSMENTS: frozenset({Role.OFFICER}),
    Deed.WRITE_VICTIMS: CENTRE | {Role.VICTIM_LIAISON},
    Deed.WRITE_DEVICES: frozenset({Role.DEVICE_MANAGER}),
    Deed.WRITE_FITTINGS: CENTRE | {Role.FIELD, Role.DEVICE_MANAGER},
    Deed.WRITE_VISITS: CENTRE | {Role.FIELD},
    Deed.WRITE_COMMANDS: CENTRE,
    Deed.WRITE_REQUESTS: frozenset({Role.POLICE}),
    Deed.APPROVE_REQUESTS: SENIOR,
    Deed.WRITE_WARRANTS: frozenset({Role.OFFICER, Role.ENFORCEMENT}) | SENIOR,
    Deed.WRITE_TELLINGS: SENIOR | {Role.VICTIM_LIAISON},
    Deed.WRITE_EXPORTS: frozenset({Role.DUTY_MANAGER}),
    Deed.WRITE_CRIMES: CENTRE | {Role.POLICE},
    Deed.QUALIFY_CRIME_MATCHES: CENTRE,
    Deed.AUTHORISE_CRIME_MATCHES: SENIOR,
    Deed.WRITE_ACCOUNTS: frozenset({Role.ADMINISTRATOR}),
    Deed.WRITE_HOLDS: frozenset({Role.DUTY_MANAGER}),
    Deed.WRITE_PATROL_LINKS: CENTRE,
    Deed.WRITE_VIEWS: _OFFICERS | {Role.POLICE, Role.VICTIM_LIAISON},
    Deed.WRITE_ROTA: SENIOR,
    Deed.WRITE_PROTOCOLS: SENIOR,
    Deed.WRITE_BREACHES: frozenset({Role.OFFICER}),
}


def changes(deed: Deed) -> bool:
    """Whether a deed changes anything."""
    return not deed.value.endswith(".read")


def may(caller: Caller, deed: Deed) -> bool:
    """Whether a caller may do that at all; of whom is a question of sight."""
    return caller.role in GRANTS[deed] and not (caller.reads_only and changes(deed))
