"""What the devices of a person told, and when it arrived: drawn from the plan of the run, not from what was received.

The auditor holds the true walk against it: a violation that nothing sent could show is nobody's miss.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.instants import SECOND_US
from domain.vocabulary import EventCode, EventState
from simulators.ground import SIGMA_OF_ACC, Floats
from simulators.losses import are_lost
from simulators.scenes import DOUBTING, DeviceEvent, Life, Silence, Sky, Span
from simulators.speakers import MS, Speaker, lived_by, pace_us

Flags: TypeAlias = NDArray[np.bool_]
LEAST_STATED_M = 5.0
"""Below this the rules take an accuracy for this (rules.md 3)."""
ARRIVAL_S = 2.0
"""What has not arrived so long before the run's end may be decided after it."""


class Messages(NamedTuple):
    """What a device sent, message by message, in the order of sending.

    Attributes
    ----------
    sent, came : (n,) when, and when it was taken; infinity: not in the run. ``bad`` : (n,) sent while the clock was far off: nobody takes it.
    """

    sent: Floats
    came: Floats
    bad: Flags


@dataclass(slots=True)
class Told:
    """What one device told. All times are seconds since the run began.

    Attributes
    ----------
    t : (items,) when each item of its rounds is of, in order; ``is_fix``: a position to be used, else a sign of life.
    arrived : (items,) when it arrived as something to be used; infinity: it did not in the run, or with an instant that nobody takes.
    events : what it said besides, and when that arrived so.
    messages : in which it came, those of no use as well: each is a sign of life.
    doubts : since when the devices give no presence (rules.md 5.1), and when the centre learnt it.
    delay_s : by how much what it sent may have come later; ``skew_s``: by how much its clock may be wrong.
    without_clock : when the centre was away, or had just come back, and looked for nobody.
    """

    speaker: Speaker
    t: Floats
    is_fix: Flags
    arrived: Floats
    events: list[tuple[DeviceEvent, float]]
    messages: Messages
    doubts: list[Span]
    delay_s: float
    skew_s: float = 0.0
    skies: list[Sky] = field(default_factory=list)
    without_clock: Sequence[Span] = ()

    def noticed_until(self, at: float) -> float:
        """When the centre last could see, before an instant, that nothing came."""
        return next((begin for begin, end in self.without_clock if begin < at <= end), at)

    def just_looked_again(self, at: float, slack_s: float) -> bool:
        """Whether the centre's clock had gone on for so little at an instant that it may not have seen it."""
        return any(end < at <= end + slack_s for _, end in self.without_clock)

    def sigma_at(self, t: Floats) -> Floats:
        """(n,) standard deviation of each axis, metres, that it states at most at some instants."""
        stated = np.array([sky.stated for sky in self.skies])
        return np.maximum(self.speaker.worst_acc_m * self._of_skies(t, stated), LEAST_STATED_M) * SIGMA_OF_ACC

    def honest_at(self, t: Floats) -> Flags:
        """(n,) whether its error there is what it states."""
        return self._of_skies(t, np.array([sky.error for sky in self.skies])) <= 1.0

    def _of_skies(self, t: Floats, values: Floats) -> Floats:
        """Of the sky of each instant; 1 under the usual one."""
        out = np.ones(len(t))
        if self.skies:
            begins, ends = np.array([sky.span for sky in self.skies]).T
            at = np.searchsorted(begins, t, side="right") - 1
            held = (at >= 0) & (t < ends[at])
            out[held] = values[at[held]]
        return out

    @property
    def interval_s(self) -> float:
        return self.speaker.interval_us / SECOND_US

    @property
    def upload_s(self) -> float:
        return self.speaker.upload_us / SECOND_US

    @property
    def worst_acc_m(self) -> float:
        return max(self.speaker.worst_acc_m, LEAST_STATED_M)

    def fixes(self, by_s: float = math.inf) -> Floats:
        """Times of the positions that arrived, by an instant."""
        return self.t[self.is_fix & np.isfinite(self.arrived) & (self.arrived <= by_s)]

    def heard_times(self) -> Floats:
        """When messages arrived, in order."""
        return np.unique(self.messages.came[np.isfinite(self.messages.came)])

    def facts(self) -> Floats:
        """Times of everything that arrived, in order."""
        own = self.t[np.isfinite(self.arrived)].tolist()
        return np.array(sorted([*own, *(e.at for e, a in self.events if math.isfinite(a))]), np.float64)


@dataclass(frozen=True, slots=True)
class Way:
    """The way to the centre: by how much messages may come later (seconds), and which share is lost, by the run's seed; when its server is
    away, and its clock; by how much devices' clocks may be wrong; whether messages come twice, and broken ones besides."""

    delay_s: float = 0.0
    lost: float = 0.0
    seed: int = 0
    server_away: Sequence[Span] = ()
    without_clock: Sequence[Span] = ()
    skew_s: float = 0.0
    twice: bool = False
    broken: bool = False

    def taken(self, comes: Floats) -> Floats:
        """(n,) when the server takes what comes at some instants."""
        out = comes.copy()
        for begin, end in self.server_away:
            out[(comes >= begin) & (comes < end)] = end
        return out


def told_by(life: Life, speakers: list[Speaker], duration_s: float, way: Way | None = None) -> list[Told]:
    """What each of a person's speaking devices told, in their order; events are told by the first."""
    way = way or Way()
    return [_told(life, speaker, duration_s, way, first=n == 0) for n, speaker in enumerate(speakers)]


def _told(life: Life, speaker: Speaker, duration_s: float, way: Way, *, first: bool) -> Told:
    life = lived_by(speaker, life)
    until_s = min(speaker.until_us / SECOND_US, duration_s)
    latest_s = duration_s - ARRIVAL_S - way.delay_s
    t = _rounds(life, speaker, until_s)
    kept = np.ones(len(t), bool)
    in_touch = t[~within([silence.span for silence in life.silences], t)]
    sent = t + (speaker.upload_us - speaker.interval_us) / SECOND_US
    for silence in life.silences:
        hushed = within([silence.span], t)
        kept &= ~hushed | silence.keeps
        sent[hushed] = _back(in_touch, silence)
    t, sent = t[kept], sent[kept]
    is_fix = np.full(len(t), speaker.locates)
    is_fix &= ~within([*life.blind, *(sky.span for sky in life.skies if sky.stated_m is not None)], t)

    def taken(recorded: Floats, sent: Floats) -> tuple[Floats, Floats]:
        """When messages sent then are taken, and when what they tell of is, if it is of use."""
        came = _arrives(way, speaker, sent, latest_s)
        return came, np.where(misdated(recorded, life.jumps) | misdated(sent, life.jumps), math.inf, came)

    def said(events: list[DeviceEvent]) -> tuple[Floats, Floats, list[tuple[DeviceEvent, float]]]:
        """When those that were said were sent and taken, and each with when it was of use."""
        own = _events(events, life.silences, in_touch, until_s) if first else []
        at, gone = (np.array([pair[n] for pair in own], np.float64) for n in (0, 1))
        came, used = taken(at, gone)
        return gone, came, [(event, when) for (_, _, event), when in zip(own, used.tolist(), strict=True)]

    came, arrived = taken(t, sent)
    gone, gone_came, events = said(life.events)
    messages = _messages(np.concatenate([sent, gone]), np.concatenate([came, gone_came]), life)
    doubting = [*events, *said(life.of_host)[2]]
    doubts = [(e.at, a) for e, a in doubting if e.code in DOUBTING and e.state is not EventState.END and a < math.inf]
    rests = _rests(events)
    is_fix |= _repeated(rests, speaker, t, is_fix)
    is_fix &= ~misdated(t, life.jumps)
    heard = (t, is_fix, arrived, events, messages, doubts)
    told = Told(speaker, *heard, way.delay_s, way.skew_s, life.skies, way.without_clock)
    if speaker.locates and events and is_fix.any():
        _add_at_rest(told, rests)
    return told


def _messages(sent: Floats, came: Floats, life: Life) -> Messages:
    """Those that were sent, each once: what is sent together comes in one."""
    each, index = np.unique(sent[np.isfinite(sent)], return_index=True)
    return Messages(each, came[np.isfinite(sent)][index], misdated(each, life.jumps))


def _rests(events: list[tuple[DeviceEvent, float]]) -> list[Span]:
    """From when to when a device is at rest by what arrived of it: an end that is lost leaves it so until the next."""
    spans: list[Span] = []
    begin: float | None = None
    for event, arrived in events:
        if event.code is not EventCode.REST or math.isinf(arrived):
            continue
        if event.state is EventState.START:
            begin = event.at if begin is None else begin
        elif begin is not None:
            spans.append((begin, event.at))
            begin = None
    return spans if begin is None else [*spans, (begin, math.inf)]


def _arrives(way: Way, speaker: Speaker, sent: Floats, latest_s: float) -> Floats:
    """(n,) when what comes to the broker then is taken; infinity: not in the run, or it was lost on its way."""
    comes = np.where(sent > latest_s, math.inf, sent)
    comes[_lost(way, speaker, comes)] = math.inf
    taken = way.taken(comes)
    taken[taken > latest_s] = math.inf
    return taken


def _lost(way: Way, speaker: Speaker, arrives: Floats) -> Flags:
    """(n,) whether messages are lost that would arrive then: each is sent when its last item is of."""
    out = np.zeros(len(arrives), bool)
    if way.lost:
        comes = np.isfinite(arrives)
        sent_us = np.round(arrives[comes] * 1000).astype(np.int64) * MS
        out[comes] = are_lost(way.lost, way.seed, speaker.id, sent_us)
    return out


def misdated(t: Floats, jumps: list[tuple[Span, float]]) -> Flags:
    """(n,) where the clock was so far off that what it dates is of no use but as a sign of life."""
    return within([span for span, _ in jumps], t)


def within(spans: Iterable[Span], t: Floats) -> Flags:
    """(n,) which instants lie in one of some spans."""
    out = np.zeros(len(t), bool)
    for begin, end in spans:
        out |= (t >= begin) & (t < end)
    return out


def _add_at_rest(told: Told, rests: list[Span]) -> None:
    """At rest what a device says besides, up to and with the end of it, is its newest position over again (rules.md 2)."""
    since = told.t[told.is_fix][0]
    at_rest = [
        (event.at, arrived)
        for event, arrived in told.events
        if event.at >= since and any(begin <= event.at <= end for begin, end in rests)
    ]
    if at_rest:
        t, arrived = np.array(at_rest).T
        order = np.argsort(np.concatenate([told.t, t]), kind="stable")
        told.t = np.concatenate([told.t, t])[order]
        told.is_fix = np.concatenate([told.is_fix, np.ones(len(t), bool)])[order]
        told.arrived = np.concatenate([told.arrived, arrived])[order]


def _repeated(rests: list[Span], speaker: Speaker, t: Floats, is_fix: Flags) -> Flags:
    """(n,) what counts as the newest position over again: signs of life at rest (rules.md 2), where nobody moves."""
    if not speaker.locates or not is_fix.any():
        return np.zeros(len(t), bool)
    at_rest: Flags = within(rests, t) & (t >= t[is_fix][0])
    return at_rest


def _rounds(life: Life, speaker: Speaker, until_s: float) -> Floats:
    """(n,) when the device's rounds are, seconds: as often as ever, and at rest or in violation as often as it then does."""
    end_us, at = round(until_s * SECOND_US), speaker.phase_us
    pieces: list[NDArray[np.int64]] = []
    for (begin_s, ends_s), each_s in life.paces if speaker.locates else []:
        at = _laid(pieces, at, min(round(begin_s * 1000) * MS, end_us), speaker.interval_us)
        at = _laid(pieces, at, min(round(ends_s * 1000) * MS, end_us), pace_us(each_s, speaker.interval_us))
    _laid(pieces, at, end_us, speaker.interval_us)
    return np.concatenate(pieces) / SECOND_US


def _laid(pieces: list[NDArray[np.int64]], at: int, end: int, every: int) -> int:
    """Adds the rounds from ``at`` on that lie before ``end``; gives the first that does not."""
    count = max(0, -(-(end - at) // every))
    pieces.append(at + every * np.arange(count, dtype=np.int64))
    return at + every * count


def _back(in_touch: Floats, silence: Silence) -> float:
    """The first round after a silence in which the device is in touch: then what was kept is sent; never, if it is off before."""
    after = in_touch[in_touch >= silence.span[1]]
    return float(after[0]) if len(after) else math.inf


def _events(
    events: list[DeviceEvent], silences: list[Silence], in_touch: Floats, until_s: float
) -> list[tuple[float, float, DeviceEvent]]:
    """(when, sent when, what) of the events that a device could tell of."""
    told = []
    for event in events:
        sent = event.at
        hushed = next((s for s in silences if s.span[0] <= event.at < s.span[1]), None)
        if event.at >= until_s or (hushed is not None and not hushed.keeps):
            continue
        if hushed is not None:
            sent = _back(in_touch, hushed)
        told.append((event.at, sent, event))
    return told
