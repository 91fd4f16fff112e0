"""``bailiwick verify-audit``: the audit's chain from the first entry to the last, its anchors, and what entries say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bailiwick.audit_anchoring import read_anchors
from bailiwick.audit_keys import PublicKeys, signature_fault
from domain.audit_chain import Anchor, Checker
from domain.instants import format_instant
from store.audit_reading import AuditReading, Snapshot

FAILED = 1


@dataclass(slots=True)
class Verdict:
    """What was checked, and the first thing that does not hold. ``signatures`` False: no key was given to check them with."""

    entries: int = 0
    bodies: int = 0
    erased: int = 0
    anchors: int = 0
    signatures: bool = False
    last_anchor: str | None = None
    fault: str | None = None

    def as_text(self) -> str:
        """In one line, or two."""
        if self.fault is not None:
            return f"the audit does not hold: {self.fault}"
        told = f"{self.entries} entries hold: {self.bodies} with their bodies, {self.erased} whose bodies were erased by the book"
        if not self.anchors:
            return f"{told}\nno day was anchored: who owns the database could have written all of it anew (set BAILIWICK_AUDIT_KEY)"
        signed = "signatures hold" if self.signatures else "signatures not checked: give --public-key"
        return f"{told}\n{self.anchors} days are anchored, the last {self.last_anchor}; {signed}"


@dataclass(frozen=True, slots=True)
class Given:
    """What the chain is held against besides itself: public keys (None: signatures are not checked) and anchors kept outside."""

    keys: PublicKeys | None = None
    outside: Sequence[Anchor] = ()
    outside_name: str = ""


def verify_audit_command(url: str, keys: PublicKeys | None, anchors: Path | None, *, as_json: bool = False) -> int:
    """Prints what was found; 0 when everything holds. Raises `BadInput` for a file of anchors that is none."""
    outside = [] if anchors is None else read_anchors(anchors)
    verdict = asyncio.run(verify(url, Given(keys, outside, str(anchors))))
    print(json.dumps(asdict(verdict)) if as_json else verdict.as_text())
    return 0 if verdict.fault is None else FAILED


async def verify(url: str, given: Given) -> Verdict:
    """Checks the audit of a database as it stands now; the memory that it takes does not grow with the chain."""
    audit = await AuditReading.open(url)
    try:
        async with audit.snapshot() as snapshot:
            return await verify_snapshot(snapshot, given)
    finally:
        await audit.close()


async def verify_snapshot(snapshot: Snapshot, given: Given) -> Verdict:
    """The same of a snapshot."""
    anchors = await snapshot.anchors()
    verdict = Verdict(anchors=len(anchors), signatures=given.keys is not None)
    verdict.last_anchor = anchors[-1].day if anchors else None
    verdict.fault = _anchors_fault(anchors, given)
    if verdict.fault is not None:
        return verdict
    checker = Checker([*anchors, *given.outside], await snapshot.erased())
    verdict.fault = await _chain_fault(snapshot, checker)
    verdict.entries, verdict.bodies, verdict.erased = checker.entries, checker.bodies, checker.gone
    return verdict


def _anchors_fault(anchors: Sequence[Anchor], given: Given) -> str | None:
    if given.keys is not None:
        for anchor in (*anchors, *given.outside):
            fault = signature_fault(anchor, given.keys)
            if fault is not None:
                return fault
    there = {anchor.day: anchor for anchor in anchors}
    for anchor in given.outside:
        if anchor.day not in there:
            return f"the anchor of {anchor.day} stands in {given.outside_name} and not in the database"
        if there[anchor.day] != anchor:
            made = format_instant(there[anchor.day].made_us)
            return f"the anchor of {anchor.day} in the database (made {made}) is not that of {given.outside_name}"
    return None


async def _chain_fault(snapshot: Snapshot, checker: Checker) -> str | None:
    async for link, said, lost_set in snapshot.links():
        fault = checker.take(link, said)
        if fault is not None:
            return fault
        if lost_set is not None:
            return f"the subjects of entry {link.no} are gone: there is no set {lost_set}"
    fault = checker.end()
    if fault is not None:
        return fault
    loose = await snapshot.loose_body()
    if loose is not None:
        return f"the body {loose} belongs to no entry"
    changed = await snapshot.changed_set()
    return None if changed is None else f"the set of subjects {changed} was changed"
