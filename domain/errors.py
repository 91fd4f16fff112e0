"""Expected errors, typed, with data; a programmer's errors are assertions and crash.

::

    BailiwickError
    ├── BadInstant            a text that is not an RFC 3339 instant
    │   └── FarInstant        one of a year that cannot be reckoned with
    ├── BadPlace              a text that is no place of the National Grid
    ├── BadInput              a file that cannot be taken: one `Fault` a bad line
    ├── RecordFault           a record that cannot be taken: each field and cause
    └── BadSetting            a setting that is unknown or impossible
"""

from __future__ import annotations

from dataclasses import dataclass


class BailiwickError(Exception):
    """Everything that Bailiwick expects to go wrong."""


class BadInstant(BailiwickError):
    """A text that is not an RFC 3339 instant."""

    def __init__(self, text: str) -> None:
        super().__init__(self._why(text))
        self.text = text

    def _why(self, text: str) -> str:
        return f"not an RFC 3339 instant: {text!r}"


class FarInstant(BadInstant):
    """An instant so far away that what is reckoned from it could not be written."""

    def _why(self, text: str) -> str:
        return f"an instant outside the years 1000 to 9998 in UTC: {text!r}"


class BadPlace(BailiwickError):
    """A text that is no place of the National Grid; its words follow "it ..."."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where, and why, in one line."""

    file: str
    line: int
    field: str
    cause: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.cause}"


class BadInput(BailiwickError):
    """A file that cannot be taken; nothing of it was."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class RecordFault(BailiwickError):
    """A caseload record that cannot be taken.

    Attributes
    ----------
    field, cause : of the first fault.
    faults : (field, cause) of every one.
    """

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {cause}" for field, cause in faults))
        self.field, self.cause = faults[0]
        self.faults = faults


class BadSetting(BailiwickError):
    """A setting that is unknown or impossible."""
