"""Node-RED between the broker and a plain table, for `bench.ingest`: what people put together who do not write it themselves.

It comes from the npm registry into .cache/node-red, with the `pg` client; none of their scripts is run. The flow is the one of its own
cookbook: an `mqtt in` node (QoS 1, parsed as JSON) and a function node that inserts each fix through a pool of ten connections. It judges
nothing, and acknowledges when a message arrives.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bailiwick.parts.processes import free_port
from bailiwick.parts.real_parts import PROJECT_FOLDER

FOLDER: Final = PROJECT_FOLDER / ".cache" / "node-red"
WANTED: Final = {"node-red": "5.0.7", "pg": "8.23.1"}
OLDEST_NODE: Final = 24
"""Node-RED asks for 22.9."""
STOP_S: Final = 20.0
SETTLED_S: Final = 1.0
POLL_S: Final = 0.1
CONNECTIONS: Final = 10
TABLE: Final = """CREATE TABLE node_red_fixes (device text, seq bigint, t timestamptz, lat double precision, lon double precision,
    acc double precision, stored_at timestamptz DEFAULT clock_timestamp())"""
INSERT: Final = "INSERT INTO node_red_fixes VALUES ($1, $2, to_timestamp($3), $4, $5, $6)"
FUNCTION: Final = f"""
const device = msg.topic.split('/')[3];
for (const fix of msg.payload.fixes) {{
    await global.get('pool').query({{name: 'put', text: '{INSERT}',
        values: [device, fix.seq, fix.t / 1000, fix.lat, fix.lon, fix.acc]}});
}}
return null;
"""
SETTINGS: Final = """
const {Pool} = require('pg');
module.exports = {
    uiPort: Number(process.env.BENCH_PORT), uiHost: '127.0.0.1', httpAdminRoot: false, httpNodeRoot: false,
    credentialSecret: 'bench', logging: {console: {level: 'warn'}},
    functionGlobalContext: {pool: new Pool({max: Number(process.env.BENCH_CONNECTIONS)})},
};
"""


class NodeRedMissing(Exception):
    """It could not be had; the text says why."""


def installed() -> tuple[Path, dict[str, str]]:
    """The program `node`, and the versions; installs what is not there. Raises `NodeRedMissing`."""
    try:
        programs: Path = import_module("deploy.console").find_node(OLDEST_NODE)
    except SystemExit as error:
        raise NodeRedMissing(str(error)) from error
    package = json.dumps({"private": True, "dependencies": WANTED})
    file = FOLDER / "package.json"
    if not (FOLDER / "node_modules" / "node-red").is_dir() or file.read_text() != package:
        FOLDER.mkdir(parents=True, exist_ok=True)
        file.write_text(package)
        environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        npm: list[str | Path] = [
            programs / "npm",
            "install",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ]
        done = subprocess.run(npm, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NodeRedMissing(done.stderr.strip()[-400:])
    said = subprocess.run([programs / "node", "--version"], capture_output=True, text=True, check=True).stdout
    return programs / "node", {"node-red": WANTED["node-red"], "node": said.strip().removeprefix("v")}


def flow(mqtt_url: str) -> list[dict[str, Any]]:
    """Broker, `mqtt in`, function."""
    address = urlsplit(mqtt_url)
    broker: dict[str, Any] = {
        "id": "b",
        "type": "mqtt-broker",
        "broker": address.hostname,
        "port": str(address.port or 1883),
    }
    broker |= {"clientid": "bench-node-red", "autoConnect": True, "protocolVersion": "5", "keepalive": "60"}
    broker |= {"cleansession": True, "usetls": False}
    taking: dict[str, Any] = {
        "id": "m",
        "z": "f",
        "type": "mqtt in",
        "topic": "em/v1/+/+/up",
        "qos": "1",
        "datatype": "json",
        "broker": "b",
    }
    storing: dict[str, Any] = {"id": "s", "z": "f", "type": "function", "func": FUNCTION, "outputs": 1, "wires": [[]]}
    place = {"x": 100, "y": 100}
    tab = {"id": "f", "type": "tab", "label": "fixes", "disabled": False}
    return [tab, broker, taking | place | {"inputs": 0, "wires": [["s"]]}, storing | place]


class Table:
    """What it has stored."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        connection.execute(TABLE)

    def clear(self) -> None:
        self._connection.execute("TRUNCATE node_red_fixes")

    def settled(self) -> bool:
        """Whether there is something, and it is no longer becoming more."""
        before = -1
        while (now := self._rows()) != before:
            before = now
            time.sleep(SETTLED_S)
        return now > 0

    def wait_for(self, rows: int, deadline_s: float) -> float:
        """Until so many stand there; seconds since the epoch of the last."""
        deadline = time.monotonic() + deadline_s
        while (found := self._rows()) < rows:
            assert time.monotonic() < deadline, f"Node-RED stored {found} of {rows} within {deadline_s:g} s"
            time.sleep(POLL_S)
        last = self._connection.execute("SELECT extract(epoch FROM max(stored_at))::float8 FROM node_red_fixes")
        return float(last.fetchall()[0][0])

    def _rows(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM node_red_fixes").fetchall()[0][0])


@contextmanager
def node_red(node: Path, mqtt_url: str, database_url: str, folder: Path) -> Iterator[Table]:
    """The process over a fresh table; gone afterwards."""
    home = folder / "node-red"
    home.mkdir()
    (home / "settings.js").write_text(SETTINGS)
    (home / "flows.json").write_text(json.dumps(flow(mqtt_url)))
    database = conninfo_to_dict(database_url)
    environment = os.environ | {
        "PGHOST": str(database["host"]),
        "PGUSER": str(database["user"]),
        "PGDATABASE": str(database["dbname"]),
        "PGPORT": str(database.get("port", 5432)),
        "NODE_PATH": str(FOLDER / "node_modules"),
        "BENCH_PORT": str(free_port()),
        "BENCH_CONNECTIONS": str(CONNECTIONS),
    }
    program = FOLDER / "node_modules" / "node-red" / "red.js"
    command: list[str | Path] = [node, program, "--settings", home / "settings.js", "--userDir", home, "flows.json"]
    with psycopg.connect(database_url, autocommit=True) as connection:
        table = Table(connection)
        child = subprocess.Popen(command, cwd=home, env=environment, stdout=subprocess.DEVNULL)
        try:
            yield table
        finally:
            child.terminate()
            child.wait(STOP_S)
