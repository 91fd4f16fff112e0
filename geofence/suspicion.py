"""`shielding_suspected` (rules.md 7): does a loss of contact look as if the device had been wrapped up?

Four signs of a quarter each, looked at once, when contact is lost; what comes out is never judged again.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.instants import SECOND_US
from domain.vocabulary import EventCode

SUSPECTED_FROM = 0.75
CHARGED_PERCENT = 20.0
BEFORE_US = 120 * SECOND_US
"""How long before the last message the last used fix, and the trouble with reception, may lie."""
TOGETHER_US = 300 * SECOND_US
"""Devices whose loss opened within so long were lost together."""
TOGETHER_OF = 100
"""Fewer than one of so many others lost together is nobody's outage."""
RECEPTION = (EventCode.GNSS_LOST, EventCode.JAMMING)


class Signs(NamedTuple):
    """What is known of a device when it is lost; instants in microseconds, `EARLY_US` where there was none.

    Attributes
    ----------
    heard_us : receive time of the last message.
    bat : newest battery level in percent, NaN when none was told.
    used_us, reception_us : fix times of the newest used fix, and of the newest `gnss_lost` or `jamming` event.
    lost_too, others : how many other devices were lost together with it, and how many others are watched.
    """

    heard_us: int
    bat: float
    used_us: int
    reception_us: int
    lost_too: int
    others: int


def suspicion_of(signs: Signs) -> float | None:
    """The score, 0.75 or 1, or None where shielding is not suspected: never without trouble with reception."""
    since_us = signs.heard_us - BEFORE_US
    reception = since_us <= signs.reception_us <= signs.heard_us
    alone = signs.lost_too == 0 or signs.lost_too * TOGETHER_OF < signs.others
    score = 0.25 * (signs.bat > CHARGED_PERCENT) + 0.25 * (signs.used_us >= since_us) + 0.25 * reception + 0.25 * alone
    return score if reception and score >= SUSPECTED_FROM else None
