"""The demo: from a bare folder to its report, and how it ends when something goes wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx2
import jsonschema
import pytest

from bailiwick.demo import history
from bailiwick.parts.processes import free_port
from bailiwick.parts.usage import children_of
from domain.vocabulary import Role
from tests.waiting import wait_until

PROJECT = Path(__file__).parents[2]
START_S = 240.0
WEARERS = ("--wearers", "40", "--rate", "1", "--no-browser")
NUMBER = {"type": ["number", "null"]}
COUNT = {"type": "integer", "minimum": 0}


def closed(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


REPORT = closed(
    wearers=COUNT,
    connections=COUNT,
    duration_s={"type": "number"},
    rate_hz={"type": "number"},
    sent=COUNT,
    committed=COUNT,
    duplicates=COUNT,
    lost=COUNT,
    dead_letters=COUNT,
    alert_delay_s=closed(p50=NUMBER, p95=NUMBER, p99=NUMBER, max=NUMBER),
    violations={
        "type": "object",
        "additionalProperties": closed(truth=COUNT, found=COUNT, missed=COUNT, false=COUNT, explained=COUNT),
    },
    cpu_s={"type": "object", "additionalProperties": {"type": "number"}},
    rss_mb={"type": "object", "additionalProperties": {"type": "number"}},
    versions={"type": "object", "additionalProperties": {"type": ["string", "null"]}},
)
"""As contract.md has it."""

pytestmark = [pytest.mark.slow, pytest.mark.real]


@contextmanager
def demo(folder: Path, *words: str, port: int | None = None) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A demo that runs, for a person whose files nobody else may read, and the file that it prints to."""
    said = folder / "said.txt"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BAILIWICK_")}
    with said.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bailiwick", "demo", "--folder", str(folder / "data"), *words],
            cwd=PROJECT,
            env=kept | {"BAILIWICK_API_PORT": str(port or free_port())},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            umask=0o077,
        )
    try:
        yield process, said
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def running(process: subprocess.Popen[str], said: Path) -> dict[str, int]:
    """Waits until the simulated devices are at it; the process ids of the parts by what they are."""
    wait_until(lambda: process.poll() is not None or "connected" in said.read_text(), "the demo runs", START_S)
    assert process.poll() is None, said.read_text()
    found = {}
    for pid in children_of(process.pid):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        words = [Path(word.decode()).name for word in command]
        found["ingest" if "ingest" in words else "api" if "api" in words else words[0]] = pid
    return found


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    "broker", [[], ["--embedded-broker", "--scenario", "straps-cut"]], ids=["mosquitto", "embedded"]
)
def test_everything_sent_is_stored_once_and_what_happened_is_found(
    parts_folder: Path, installed_parts: object, broker: list[str]
) -> None:
    report = parts_folder / f"report{len(broker)}.json"
    with demo(parts_folder, *WEARERS, "--duration", "12", "--report", str(report), *broker) as (process, said):
        assert process.wait(START_S + 60) == 0, said.read_text()
        told = said.read_text()
    body = json.loads(report.read_text())
    jsonschema.validate(body, REPORT)
    assert (body["wearers"], body["duration_s"], body["rate_hz"]) == (40, 12.0, 1.0)
    assert (body["connections"], body["lost"], body["duplicates"]) == (40, 0, 0)
    assert body["sent"] == body["committed"] > 40 * 10
    assert (
        {"database", "broker", "ingest", "dispatch", "exporter", "api", "fleet", "demo"}
        == set(body["cpu_s"])
        == set(body["rss_mb"])
    )
    assert ("embedded broker keeps its queues in memory" in told) == bool(broker)
    passwords = json.loads((parts_folder / "data" / "sign-in.json").read_text())
    assert set(passwords) == {role.value for role in Role}
    assert all(f"{name}  " in told and password in told for name, password in passwords.items())


def to_be_taken(client: httpx2.Client, cookie: dict[str, str]) -> bool:
    """Whether the violations of days before are there that the demo has for a breach."""
    answer = client.get("/violations", params={"wearer": history.WEARER}, headers=cookie)
    return sorted(one["kind"] for one in answer.json()["items"]) == ["curfew", "exclusion_zone"]


def test_people_sign_in_by_what_it_prints_and_ctrl_c_ends_every_process(parts_folder: Path) -> None:
    port = free_port()
    with demo(parts_folder, *WEARERS, port=port) as (process, said):
        parts = running(process, said)
        assert {"ingest", "api", "postgres"} <= set(parts)
        passwords = dict(re.findall(r"^ {10}(\w+) +(\S+)$", said.read_text(), re.MULTILINE))
        file = parts_folder / "data" / "sign-in.json"
        assert json.loads(file.read_text()) == passwords
        assert file.stat().st_mode & 0o777 == 0o600
        for role in ("operator", "administrator"):
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}/api/v1") as client:
                answer = client.post("/session", json={"name": role, "password": passwords[role]})
                assert (answer.status_code, answer.json()["role"]) == (201, role)
                assert not answer.json()["must_change_password"]
                if role == "operator":
                    cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
                    wait_until(partial(to_be_taken, client, cookie), "two violations")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, said.read_text()
    assert [name for name, pid in parts.items() if not gone(pid)] == []
    assert "Traceback" not in said.read_text()


@pytest.mark.parametrize("victim", ["ingest", "api", "postgres"])
def test_the_end_of_one_ends_all_and_is_told_in_a_line(parts_folder: Path, victim: str) -> None:
    with demo(parts_folder, *WEARERS) as (process, said):
        parts = running(process, said)
        os.kill(parts[victim], signal.SIGKILL)
        assert process.wait(30) == 1
    assert [name for name, pid in parts.items() if not gone(pid)] == []
    assert "was ended by SIGKILL" in said.read_text().splitlines()[-1]
    assert "Traceback" not in said.read_text()


def test_a_kill_of_the_demo_itself_leaves_nothing_behind(parts_folder: Path) -> None:
    with demo(parts_folder, *WEARERS) as (process, said):
        parts = running(process, said)
        process.kill()
        process.wait()
    wait_until(lambda: all(map(gone, parts.values())), "every process ends")


def test_a_port_that_is_taken_is_one_line_and_starts_nothing(parts_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with demo(parts_folder, *WEARERS, port=port) as (process, said):
            assert process.wait(30) == 1
    assert said.read_text() == (
        f"bailiwick: port {port} is taken by another program: choose another with BAILIWICK_API_PORT\n"
    )


def test_a_second_demo_in_the_same_folder_is_refused(parts_folder: Path) -> None:
    with demo(parts_folder, *WEARERS) as (first, said):
        wait_until(lambda: "data folder" in said.read_text(), "the first has its folder", START_S)
        second_folder = parts_folder / "second"
        second_folder.mkdir()
        (second_folder / "data").symlink_to(parts_folder / "data")
        with demo(second_folder, *WEARERS) as (second, told):
            assert second.wait(30) == 1
        assert "another demo is running" in told.read_text()
        assert first.poll() is None
        first.send_signal(signal.SIGTERM)
        assert first.wait(30) == 0
