"""A file of protocols, read: everything that is wrong with it, by protocol, step, field and cause (docs/protocols.md). Pure.

Whether what can be read can also let something critical age in silence is asked by `alerts.protocol_checks`.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator
from enum import Enum
from typing import Any, Final, NamedTuple, get_args

import msgspec

from alerts.protocols import Action, Flag, Match, Protocol, Protocols, Step, Target
from alerts.severity import INCIDENTS
from domain.errors import BadInput, Fault
from domain.instants import DAY_US, SECOND_US
from domain.vocabulary import Kind, Outcome

KINDS: Final = (*(kind.value for kind in Kind), *INCIDENTS)
"""Every kind that an alert may have."""
PROTOCOLS_MAX: Final = 500
STEPS_MAX: Final = 50
LATEST_S: Final = 7 * DAY_US // SECOND_US
"""No step, and no repeat, later than a week."""
MOST: Final = 2**53 - 1
"""Of a version: what every reader of JSON holds exactly."""
REPEAT_LEAST_S: Final = 60
"""Nobody is told the same more often than that."""
SENIORS: Final = frozenset({Target.SUPERVISOR, Target.DUTY_MANAGER})
"""Who may be told again until the alert is closed, because they can have it closed."""
NEVER_STOPS: Final = frozenset({Flag.UNDER_18, Flag.OFTEN})
"""What does not come to hold while a protocol runs, so that it ends no repeat."""
OF_THE_STORE: Final = "retired"
"""What the store keeps beside a file and no file says."""

Found = tuple[int | None, str, str]
"""Place of the protocol in the file from 0 or None, field, cause."""


class Keys(NamedTuple):
    """The keys that every catalogue has: of what people are told, and of what operators are to do."""

    texts: Collection[str]
    tasks: Collection[str]


def read_protocols(text: str, file: str, keys: Keys | None = None) -> Protocols:
    """The protocols of a TOML file.

    Raises `BadInput` with one line for everything that is wrong; the line is that of the protocol. Without ``keys`` nothing is
    asked about texts.
    """
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise BadInput([Fault(file, int(line[1]) if line else 0, "TOML", str(error))]) from None
    found = list(_whole(body))
    raws = [raw for raw in _list(body.get("protocol")) if isinstance(raw, dict)]
    for place, raw in enumerate(raws):
        found += [(place, field, cause) for field, cause in _protocol(raw, keys)]
    if not found:
        found += list(_together(msgspec.convert(body, Protocols)))
    if found:
        raise BadInput(
            [Fault(file, _line(text, place), _named(raws, place, field), why) for place, field, why in found]
        )
    return msgspec.convert(body, Protocols)


def risen(new: Protocols, before: Protocols) -> list[tuple[str, str]]:
    """Where ``new`` may not follow ``before``: (field, cause). What has changed has a higher version."""
    found = []
    if new.version <= before.version:
        found.append(("version", f"is {new.version}, not over {before.version}, which is in force"))
    for one in new.protocol:
        old = before.named(one.id)
        if old is not None and one != old and one.version <= old.version:
            cause = f"is {one.version}, but version {old.version} is in force and says something else; raise it"
            found.append((f"protocol {one.id}, version", cause))
    return found


def following(new: Protocols, before: Protocols) -> Protocols:
    """``new`` with every protocol of ``before`` that it replaces as retired: alerts that run one go on with it."""
    kept = {(one.id, one.version) for one in new.protocol}
    retired = [one for one in (*before.protocol, *before.retired) if (one.id, one.version) not in kept]
    return msgspec.structs.replace(new, retired=tuple(retired))


def _whole(body: dict[str, Any]) -> Iterator[Found]:
    for field, cause in _keys(body, Protocols, without={OF_THE_STORE}):
        yield None, field, cause
    version = body.get("version")
    if version is not None and not _is_count(version, 1):
        yield None, "version", f"must be a whole number from 1 to {MOST}, not {version!r}"
    raws = body.get("protocol", [])
    if not isinstance(raws, list) or not all(isinstance(raw, dict) for raw in raws):
        yield None, "protocol", "must be tables, each under [[protocol]]"
    elif "protocol" in body and not 1 <= len(raws) <= PROTOCOLS_MAX:
        yield None, "protocol", f"there are {len(raws)}; 1 to {PROTOCOLS_MAX} can be"


def _protocol(raw: dict[str, Any], keys: Keys | None) -> Iterator[tuple[str, str]]:
    yield from _keys(raw, Protocol)
    yield from _values(raw, Protocol, without={"match", "steps", "version", "then_after_s"})
    for name, least in (("version", 1), ("then_after_s", 0)):
        if name in raw and not _is_count(raw[name], least):
            yield name, f"must be a whole number from {least} to {MOST}, not {raw[name]!r}"
    for name in ("id", "title"):
        if raw.get(name) == "":
            yield name, "is empty"
        elif "\0" in str(raw.get(name, "")):
            yield name, "holds a sign that is none (NUL)"
    if raw.get("closes_when_cleared") == Outcome.WITHDRAWN:
        yield "closes_when_cleared", "withdrawn is what the rules say; take another outcome"
    if "then_after_s" in raw and "then" not in raw:
        yield "then_after_s", "says when, but there is no `then`"
    yield from _match(raw.get("match", {}))
    steps = _list(raw.get("steps"))
    if steps is not raw.get("steps", steps) or len(steps) > STEPS_MAX:
        yield "steps", f"must be a list of at most {STEPS_MAX} tables"
    for number, one in enumerate(steps, start=1):
        if isinstance(one, dict):
            yield from ((f"step {number}, {field}", cause) for field, cause in _step(one, keys))
        else:
            yield f"step {number}", "must be a table: { after_s = 0, action = ... }"


def _match(raw: object) -> Iterator[tuple[str, str]]:
    if not isinstance(raw, dict):
        yield "match", "must be a table: { kinds = [...], ... }"
        return
    yield from ((f"match, {field}", cause) for field, cause in _keys(raw, Match))
    yield from ((f"match, {field}", cause) for field, cause in _values(raw, Match))
    for name in ("kinds", "severities", "levels"):
        if raw.get(name) == []:
            yield f"match, {name}", "is empty, and fits nothing; leave it out to fit everything"
    for kind in _list(raw.get("kinds")):
        if isinstance(kind, str) and kind not in KINDS:
            yield "match, kinds", f"there is no kind {kind!r}{nearest(kind, KINDS)}"


def _step(raw: dict[str, Any], keys: Keys | None) -> Iterator[tuple[str, str]]:
    wrong = [*_keys(raw, Step), *_values(raw, Step, without={"after_s", "repeat_s"})]
    for name, least, most in (("after_s", 0, LATEST_S), ("repeat_s", REPEAT_LEAST_S, LATEST_S)):
        if name in raw and not (_is_count(raw[name], least) and raw[name] <= most):
            wrong.append((name, f"must be a whole number of seconds from {least} to {most}, not {raw[name]!r}"))
    text = raw.get("text")
    if keys is not None and isinstance(text, str):
        known = keys.tasks if raw.get("action") == Action.TASK else keys.texts
        if text not in known:
            wrong.append(("text", f"the catalogues have no text {text!r}{nearest(text, known)}"))
    yield from dict.fromkeys(wrong)
    if not wrong:
        yield from _sense(msgspec.convert(raw, Step))


def _sense(one: Step) -> Iterator[tuple[str, str]]:
    """What every part of a step allows, and they do not together."""
    if one.action is Action.TASK and one.by:
        yield "by", "a task is done by operators, and goes by no channel"
    if one.action is not Action.TASK and not one.by:
        yield "by", "names no channel"
    if len(set(one.by)) != len(one.by):
        yield "by", "names a channel twice"
    never = sorted(set(one.stop) & set(one.only))
    if never:
        yield "only", f"it is done only while {never[0].value} holds, and stops while it does: never"
    if one.repeat_s is not None and one.to not in SENIORS and not set(one.stop) - NEVER_STOPS:
        yield (
            "repeat_s",
            f"without an end: nothing stops that the {one.to.value} is told; say at what it stops (`stop`)",
        )


def _together(protocols: Protocols) -> Iterator[Found]:
    """Ids that stand twice; `then` that names nothing, or leads back."""
    ids = Counter(one.id for one in protocols.protocol)
    first = {one.id: place for place, one in reversed(list(enumerate(protocols.protocol)))}
    for place, one in enumerate(protocols.protocol):
        if ids[one.id] > 1 and place != first[one.id]:
            yield place, "id", f"{one.id!r} stands {ids[one.id]} times"
        if one.then is None:
            continue
        if one.then not in first:
            yield place, "then", f"there is no protocol {one.then!r}{nearest(one.then, list(first))}"
            continue
        way = [one.id]
        while (after := protocols.protocol[first[way[-1]]].then) in first and after not in way:
            way.append(str(after))
        if after == one.id:
            yield place, "then", f"a loop: {' -> '.join([*way, one.id])}"


def _keys(raw: dict[str, Any], kind: type[msgspec.Struct], without: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Keys that are unknown, and those that are needed and missing."""
    fields = {one.name: one for one in msgspec.structs.fields(kind) if one.name not in without}
    for key in raw:
        if key not in fields:
            yield key, f"is not known{nearest(key, fields)}"
    for name, one in fields.items():
        if one.required and name not in raw:
            yield name, "is missing"


def _values(
    raw: dict[str, Any], kind: type[msgspec.Struct], without: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Values of the wrong type, and words that are not among those known."""
    for one in msgspec.structs.fields(kind):
        if one.name not in raw or one.name in without:
            continue
        words = _words(one.type)
        odd = [word for word in _list(raw[one.name], single=True) if words and word not in words]
        if odd:
            yield one.name, f"there is no {odd[0]!r}{nearest(str(odd[0]), words)}; there are {', '.join(words)}"
            continue
        try:
            msgspec.convert(raw[one.name], one.type)
        except msgspec.ValidationError as error:
            yield one.name, str(error).partition(" - at `$")[0]


def _words(kind: Any) -> list[str]:
    """The words of the enum that a type is, or is made of."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [one.value for one in kind]
    return [word for part in get_args(kind) for word in _words(part)]


def nearest(word: str, known: Collection[str]) -> str:
    """`` (did you mean ...?)``, or nothing when nothing known is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else ""


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= MOST


def _list(value: object, *, single: bool = False) -> list[Any]:
    if isinstance(value, list):
        return value
    return [value] if single else []


def line_of(text: str, protocols: Protocols, name: str | None) -> int:
    """The line, from 1, on which a protocol begins, by its id; 1 for the file itself."""
    places = [place for place, one in enumerate(protocols.protocol) if one.id == name]
    return _line(text, places[0] if places else None)


def _named(raws: list[dict[str, Any]], place: int | None, field: str) -> str:
    if place is None:
        return field
    name = raws[place].get("id")
    return f"protocol {name if isinstance(name, str) and name else f'no. {place + 1}'}, {field}"


def _line(text: str, place: int | None) -> int:
    """The line, from 1, on which a protocol begins; 1 for the file itself."""
    if place is None:
        return 1
    headers = [
        number for number, line in enumerate(text.split("\n"), 1) if re.match(r"\s*\[\[\s*protocol\s*\]\]", line)
    ]
    return headers[place] if place < len(headers) else 1
