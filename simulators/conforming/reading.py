"""One message of a device as the tester reads it: what is wrong with it, clause by clause, and the facts that can be read all the same.

The centre parks a message whole for the first thing wrong with its head; here all of them are found, and the rest is read on.
Bytes that no device should send give flaws, never an exception.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from domain.vocabulary import DeadLetterReason
from domain.wire_faults import Reading, Refused, read_envelope, read_value
from domain.wire_items import EPOCH_FIRST_MS, EPOCH_LAST_MS, ITEMS, MESSAGE_BYTES, SEQ_LAST, VERSION
from domain.wire_topics import parse_topic, partition_of
from simulators.conforming.verdicts import Flaw

READ_BYTES: Final = 16 * MESSAGE_BYTES
"""Of a message that is larger nothing is read but its size."""
EXACT: Final = 2**53
SAID: Final = ("fw", "model", "net", "iv", "up", "oldest")
"""What an envelope may say beside its items."""
FIX_MAY: Final = ("spd", "hdg", "bat", "sats", "hdop")
MENDED: Final = {"v": VERSION, "sent": 1_800_000_000_000}
"""What stands in for a bad value of the head, so that the rest can be looked at."""
KNOWN: Final = {
    "fixes": {"seq", "t", "lat", "lon", "acc", "src", *FIX_MAY},
    "events": {"seq", "t", "code", "state", "data"},
}
USUAL: Final[dict[str, dict[str, Any]]] = {"fixes": {"src": "gps"}, "events": {"state": "pulse"}}
HEAD_CLAUSES: Final = {"v": "envelope.version", "sent": "envelope.sent", "gen": "envelope.gen"}
ITEM_CLAUSES: Final = {
    "seq": "item.seq",
    "t": "item.time",
    "lat": "fix.place",
    "lon": "fix.place",
    "acc": "fix.accuracy",
    "src": "fix.source",
    "code": "event.code",
    "state": "event.state",
    "data": "event.data",
    **dict.fromkeys(FIX_MAY, "fix.optional"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """A fix or an event. ``t_ms`` None: not an instant of the wire. ``values``: what a duplicate must repeat."""

    seq: int
    t_ms: int | None
    code: str | None
    state: str
    data: dict[str, Any] | None
    values: str

    @property
    def is_fix(self) -> bool:
        return self.code is None


@dataclass(slots=True)
class Heard:
    """A message on the device's `up` topic. ``gen`` None: cannot be told, so its items have no identity.

    ``unread``: items of it may have been missed, because it or they could not be read.
    """

    number: int
    at_us: int
    topic: str
    qos: int
    size: int
    gen: int | None = 0
    sent_ms: int | None = None
    msgpack: bool = False
    unread: bool = False
    said: dict[str, Any] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)

    def flaw(self, clause: str, cause: str, name: str | None = None, seq: int | None = None) -> None:
        self.flaws.append(Flaw(clause, self.at_us, cause, self.number, name, None if seq is None else self.gen, seq))


def read(number: int, at_us: int, device: str, topic: str, payload: bytes, qos: int) -> Heard:
    """A message as it was heard at ``at_us``, microseconds UTC."""
    heard = Heard(number, at_us, topic, qos, len(payload))
    parts = parse_topic(topic)
    if parts is None or parts.partition != partition_of(device):
        heard.flaw("topic.partition", f"it came on {topic[:80]}; the partition of {device} is {partition_of(device)}")
    if qos == 0:
        heard.flaw("connection.qos", "it was published with QoS 0")
    if len(payload) > MESSAGE_BYTES:
        heard.flaw("message.size", f"{len(payload)} bytes, at most {MESSAGE_BYTES}")
    value = None if len(payload) > READ_BYTES else _value(heard, payload)
    if value is None:
        heard.unread = True
        return heard
    reading = _read_head(heard, value)
    heard.msgpack = payload[:1] >= b"\x80"
    _take_items(heard, value, reading)
    return heard


def _value(heard: Heard, payload: bytes) -> dict[str, Any] | None:
    try:
        value = read_value(payload)
    except Refused as refused:
        heard.flaw("message.encoding", f"{refused.reason}: {refused.cause}")
        return None
    if not isinstance(value, dict):
        heard.flaw("message.encoding", f"a map is wanted, not {type(value).__name__}")
        return None
    return value


def _read_head(heard: Heard, value: dict[str, Any]) -> Reading:
    """What is wrong with the head, all of it; the head and the items as they are without that."""
    mended = dict(value)
    bad: set[str] = set()
    while True:
        try:
            reading = read_envelope(mended)
        except Refused as refused:
            name = (refused.field or "").partition(".")[0].partition("[")[0]
            if refused.reason is DeadLetterReason.TOO_MANY_ITEMS:
                heard.flaw("message.items", refused.cause or "")
                _shorten(mended)
                continue
            clause = HEAD_CLAUSES.get(name, "envelope.optional" if name in SAID else "envelope.items")
            heard.flaw(clause, refused.cause or "", refused.field)
            mended = _mended(mended, name)
            bad.add(name)
            continue
        heard.gen = None if "gen" in bad else reading.envelope.gen
        heard.sent_ms = None if "sent" in bad else reading.envelope.sent
        heard.said = {name: value[name] for name in SAID if name not in bad and value.get(name) is not None}
        heard.unread = bool(bad & {"gen", "fixes", "events"})
        return reading


def _mended(value: dict[str, Any], name: str) -> dict[str, Any]:
    """Without the bad value; each round takes another one, so that it ends. What names none leaves nothing but the head."""
    if name in value or name in MENDED:
        kept = {key: one for key, one in value.items() if key != name}
        return kept | ({name: MENDED[name]} if name in MENDED else {})
    return dict(MENDED)


def _shorten(value: dict[str, Any]) -> None:
    """At most as many items as may be, so that those can be looked at."""
    room = ITEMS
    for name in ("fixes", "events"):
        if isinstance(value.get(name), list):
            value[name] = value[name][:room]
            room -= len(value[name])


def _take_items(heard: Heard, value: dict[str, Any], reading: Reading) -> None:
    """Every item that says which it is, also one that is parked: its seq was used."""
    for one in reading.parked:
        name, _, rest = one.field.partition("[")
        place, _, inner = rest.partition("]")
        item = value[name][int(place)]
        seq = item.get("seq") if isinstance(item, dict) else None
        clause = ITEM_CLAUSES.get(inner.removeprefix(".").partition(".")[0].partition("[")[0], "envelope.items")
        heard.flaw(clause, one.cause, one.field, seq if _is_seq(seq) else None)
        heard.unread |= not _is_seq(seq)
    if heard.gen is None:
        return
    for name in ("fixes", "events"):
        many = value.get(name)
        for item in many if isinstance(many, list) else ():
            if isinstance(item, dict) and _is_seq(item.get("seq")):
                heard.items.append(_item(name, item))


def _is_seq(seq: object) -> bool:
    return type(seq) is int and 1 <= seq <= SEQ_LAST


def _item(name: str, item: dict[str, Any]) -> Item:
    told = USUAL[name] | {key: one for key, one in item.items() if key in KNOWN[name] and one is not None}
    values = json.dumps(_same(told), sort_keys=True, default=repr)
    code = None if name == "fixes" else str(item.get("code"))
    data = item.get("data")
    state = str(told.get("state", ""))
    t = item.get("t")
    t_ms = t if type(t) is int and EPOCH_FIRST_MS < t <= EPOCH_LAST_MS else None
    return Item(item["seq"], t_ms, code, state, data if isinstance(data, dict) else None, values)


def _same(value: object) -> object:
    """Numbers that are equal are written the same."""
    if isinstance(value, dict):
        return {str(key): _same(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_same(one) for one in value]
    if type(value) is int and abs(value) < EXACT:
        return float(value)
    return value
