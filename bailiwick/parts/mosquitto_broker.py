"""One Mosquitto over one data folder, configured as in production (``deploy/mosquitto/mosquitto.conf``)."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bailiwick.parts.private_prefix import made_prefix
from bailiwick.parts.processes import (
    LOOPBACK,
    STOP_GRACE_S,
    Child,
    PartFailed,
    accepts,
    free_port,
    make_folder,
    unprivileged,
)
from bailiwick.parts.real_parts import PARTS_CACHE, PROJECT_FOLDER, WANTED

PRODUCTION_CONFIGURATION = PROJECT_FOLDER / "deploy" / "mosquitto" / "mosquitto.conf"
_OF_PRODUCTION_ALONE = ("acl_file", "password_file", "include_dir", "allow_anonymous", "persistence_location")
_OF_A_LISTENER = ("cafile", "certfile", "keyfile", "require_certificate", "use_identity_as_username")


def find_mosquitto() -> Path | None:
    """The one on PATH, in the usual places of a system, or in the project's cache."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")
    if found:
        return Path(found)
    prefix = made_prefix(WANTED, PARTS_CACHE)
    return prefix / "usr" / "sbin" / "mosquitto" if prefix else None


class MosquittoBroker:
    """Started, stopped, killed and started again on the same port over the same folder; sessions are kept there.

    ``options`` replace lines of the production configuration, for example ``{"max_queued_messages": "10"}``.
    """

    name = "Mosquitto"
    cannot_promise = ""
    at_most_once = False
    """How ingest is to receive from it: acknowledging after the commit."""

    def __init__(
        self, program: Path, folder: Path, log: Path, options: Mapping[str, str] | None = None, port: int | None = None
    ) -> None:
        self.program = program
        self.folder = folder.resolve()
        self.log = log
        self.options = dict(options or {})
        self.port = port or free_port()
        self._child: Child | None = None

    @property
    def url(self) -> str:
        return f"mqtt://{LOOPBACK}:{self.port}"

    @property
    def urls(self) -> list[str]:
        """Where devices may connect: one listener is enough."""
        return [self.url]

    @property
    def child(self) -> Child:
        if self._child is None:
            raise PartFailed("the broker has not been started")
        return self._child

    def start(self) -> None:
        """Returns when connections are taken. Raises `PartFailed`."""
        account = unprivileged()
        make_folder(self.folder, account)
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text(self.configuration())
        configuration.chmod(0o644)
        command: list[str | Path] = [self.program, "-c", configuration]
        self._child = Child("Mosquitto", command, self.log, account=account)
        self._child.wait_ready(lambda: accepts(self.port))

    def configuration(self) -> str:
        """The production configuration with this broker's listener, folder and options."""
        replaced = {*_OF_PRODUCTION_ALONE, *self.options}
        kept = [
            line
            for line in PRODUCTION_CONFIGURATION.read_text().splitlines()
            if line and not line.startswith("#") and line.split()[0] not in replaced
        ]
        own = {"allow_anonymous": "true", "persistence_location": f"{self.folder}/", **self.options}
        lines = [f"{name} {value}" for name, value in own.items() if name not in _OF_A_LISTENER]
        of_listener = [f"{name} {value}" for name, value in own.items() if name in _OF_A_LISTENER]
        return "\n".join([*kept, *lines, f"listener {self.port} {LOOPBACK}", *of_listener, ""])

    def version(self) -> str | None:
        """``2.0.21``; None when it does not tell."""
        said = subprocess.run([self.program, "-h"], capture_output=True, text=True, timeout=10, check=False).stdout
        match = re.search(r"version (\S+)", said)
        return match.group(1) if match else None

    def stop(self) -> None:
        """Asks it to end: it writes sessions and queues first."""
        if self._child is not None:
            self._child.stop(signal.SIGTERM, STOP_GRACE_S)

    def kill(self) -> None:
        """``kill -9``."""
        self.child.kill()

    def restart(self) -> None:
        self.stop()
        self.start()
