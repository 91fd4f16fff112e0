"""What people are told, in words: catalogues of texts by key, one file a language (alerts/texts). Pure.

A text names what it needs in braces, ``{alert}``; nothing else in it is special, and what is put in is never read again. A
catalogue with a field that nobody fills is refused when it is read. A protected person is told their own safe words and
nothing else. Names and places stand only in what goes by a trusted channel.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

import msgspec

from alerts.ports import Leased, Notification
from alerts.protocols import Target
from domain.errors import BailiwickError
from domain.instants import SECOND_US
from domain.vocabulary import Code, Kind, Severity

DEFAULT_LANGUAGE: Final = "en"
DEFAULT_TEXT: Final = "alert"
"""The text for a key that no catalogue has: better in general words than not at all."""
FIELDS: Final = frozenset({"alert", "severity", "kind", "raised", "link"})
"""Of texts and tasks: the alert's number, its severity and kind in words, when it was raised, where to read on."""
TRUSTED_FIELDS: Final = frozenset({"name", "place"})
"""Of the lines that only a trusted channel carries."""
LONGEST: Final = {"subject": 120, "short": 300, "long": 4_000}
"""Characters of a text before it is filled in."""

_BRACES = re.compile(r"\{([a-z_]+)\}|[{}]")


class BadCatalogue(BailiwickError):
    """A catalogue that cannot be taken: the file, the key and the field, and what is wrong."""


class NoSafeWords(BailiwickError):
    """A protected person without safe words is told by nobody but a person (alerts.md)."""


@dataclass(frozen=True, slots=True)
class Words:
    """One message. ``subject`` is empty for a protected person; ``short`` is for SMS, ``long`` for e-mail and programs."""

    subject: str
    short: str
    long: str
    language: str


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message before it is filled in."""

    subject: str
    short: str
    long: str


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All texts of a language.

    Attributes
    ----------
    severity, kind, code : words for each; a code's are used instead of its kind's.
    trusted : field of `TRUSTED_FIELDS` -> the line that is added where the channel is trusted.
    text : key -> message. ``task`` : key -> instructions to an operator.
    """

    language: str
    severity: dict[Severity, str]
    kind: dict[str, str]
    code: dict[Code, str]
    trusted: dict[str, str]
    text: dict[str, Text]
    task: dict[str, str]


def read_catalogue(file: str, source: str, kinds: Iterable[str] = ()) -> Catalogue:
    """A catalogue from TOML. ``kinds`` are those of the service's own alerts, beside `Kind`. Raises `BadCatalogue`."""
    try:
        found = msgspec.convert(tomllib.loads(source), Catalogue)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadCatalogue(f"{file}: {error}") from None
    _complete(file, "severity", found.severity, Severity)
    _complete(file, "kind", found.kind, (*Kind, *kinds))
    _complete(file, "code", found.code, Code)
    _complete(file, "trusted", found.trusted, TRUSTED_FIELDS)
    if DEFAULT_TEXT not in found.text:
        raise BadCatalogue(f"{file}: text: {DEFAULT_TEXT} is missing")
    for name, line in found.trusted.items():
        _check(file, f"trusted.{name}", line, frozenset({name}))
    for key, text in found.text.items():
        for part, longest in LONGEST.items():
            line = getattr(text, part)
            _check(file, f"text.{key}.{part}", line, FIELDS)
            if len(line) > longest or not line.strip() or (part != "long" and "\n" in line):
                raise BadCatalogue(
                    f"{file}: text.{key}.{part}: must be 1 to {longest} characters, one line but for long"
                )
    for key, line in found.task.items():
        _check(file, f"task.{key}", line, FIELDS)
    return found


def _complete(file: str, table: str, found: Mapping[Any, str], wanted: Iterable[str]) -> None:
    missing = {str(one) for one in wanted} - {str(one) for one in found}
    if missing:
        raise BadCatalogue(f"{file}: {table}: {sorted(missing)[0]} is missing")


def fields_of(text: str) -> frozenset[str | None]:
    """The fields that a text names; None for a brace that is none's."""
    return frozenset(found[1] for found in _BRACES.finditer(text))


def _check(file: str, key: str, text: str, known: frozenset[str]) -> None:
    for field in sorted(fields_of(text) - known, key=str):
        wrong = "has a brace that is no field's" if field is None else f"unknown field {{{field}}}"
        raise BadCatalogue(f"{file}: {key}: {wrong}; the fields are {', '.join(sorted(known))}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """``text`` with its fields filled in, once: what is put in is not read again."""
    return _BRACES.sub(lambda found: values[found[1]], text)


def link_of(console: str, alert_no: int) -> str:
    """Where people read on about an alert."""
    return f"{console.rstrip('/')}/alerts/{alert_no}"


@dataclass(frozen=True, slots=True)
class Wording:
    """Writes messages. ``catalogues`` by language; ``console`` is `PUBLIC_URL`; ``zone`` that of the times in texts."""

    catalogues: Mapping[str, Catalogue]
    console: str
    zone: tzinfo

    def words(self, leased: Leased) -> Words:
        """What a notification says. Raises `NoSafeWords` for a protected person who has none."""
        note, facts = leased.notification, leased.facts
        if note.target is Target.VICTIM or note.words is not None:
            return _safe(note)
        book = self._book(note.language)
        text = book.text.get(note.text, book.text[DEFAULT_TEXT])
        values = self._values(book, note.alert_no, note.urgency, facts)
        long = fill(text.long, values).strip()
        if note.trusted:
            added = [fill(line, {name: str(facts[name])}) for name, line in book.trusted.items() if facts.get(name)]
            long = "\n".join([long, "", *added]) if added else long
        return Words(fill(text.subject, values), fill(text.short, values), long, book.language)

    def task(self, key: str, language: str, alert_no: int, severity: Severity, facts: Mapping[str, Any]) -> str:
        """The instructions of a task to an operator; the key itself where no catalogue has it."""
        book = self._book(language)
        return fill(book.task.get(key, key), self._values(book, alert_no, severity, facts)).strip()

    def _book(self, language: str) -> Catalogue:
        return self.catalogues.get(language, self.catalogues[DEFAULT_LANGUAGE])

    def _values(self, book: Catalogue, alert_no: int, severity: Severity, facts: Mapping[str, Any]) -> dict[str, str]:
        kind, code = str(facts["kind"]), facts.get("code")
        raised = datetime.fromtimestamp(facts["raised_us"] // SECOND_US, UTC).astimezone(self.zone)
        return {
            "alert": str(alert_no),
            "severity": book.severity[severity],
            "kind": book.code[Code(code)] if code else book.kind.get(kind, kind.replace("_", " ")),
            "raised": raised.strftime("%d/%m/%Y %H:%M"),
            "link": link_of(self.console, alert_no),
        }


def _safe(note: Notification) -> Words:
    """A protected person's own words, exactly: no subject, no number, no link."""
    if note.words is None or not note.words.strip():
        raise NoSafeWords(f"alert {note.alert_no}: a protected person without safe words is told by a person alone")
    return Words("", note.words, note.words, note.language)
