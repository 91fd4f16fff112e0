"""What was asked of the demo, and what that needs of the machine."""

from __future__ import annotations

import errno
import fcntl
import math
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bailiwick.parts.processes import PartFailed, make_passable, reachable, unprivileged
from bailiwick.parts.real_parts import PROJECT_FOLDER
from domain.errors import BadSetting
from simulators.files_asked import check_written
from simulators.scenario_file import BadScenario, read_scenario_over_mqtt

DATA_FOLDER = PROJECT_FOLDER / ".cache" / "demo"
MARK = "demo"
"""An empty file in each demo's folder: only such a folder is ever removed."""
ENDLESS_S = 24 * 3600.0
"""How long the wearers' lives are drawn for when no duration was given."""
SOON_S = 900.0
"""Curfews begin within so long when no duration was given."""
MAX_RATE_HZ = 1.0
"""A device's interval is whole seconds (contract.md)."""
BASE_DISK_MB = 1500
ITEM_DISK_BYTES = 400
"""An item in the tables, their indexes and the write-ahead log, with room to spare."""


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """What the command line asks for; ``duration_s`` None: until Ctrl-C."""

    wearers: int
    duration_s: float | None
    rate_hz: float
    scenario: Path | None
    report: Path | None
    seed: int
    open_browser: bool
    embedded_broker: bool = False
    folder: Path | None = None

    @property
    def run_s(self) -> float:
        return self.duration_s or ENDLESS_S

    @property
    def curfews_begin_within_s(self) -> float:
        return min(self.duration_s, ENDLESS_S) if self.duration_s else SOON_S

    def check(self) -> None:
        """Raises `BadSetting` for what cannot be asked for."""
        if self.duration_s is not None and not 0 < self.duration_s < math.inf:
            raise BadSetting("--duration: more than 0 seconds, and an end")
        if self.seed < 0:
            raise BadSetting("--seed: a whole number, 0 or more")
        if not 0 < self.rate_hz <= MAX_RATE_HZ:
            raise BadSetting(f"--rate: over 0, at most {MAX_RATE_HZ:g} messages a second of a device")
        if self.report and self.duration_s is None:
            raise BadSetting("--report needs --duration")
        if self.report:
            check_written({"--report": self.report}, {"--scenario": self.scenario} if self.scenario else {})
        if self.scenario:
            try:
                read_scenario_over_mqtt(self.scenario)
            except BadScenario as bad:
                raise BadSetting(str(bad)) from None

    @property
    def scenario_from_anywhere(self) -> str | None:
        """The file as a process in another folder finds it; the name of one that comes with Bailiwick stays a name."""
        if self.scenario is None:
            return None
        return str(self.scenario.resolve() if self.scenario.exists() else self.scenario)

    def disk_mb(self) -> int:
        """What the data folder needs; without a duration, for the first hour."""
        items = self.wearers * self.rate_hz * min(self.run_s, 3600.0)
        return BASE_DISK_MB + round(items * ITEM_DISK_BYTES / (1 << 20))


@contextmanager
def data_folder(wanted: Path | None, needed_mb: int) -> Iterator[Path]:
    """A fresh folder for everything of one demo, held by a lock until the end; what the last one left is removed.

    ``wanted``, or ``.cache/demo`` of the project; where that cannot be used (another user's, or out of the reach of the
    account that the database runs as when we are root), one in the temporary folder, removed at the end.
    Raises `PartFailed` when another demo holds it, it is no demo's, or the disk is too small.
    """
    with ExitStack() as held:
        try:
            folder = held.enter_context(_locked((wanted or DATA_FOLDER).resolve(), named=wanted is not None))
        except OSError as error:
            if wanted:
                raise PartFailed(f"--folder {wanted} cannot be used: {error.strerror}") from None
            folder = held.enter_context(_temporary())
        free_mb = shutil.disk_usage(folder).free >> 20
        if free_mb < needed_mb:
            raise PartFailed(f"{needed_mb} MB of disk are needed at {folder}, {free_mb} MB are free")
        yield folder


@contextmanager
def _locked(folder: Path, *, named: bool) -> Iterator[Path]:
    """Raises `OSError` when it cannot be used."""
    make_passable(folder.parent)
    if not reachable(folder.parent, unprivileged()):
        raise PermissionError(errno.EACCES, "out of the reach of the database's account", str(folder))
    lock = folder.with_name(f"{folder.name}.lock")
    with lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PartFailed(f"another demo is running (it holds {lock})") from None
        if folder.exists():
            # One that a person named may be theirs; our own may have lost its mark when a demo was killed while it cleared it.
            if named and any(folder.iterdir()) and not (folder / MARK).exists():
                raise PartFailed(f"{folder} holds what no demo left: name another with --folder")
            shutil.rmtree(folder)
        make_passable(folder)
        (folder / MARK).touch()
        yield folder


@contextmanager
def _temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bailiwick-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def check_port(host: str, port: int) -> None:
    """Raises `PartFailed` when the console's port cannot be had; nothing has been started yet then."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = (
                "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be had: {error.strerror}"
            )
            raise PartFailed(f"port {port} {why}: choose another with BAILIWICK_API_PORT") from None
