"""What `bailiwick simulate` and the demo call: a caseload brought to life and played.

Bad scenarios, caseloads and addresses are one clear line on standard error and exit code 2.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module, resources
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

from domain.caseload_file import read_caseload
from domain.errors import BailiwickError
from domain.instants import SECOND_US, format_instant, parse_instant
from domain.records import Fitting, Version
from domain.wire_commands import INTERVAL_LAST_S
from simulators.caseload import as_lines, generate
from simulators.devices import Devices
from simulators.estate import estate
from simulators.feed import feed_lines
from simulators.files_asked import check_written, is_standard, naming
from simulators.fleet import Fleet, Progress, Tally, quiet
from simulators.link import Address
from simulators.lives import live_all
from simulators.out_of_run import never_happens
from simulators.reaching import reach
from simulators.scenario import Scenario
from simulators.scenario_file import START_FIRST, START_LAST, may_begin, read_scenario, read_scenario_over_mqtt
from simulators.scenes import Life
from simulators.speakers import Speaker, speakers_of
from simulators.subjects import Run, Subject, subjects_of
from simulators.telling import DONE, FAILED, printing, told
from simulators.truth import truth_lines, write_truth

USUAL_DURATION_S: Final = 600.0
SHORT_RUN_S: Final = 3600.0
"""In a run up to this, the curfews of an invented caseload begin within it."""
LONGEST_S: Final = 3660 * 86_400.0
MOST_WEARERS: Final = 1_000_000
RATES_HZ: Final = (1 / INTERVAL_LAST_S, 100.0)
"""Of one device: a caseload has no longer interval than a day."""
FEED_START_US: Final = parse_instant("2026-11-21T18:00:00Z")
"""When a feed of an invented caseload begins: a fixed instant, so that the same seed gives the same bytes."""


@dataclass(frozen=True, slots=True)
class SimulateConfig:
    """What the command line asks for. Exactly one of ``caseload`` and ``wearers``, and of ``broker`` and ``feed``.

    Attributes
    ----------
    broker : URLs with commas between; devices are shared out over them.
    feed : a file to write instead, `-` for standard output.
    rate_hz : messages a second of every device; None: as the caseload says.
    start_us : when the run begins; None: now with a broker, else when the scenario says, or when the caseload's last device is fitted.
    lives : a file for who lived how, to tell a score apart by.
    gen : the ``gen`` of every device; None: 0 in a feed, and with a broker a number that no run before used.
    """

    caseload: Path | None = None
    wearers: int | None = None
    broker: str | None = None
    feed: Path | None = None
    rate_hz: float | None = None
    scenario: Path | None = None
    seed: int = 1
    duration_s: float = USUAL_DURATION_S
    truth: Path | None = None
    lives: Path | None = None
    as_json: bool = False
    start_us: int | None = None
    gen: int | None = None


class Refused(BailiwickError):
    """What was asked for cannot be done; the text is the one line that says why."""


@dataclass(slots=True)
class Simulation:
    """A caseload brought to life for one run: who, what happens to them, and their devices."""

    run: Run
    scenario: Scenario
    seed: int
    subjects: list[Subject]
    lives: list[Life]
    speakers: list[Speaker]
    devices: Devices

    @classmethod
    def prepare(
        cls,
        versions: Iterable[Version],
        run: Run,
        scenario: Scenario,
        seed: int,
        rate_hz: float | None = None,
        gen: int = 0,
    ) -> Simulation:
        """Draws everybody's run. The same arguments give the same run. Raises `Refused` when nobody would speak."""
        subjects = subjects_of(versions, run, seed)
        if not subjects:
            raise Refused("nobody in the caseload wears a device that speaks during the run")
        lives = live_all(subjects, run, scenario, seed)
        speakers = speakers_of(subjects, run, scenario, seed, rate_hz)
        devices = Devices(speakers, subjects, lives, run, seed, gen, scenario.clocks.skew_s)
        return cls(run, scenario, seed, subjects, lives, speakers, devices)

    async def play(self, brokers: Sequence[str], connect_s: float, progress: Progress = quiet) -> Tally:
        """Plays the run at its own time over MQTT. Raises `BadSetting` for an address that is none."""
        addresses = [Address.parse(url) for url in brokers]
        fleet = Fleet(
            self.devices, self.lives, addresses, self.scenario.network, self.seed, progress, self.scenario.hostile
        )
        gc.collect()
        gc.freeze()  # what was made so far stays: the collector need not walk it while messages are due
        try:
            return await fleet.run(connect_s)
        finally:
            gc.unfreeze()

    def truth(self) -> Iterator[dict[str, Any]]:
        """What really happens in the run, as truth lines."""
        return truth_lines(self)

    def sent_ms(self) -> dict[tuple[str, int], int]:
        """When items were sent that were not sent at once, by (device, seq); all others were sent at their ``t``."""
        return {
            (self.speakers[device].id, seq): sent
            for device, low, high, sent in self.devices.late
            for seq in range(low, high + 1)
        }

    def last_seqs(self) -> dict[str, int]:
        """The highest ``seq`` that each device sent: it sent every one from 1 to that."""
        return {s.id: n for s, n in zip(self.speakers, self.devices.sent_seq().tolist(), strict=True)}


def start_up_s(devices: int) -> float:
    """How long before its start a run of so many devices is best prepared: to draw it, and to connect everybody."""
    return 3.0 + devices / 2000 + connect_s(devices)


def connect_s(devices: int) -> float:
    """Seconds in which so many devices connect to any of the brokers we know."""
    return 2.0 + devices / 900


def timezone_names() -> frozenset[str]:
    """The names of the pinned tzdata package."""
    text = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(text.split())


def simulate(config: SimulateConfig) -> int:
    """The command. Progress goes to standard error, with ``as_json`` what was done to standard output (a feed there: to standard error)."""
    return told(lambda: _simulated(config), "simulate")


def _simulated(config: SimulateConfig) -> int:
    _check(config)
    read = read_scenario_over_mqtt if config.broker else read_scenario
    scenario = read(config.scenario) if config.scenario else Scenario()
    done = _play(config, scenario) if config.broker else _write_feed(config, scenario)
    if config.as_json:
        with printing():
            print(json.dumps(done), file=sys.stderr if _to_stdout(config) else sys.stdout)
    return DONE if done.get("held", 0) + done.get("dropped", 0) == 0 else FAILED


def _check(config: SimulateConfig) -> None:
    if (config.caseload is None) == (config.wearers is None):
        raise Refused("one of --caseload and --wearers is needed, and only one")
    if (config.broker is None) == (config.feed is None):
        raise Refused("one of --broker and --feed is needed, and only one")
    if config.broker is not None:
        for url in config.broker.split(","):
            Address.parse(url)
    if config.wearers is not None and not 1 <= config.wearers <= MOST_WEARERS:
        raise Refused(f"--wearers: from 1 to {MOST_WEARERS}")
    if config.seed < 0:
        raise Refused("--seed: a whole number, 0 or more")
    if not 0 < config.duration_s <= LONGEST_S:
        raise Refused(f"--duration: more than 0 seconds, at most {LONGEST_S:.0f}")
    if config.rate_hz is not None and not RATES_HZ[0] <= config.rate_hz <= RATES_HZ[1]:
        raise Refused("--rate: at least one message a day (0.0000116 a second), at most 100 a second, of a device")
    _check_files(config)


def _check_files(config: SimulateConfig) -> None:
    asked = {"--caseload": config.caseload, "--scenario": config.scenario}
    read = {option: path for option, path in asked.items() if path is not None}
    asked = {"--feed": None if _to_stdout(config) else config.feed, "--truth": config.truth, "--lives": config.lives}
    written = {option: path for option, path in asked.items() if path is not None}
    check_written(written, read)
    if config.caseload is None:
        check_written({**written, "the invented caseload": _invented_path(config)}, read)


def _to_stdout(config: SimulateConfig) -> bool:
    return is_standard(config.feed)


def _caseload(config: SimulateConfig, scenario: Scenario, start_us: int) -> tuple[list[Version], bytes]:
    """The caseload's records; and the file of an invented one, which is still to be written."""
    if config.caseload is not None:
        try:
            with config.caseload.open("rb") as lines:
                return read_caseload(lines, str(config.caseload), timezone_names())[0], b""
        except OSError as error:
            raise Refused(f"--caseload: {config.caseload}: {error.strerror}") from None
    if config.duration_s <= SHORT_RUN_S:
        records = generate(config.wearers or 0, config.seed, start_us, config.duration_s, config.rate_hz)
    else:
        days = config.duration_s / 86_400
        records = estate(config.wearers or 0, config.seed, start_us, days, config.rate_hz, scenario.people)
    invented = as_lines(records)
    return read_caseload(BytesIO(invented), str(_invented_path(config)), timezone_names())[0], invented


def _begin(config: SimulateConfig, simulation: Simulation, invented: bytes) -> None:
    """Before the run: an invented caseload is written down, for the centre to import, and what will never happen is said."""
    if invented:
        path = _invented_path(config)
        with naming(path):
            path.write_bytes(invented)
        print(f"the invented caseload is in {path}", file=sys.stderr)
    never = never_happens(simulation.scenario, simulation.run, simulation.subjects, simulation.lives)
    if never is not None:
        print(f"{config.scenario}: {never}", file=sys.stderr)


def _invented_path(config: SimulateConfig) -> Path:
    feed = config.feed
    if feed is not None and not _to_stdout(config) and (feed.is_file() or not feed.exists()):
        return feed.with_suffix(".caseload.ndjson")
    return Path(f"simulated-{config.seed}.caseload.ndjson")


def _write_feed(config: SimulateConfig, scenario: Scenario) -> dict[str, Any]:
    asked_us = parse_instant(scenario.run.start) if scenario.run.start else None
    start_us = config.start_us if config.start_us is not None else asked_us
    versions, invented = _caseload(config, scenario, FEED_START_US if start_us is None else start_us)
    if start_us is None:
        fitted = [v.record.from_us for v in versions if isinstance(v.record, Fitting)]
        start_us = -(-max(fitted, default=FEED_START_US) // SECOND_US) * SECOND_US
        if not may_begin(start_us):
            raise Refused(
                f"--caseload: the run would begin when the last device is fitted, at {format_instant(max(fitted))}, "
                f"and must begin from {START_FIRST} to {START_LAST}; a scenario's run.start says when"
            )
    run = Run(start_us, config.duration_s)
    simulation = Simulation.prepare(versions, run, scenario, config.seed, config.rate_hz, config.gen or 0)
    _begin(config, simulation, invented)
    lines = _written(config, feed_lines(simulation.devices, scenario, config.seed))
    return {
        **_told(simulation, config),
        "from": format_instant(run.start_us),
        "until": format_instant(run.end_us),
        "lines": lines,
        "items": int(simulation.devices.sent_seq().sum()),
    }


def _written(config: SimulateConfig, feed: Iterable[bytes]) -> int:
    """Writes the feed, and gives the number of its lines."""
    assert config.feed is not None
    if _to_stdout(config):
        with printing():
            return _lines_to(sys.stdout.buffer, feed)
    with naming(config.feed), config.feed.open("wb") as out:
        return _lines_to(out, feed)


def _lines_to(out: BinaryIO, feed: Iterable[bytes]) -> int:
    lines = 0
    for line in feed:
        out.write(line)
        lines += 1
    return lines


def _play(config: SimulateConfig, scenario: Scenario) -> dict[str, Any]:
    """The run over MQTT, in an event loop of its own. Raises `Unreachable` where a broker cannot be used."""
    assert config.broker is not None
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(reach(Address.parse(url) for url in config.broker.split(",")))
    now_us = time.time_ns() // 1000 // SECOND_US * SECOND_US
    versions, invented = _caseload(config, scenario, now_us)
    fitted = sum(isinstance(v.record, Fitting) for v in versions)
    start_us = config.start_us or time.time_ns() // 1000 + round(start_up_s(fitted) * SECOND_US)
    run = Run(start_us // SECOND_US * SECOND_US, config.duration_s)
    gen = now_us // SECOND_US if config.gen is None else config.gen
    simulation = Simulation.prepare(versions, run, scenario, config.seed, config.rate_hz, gen)
    _begin(config, simulation, invented)
    connecting_s = max(connect_s(len(simulation.speakers)), run.start_us / SECOND_US - time.time())
    with asyncio.Runner(loop_factory=new_loop) as runner:
        tally = runner.run(simulation.play(config.broker.split(","), connecting_s, _show))
    return {**_told(simulation, config), **tally.as_json()}


def _told(simulation: Simulation, config: SimulateConfig) -> dict[str, Any]:
    """Who took part; and the truth is written when it is asked for."""
    told: dict[str, Any] = {"wearers": len(simulation.subjects), "devices": len(simulation.speakers)}
    if config.truth is not None or config.lives is not None:
        paths = [str(path) for path in (config.truth, config.lives) if path is not None]
        with naming(" or ".join(paths)):
            told["truth_lines"] = write_truth(simulation, config.truth, config.lives)
    return told


def new_loop() -> asyncio.AbstractEventLoop:
    """An event loop: uvloop's where there is one (not on Windows): it costs a third less a message."""
    if find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = import_module("uvloop").new_event_loop()
    return loop


def _show(doing: str, tally: Tally) -> None:
    print(
        f"{doing}: {tally.connections} connected, {tally.sent} sent, {tally.acknowledged} acknowledged",
        file=sys.stderr,
    )
