"""One PostgreSQL server over one data folder, on a unix socket that only its owner and root can reach.

It listens on no port: nothing to collide with, nothing for other users of the machine. Without unix sockets (Windows)
this part is not available; give ``BAILIWICK_DATABASE_URL`` instead.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bailiwick.parts.processes import (
    POLL_S,
    STOP_GRACE_S,
    Child,
    PartFailed,
    make_folder,
    run_to_end,
    unprivileged,
)
from bailiwick.parts.usage import children_of

SUPERUSER = "postgres"
PORT = 5432
"""Names the socket file; no port is opened."""
SOCKET_FOLDER_MAX_CHARS = 80
"""The kernel takes 107 for the whole path."""
START_TIMEOUT_S = 120.0
"""Recovery after a kill replays up to ``max_wal_size``."""

TUNING: Mapping[str, str] = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "synchronous_commit": "on",
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    # Parallel workers share memory through /dev/shm, which containers cut to 64 MB.
    "max_parallel_workers_per_gather": "0",
    # Always known, also where the machine has no time-zone data.
    "timezone": "GMT",
    "log_timezone": "GMT",
    "log_min_messages": "warning",
}


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """Where the programs are, and what must be said to this build."""

    folder: Path
    settings: tuple[tuple[str, str], ...] = ()
    origin: str = "the machine"

    def program(self, name: str) -> Path:
        return self.folder / name

    def version(self) -> str:
        """``18.6``. Raises `PartFailed` when the program does not run here."""
        try:
            said = subprocess.run(
                [self.program("initdb"), "--version"], capture_output=True, text=True, check=True, timeout=30
            ).stdout
        except (OSError, subprocess.SubprocessError) as error:
            raise PartFailed(f"PostgreSQL from {self.origin} does not run on this machine: {error}") from error
        match = re.search(r"\d+(?:\.\d+)?", said)
        if match is None:
            raise PartFailed(f"{self.program('initdb')} does not tell its version")
        return match.group()

    def major(self) -> int:
        return int(self.version().partition(".")[0])


class PostgresServer:
    """Made once (``initdb``), then started, stopped, killed and started again over the same folder.

    ``folder`` must be reachable by the account that the server runs as (`processes.unprivileged`).
    """

    def __init__(
        self, binaries: PostgresBinaries, folder: Path, log: Path, settings: Mapping[str, str] | None = None
    ) -> None:
        self.binaries = binaries
        self.folder = folder.resolve()
        self.log = log
        self.account = unprivileged()
        self._settings = {**TUNING, **dict(binaries.settings), **(settings or {})}
        self._child: Child | None = None
        self._socket_folder: Path | None = None

    @property
    def child(self) -> Child:
        if self._child is None:
            raise PartFailed("the database has not been started")
        return self._child

    @property
    def socket_folder(self) -> Path:
        if self._socket_folder is None:
            raise PartFailed("the database has not been started")
        return self._socket_folder

    def url(self, database: str = SUPERUSER) -> str:
        """A libpq URL; the host is the folder of the socket."""
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={quote(str(self.socket_folder), safe='')}&port={PORT}"

    def start(self) -> None:
        """Makes the folder when there is none, and returns when connections are taken. Raises `PartFailed`."""
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        self._socket_folder = self._make_socket_folder()
        command: list[str | Path] = [self.binaries.program("postgres"), "-D", self.folder]
        for name, value in {**self._settings, "unix_socket_directories": str(self._socket_folder)}.items():
            command += ["-c", f"{name}={value}"]
        self._forget_old_state()
        self._child = Child(
            "PostgreSQL",
            command,
            self.log,
            account=self.account,
            environment=_clean_environment(),
            death_signal=signal.SIGINT,  # fast shutdown: clean, without waiting for its clients
        )
        self._child.wait_ready(self._is_ready, START_TIMEOUT_S)

    def stop(self) -> None:
        """Fast shutdown: clients are cut off, everything is written."""
        if self._child is not None:
            self._child.stop(signal.SIGINT, STOP_GRACE_S)
        if self._socket_folder is not None and self._socket_folder != self.folder.parent / "socket":
            shutil.rmtree(self._socket_folder, ignore_errors=True)

    def kill(self) -> None:
        """``kill -9`` of the server and of each of its processes, as when the machine fails."""
        pids = [self.child.pid, *children_of(self.child.pid)]
        for pid in pids:
            _kill_if_there(pid)
        self.child.ends_within(STOP_GRACE_S)
        # A new server is refused while one of the old processes still holds the shared memory.
        deadline = time.monotonic() + STOP_GRACE_S
        while any(_runs(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(POLL_S)

    def restart(self) -> None:
        self.stop()
        self.start()

    def _initialise(self) -> None:
        make_folder(self.folder, self.account)
        command: list[str | Path] = [self.binaries.program("initdb"), "-D", self.folder, "-U", SUPERUSER]
        # "trust" holds for the socket alone, and its folder lets in only the owner.
        command += ["-A", "trust", "-E", "UTF8", "--locale=C"]
        if self.binaries.major() >= 17:
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        run_to_end("initdb", command, self.log, account=self.account, environment=_clean_environment())

    def _make_socket_folder(self) -> Path:
        beside = self.folder.parent / "socket"
        if len(str(beside)) <= SOCKET_FOLDER_MAX_CHARS:
            return make_folder(beside, self.account)
        if self._socket_folder is not None and self._socket_folder.exists():
            return self._socket_folder
        return make_folder(Path(tempfile.mkdtemp(prefix="bailiwick-")), self.account)

    def _forget_old_state(self) -> None:
        """An old ``postmaster.pid`` may still say "ready"; the server writes its own once it holds the folder."""
        pid_file = self.folder / "postmaster.pid"
        if pid_file.exists() and not _runs(int(pid_file.read_text().split("\n", 1)[0])):
            pid_file.unlink()

    def _is_ready(self) -> bool:
        """As ``pg_ctl -w``: the pid is ours, and the eighth line says so."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(self.child.pid) and lines[7].strip() == "ready"


def _clean_environment() -> dict[str, str]:
    """Ours without what would redirect the server's programs (``PGDATA``, ``PGHOST``, locale)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LD_"))}
    return kept | {"LANG": "C", "LC_ALL": "C", "TZ": "UTC"}


def _runs(pid: int) -> bool:
    """Whether a process has this id and is not a corpse that waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _kill_if_there(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
