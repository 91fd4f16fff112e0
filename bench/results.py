"""Where benchmarks leave their results: bench/results/NAME.json, with the machine, the versions, the command, the time."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from domain.instants import format_instant

RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("mqtt5", "aiomqtt", "msgspec", "numba", "numpy", "psycopg", "shapely", "uvloop")
PARTS = (
    "postgresql-17",
    "postgresql-17-timescaledb",
    "postgresql-17-postgis-3",
    "mosquitto",
    "geopandas",
    "pyproj",
    "pandas",
    "node-red",
    "node",
)


def write_result(name: str, result: Mapping[str, Any], command: str, parts: Mapping[str, str] | None = None) -> Path:
    """Write one result and print it; ``parts`` are the versions of the servers that took part."""
    RESULTS.mkdir(exist_ok=True)
    whole = {
        **result,
        "machine": machine(),
        "versions": {
            "python": platform.python_version(),
            **{library: version(library) for library in LIBRARIES},
            **{part: number for part, number in (parts or {}).items() if part in PARTS},
        },
        "command": command,
        "at": format_instant(time.time_ns() // 1_000_000_000 * 1_000_000),
    }
    path = RESULTS / f"{name}.json"
    text = json.dumps(whole, indent=2) + "\n"
    path.write_text(text)
    print(text, end="")
    return path


def machine() -> dict[str, Any]:
    """The machine as far as figures depend on it."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
