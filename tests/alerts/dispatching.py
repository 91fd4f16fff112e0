"""`bailiwick dispatch` as processes over a real database, with a far end for SMS on loopback, for tests."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alerts.dispatch import wall_clock
from alerts.work_store import AlertWork
from bailiwick.directory import read_directory
from bailiwick.timezones import pinned_time_zones
from domain.instants import DAY_US
from domain.rota import Shift
from domain.vocabulary import AlertCondition, Kind, Role, Severity
from store import Store
from tests.alerts.far_ends import HttpFarEnd, http_far_end
from tests.store.alert_making import Made
from tests.store.made import ask, change_of, learn_everything, violation_of, wearer_records
from tests.waiting import eventually

ZONES = pinned_time_zones()
END_TIMEOUT_S = 30.0
STARTED_S = 60.0
PHONES = {Role.OPERATOR: "+441632960001", Role.SUPERVISOR: "+441632960002", Role.DUTY_MANAGER: "+441632960003"}
SUPERVISOR, DUTY_MANAGER = PHONES[Role.SUPERVISOR], PHONES[Role.DUTY_MANAGER]


class DispatchProcess:
    """One process; its log lines are in ``log``. ``ahead_s``: its clock is so much before ours."""

    def __init__(self, url: str, sms_url: str, log: Path, ahead_s: int) -> None:
        self.log = log
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BAILIWICK_")}
        environment |= {
            "BAILIWICK_DATABASE_URL": url,
            "BAILIWICK_PUBLIC_URL": "https://centre.example",
            "BAILIWICK_SMS_URL": sms_url,
            "BAILIWICK_SMS_BODY": '{"to": "{to}", "body": "{text}", "ref": "{id}"}',
        }
        own = ["-m", "bailiwick", "dispatch"] if not ahead_s else ["-m", "tests.alerts.dispatch_process"]
        command = [sys.executable, *own, *([f"--ahead-s={ahead_s}"] if ahead_s else [])]
        with log.open("wb") as stream:
            self.child = subprocess.Popen(command, stdout=stream, stderr=stream, env=environment)

    async def at_work(self) -> None:
        """Returns when it says so."""

        def says() -> bool:
            assert self.child.poll() is None, self.log.read_text()
            return '"at work"' in self.log.read_text()

        await eventually(says, "dispatch is at work", timeout_s=STARTED_S)

    def kill(self) -> None:
        """``kill -9``."""
        self.child.kill()
        self.child.wait(END_TIMEOUT_S)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(END_TIMEOUT_S)


@dataclass
class Centre:
    """A database with a rota, the far end of SMS, and who dispatches."""

    made: Made
    url: str
    phones: HttpFarEnd
    folder: Path
    processes: list[DispatchProcess] = field(default_factory=list)

    def start(self, ahead_s: int = 0) -> DispatchProcess:
        """One more process."""
        log = self.folder / f"dispatch-{len(self.processes)}.log"
        self.processes.append(DispatchProcess(self.url, self.phones.url(), log, ahead_s))
        return self.processes[-1]

    async def raised(self, first: int, count: int, at_us: int, kind: Kind = Kind.STRAP_TAMPER) -> None:
        """Alerts of wearers W{first} and on, critical, in one commit of ingest's."""
        found = [
            violation_of(f"W{n}-1", kind=kind, condition=None, order=None, decided_us=at_us, from_us=at_us)
            for n in range(first, first + count)
        ]
        await self.made.commit(found, [change_of(one, severity=Severity.CRITICAL) for one in found])

    async def withdrawn(self, wearer: int, at_us: int) -> None:
        """The violation of an alert falls away."""
        found = violation_of(f"W{wearer}-1", 2, kind=Kind.STRAP_TAMPER, decided_us=at_us)
        change = change_of(found, withdrawn=True, state=AlertCondition.CLEARED)
        await self.made.commit([found], [change])

    def messages(self) -> list[dict[str, Any]]:
        """What came by SMS: ``to``, ``body``, ``ref``, in order; also what was not answered."""
        return [json.loads(asked.body) for asked in self.phones.asked]

    def to(self, phone: str) -> list[dict[str, Any]]:
        return [one for one in self.messages() if one["to"] == phone]

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return ask(self.url, query, *parameters)

    async def until(self, condition: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
        """Waits, and tells what the processes said when it is in vain."""
        try:
            await eventually(condition, what, timeout_s)
        except AssertionError:
            print(*(process.log.read_text() for process in self.processes), sep="\n")
            raise

    def all_looked_at(self) -> bool:
        return self.rows("SELECT count(*) FROM outbox WHERE told_at IS NULL") == [(0,)]

    def all_told(self) -> bool:
        return self.rows("SELECT count(*) FROM notifications WHERE state IN ('waiting', 'leased')") == [(0,)]


@asynccontextmanager
async def centre(url: str, folder: Path, wearers: int = 1) -> AsyncIterator[Centre]:
    """Wearers W1 and on, each with a tag; somebody on duty in each role of the centre; nobody dispatches yet."""
    now_us = wall_clock()
    async with (
        await Store.open(url) as store,
        http_far_end() as phones,
        await AlertWork.open(url, ZONES) as work,
    ):
        await store.migrate()
        made = Made(store, work, url, commits=0)
        records = [one for n in range(1, wearers + 1) for one in wearer_records(f"W{n}", f"T{n}", now_us - DAY_US)]
        await store.learn(records)
        made.commits = 1
        await learn_everything(store, 1, made.roster)
        shifts = [
            Shift(f"S-{role}", role, f"p-{role}", f"Invented {role}", now_us - DAY_US, now_us + 2 * DAY_US, phone=phone)
            for role, phone in PHONES.items()
        ]
        await store.rota.enter(shifts, "tests")
        assert len((await read_directory(store, ZONES, now_us)).shifts) == len(PHONES)
        found = Centre(made, url, phones, folder)
        try:
            yield found
        finally:
            for process in found.processes:
                if process.child.poll() is None:
                    process.kill()
            await asyncio.sleep(0)
