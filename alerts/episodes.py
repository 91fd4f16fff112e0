"""Which alert a violation belongs to: one alert an episode (docs/alerts.md).

`Episodes.apply` takes versions of violations in the order in which they are written and says what each does to its
alert. What it must remember is small: episodes that are open, those that closed so recently that another violation
may still join, and those of several violations for as long as late facts may change one of them. An episode of one
violation that is forgotten needs no memory, because it is named by that violation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import msgspec

from alerts.severity import INCIDENTS, NOTHING_MORE, Context, severity_of, worst
from domain.commits import AlertChange, DeadLetter
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
SNAPSHOT_VERSION: Final = 1

LOSSES: Final = frozenset({Kind.COMMUNICATION_LOST, Kind.LOCATION_LOST})
CAUSES_OF_LOSS: Final = (Kind.BATTERY_DEAD, Kind.HOME_UNIT_POWER_LOST)

Key: TypeAlias = tuple[str | None, str | None, str | None, str, str | None]
"""Wearer, victim, device, kind, condition."""


class _Member(msgspec.Struct, array_like=True):
    """What an alert must know of one of its violations."""

    from_us: int
    to_us: int | None
    severity: str


class _Episode(msgspec.Struct, array_like=True):
    """An alert as far as joining and summing up need it."""

    name: str
    key: Key
    raised_us: int
    changed_us: int
    code: str | None
    members: dict[str, _Member] = {}

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
    _newest: dict[Key, str] = field(default_factory=dict)
    _pruned_us: int = 0

    def apply(self, versions: Sequence[Violation]) -> list[AlertChange]:
        """What these versions, in the order in which they are written, do to the alerts; one change a version at most.

        A version makes no change when its violation needs no alert: retrospective, and over (rules.md 10).
        """
        changes = [change for version in versions if (change := self._take(version)) is not None]
        if versions:
            self._forget(versions[-1].decided_us)
        return changes

    def snapshot(self) -> bytes:
        """Everything that is remembered, exactly."""
        return msgspec.msgpack.encode(_Snapshot(SNAPSHOT_VERSION, self._pruned_us, list(self._episodes.values())))

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
        episodes = cls(level_of, context_of, _pruned_us=told.pruned_us)
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
        episode.members[version.id] = _Member(version.from_us, version.to_us, severity.value)
        episode.changed_us = version.decided_us
        self._of_violation[version.id] = episode.name
        return _change(episode, version)

    def _withdraw(self, version: Violation) -> AlertChange:
        """The violation leaves its alert; one that nobody remembers was the only one of its alert."""
        episode = self._known(version)
        if episode is None:
            episode = _Episode(version.id, _key(version), version.decided_us, version.decided_us, _code(version))
        left = episode.members.pop(version.id, None)
        episode.changed_us = version.decided_us
        self._of_violation.pop(version.id, None)
        if episode.members:
            return _change(episode, version)
        self._drop(episode)
        severity = severity_of(version, self._level(version)) if left is None else Severity(left.severity)
        return _change(episode, version, severity)

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
            name = self._newest.get(key)
            if name is None:
                continue
            episode = self._episodes[name]
            if not _lapsed(episode, version.decided_us, REMEMBER_US) and episode.touches(
                version.from_us, version.to_us
            ):
                return episode
        return None

    def _put_last(self, episode: _Episode) -> None:
        """The newest of its key, now and after a restore: the order of the dict is the order of the snapshot."""
        self._episodes.pop(episode.name, None)
        self._episodes[episode.name] = episode
        self._newest[episode.key] = episode.name

    def _drop(self, episode: _Episode) -> None:
        self._episodes.pop(episode.name, None)
        if self._newest.get(episode.key) == episode.name:
            del self._newest[episode.key]
        for violation_id in episode.members:
            self._of_violation.pop(violation_id, None)

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
    kind = "parked_alarm"
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
    return _lapsed(episode, now_us, REMEMBER_JOINED_US if len(episode.members) > 1 else REMEMBER_US)


def _change(episode: _Episode, version: Violation, severity: Severity | None = None) -> AlertChange:
    """The alert as it is now; ``severity`` when no violation is left to give one."""
    wearer, victim, device, kind, condition = episode.key
    return AlertChange(
        episode=episode.name,
        violation_id=version.id,
        version=version.version,
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
    )
