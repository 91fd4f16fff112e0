"""Envelopes to columns: every fact of a batch at once, a column at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.facts import UNKNOWN_TAG, Batch, Facts, LineKind, empty_facts
from domain.networks import network_of
from domain.records import Version
from domain.said import said_by_check, said_by_reading
from domain.wire_faults import storable
from domain.wire_items import (
    CODES,
    DATA_TYPES,
    SOURCES,
    STATES,
    AlcoholData,
    Envelope,
    Event,
    Fix,
    Flat,
    PresenceCheckData,
    RangeData,
    tag_alone,
)

MS_US = 1000


@dataclass(slots=True)
class Lines:
    """Lines as they are taken, one after another; `batch` makes columns of them.

    ``envelopes`` holds None for a tick, a learnt record, a last will, and a message that was parked whole.
    """

    instants: list[int] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    devices: list[int] = field(default_factory=list)
    bad: list[bool] = field(default_factory=list)
    envelopes: list[Envelope | None] = field(default_factory=list)
    learnt: dict[int, Version] = field(default_factory=dict)

    @classmethod
    def of_messages(
        cls, instants: list[int], devices: list[int], envelopes: list[Envelope | None], bad: Sequence[int]
    ) -> Self:
        """Many messages at once; ``bad`` are the places of those that were parked whole."""
        parked = [False] * len(instants)
        for place in bad:
            parked[place] = True
        return cls(instants, [LineKind.MESSAGE.value] * len(instants), devices, parked, envelopes)

    def __len__(self) -> int:
        return len(self.instants)

    def message(self, received_us: int, device: int, envelope: Envelope | None, bad: bool) -> None:
        """A message; ``device`` is -1 when it is nobody's contact."""
        self._line(received_us, LineKind.MESSAGE, device, envelope, bad)

    def tick(self, at_us: int) -> None:
        self._line(at_us, LineKind.TICK, -1, None, False)

    def learn(self, version: Version) -> None:
        """A record, learnt at the line's instant."""
        self.learnt[len(self)] = version
        self._line(version.learnt_us, LineKind.LEARNT, -1, None, False)

    def _line(self, at_us: int, kind: LineKind, device: int, envelope: Envelope | None, bad: bool) -> None:
        self.instants.append(at_us)
        self.kinds.append(kind.value)
        self.devices.append(device)
        self.envelopes.append(envelope)
        self.bad.append(bad)

    def batch(self, index_of: Callable[[str], int | None]) -> Batch:
        """The lines as a batch; ``index_of`` gives the roster index of a known device."""
        instants = np.array(self.instants, np.int64)
        devices = np.array(self.devices, np.int32)
        good = [envelope for envelope in self.envelopes if envelope is not None]
        has_envelope = np.array([envelope is not None for envelope in self.envelopes], np.bool_)
        sent_us = np.zeros(len(self), np.int64)
        sent_us[has_envelope] = [envelope.sent for envelope in good]
        lines = np.flatnonzero(has_envelope)
        facts, event_data = _facts(good, lines, devices, instants, index_of)
        told = (
            (line, network_of(envelope.net))
            for line, envelope in zip(lines.tolist(), good, strict=True)
            if envelope.net
        )
        return Batch(
            instants,
            np.array(self.kinds, np.int8),
            devices,
            sent_us * MS_US,
            np.array(self.bad, np.bool_),
            facts,
            event_data,
            self.learnt,
            {line: network for line, network in told if network is not None},
        )


def _facts(
    envelopes: Sequence[Envelope],
    lines: NDArray[np.int64],
    devices: NDArray[np.int32],
    instants: NDArray[np.int64],
    index_of: Callable[[str], int | None],
) -> tuple[Facts, dict[int, bytes]]:
    """Facts in the order of their lines, in a line as they stood, fixes before events."""
    fixes = list(chain.from_iterable([envelope.fixes for envelope in envelopes]))
    events = list(chain.from_iterable([envelope.events for envelope in envelopes]))
    fix_counts = np.array([len(envelope.fixes) for envelope in envelopes], np.int64)
    event_counts = np.array([len(envelope.events) for envelope in envelopes], np.int64)
    # One after another: the fixes of all envelopes, then the events of all; `order` brings the lines together.
    owner = np.concatenate([np.repeat(np.arange(len(envelopes)), counts) for counts in (fix_counts, event_counts)])
    facts = empty_facts(len(owner))
    facts["line"] = lines[owner]
    facts["device"] = devices[facts["line"]]
    facts["received_us"] = instants[facts["line"]]
    facts["gen"] = np.array([envelope.gen for envelope in envelopes], np.int64)[owner]
    _fill_fixes(facts[: len(fixes)], fixes)
    _fill_events(facts[len(fixes) :], events, index_of)
    data = {len(fixes) + row: event.data for row, event in enumerate(events) if event.data is not None}
    if not events:
        return facts, {}
    order = np.argsort(owner, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return facts[order], {int(place[row]): _data_bytes(value) for row, value in data.items()}


def _fill_fixes(facts: Facts, fixes: Sequence[Fix]) -> None:
    facts["seq"] = [fix.seq for fix in fixes]
    facts["t_us"] = np.array([fix.t for fix in fixes], np.int64) * MS_US
    facts["lat"] = [fix.lat for fix in fixes]
    facts["lon"] = [fix.lon for fix in fixes]
    facts["acc"] = [fix.acc for fix in fixes]
    # A null here becomes not-a-number, as what is absent is.
    facts["spd"] = np.array([fix.spd for fix in fixes], np.float64)
    facts["hdg"] = np.array([fix.hdg for fix in fixes], np.float64)
    facts["bat"] = np.array([fix.bat for fix in fixes], np.float64)
    facts["hdop"] = np.array([fix.hdop for fix in fixes], np.float64)
    facts["sats"] = [-1 if fix.sats is None else fix.sats for fix in fixes]
    facts["src"] = [SOURCES[fix.src] for fix in fixes]


def _fill_events(facts: Facts, events: Sequence[Event], index_of: Callable[[str], int | None]) -> None:
    facts["is_event"] = True
    facts["seq"] = [event.seq for event in events]
    facts["t_us"] = np.array([event.t for event in events], np.int64) * MS_US
    facts["code"] = [CODES[event.code] for event in events]
    facts["state"] = [STATES[event.state] for event in events]
    tags = [-1] * len(events)
    for row, event in enumerate(events):
        data = event.data
        if data is None:
            continue
        tag = tag_alone(data)
        if tag is None:
            about = msgspec.convert(data, DATA_TYPES[event.code])
            tag = about.tag
            if isinstance(about, RangeData) and about.last_heard is not None:
                facts["last_heard_us"][row] = about.last_heard * MS_US
            elif isinstance(about, PresenceCheckData):
                facts["said"][row] = said_by_check(about.result, about.place)
            elif isinstance(about, AlcoholData):
                facts["said"][row] = said_by_reading(about.tac_permille)
        if tag is not None:
            index = index_of(tag)
            tags[row] = UNKNOWN_TAG if index is None else index
    facts["tag"] = tags


def _data_bytes(data: Flat) -> bytes:
    """JSON without NUL, which the database's own JSON type cannot hold."""
    encoded = msgspec.json.encode(data)
    return msgspec.json.encode(storable(data)) if b"\\u0000" in encoded else encoded
