"""What every tick does over every device: one compiled pass, cheap while nothing is due."""

from __future__ import annotations

from typing import Any

from domain.instants import EARLY_US
from geofence.compiled import compiled


@compiled
def sweep_contact(
    contact: Any, fresh_us: Any, started_us: int, at_us: int, stale: Any, silent: Any
) -> tuple[int, int, int]:
    """Which devices must be looked at anew, and which have been silent for too long (rules.md 7).

    Parameters
    ----------
    contact : (devices,) of `geofence.silence.CONTACT`.
    fresh_us : (devices,) int64, the silence at which contact is lost.
    started_us : when listening began; before it nobody could be heard.
    stale, silent : (devices,) int64, written from the front: indices in order. A device is in one of them at most; one
        that is looked at anew may be silent after that.

    Returns how many of each, and how many are watched and not lost, those that have just been silent for too long left out.
    """
    n_stale, n_silent, n_heard = 0, 0, 0
    for i in range(len(contact)):
        row = contact[i]
        if not row["speaks"]:
            continue
        if row["until"] <= at_us:
            stale[n_stale] = i
            n_stale += 1
        elif row["begin"] <= at_us and not row["lost"]:
            since = max(row["fitted"], row["heard"])
            if row["heard"] == EARLY_US:
                since = max(since, started_us)
            if at_us - since >= fresh_us[i]:
                silent[n_silent] = i
                n_silent += 1
            else:
                n_heard += 1
    return n_stale, n_silent, n_heard
