"""From what the rules see after a line to new versions of violations (contract.md, Violations)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from domain.instants import FAR_US, SECOND_US, format_instant
from tests.twin.found import Found

LATE_US = 600 * SECOND_US


@dataclass
class Version:
    """One written version. ``found`` is not changed once it is written."""

    id: str
    version: int
    change: str
    reason: str
    wearer: str
    decided: int
    late: bool
    age_us: int
    found: Found
    retrospective: bool = False
    untold: bool = False
    of_victim: bool = False  # ``wearer`` is the id of a victim

    @property
    def order(self) -> tuple[int, str, str, str, str, str]:
        f = self.found
        wearer, victim = self.parties
        return (f.start, f.kind, wearer or "", victim or "", f.condition or "", f.device or "")

    @property
    def parties(self) -> tuple[str | None, str | None]:
        """Wearer and victim."""
        return (None, self.wearer) if self.of_victim else (self.wearer, self.found.victim)

    def line(self) -> str:
        f = self.found
        return json.dumps(
            {
                "id": self.id,
                "version": self.version,
                "change": self.change,
                "reason": self.reason,
                "wearer": self.parties[0],
                "victim": self.parties[1],
                "kind": f.kind,
                "code": f.code,
                "order": f.order,
                "condition": f.condition,
                "device": f.device,
                "from": format_instant(f.start),
                "to": None if f.end is None else format_instant(f.end),
                "decided": format_instant(self.decided),
                "late": self.late,
                "age_s": round(self.age_us / SECOND_US, 3),
                "cause": f.cause,
                "minutes_certain": _rounded(f.minutes_certain, 3),
                "minutes_possible": _rounded(f.minutes_possible, 3),
                "p_inside": _rounded(f.p_inside, 6),
                "score": f.score,
                "retrospective": self.retrospective,
                "untold": self.untold,
                "evidence": [{"device": e.device, "gen": e.gen, "seq": e.seq} for e in f.evidence],
            },
            separators=(",", ":"),
            ensure_ascii=False,
        )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


@dataclass
class Line:
    """What made the versions: its instant, whether it was a message, a tick or a learnt record."""

    at: int
    kind: str
    learnt: str | None = None  # the type of the record
    late_for: set[str] = field(default_factory=set)  # wearers, and pairs, that a fact older than their newest came for


@dataclass
class Ledger:
    """Every current violation by id, and the next number of each wearer. What is of no kind in ``kinds`` is kept too, to
    judge others by, but has no number and is not written."""

    kinds: frozenset[str] | None = None
    current: dict[str, Version] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def of(self, wearer: str, kinds: tuple[str, ...] | None = None) -> list[Version]:
        """Current violations of a wearer, or of a victim, of all kinds or of some."""
        found = [v for v in self.current.values() if v.wearer == wearer and (kinds is None or v.found.kind in kinds)]
        return sorted(found, key=lambda v: (v.found.start, _number(v.id)))

    def write(self, made: list[Version]) -> list[str]:
        """Name what is new in the order in which it is written; keep it; give the lines."""
        out = []
        for version in sorted(made, key=lambda v: v.order):
            shown = self.kinds is None or version.found.kind in self.kinds
            if not version.id:
                series = version.wearer if shown else version.wearer + "~"
                number = self.numbers[series] = self.numbers.get(series, 0) + 1
                version.id = f"{series}-{number}"
            if version.change == "withdrawn":
                del self.current[version.id]
            else:
                self.current[version.id] = version
            if shown:
                out.append(version.line())
        return out


def _number(violation_id: str) -> int:
    return int(violation_id.rpartition("-")[2])


def opened(line: Line, wearer: str, found: Found, reason: str) -> Version:
    return Version("", 1, "opened", reason, wearer, line.at, is_late(line, found), line.at - found.start, found)


def is_late(line: Line, found: Found) -> bool:
    """Decided by a message whose newest evidence came long after its fix time."""
    if line.kind != "message" or not found.evidence:
        return False
    newest = found.evidence[-1]
    return newest.received - newest.t > LATE_US


def following(line: Line, old: Version, found: Found, reason: str) -> Version:
    """The next version of ``old``; `found` differs from it."""
    change, moved = changed(old.found, found)
    return replace(
        old, version=old.version + 1, change=change, reason=reason, decided=line.at, late=is_late(line, found),
        age_us=line.at - moved, found=found,
    )  # fmt: skip


def withdrawn(line: Line, old: Version, reason: str) -> Version:
    return replace(
        old, version=old.version + 1, change="withdrawn", reason=reason, decided=line.at,
        late=is_late(line, old.found), age_us=line.at - old.found.start,
    )  # fmt: skip


def changed(old: Found, new: Found) -> tuple[str, int]:
    """What happened to the interval, and the end of it that moved (``from`` when none did)."""
    if old.end is None and new.end is not None:
        return "closed", new.end
    before = FAR_US if old.end is None else old.end
    after = FAR_US if new.end is None else new.end
    if old.start == new.start and before == after:
        return "amended", new.start
    moved = new.start if old.start != new.start or new.end is None else new.end
    if new.start < old.start or (new.start == old.start and after > before):
        return "extended", moved
    return "shortened", moved


def same(a: Found, b: Found) -> bool:
    return _shown(a) == _shown(b)


def _shown(f: Found) -> tuple[object, ...]:
    return (
        f.start, f.end, f.code, f.order, f.cause, _rounded(f.minutes_certain, 3), _rounded(f.minutes_possible, 3),
        _rounded(f.p_inside, 6), tuple(e.name for e in f.evidence),
    )  # fmt: skip


def matched(
    current: list[Version], found: list[Found]
) -> tuple[list[tuple[Version, Found]], list[Version], list[Found]]:
    """In order of `from` each takes the first unmatched one that overlaps or touches it: pairs, left over, new."""
    left = list(current)
    pairs: list[tuple[Version, Found]] = []
    new: list[Found] = []
    for one in sorted(found, key=lambda f: f.start):
        taken = next((v for v in left if _alike(v.found, one) and _touch(v.found, one)), None)
        if taken is None:
            new.append(one)
        else:
            left.remove(taken)
            pairs.append((taken, one))
    return pairs, left, new


def _alike(a: Found, b: Found) -> bool:
    return (a.kind, a.victim, a.condition, a.device) == (b.kind, b.victim, b.condition, b.device)


def _touch(a: Found, b: Found) -> bool:
    if a.window and b.window and not (a.window[0] < b.window[1] and b.window[0] < a.window[1]):
        return False  # a curfew never matches across windows; one whose ends a record moves is no other
    return a.start <= (FAR_US if b.end is None else b.end) and b.start <= (FAR_US if a.end is None else a.end)
