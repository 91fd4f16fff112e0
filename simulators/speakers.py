"""The devices that speak, when they do, and how well they know where they are."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from domain.instants import SECOND_US
from domain.vocabulary import DeviceKind
from simulators.scenario import Scenario
from simulators.scenes import Life
from simulators.subjects import LOCATING_KINDS, Run, Subject, Worn

GOLDEN: Final = 0.6180339887498949
"""Steps of the golden section spread the devices evenly over an interval, however many there are."""
BREATH: Final = 0.15
"""The stated accuracy goes up and down by this part of itself over five minutes."""
SPREAD: Final = 0.45
"""Of the logarithm of the devices' accuracies."""
LISTENS_US: Final = 60 * SECOND_US
"""A home unit that uploads less often listens so often all the same, and tells at once what is new."""
OFTEN_US: Final = 30 * SECOND_US
"""A pace under this is of a violation: devices keep to it or are quicker by themselves; else of rest, and they are as slow or slower."""
MS: Final = 1000
"""Microseconds: instants on the wire are whole milliseconds."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A device that speaks, and when: every ``interval_us`` from ``phase_us`` on, up to ``until_us``.

    Up to ``upload_us`` it gathers what it records; a home unit listens every ``interval_us``, and says so long nothing that it said before.
    ``acc_m`` is the middle of its stated accuracy, ``worst_acc_m`` the most that it states. A ``beacon`` is a home unit
    beside a location tag: what the tag lives through it does not.
    """

    id: str
    person: int
    worn: Worn
    locates: bool
    phase_us: int
    interval_us: int
    upload_us: int
    until_us: int
    acc_m: float
    msgpack: bool
    beacon: bool = False

    @property
    def listens(self) -> bool:
        return self.worn.device.kind is DeviceKind.HOME_UNIT

    @property
    def gathers(self) -> bool:
        """Whether what it records may wait for what it records next."""
        return self.upload_us > self.interval_us and not self.listens

    @property
    def worst_acc_m(self) -> float:
        return math.ceil(self.acc_m * (1 + BREATH) * 10) / 10


def lived_by(speaker: Speaker, life: Life) -> Life:
    """What a device lives through of its person's life."""
    return replace(life, silences=life.outages, jumps=[], restarts=[]) if speaker.beacon else life


def pace_us(each_s: float, usual_us: int) -> int:
    """How often a device records that usually does so every ``usual_us``, where its life has ``each_s``."""
    each_us = int(each_s * SECOND_US)
    return min(each_us, usual_us) if each_us < OFTEN_US else max(each_us, usual_us)


def _listens_us(upload_us: int) -> int:
    """How often a home unit listens: evenly between two uploads, whole milliseconds."""
    return upload_us // -(-upload_us // LISTENS_US) // MS * MS


def speakers_of(
    subjects: list[Subject], run: Run, scenario: Scenario, seed: int, rate_hz: float | None
) -> list[Speaker]:
    """Every speaking device, in the order of people; ``rate_hz`` overrules what the caseload says of intervals."""
    rng = np.random.default_rng([seed, 1])
    speakers: list[Speaker] = []
    accuracy = scenario.accuracy
    for person, subject in enumerate(subjects):
        for worn in subject.speaking if subject.host is None else ():
            interval_us = round(SECOND_US / rate_hz) if rate_hz else worn.device.interval_s * SECOND_US
            upload_us = interval_us if rate_hz else max(interval_us, worn.device.upload_s * SECOND_US)
            locates = worn.device.kind in LOCATING_KINDS
            if worn.device.kind is DeviceKind.HOME_UNIT:
                interval_us = upload_us if rate_hz else _listens_us(upload_us)
            phase_us = int(len(speakers) * GOLDEN % 1.0 * interval_us) // MS * MS
            begin_us = max(0, worn.from_us - run.start_us)
            phase_us += -(-max(0, begin_us - phase_us) // interval_us) * interval_us
            until_us = min(worn.to_us, run.end_us) - run.start_us
            spread = accuracy.typical_m * math.exp(SPREAD * rng.standard_normal())
            acc_m = float(np.clip(spread, accuracy.best_m, max(accuracy.best_m, accuracy.worst_m / (1 + BREATH))))
            msgpack = bool(rng.random() < scenario.wire.msgpack)
            beacon = worn.device.kind is DeviceKind.HOME_UNIT and worn is not subject.speaking[0]
            times = phase_us, interval_us, upload_us, until_us
            speakers.append(Speaker(worn.device.id, person, worn, locates, *times, acc_m, msgpack, beacon))
    return speakers
