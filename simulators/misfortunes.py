"""What the world does to devices, whoever wears them: networks away, power cuts, lots with a fault, clocks, counters."""

from __future__ import annotations

from random import Random
from typing import Final

from domain.vocabulary import DeviceKind, EventCode, EventState
from simulators.networks import carrier_of, cell_of
from simulators.scenario import Clocks, Counters, Lot, Outage, Scenario
from simulators.scenes import Scene, Span
from simulators.subjects import Worn

WEEKS_S: Final = 1024 * 7 * 86_400.0
"""A receiver that counts weeks in ten bits is so far off when they have run over."""
SINCE_1970_S: Final = 1_790_000_000.0
FAULT_S: Final = (20.0, 120.0)


def befall(scene: Scene, scenario: Scenario, rng: Random) -> None:
    """Adds to a scene what a scenario does to everybody's devices; what befalls a home unit befalls whose it is."""
    own = scene.subject.host is None
    for outage in scenario.out_of_touch():
        if rng.random() < outage.share and own and _concerns(scene, outage):
            scene.silent(outage.from_s, outage.to_s, keeps=outage.keeps)
            scene.outages.append(scene.silences[-1])
    units = own and scene.speaker.kind is DeviceKind.HOME_UNIT
    for cut in scenario.power_cuts:
        if units and rng.random() < cut.share:
            scene.tell(cut.from_s, EventCode.HOME_UNIT_POWER_LOST, EventState.START)
            scene.tell(cut.to_s, EventCode.HOME_UNIT_POWER_LOST, EventState.END)
    for lot in scenario.lots:
        if rng.random() < lot.share and any(worn.device.lot == lot.lot for worn in _told_of(scene)):
            _false_tampers(scene, lot, rng)


def _concerns(scene: Scene, outage: Outage) -> bool:
    if outage.carrier and carrier_of(scene.speaker.id) != outage.carrier:
        return False
    return not outage.cell or cell_of(scene.subject.home) == int(outage.cell)


def _told_of(scene: Scene) -> list[Worn]:
    """The tag whose strap would be said to be cut: what a home unit hears, else what speaks first."""
    subject, first = scene.subject, scene.subject.speaking[0]
    if first.device.kind is not DeviceKind.HOME_UNIT:
        return [first]
    return [worn for worn in subject.worn if worn.device.id in subject.rf_tags[:1]] or [first]


def _false_tampers(scene: Scene, lot: Lot, rng: Random) -> None:
    """The strap is said to be cut, and a moment later said to be whole."""
    tag = scene.subject.rf_tags[0] if scene.speaker.kind is DeviceKind.HOME_UNIT and scene.subject.rf_tags else None
    at = rng.expovariate(1 / (lot.every_days * 86_400))
    while at < scene.run.duration_s:
        scene.tell(at, EventCode.STRAP_TAMPER, EventState.START, tag)
        scene.tell(at + rng.uniform(*FAULT_S), EventCode.STRAP_TAMPER, EventState.END, tag)
        scene.untrusted_from = min(scene.untrusted_from, at)
        at += FAULT_S[1] + rng.expovariate(1 / (lot.every_days * 86_400))


def jumps_of(clocks: Clocks, duration_s: float, rng: Random) -> list[tuple[Span, float]]:
    """When a device's clock is how many seconds off: 1024 weeks back, or in 1970."""
    if not clocks.jumped or rng.random() >= clocks.jumped:
        return []
    begin = rng.uniform(0.1, 0.7) * duration_s
    return [((begin, begin + clocks.jump_s), -rng.choice((WEEKS_S, SINCE_1970_S)))]


def restarts_of(counters: Counters, duration_s: float, rng: Random) -> list[float]:
    """When a device begins to count at 1 again."""
    if not counters.restarted or rng.random() >= counters.restarted:
        return []
    return [rng.uniform(0.2, 0.8) * duration_s]
