"""A shift of the rota: who is on duty for a role, where, when, by which number (vocabulary.md)."""

from __future__ import annotations

from dataclasses import dataclass

from domain.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Shift:
    """Somebody on duty in ``[from_us, to_us)``. ``area`` and ``organisation`` None: for all; ``priority`` 1 is told first."""

    id: str
    role: Role
    person: str
    name: str
    from_us: int
    to_us: int
    area: str | None = None
    organisation: str | None = None
    phone: str | None = None
    email: str | None = None
    priority: int = 1
