"""Which facts of a round are used fixes of parties that are lost in a zone: those that find them again (rules.md 7).

Few are lost at once, so this goes fact by fact; a fact that counts as the newest fix repeated at rest is one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.facts import Facts
from domain.vocabulary import EventCode, EventState, Quality, Source
from geofence.drafts import Proof
from geofence.refold import Folded, Folder

UsedByLine = dict[int, dict[int, list[Proof]]]


def used_by_line(
    folder: Folder,
    lost: Sequence[int],
    resting: NDArray[Any],
    facts: Facts,
    folded: Folded,
    line: NDArray[np.int64],
) -> UsedByLine:
    """Used fixes of the ``lost`` parties, by line and party. ``resting`` is by device, from before the round."""
    party = folded.party
    facts = facts.copy()
    facts["quality"] = folded.quality
    if len(folded.again):
        resting = resting.copy()
        facts, party, line = _also_confirmed(folder, facts, folded, line, resting)
    rank = folder.world.layout.tables.rank
    rows = np.flatnonzero(np.isin(party, lost))
    order = rows[np.lexsort((facts["seq"][rows], facts["gen"][rows], facts["t_us"][rows], facts["device"][rows]))]
    at_rest = {int(d): bool(resting[d]) for d in np.unique(facts["device"][rows])}
    found: UsedByLine = {}
    for k in order.tolist():
        f = facts[k]
        device = int(f["device"])
        if _counts(f, at_rest):
            values = (int(f["t_us"]), int(rank[device]), int(f["gen"]), int(f["seq"]), device, int(f["received_us"]))
            found.setdefault(int(line[k]), {}).setdefault(int(party[k]), []).append(Proof(*values))
    return found


def _counts(fact: Any, at_rest: dict[int, bool]) -> bool:
    """Whether a fact is a used fix or repeats one; notes the beginning and end of a rest."""
    device, quality = int(fact["device"]), int(fact["quality"])
    if not fact["is_event"]:
        used = quality == Quality.OK and fact["src"] != Source.LBS
        return used or (at_rest[device] and quality not in (Quality.FUTURE, Quality.ANCIENT))
    was = at_rest[device]
    if fact["code"] == EventCode.REST:
        at_rest[device] = (was or fact["state"] == EventState.START) and fact["state"] != EventState.END
    return was or at_rest[device]


def _also_confirmed(
    folder: Folder, facts: Facts, folded: Folded, line: NDArray[np.int64], resting: NDArray[Any]
) -> tuple[Facts, NDArray[np.int64], NDArray[np.int64]]:
    """The round's facts, and for clusters judged again the older ones, which may be used only now."""
    of_device = folder.clusters.of_device
    line_of = dict(zip(of_device[facts["device"]].tolist(), line.tolist(), strict=True))
    again = np.flatnonzero(np.isin(of_device, folded.again))
    resting[again] = folder.base.state.devices["resting"][again]
    older = folder.log.facts[folder.log.of_devices(again)]
    older = older[np.isin(of_device[older["device"]], list(line_of))]
    rest = ~np.isin(of_device[facts["device"]], folded.again)
    every = np.concatenate([older, facts[rest]])
    lines = np.array([line_of[int(c)] for c in of_device[every["device"]]], np.int64)
    return every, folder.parties_of(every), lines
