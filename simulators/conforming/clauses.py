"""The clauses of the wire protocol that bind a device: the sentence, the steps that show it, and its judge.

``says`` quotes the protocol. Clauses that speak of it only in its tables are said in their words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from domain.vocabulary import DeviceKind
from simulators.conforming import of_commands as commands
from simulators.conforming import of_facts as facts
from simulators.conforming import of_home_units as home_units
from simulators.conforming import of_messages as messages
from simulators.conforming.log import Log, Spell
from simulators.conforming.of_messages import of_form, unseen
from simulators.conforming.verdicts import Verdict

LISTEN: Final = ("listen",)
SPEAKING: Final = frozenset(DeviceKind) - {DeviceKind.RF_TAG}
HOME_UNIT: Final = frozenset({DeviceKind.HOME_UNIT})
LOCATING: Final = frozenset({DeviceKind.GPS_TAG, DeviceKind.VICTIM_UNIT, DeviceKind.ALCOHOL_TAG, DeviceKind.NON_FITTED})
ANY_MESSAGE: Final = "a message that can be read"


@dataclass(frozen=True, slots=True)
class Clause:
    """``steps``: those that can show it, ``kinds``: the devices that it binds."""

    id: str
    says: str
    judge: Callable[[Log], Verdict]
    steps: tuple[str, ...] = LISTEN
    kinds: frozenset[DeviceKind] = SPEAKING


def _form(clause: str, says: str, count: Callable[[Log], int], what: str, hint: str = ANY_MESSAGE) -> Clause:
    return Clause(clause, says, of_form(clause, count, what, hint))


CONNECTION: Final = (
    Clause(
        "connection.mqtt",
        "MQTT 5 or 3.1.1.",
        unseen("the broker's log: a broker does not tell others how a device connects"),
        (),
    ),
    _form(
        "connection.qos",
        "QoS 1.",
        messages.messages_once_at_least,
        "messages at QoS 1",
        "a message at QoS 1; one at QoS 2 is the device's, or the broker raised it",
    ),
    Clause(
        "connection.client_id",
        "One connection per device, client id = device id.",
        messages.client_id,
        ("client_id",),
    ),
    Clause(
        "connection.last_will",
        "Topic lwt, broker's last will for the device: `offline`.",
        messages.last_will,
        ("client_id", "restart", "network"),
    ),
    _form(
        "topic.partition",
        "{partition}: two lower-case hex digits, crc32(device id in UTF-8) mod 64.",
        messages.messages,
        "messages on its topic",
        "a message on em/v1/{partition}/{device}/up",
    ),
)

MESSAGES: Final = (
    _form("message.size", "Up to 256 KiB a message.", messages.messages, "messages, none larger"),
    _form(
        "message.encoding",
        "UTF-8 JSON object, or the same map in MessagePack; told apart by the first byte.",
        messages.read_messages,
        "messages",
    ),
    _form("message.items", "Up to 500 items an envelope.", messages.messages, "messages, none with more"),
    _form("envelope.version", "v: 1.", messages.read_messages, "messages"),
    _form(
        "envelope.sent",
        "sent: integer, ms since the Unix epoch, UTC, after 2020-01-01.",
        messages.read_messages,
        "messages",
    ),
    Clause("clock.utc", "sent: when the device sent this. t: ms since epoch, UTC.", messages.clock),
    _form("envelope.gen", "gen: integer >= 0, default 0.", messages.read_messages, "messages"),
    _form(
        "envelope.items",
        "fixes, events: arrays, either may be absent.",
        messages.items,
        "items in arrays",
        "an item",
    ),
    _form(
        "envelope.optional",
        "fw, model, net, iv, up, oldest: may be absent.",
        messages.messages_that_say,
        "messages that say one of them",
        "a message that says one of them: listen while it is switched on",
    ),
)

ITEMS: Final = (
    _form("item.seq", "seq: integer, 1 to 2^53-1.", messages.items, "items", "an item"),
    _form("item.time", "t: integer, ms since epoch, after 2020-01-01.", messages.items, "items", "an item"),
    _form("fix.place", "lat, lon: degrees, WGS 84.", messages.fixes, "positions", "a position"),
    _form(
        "fix.accuracy",
        "acc: metres, over 0 and at most 100,000.",
        messages.fixes,
        "positions",
        "a position",
    ),
    Clause(
        "fix.radius",
        "acc: 95 % radius.",
        unseen("many positions at a surveyed place, held against it: this test knows no place"),
        (),
    ),
    _form("fix.source", "src: gps (default), rf, lbs, wifi.", messages.fixes, "positions", "a position"),
    _form(
        "fix.optional",
        "Optionally spd (0 to 150), hdg (0 <= hdg < 360), bat (percent), sats, hdop.",
        messages.fixes_with_more,
        "positions that say one of them",
        "a position that says one of them",
    ),
    _form("event.code", "Event codes.", messages.events, "events", "an event"),
    _form("event.state", "state: start, end, pulse; default pulse.", messages.events, "events", "an event"),
    _form(
        "event.data",
        "Optionally data (object), with the keys that its code gives a meaning.",
        messages.events_with_data,
        "events with data",
        "an event with data",
    ),
)

COUNTING: Final = (
    Clause(
        "seq.by_one",
        "seq counts up by one over a device's fixes and events together.",
        facts.by_one,
        ("listen", "resend"),
    ),
    Clause("seq.identity", "(device, gen, seq) is the identity of a fact.", facts.identity),
    Clause(
        "seq.repeat",
        "The same identity with the same time and values is a duplicate.",
        facts.repeats,
        ("resend", "repeats"),
    ),
    Clause(
        "seq.restart",
        "seq counts up by one; gen counts up whenever the device could not keep its seq counter.",
        facts.restart,
        ("restart",),
    ),
    Clause(
        "gen.rises",
        "gen counts up whenever the device could not keep its seq counter (repair, re-flash).",
        facts.gen_rises,
        ("reflash",),
    ),
)

ABSENCES: Final = (
    Clause(
        "backlog.kept",
        "A device that has been out of touch sends its backlog.",
        facts.backlog_kept("backlog.kept", Spell.NETWORK, "network"),
        ("network",),
    ),
    Clause("backlog.order", "Oldest first.", facts.order, ("network", "long")),
    Clause(
        "backlog.days",
        "A device that has been out of touch sends its backlog: three days of it.",
        facts.backlog_kept("backlog.days", Spell.LONG, "long"),
        ("long",),
    ),
    Clause("memory.oldest", "oldest: lowest seq still held.", facts.memory_full, ("memory",)),
    Clause(
        "clock.epoch",
        "t and sent after 2020-01-01: its clock at 1970.",
        facts.clock_jump("clock.epoch", Spell.EPOCH, "epoch"),
        ("epoch",),
    ),
    Clause(
        "clock.rollover",
        "t and sent after 2020-01-01: its clock 1024 weeks back.",
        facts.clock_jump("clock.rollover", Spell.ROLLOVER, "rollover"),
        ("rollover",),
    ),
    Clause("clock.told", "clock_set (data.step_s).", facts.clock_told, ("epoch", "rollover")),
)

HOME_UNITS: Final = (
    Clause(
        "home_unit.tag",
        "Its event with data.tag is about that tag (in_range, strap_tamper, case_tamper, battery_low, fault).",
        home_units.tags,
        kinds=HOME_UNIT,
    ),
    Clause(
        "home_unit.repeats",
        "in_range start when the tag is heard, repeated at least every upload_s.",
        home_units.repeated,
        kinds=HOME_UNIT,
    ),
    Clause(
        "home_unit.lost",
        "end when it is lost (data.last_heard, ms).",
        home_units.lost,
        ("out_of_range",),
        HOME_UNIT,
    ),
    Clause(
        "rf_tag.silent",
        "An rf_tag sends nothing itself.",
        home_units.silent_tag,
        kinds=frozenset({DeviceKind.RF_TAG}),
    ),
)

COMMANDS: Final = (
    Clause(
        "command.result",
        "Answered by a command_result event (data.command, data.ok).",
        commands.answers,
        ("locate_now", "vibrate", "message"),
    ),
    Clause("command.locate_now", "locate_now.", commands.locate_now, ("locate_now",), LOCATING),
    Clause(
        "command.vibrate",
        "vibrate.",
        commands.Answered("vibrate", "command.vibrate", "it did not vibrate"),
        ("vibrate",),
    ),
    Clause(
        "command.message",
        "message.",
        commands.Answered("message", "command.message", "its text was neither shown nor spoken"),
        ("message",),
    ),
    Clause("command.once", "id: told twice, it is one command.", commands.once, ("once",)),
    Clause(
        "command.expired",
        "expires: after it, a command is not done, and answered ok false.",
        commands.expired,
        ("expired",),
    ),
    Clause(
        "command.set_interval",
        "set_interval carries interval_s and upload_s (tags go from 60 s to 15 s during a violation).",
        commands.set_interval,
        ("set_interval",),
    ),
    Clause("command.resend", "resend {gen, from, to} asks for holes.", commands.resend, ("resend",)),
    Clause(
        "command.unknown",
        "A command that it does not know: never a crash, never a stall.",
        commands.Unharmed("unknown", "command.unknown"),
        ("unknown",),
    ),
    Clause(
        "command.broken",
        "What is no command at all: never a crash, never a stall.",
        commands.Unharmed("broken", "command.broken"),
        ("broken",),
    ),
)

CLAUSES: Final = (*CONNECTION, *MESSAGES, *ITEMS, *COUNTING, *ABSENCES, *HOME_UNITS, *COMMANDS)


def clauses_of(kind: DeviceKind | None) -> list[Clause]:
    """Those that bind a device of this kind; of one whose kind nobody says, all but those of a curfew tag."""
    if kind is None:
        return [clause for clause in CLAUSES if clause.kinds != {DeviceKind.RF_TAG}]
    return [clause for clause in CLAUSES if kind in clause.kinds]


def judge_all(log: Log) -> list[tuple[Clause, Verdict]]:
    """Every clause that binds the device, with what is said of it now."""
    return [(clause, clause.judge(log)) for clause in clauses_of(log.kind)]
