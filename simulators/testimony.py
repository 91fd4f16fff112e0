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
from simulators.lives_walked import carried
from simulators.losses import are_lost, held_back, number_of
from simulators.scenario import DUPLICATE_S
from simulators.scenes import DOUBTING, DeviceEvent, Life, Silence, Sky, Span
from simulators.speakers import MS, Speaker, lived_by, pace_us
from simulators.subjects import Subject

Flags: TypeAlias = NDArray[np.bool_]
LEAST_STATED_M = 5.0
"""Below this the rules take an accuracy for this (rules.md 3)."""
HARDLY_S = 1e-3
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


class Doubt(NamedTuple):
    """From ``at`` on a device, or a tag that it hears, says nothing of presence (rules.md 5.1), as was known from ``came`` on."""

    at: float
    came: float
    of: str


@dataclass(slots=True)
class Told:
    """What one device told. All times are seconds since the run began.

    Attributes
    ----------
    t : (items,) when each item of its rounds is of, in order; ``is_fix``: a position to be used, else a sign of life.
    arrived : (items,) when it arrived as something to be used; infinity: it did not in the run, or with an instant that nobody takes.
    events : what it said besides, and when that arrived so.
    messages : in which it came, those of no use as well: each is a sign of life.
    doubts : what of this device and the tags that it hears says nothing of presence.
    delay_s : by how much what it sent may have come later; ``skew_s``: by how much its clock may be wrong.
    woke : (k,) its first rounds after it was off; ``again_s``: by how much a message may come a second time later.
    without_clock : when the centre was away, or had just come back, and looked for nobody.
    """

    speaker: Speaker
    t: Floats
    is_fix: Flags
    arrived: Floats
    events: list[tuple[DeviceEvent, float]]
    messages: Messages
    doubts: list[Doubt]
    delay_s: float
    woke: Floats
    again_s: float = 0.0
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
    away, and its clock; by how much devices' clocks may be wrong; whether messages come twice, and broken ones besides; which share is
    held back, and for up to how long."""

    delay_s: float = 0.0
    lost: float = 0.0
    seed: int = 0
    server_away: Sequence[Span] = ()
    without_clock: Sequence[Span] = ()
    skew_s: float = 0.0
    twice: bool = False
    broken: bool = False
    reordered: float = 0.0
    reorder_s: float = 0.0

    def taken(self, comes: Floats) -> Floats:
        """(n,) when the server takes what comes at some instants."""
        out = comes.copy()
        for begin, end in self.server_away:
            out[(comes >= begin) & (comes < end)] = end
        return out


def told_by(
    life: Life, speakers: list[Speaker], duration_s: float, way: Way | None = None, subject: Subject | None = None
) -> list[Told]:
    """What each of a person's speaking devices told, in their order; events are told by the first.

    ``subject``: who they are; without them home units hear nobody."""
    way = way or Way()
    return [_told(life, one, duration_s, way, subject, first=n == 0) for n, one in enumerate(speakers)]


def _told(life: Life, speaker: Speaker, duration_s: float, way: Way, subject: Subject | None, *, first: bool) -> Told:
    life = lived_by(speaker, life)
    until_s = min(speaker.until_us / SECOND_US, duration_s)
    latest_s = duration_s - ARRIVAL_S
    t, next_t = _rounds(life, speaker, until_s)
    off = within([silence.span for silence in life.silences if not silence.keeps], t)
    t, next_t = t[~off], next_t[~off]
    woke = t[1:][np.diff(t) > speaker.interval_us / SECOND_US + HARDLY_S]
    if speaker.listens:
        t = t[_says(life, speaker, subject, t, woke)]
    sent, in_touch = t.copy(), t[~within([silence.span for silence in life.silences], t)]
    if speaker.gathers:
        sent, in_touch = _gathered(life, speaker, t, next_t, first=first)
    else:
        for silence in life.silences:
            sent[within([silence.span], t)] = _back(in_touch, silence)
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
    doubts = [
        Doubt(event.at, came, event.tag or speaker.id)
        for event, came in doubting
        if event.code in DOUBTING and event.state is not EventState.END and came < math.inf
    ]
    rests = _rests(events)
    is_fix |= _repeated(rests, speaker, t, is_fix)
    is_fix &= ~misdated(t, life.jumps)
    heard = (t, is_fix, arrived, events, messages, doubts)
    again_s = DUPLICATE_S[1] if way.twice else 0.0
    told = Told(speaker, *heard, way.delay_s, woke, again_s, way.skew_s, life.skies, way.without_clock)
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
    comes = np.full(len(sent), math.inf)
    gone = sent <= latest_s
    sent_us = np.round(sent[gone] * 1000).astype(np.int64) * MS
    device = number_of(speaker.id)
    held_s = held_back(way.reordered, way.reorder_s, way.seed, device, sent_us)
    lost = are_lost(way.lost, way.seed, device, sent_us)
    comes[gone] = np.where(lost, math.inf, sent[gone] + held_s)
    taken = way.taken(comes)
    taken[taken > latest_s] = math.inf
    return taken


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


def _rounds(life: Life, speaker: Speaker, until_s: float) -> tuple[Floats, Floats]:
    """(n,) when the device's rounds are, seconds: as often as ever, and at rest or in violation as often as it then does; and when each next one is."""
    end_us, at = round(until_s * SECOND_US), speaker.phase_us
    pieces: list[NDArray[np.int64]] = []
    for (begin_s, ends_s), each_s in life.paces if speaker.locates else []:
        at = _laid(pieces, at, min(round(begin_s * 1000) * MS, end_us), speaker.interval_us)
        at = _laid(pieces, at, min(round(ends_s * 1000) * MS, end_us), pace_us(each_s, speaker.interval_us))
    at = _laid(pieces, at, end_us, speaker.interval_us)
    t = np.concatenate([*pieces, [at]]) / SECOND_US
    return t[:-1], t[1:]


def _says(life: Life, speaker: Speaker, subject: Subject | None, t: Floats, woke: Floats) -> Flags:
    """(n,) in which of its rounds a home unit says something: when it hears a tag or loses it, when it was off, and else as often as it uploads."""
    begins = np.isin(t, woke)
    begins[:1] = True
    order = np.arange(len(t))
    since = order - np.maximum.accumulate(np.where(begins, order, 0))
    says: Flags = since % max(1, speaker.upload_us // speaker.interval_us) == 0
    if subject is not None:
        heard = (np.hypot(*carried(life, t)) <= subject.radius_m) & ~within(life.shadows, t)
        says[1:] |= heard[1:] != heard[:-1]
    return says


def _gathered(life: Life, speaker: Speaker, t: Floats, next_t: Floats, *, first: bool) -> tuple[Floats, Floats]:
    """(n,) when what a device recorded at ``t`` was sent, which gathers it until the round after (``next_t``) would be too late or something
    cannot wait; and when it sent at all."""
    interval_s, upload_s = speaker.interval_us / SECOND_US, speaker.upload_us / SECOND_US
    silent = [silence.span for silence in life.silences]
    urgent = np.array([event.at for event in life.events] if first else [], np.float64)
    urgent = urgent[~within(silent, urgent) & (urgent < speaker.until_us / SECOND_US)]
    quiet = within(silent, t)
    each_s = np.maximum(next_t - t, interval_s)
    sent, uploads = np.full(len(t), math.inf), []
    waiting: list[int] = []
    since: float | None = None
    rounds = [(float(at), n) for n, at in enumerate(t.tolist())]
    for at, n in sorted([*rounds, *((at, -1) for at in urgent.tolist())]):
        if n >= 0:
            waiting.append(n)
            since = None if quiet[n] else at if since is None else since
        if n < 0 or (since is not None and at - since + 2 * each_s[n] > upload_s + HARDLY_S):
            sent[waiting] = at
            uploads.append(at)
            waiting, since = [], None
    return sent, np.array(uploads, np.float64)


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
