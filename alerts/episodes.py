"""Which alert a violation belongs to: one alert an episode (docs/alerts.md).

`Episodes.apply` takes versions of violations in the order in which they are written and says what each does to its
alert. What it must remember is small: episodes that are open, those that closed so recently that another violation
may still join, and those of several violations for as long as late facts may change one of them. An episode of one
violation that is forgotten needs no memory, because it is named by that violation.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import msgspec

from alerts.holding import HELD_KINDS, LATELY_US, Holding, Party, Row, incident_alert
from alerts.severity import INCIDENTS, LOSSES, NOTHING_MORE, PARKED_ALARM, Context, severity_of, worst
from domain.commits import AlertChange, DeadLetter
from domain.incidents import IncidentVersion
from domain.instants import DAY_US, HOUR_US, MINUTE_US
from domain.violations import Violation
from domain.vocabulary import AlertCondition, Change, Kind, Level, Severity

JOIN_US: Final = 10 * MINUTE_US
"""A violation that lies at most so far from the last one of its episode joins it."""
REMEMBER_US: Final = HOUR_US
"""How long, by decision times, a closed episode can still be joined: room for what is decided late."""
REMEMBER_JOINED_US: Final = 31 * DAY_US
"""How long an episode of several violations is remembered: longer than a fact can come late (30 days)."""
TOPIC_CHARACTERS: Final = 64
"""How much of a topic names the alert of a parked message whose device is not known."""
SNAPSHOT_VERSION: Final = 2

CAUSES_OF_LOSS: Final = (Kind.BATTERY_DEAD, Kind.HOME_UNIT_POWER_LOST)

Key: TypeAlias = tuple[str | None, str | None, str | None, str, str | None]
"""Wearer, victim, device, kind, condition."""


class _Member(msgspec.Struct, array_like=True):
    """What an alert must know of one of its violations."""

    from_us: int
    to_us: int | None
    severity: str
    version: int
    code: str | None = None


class _Episode(msgspec.Struct, array_like=True):
    """An alert as far as joining and summing up need it."""

    name: str
    key: Key
    raised_us: int
    changed_us: int
    code: str | None
    members: dict[str, _Member] = {}
    grouped_under: str | None = None

    @property
    def open(self) -> bool:
        return any(member.to_us is None for member in self.members.values())

    def touches(self, from_us: int, to_us: int | None) -> bool:
        """Whether an interval lies within `JOIN_US` of one of the violations."""
        return any(
            (member.to_us is None or from_us - member.to_us <= JOIN_US)
            and (to_us is None or member.from_us - to_us <= JOIN_US)
            for member in self.members.values()
        )


class _Snapshot(msgspec.Struct, array_like=True):
    version: int
    pruned_us: int
    episodes: list[_Episode]
    held: list[Row] = []


def no_context(violation: Violation) -> Context:
    """Knows nothing more about any violation."""
    return NOTHING_MORE


@dataclass(slots=True)
class Episodes:
    """Violations in, alert changes out.

    Parameters
    ----------
    level_of : the response level of a wearer as known now.
    context_of : what else the severity of a violation depends on.
    """

    level_of: Callable[[str], Level]
    context_of: Callable[[Violation], Context] = no_context
    _episodes: dict[str, _Episode] = field(default_factory=dict)
    _of_violation: dict[str, str] = field(default_factory=dict)
    _of_key: dict[Key, dict[str, None]] = field(default_factory=dict)
    _losses: dict[Party, dict[str, None]] = field(default_factory=dict)
    _holding: Holding = field(default_factory=Holding)
    _pruned_us: int = 0

    def apply(
        self,
        versions: Sequence[Violation],
        lines: Sequence[int] = (),
        incidents: Sequence[tuple[int, IncidentVersion]] = (),
    ) -> list[AlertChange]:
        """What these versions, in the order in which they are written, do to the alerts; one change a version at most.

        A version makes no change when its violation needs no alert: retrospective, and over (rules.md 10). What an incident
        takes in and releases at a line comes before the versions of that line; ``lines`` is then needed.
        """
        changes: list[AlertChange] = []
        done = 0
        for line, incident in incidents:
            before = bisect_left(lines, line)
            changes += self._take_all(versions[done:before])
            changes += self._take_incident(incident)
            done = before
        changes += self._take_all(versions[done:])
        if versions:
            self._forget(versions[-1].decided_us)
        return changes

    def _take_all(self, versions: Sequence[Violation]) -> list[AlertChange]:
        return [change for version in versions if (change := self._take(version)) is not None]

    def _take_incident(self, incident: IncidentVersion) -> list[AlertChange]:
        """The incident's own alert, and the alerts that it takes under it or lets go of."""
        changes = [incident_alert(incident)]
        for taken in incident.taken:
            party = (taken.wearer, taken.victim)
            self._holding.hold(taken.device, party, incident.id)
            changes += self._regroup(taken.device, party, None, incident)
        for released in incident.released:
            party = (released.wearer, released.victim)
            self._holding.let_go(released.device, incident.id)
            changes += self._regroup(released.device, party, incident.id, incident)
        return changes

    def _regroup(self, device: str, party: Party, under: str | None, by: IncidentVersion) -> list[AlertChange]:
        """Open alerts of losses that stand under what they should not: those of a device, and those of no device."""
        changes = []
        for name in self._losses.get(party, ()):
            episode = self._episodes[name]
            of_device = episode.key[2]
            now_under = self._holding.incident_of(of_device, party)
            if of_device not in (None, device) or not episode.open or episode.grouped_under != under:
                continue
            if now_under != under and (under is not None or _is_recent(episode, by.decided_us)):
                episode.grouped_under, episode.changed_us = now_under, by.decided_us
                changes.append(_change(episode, *_last_member(episode)))
        return changes

    def snapshot(self) -> bytes:
        """Everything that is remembered, exactly."""
        episodes = list(self._episodes.values())
        return msgspec.msgpack.encode(_Snapshot(SNAPSHOT_VERSION, self._pruned_us, episodes, self._holding.saved()))

    @classmethod
    def restore(
        cls,
        body: bytes,
        level_of: Callable[[str], Level],
        context_of: Callable[[Violation], Context] = no_context,
    ) -> Episodes:
        """What `snapshot` wrote. A body of another version is a `ValueError`: fold again from the commits."""
        told = msgspec.msgpack.decode(body, type=_Snapshot)
        if told.version != SNAPSHOT_VERSION:
            raise ValueError(f"a snapshot of version {told.version}, not {SNAPSHOT_VERSION}")
        episodes = cls(level_of, context_of, _holding=Holding(told.held), _pruned_us=told.pruned_us)
        for episode in told.episodes:
            episodes._put_last(episode)
            episodes._of_violation.update(dict.fromkeys(episode.members, episode.name))
        return episodes

    def _take(self, version: Violation) -> AlertChange | None:
        if version.change is Change.WITHDRAWN:
            return self._withdraw(version)
        episode = self._known(version)
        if episode is None:
            if version.retrospective and version.to_us is not None:
                return None
            episode = self._joinable(version) if version.change is Change.OPENED else None
            if episode is None:
                episode = _Episode(version.id, _key(version), version.decided_us, version.decided_us, None)
            self._put_last(episode)
        context = self.context_of(version)
        severity = severity_of(version, self._level(version), context)
        if version.kind == episode.key[3]:
            episode.code = None if version.code is None else version.code.value
        episode.members[version.id] = _Member(
            version.from_us, version.to_us, severity.value, version.version, _code(version)
        )
        episode.changed_us = version.decided_us
        self._of_violation[version.id] = episode.name
        self._group(episode, version)
        return _change(episode, version.id, version.version)

    def _group(self, episode: _Episode, version: Violation) -> None:
        """What opens while it is held comes under the incident; a device that is in contact again is held no more."""
        if version.change is Change.OPENED and episode.key[3] in HELD_KINDS:
            episode.grouped_under = self._holding.incident_of(version.device, (version.wearer, version.victim))
        if version.kind is Kind.COMMUNICATION_LOST and version.to_us is not None and version.device is not None:
            self._holding.let_go(version.device)

    def _withdraw(self, version: Violation) -> AlertChange:
        """The violation leaves its alert; one that nobody remembers was the only one of its alert."""
        episode = self._known(version)
        if episode is None:
            episode = _Episode(version.id, _key(version), version.decided_us, version.decided_us, _code(version))
        left = episode.members.pop(version.id, None)
        episode.changed_us = version.decided_us
        self._of_violation.pop(version.id, None)
        if episode.members:
            if version.kind == episode.key[3]:
                episode.code = _last_code(episode)
            return _change(episode, version.id, version.version)
        self._drop(episode)
        severity = severity_of(version, self._level(version)) if left is None else Severity(left.severity)
        return _change(episode, version.id, version.version, severity)

    def _known(self, version: Violation) -> _Episode | None:
        """The remembered episode of a violation; what has lapsed is forgotten now, whenever the sweep last ran."""
        name = self._of_violation.get(version.id)
        if name is None:
            return None
        episode = self._episodes[name]
        if not _forgettable(episode, version.decided_us):
            return episode
        self._drop(episode)
        return None

    def _level(self, version: Violation) -> Level:
        return Level.STANDARD if version.wearer is None else self.level_of(version.wearer)

    def _joinable(self, version: Violation) -> _Episode | None:
        """The episode that a newly opened violation joins: its own kind's, else that of its cause."""
        keys = [_key(version)]
        if version.kind in LOSSES:
            keys += [_key(version, kind) for kind in CAUSES_OF_LOSS]
        for key in keys:
            for name in reversed(self._of_key.get(key, {})):
                episode = self._episodes[name]
                lapsed = _lapsed(episode, version.decided_us, REMEMBER_US)
                if not lapsed and episode.touches(version.from_us, version.to_us):
                    return episode
        return None

    def _put_last(self, episode: _Episode) -> None:
        """The newest of its key, now and after a restore: the order of the dict is the order of the snapshot."""
        self._episodes.pop(episode.name, None)
        self._episodes[episode.name] = episode
        of_key = self._of_key.setdefault(episode.key, {})
        of_key.pop(episode.name, None)
        of_key[episode.name] = None
        if episode.key[3] in HELD_KINDS:
            self._losses.setdefault(episode.key[:2], {})[episode.name] = None

    def _drop(self, episode: _Episode) -> None:
        self._episodes.pop(episode.name, None)
        of_key = self._of_key.get(episode.key, {})
        of_key.pop(episode.name, None)
        if not of_key:
            self._of_key.pop(episode.key, None)
        for violation_id in episode.members:
            self._of_violation.pop(violation_id, None)
        losses = self._losses.get(episode.key[:2], {})
        losses.pop(episode.name, None)
        if not losses:
            self._losses.pop(episode.key[:2], None)

    def _forget(self, now_us: int) -> None:
        """Drops what nothing can change any more; once in a while, since it looks at all of them."""
        if now_us - self._pruned_us < REMEMBER_US:
            return
        self._pruned_us = now_us
        for episode in [one for one in self._episodes.values() if _forgettable(one, now_us)]:
            self._drop(episode)


def parked_alarm(letter: DeadLetter) -> AlertChange:
    """The platform alert of a parked message that holds a tamper or an SOS (wire.md).

    One an hour and sender, however often it is sent: a device that repeats itself makes no storm. It rests on no
    violation; its own name stands in for one.
    """
    kind = PARKED_ALARM
    name = f"{kind}:{letter.device or letter.topic[:TOPIC_CHARACTERS]}:{letter.received_us // HOUR_US}"
    return AlertChange(
        episode=name,
        violation_id=name,
        version=1,
        wearer=None,
        victim=None,
        device=letter.device,
        kind=kind,
        code=None,
        condition=None,
        severity=INCIDENTS[kind],
        state=AlertCondition.ACTIVE,
        raised_us=letter.received_us,
        changed_us=letter.received_us,
    )


def _key(version: Violation, kind: Kind | None = None) -> Key:
    return (version.wearer, version.victim, version.device, (kind or version.kind).value, version.condition)


def _code(version: Violation) -> str | None:
    return None if version.code is None else version.code.value


def _lapsed(episode: _Episode, now_us: int, keep_us: int) -> bool:
    return not episode.open and now_us - episode.changed_us > keep_us


def _forgettable(episode: _Episode, now_us: int) -> bool:
    return _lapsed(episode, now_us, REMEMBER_US if list(episode.members) == [episode.name] else REMEMBER_JOINED_US)


def _is_recent(episode: _Episode, now_us: int) -> bool:
    """Whether its newest loss opened within `LATELY_US`; a location may be amended long after."""
    amended = episode.key[3] == Kind.LOCATION_LOST.value
    return now_us - (episode.raised_us if amended else episode.changed_us) < LATELY_US


def _last_code(episode: _Episode) -> str | None:
    """The code of the violation that joined last and has one."""
    return next((member.code for member in reversed(episode.members.values()) if member.code is not None), None)


def _last_member(episode: _Episode) -> tuple[str, int]:
    """The violation that joined last, and its version."""
    name, member = list(episode.members.items())[-1]
    return name, member.version


def _change(episode: _Episode, violation_id: str, version: int, severity: Severity | None = None) -> AlertChange:
    """The alert as it is now; ``severity`` when no violation is left to give one."""
    wearer, victim, device, kind, condition = episode.key
    return AlertChange(
        episode=episode.name,
        violation_id=violation_id,
        version=version,
        wearer=wearer,
        victim=victim,
        device=device,
        kind=kind,
        code=episode.code,
        condition=condition,
        severity=severity or worst([Severity(member.severity) for member in episode.members.values()]),
        state=AlertCondition.ACTIVE if episode.open else AlertCondition.CLEARED,
        raised_us=episode.raised_us,
        changed_us=episode.changed_us,
        withdrawn=not episode.members,
        grouped_under=episode.grouped_under,
    )
