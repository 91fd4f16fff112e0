"""The command `conform`: plays the centre to one device and says of each clause whether it was kept.

Exit codes: 0 nothing that was shown failed, 1 something did or the broker was lost, 2 bad usage.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from domain.errors import BadSetting, BailiwickError
from domain.vocabulary import DeviceKind
from domain.wire_commands import INTERVAL_LAST_S
from domain.wire_topics import DEVICE_PATTERN
from simulators.conforming.bench import Bench, Plan
from simulators.conforming.centre import AtTerminal, BrokerAway, Nobody, Person, address_of, ended, on_broker
from simulators.conforming.clauses import clauses_of, judge_all
from simulators.conforming.guided import GUIDED
from simulators.conforming.log import Log
from simulators.conforming.report import as_json, as_text
from simulators.conforming.steps import STEPS
from simulators.conforming.verdicts import Result

DONE, FAILED = 0, 1
ALL_STEPS: Final = {**STEPS, **GUIDED}
USUAL_WIDTH: Final = 100


@dataclass(frozen=True, slots=True)
class ConformConfig:
    """What the command line asks for; ``steps`` None: all that ``guided`` and ``long`` allow."""

    broker: str
    device: str
    kind: str | None = None
    steps: str | None = None
    guided: bool = False
    long: bool = False
    wait_s: float | None = None
    away_minutes: float = 10.0
    fast_s: int = 15
    interval_s: int | None = None
    upload_s: int | None = None
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    as_json: bool = False
    report: Path | None = None
    settle_s: float = field(default=15.0)


def conform(config: ConformConfig, person: Person | None = None) -> int:
    """The command. Raises `BadSetting` for bad usage, `BrokerAway` where nothing could be heard."""
    plan = _plan(config)
    kind = None if config.kind is None else DeviceKind(config.kind)
    address = address_of(config.broker, config.ca, config.certificate, config.key)
    if config.report is not None and not config.report.resolve().parent.is_dir():
        raise BadSetting(f"--report: there is no folder {config.report.resolve().parent}")
    from_us = time.time_ns() // 1000
    log = Log(config.device, kind, from_us, config.upload_s)

    async def test() -> str | None:
        name = f"bailiwick-conform-{secrets.token_hex(4)}"
        helper = person or (AtTerminal() if plan.guided else Nobody())
        async with on_broker(log, address, name, helper) as bench:
            return await _until_stopped(bench, plan)

    lost = asyncio.run(test())
    return _tell(config, plan, log, from_us, lost)


async def _until_stopped(bench: Bench, plan: Plan) -> str | None:
    """Every step, or those before Ctrl-C; why it ended before its time."""
    work = asyncio.ensure_future(run_steps(bench, plan, _say))
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    with suppress(NotImplementedError, RuntimeError, ValueError):  # in a thread, and on Windows: no signals
        loop.add_signal_handler(signal.SIGINT, stop.set)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        await ended(stopping)
        await ended(work)
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGINT)
    if work.cancelled():
        return "stopped: what was not done stays not shown"
    failure = work.exception()
    if failure is not None and not isinstance(failure, BrokerAway):
        raise failure
    return None if failure is None else str(failure)


async def run_steps(bench: Bench, plan: Plan, say: Callable[[str], None] = lambda _: None) -> None:
    """One step after another; those after listening only if the device was heard."""
    log = bench.log
    for number, name in enumerate(plan.steps, start=1):
        if name != "listen" and not log.heard:
            say(
                f"nothing was heard of {log.device}: is it switched on, is its topic right, may we listen to it? "
                "The other steps are left out"
            )
            break
        say(f"{number} of {len(plan.steps)}: {name}")
        log.ran.add(name)
        await ALL_STEPS[name](bench, plan)
    log.now_us = max(log.now_us, bench.now_us())


def _plan(config: ConformConfig) -> Plan:
    """Raises `BadSetting`."""
    if not DEVICE_PATTERN.fullmatch(config.device):
        raise BadSetting("--device: 1 to 32 of A-Z a-z 0-9 _ -")
    kinds = [kind.value for kind in DeviceKind]
    if config.kind is not None and config.kind not in kinds:
        raise BadSetting(f"--kind: one of {', '.join(kinds)}")
    for option, value in (("--interval", config.interval_s), ("--upload", config.upload_s), ("--fast", config.fast_s)):
        if value is not None and not 1 <= value <= INTERVAL_LAST_S:
            raise BadSetting(f"{option}: 1 to {INTERVAL_LAST_S} seconds")
    if config.wait_s is not None and not 0 < config.wait_s <= INTERVAL_LAST_S:
        raise BadSetting(f"--timeout: over 0, at most {INTERVAL_LAST_S} seconds")
    if not 0 < config.away_minutes <= 7 * 24 * 60:
        raise BadSetting("--away: over 0, at most 10080 minutes")
    return Plan(
        _steps(config),
        config.guided,
        config.wait_s,
        config.away_minutes,
        config.fast_s,
        config.interval_s,
        config.upload_s,
        settle_s=config.settle_s,
    )


def _steps(config: ConformConfig) -> tuple[str, ...]:
    """In their order, listening first; what is asked of no device of this kind is left out."""
    kind = None if config.kind is None else DeviceKind(config.kind)
    if kind is DeviceKind.RF_TAG:
        return ("listen",)
    able = {name for clause in clauses_of(kind) for name in clause.steps} | {"listen"}
    if config.steps is None:
        wanted = set(STEPS) | (set(GUIDED) - {"long"} if config.guided else set())
        wanted |= {"long"} if config.long and config.guided else set()
        return tuple(name for name in ALL_STEPS if name in wanted & able)
    wanted = {name.strip() for name in config.steps.split(",") if name.strip()}
    if wanted - set(ALL_STEPS):
        raise BadSetting(f"--steps: no {', '.join(sorted(wanted - set(ALL_STEPS)))}; there are {', '.join(ALL_STEPS)}")
    if wanted & set(GUIDED) and not config.guided:
        raise BadSetting(
            f"--steps: {', '.join(sorted(wanted & set(GUIDED)))} need somebody beside the device: --guided"
        )
    return tuple(name for name in ALL_STEPS if name in wanted | {"listen"})


def _tell(config: ConformConfig, plan: Plan, log: Log, from_us: int, lost: str | None) -> int:
    judged = judge_all(log)
    result = as_json(log, judged, from_us, plan.steps, _without_secrets(config.broker))
    if config.report is not None:
        try:
            config.report.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise ReportLost(f"{config.report}: {error.strerror}") from None
    print(json.dumps(result) if config.as_json else as_text(log, judged, _width()))
    if lost is not None:
        _say(lost)
    broken = lost is not None and not lost.startswith("stopped")
    return FAILED if broken or any(verdict.result is Result.FAILED for _, verdict in judged) else DONE


class ReportLost(BailiwickError):
    """The report cannot be written."""


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def _width() -> int:
    return shutil.get_terminal_size((USUAL_WIDTH, 24)).columns


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
