"""The audit's chain as anybody can check it (docs/decisions/0014): the hash of a link, the text of an anchor, and a checker.

Nothing here asks the database to judge itself: what the checker is given are rows, as they stand.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from domain.instants import DAY_US, MINUTE_US, format_instant, parse_instant

FIRST_PREVIOUS: Final = bytes(32)
"""What the first link follows."""
BACK_MOST_US: Final = 10 * MINUTE_US
"""Entries of several processes come to the chain a little out of order; further back, and a clock was wrong or put back."""
ERASING: Final = "audit.erase"
"""The deed of entries that tell which bodies were erased; their own are never."""


@dataclass(frozen=True, slots=True)
class Link:
    """One row of the chain."""

    no: int
    at_us: int
    body_no: int
    digest: bytes
    previous: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """What a link says, as it stands: the instant beside it, the salt, the text."""

    at_us: int
    salt: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of the chain at the end of a day in UTC (``2026-11-21``), signed. ``key_id`` says by which key."""

    day: str
    no: int
    hash: bytes
    made_us: int
    key_id: str = ""
    signature: bytes = b""

    def text(self) -> bytes:
        """What is signed."""
        lines = ("bailiwick audit anchor", self.day, str(self.no), self.hash.hex(), format_instant(self.made_us))
        return "\n".join((*lines, self.key_id)).encode()

    def as_json(self) -> dict[str, Any]:
        """As a line of the file outside."""
        told = {"day": self.day, "entry": str(self.no), "hash": self.hash.hex(), "made": format_instant(self.made_us)}
        return told | {"key": self.key_id, "signature": self.signature.hex()}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Anchor:
        """A line of the file outside. Raises ``KeyError``, ``TypeError``, ``ValueError`` for what is none."""
        made, signature = parse_instant(told["made"]), bytes.fromhex(told["signature"])
        number, hashed = int(told["entry"]), bytes.fromhex(told["hash"])
        return cls(str(told["day"]), number, hashed, made, str(told["key"]), signature)


def link_hash(no: int, at_us: int, digest: bytes, previous: bytes) -> bytes:
    """The hash of a link: 32 bytes."""
    return hashlib.sha256(f"{no}|{at_us}|{digest.hex()}|{previous.hex()}".encode()).digest()


def body_digest(salt: bytes, text: str) -> bytes:
    """The digest of what a link says: 32 bytes."""
    return hashlib.sha256(salt + text.encode()).digest()


def set_id(subjects: Sequence[str]) -> str:
    """The name of a set of subjects: its ids in order with a line feed between, hashed; 64 hexadecimal digits."""
    return hashlib.sha256("\n".join(subjects).encode()).hexdigest()


def day_before(now_us: int) -> str:
    """The last whole day in UTC."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (epoch + timedelta(days=now_us // DAY_US - 1)).strftime("%Y-%m-%d")


def end_of(day: str) -> int:
    """The midnight at which a day ends, microseconds UTC."""
    return parse_instant(f"{day}T00:00:00Z") + DAY_US


def anchor_due(newest: str | None, now_us: int) -> str | None:
    """The day that is to be anchored now; None when it is. Days that nobody anchored are covered by the last."""
    day = day_before(now_us)
    return day if newest is None or newest < day else None


class Ranges:
    """Numbers that stand in some ranges ``(first, last)``, both included."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        self._first: list[int] = []
        self._last: list[int] = []
        for first, last in sorted(ranges):
            if self._last and first <= self._last[-1] + 1:
                self._last[-1] = max(self._last[-1], last)
            else:
                self._first.append(first)
                self._last.append(last)

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._first, number) - 1
        return place >= 0 and number <= self._last[place]

    def as_pairs(self) -> list[tuple[int, int]]:
        """The ranges, merged, in order."""
        return list(zip(self._first, self._last, strict=True))


def erased_by(text: str) -> list[tuple[int, int]]:
    """The ranges of entries whose bodies an entry says were erased; none when it is not such an entry."""
    body = json.loads(text)
    if body.get("deed") != ERASING:
        return []
    return [(int(first), int(last)) for first, last in body["details"]["entries"]]


@dataclass(slots=True)
class Checker:
    """Checks links in order, one at a time; remembers the last. ``anchors`` are those whose signatures hold, ``erased`` the numbers
    whose bodies were erased by the book.
    """

    anchors: Sequence[Anchor]
    erased: Ranges
    entries: int = 0
    bodies: int = 0
    gone: int = 0
    _hash: bytes = FIRST_PREVIOUS
    _latest_us: int | None = None
    _by_number: dict[int, list[Anchor]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for anchor in self.anchors:
            self._by_number.setdefault(anchor.no, []).append(anchor)

    def take(self, link: Link, said: Said | None) -> str | None:
        """The next link and what it says; the first thing that does not hold, in words, or None."""
        fault = self._linked(link) or self._anchored(link) or self._said(link, said)
        if fault is None:
            self.entries, self._hash = link.no, link.hash
            self._latest_us = link.at_us if self._latest_us is None else max(link.at_us, self._latest_us)
        return fault

    def end(self) -> str | None:
        """What is missing after the last link."""
        beyond = [anchor for anchor in self.anchors if anchor.no > self.entries]
        if not beyond:
            return None
        anchor = min(beyond, key=lambda one: one.no)
        return f"entries {self.entries + 1} to {anchor.no} are missing: the anchor of {anchor.day} saw them"

    def _linked(self, link: Link) -> str | None:
        expected = self.entries + 1
        if link.no != expected:
            return f"entry {expected} is missing: the next is {link.no}"
        if link.previous != self._hash:
            return f"entry {link.no} does not follow entry {link.no - 1}: its `previous` is not that one's hash"
        if link.hash != link_hash(link.no, link.at_us, link.digest, link.previous):
            return f"entry {link.no} was changed: its hash is not that of its number, instant, digest and `previous`"
        if self._latest_us is not None and link.at_us < self._latest_us - BACK_MOST_US:
            at, latest = format_instant(link.at_us), format_instant(self._latest_us)
            return f"entry {link.no} is of {at}, and one before it of {latest}: times go back by over 10 minutes"
        return None

    def _anchored(self, link: Link) -> str | None:
        for anchor in self._by_number.get(link.no, ()):
            if anchor.hash != link.hash:
                return f"entry {link.no} is not the one that was anchored on {anchor.day}: the chain was written anew"
        return None

    def _said(self, link: Link, said: Said | None) -> str | None:
        if said is None:
            if link.no not in self.erased:
                return f"entry {link.no} has lost its body, and no entry tells of its erasure"
            self.gone += 1
            return None
        if body_digest(said.salt, said.text) != link.digest:
            return f"the body of entry {link.no} was changed: its digest is another"
        if said.at_us != link.at_us:
            return f"the body of entry {link.no} has another instant than the entry"
        self.bodies += 1
        return None
