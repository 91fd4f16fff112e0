"""The demo's parts and processes: started in order, watched, and ended in the other order."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from bailiwick.audit_keys import make_key
from bailiwick.pack_key import make_demo_key
from bailiwick.parts.embedded_broker import IotcoreBroker
from bailiwick.parts.embedded_database import embedded_database
from bailiwick.parts.mosquitto_broker import MosquittoBroker, find_mosquitto
from bailiwick.parts.postgres_server import PostgresServer
from bailiwick.parts.processes import Child, PartFailed, accepts
from bailiwick.parts.usage import cpu_s, memory_mb, own_memory_mb
from bailiwick.settings import PREFIX, Settings

DATABASE_SETTINGS = {"track_commit_timestamp": "on"}
"""The report measures delays up to the end of the transaction."""
KEY = "audit.pem"
SIGNING_KEY = "packs.p12"
"""What signs, in its folder: a demo's own."""
STREETS = "streets.geojson"
"""What lies under the demo's map, in its folder."""
ENDS_BY_ITSELF = ("warm-up", "fleet", "import", "rota")


@dataclass(slots=True)
class System:
    """Everything that runs for one demo, in ``folder``.

    That one ends by itself is a failure (`check`), but for those whose work has an end.
    """

    folder: Path
    settings: Settings
    embedded_broker: bool = False
    """The embedded broker, even where there is a Mosquitto."""
    database: PostgresServer = field(init=False)
    broker: MosquittoBroker | IotcoreBroker = field(init=False)
    children: dict[str, Child] = field(default_factory=dict)

    def start_parts(self) -> None:
        """The database and the broker. Raises `PartFailed`."""
        self.database = embedded_database(self.folder, DATABASE_SETTINGS)
        self.database.start()
        self.children["database"] = self.database.child
        self.broker = self._make_broker()
        self.broker.start()
        self.children["broker"] = self.broker.child

    def _make_broker(self) -> MosquittoBroker | IotcoreBroker:
        folder, log = self.folder / "broker", self.folder / "broker.log"
        mosquitto = None if self.embedded_broker else find_mosquitto()
        return MosquittoBroker(mosquitto, folder, log) if mosquitto else IotcoreBroker(folder, log)

    def start_ingest(self) -> None:
        self.start_command("ingest", "ingest", *(["--at-most-once"] if self.broker.at_most_once else []))

    def start_dispatch(self) -> None:
        """The console is its only channel, and the broker's; it anchors the audit and writes the contingency list, both signed."""
        make_key(self.folder / KEY)
        self.start_command("dispatch", "dispatch")

    def start_exporter(self) -> None:
        """Makes the exports and breach packs that are asked for on the console or over HTTP; its key proves nothing to others."""
        make_demo_key(self.folder / SIGNING_KEY)
        self.start_command("exporter", "exporter")

    def start_api(self) -> None:
        """Returns when it answers."""
        child = self.start_command("api", "api")
        child.wait_ready(lambda: accepts(self.settings.api_port, self.settings.api_host))

    def start_command(self, name: str, *words: str) -> Child:
        """One of our own commands, as its own process."""
        return self.start_python(name, "-m", "bailiwick", *words)

    def start_python(self, name: str, *words: str) -> Child:
        child = Child(
            name,
            [sys.executable, *words],
            self.folder / f"{name}.log",
            environment=self._environment(),
            folder=self.folder,  # away from a `.env` file that is meant for others
        )
        self.children[name] = child
        return child

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        public = self.settings.public_url
        basemap = self.settings.basemap or (str(self.folder / STREETS) if (self.folder / STREETS).exists() else None)
        return (
            kept
            | ({} if public is None else {f"{PREFIX}PUBLIC_URL": public})
            | ({} if self.settings.centre_phone is None else {f"{PREFIX}CENTRE_PHONE": self.settings.centre_phone})
            | ({} if basemap is None else {f"{PREFIX}BASEMAP": basemap})
            | {
                "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
                f"{PREFIX}DATABASE_URL": self.database.url(),
                f"{PREFIX}MQTT_URL": self.broker.url,
                f"{PREFIX}API_HOST": self.settings.api_host,
                f"{PREFIX}API_PORT": str(self.settings.api_port),
                f"{PREFIX}SECRETS_FOLDER": str(self.folder),
                f"{PREFIX}EXPORTS_FOLDER": str(self.folder / "exports"),
                f"{PREFIX}SIGNING_KEY": str(self.folder / SIGNING_KEY),
                f"{PREFIX}AUDIT_KEY": str(self.folder / KEY),
                f"{PREFIX}CONTINGENCY_FOLDER": str(self.folder / "contingency"),
            }
        )

    def check(self) -> None:
        """Raises `PartFailed` when one has ended that should run, or one with an end to its work has failed."""
        for name, child in self.children.items():
            done = name in ENDS_BY_ITSELF and child.returncode == 0
            if child.returncode is not None and not done:
                raise PartFailed(child.obituary())

    def finish(self, name: str) -> None:
        """Ends one in good order."""
        self.children.pop(name).stop()

    def versions(self) -> dict[str, str | None]:
        """Of the parts."""
        mosquitto = self.broker.version() if isinstance(self.broker, MosquittoBroker) else None
        return {"postgresql": self.database.binaries.version(), "mosquitto": mosquitto}

    def cpu_s(self) -> dict[str, float]:
        """Seconds of CPU so far, of each, and of this process."""
        return {name: cpu_s(child.pid) for name, child in self.children.items()} | {"demo": sum(os.times()[:2])}

    def memory_mb(self) -> dict[str, float]:
        return {name: memory_mb(child.pid) for name, child in self.children.items()} | {
            "demo": own_memory_mb(os.getpid())
        }

    def stop(self) -> None:
        """Ends everything: what feeds before what is fed."""
        for name in ("warm-up", "fleet", "import", "rota", "api", "exporter", "ingest", "dispatch"):
            if name in self.children:
                self.children[name].stop()
        for part in (getattr(self, "broker", None), getattr(self, "database", None)):
            if part is not None:
                part.stop()
