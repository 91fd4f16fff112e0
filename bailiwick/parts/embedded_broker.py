"""The broker from the ``iotcore`` wheel (rumqttd) in a child process, and what it cannot promise.

It accepts connections slowly, one listener some 500 a second, so several stand side by side over one router; each is a
thread, and more of them cost more for every message (18,000 messages a second: two 0.5 of a core, eight 0.7). The centre
has a listener to itself, so that it does not queue behind its devices. MQTT 5 and 3.1.1 have listeners of their own.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bailiwick.parts.processes import LOOPBACK, Child, PartFailed, accepts, free_ports

LISTENERS = 4
"""For devices, of MQTT 5."""
MAX_CONNECTIONS = 40_000
MAX_PAYLOAD_BYTES = 1 << 20
"""Over the 256 KiB of the wire protocol: a message that is too long is to be parked by ingest, not cut off here."""
MAX_IN_FLIGHT = 65_535
"""It is not heeded: 100 is built in for what a subscriber has not acknowledged."""
MAX_OUTGOING_PACKETS = 50_000
"""Handed to the centre at once. It then asks for more in one line with all devices, so when the broker is short of CPU a turn
comes once in a second: with 1,000 a turn ingest starved until the load fell."""
SEGMENT_BYTES = 16 << 20
SEGMENTS = 10
"""What waits for a subscriber that is away or slow: at most this many segments, the oldest dropped."""
CONNECTION_DELAY_MS = 1
"""Between two connections of one listener; 0 ends the listener."""

CANNOT_PROMISE = (
    "the embedded broker keeps its queues in memory, has no access list, and lets a subscriber leave only 100 messages "
    "unacknowledged, so that ingest receives at most once from it: what is on its way when ingest is killed is lost. "
    "Mosquitto, which is taken where it is found, loses nothing"
)


class IotcoreBroker:
    """Started and stopped; memory only, so a restart forgets every session and queue."""

    name = "the embedded one (iotcore)"
    cannot_promise = CANNOT_PROMISE
    at_most_once = True
    """How ingest is to receive from it: with 100 on their way, acknowledging after the commit would stop the flow."""

    def __init__(self, folder: Path, log: Path, listeners: int = LISTENERS) -> None:
        self.folder = folder.resolve()
        self.log = log
        self.port, self.port_v311, *self.device_ports = free_ports(listeners + 2)
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """The centre's own listener; it serves devices too."""
        return f"mqtt://{LOOPBACK}:{self.port}"

    @property
    def urls(self) -> list[str]:
        """Where devices connect; share them out."""
        return [f"mqtt://{LOOPBACK}:{port}" for port in self.device_ports]

    @property
    def url_v311(self) -> str:
        """For clients of MQTT 3.1.1."""
        return f"mqtt://{LOOPBACK}:{self.port_v311}"

    @property
    def child(self) -> Child:
        if self._child is None:
            raise PartFailed("the broker has not been started")
        return self._child

    def start(self) -> None:
        """Returns when connections are taken on every port. Raises `PartFailed`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "iotcore.toml"
        configuration.write_text(self.configuration())
        # Its log names every packet as an error: only what ends it is let through.
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "iotcore",
            "--config",
            configuration,
            "--log-level",
            "CRITICAL",
        ]
        self._child = Child("the embedded broker", command, self.log, folder=self.folder)
        ports = (self.port, self.port_v311, *self.device_ports)
        self._child.wait_ready(lambda: all(accepts(port) for port in ports))

    def configuration(self) -> str:
        """rumqttd's configuration."""
        lines = [
            "id = 0",
            "[router]",
            "id = 0",
            f"max_connections = {MAX_CONNECTIONS}",
            f"max_outgoing_packet_count = {MAX_OUTGOING_PACKETS}",
            f"max_segment_size = {SEGMENT_BYTES}",
            f"max_segment_count = {SEGMENTS}",
        ]
        lines += _listener("v4", 1, self.port_v311)
        for number, port in enumerate((self.port, *self.device_ports), start=1):
            lines += _listener("v5", number, port)
        return "\n".join(lines) + "\n"

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """``kill -9``."""
        self.child.kill()

    def restart(self) -> None:
        """The same ports; every session and queue is forgotten."""
        self.stop()
        self.start()


def _listener(version: str, number: int, port: int) -> list[str]:
    return [
        f"[{version}.{number}]",
        f'name = "{version}-{number}"',
        f'listen = "{LOOPBACK}:{port}"',
        f"next_connection_delay_ms = {CONNECTION_DELAY_MS}",
        f"[{version}.{number}.connections]",
        "connection_timeout_ms = 60000",
        f"max_payload_size = {MAX_PAYLOAD_BYTES}",
        f"max_inflight_count = {MAX_IN_FLIGHT}",
        "dynamic_filters = true",
    ]
