"""``make check`` inside of ``make test``: form, lint, types and the import contracts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent

SHIPPED = (
    "domain",
    "geofence",
    "access",
    "evidence",
    "alerts",
    "store",
    "ingest",
    "api",
    "simulators",
    "bailiwick",
    "deploy",
)
BANDIT = ["bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", *SHIPPED]

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "command",
    [["ruff", "format", "--check", "."], ["ruff", "check", "."], ["mypy"], ["lint-imports", "--no-logo"], BANDIT],
    ids=["form", "lint", "types", "contracts", "security"],
)
def test_habit(command: list[str]) -> None:
    program = PROGRAMS / command[0]
    done = subprocess.run([program, *command[1:]], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
