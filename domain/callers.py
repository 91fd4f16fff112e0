"""Who asks, and how far they see (contract.md, Roles): words that sign-in, the rules of access and the store share.

A `Caller` acts in one role. A `Sight` is what the database is told before a question is put: what it does not name is not
seen. Both are values: they are made anew for every request.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a machine that asks.

    Attributes
    ----------
    name : id of the account or of the API key; an id, not a person's name. What audit and history hold.
    role : the one role it acts in.
    areas : ids of the areas it was given, those below them not listed; None is every area.
    email : an officer's address as orders name it (`officer.email`), lower case.
    organisation : whose requests and warrants it shares, such as `kent-police`.
    reads_only : changes nothing, whatever its role may.
    by : how it signed in: `session`, `key`, `command`.
    address : from where it asks.
    session : id of the session or of the key, never its secret.
    """

    name: str
    role: Role
    areas: frozenset[str] | None = frozenset()
    email: str | None = None
    organisation: str | None = None
    reads_only: bool = False
    by: str = "session"
    address: str = ""
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What one caller sees, as the database enforces it. Empty: nothing.

    Attributes
    ----------
    everything : every wearer.
    areas : wearers with an order in one of these areas, or in one below it.
    email : wearers with an order of this officer.
    wearers : these wearers besides.
    positions : fixes of those wearers.
    victims : protected people's records, fittings and devices (never their fixes).
    centre : what belongs to no wearer: incidents, and alerts of the service, of devices that nobody has, of those who are seen.
    visits : from when to when (microseconds UTC) a visit is seen; None is whenever.
    """

    everything: bool = False
    areas: frozenset[str] = frozenset()
    email: str | None = None
    wearers: frozenset[str] = frozenset()
    positions: bool = False
    victims: bool = False
    centre: bool = False
    visits: tuple[int, int] | None = None


NOTHING = Sight()
