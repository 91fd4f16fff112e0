"""A pack held against what a database holds now: the first fact, violation or audit entry that is another there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from domain.audit_chain import Link
from domain.violations import Violation
from evidence.files import AUDIT, FACTS, fact_table
from evidence.gathered import Heard
from evidence.replaying import VIOLATIONS, decided_versions
from evidence.verifying import called, links_of, table

LATER: Final = frozenset({"quality"})
"""Columns that a later fact may change: the newest judgement."""
HELD: Final = ("change", "kind", "code", "order", "condition", "from", "to", "decided", "cause")
"""Of a violation; what is sealed is not compared."""


def against_fault(
    parts: Mapping[str, bytes], heard: Heard, violations: Iterable[Violation], links: Iterable[Link]
) -> str | None:
    """What the database has otherwise than the pack, in words; None when it says the same.

    ``heard``: what it holds of the pack's devices; ``violations``: every version of the wearer; ``links`` of the pack's entries.
    """
    return (
        _of_facts(parts[FACTS], heard) or _of_versions(parts[VIOLATIONS], violations) or _of_links(parts[AUDIT], links)
    )


def _of_facts(body: bytes, heard: Heard) -> str | None:
    stored = table(fact_table(heard).body)
    for key, row in table(body).items():
        now = stored.get(key)
        if now is None:
            return f"the fact {called(key)} is not in the database"
        for name, value in row.items():
            if name not in LATER and now[name] != value:
                return (
                    f"the fact {called(key)} is another in the database: its {name} is {now[name]!r} and not {value!r}"
                )
    return None


def _of_versions(body: bytes, violations: Iterable[Violation]) -> str | None:
    stored: dict[tuple[str, int], dict[str, Any]] = {(one.id, one.version): one.as_json() for one in violations}
    for (name, version), told in decided_versions(body).items():
        now = stored.get((name, version))
        if now is None:
            return f"violation {name} version {version} is not in the database"
        differing = next((field for field in HELD if now[field] != told[field]), None)
        if differing is not None:
            return f"violation {name} version {version} is another in the database: its {differing}"
    return None


def _of_links(body: bytes, links: Iterable[Link]) -> str | None:
    stored = {link.no: link for link in links}
    for link, _ in links_of(body):
        now = stored.get(link.no)
        if now is None:
            return f"audit entry {link.no} is not in the database"
        if now != link:
            return f"audit entry {link.no} is another in the database"
    return None
