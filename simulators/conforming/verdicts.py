"""What is said of a clause: passed, failed or not shown, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.instants import format_instant

MS_US = 1000


class Result(StrEnum):
    """What came of a clause."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True, slots=True)
class Flaw:
    """What does not keep to a clause: in which message (counted from 1), when it came, which field, which fact."""

    clause: str
    at_us: int
    cause: str
    message: int | None = None
    field: str | None = None
    gen: int | None = None
    seq: int | None = None

    def __str__(self) -> str:
        place = [] if self.message is None else [f"message {self.message}"]
        place.append(format_instant(self.at_us // MS_US * MS_US))
        if self.seq is not None:
            place.append(f"gen {self.gen} seq {self.seq}")
        if self.field and self.field != "seq":
            place.append(self.field)
        return f"{', '.join(place)}: {self.cause}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``why``: what shows it, or what would; ``flaw``: the first thing that does not keep to it."""

    result: Result
    why: str
    flaw: Flaw | None = None


def passed(why: str) -> Verdict:
    return Verdict(Result.PASSED, why)


def not_shown(why: str) -> Verdict:
    return Verdict(Result.NOT_SHOWN, why)


def failed(flaw: Flaw, more: int = 0) -> Verdict:
    """``more``: how many others there are of the same kind."""
    others = f" (and {more} more like it)" if more > 0 else ""
    return Verdict(Result.FAILED, f"{flaw}{others}", flaw)
