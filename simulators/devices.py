"""The devices of everybody simulated: what each records, keeps and sends, and when.

Columns by device; a step takes everything that fell due since the last one. Sending is somebody else's: a step gives
messages, the fleet publishes them, or a feed file takes them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.instants import SECOND_US
from domain.vocabulary import DeviceKind, EventCode, EventState
from simulators import items
from simulators.device_spans import (
    NEVER_US,
    Index,
    Ints,
    Spans,
    numbered_skies,
    paces_of,
    silences_of,
    sky_columns,
    us_of,
)
from simulators.ground import SIGMA_OF_ACC, Floats, Frame
from simulators.guests import Guest, guests_of
from simulators.items import MOST_ITEMS, Item
from simulators.lives import Followed
from simulators.lives_walked import carried_knots
from simulators.networks import told_network
from simulators.scenes import DeviceEvent, Life
from simulators.speakers import BREATH, GOLDEN, MS, OFTEN_US, Speaker, lived_by
from simulators.subjects import Run, Subject

DRIFT_S: Final = 40.0
"""How long a position error lasts: errors a second apart share their causes."""
BREATH_S: Final = 300.0
SEND_DELAY_MS: Final = 200
"""From fix to sending, where no real clock says so."""
NOTHING_SAID: Final = -1
SAID_LOST: Final = 0
"""In place of when a home unit last heard its tag: it has told nothing of it since it was switched on; it has told that
it is lost."""
READS_US: Final = 1_800 * SECOND_US
"""An alcohol tag reads so often."""


class Message(NamedTuple):
    """``t_us``: when it was due, since the run began. Its items have the seqs ``first_seq`` on, without a hole."""

    device: int
    t_us: int
    payload: bytes
    first_seq: int
    items: int


class Devices:
    """What all devices record and send.

    Attributes
    ----------
    seq : (devices,) int64, the last ``seq`` used: what was sent or will be is 1 to that.
    late : (device, low seq, high seq, sent ms): what was kept and sent later than it was due.
    """

    def __init__(
        self,
        speakers: list[Speaker],
        subjects: list[Subject],
        lives: list[Life],
        run: Run,
        seed: int,
        gen: int = 0,
        skew_s: float = 0.0,
    ) -> None:
        self.speakers, self.run, self.gen = speakers, run, gen
        size = len(speakers)
        people = np.array([s.person for s in speakers], np.int64)
        self._follow(subjects, lives, people)
        self._homes = homes = [subjects[s.person].home for s in speakers]
        self._lon = np.array([h.lon for h in homes])
        self._lat = np.array([h.lat for h in homes])
        self._kx, self._ky = (np.array([h.scale[axis] for h in homes]) for axis in (0, 1))
        self._locates = np.array([s.locates for s in speakers], bool)
        self._interval_us = np.array([s.interval_us for s in speakers], np.int64)
        self._upload_us = np.array([s.upload_us for s in speakers], np.int64)
        self._until_us = np.array([s.until_us for s in speakers], np.int64)
        self._next_us = np.array([s.phase_us for s in speakers], np.int64)
        self._acc = np.array([s.acc_m for s in speakers])
        through = [lived_by(speaker, lives[speaker.person]) for speaker in speakers]
        self._all_silences = [silences_of(life) for life in through]
        self._silences = Spans(self._all_silences)
        self._blind = Spans([[(us_of(a), us_of(b), 1.0) for a, b in lives[p].blind] for p in people])
        self._jumps = Spans([[(us_of(a), us_of(b), off_s) for (a, b), off_s in life.jumps] for life in through])
        skews_s = np.random.default_rng([seed, 3]).uniform(-skew_s, skew_s, size)
        self._skew_ms: Ints = np.round(1000 * skews_s).astype(np.int64)
        self._restarts = sorted((us_of(at), d) for d, life in enumerate(through) for at in life.restarts)
        self._paces = Spans([paces_of(s, lives[s.person]) for s in speakers])
        self._all_skies = [sky for life in lives for sky in life.skies]
        self._skies = Spans(numbered_skies(lives, people))
        self._sky = sky_columns(self._all_skies)
        self._rng = np.random.default_rng([seed, 2])
        self._error = self._rng.standard_normal((size, 2))
        self._listened_us = self._next_us.copy()
        self._battery = self._rng.integers(40, 100, size)
        self._levels = _levels_of(lives, people, run.duration_s, self._battery)
        self.seq = np.zeros(size, np.int64)
        self.late: list[tuple[int, int, int, int]] = []
        self._slow = np.ones(size, bool)  # until the first message has gone, and for whom it is never simple
        self._usually_slow = np.array([s.msgpack or s.gathers for s in speakers], bool)
        self._listens = np.array([s.listens for s in speakers], bool)
        self._tagged = np.array([bool(s.worn.tags) for s in speakers], bool)
        self._repeated_us = np.full(size, -NEVER_US, np.int64)
        self._reads = np.array([s.worn.device.kind is DeviceKind.ALCOHOL_TAG for s in speakers], bool)
        self._waiting: dict[int, list[Item]] = {}
        self._since_us: dict[int, int] = {}
        self._kept: dict[int, list[Item]] = {}
        self._events = _events_of(speakers, lives, self._guests)
        self._event = 0
        self._fix, self._heard = items.fix_template(gen), items.heard_template(gen)
        self.start_ms = run.start_us // MS

    def _follow(self, subjects: list[Subject], lives: list[Life], people: Ints) -> None:
        """What home units hear of: rows are the devices, and after them those whose tags another's home unit hears."""
        self._guests = list(guests_of(self.speakers, subjects, self.run.start_us))
        everybody = np.concatenate([people, np.array([guest.person for guest in self._guests], np.int64)])
        t, x, y = zip(*(carried_knots(life) for life in lives), strict=True)
        self._world = Followed(t, [x, y], everybody)
        self._shadows = Spans([[(us_of(a), us_of(b), 1.0) for a, b in lives[p].shadows] for p in everybody])
        self._shared = np.zeros(len(people), bool)
        self._shared[[guest.device for guest in self._guests]] = True
        self._radius_m = np.array([subjects[p].radius_m for p in everybody])
        self._last_heard_ms = np.full(len(everybody), NOTHING_SAID, np.int64)
        self._tags = [s.worn.tags[0].encode() if s.worn.tags else b"" for s in self.speakers]
        self._tags += [guest.tag.encode() for guest in self._guests]

    def step(self, until_us: int, sent_ms: int | None = None) -> list[Message]:
        """Everything that falls due before ``until_us``, microseconds since the run began.

        ``sent_ms``: the clock, as the envelopes tell it; None where there is none: a moment after each was due.
        """
        out: list[Message] = []
        while self._restarts and self._restarts[0][0] < until_us:
            at_us, device = self._restarts.pop(0)
            self._rounds(at_us, sent_ms, out)
            self.seq[device] = 0
        while self._event < len(self._events) and self._events[self._event][0] < until_us:
            t, device, what = self._events[self._event]
            self._event += 1
            self._rounds(t, sent_ms, out)
            self._tell(device, t, what, sent_ms, out)
        self._rounds(until_us, sent_ms, out)
        return out

    def _rounds(self, until_us: int, sent_ms: int | None, out: list[Message]) -> None:
        while len(due := np.flatnonzero(self._next_us < until_us)):
            t_us = self._next_us[due]
            paced, pace_us = self._paces.holds(due, t_us), self._paces.flag[due].astype(np.int64)
            usual_us = self._interval_us[due]
            often = np.where(pace_us < OFTEN_US, np.minimum(pace_us, usual_us), np.maximum(pace_us, usual_us))
            self._next_us[due] += np.where(paced, often, usual_us)
            alive = t_us < self._until_us[due]
            self._next_us[due[~alive]] = NEVER_US
            self._take(due[alive], t_us[alive], sent_ms, out)

    def drain(self, sent_ms: int | None = None) -> list[Message]:
        """At the end of the run: what waits for its upload time goes now."""
        out: list[Message] = []
        for device in sorted(self._waiting):
            out.extend(self._upload(device, self.run.end_us - self.run.start_us, sent_ms))
        return out

    def set_interval(self, device: int, interval_us: int, upload_us: int, now_us: int) -> None:
        """Records and uploads so often from now on; what is shorter begins at once."""
        self._interval_us[device], self._upload_us[device] = interval_us, max(interval_us, upload_us)
        self._next_us[device] = min(int(self._next_us[device]), now_us + interval_us)
        gathers = upload_us > interval_us and not self._listens[device]
        self._usually_slow[device] = self.speakers[device].msgpack or gathers
        self._slow[device] |= self._usually_slow[device]

    def pace(self, speaking: int, interval_us: int, now_us: int) -> None:
        """From now on the first ``speaking`` devices record and upload every ``interval_us``, evenly spread over it; others not."""
        size = len(self.speakers)
        spread_us = np.arange(size) * GOLDEN % 1.0 * interval_us
        fitted_us = np.array([s.worn.from_us - self.run.start_us for s in self.speakers], np.int64)
        due_us = np.maximum(now_us, fitted_us) + spread_us.astype(np.int64) // MS * MS
        self._next_us = np.where(np.arange(size) < speaking, due_us, NEVER_US)
        self._interval_us[:] = self._upload_us[:] = interval_us
        self._listened_us = np.maximum(self._listened_us, now_us)
        self._usually_slow = np.array([s.msgpack for s in self.speakers])
        self._slow |= self._usually_slow

    def locate(self, device: int, now_us: int, sent_ms: int | None = None) -> list[Message]:
        """A position now, sent at once with what waits; none where the device knows no place. `step` up to now first."""
        out: list[Message] = []
        due, t_us = np.array([device], np.intp), np.array([now_us // MS * MS], np.int64)
        blind, quiet = self._blind.holds(due, t_us)[0], self._silences.holds(due, t_us)[0]
        if self._locates[device] and not blind and not quiet and t_us[0] < self._until_us[device]:
            self._locate(due, t_us, np.zeros(1, bool), sent_ms, out)
            if self._waiting.get(device):
                out.extend(self._upload(device, now_us, sent_ms))
        return out

    def answer(self, device: int, command: str, ok: bool, now_us: int, sent_ms: int | None = None) -> list[Message]:
        """The answer to a command, sent at once with what waits."""
        out: list[Message] = []
        data = {"command": command, "ok": ok}
        code, state = EventCode.COMMAND_RESULT, EventState.PULSE
        self._item(device, now_us, code, state, data, quiet=False, sent_ms=sent_ms, out=out, urgent=True)
        return out

    def sent_seq(self) -> Ints:
        """(devices,) the highest ``seq`` that each has handed out in a message; it handed out every one from 1 on."""
        sent = self.seq.copy()
        for memory in (self._kept, self._waiting):
            for device, held in memory.items():
                if held:
                    sent[device] = min(sent[device], held[0]["seq"] - 1)
        return sent

    def _take(self, due: Index, t_us: Ints, sent_ms: int | None, out: list[Message]) -> None:
        quiet = self._silences.holds(due, t_us)
        off = quiet & (self._silences.flag[due] == 0)
        blind = self._blind.holds(due, t_us)
        seeing = self._locates[due] & ~off & ~blind
        listening = ~self._locates[due] & ~off
        beating = self._locates[due] & ~off & blind
        if seeing.any():
            self._locate(due[seeing], t_us[seeing], quiet[seeing], sent_ms, out)
        if listening.any():
            self._listen(due[listening], t_us[listening], quiet[listening], sent_ms, out)
        for device, t, hush in zip(due[beating].tolist(), t_us[beating].tolist(), quiet[beating].tolist(), strict=True):
            self._item(device, t, EventCode.HEARTBEAT, EventState.PULSE, None, quiet=hush, sent_ms=sent_ms, out=out)

    def _locate(
        self, who: Index, t_us: Ints, quiet: NDArray[np.bool_], sent_ms: int | None, out: list[Message]
    ) -> None:
        t_s = t_us / SECOND_US
        x, y = self._world.values(who, t_s)
        sky = np.where(self._skies.holds(who, t_us), self._skies.flag[who].astype(np.int64), 0)
        acc = self._stated(who, t_s, sky)
        east, north = self._errors(who)
        wrong = self._sky[1][sky]
        east, north = east * wrong, north * wrong
        lon = self._lon[who] + (x + east * acc * SIGMA_OF_ACC) / self._kx[who]
        lat = self._lat[who] + (y + north * acc * SIGMA_OF_ACC) / self._ky[who]
        battery = np.maximum(np.ceil(self._levels.values(who, t_s)[0]).astype(np.int64), 1)
        self.seq[who] += 1
        off_ms = self._off_ms(who, t_us)
        t_ms = t_us // MS + self.start_ms + off_ms
        simple = ~(self._slow[who] | quiet | (off_ms != 0) | (self._sky[2][sky] > 0))
        columns = (who, t_us, self.seq[who], t_ms, lat, lon, acc, battery)
        template = self._fix
        for device, due, seq, t, la, lo, ac, bat in zip(*(c[simple].tolist() for c in columns), strict=True):
            sent = t + SEND_DELAY_MS if sent_ms is None else sent_ms
            out.append(Message(device, due, template % (sent, seq, t, la, lo, ac, bat), seq, 1))
        rest = ~simple
        hushed, skies = quiet[rest].tolist(), sky[rest].tolist()
        for (device, due, *fields), hush, number in zip(
            zip(*(c[rest].tolist() for c in columns), strict=True), hushed, skies, strict=True
        ):
            item, source = items.fix(*fields), self._all_skies[number - 1].source if number else None
            if source is not None:
                item["src"] = source
            self._record(device, due, item, quiet=hush, sent_ms=sent_ms, out=out)

    def _off_ms(self, who: Index, t_us: Ints) -> Ints:
        """By how much each device's clock is wrong."""
        jumped: Ints = np.where(self._jumps.holds(who, t_us), self._jumps.flag[who] * 1000, 0.0).astype(np.int64)
        return self._skew_ms[who] + jumped

    def _off_of(self, device: int, t_us: int) -> int:
        return int(self._off_ms(np.array([device]), np.array([t_us], np.int64))[0])

    def _stated(self, who: Index, t_s: Floats, sky: Ints) -> Floats:
        """The 95 % radius that each states, metres, to a tenth and never rounded down."""
        breath = 1 + BREATH * np.sin(2 * np.pi * (t_s / BREATH_S + who * GOLDEN))
        fixed_m = self._sky[2][sky]
        stated: Floats = np.where(fixed_m > 0, fixed_m, self._acc[who] * breath * self._sky[0][sky])
        return np.ceil(np.round(stated * 10, 6)) / 10

    def _errors(self, who: Index) -> tuple[Floats, Floats]:
        """Position errors in standard deviations, each axis normal, drifting from one fix to the next."""
        keep = np.exp(-self._interval_us[who] / (DRIFT_S * SECOND_US))[:, None]
        fresh = self._rng.standard_normal((len(who), 2))
        error = keep * self._error[who] + np.sqrt(1 - keep * keep) * fresh
        self._error[who] = error
        return error[:, 0], error[:, 1]

    def _listen(
        self, who: Index, t_us: Ints, quiet: NDArray[np.bool_], sent_ms: int | None, out: list[Message]
    ) -> None:
        heard = self._hears(who, t_us)
        off_ms = self._off_ms(who, t_us)
        t_ms = t_us // MS + self.start_ms + off_ms
        for was_off in who[t_us - self._listened_us[who] > self._interval_us[who]].tolist():
            self._last_heard_ms[[was_off, *self._rows_of(was_off)]] = NOTHING_SAID
            self._repeated_us[was_off] = -NEVER_US
        self._listened_us[who] = t_us
        again = ~self._listens[who] | (t_us + self._interval_us[who] - self._repeated_us[who] > self._upload_us[who])
        self._repeated_us[who[again]] = t_us[again]
        simple = heard & again & self._tagged[who] & ~(self._slow[who] | quiet | (off_ms != 0) | self._shared[who])
        plain = who[simple]
        self.seq[plain] += 1
        self._last_heard_ms[plain] = t_ms[simple]
        template = self._heard
        for device, due, seq, t in zip(
            *(c.tolist() for c in (plain, t_us[simple], self.seq[plain], t_ms[simple])), strict=True
        ):
            sent = t + SEND_DELAY_MS if sent_ms is None else sent_ms
            out.append(Message(device, due, template % (sent, seq, t, self._tags[device]), seq, 1))
        rest = ~simple
        for device, due, at_ms, hears, hush, repeats in zip(
            *(c[rest].tolist() for c in (who, t_us, t_ms, heard, quiet, again)), strict=True
        ):
            said = [self._of_its_own(device, due, at_ms, hears=hears, repeats=repeats)]
            said = [one for one in said if repeats or one[0] is not EventCode.HEARTBEAT]
            said += self._of_guests(device, due, at_ms, repeats=repeats)
            for number, (code, state, data) in enumerate(said, start=1):
                more = number < len(said)
                self._item(device, due, code, state, data, quiet=hush, sent_ms=sent_ms, out=out, more=more)

    def _hears(self, rows: Index, t_us: Ints) -> NDArray[np.bool_]:
        """Whether the tag of each is so near to its home unit, and not in its shadow; rows are devices, and guests after them."""
        x, y = self._world.values(rows, t_us / SECOND_US)
        return (np.hypot(x, y) <= self._radius_m[rows]) & ~self._shadows.holds(rows, t_us)

    def _rows_of(self, device: int) -> list[int]:
        """The rows of whoever is heard through a home unit besides whose it is."""
        if not self._shared[device]:
            return []
        return [len(self.speakers) + n for n, guest in enumerate(self._guests) if guest.device == device]

    def _of_its_own(
        self, device: int, t_us: int, t_ms: int, *, hears: bool, repeats: bool
    ) -> tuple[EventCode, EventState, Item | None]:
        """What a device that knows no place says in a round: a home unit of its tag, an alcohol tag of what it read."""
        if self._tags[device]:
            return self._hearing(device, t_ms, hears=hears, repeats=repeats)
        if self._reads[device] and t_us % READS_US < self._interval_us[device]:
            return EventCode.ALCOHOL_READING, EventState.PULSE, {"tac_permille": 0.0}
        return EventCode.HEARTBEAT, EventState.PULSE, None

    def _of_guests(
        self, device: int, t_us: int, t_ms: int, *, repeats: bool
    ) -> list[tuple[EventCode, EventState, Item | None]]:
        """What a home unit says of the other tags that it hears, where it has something to say."""
        said = []
        for row in self._rows_of(device):
            guest = self._guests[row - len(self.speakers)]
            if guest.from_us <= t_us < guest.until_us:
                hears = bool(self._hears(np.array([row], np.intp), np.array([t_us], np.int64))[0])
                said.append(self._hearing(row, t_ms, hears=hears, repeats=repeats))
        return [one for one in said if one[0] is not EventCode.HEARTBEAT]

    def _hearing(
        self, device: int, t_ms: int, *, hears: bool, repeats: bool
    ) -> tuple[EventCode, EventState, Item | None]:
        """What a home unit says of its tag, or of a guest's by its row: heard (if it is to say that again), just lost, or nothing new."""
        tag, last_ms = self._tags[device].decode(), int(self._last_heard_ms[device])
        if hears:
            self._last_heard_ms[device] = t_ms
            if last_ms > SAID_LOST and not repeats:
                return EventCode.HEARTBEAT, EventState.PULSE, None
            return EventCode.IN_RANGE, EventState.START, {"tag": tag}
        self._last_heard_ms[device] = SAID_LOST
        if last_ms == NOTHING_SAID:
            return EventCode.IN_RANGE, EventState.END, {"tag": tag}
        if last_ms != SAID_LOST:
            return EventCode.IN_RANGE, EventState.END, {"tag": tag, "last_heard": last_ms}
        return EventCode.HEARTBEAT, EventState.PULSE, None

    def _tell(self, device: int, t_us: int, what: DeviceEvent, sent_ms: int | None, out: list[Message]) -> None:
        silence = next((s for s in self._all_silences[device] if s[0] <= t_us < s[1]), None)
        quiet, off = silence is not None, silence is not None and silence[2] == 0
        if off or t_us >= self._until_us[device]:
            return
        data: Item | None = {"tag": what.tag} if what.tag else None
        if what.interval_s is not None:
            data = {**(data or {}), "interval_s": round(what.interval_s)}
        self._item(device, t_us, what.code, what.state, data, quiet=quiet, sent_ms=sent_ms, out=out, urgent=True)

    def _item(
        self,
        device: int,
        t_us: int,
        code: EventCode,
        state: EventState,
        data: Item | None,
        *,
        quiet: bool,
        sent_ms: int | None,
        out: list[Message],
        urgent: bool = False,
        more: bool = False,
    ) -> None:
        self.seq[device] += 1
        t_ms = t_us // MS + self.start_ms + self._off_of(device, t_us)
        item = items.event(int(self.seq[device]), t_ms, code, state, data)
        self._record(device, t_us, item, quiet=quiet, sent_ms=sent_ms, out=out, urgent=urgent, more=more)

    def _record(
        self,
        device: int,
        t_us: int,
        item: Item,
        *,
        quiet: bool,
        sent_ms: int | None,
        out: list[Message],
        urgent: bool = False,
        more: bool = False,
    ) -> None:
        """Takes an item into the device's memory, and uploads what is due; with ``more`` another of the same instant follows."""
        if quiet:
            kept = self._kept.setdefault(device, [])
            kept.extend(self._waiting.pop(device, []))
            self._since_us.pop(device, None)
            kept.append(item)
            self._slow[device] = True
            return
        waiting = self._waiting.setdefault(device, [])
        waiting.append(item)
        each_us = max(int(self._next_us[device]) - t_us, int(self._interval_us[device]))
        next_us = t_us - self._since_us.setdefault(device, t_us) + 2 * each_us  # between uploads, if this waits too
        if urgent or (not more and (self._listens[device] or next_us > self._upload_us[device])):
            out.extend(self._upload(device, t_us, sent_ms))

    def _upload(self, device: int, t_us: int, sent_ms: int | None) -> list[Message]:
        """The backlog, oldest first, and what waits, in one message or more."""
        speaker = self.speakers[device]
        sent = t_us // MS + self.start_ms + SEND_DELAY_MS if sent_ms is None else sent_ms
        told = sent + self._off_of(device, t_us)
        self._since_us.pop(device, None)
        kept = self._kept.pop(device, [])
        if kept:
            self.late.append((device, kept[0]["seq"], kept[-1]["seq"], sent))
        due = [*kept, *self._waiting.pop(device, [])]
        hello = None if self.seq[device] > len(due) else _hello(speaker, self._homes[device])
        self._slow[device] = self._usually_slow[device]
        messages = []
        for first in range(0, len(due), MOST_ITEMS):
            part = due[first : first + MOST_ITEMS]
            payload = items.envelope(told, self.gen, part, msgpack=speaker.msgpack, hello=hello)
            messages.append(Message(device, t_us, payload, part[0]["seq"], len(part)))
        return messages


def _hello(speaker: Speaker, home: Frame) -> Item:
    device = speaker.worn.device
    said = {"fw": device.firmware, "model": device.model, "net": told_network(device.id, home)}
    return {k: v for k, v in said.items() if v is not None}


def _levels_of(lives: list[Life], people: Ints, duration_s: float, begins: Ints) -> Followed:
    """The batteries' levels; of a life that does not follow them one per cent in ten minutes, for a run too short to be charged in."""
    t, level = [], []
    for person, begin in zip(people.tolist(), begins.tolist(), strict=True):
        knots = lives[person].battery
        if not knots:
            empty = 600.0 * begin
            knots = [(0.0, float(begin)), (empty, 0.0), (max(duration_s, empty) + 1.0, 0.0)]
        t.append(np.array([each for each, _ in knots]))
        level.append(np.array([each for _, each in knots]))
    return Followed(t, [level], np.arange(len(people), dtype=np.int64))


def _events_of(speakers: list[Speaker], lives: list[Life], guests: list[Guest]) -> list[tuple[int, int, DeviceEvent]]:
    """(microseconds since the run began, device, event), in order; a person's events are told by the first device that tells of them."""
    first = {guest.person: guest.device for guest in guests}
    for device, speaker in enumerate(speakers):
        first.setdefault(speaker.person, device)
    found = [(us_of(e.at), device, e) for person, device in first.items() for e in lives[person].events]
    return sorted(found, key=lambda e: e[:2])
