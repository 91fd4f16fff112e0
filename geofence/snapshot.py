"""The state of the rules as bytes, exactly, and back: what a restart goes on from (decision record 2).

The caseload is not in it: it is learnt anew in the order in which it was learnt, which gives every party, condition
and device its number again. Facts are not in it either: the head of the state becomes the base, and what is later than
that is judged again from stored facts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.facts import FACT, Roster
from domain.networks import Network
from domain.records import Version
from geofence.equipment_rules import Event
from geofence.kept import Kept
from geofence.layout import Planner
from geofence.near_fold import TRAIL
from geofence.networks import Networks
from geofence.outage import TAKEN, SavedIncident
from geofence.reception import RECEPTION, Open
from geofence.refold import Base
from geofence.rules import MAX_LOG, Rules
from geofence.silence import CONTACT
from geofence.state import DEVICE, PAIR, PARTY, TRACK
from geofence.versions import Entry, Group
from geofence.wallclock import TimeZones

FORMAT = 10
"""Raised with every change of what a snapshot holds."""
READ = (9, FORMAT)
"""Of these a snapshot can be read: where retention has taken facts nobody can fold them again. 9 knows no latest instants."""


class _Body(msgspec.Struct):
    format: int
    layout: str
    roster: list[str]
    owners: list[tuple[str, bool]]
    arrays: dict[str, bytes]
    ledger: dict[str, Any]
    pairs: list[tuple[int, int]]
    heard: list[tuple[int, int]]
    streams: dict[str, dict[int, tuple[bytes, list[bytes]]]]
    events: dict[int, list[Event]]
    told: dict[int, list[Event]]
    groups: list[tuple[Group, list[Entry]]]
    lost: dict[int, Entry]
    in_zone: dict[str, Entry]
    unknown: dict[str, Entry]
    unknown_until: dict[str, int]
    started_us: int
    last_tick_us: int
    now_us: int
    numbers: dict[int, int]
    wake_atv: dict[int, int]
    near_unknown: dict[str, Entry]
    unit_silent: dict[int, Entry]
    suspected: dict[int, Entry]
    lost_lately: list[tuple[int, int]]
    unmonitored: dict[str, Entry]
    unloaded: list[tuple[str, int, Entry]]
    received: list[tuple[int, int, Open]]
    networks: dict[int, Network]
    in_contact: list[tuple[int, int]]
    incidents: list[SavedIncident]
    incident_number: int


_STREAMS = ("rows", "location", "breaks", "pairs", "near")


def _layout() -> str:
    """Names and types of every column: bytes of another layout are refused."""
    return repr([DEVICE, PARTY, TRACK, PAIR, CONTACT, FACT, RECEPTION, TRAIL, TAKEN])


def snapshot(rules: Rules) -> bytes:
    """Everything that `restore` needs, for the same caseload."""
    state, silence, stepper = rules.world.state, rules.silence, rules.stepper
    trails, trail_at = rules.world.nearness.ends(state)
    parties = state.parties.copy()
    parties["trail_at"] = trail_at
    arrays: dict[str, NDArray[Any]] = {
        "devices": state.devices,
        "parties": parties,
        "tracks": state.tracks,
        "pairs": state.pairs,
        "contact": silence.contact,
        "next_check": silence.next_check,
        "wake_case": stepper.wakes.case,
        "wake_device": stepper.wakes.device,
        "wake_fitting": stepper.wakes.fitting,
        "reception": rules.reception.rows,
        "crowd": rules.reception.crowd,
        "waiting": rules.waiting,
        "newest": rules.newest,
        "trails": trails,
    }
    body = _Body(
        format=FORMAT,
        layout=_layout(),
        roster=list(rules.roster.ids),
        owners=list(rules.planner.owners),
        arrays={name: array.tobytes() for name, array in arrays.items()},
        ledger=rules.ledger.state(),
        pairs=list(rules.world.pair_index),
        heard=sorted(rules.clusters.heard),
        streams={name: _bodies(getattr(rules.world.streams, name)) for name in _STREAMS},
        events=dict(rules.world.streams.events),
        told=dict(rules.world.streams.told),
        groups=list(stepper.standing.groups.items()),
        lost=silence.lost,
        in_zone=silence.in_zone,
        unknown=silence.unknown,
        unknown_until=silence.unknown_until,
        started_us=silence.started_us,
        last_tick_us=silence.last_tick_us,
        now_us=rules.now_us,
        numbers=stepper.numbers,
        wake_atv=stepper.wakes.atv,
        near_unknown=stepper.protection.unknown,
        unit_silent=stepper.protection.silent,
        suspected=silence.suspected,
        lost_lately=silence.lost_lately,
        unmonitored=rules.unmonitored.open,
        unloaded=[(condition, tag, entry) for (condition, tag), entry in rules.unloaded.open.items()],
        received=[(what, device, one) for (what, device), one in rules.reception.open.items()],
        networks=rules.outage.networks.of,
        in_contact=rules.outage.in_contact,
        incidents=rules.outage.saved(),
        incident_number=rules.outage.number,
    )
    return msgspec.msgpack.encode(body)


def _bodies(streams: dict[int, Kept]) -> dict[int, tuple[bytes, list[bytes]]]:
    return {key: (bytes(kept.body), kept.packed) for key, kept in streams.items()}


def restore(
    roster: Roster, versions: Iterable[Version], zones: TimeZones, body: bytes, max_log: int = MAX_LOG
) -> Rules:
    """The rules as they were. ``versions`` is what was learnt by then, in the order learnt.

    Raises `ValueError` for bytes of another format or another roster.
    """
    try:
        saved = msgspec.msgpack.decode(body, type=_Body)
    except msgspec.MsgspecError as error:
        raise ValueError(f"not a snapshot of the rules: {error}") from None
    if saved.format not in READ or saved.layout != _layout():
        raise ValueError("a snapshot of another version of the rules")
    for device in saved.roster:
        roster.add(device)
    if roster.ids[: len(saved.roster)] != saved.roster:
        raise ValueError("a snapshot of another roster")
    rules = Rules(roster, versions, zones, max_log)
    rules.planner = Planner(rules.book, saved.owners)
    rules.folder.know_pairs(saved.pairs)
    rules.clusters.heard = set(saved.heard)
    _put_columns(rules, saved)
    rules.relay_out()
    _put_sparse(rules, saved)
    rules.folder.base = Base(rules.world.state.copy(), rules.world.streams.marks())
    return rules


def _put_columns(rules: Rules, saved: _Body) -> None:
    """The arrays; what has grown since is blank."""
    state, silence = rules.world.state, rules.silence

    def column(name: str, dtype: Any) -> NDArray[Any]:
        return np.frombuffer(saved.arrays[name], dtype).copy()

    state.devices, state.parties = column("devices", DEVICE), column("parties", PARTY)
    state.tracks, state.pairs = column("tracks", TRACK), column("pairs", PAIR)
    silence.contact, silence.next_check = column("contact", CONTACT), column("next_check", np.int64)
    wakes = rules.stepper.wakes
    wakes.case, wakes.device = column("wake_case", np.int64), column("wake_device", np.int64)
    wakes.fitting, rules.reception.rows = column("wake_fitting", np.int64), column("reception", RECEPTION)
    rules.reception.crowd = column("crowd", np.int64)
    rules.waiting, rules.newest = column("waiting", FACT), column("newest", np.int64)
    rules.world.nearness.put(column("trails", TRAIL))
    rules.ledger.put(saved.ledger)


def _put_sparse(rules: Rules, saved: _Body) -> None:
    streams, silence = rules.world.streams, rules.silence
    for name in _STREAMS:
        kept = {key: Kept(*saved_news) for key, saved_news in saved.streams[name].items()}
        setattr(streams, name, defaultdict(Kept, kept))
    streams.events = defaultdict(list, saved.events)
    streams.told = defaultdict(list, saved.told)
    rules.stepper.restore(dict(saved.groups))
    silence.lost, silence.in_zone, silence.unknown = saved.lost, saved.in_zone, saved.unknown
    silence.unknown_until = saved.unknown_until
    for condition, entry in saved.in_zone.items():
        silence.in_zone_of.setdefault(entry.draft.party, set()).add(condition)
    silence.started_us, silence.last_tick_us = saved.started_us, saved.last_tick_us
    silence.suspected, silence.lost_lately = saved.suspected, saved.lost_lately
    silence.changed(rules.world, ())
    rules.stepper.protection.restore(saved.near_unknown, saved.unit_silent)
    rules.unmonitored.open = saved.unmonitored
    rules.unmonitored.changed()
    rules.unloaded.open = {(condition, tag): entry for condition, tag, entry in saved.unloaded}
    rules.unloaded.changed()
    rules.reception.open = {(what, device): one for what, device, one in saved.received}
    rules.reception.changed()
    rules.outage.networks, rules.outage.in_contact = Networks(saved.networks), saved.in_contact
    rules.outage.restore(saved.incidents, saved.incident_number)
    rules.now_us, rules.stepper.numbers = saved.now_us, saved.numbers
    rules.stepper.wakes.atv = saved.wake_atv
