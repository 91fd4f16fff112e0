"""What a text to a wearer's device may not hold: anything of somebody who is protected from them (alerts.md, Protected places).

Pure. It errs on the side of the protected person: a text that is refused can be put otherwise, and one that was shown cannot
be taken back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

NAME_LETTERS: Final = 2
"""A word of a name from so many letters on is looked for."""
RUN_CHARACTERS: Final = 5
"""What is written in one is found also where spaces or points are put into it, from so many characters on."""
PHONE_DIGITS: Final = 7
"""A number is the same when its last digits are."""
NOT_PERSONAL: Final = frozenset({"safe_channels", "safe_hours", "timezone", "language"})
"""What of a protected person's contact is no secret: words such as `sms`."""

_LETTERS: Final = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
"""Letters that are no letter with a mark to Unicode, as people write them without."""
_WORD: Final = re.compile(r"[^\W_]+")
_PLACES: Final = (
    ("a postcode", re.compile(r"\b[a-z]{1,2}\d[a-z\d]?[\s.-]*\d[a-z]{2}\b")),
    ("coordinates", re.compile(r"\d{1,3}[.,]\d{3,}|\d{1,3}\s*°|\b[a-z]{2}\s?\d{3,5}\s?\d{3,5}\b")),
    ("a place in three words", re.compile(r"\b[^\W\d_]{3,}\.[^\W\d_]{3,}\.[^\W\d_]{3,}\b")),
    (
        "a distance",
        re.compile(
            r"\b\d+([.,]\d+)?\s*(m|km|mi|ft|yds?)\b|\b(met(re|er)s?|kilomet(re|er)s?|miles?|yards?|feet)\b",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Protected:
    """A protected person: their id, their record in the caseload file's shape (None: it is gone), devices they ever had."""

    id: str
    body: dict[str, Any] | None
    devices: tuple[str, ...] = ()


def refused(text: str, protected: Sequence[Protected]) -> str | None:
    """What of a protected person a text holds, in words that repeat nothing of it; None when it may be sent."""
    if not protected:
        return None
    plain = _plain(text)
    found = next((what for one in protected if (what := _of(plain, one)) is not None), None)
    return found or next((what for what, pattern in _PLACES if pattern.search(plain)), None)


def _of(plain: str, person: Protected) -> str | None:
    words, run, digits = set(_WORD.findall(plain)), _run(plain), _digits(plain)
    body = person.body or {}
    name = _plain(str(body.get("name") or ""))
    parts = {part for part in _WORD.findall(name) if len(part) >= NAME_LETTERS}
    spelt = "".join(word for word in _WORD.findall(plain) if len(word) == 1)
    if words & parts or _holds_run(run, name) or any(part in spelt for part in parts):
        return "a protected person's name"
    if any(_holds_id(plain, run, one) for one in (person.id, *person.devices)):
        return "the id of a protected person or of their device"
    for leaf in _leaves({key: value for key, value in body.items() if key not in ("id", "type", "name")}):
        number = _digits(leaf)
        if len(number) >= PHONE_DIGITS and number[-PHONE_DIGITS:] in digits:
            return "a protected person's number"
        if _holds_run(run, _plain(leaf)):
            return "how a protected person is reached"
    return None


def _holds_id(plain: str, run: str, name: str) -> bool:
    bare = _plain(name)
    alone = re.search(rf"(?<![^\W_]){re.escape(bare)}(?![^\W_])", plain)
    return alone is not None or _holds_run(run, bare)


def _holds_run(run: str, plain: str) -> bool:
    wanted = _run(plain)
    return len(wanted) >= RUN_CHARACTERS and wanted in run


def _leaves(value: Any) -> Iterator[str]:
    """Every text in a record, but what is no secret."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _all(inner for key, inner in value.items() if key not in NOT_PERSONAL)
    elif isinstance(value, list | tuple):
        yield from _all(value)


def _all(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        yield from _leaves(value)


def _plain(text: str) -> str:
    """Lower case, without accents, compatible forms made one."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in decomposed if not unicodedata.combining(one)).translate(_LETTERS)


def _run(plain: str) -> str:
    return "".join(_WORD.findall(plain))


def _digits(text: str) -> str:
    return "".join(one for one in text if one.isdecimal())
