"""Mass outages (rules.md 11): many losses of contact within minutes are one incident, which holds those that it explains.

Everything happens at ticks, from receive times alone, and is never judged again. Decision record 0003 says what an
incident explains, and why.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.incidents import IncidentVersion, Release, Released, TakenIn
from domain.instants import FAR_US, HOUR_US, MINUTE_US
from geofence.networks import Networks
from geofence.silence import Silence
from geofence.suspicion import TOGETHER_US
from geofence.urgency import Urgency
from geofence.world import World

FEWEST = 50
"""So many devices lost within `TOGETHER_US`,"""
ONE_OF = 50
"""and one of so many of those that were in contact before (2 %), are an outage."""
HOLD_US = 10 * MINUTE_US
"""So long after it opened those who may not wait are released."""
BACK_SHARE = (19, 20)
"""It closes when so many of its devices have sent something (95 %)."""
TAIL_US = 15 * MINUTE_US
"""So long after that those still silent are released."""
RETURN_US = 5 * MINUTE_US
"""A device that is back has so long to say where it is; what it is still held for then is released."""
LASTING_US = 4 * HOUR_US
"""After so long it holds nothing more once fewer than `FEWEST` are silent: what a few dead devices leave open for ever."""

TAKEN = np.dtype(
    [
        ("device", np.int64),  # roster index
        ("party", np.int64),  # who wore it
        ("taken_us", np.int64),  # the tick that took it in
        ("left_us", np.int64),  # the tick that found it not silent any more, FAR_US while it is
        ("sent", np.bool_),  # it has sent something since; else its fitting or order ended
        ("held", np.bool_),  # its losses are held still
    ]
)


@dataclass(slots=True)
class Incident:
    """One outage. ``rows`` of `TAKEN`, one a device, in the order taken; a device that is lost anew is taken anew."""

    number: int
    opened_us: int
    rows: NDArray[Any] = field(default_factory=lambda: np.zeros(0, TAKEN))
    closed_us: int | None = None
    version: int = 0

    @property
    def silent(self) -> NDArray[np.bool_]:
        """(rows,) those that have sent nothing since."""
        silent: NDArray[np.bool_] = self.rows["left_us"] == FAR_US
        return silent

    @property
    def is_over(self) -> bool:
        """Nothing more comes of it."""
        return self.closed_us is not None and not self.rows["held"].any()


SavedIncident: TypeAlias = tuple[int, int, int | None, int, bytes]
"""Number, opened, closed, version and rows of an incident, in a snapshot."""


@dataclass(slots=True)
class _Told:
    """What one tick makes of one incident: how many it takes in, the newest rows, and (device, party, why) of the released."""

    closed: bool = False
    taken: int = 0
    released: list[tuple[int, int, Release]] = field(default_factory=list)


class Outage:
    """The incidents that are not over, at most one of them open, and how many devices were in contact lately."""

    def __init__(self, world: World, silence: Silence) -> None:
        self.world = world
        self.silence = silence
        self.networks = Networks()
        self.urgency = Urgency(world, silence)
        self.in_contact: list[tuple[int, int]] = []
        """(tick, devices in contact after it), where that changed; the first is the newest from `TOGETHER_US` ago."""
        self.incidents: list[Incident] = []
        self.number = 0
        self.made: list[tuple[int, IncidentVersion]] = []

    def tick(self, line: int, at_us: int) -> None:
        """After everything else of a tick: what opens, grows, closes, and who is released."""
        self._note_contact(at_us)
        lately = self.silence.lost_lately
        if lately and lately[0][0] <= at_us - TOGETHER_US:
            del lately[: bisect_right(lately, (at_us - TOGETHER_US, len(self.silence.contact)))]
        if not self.incidents and len(lately) < FEWEST:
            return
        told = {incident.number: _Told() for incident in self.incidents}
        for incident in self.incidents:
            self._who_is_back(incident, at_us, told[incident.number])
        self._take_in(at_us, told)
        urgent = self.urgency.now(at_us) if any(at_us >= one.opened_us + HOLD_US for one in self.incidents) else {}
        for incident in self.incidents:
            of = told[incident.number]
            self._release(incident, at_us, urgent, of)
            if of.closed or of.taken or of.released:
                self.made.append((line, self._version(incident, at_us, of)))
        self.incidents = [incident for incident in self.incidents if not incident.is_over]

    def saved(self) -> list[SavedIncident]:
        """The incidents, exactly, for a snapshot."""
        return [(one.number, one.opened_us, one.closed_us, one.version, one.rows.tobytes()) for one in self.incidents]

    def restore(self, incidents: Sequence[SavedIncident], number: int) -> None:
        """Take back what `saved` gave."""
        self.number = number
        self.incidents = [
            Incident(of, opened_us, np.frombuffer(rows, TAKEN).copy(), closed_us, version)
            for of, opened_us, closed_us, version, rows in incidents
        ]

    # ---- who was in contact ----

    def _note_contact(self, at_us: int) -> None:
        known = self.in_contact
        if not known or known[-1][1] != self.silence.in_contact:
            known.append((at_us, self.silence.in_contact))
        while len(known) > 1 and known[1][0] <= at_us - TOGETHER_US:
            del known[0]

    # ---- who is lost ----

    def _take_in(self, at_us: int, told: dict[int, _Told]) -> None:
        """Losses of the last minutes that no incident has: they make one, or the open one takes in what it explains."""
        lately = self._lost_lately()
        new = lately.copy()
        for incident in self.incidents:
            new[incident.rows["device"][incident.silent]] = False
        if not new.any():
            return
        standing = next((one for one in self.incidents if one.closed_us is None), None)
        if standing is None:
            count = int(np.count_nonzero(new))
            if count < FEWEST or count * ONE_OF < self.in_contact[0][1]:
                return
            self.number += 1
            standing = Incident(self.number, at_us)
            self.incidents.append(standing)
            told[standing.number] = _Told()
            explained = new & self._stand_out(lately)
            taken = explained if explained.any() else new
        else:
            taken = new & self._explained(standing, lately)
        self._add(standing, np.flatnonzero(taken), at_us, told[standing.number])

    def _lost_lately(self) -> NDArray[np.bool_]:
        lost = np.zeros(len(self.silence.contact), np.bool_)
        lost[[device for _, device in self.silence.lost_lately]] = True
        lost &= self.silence.contact["lost"]
        return lost

    def _explained(self, incident: Incident, lately: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Of a group that loses many just now; or silent since before the incident, of a group that is dark still."""
        dark = lately.copy()
        dark[incident.rows["device"][incident.silent]] = True
        before = self.silence.contact["heard"] < incident.opened_us
        return self._stand_out(lately) | (self._stand_out(dark) & before)

    def _stand_out(self, lost: NDArray[np.bool_]) -> NDArray[np.bool_]:
        contact = self.silence.contact
        tick_us = self.silence.last_tick_us
        watched = contact["speaks"] & (contact["begin"] <= tick_us) & (tick_us < contact["until"])
        return self.networks.stand_out(lost, watched & ~contact["lost"])

    def _add(self, incident: Incident, devices: NDArray[np.int64], at_us: int, told: _Told) -> None:
        if not len(devices):
            return
        rows = np.zeros(len(devices), TAKEN)
        rows["device"], rows["party"] = devices, self.silence.contact["party"][devices]
        rows["taken_us"], rows["left_us"], rows["held"] = at_us, FAR_US, True
        others = incident.rows[~np.isin(incident.rows["device"], devices)]
        incident.rows = np.concatenate([others, rows])
        told.taken = len(rows)

    # ---- who is back ----

    def _who_is_back(self, incident: Incident, at_us: int, told: _Told) -> None:
        """Who has sent something, or is watched no more; enough of them close it."""
        rows, contact = incident.rows, self.silence.contact[incident.rows["device"]]
        spoke = incident.silent & (contact["heard"] >= rows["taken_us"])
        gone = incident.silent & ~spoke & (~contact["lost"] | (contact["party"] != rows["party"]))
        rows["left_us"][spoke | gone] = at_us
        rows["sent"] |= spoke
        if incident.closed_us is not None:
            return
        sent = int(np.count_nonzero(rows["sent"]))
        of = sent + int(np.count_nonzero(incident.silent))
        if sent * BACK_SHARE[1] >= of * BACK_SHARE[0]:
            incident.closed_us = at_us
            told.closed = True

    # ---- who is released ----

    def _release(self, incident: Incident, at_us: int, urgent: dict[int, Release], told: _Told) -> None:
        """First those who may not wait, then all who are silent when that is due, then those who have been back for long."""
        rows = incident.rows
        may_not_wait = np.zeros(len(rows), np.bool_)
        if urgent and at_us >= incident.opened_us + HOLD_US:
            may_not_wait = rows["held"] & np.isin(rows["party"], list(urgent))
        for device, party in rows[may_not_wait & incident.silent][["device", "party"]].tolist():
            told.released.append((device, party, urgent[party]))
        rows["held"][may_not_wait & incident.silent] = False
        why = self._end_of_holding(incident, at_us)
        if why is not None:
            waits = rows["held"] & incident.silent
            told.released += [(*who, why) for who in rows[waits][["device", "party"]].tolist()]
            rows["held"][waits] = False
        returned = rows["held"] & ~incident.silent & (may_not_wait | (rows["left_us"] <= at_us - RETURN_US))
        if returned.any():
            still = returned & self._not_placed(rows)
            told.released += [(*who, Release.BACK) for who in rows[still][["device", "party"]].tolist()]
            rows["held"][returned] = False

    def _not_placed(self, rows: NDArray[Any]) -> NDArray[np.bool_]:
        """(rows,) of which the device's location, or the whereabouts of who wears it, are not known."""
        unknown = {entry.draft.party for entry in self.silence.unknown.values()}
        nowhere: NDArray[np.bool_] = self.world.state.devices["lost"][rows["device"]]
        return nowhere | np.isin(rows["party"], list(unknown))

    def _end_of_holding(self, incident: Incident, at_us: int) -> Release | None:
        """Why it holds nobody any more who is still silent, if so."""
        if incident.closed_us is not None:
            return Release.STILL_SILENT if at_us >= incident.closed_us + TAIL_US else None
        few = int(np.count_nonzero(incident.silent)) < FEWEST
        return Release.LASTING if few and at_us >= incident.opened_us + LASTING_US else None

    # ---- what is told ----

    def _version(self, incident: Incident, at_us: int, told: _Told) -> IncidentVersion:
        incident.version += 1
        ids, network_of = self.world.book.roster.ids, self.networks.network_of
        newest = incident.rows[len(incident.rows) - told.taken :][["device", "party"]].tolist()
        taken = [TakenIn(ids[device], *self._whose(party), network_of(device)) for device, party in newest]
        released = [Released(ids[d], *self._whose(party), why) for d, party, why in told.released]
        return IncidentVersion(
            id=f"outage-{incident.number}",
            version=incident.version,
            opened_us=incident.opened_us,
            closed_us=incident.closed_us,
            decided_us=at_us,
            devices=len(incident.rows),
            silent=int(np.count_nonzero(incident.silent)),
            taken=tuple(sorted(taken, key=lambda one: one.device)),
            released=tuple(sorted(released, key=lambda one: one.device)),
        )

    def _whose(self, party: int) -> tuple[str | None, str | None]:
        kind, party_id = self.world.book.parties[party]
        return (party_id, None) if kind == "wearer" else (None, party_id)
