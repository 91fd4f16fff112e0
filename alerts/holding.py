"""Whose losses a mass outage holds (rules.md 11): what opens of them meanwhile is grouped under the incident's alert."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from alerts.severity import INCIDENTS
from domain.commits import AlertChange
from domain.incidents import MASS_OUTAGE, IncidentVersion
from domain.instants import MINUTE_US
from domain.vocabulary import AlertCondition, Kind

HELD_KINDS: Final = frozenset({Kind.COMMUNICATION_LOST.value, Kind.LOCATION_LOST.value, Kind.WHEREABOUTS_UNKNOWN.value})
"""What an outage may explain. Everything else is alerted as ever."""
LATELY_US: Final = 5 * MINUTE_US
"""What was alerted so shortly before the outage took the device in is put under it too."""

Party: TypeAlias = tuple[str | None, str | None]
"""Wearer and victim; one of them."""
Row: TypeAlias = tuple[str, str, str | None, str | None]
"""Device, incident, wearer, victim."""


class Holding:
    """The devices whose losses are held, each by one incident, and whose they are."""

    def __init__(self, saved: Iterable[Row] = ()) -> None:
        self._by_device: dict[str, tuple[str, Party]] = {}
        self._devices: dict[Party, dict[str, None]] = {}
        for device, incident, wearer, victim in saved:
            self.hold(device, (wearer, victim), incident)

    def saved(self) -> list[Row]:
        """Everything, exactly."""
        return [(device, incident, *party) for device, (incident, party) in self._by_device.items()]

    def hold(self, device: str, party: Party, incident: str) -> None:
        """From now on."""
        self.let_go(device)
        self._by_device[device] = (incident, party)
        self._devices.setdefault(party, {})[device] = None

    def let_go(self, device: str, incident: str | None = None) -> None:
        """Not held any more: by this incident, or by whichever it was."""
        found = self._by_device.get(device)
        if found is None or incident not in (None, found[0]):
            return
        del self._by_device[device]
        devices = self._devices[found[1]]
        del devices[device]
        if not devices:
            del self._devices[found[1]]

    def incident_of(self, device: str | None, party: Party) -> str | None:
        """The incident that holds what opens now: of a device, or where none is named of whose devices they are."""
        if device is None:
            device = next(iter(self._devices.get(party, ())), None)
        found = self._by_device.get(device) if device is not None else None
        return None if found is None or found[1] != party else found[0]


def incident_alert(version: IncidentVersion) -> AlertChange:
    """What a version of an incident does to its one alert. It rests on no violation; its own name stands in for one."""
    return AlertChange(
        episode=version.id,
        violation_id=version.id,
        version=version.version,
        wearer=None,
        victim=None,
        device=None,
        kind=MASS_OUTAGE,
        code=None,
        condition=None,
        severity=INCIDENTS[MASS_OUTAGE],
        state=AlertCondition.ACTIVE if version.closed_us is None else AlertCondition.CLEARED,
        raised_us=version.opened_us,
        changed_us=version.decided_us,
    )
