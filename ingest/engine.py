"""The real judges: `geofence.Rules` and the alerts' episodes, behind ingest's own ports."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.circumstances import Circumstances
from alerts.episodes import Episodes
from domain.commits import AlertChange
from domain.facts import Roster
from domain.incidents import IncidentVersion
from domain.records import Version
from domain.violations import Violation
from geofence.rules import Rules
from geofence.snapshot import restore
from geofence.wallclock import TimeZones


class EpisodeAlerts:
    """Episodes together with what they ask of the caseload."""

    def __init__(self, caseload: Sequence[Version], body: bytes | None = None) -> None:
        self._circumstances = Circumstances(caseload)
        level_of, context_of = self._circumstances.level_of, self._circumstances.context_of
        self._episodes = (
            Episodes(level_of, context_of) if body is None else Episodes.restore(body, level_of, context_of)
        )

    def learn(self, version: Version) -> None:
        self._circumstances.learn(version)

    def apply(
        self,
        versions: Sequence[Violation],
        lines: Sequence[int] = (),
        incidents: Sequence[tuple[int, IncidentVersion]] = (),
    ) -> list[AlertChange]:
        return self._episodes.apply(versions, lines, incidents)

    def snapshot(self) -> bytes:
        return self._episodes.snapshot()


class RealEngine:
    """What the service works with. ``zones`` is the time-zone data, loaded at the edge and handed in."""

    def __init__(self, zones: TimeZones) -> None:
        self._zones = zones

    def fresh(self, roster: Roster, caseload: Sequence[Version]) -> tuple[Rules, EpisodeAlerts]:
        return Rules(roster, caseload, self._zones), EpisodeAlerts(caseload)

    def restore(
        self, roster: Roster, caseload: Sequence[Version], rules: bytes, alerts: bytes
    ) -> tuple[Rules, EpisodeAlerts]:
        return restore(roster, caseload, self._zones, rules), EpisodeAlerts(caseload, alerts)
