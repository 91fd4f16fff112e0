"""The demo from a bare folder to its report."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
import webbrowser
from collections.abc import Awaitable, Callable
from pathlib import Path

from bailiwick.demo import history
from bailiwick.demo.accounts import FILE as SIGN_IN
from bailiwick.demo.accounts import how_to_sign_in, make_accounts
from bailiwick.demo.config import DemoConfig, check_port, data_folder
from bailiwick.demo.draining import STALLED_S, drained
from bailiwick.demo.figures import EVERY_S, HEADING, figures_line
from bailiwick.demo.fleet_process import ACCOUNT, GO, READY, Orders, orders_file, read_when_there, write_whole
from bailiwick.demo.reporting import Outcome, Run, make_report
from bailiwick.demo.rota import invented_rota
from bailiwick.demo.system import STREETS, System
from bailiwick.parts.processes import Child, PartFailed
from bailiwick.settings import Settings
from domain.errors import BailiwickError
from domain.instants import SECOND_US
from simulators.caseload import as_lines, generate
from simulators.service import start_up_s
from simulators.town_streets import streets
from store import Reading, Store
from store.store import ConnectionLost

CASELOAD = "caseload.ndjson"
ROTA = "rota.ndjson"
POLL_S = 0.2
READY_TIMEOUT_S = 300.0
"""For the caseload to be imported and learnt, and for the devices to have read it."""
SETUP_S = 8.0
SETUP_S_A_WEARER = 1 / 220
"""From now until the run can begin, generously. The caseload holds from then: before it, nobody can be missing."""
MEMORY_EVERY_LINES = 6
"""The kernel walks every page of a process to tell its memory."""
LAST_TICKS_S = 2.5
"""For what only the clock decides, at the end of the run."""
INTERRUPTED = 130


class Interrupted(BailiwickError):
    """Ctrl-C, or SIGTERM."""


def run(config: DemoConfig, settings: Settings) -> int:
    """The command: 0 when done, 1 when something failed or was lost."""
    config.check()
    check_port(settings.api_host, settings.api_port)
    for name in ("database_url", "mqtt_url"):
        if getattr(settings, name) is not None:
            print(f"the demo has parts of its own: BAILIWICK_{name.upper()} is not used", file=sys.stderr)
    with data_folder(config.folder, config.disk_mb()) as folder:
        system = System(folder, settings, config.embedded_broker)
        try:
            return asyncio.run(_with_signals(lambda: Demo(config, system).run()))
        except Interrupted:
            print("stopping")
            return 0 if config.duration_s is None else INTERRUPTED
        except ConnectionLost as error:
            system.check()
            raise PartFailed(f"the database went away: {' '.join(str(error).split())}") from None
        finally:
            system.stop()


async def _with_signals(work: Callable[[], Awaitable[int]]) -> int:
    """Ctrl-C and SIGTERM end the work with `Interrupted`, wherever it is."""
    task = asyncio.ensure_future(work())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise Interrupted("interrupted") from None


class Demo:
    """One run."""

    def __init__(self, config: DemoConfig, system: System) -> None:
        self.config, self.system, self.folder = config, system, system.folder
        self._cpu_before: dict[str, float] = {}
        self._holds_from_s = 0
        self._passwords: dict[str, str] = {}
        self._begun_s = time.monotonic()
        self._usage: dict[str, dict[str, float]] = {"cpu_s": {}, "rss_mb": {}}

    @property
    def _has_history(self) -> bool:
        """Not in a run that is measured: nobody of it is simulated, so nobody knows the truth of it."""
        return self.config.duration_s is None

    async def run(self) -> int:
        self._say(f"data folder {self.folder}")
        await asyncio.to_thread(self._draw_streets)
        self.system.start_parts()
        broker = self.system.broker
        self._say(f"database: PostgreSQL from {self.system.database.binaries.origin}; broker: {broker.name}")
        if broker.cannot_promise:
            self._say(f"note: {broker.cannot_promise}")
        self._say("compiling the rules (half a minute the first time) ...")
        await self._to_its_end(self.system.start_python("warm-up", "-m", "bailiwick.warm_up"))
        await self._enter_caseload()
        self.system.start_api()
        self._say(f"page: {self.system.settings.console()}")
        self._say(f"how to sign in: one account a role, by these passwords (also in {self.folder / SIGN_IN})")
        print(how_to_sign_in(self._passwords), flush=True)
        self.system.start_ingest()
        self.system.start_dispatch()
        self.system.start_exporter()
        self._say("ingest learns the caseload ...")
        async with await Reading.open(self.system.database.url()) as reading:
            await self._until(lambda: _at_work(reading), "ingest is not at work")
            await self._until(lambda: _true((self.folder / READY).exists()), "the simulated devices are not ready")
            if self._has_history:
                await history.tell(self.system.broker.urls[0], self._holds_from_s * SECOND_US)
                self._say(f"to be taken to a breach: sign in as officer, /caseload/{history.ORDER}")
            start_s = self._send_off()
            if self.config.open_browser:
                _open_browser(self.system.settings.console())
            await self._watch(reading, start_s)
            if self.config.duration_s is None:
                return 0
            outcome = await self._reckon(reading, start_s)
        return self._tell(outcome)

    def _draw_streets(self) -> None:
        """The towns' streets, for the map."""
        drawn = json.dumps(streets(self.config.seed), separators=(",", ":"))
        (self.folder / STREETS).write_text(drawn, encoding="utf-8")

    async def _enter_caseload(self) -> None:
        """Generates it, gives it to the fleet, and imports it with the ordinary commands."""
        config, path = self.config, self.folder / CASELOAD
        self._say(f"caseload of {config.wearers:,d} invented wearers ...")
        self._holds_from_s = int(time.time() + SETUP_S + config.wearers * SETUP_S_A_WEARER)
        holds_from_us, within_s = self._holds_from_s * SECOND_US, config.curfews_begin_within_s
        arguments = (config.wearers, config.seed, holds_from_us, within_s, config.rate_hz)
        told = history.records(holds_from_us) if self._has_history else []
        path.write_bytes(await asyncio.to_thread(lambda: as_lines([*generate(*arguments), *told])))
        self._start_fleet(path)
        async with await Store.open(self.system.database.url()) as store:
            await store.migrate()
            self._passwords = await make_accounts(store, self.folder, time.time_ns() // 1000)
        await self._to_its_end(self.system.start_command("import", "import", str(path)))
        rota = self.folder / ROTA
        rota.write_text(invented_rota(time.time_ns() // 1000), encoding="utf-8")
        await self._to_its_end(self.system.start_command("rota", "rota", "import", str(rota)))

    async def _to_its_end(self, child: Child) -> None:
        """Waits for one whose work has an end. Raises `PartFailed` when it fails."""
        await self._until(lambda: _true(child.returncode is not None), f"{child.name} has not ended")
        self.system.finish(child.name)

    def _start_fleet(self, caseload: Path) -> None:
        config = self.config
        orders = Orders(
            folder=str(self.folder),
            caseload=str(caseload),
            scenario=config.scenario_from_anywhere,
            brokers=self.system.broker.urls,
            seed=config.seed,
            rate_hz=config.rate_hz,
            duration_s=config.run_s,
            truth=config.duration_s is not None,
        )
        self.system.start_python("fleet", "-m", "bailiwick.demo.fleet_process", str(orders_file(orders)))

    def _send_off(self) -> float:
        """Tells the fleet when the run begins; gives that in seconds since the epoch."""
        start_s = max(self._holds_from_s, int(time.time() + start_up_s(self.config.wearers)) + 1)
        write_whole(self.folder / GO, {"start_us": start_s * SECOND_US})
        self._say(f"the simulated devices connect; the run begins in {start_s - time.time():.0f} s")
        return float(start_s)

    async def _watch(self, reading: Reading, start_s: float) -> None:
        """Prints figures until the fleet is done; without a duration, for ever."""
        print(HEADING, flush=True)
        shown_s, lines = 0.0, 0
        while self.system.children["fleet"].returncode is None:
            self.system.check()
            now_s = time.time()
            if not self._cpu_before and now_s >= start_s:
                self._cpu_before = self.system.cpu_s()
            if now_s - shown_s >= EVERY_S:
                shown_s = now_s
                print(await figures_line(reading, self.folder, max(0.0, now_s - start_s)), flush=True)
                self._measure(memory=lines % MEMORY_EVERY_LINES == 0)
                lines += 1
            await asyncio.sleep(POLL_S)
        self.system.check()

    def _measure(self, *, memory: bool) -> None:
        """The CPU of each for as long as it is there to be asked, and the most memory seen."""
        cpu, most_mb = self._usage["cpu_s"], self._usage["rss_mb"]
        for part, used_s in self.system.cpu_s().items():
            cpu[part] = max(used_s - self._cpu_before.get(part, 0.0), cpu.get(part, 0.0))
        for part, used_mb in self.system.memory_mb().items() if memory else ():
            most_mb[part] = max(used_mb, most_mb.get(part, 0.0))

    async def _reckon(self, reading: Reading, start_s: float) -> Outcome:
        """Waits until ingest has stored what was sent and the clock has had its say, ends it, and counts."""
        account = read_when_there(self.folder / ACCOUNT) or {"sent": {}}
        await self._drained(reading, sum(account["sent"].values()))
        self._measure(memory=True)
        self.system.finish("api")
        self.system.finish("ingest")
        self.system.finish("dispatch")
        self._say("counting")
        run = Run(self.config, self.folder, self.system.database.url(), round(start_s * SECOND_US))
        return await make_report(run, reading, self._usage, self.system.versions())

    async def _drained(self, reading: Reading, sent: int) -> None:
        """Until everything is stored, or nothing more seems to come."""

        async def stored() -> int:
            return (await reading.counts()).facts

        async def pause() -> None:
            self.system.check()
            await asyncio.sleep(POLL_S)

        if not await drained(stored, sent, time.monotonic, pause):
            self._say(f"nothing more has come for {STALLED_S:g} s")
        await asyncio.sleep(LAST_TICKS_S)

    def _tell(self, outcome: Outcome) -> int:
        print(outcome.summary())
        if self.config.report:
            self.config.report.write_text(json.dumps(outcome.body, indent=1) + "\n")
            self._say(f"report {self.config.report}")
        self._say(f"truth, violations, score and logs: {self.folder}")
        return 0 if outcome.good else 1

    async def _until(self, done: Callable[[], Awaitable[bool]], what: str) -> None:
        """Raises `PartFailed` when a process has ended meanwhile, or it takes too long."""
        deadline_s = time.monotonic() + READY_TIMEOUT_S
        while not await done():
            self.system.check()
            if time.monotonic() > deadline_s:
                raise PartFailed(f"{what} after {READY_TIMEOUT_S:g} s; see the logs in {self.folder}")
            await asyncio.sleep(POLL_S)
        self.system.check()

    def _say(self, text: str) -> None:
        print(f"[{time.monotonic() - self._begun_s:5.1f} s] {text}", flush=True)


async def _true(done: bool) -> bool:
    return done


async def _at_work(reading: Reading) -> bool:
    """Whether ingest says that it is connected to the broker."""
    figures = (await reading.figures()).get("ingest")
    return figures is not None and bool(figures.body.get("connected"))


def _open_browser(address: str) -> None:
    """Where there is a screen; a text browser would take the terminal."""
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(address)
