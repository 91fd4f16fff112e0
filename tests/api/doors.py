"""A door for tests: whoever asks says who they are in a header, so that most tests need no passwords.

``Test-Caller: name;role;areas``, areas parted by commas; ``*`` is every area. Without it an operator of every area asks.
``Test-Email``, ``Test-Organisation``, ``Test-Session`` and ``Test-Reads-Only`` say the rest; an empty ``Test-Caller`` is nobody.
"""

from __future__ import annotations

from fastapi import Request

from domain.callers import Caller
from domain.vocabulary import Role

HEADER = "Test-Caller"
SOMEBODY = Caller("somebody", Role.OPERATOR, None)


def asks(name: str, role: Role | str = Role.OPERATOR, areas: str = "*") -> dict[str, str]:
    """The header of a caller."""
    return {HEADER: f"{name};{Role(role).value};{areas}"}


NOBODY = {HEADER: ""}


class HeaderDoor:
    """Believes the header."""

    async def caller(self, request: Request) -> Caller | None:
        told = request.headers.get(HEADER)
        if told is None:
            return SOMEBODY
        if not told:
            return None
        name, role, areas = told.split(";")
        return Caller(
            name=name,
            role=Role(role),
            areas=None if areas == "*" else frozenset(filter(None, areas.split(","))),
            email=request.headers.get("Test-Email"),
            organisation=request.headers.get("Test-Organisation"),
            reads_only="Test-Reads-Only" in request.headers,
            session=request.headers.get("Test-Session"),
        )
