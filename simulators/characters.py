"""What sort of life somebody lives, and in what sort of home: how the simulated differ, and by what a score is told apart."""

from __future__ import annotations

from enum import StrEnum
from random import Random
from typing import Final, NamedTuple, TypeVar

from domain.instants import HOUR_US, SECOND_US
from simulators.scenes import Span
from simulators.subjects import Run, Subject


class Daily(StrEnum):
    """What somebody does all day (`simulators.days`)."""

    WORK = "work"
    UNDERGROUND = "underground"
    """Works, and goes there and back where nothing is received and nothing gets through."""
    NIGHT_WORK = "night_work"
    SCHOOL_RUN = "school_run"
    STUDENT = "student"
    DRIVING = "driving"
    HOME = "home"


class Dwelling(StrEnum):
    """What a home does to what a device receives and sends (`simulators.belongings`)."""

    HOUSE = "house"
    CANYON = "canyon"
    """Between high walls: positions are worse, and some of them reflections that state less than their error."""
    DEAF = "deaf"
    """No satellites are heard indoors."""
    VALLEY = "valley"
    """The network is away now and then; what was recorded comes afterwards."""
    NO_FIXED_ABODE = "no_fixed_abode"


class Character(NamedTuple):
    """``forgets``: they do not always charge."""

    daily: Daily
    dwelling: Dwelling
    forgets: bool = False


DAILY: Final = (
    (Daily.WORK, 34),
    (Daily.HOME, 28),
    (Daily.SCHOOL_RUN, 12),
    (Daily.UNDERGROUND, 8),
    (Daily.DRIVING, 8),
    (Daily.NIGHT_WORK, 10),
)
DWELLINGS: Final = (
    (Dwelling.HOUSE, 70),
    (Dwelling.CANYON, 12),
    (Dwelling.DEAF, 8),
    (Dwelling.VALLEY, 6),
    (Dwelling.NO_FIXED_ABODE, 4),
)
NIGHT: Final = (22, 6)
"""Local hours in which a curfew keeps somebody from working by night; taken by UTC, for an hour matters little here."""

T = TypeVar("T")


def character_of(subject: Subject, run: Run, curfews: list[Span], seed: int) -> Character:
    """Drawn by chance, as far as age and curfew allow it: who must be home by night does not work then."""
    rng = Random(f"character:{seed}:{subject.id}")
    daily = _drawn(rng, DAILY)
    dwelling = _drawn(rng, DWELLINGS)
    forgets = rng.random() < 0.02
    if subject.young:
        daily = Daily.STUDENT
    elif curfews:
        by_night = any(_touches_night(run, span) for span in curfews)
        daily = daily if not by_night or daily is not Daily.NIGHT_WORK else Daily.WORK
        daily = daily if by_night else Daily.NIGHT_WORK
        dwelling = Dwelling.HOUSE if dwelling is Dwelling.NO_FIXED_ABODE else dwelling
    return Character(daily, dwelling, forgets)


def _drawn(rng: Random, of: tuple[tuple[T, int], ...]) -> T:
    return rng.choices([one for one, _ in of], [weight for _, weight in of])[0]


def _touches_night(run: Run, span: Span) -> bool:
    hours = range(int(span[0] // 3600), int(min(span[1], span[0] + 86_400) // 3600) + 1)
    clock = (((run.start_us + hour * HOUR_US) // SECOND_US) % 86_400 // 3600 for hour in hours)
    return any(hour >= NIGHT[0] or hour < NIGHT[1] for hour in clock)
