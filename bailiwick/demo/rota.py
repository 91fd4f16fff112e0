"""An invented rota for the demo: somebody is on duty in each role, by a telephone number that nobody has."""

from __future__ import annotations

import json

from domain.instants import DAY_US, format_instant
from domain.vocabulary import Role

ON_DUTY = {
    Role.OPERATOR: "O. Invented",
    Role.SUPERVISOR: "S. Invented",
    Role.DUTY_MANAGER: "D. Invented",
    Role.OFFICER: "P. Invented",
    Role.VICTIM_LIAISON: "V. Invented",
}
NUMBER = "+44 1632 96{:04d}"
"""Of the range that is kept free for inventions."""
DAYS_BEFORE, DAYS_AFTER = 1, 29


def invented_rota(now_us: int) -> str:
    """The lines of a rota file: one shift a role, for all areas, from yesterday for a month."""
    bounds = {"from": now_us - DAYS_BEFORE * DAY_US, "to": now_us + DAYS_AFTER * DAY_US}
    shifts = [
        {"id": f"demo-{role.value}", "role": role.value, "person": f"demo-{number}", "name": name}
        | {"phone": NUMBER.format(number)}
        | {key: format_instant(at_us) for key, at_us in bounds.items()}
        for number, (role, name) in enumerate(ON_DUTY.items(), start=1)
    ]
    return "".join(json.dumps(shift) + "\n" for shift in shifts)
