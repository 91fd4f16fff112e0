"""The command `load`: the simulated fleet as a load, by a plan, against an installed system.

Exit codes: 0 everything was borne (a ramp: a limit was found or none), 1 something gave out or was not taken, 2 bad usage or input.
"""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from typing import Final

from domain.caseload_file import read_caseload
from domain.errors import BadSetting
from domain.instants import SECOND_US
from domain.records import Fitting, Version
from domain.vocabulary import EventCode, EventState
from simulators.caseload import as_lines, generate
from simulators.devices import Devices
from simulators.files_asked import naming
from simulators.fleet import Fleet, Tally
from simulators.link import Address, Exchange
from simulators.lives import live_all
from simulators.loading.asked import LoadConfig, addresses_of, check, invented_path
from simulators.loading.histogram import Histogram
from simulators.loading.limits import Look
from simulators.loading.meter import Conductor, Stages, TimedLink, clock_from
from simulators.loading.plans import Plan, Step, Unplannable, plan_of
from simulators.loading.report import Ran, as_json, as_text
from simulators.loading.watching import Centre, Console, client, key_of
from simulators.reaching import reach
from simulators.scenario import CALM, People, Scenario
from simulators.scenario_file import read_scenario_over_mqtt
from simulators.scenes import DeviceEvent, Life, Silence
from simulators.service import connect_s, new_loop, start_up_s, timezone_names
from simulators.speakers import Speaker, speakers_of
from simulators.subjects import Run, Subject, subjects_of
from simulators.telling import DONE, FAILED, printing, told

STILL: Final = replace(CALM, people=People(days="no", rest_s=0.0))
"""Nobody does anything wrong, and no device rests: the rate is what it is said to be."""
METRICS: Final = "/metrics"


@dataclass(slots=True)
class Prepared:
    """Who takes part, what happens to them, and when. ``cut_us``: when the straps of wearers are cut."""

    run: Run
    plan: Plan
    subjects: list[Subject]
    lives: list[Life]
    devices: Devices
    cut_us: dict[str, int]


def load(config: LoadConfig) -> int:
    """The command. Progress goes to standard error; the report as text or JSON to standard output."""
    return told(lambda: _loaded(config), "load")


def _loaded(config: LoadConfig) -> int:
    check(config)
    if config.write_caseload is not None:
        return _write_caseload(config)
    return tell(_play(config), config)


def tell(ran: Ran, config: LoadConfig) -> int:
    """The report into its file and to standard output, each though the other cannot be written."""
    body = json.dumps(as_json(ran), indent=1)
    try:
        if config.report is not None:
            with naming(config.report):
                config.report.write_text(body + "\n", encoding="utf-8")
    finally:
        with printing():
            print(body if config.as_json else as_text(ran))
    return DONE if ran.good else FAILED


def _write_caseload(config: LoadConfig) -> int:
    """For the centre to import before the run."""
    assert config.write_caseload is not None
    with naming(config.write_caseload):
        config.write_caseload.write_bytes(_invented(config))
    print(f"{config.write_caseload}: import it, then run with --caseload", file=sys.stderr)
    return DONE


def _invented(config: LoadConfig) -> bytes:
    now_us = time.time_ns() // 1000 // SECOND_US * SECOND_US
    return as_lines(generate(config.wearers or 0, config.seed, now_us))


def _versions(config: LoadConfig) -> tuple[list[Version], bytes]:
    """The caseload's records; and the file of an invented one, which is still to be written. Raises `BadSetting`."""
    if config.caseload is None:
        invented = _invented(config)
        return read_caseload(BytesIO(invented), str(invented_path(config)), timezone_names())[0], invented
    try:
        with config.caseload.open("rb") as lines:
            return read_caseload(lines, str(config.caseload), timezone_names())[0], b""
    except OSError as error:
        raise BadSetting(f"--caseload: {config.caseload}: {error.strerror}") from None


def prepare(versions: Iterable[Version], config: LoadConfig, start_us: int, gen: int = 0) -> Prepared:
    """Draws everybody's run. Raises `Unplannable` when nobody would speak, or for a plan that cannot be."""
    wanted = config.wanted
    run = Run(start_us, wanted.warm_up_s + wanted.duration_s)
    scenario: Scenario = read_scenario_over_mqtt(config.scenario) if config.scenario else STILL
    subjects = subjects_of(versions, run, config.seed)
    lives = live_all(subjects, run, scenario, config.seed)
    speakers = speakers_of(subjects, run, scenario, config.seed, 1.0)[config.first_device :]
    speakers = speakers[: wanted.devices or None]
    if not speakers:
        raise Unplannable("nobody in the caseload wears a device that speaks during the run")
    plan = plan_of(replace(wanted, devices=len(speakers)))
    cut_us = _cut_straps(plan, speakers, subjects, lives)
    if plan.away is not None:
        for life in lives:
            life.silences[:] = life.outages[:] = [Silence(plan.away, keeps=True)]
    devices = Devices(speakers, subjects, lives, run, config.seed, gen)
    return Prepared(run, plan, subjects, lives, devices, cut_us)


def _cut_straps(plan: Plan, speakers: list[Speaker], subjects: list[Subject], lives: list[Life]) -> dict[str, int]:
    """Has the wearers' straps cut when the plan says so; when each, microseconds since the run began."""
    if plan.tampers is None:
        return {}
    worn_by = [n for n in dict.fromkeys(s.person for s in speakers) if not subjects[n].is_victim]
    cut = {}
    for person, at_s in zip(worn_by, plan.tampers.times_s(len(worn_by)), strict=False):
        subject, events = subjects[person], lives[person].events
        tag = subject.rf_tags[0] if subject.rf_tags else None
        events[:] = sorted(
            [*events, DeviceEvent(at_s, EventCode.STRAP_TAMPER, EventState.START, tag)], key=lambda event: event.at
        )
        cut[subject.id] = round(at_s * SECOND_US)
    return cut


def _play(config: LoadConfig) -> Ran:
    """The run over MQTT, in an event loop of its own. Nothing is written before all that it needs was reached and read."""
    if config.scenario is not None:
        read_scenario_over_mqtt(config.scenario)  # what is wrong with it is told whether or not the broker is there
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_reach(config))
    versions, invented = _versions(config)
    now_us = time.time_ns() // 1000
    fitted = sum(isinstance(version.record, Fitting) for version in versions)
    start_us = (now_us + round(start_up_s(fitted) * SECOND_US)) // SECOND_US * SECOND_US
    prepared = prepare(versions, config, start_us, now_us // SECOND_US)
    if invented:
        path = invented_path(config)
        with naming(path):
            path.write_bytes(invented)
        print(f"the invented caseload is in {path}", file=sys.stderr)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(play(prepared, config, progress_of(config)))


async def _reach(config: LoadConfig) -> None:
    """Raises `BadSetting` for an address that cannot be asked, `Unreachable` for a broker that cannot be used."""
    async with client(key_of(config.key_file)) as http:
        if config.metrics is not None:
            await Centre(_metrics(config.metrics), http).begin()
        if config.api is not None:
            await Console(config.api, http, Stages(lambda: 0), 0).begin()
    await reach(addresses_of(config))


Progress = Callable[[str], None]


def progress_of(config: LoadConfig) -> Progress:
    """One line a second where somebody looks on."""
    if config.as_json or not sys.stderr.isatty():
        return lambda line: None
    return lambda line: print(line, file=sys.stderr)


async def play(prepared: Prepared, config: LoadConfig, tell: Progress) -> Ran:
    """Plays a run that was prepared. Raises `BadSetting` for an address that cannot be asked."""
    run, plan = prepared.run, prepared.plan
    stages = Stages(clock_from(run.start_us))
    async with client(key_of(config.key_file)) as http:
        centre = None if config.metrics is None else Centre(_metrics(config.metrics), http)
        console = None if config.api is None else Console(config.api, http, stages, run.start_us)
        behind = _nobody_asks if centre is None else centre.behind
        conductor = Conductor(plan, prepared.devices, stages, config.bounds, behind, partial(_shown, tell))
        fleet = conductor.fleet = _fleet_of(prepared, config, stages, conductor, tell)
        async with _watching(centre, console, prepared, conductor, fleet):
            with _stoppable(conductor):
                await _unhindered(fleet, max(connect_s(plan.devices), run.start_us / SECOND_US - time.time()))
            conductor.stop()
    return Ran(
        plan,
        conductor.done,
        stages,
        fleet.tally,
        conductor.memory,
        len(prepared.subjects),
        run.start_us,
        config.seed,
        config.bounds,
        centre,
        console,
        config.knobs,
    )


def _fleet_of(prepared: Prepared, config: LoadConfig, stages: Stages, conductor: Conductor, tell: Progress) -> Fleet:
    def connecting(doing: str, now: Tally) -> None:
        if doing != "running":
            tell(f"{doing}: {now.connections:,d} connected, {now.sent - now.acknowledged:,d} in flight")

    def timed(
        index: int, device: str, address: Address, upload_s: float, exchange: Exchange, session_s: int
    ) -> TimedLink:
        return TimedLink(index, device, address, upload_s, exchange, stages)

    fleet = Fleet(
        prepared.devices,
        prepared.lives,
        addresses_of(config),
        CALM.network,
        config.seed,
        connecting,
        make_link=timed,
        pace=conductor.pace,
    )
    fleet.keep_back(prepared.plan.steps[0].devices)
    return fleet


def _nobody_asks() -> None:
    """What the centre has stored is not known."""


def _metrics(url: str) -> str:
    return url if url.rstrip("/").endswith(METRICS) else url.rstrip("/") + METRICS


def _shown(tell: Progress, look: Look, before: Look, step: Step, taken: Histogram) -> None:
    seconds = max(look.at_s - before.at_s, 1e-9)
    p99 = f"{taken.quantile(0.99):.4f} s" if len(taken) else "-"
    tell(
        f"{look.at_s:8.0f} s  {step.name:<12}{(look.sent - before.sent) / seconds:>9,.0f} sent/s"
        f"{(look.acknowledged - before.acknowledged) / seconds:>9,.0f} taken/s{look.waiting:>9,d} in flight"
        f"{look.connected:>8,d} connected   p99 of the step {p99}"
    )


@asynccontextmanager
async def _watching(
    centre: Centre | None, console: Console | None, prepared: Prepared, conductor: Conductor, fleet: Fleet
) -> AsyncIterator[None]:
    """What is asked of the system meanwhile, and for the last alerts afterwards."""
    async with asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[None]] = []
        if centre is not None:
            await centre.begin()
            tasks.append(group.create_task(centre.follow(conductor.stages.clock_us, lambda: fleet.tally.sent)))
        if console is not None:
            console.expected.update(prepared.cut_us)
            await console.begin()
            tasks += [group.create_task(console.follow_map()), group.create_task(console.follow_alerts())]
        try:
            if console is not None:
                await console.followed()
            yield
            if console is not None:
                await console.last_alerts(conductor.ended_us)
        finally:
            for task in tasks:
                task.cancel()


@contextmanager
def _stoppable(conductor: Conductor) -> Iterator[None]:
    """The first Ctrl-C ends the run and reports of it; the second ends the program."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        conductor.stop()

    with suppress(NotImplementedError, RuntimeError, ValueError):  # in a thread, and on Windows: no signals
        loop.add_signal_handler(signal.SIGINT, stop)
    try:
        yield
    finally:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGINT)


async def _unhindered(fleet: Fleet, connecting_s: float) -> None:
    gc.collect()
    gc.freeze()  # what was made so far stays: the collector need not walk it while messages are due
    try:
        await fleet.run(connecting_s)
    finally:
        gc.unfreeze()
