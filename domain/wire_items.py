"""The envelope and its items as typed records, with the range of every field (wire.md).

Each record comes twice. The strict one takes nothing that it does not know: what it accepts is good, so that a whole
message is checked in one call of compiled code. What it refuses is read again by `domain.wire_faults`, which uses the
loose one, in which unknown keys are ignored. The strict ones have no place in which a value can nest.
"""

from __future__ import annotations

from math import nan
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

from domain.instants import FAR_US
from domain.vocabulary import EventCode, EventState, Source

VERSION: Final = 1
MESSAGE_BYTES: Final = 256 * 1024
"""Limit of a message's payload, bytes."""
ITEMS: Final = 500
"""Limit of fixes and events together in an envelope."""
NESTING: Final = 128
"""Limit of objects and arrays in one another; far under the depth at which a parser gives up by itself."""
SEQ_LAST: Final = 2**53 - 1
EPOCH_FIRST_MS: Final = 1_577_836_800_000
"""2020-01-01T00:00:00Z; an instant of a device is later than this."""
EPOCH_LAST_MS: Final = FAR_US // 1000 - 1
"""So that every instant of a device is before `FAR_US`, and sums of two fit 64 bits."""
ACC_LAST_M: Final = 100_000.0
SPD_LAST_M_S: Final = 150.0
SATS_LAST: Final = 32_767
HDOP_LAST: Final = 1e6
INTERVAL_LAST_S: Final = 1e9
STEP_LAST_S: Final = 1e12
PERMILLE_LAST: Final = 1000.0
NUMBER_LAST: Final = 1.7976931348623157e308
"""The largest finite number: a bound that not-a-number and the infinities do not meet."""

EpochMs: TypeAlias = Annotated[int, Meta(gt=EPOCH_FIRST_MS, le=EPOCH_LAST_MS)]
Seq: TypeAlias = Annotated[int, Meta(ge=1, le=SEQ_LAST)]
Gen: TypeAlias = Annotated[int, Meta(ge=0, le=SEQ_LAST)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=SEQ_LAST)]
Signed: TypeAlias = Annotated[int, Meta(ge=-SEQ_LAST, le=SEQ_LAST)]
Finite: TypeAlias = Annotated[float, Meta(ge=-NUMBER_LAST, le=NUMBER_LAST)]
Int64: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Percent: TypeAlias = Annotated[float, Meta(ge=0, le=100)]
Speed: TypeAlias = Annotated[float, Meta(ge=0, le=SPD_LAST_M_S)]
Heading: TypeAlias = Annotated[float, Meta(ge=0, lt=360)]
Satellites: TypeAlias = Annotated[int, Meta(ge=0, le=SATS_LAST)]
Dilution: TypeAlias = Annotated[float, Meta(ge=0, le=HDOP_LAST)]

SourceWord: TypeAlias = Literal["gps", "rf", "lbs", "wifi"]
StateWord: TypeAlias = Literal["pulse", "start", "end"]
CodeWord: TypeAlias = Literal[
    "strap_tamper",
    "case_tamper",
    "battery_low",
    "battery_critical",
    "battery_dead",
    "charging",
    "in_range",
    "home_unit_moved",
    "home_unit_power_lost",
    "gnss_lost",
    "jamming",
    "shielding",
    "sos",
    "fault",
    "heartbeat",
    "rest",
    "alcohol_reading",
    "presence_check",
    "clock_set",
    "command_result",
]
SOURCES: Final = {source.name.lower(): source.value for source in Source}
STATES: Final = {state.name.lower(): state.value for state in EventState}
CODES: Final = {code.name.lower(): code.value for code in EventCode}

Flat: TypeAlias = dict[str, str | Int64 | Finite | bool | None]
"""An event's ``data`` without objects in it: what nearly every device sends."""


class Net(Struct, forbid_unknown_fields=True):
    """The cell; codes with leading zeros come as text."""

    mcc: Count | str | None = None
    mnc: Count | str | None = None
    tac: Count | str | None = None
    cell: Count | str | None = None
    rssi: Finite | None = None


class LooseNet(Net, forbid_unknown_fields=False):
    """`Net` beside keys that we do not know."""


class Fix(Struct, forbid_unknown_fields=True, gc=False):
    """One position. What may be absent may be null."""

    seq: Seq
    t: EpochMs
    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    acc: Annotated[float, Meta(gt=0, le=ACC_LAST_M)]
    src: SourceWord = "gps"
    spd: Speed | None = nan
    hdg: Heading | None = nan
    bat: Percent | None = nan
    hdop: Dilution | None = nan
    sats: Satellites | None = None


class LooseFix(Fix, forbid_unknown_fields=False, gc=False):
    """`Fix` beside keys that we do not know."""


class Event(Struct, forbid_unknown_fields=True, gc=False):
    """One equipment event."""

    seq: Seq
    t: EpochMs
    code: CodeWord
    state: StateWord = "pulse"
    data: Flat | None = None


class LooseEvent(Struct, gc=False):
    """`Event` beside keys that we do not know; its ``data`` is looked at by itself."""

    seq: Seq
    t: EpochMs
    code: CodeWord
    state: StateWord = "pulse"
    data: dict[str, object] | None = None


class Envelope(Struct, forbid_unknown_fields=True, gc=False):
    """A message whole and good. Its lists are never null: a null is read by `domain.wire_faults`."""

    v: Literal[1]
    sent: EpochMs
    gen: Gen = 0
    fixes: list[Fix] = []
    events: list[Event] = []
    fw: str | None = None
    model: str | None = None
    net: Net | None = None
    iv: Count | None = None
    up: Count | None = None
    oldest: Count | None = None


class LooseEnvelope(Struct):
    """What stands around the items, beside keys that we do not know."""

    v: Literal[1]
    sent: EpochMs
    gen: Gen = 0
    fixes: list[object] = []
    events: list[object] = []
    fw: str | None = None
    model: str | None = None
    net: LooseNet | None = None
    iv: Count | None = None
    up: Count | None = None
    oldest: Count | None = None


class About(Struct):
    """What every event's ``data`` may hold: the tag that a home unit speaks for."""

    tag: str | None = None


class RangeData(About):
    last_heard: EpochMs | None = None


class RestData(About):
    interval_s: Annotated[float, Meta(gt=0, le=INTERVAL_LAST_S)] | None = None


class AlcoholData(About):
    tac_permille: Annotated[float, Meta(ge=0, le=PERMILLE_LAST)] | None = None


class PresenceCheckData(About):
    result: Literal["verified", "not_verified", "no_answer"] | None = None
    place: str | None = None
    score: Finite | None = None


class ClockSetData(About):
    step_s: Annotated[float, Meta(ge=-STEP_LAST_S, le=STEP_LAST_S)] | None = None


class CommandResultData(About):
    command: str | None = None
    ok: bool | None = None


DATA_TYPES: Final[dict[str, type[About]]] = {
    **dict.fromkeys(CODES, About),
    "in_range": RangeData,
    "rest": RestData,
    "alcohol_reading": AlcoholData,
    "presence_check": PresenceCheckData,
    "clock_set": ClockSetData,
    "command_result": CommandResultData,
}
"""What the ``data`` of an event means, by its code; every key may be absent, and other keys are kept as they are."""


def tag_alone(data: Flat) -> str | None:
    """The tag, when ``data`` names one and says nothing else: what a home unit sends all day, good for every code."""
    if len(data) != 1:
        return None
    tag = data.get("tag")
    return tag if type(tag) is str else None
