"""A child process that is ours: started, watched, and ended by its process id.

A child ends when we end, also when we are killed (Linux). The kernel ties this to the *thread* that started the child:
start children from the main thread.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from domain.errors import BailiwickError

READY_TIMEOUT_S = 60.0
STOP_GRACE_S = 15.0
POLL_S = 0.02
LOG_TAIL_BYTES = 4096
LOOPBACK = "127.0.0.1"

_LAUNCH = Path(__file__).with_name("launch.py")


class PartFailed(BailiwickError):
    """A part that cannot be had, does not start, or ended by itself: one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a part runs as when we are root; PostgreSQL refuses root."""

    uid: int
    gid: int


def unprivileged() -> Account | None:
    """The account for parts when we are root, ``None`` when we are an ordinary user."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise PartFailed("running as root, and there is no user 'nobody' to run the database as") from None
    return Account(entry.pw_uid, entry.pw_gid)


def reachable(path: Path, account: Account | None) -> bool:
    """Whether ``account`` may pass through every folder above ``path`` and enter it (``path`` need not exist yet)."""
    if account is None:
        return True
    path = path.resolve()
    for folder in (path, *path.parents):
        if not folder.exists():
            continue
        found = folder.stat()
        bit = 0o100 if found.st_uid == account.uid else 0o010 if found.st_gid == account.gid else 0o001
        if not found.st_mode & bit:
            return False
    return True


def make_passable(folder: Path) -> None:
    """Makes a folder, and those above it, where they are missing: everybody may pass, whatever our umask is. Raises `OSError`."""
    if folder.is_dir():
        return
    make_passable(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)


def make_folder(path: Path, account: Account | None = None, mode: int = 0o700) -> Path:
    """Makes a folder that belongs to ``account``; those above it are made so that it can be reached."""
    try:
        make_passable(path.parent)
        path.mkdir(mode=mode, exist_ok=True)
        if account is not None:
            os.chown(path, account.uid, account.gid)
    except OSError as error:
        raise PartFailed(f"cannot make the folder {path}: {error.strerror}") from error
    return path


def free_port() -> int:
    """A TCP port on the loopback address that nobody listens on just now."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many different ones."""
    with ExitStack() as probes:
        taken = [probes.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) for _ in range(count)]
        for probe in taken:
            probe.bind((LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in taken]


def accepts(port: int, host: str = LOOPBACK) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


class Child:
    """One child process in a process group of its own, its output appended to a log.

    ``death_signal`` is what it gets when we are gone. Raises `PartFailed` when the log cannot be written.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        account: Account | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        death_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.log = log
        options = {"parent": os.getpid(), "death_signal": int(death_signal)}
        if account is not None:
            options |= {"uid": account.uid, "gid": account.gid}
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("ab") as output:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_LAUNCH), json.dumps(options), *map(str, command)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=folder,
                    env=None if environment is None else dict(environment),
                    process_group=0,
                )
        except OSError as error:
            raise PartFailed(f"cannot start {name}: {error}") from error

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """``None`` while it runs."""
        return self._process.poll()

    def wait_ready(self, ready: Callable[[], bool], timeout_s: float = READY_TIMEOUT_S) -> None:
        """Returns when ``ready()``. Raises `PartFailed` when the child ends first or the time is over; it is ended then."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if self.returncode is not None:
                raise PartFailed(self.obituary())
            if time.monotonic() > deadline:
                self.kill()
                raise PartFailed(f"{self.name} was not ready within {timeout_s:g} s; see {self.log}")
            time.sleep(POLL_S)

    def obituary(self) -> str:
        """How it ended, in one line with the last line of its log."""
        code = self.returncode
        how = f"was ended by {signal.Signals(-code).name}" if code and code < 0 else f"ended with code {code}"
        return f"{self.name} {how}: {last_line(self.log) or 'it wrote nothing'} (log: {self.log})"

    def stop(self, ask: signal.Signals = signal.SIGTERM, grace_s: float = STOP_GRACE_S) -> None:
        """Asks it to end, and kills it when it has not after ``grace_s``. Nothing happens when it has ended."""
        self.signal(ask)
        if not self.ends_within(grace_s):
            self.kill()

    def ends_within(self, timeout_s: float) -> bool:
        """Waits for it; whether it has ended."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the process itself, not to its group."""
        if self.returncode is None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """Kills the whole group at once (``kill -9``), and waits for the process itself."""
        if self.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()


def last_line(log: Path) -> str:
    """The last line of a log that is not empty, or ''."""
    try:
        with log.open("rb") as handle:
            size = handle.seek(0, os.SEEK_END)
            handle.seek(max(0, size - LOG_TAIL_BYTES))
            lines = handle.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def run_to_end(
    name: str,
    command: Sequence[str | Path],
    log: Path,
    *,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Runs a short-lived program the same way. Raises `PartFailed` when it fails."""
    child = Child(name, command, log, account=account, environment=environment)
    if not child.ends_within(READY_TIMEOUT_S):
        child.kill()
        raise PartFailed(f"{name} did not end within {READY_TIMEOUT_S:g} s; see {log}")
    if child.returncode:
        raise PartFailed(child.obituary())
