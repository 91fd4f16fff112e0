"""`clock_wrong` and `seq_conflict` with its `fault` (rules.md 2, 7; wire.md): they go by when messages came."""

from __future__ import annotations

from domain.instants import FAR_US, HOUR_US, SECOND_US
from tests.twin.found import Found
from tests.twin.track import View

LAST_MESSAGES = 100
LEAST_MESSAGES = 10
WRONG_US = 5 * SECOND_US
MENDED_US = HOUR_US
BAD_IN_A_ROW = 10


def clock_wrong(view: View) -> list[Found]:
    out = []
    for device in view.worn:
        said = judged(live(view.sent.get(device.id, [])))
        for low, high, record in device.fittings:
            if record.get(view.role) == view.wearer:
                came = [(at, wrong) for at, wrong in said if low <= at < high]
                out += _clock(view, device.id, came, high)
    return out


def live(messages: list[tuple[int, int | None]]) -> list[tuple[int, int]]:
    """When each live message came, and by how much after it was sent: no repeat, and none that waited for us."""
    out: list[tuple[int, int]] = []
    before: tuple[int, int] | None = None
    back: list[tuple[int, int]] = []
    for at, sent in messages:
        if sent is None or sent <= 0:
            continue
        offset = at - sent
        waited = False
        if before is not None and sent < before[1] and offset > WRONG_US:
            back = [*back, (at, sent)] if back and _paced(back[-1], (at, sent)) else [(at, sent)]
            if len(back) == LEAST_MESSAGES:  # the clock fell back
                out += [(at, at_ - sent_) for at_, sent_ in back]
                before, back = (at, sent), []
            continue
        if before is not None and sent == before[1]:
            continue
        back = []
        if before is not None:
            came, apart = at - before[0], sent - before[1]
            waited = apart > 2 * WRONG_US and came < apart / 2
        before = (at, sent)
        if not waited:
            out.append((at, offset))
    return out


def _paced(before: tuple[int, int], after: tuple[int, int]) -> bool:
    """Whether a message came about as long after another as it was sent after it."""
    came, apart = after[0] - before[0], after[1] - before[1]
    return apart > 0 and (apart <= 2 * WRONG_US or came >= apart / 2)


def judged(live: list[tuple[int, int]]) -> list[tuple[int, bool]]:
    """Of each live message, whether the clock is wrong by the last hundred: all came late, or ten in a row too early."""
    out = []
    early = [i >= LEAST_MESSAGES - 1 and _early(live[i - LEAST_MESSAGES + 1 : i + 1]) for i in range(len(live))]
    for i, (at, _) in enumerate(live):
        last = slice(max(0, i - LAST_MESSAGES + 1), i + 1)
        late = i + 1 >= LEAST_MESSAGES and all(offset > WRONG_US for _, offset in live[last])
        out.append((at, late or any(early[last])))
    return out


def _early(some: list[tuple[int, int]]) -> bool:
    return all(offset < -WRONG_US for _, offset in some)


def _clock(view: View, device: str, came: list[tuple[int, bool]], ends: int) -> list[Found]:
    out: list[Found] = []
    mended: int | None = None  # since when it has been right
    for at, wrong in came:
        if out and out[-1].end is None and mended is not None and mended + MENDED_US <= at:
            out[-1].close(mended + MENDED_US, "clock")
        if wrong:
            mended = None
            if not out or out[-1].end is not None:
                out.append(_made("clock_wrong", at, "contact", device))
        elif mended is None:
            mended = at
    if out and out[-1].end is None:
        end = ends if mended is None else min(ends, mended + MENDED_US)
        if end <= view.at:
            out[-1].close(end, "clock")
    return out


def bad_messages(view: View) -> list[Found]:
    """A `fault` from the tenth bad message in a row until a good one comes, or the fitting ends."""
    out = []
    for device in view.worn:
        row = 0
        open_: Found | None = None
        for at, sent in view.sent.get(device.id, []):
            row = row + 1 if sent is None else 0
            if open_ is not None and sent is not None:
                open_ = _ended(view, open_, at)
            if open_ is None and row >= BAD_IN_A_ROW and view.on(device.id, at):
                open_ = _made("fault", at, "contact", device.id)
                open_.code = "AL24"
                out.append(open_)
        if open_ is not None:
            _ended(view, open_, view.at + 1)
    return out


def _ended(view: View, fault: Found, good: int) -> None:
    """Closed by the good message, or by the end of the fitting before it."""
    fitting = view.caseload.fitting_at(str(fault.device), fault.start)
    ends = FAR_US if fitting is None else fitting[1]
    if ends <= min(good, view.at):
        fault.close(ends, "clock")
    elif good <= view.at:
        fault.close(good, "contact")


def seq_conflicts(view: View) -> list[Found]:
    """From the first conflict until there has been none for an hour, and a `fault` at its beginning."""
    out: list[Found] = []
    for device in view.worn:
        for low, high, record in device.fittings:
            if record.get(view.role) != view.wearer:
                continue
            open_: Found | None = None
            until = FAR_US
            for fact in [fact for fact in view.conflicts.get(device.id, []) if low <= fact.received < high]:
                if open_ is not None and until <= fact.received:
                    open_.close(until, "clock")
                    open_ = None
                if open_ is None:
                    open_ = _made("seq_conflict", fact.received, "event", device.id)
                    fault = _made("fault", fact.received, "event", device.id)
                    open_.evidence, fault.evidence, fault.code = [fact], [fact], "AL24"
                    fault.close(fact.received, "event")
                    out += [open_, fault]
                until = min(high, fact.received + MENDED_US)
            if open_ is not None and until <= view.at:
                open_.close(until, "clock")
    return out


def _made(kind: str, at: int, opener: str, device: str) -> Found:
    return Found(kind, at, None, opener, [], device=device, cause="equipment", by_receipt=True)
