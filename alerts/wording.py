"""What people are told, in words: catalogues of texts by key, one file a language (alerts/texts, docs/channels.md). Pure.

A text names what it needs in braces, ``{alert}``; nothing else in it is special, and what is put in is never read again. A
catalogue with a field that nobody fills is refused when it is read. The wearer and their adult are told only texts that were
written for them, which know no kind, no time and no place. A protected person is sent their own safe words and nothing else.
Names and places stand only in what goes to staff by a trusted channel.
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
from alerts.severity import INCIDENTS
from domain.errors import BailiwickError
from domain.instants import SECOND_US
from domain.vocabulary import Channel, Code, Kind, Severity, ToldReason

DEFAULT_LANGUAGE: Final = "en"
DEFAULT_TEXT: Final = "alert"
"""The text for a key that no catalogue has: better in general words than not at all."""
FIELDS: Final = frozenset({"alert", "severity", "kind", "raised", "link"})
"""Of texts and tasks: the alert's number, its severity and kind in words, when it was raised, where to read on."""
FOR_INFORMATION: Final = "for_information"
LINES: Final = {"name": frozenset({"name"}), "place": frozenset({"place"}), FOR_INFORMATION: frozenset[str]()}
"""Lines that are added where they apply, and their fields: the first two by a trusted channel alone."""
OF_THEIR_OWN: Final = {Target.WEARER: "wearer", Target.RESPONSIBLE_ADULT: "adult", Target.VICTIM: "victim"}
"""Who is told only texts whose keys begin with this word."""
OWN_FIELDS: Final = frozenset({"alert"})
"""Of those texts."""
DIGEST_FIELDS: Final[dict[str, frozenset[str]]] = {
    "subject": frozenset({"day", "number"}),
    "to_assess": frozenset({"to_assess", "new"}),
    "steps": frozenset({"due_today", "overdue"}),
    "fallen_one": frozenset(),
    "fallen": frozenset({"fallen"}),
    "alerts": frozenset({"alerts"}),
    "taken_back": frozenset({"taken_back"}),
    "end": frozenset(),
}
"""Of an officer's digest: counts, and of its subject the day and the digest's number. Each stands in its line."""
OVER: Final = frozenset({ToldReason.CLEARED, ToldReason.STOOD_DOWN})
LONGEST: Final = {"subject": 120, "text": 120, "more": 1_000, "call": 2_000}
"""Characters of a part before it is filled in."""

_BRACES = re.compile(r"\{([a-z_]+)\}|[{}]")


class BadCatalogue(BailiwickError):
    """A catalogue that cannot be taken: the file, the key and the field, and what is wrong."""


class NoSafeWords(BailiwickError):
    """A protected person without safe words is told by nobody but a person (alerts.md)."""


@dataclass(frozen=True, slots=True)
class Words:
    """One message. ``short`` is for SMS, ``long`` for e-mail and programs, ``call`` for whoever rings.

    ``subject`` is empty for a protected person, whose safe words are all of ``short`` and ``long``.
    """

    subject: str
    short: str
    long: str
    language: str
    call: str = ""


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message before it is filled in.

    ``text`` is one sentence or two; ``more`` follows it where there is room. Those for a protected person have neither: they
    are only said, by ``call``.
    """

    subject: str
    call: str
    text: str = ""
    more: str = ""


class Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands around every text: ``own`` around those for the wearer and their adult."""

    short: str
    long: str
    own: str
    call: str


class Digest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An officer's digest, line by line; ``day`` of its subject is a day of ``days``, a number and a month of ``months``."""

    days: list[str]
    months: list[str]
    subject: str
    to_assess: str
    steps: str
    fallen_one: str
    fallen: str
    alerts: str
    taken_back: str
    end: str


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All texts of a language.

    Attributes
    ----------
    severity, kind, code : words for each; a code's are used instead of its kind's.
    line : of `LINES`.
    text : key -> message. ``task`` : key -> instructions to an operator. ``digest`` : an officer's morning digest.
    """

    language: str
    severity: dict[Severity, str]
    kind: dict[str, str]
    code: dict[Code, str]
    frame: Frame
    line: dict[str, str]
    text: dict[str, Text]
    task: dict[str, str]
    digest: Digest


def read_catalogue(file: str, source: str) -> Catalogue:
    """A catalogue from TOML. Raises `BadCatalogue` that says where: file, key and field."""
    try:
        found = msgspec.convert(tomllib.loads(source), Catalogue)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadCatalogue(f"{file}: {error}") from None
    _complete(file, "severity", found.severity, Severity)
    _complete(file, "kind", found.kind, (*Kind, *INCIDENTS))
    _complete(file, "code", found.code, Code)
    _complete(file, "line", found.line, LINES)
    _complete(file, "text", found.text, _needed_texts())
    for name, line in found.line.items():
        _check(file, f"line.{name}", line, LINES[name])
    _check(file, "frame.short", found.frame.short, FIELDS | {"text"}, {"text", "alert"})
    _check(file, "frame.long", found.frame.long, FIELDS | {"text"}, {"text", "alert", "link"})
    _check(file, "frame.own", found.frame.own, OWN_FIELDS | {"text"}, {"text"})
    _check(file, "frame.call", found.frame.call, {"call"}, {"call"})
    for key, text in found.text.items():
        _check_text(file, key, text)
    for key, line in found.task.items():
        _check(file, f"task.{key}", line, FIELDS)
    _check_digest(file, found.digest)
    return found


def _needed_texts() -> list[str]:
    """What is written when a protocol names a text that is not for its reader, or is not there."""
    return [DEFAULT_TEXT, *(f"{own}_{after}" for own in OF_THEIR_OWN.values() for after in ("notice", "over"))]


def _complete(file: str, table: str, found: Mapping[Any, Any], wanted: Iterable[str]) -> None:
    missing = {str(one) for one in wanted} - {str(one) for one in found}
    if missing:
        raise BadCatalogue(f"{file}: {table}: {min(missing)} is missing")
    if table in ("kind", "line"):
        for unknown in found.keys() - {str(one) for one in wanted}:
            raise BadCatalogue(f"{file}: {table}: there is no {unknown}")


def _check_text(file: str, key: str, text: Text) -> None:
    own = next((own for own in OF_THEIR_OWN.values() if key.startswith(f"{own}_")), None)
    spoken = own == OF_THEIR_OWN[Target.VICTIM]
    for part, longest in LONGEST.items():
        line = getattr(text, part)
        _check(file, f"text.{key}.{part}", line, FIELDS if own is None else OWN_FIELDS)
        if len(line) > longest or "\n" in line:
            raise BadCatalogue(f"{file}: text.{key}.{part}: must be one line of at most {longest} characters")
        if spoken and part in ("text", "more") and line:
            raise BadCatalogue(
                f"{file}: text.{key}.{part}: a protected person is sent their safe words; write call alone"
            )
        if not line.strip() and part != "more" and not (spoken and part == "text"):
            raise BadCatalogue(f"{file}: text.{key}.{part}: is empty")


def _check_digest(file: str, digest: Digest) -> None:
    for name, fields in DIGEST_FIELDS.items():
        _check(file, f"digest.{name}", getattr(digest, name), fields, fields)
    if (len(digest.days), len(digest.months)) != (7, 12):
        raise BadCatalogue(f"{file}: digest: must have seven days from Monday on and twelve months")


def check_together(catalogues: Mapping[str, Catalogue]) -> None:
    """Raises `BadCatalogue` unless all have the keys of the default one, with the same fields in each."""
    model = catalogues.get(DEFAULT_LANGUAGE)
    if model is None:
        raise BadCatalogue(f"there is no catalogue of the default language, {DEFAULT_LANGUAGE}")
    wanted = _fields_by_key(model)
    for book in catalogues.values():
        found = _fields_by_key(book)
        for key in sorted(wanted.keys() ^ found.keys()):
            raise BadCatalogue(f"{book.language}: {key}: not in every language")
        for key, fields in wanted.items():
            if found[key] != fields:
                raise BadCatalogue(
                    f"{book.language}: {key}: not the fields of {DEFAULT_LANGUAGE}: {sorted(map(str, fields))}"
                )


def _fields_by_key(book: Catalogue) -> dict[str, frozenset[str | None]]:
    texts = {f"text.{key}.{part}": getattr(text, part) for key, text in book.text.items() for part in LONGEST}
    tasks = {f"task.{key}": line for key, line in book.task.items()}
    return {key: fields_of(line) for key, line in (texts | tasks).items()}


def fields_of(text: str) -> frozenset[str | None]:
    """The fields that a text names; None for a brace that is none's."""
    return frozenset(found[1] for found in _BRACES.finditer(text))


def _check(file: str, key: str, text: str, known: Iterable[str], needed: Iterable[str] = ()) -> None:
    fields, allowed = fields_of(text), frozenset(known)
    for field in sorted(fields - allowed, key=str):
        wrong = "has a brace that is no field's" if field is None else f"unknown field {{{field}}}"
        raise BadCatalogue(f"{file}: {key}: {wrong}; the fields are {', '.join(sorted(allowed)) or 'none'}")
    for field in sorted(frozenset(needed) - fields):
        raise BadCatalogue(f"{file}: {key}: does not have {{{field}}}")


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
        """What a notification says. Raises `NoSafeWords` for a message to a protected person who has none."""
        note = leased.notification
        if note.channel is not Channel.CALL and (note.target is Target.VICTIM or note.words is not None):
            return _safe(note)
        book = self._book(note.language)
        own = OF_THEIR_OWN.get(note.target)
        text = book.text[self._key(book, note, own)]
        values = self._values(book, note.alert_no, note.urgency, leased.facts)
        call = fill(book.frame.call, {"call": fill(text.call, values)})
        subject, short = fill(text.subject, values), fill(text.text, values)
        long = " ".join(part for part in (short, fill(text.more, values)) if part)
        if own is not None:
            short, long = (fill(book.frame.own, values | {"text": one}) for one in (short, long))
            return Words(subject, short, long, book.language, call)
        short = fill(book.frame.short, values | {"text": short})
        long = fill(book.frame.long, values | {"text": long}).strip()
        if note.detail == FOR_INFORMATION:
            line = book.line[FOR_INFORMATION]
            short, long, call = f"{line} {short}", f"{line}\n{long}", f"{line}\n{call}"
        if note.trusted:
            facts = leased.facts
            added = [fill(book.line[name], {name: str(facts[name])}) for name in ("name", "place") if facts.get(name)]
            long = "\n".join([long, *added])
        return Words(subject, short, long, book.language, call)

    @staticmethod
    def _key(book: Catalogue, note: Notification, own: str | None) -> str:
        """Of the text: the notification's, where it is there and for this reader."""
        mine = next((one for one in OF_THEIR_OWN.values() if note.text.startswith(f"{one}_")), None)
        if note.text in book.text and mine == own:
            return note.text
        if own is None:
            return DEFAULT_TEXT
        return f"{own}_over" if note.reason in OVER else f"{own}_notice"

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
