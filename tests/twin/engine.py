"""Line after line: what is known grows, every wearer is judged again from nothing, differences are written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from domain.instants import DAY_US, EARLY_US, FAR_US, SECOND_US, parse_instant
from tests.twin import alcohol, attendance, checks, pairs, patterns, protection, service, silence, suspicion
from tests.twin.caseload import ZONE_KINDS, Caseload
from tests.twin.charging import not_charged
from tests.twin.curfew import DEFAULT_GRACE_S, absences, curfew_violations
from tests.twin.equipment import KINDS as EVENT_KINDS
from tests.twin.equipment import LOCATED, equipment_violations, location_lost
from tests.twin.facts import Fact, Known, read
from tests.twin.found import Found
from tests.twin.messages import bad_messages, clock_wrong, seq_conflicts
from tests.twin.presence import presence
from tests.twin.spans import cut, holding, measure
from tests.twin.sums import atv
from tests.twin.track import Device, Measured, View
from tests.twin.versions import Ledger, Line, Version, following, matched, opened, same, withdrawn
from tests.twin.zones import zone_violations

BY_FACT = (*ZONE_KINDS, "zone_edge", "zone_buffer", "zone_transit", "zone_unconfirmed", "curfew", *EVENT_KINDS,
           "location_lost")  # fmt: skip
BEFORE = frozenset((*BY_FACT, *silence.KINDS))
"""The kinds that are judged when nobody says."""
MORE: tuple[tuple[tuple[str, ...], Callable[[View], list[Found]]], ...] = (
    (("not_charged",), not_charged),
    (("not_fitted",), service.not_fitted),
    (("clock_wrong",), clock_wrong),
    (("seq_conflict",), seq_conflicts),
    (("bad_messages",), bad_messages),
    (("attendance_missed", "attendance_unconfirmed"), attendance.missed),
    (("hours_short",), attendance.hours_short),
    (("check_missed",), checks.missed),
    (("alcohol_suspected", "alcohol"), alcohol.suspected),
    (("alcohol_tamper",), alcohol.obstructed),
    (("proximity_alert", "proximity_prealert", "pattern_near_victim"), pairs.proximity),
    (("association",), pairs.association),
)
"""Further kinds by fact, and by when messages came: what finds them, switched on by ``kinds``."""
DERIVED = ("alcohol", "atv_warning", "atv_exceeded")
"""Kinds that are made of other violations and of what was decided on them."""
MORE_BY_FACT = (*(kind for kinds, _ in MORE for kind in kinds if kind not in DERIVED), "pattern_near_zone")
MORE_BY_SILENCE = ("unmonitored", "shielding_suspected", "alcohol_tamper", "proximity_unknown", "victim_unit_silent")
EVERY_KIND = BEFORE | {*MORE_BY_FACT, *DERIVED, *MORE_BY_SILENCE, "presence_check"}
"""Two of them are no kinds: with `presence_check` checks are evidence of presence, with `bad_messages` ten are a fault."""


class Twin:
    """The rules, slowly. ``take`` one feed line after another; it gives the lines that are written, of ``kinds`` alone."""

    def __init__(self, caseload: Iterable[str], kinds: Iterable[str] = BEFORE) -> None:
        self.caseload = Caseload(caseload)
        self.kinds = frozenset(kinds)
        self.known = Known()
        self.ledger = Ledger(self.kinds)
        self.sent: dict[str, list[tuple[int, int | None]]] = {}
        self.lost: list[tuple[int, str]] = []  # when, and of which device, each `communication_lost` opened
        self.contact = silence.Contact()
        self.measured = Measured()
        self.last_tick: int | None = None
        self._devices: dict[str, tuple[tuple[int, int], Device]] = {}
        self._newest: dict[str, int] = {}
        self._seen: dict[str, set[tuple[str, int, int]]] = {}
        self._kept: dict[str, tuple[tuple[object, ...], int, list[Found]]] = {}

    def take(self, text: str) -> list[str]:
        line = json.loads(text)
        if self.contact.since is None:
            self.contact.since = parse_instant(str(line.get("tick") or line.get("learnt") or line.get("received")))
        if "tick" in line:
            return self.tick(parse_instant(line["tick"]))
        if "learnt" in line:
            return self._learnt(line)
        return self._message(line)

    def tick(self, at: int) -> list[str]:
        out = self._judge(Line(at, "tick"), None)
        self.last_tick = at
        return out

    def _message(self, line: dict[str, object]) -> list[str]:
        at, device = parse_instant(str(line["received"])), str(line["device"])
        if ("device", device) not in self.caseload.versions:
            return self._judge(Line(at, "message"), None)
        facts = read(device, line["envelope"], at)
        new = [kept for fact in facts or [] if (kept := self.known.take(fact)) is not None]
        envelope = line["envelope"]
        sent = envelope["sent"] * 1000 if facts is not None and isinstance(envelope, dict) else None
        self.sent.setdefault(device, []).append((at, sent))
        written = self._judge(Line(at, "message"), device)
        self.contact.message(device, at, max(new, key=lambda f: f.key, default=None))
        return written

    def _learnt(self, line: dict[str, object]) -> list[str]:
        at = parse_instant(str(line["learnt"]))
        holds = line.get("holds_from")
        record = line["record"]
        assert isinstance(record, dict)
        before = {}
        for wearer, role in self._persons():
            view = self._view(wearer, at, role)
            found = self._by_fact(view)
            before[wearer] = found + self._more(view, found) + self._derived(view, self.ledger.of(wearer))
        self.caseload.learn(record, parse_instant(str(holds)) if holds else at, cancelled=bool(line.get("cancelled")))
        return self._judge(Line(at, "learnt", str(record["type"])), None, before)

    def _persons(self) -> list[tuple[str, str]]:
        persons = [(wearer, "wearer") for wearer in self.caseload.wearers()]
        return persons + [(victim, "victim") for victim in self.caseload.victims()]

    def _view(self, wearer: str, at: int, role: str) -> View:
        devices = {}
        for device in self.caseload.ids("device"):
            facts = [f for f in self.known.by_device.get(device, ()) if f.t <= at]
            key = (len(facts), self.caseload.changes)
            held = self._devices.get(device)
            if held is None or held[0] != key:
                held = (key, Device(device, sorted(facts, key=lambda f: f.key), self.caseload))
                self._devices[device] = held
            devices[device] = held[1]
        view = View(wearer, at, self.caseload, devices, self.measured, role, self.kinds)
        view.sent, view.conflicts = self.sent, self.known.conflicts
        view.person = cache(lambda other, as_: self._view(other, at, as_))
        return view

    def _by_fact(self, view: View) -> list[Found]:
        found = equipment_violations(view) + location_lost(view)
        for condition in self.caseload.conditions(view.wearer, ZONE_KINDS):
            found += zone_violations(view, condition)
        for condition in self.caseload.conditions(view.wearer, ("curfew",)):
            found += curfew_violations(view, condition)
        return found

    def _more(self, view: View, found: list[Found]) -> list[Found]:
        more = [found for kinds, judged in MORE if self.kinds & {*kinds} for found in judged(view)]
        if "pattern_near_zone" in self.kinds:
            more += patterns.near_zone(view, found)
        if "pattern_near_victim" in self.kinds:
            more += patterns.near_victim(view, found + more)
        return more

    def _derived(self, view: View, current: list[Version]) -> list[Found]:
        found = alcohol.confirmed(view, current) if "alcohol" in self.kinds else []
        return found + (atv(view, current) if self.kinds & {"atv_warning", "atv_exceeded"} else [])

    def _made_of(self, line: Line, view: View, facts: list[Version], before: list[Found] | None) -> list[Version]:
        """Versions of what is derived, from the violations as they are after this line."""
        for version in facts:
            self._flag(line, version)
        changed = {version.id for version in facts}
        current = [v for v in self.ledger.of(view.wearer) if v.id not in changed]
        current += [v for v in facts if v.change != "withdrawn"]
        return self._compared(line, view, self._derived(view, current), before, DERIVED)

    def _found(self, view: View) -> list[Found]:
        """What `_by_fact` gives, kept while no fact came into view, no record was learnt and nothing fell due."""
        worn = {device.id for device in view.worn}
        heard = [
            d
            for d in view.devices.values()
            if d.id in worn or self.caseload.device(d.id, view.at)["kind"] == "home_unit"
        ]
        key = (self.caseload.changes, tuple(len(device.facts) for device in heard))
        held = self._kept.get(view.wearer)
        if held is None or held[0] != key or view.at >= held[1]:
            found = self._by_fact(view)
            held = (key, due(view, found), found)
            self._kept[view.wearer] = held
        return held[2]

    def _judge(self, line: Line, heard: str | None, before: dict[str, list[Found]] | None = None) -> list[str]:
        made: list[Version] = []
        rounds = []
        views = [self._view(wearer, line.at, role) for wearer, role in self._persons()]
        for view in views:
            self._watch(line, view.wearer, self._looked_at(view))
        for view in views:
            wearer = view.wearer
            found = self._found(view)
            found = found + self._more(view, found)
            facts = self._compared(line, view, found, (before or {}).get(wearer), (*BY_FACT, *MORE_BY_FACT))
            open_ = self.ledger.of(wearer, (*silence.KINDS, *MORE_BY_SILENCE))
            contact = silence.communication(line, view, open_, self.contact, heard)
            self.lost += [(line.at, str(v.found.device)) for v in contact if v.change == "opened"]
            made += facts + contact + self._made_of(line, view, facts, (before or {}).get(wearer))
            rounds.append((view, open_, found, facts, contact))
        for view, open_, found, facts, contact in rounds:
            made += self._by_silence(line, view, open_, facts, contact, heard)
            if "victim_unit_silent" in self.kinds and view.role == "victim":
                made += protection.victim_unit_silent(line, view, open_, found, facts + contact, self.contact)
        for version in made:
            version.of_victim = version.wearer in self.caseload.victims()
            self._flag(line, version)
        return self.ledger.write(made)

    def _by_silence(
        self,
        line: Line,
        view: View,
        open_: list[Version],
        facts: list[Version],
        contact: list[Version],
        heard: str | None,
    ) -> list[Version]:
        losses = [v for v in facts + contact if v.change == "opened" and v.found.end is None and self._placed(v)]
        made = silence.lost_in_zone(line, view, open_, losses)
        made += silence.whereabouts(line, view, open_, self.last_tick)
        if "unmonitored" in self.kinds:
            made += service.unmonitored(line, view, open_, self.contact, heard)
        if "shielding_suspected" in self.kinds:
            made += suspicion.closed_with(line, open_, contact)
            for loss in contact:
                if loss.change == "opened":
                    made += suspicion.suspected(line, view, loss, self.contact, self.lost)
        if "alcohol_tamper" in self.kinds:
            made += alcohol.silent(line, view, open_, self.contact, heard)
        if "proximity_unknown" in self.kinds:
            made += protection.proximity_unknown(line, view, open_)
        return made

    def _flag(self, line: Line, version: Version) -> None:
        """What counts against nobody: not yet told, or reached into the past by a record learnt later (rules.md 10)."""
        found = version.found
        if line.kind == "learnt" and version.reason == "variation" and version.change in ("opened", "extended"):
            version.retrospective |= self._reaches_back(line, version)
        if found.condition is not None or found.order is not None:
            caseload = self.caseload
            told = caseload.told_at(found.condition) if found.condition else caseload.order_told_at(str(found.order))
            version.retrospective |= found.start < told
            version.untold = line.at < told

    def _reaches_back(self, line: Line, version: Version) -> bool:
        """Whether a version covers time before the line that the one before it did not."""
        found, old = version.found, self.ledger.current.get(version.id)
        if old is None or old.found.end is None or found.start < old.found.start or found.condition is None:
            return found.start < line.at
        return bool(cut(self.caseload.enforced(found.condition), [(old.found.end, line.at)]))

    def _placed(self, version: Version) -> bool:
        """Whether it is the loss of a device that says where the wearer is."""
        device = version.found.device
        if version.found.kind not in ("communication_lost", "location_lost") or device is None:
            return False
        return bool(self.caseload.device(device, version.decided)["kind"] in LOCATED)

    def _looked_at(self, view: View) -> list[Fact]:
        return view.facts + [f for f in view.about if f.device not in {d.id for d in view.worn}]

    def _watch(self, line: Line, party: str, facts: list[Fact]) -> None:
        """Whether a fact came into view that is older than the newest that the wearer, or the pair, was judged on."""
        names = {f.name for f in facts}
        seen = self._seen.get(party, set())
        newest = self._newest.get(party, EARLY_US)
        if any(f.t < newest for f in facts if f.name not in seen):
            line.late_for.add(party)
        self._seen[party] = names
        self._newest[party] = max([newest, *(f.t for f in facts)])

    def _compared(
        self, line: Line, view: View, judged: list[Found], before: list[Found] | None, kinds: tuple[str, ...]
    ) -> list[Version]:
        current = [v for v in self.ledger.of(view.wearer, kinds) if v.found.opener != "silence"]
        matches, left, new = matched(current, judged)
        out = []
        for old, found in matches:
            old.found.certain = found.certain
            if not same(old.found, found):
                out.append(following(line, old, found, self._reason(line, view, found, old, before)))
        out += [withdrawn(line, old, self._reason(line, view, None, old, before)) for old in left]
        out += [opened(line, view.wearer, found, self._reason(line, view, found, None, before)) for found in new]
        return out

    def _reason(
        self, line: Line, view: View, found: Found | None, old: Version | None, before: list[Found] | None
    ) -> str:
        if before is not None and (found is None or not any(_twins(found, other) for other in before)):
            return "assessment" if line.learnt == "assessment" else "variation"
        about = found if old is None else old.found
        assert about is not None
        if {view.wearer, about.other} & line.late_for and not about.by_receipt:
            return "late_data"
        if found is None:
            assert old is not None
            return _by_facts(old.found.opener)
        if old is None:
            return found.opener
        closing = old.found.end is None and found.end is not None
        if closing:
            return found.closer or found.opener
        if found.end is None and old.found.closer == "clock":
            return "clock"
        if found.closer is not None and found.closer != "clock":
            return found.closer
        return _by_facts(found.opener)


def _by_facts(reason: str) -> str:
    """The clock opens and closes, it changes nothing else."""
    return "fixes" if reason == "clock" else reason


def due(view: View, found: list[Found]) -> int:
    """The next instant at which the clock alone may change what is found; too early does no harm."""
    caseload = view.caseload
    later = [FAR_US]
    for condition in caseload.conditions(view.wearer, (*ZONE_KINDS, "curfew")):
        for spans in (caseload.enforced(condition), caseload.windows_of(condition)):
            later += [edge for span in spans for edge in span if edge > view.at]
    for condition in caseload.conditions(view.wearer, ("curfew",)):
        going = [a for a in absences(presence(view, condition)) if a.end is None]
        if going and not any(f.condition == condition and f.end is None for f in found):
            later.append(_grace_over(view, condition, going[-1].start))
    for device in view.worn:
        later += [high for _, high, _ in device.fittings if high > view.at]
        later += [
            f.t + device.gap_us(f.t) for f in device.facts if f.code == "presence_check" if f.t > view.at - DAY_US
        ]
        later += [u.t + u.gap_us for u in view.used[-1:] if u.t + u.gap_us > view.at]
        later += [f.t + device.silence_us(f.t) for f in device.facts[-1:] if f.t + device.silence_us(f.t) > view.at]
        later += [at for at in caseload.checked(device.id) + caseload.visited(view.wearer) if at > view.at]
    return min(at for at in later if at > view.at)


def _grace_over(view: View, condition: str, since: int) -> int:
    """Not after the instant at which an absence that goes on will have lasted long enough."""
    unexcused = view.caseload.enforced(condition)
    if holding(unexcused, view.at) is None:
        return FAR_US
    versions = view.caseload.segments("condition", condition)
    grace = int(min(float(record.get("grace_s", DEFAULT_GRACE_S)) for _, _, record in versions) * SECOND_US)
    return view.at + max(1, grace - measure(cut(unexcused, [(since, view.at)])))


def _twins(a: Found, b: Found) -> bool:
    return (a.kind, a.condition, a.device) == (b.kind, b.condition, b.device) and same(a, b)


def run(
    caseload: Iterable[str], feed: Iterable[str], until: int | None, kinds: Iterable[str] = BEFORE
) -> Iterator[str]:
    """What `evaluate` prints of ``kinds``: every line up to ``until``, which is then a tick."""
    twin = Twin(caseload, kinds)
    for text in feed:
        if not text.strip():
            continue
        line = json.loads(text)
        at = parse_instant(str(line.get("tick") or line.get("learnt") or line.get("received")))
        if until is not None and at > until:
            break
        yield from twin.take(text)
    if until is not None:
        yield from twin.tick(until)
