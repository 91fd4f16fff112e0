"""What messages tell of their sender by how they come (rules.md 2 and 7, wire.md): a clock that is wrong, a counter that
says one thing twice, nothing but bad messages. By receive times, and never judged again.

Every message passes `watch`, a compiled loop over columns; what it says is news is rare, and becomes versions here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.instants import EARLY_US, FAR_US, HOUR_US, MINUTE_US, SECOND_US
from domain.vocabulary import Cause, Change, Code, Kind, Reason
from geofence.compiled import borrowed, compiled
from geofence.drafts import Draft, Proof
from geofence.versions import Entry, Step
from geofence.world import World

LAST_MESSAGES = 100
LEAST_MESSAGES = 10
"""So many say that a clock is wrong, or none does: any one may have been slow, and one alone that came before it was sent
is a slip, as a jump of one fix is."""
WRONG_US = 5 * SECOND_US
CROWD = 20
"""Where the newest messages of so many devices or more, heard in this `CROWD_US` and the one before, for more than half came late, it is
us whom they wait for."""
CROWD_US = MINUTE_US
MENDED_US = HOUR_US
"""Right for so long, or without a conflict, it is mended."""
BAD_IN_A_ROW = 10
CLOCK_WRONG, CLOCK_RIGHT, BAD, GOOD, CONFLICT = 0, 1, 2, 3, 4
"""What is news of a device."""

RECEPTION = np.dtype(
    [
        ("sent_us", np.int64),  # of the newest live message, 0 when there was none
        ("at_us", np.int64),  # and when it came
        ("live", np.int32),  # live messages, up to `LAST_MESSAGES`
        ("behind", np.int32),  # of these, those in a row, to the newest, that say the clock is behind
        ("slips", np.int32),  # those in a row, to the newest, that say it is ahead
        ("ahead", np.int32),  # the newest that was one of so many in a row that it is ahead, from the end; 0 none
        ("bad", np.int32),  # bad messages in a row
        ("wrong", np.bool_),  # the clock, by the newest live message
        ("told_us", np.int64),  # a wrong clock is no news before: it stands as a violation until then
        ("crowd", np.int64),  # the newest `CROWD_US` in which a message of it came,
        ("crowd_late", np.bool_),  # and whether the newest then was late
        ("back_us", np.int64),  # `sent` of the newest message from before the newest live one, that came late,
        ("back_at_us", np.int64),  # when it came,
        ("back", np.int32),  # and how many of them came in a row as they were sent: then the clock fell back
    ],
)


def no_crowd() -> NDArray[np.int64]:
    """Which `CROWD_US` it is; of how many devices the newest message came in it, and of how many of them late; the same of the one before."""
    return np.zeros(5, np.int64)


def blank(devices: int) -> NDArray[Any]:
    """Rows of devices that nothing has come from."""
    return np.zeros(devices, RECEPTION)


@compiled
def _most_are_late(d: Any, crowd: Any, now: int, late: bool) -> bool:
    """Takes a device's newest message into the crowd, and says whether it is us that most of it waits for."""
    if now != crowd[0]:
        for c in range(1, 3):
            crowd[2 + c] = crowd[c] if now == crowd[0] + 1 else 0
            crowd[c] = 0
        crowd[0] = now
    if d["crowd"] == now:
        crowd[2] += int(late) - int(d["crowd_late"])
    else:
        if d["crowd"] == now - 1:
            crowd[3] -= 1
            crowd[4] -= int(d["crowd_late"])
        crowd[1] += 1
        crowd[2] += int(late)
    d["crowd"], d["crowd_late"] = now, late
    heard = crowd[1] + crowd[3]
    return bool(heard >= CROWD and 2 * (crowd[2] + crowd[4]) > heard)


@compiled
def _fell_back(d: Any, sent: int, at_us: int) -> bool:
    """Takes a late message from before the newest live one, and says whether so many came as they were sent that the clock fell back."""
    apart, came = sent - d["back_us"], at_us - d["back_at_us"]
    paced = d["back"] > 0 and apart > 0 and (apart <= 2 * WRONG_US or 2 * came >= apart)
    d["back"] = d["back"] + 1 if paced else 1
    d["back_us"], d["back_at_us"] = sent, at_us
    if d["back"] < LEAST_MESSAGES:
        return False
    d["sent_us"], d["at_us"] = sent, at_us
    return True


@compiled
def _is_wrong(d: Any, offset: int, messages: int) -> bool:
    """Takes so many live messages of one offset, and says whether the clock is wrong by the last hundred."""
    d["live"] = min(d["live"] + messages, LAST_MESSAGES)
    d["behind"] = min(d["behind"] + messages, LAST_MESSAGES) if offset > WRONG_US else 0
    d["slips"] = min(d["slips"] + messages, LAST_MESSAGES) if offset < -WRONG_US else 0
    ahead = d["ahead"] + messages if d["ahead"] > 0 else 0
    d["ahead"] = 1 if d["slips"] >= LEAST_MESSAGES else (ahead if ahead <= LAST_MESSAGES else 0)
    return bool(d["live"] >= LEAST_MESSAGES and (d["ahead"] > 0 or d["behind"] == d["live"]))


@compiled
def watch(
    devices: Any, lines: Any, instants: Any, sent_us: Any, bad: Any, rows: Any, crowd: Any, at: Any, what: Any
) -> int:
    """Take messages in their order, and say what is news.

    Parameters
    ----------
    devices, lines : (messages,) the sender of each, and its line.
    instants, sent_us, bad : (lines,) when it came, when the device says that it sent it, whether it was parked whole.
    rows : (devices,) of `RECEPTION`, moved on; so is ``crowd``, as `no_crowd` has it.
    at, what : (2 messages,) int64, written from the front: the index of a message, and its news.

    A message is *live* when it is no repeat, and did not wait for us: then it comes after one that was sent later (but not
    `LEAST_MESSAGES` of them in a row, as far apart as they were sent: that is a clock that fell back), or much sooner after
    the one before it than it was sent, or most of all who speak come late. Whether the smallest of the last hundred offsets is over a limit either way
    needs no offset to be kept: all of them are, or one of them is (one of `LEAST_MESSAGES` in a row).

    Returns how many are news.
    """
    rows = borrowed(rows)
    n = 0
    for k in range(len(devices)):
        d, line = rows[devices[k]], lines[k]
        if bad[line]:
            d["bad"] += 1
            if d["bad"] >= BAD_IN_A_ROW:
                at[n], what[n] = k, BAD
                n += 1
            continue
        if d["bad"] >= BAD_IN_A_ROW:
            at[n], what[n] = k, GOOD
            n += 1
        d["bad"] = 0
        sent = sent_us[line]
        offset = instants[line] - sent
        if sent <= 0 or sent == d["sent_us"]:
            continue
        live = 1
        if sent < d["sent_us"] and offset > WRONG_US:
            if not _fell_back(d, sent, instants[line]):
                continue
            live = LEAST_MESSAGES
        d["back"] = 0
        apart, came = sent - d["sent_us"], instants[line] - d["at_us"]
        waited = d["sent_us"] > 0 and apart > 2 * WRONG_US and 2 * came < apart
        d["sent_us"], d["at_us"] = sent, instants[line]
        if _most_are_late(d, crowd, instants[line] // CROWD_US, offset > WRONG_US) or waited:
            continue
        wrong = _is_wrong(d, offset, live)
        if wrong != d["wrong"] or (wrong and instants[line] >= d["told_us"]):
            at[n], what[n] = k, CLOCK_WRONG if wrong else CLOCK_RIGHT
            n += 1
        d["wrong"] = wrong
    return n


class Heard(NamedTuple):
    """One piece of news at a line; a conflict's fact as it was kept."""

    line: int
    what: int
    device: int
    proof: Proof | None


@dataclass(slots=True)
class Open:
    """A violation that stands. ``mended_us``: when it closes if nothing more comes; ``until_us``: with its fitting."""

    entry: Entry
    until_us: int
    mended_us: int = FAR_US

    @property
    def ends_us(self) -> int:
        """When the clock alone closes it."""
        return min(self.until_us, self.mended_us)


class Reception:
    """How the messages of every device come, and what stands open of it, by kind of news and device."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rows, self.crowd = blank(0), no_crowd()
        self.open: dict[tuple[int, int], Open] = {}
        self._ends_after = EARLY_US
        """Nothing of it ends before."""

    def grow(self, devices: int) -> None:
        """Make room."""
        if devices > len(self.rows):
            self.rows = np.concatenate([self.rows, blank(devices - len(self.rows))])

    def changed(self) -> None:
        """The caseload changed: look anew at the fittings of what stands."""
        for (_, device), one in self.open.items():
            fitting = self._fitting(device, one.entry.draft.from_us)
            one.until_us = one.entry.draft.from_us if fitting is None else fitting[1]
        self._ends_after = EARLY_US
        self.rows["told_us"] = 0
        for (what, device), one in self.open.items():
            if what == CLOCK_WRONG:
                self.rows["told_us"][device] = one.until_us

    def news(
        self,
        devices: NDArray[Any],
        lines: NDArray[np.int64],
        instants: NDArray[np.int64],
        sent_us: NDArray[np.int64],
        bad: NDArray[np.bool_],
        conflicts: Sequence[Heard],
    ) -> list[Heard]:
        """What these messages bring, in the order of lines. Parameters as of `watch`."""
        at, what = np.empty(2 * len(devices), np.int64), np.empty(2 * len(devices), np.int64)
        n = watch(devices, lines, instants, sent_us, bad, self.rows, self.crowd, at, what)
        found = [
            Heard(int(lines[k]), w, int(devices[k]), None)
            for k, w in zip(at[:n].tolist(), what[:n].tolist(), strict=True)
        ]
        return sorted([*found, *conflicts], key=lambda one: (one.line, one.what)) if conflicts else found

    def take(self, heard: Heard, at_us: int) -> list[Step]:
        """The versions that a piece of news makes at the instant of its line."""
        what, device = heard.what, heard.device
        if what == CLOCK_RIGHT:
            one = self.open.get((CLOCK_WRONG, device))
            if one is not None:
                self._mended(one, at_us + MENDED_US)
            return []
        if what == GOOD:
            return self._close((BAD, device), at_us, Reason.CONTACT) if (BAD, device) in self.open else []
        one = self.open.get((what, device))
        if one is not None:
            self._mended(one, at_us + MENDED_US if what == CONFLICT else FAR_US)
            return []
        return self._opened(what, device, at_us, [] if heard.proof is None else [heard.proof])

    def _opened(self, what: int, device: int, at_us: int, proofs: list[Proof]) -> list[Step]:
        fitting = self._fitting(device, at_us)
        if fitting is None:
            return []
        kind, code = (Kind.FAULT, Code.AL24) if what == BAD else (_KINDS[what], None)
        reason = Reason.EVENT if what == CONFLICT else Reason.CONTACT
        draft = Draft(kind, fitting[2], at_us, None, proofs, Cause.EQUIPMENT, code, device=device)
        one = self.open[what, device] = Open(Entry(draft), fitting[1])
        steps = [Step(one.entry, draft, Change.OPENED, reason, at_us)]
        if what == CLOCK_WRONG:
            self.rows["told_us"][device] = one.until_us
        self._mended(one, at_us + MENDED_US if what == CONFLICT else FAR_US)
        if what == CONFLICT:
            fault = Draft(Kind.FAULT, fitting[2], at_us, at_us, proofs, Cause.EQUIPMENT, Code.AL24, device=device)
            steps.append(Step(Entry(fault), fault, Change.OPENED, reason, at_us))
        return steps

    # ---- what ends it ----

    def _mended(self, one: Open, at_us: int) -> None:
        one.mended_us = at_us
        self._ends_after = min(self._ends_after, one.ends_us)

    def next_end(self, until_us: int) -> int:
        """When the clock closes the next; exact if that is by ``until_us``, else some later time.

        A whole fleet's clocks are wrong when a network holds its messages up: it is not looked for each time.
        """
        if self._ends_after <= until_us:
            self._ends_after = min((one.ends_us for one in self.open.values()), default=FAR_US)
        return self._ends_after

    def ended(self, at_us: int) -> list[Step]:
        """What is mended by an instant, or has lost its fitting."""
        due = [(key, one.ends_us) for key, one in self.open.items() if one.ends_us <= at_us]
        return [step for key, ends_us in due for step in self._close(key, ends_us, Reason.CLOCK)]

    def _close(self, key: tuple[int, int], at_us: int, reason: Reason) -> list[Step]:
        entry = self.open.pop(key).entry
        if key[0] == CLOCK_WRONG:
            self.rows["told_us"][key[1]] = 0
        old = entry.draft
        entry.draft = Draft(old.kind, old.party, old.from_us, max(at_us, old.from_us), old.proofs, old.cause, old.code)
        entry.draft.device = old.device
        return [Step(entry, entry.draft, Change.CLOSED, reason, max(at_us, old.from_us))]

    def _fitting(self, device: int, at_us: int) -> tuple[int, int, int] | None:
        return next((one for one in self.world.fittings(device) if one[0] <= at_us < one[1]), None)


_KINDS = {CLOCK_WRONG: Kind.CLOCK_WRONG, CONFLICT: Kind.SEQ_CONFLICT}
