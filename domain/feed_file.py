"""The feed file: what a centre received, learnt and saw its clock say, as NDJSON in the order received (contract.md).

::

    {"received":"2026-11-21T22:00:00.123Z","device":"T1","envelope":{...}}
    {"tick":"2026-11-21T22:00:01Z"}
    {"learnt":"2026-11-21T22:00:02Z","holds_from":null,"record":{...},"cancelled":true}

It is read lazily, so that a stream works as a file does. The first line that is not one of these, or whose time is
before the last one's, ends the reading with `BadInput`. What a device sent is not a line's fault: an envelope that is
bad, or of a device that nobody knows, is a dead letter here as it is live, and one with half of a surrogate pair in it is
taken as it is live. As in a caseload file, blank lines are nothing, and the first may begin with a byte order mark.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from domain.caseload_lines import MAX_LINE_BYTES, key_told_twice, object_of
from domain.caseload_values import Wrong, shown
from domain.commits import DeadLetter
from domain.errors import BadInput, BadInstant, FarInstant, Fault, RecordFault
from domain.facts import Batch
from domain.instants import EARLY_US, FAR_US, format_instant, parse_instant
from domain.records import Device, Record, Version
from domain.wire import Decoder
from domain.wire_columns import Lines
from domain.wire_faults import fault_in
from domain.wire_topics import DEVICE_PATTERN

LINES_PER_BATCH: Final = 4096
FIRST_US: Final = parse_instant("1970-01-01T00:00:00Z")
LAST_US: Final = parse_instant("2200-01-01T00:00:00Z")
OUT_OF_TIME: Final = (
    "not between 1970-01-01T00:00:00Z and 2200-01-01T00:00:00Z: windows are not looked up over centuries"
)

RecordParser: TypeAlias = Callable[[dict[str, Any]], Record]
"""A learnt line's record from its object; raises `RecordFault`."""

_COMPACT: Final = {
    "received": len('{"received":"","device":"","envelope":}'),
    "tick": len('{"tick":""}'),
}
"""Bytes of a line beside its values, where nothing is written that need not be."""
_SHORTEST_KEY: Final = len(',"tick":""')
"""A line that is less longer than it need be has no key twice."""
_LONE: Final = rb"\ufffd"
_ESCAPES: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Received:
    """An envelope as JSON text, and the device and the instant it came from and at."""

    line: int
    at_us: int
    device: str
    envelope: bytes


@dataclass(frozen=True, slots=True)
class Tick:
    """The clock said so, and everything that had reached us by then has been taken."""

    line: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Learnt:
    """A record that we learnt, or a new version of one."""

    line: int
    at_us: int
    version: Version


FeedLine: TypeAlias = Received | Tick | Learnt


class _Line(Struct, forbid_unknown_fields=True):
    """Any line; which of the three it is, its first key says."""

    received: str | UnsetType = UNSET
    device: str | UnsetType = UNSET
    envelope: Raw = Raw()
    tick: str | UnsetType = UNSET
    learnt: str | UnsetType = UNSET
    holds_from: str | UnsetType | None = UNSET
    record: Raw = Raw()
    cancelled: bool | UnsetType = UNSET


_COMPANIONS: Final = {
    "received": ("device", "envelope"),
    "tick": (),
    "learnt": ("holds_from", "record", "cancelled"),
}
_line_from_json: Final = msgspec.json.Decoder(_Line).decode


def _line_of(text: bytes) -> _Line:
    """Raises ``msgspec.DecodeError``; not for half of a surrogate pair, which JSON may have and the decoder does not take."""
    try:
        return _line_from_json(text)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        mended = _without_lone_surrogates(text)
        if mended == text:
            raise
    line = _line_from_json(mended)
    line.envelope, line.record = (_as_it_stood(value, mended, text) for value in (line.envelope, line.record))
    return line


def read_feed(
    lines: Iterable[bytes | str],
    file: str,
    parse_record: RecordParser,
    until_us: int | None = None,
    parse_ended: RecordParser | None = None,
) -> Iterator[FeedLine]:
    """Read a feed's lines, lazily; of the first later than ``until_us`` no more is read than its instant, and nothing of the others.

    ``parse_record`` reads the records of ``learnt`` lines, and ``parse_ended``, where it is given, of those that end one.

    Raises
    ------
    BadInput
        At the first bad line, naming ``file``, its number from 1, the field and the cause.
    """
    before_us = EARLY_US
    reader = _Reader(file, parse_record, parse_ended or parse_record, FAR_US if until_us is None else until_us)
    for number, text in enumerate(lines, 1):
        written = text.encode(errors="surrogatepass") if isinstance(text, str) else text
        if number == 1:
            written = written.removeprefix(BOM_UTF8)
        if not written or written.isspace():
            continue
        line = reader.read(number, written)
        if line is None:
            return
        if line.at_us < before_us:
            cause = f"goes back: {format_instant(line.at_us)} after {format_instant(before_us)}"
            raise BadInput([Fault(file, number, _first_key(line), cause)])
        before_us = line.at_us
        yield line


def read_batches(
    lines: Iterable[bytes | str],
    decoder: Decoder,
    parse_record: RecordParser,
    *,
    file: str = "-",
    lines_per_batch: int = LINES_PER_BATCH,
    until_us: int | None = None,
    parse_ended: RecordParser | None = None,
) -> Iterator[tuple[Batch, list[DeadLetter]]]:
    """A feed as batches, each with what was parked of it.

    A batch has at most ``lines_per_batch`` lines, fewer where a device is learnt: it is known from that line on, and
    not before. Every line of the feed is a line of a batch; one of an unknown device is nobody's contact. Raises
    `BadInput` as `read_feed` does; the lines since the last batch are then not handed over.
    """
    taken, dead_letters = Lines(), list[DeadLetter]()
    for line in read_feed(lines, file, parse_record, until_us, parse_ended):
        if len(taken) == lines_per_batch or (isinstance(line, Learnt) and _is_new_device(line, decoder) and len(taken)):
            yield taken.batch(decoder.index_of), dead_letters
            taken, dead_letters = Lines(), []
        if isinstance(line, Received):
            decoder.take(taken, line.device, line.envelope, line.at_us, dead_letters)
        elif isinstance(line, Tick):
            taken.tick(line.at_us)
        else:
            if isinstance(line.version.record, Device):
                decoder.learn([line.version.record.id])
            taken.learn(line.version)
    if len(taken):
        yield taken.batch(decoder.index_of), dead_letters


def _is_new_device(line: Learnt, decoder: Decoder) -> bool:
    return isinstance(line.version.record, Device) and decoder.index_of(line.version.record.id) is None


def _first_key(line: FeedLine) -> str:
    if isinstance(line, Received):
        return "received"
    return "tick" if isinstance(line, Tick) else "learnt"


def _without_lone_surrogates(text: bytes) -> bytes:
    """The text, and U+FFFD, which is as long, for every escape that is half of a surrogate pair."""
    return _ESCAPES.sub(lambda escape: _LONE if escape["lone"] else escape[0], text)


def _as_it_stood(value: Raw, mended: bytes, text: bytes) -> Raw:
    """A value of a mended line as the line had it. Where none is elsewhere, the first place that reads like it is its own."""
    written = bytes(value)
    place = mended.find(written)
    return Raw(text[place : place + len(written)]) if _LONE in written else value


@dataclass(slots=True)
class _Reader:
    """Reads lines, one after another; every fault that it finds names the line."""

    file: str
    parse_record: RecordParser
    parse_ended: RecordParser
    until_us: int
    number: int = 0

    def read(self, number: int, text: bytes) -> FeedLine | None:
        """The line, None when it is later than ``until_us``."""
        self.number = number
        line = self._parse(text)
        kinds = [kind for kind in _COMPANIONS if getattr(line, kind) is not UNSET]
        if len(kinds) != 1:
            self._refuse("line", f"must have one of {', '.join(_COMPANIONS)}")
        kind = kinds[0]
        written: str = getattr(line, kind)
        at_us = self._instant(kind, written)
        if at_us > self.until_us:
            return None
        self._require_in_time(kind, written, at_us)
        for other, companions in _COMPANIONS.items():
            if other != kind:
                self._refuse_any(line, companions, kind)
        if kind == "received":
            return self._received(line, at_us, text)
        self._require_keys_once(text, len(written) + _COMPACT["tick"] if kind == "tick" else 0)
        return Tick(self.number, at_us) if kind == "tick" else self._learnt(line, at_us)

    def _parse(self, text: bytes) -> _Line:
        if len(text) > MAX_LINE_BYTES:
            self._refuse("line", f"has {len(text):,} bytes; at most {MAX_LINE_BYTES:,} are taken")
        try:
            if not text.isascii():
                text.decode()  # what the reading below skips it does not look at
            return _line_of(text)
        except UnicodeDecodeError as error:
            self._refuse("line", f"not UTF-8: {error.reason} at byte {error.start + 1}")
        except RecursionError:
            self._refuse("line", "nested too deep")
        except msgspec.ValidationError as error:
            field, cause = fault_in(str(error), "")
            self._refuse(field or "line", cause)
        except msgspec.DecodeError as error:
            self._refuse("line", f"not JSON: {error}")

    def _received(self, line: _Line, at_us: int, text: bytes) -> Received:
        envelope = bytes(line.envelope)
        if line.device is UNSET:
            self._refuse("device", "missing")
        if DEVICE_PATTERN.fullmatch(line.device) is None:
            self._refuse("device", "not 1 to 32 of A-Z a-z 0-9 _ -")
        if not envelope:
            self._refuse("envelope", "missing")
        assert line.received is not UNSET
        self._require_keys_once(text, len(line.received) + len(line.device) + len(envelope) + _COMPACT["received"])
        return Received(self.number, at_us, line.device, envelope)

    def _learnt(self, line: _Line, at_us: int) -> Learnt:
        ended = line.cancelled is True
        try:
            written = object_of(bytes(line.record), first=False)
            if written is None:
                self._refuse("record", "missing")
            record = (self.parse_ended if ended else self.parse_record)(written)
        except Wrong as wrong:
            self._refuse("record", wrong.cause)
        except RecordFault as fault:
            self._refuse(f"record.{fault.field}", fault.cause)
        holds_from_us = at_us
        if isinstance(line.holds_from, str):
            holds_from_us = self._instant("holds_from", line.holds_from)
            self._require_in_time("holds_from", line.holds_from, holds_from_us)
        return Learnt(self.number, at_us, Version(record, holds_from_us, at_us, ended))

    def _instant(self, field: str, text: str) -> int:
        try:
            return parse_instant(text)
        except FarInstant:
            self._refuse(field, f"{text[:40]} is {OUT_OF_TIME}")
        except BadInstant:
            self._refuse(field, f"not an instant such as 2026-11-21T22:00:00Z: {text[:40]!r}")

    def _require_in_time(self, field: str, text: str, at_us: int) -> None:
        if not FIRST_US <= at_us <= LAST_US:
            self._refuse(field, f"{text[:40]} is {OUT_OF_TIME}")

    def _require_keys_once(self, text: bytes, needed: int) -> None:
        """``needed`` are the bytes that its values take when it is written without a space; only a longer one is looked at."""
        if len(text) >= needed + _SHORTEST_KEY:
            try:
                twice = key_told_twice(text)
            except RecursionError:
                self._refuse("line", "nested too deep")
            if twice is not None:
                self._refuse("line", f"has the key {shown(twice)} twice; which of the two is meant?")

    def _refuse_any(self, line: _Line, keys: tuple[str, ...], kind: str) -> None:
        for key in keys:
            if getattr(line, key) is not UNSET and getattr(line, key) != Raw():
                self._refuse(key, f"has no place beside {kind}")

    def _refuse(self, field: str, cause: str) -> NoReturn:
        raise BadInput([Fault(self.file, self.number, field, cause)]) from None
