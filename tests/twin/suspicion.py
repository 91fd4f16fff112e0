"""`shielding_suspected` (rules.md 7): signs, when contact is lost, that it was shielding. By silence."""

from __future__ import annotations

from copy import copy

from domain.instants import SECOND_US
from tests.twin.found import Found
from tests.twin.silence import SPEAKING, Contact
from tests.twin.spans import holding
from tests.twin.track import View
from tests.twin.versions import Line, Version, following, opened

SHORTLY_US = 120 * SECOND_US
SAME_TIME_US = 300 * SECOND_US
CHARGED_PERCENT = 20


def closed_with(line: Line, open_: list[Version], contact: list[Version]) -> list[Version]:
    """A suspicion ends with the loss that it is about."""
    out = []
    for version in open_:
        found = version.found
        if found.kind != "shielding_suspected" or found.end is not None:
            continue
        loss = next((v for v in contact if v.found.device == found.device and v.change == "closed"), None)
        if loss is not None:
            ended = copy(found)
            assert loss.found.end is not None
            ended.close(loss.found.end, loss.reason)
            out.append(following(line, version, ended, loss.reason))
    return out


def suspected(line: Line, view: View, loss: Version, contact: Contact, lost: list[tuple[int, str]]) -> list[Version]:
    """``lost`` are the instants at which, and the devices whose, `communication_lost` opened, those of this line too."""
    device = loss.found.device
    assert device is not None
    last = contact.at.get(device) if view.role == "wearer" else None  # a protected person is not suspected
    fitting = view.caseload.fitting_at(device, line.at)
    if last is None or fitting is None or last < fitting[0]:
        return []
    facts = [fact for fact in view.facts if fact.device == device and fact.t >= fitting[0]]
    bats = [fact.bat for fact in facts if fact.bat is not None]
    used = [u.t for u in view.used if u.fact.device == device]
    third = any(
        f.code in ("gnss_lost", "jamming") and f.state != "end" and last - SHORTLY_US <= f.t <= last for f in facts
    )
    together = {d for at, d in lost if line.at - SAME_TIME_US < at and d != device}
    others = _in_service(view, line.at) - {device}
    signs = [
        bool(bats) and bats[-1] > CHARGED_PERCENT,
        bool(used) and last - used[-1] <= SHORTLY_US,
        third,
        100 * len(together) < max(1, len(others)),
    ]
    if not third or sum(signs) < 3:
        return []
    found = Found("shielding_suspected", loss.found.start, None, "silence", loss.found.evidence, device=device)
    found.score, found.cause = sum(signs) / 4, "unknown"
    return [opened(line, view.wearer, found, "silence")]


def _in_service(view: View, at: int) -> set[str]:
    """Devices fitted now that contact is asked of."""
    caseload = view.caseload
    out = set()
    for device in caseload.ids("device"):
        fitting = caseload.fitting_at(device, at)
        if fitting is None or caseload.device(device, at)["kind"] not in SPEAKING:
            continue
        wearer, victim = fitting[2].get("wearer"), fitting[2].get("victim")
        active = caseload.active(wearer) if wearer else caseload.protected(str(victim))
        if holding(active, at) is not None:
            out.add(device)
    return out
