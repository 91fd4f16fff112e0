"""A real TimescaleDB and a real Mosquitto, without root and without touching the system (`private_prefix`).

Debian 13 has both; they run on any Debian or Ubuntu of the same architecture. Elsewhere give the tests running ones:
``BAILIWICK_TEST_DATABASE_URL`` and ``BAILIWICK_TEST_MQTT_URL`` (``deploy/compose.tests.yaml`` starts both).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from bailiwick.parts.postgres_server import PostgresBinaries
from bailiwick.parts.private_prefix import Wanted, private_prefix, versions_in
from bailiwick.parts.processes import PartFailed

SUITE = "trixie"
POSTGRES_BIN = "usr/lib/postgresql/17/bin"
PROJECT_FOLDER = Path(__file__).resolve().parents[2]
PARTS_CACHE = PROJECT_FOLDER / ".cache" / "parts"

WANTED = Wanted(
    name="real-parts",
    suite=SUITE,
    packages=(
        "postgresql-17",
        "postgresql-client-17",
        "postgresql-17-timescaledb",
        "mosquitto",
        "mosquitto-clients",
        "patchelf",
    ),
    programs=(POSTGRES_BIN, "usr/sbin/mosquitto", "usr/bin/mosquitto_pub", "usr/bin/mosquitto_sub"),
    drop=("usr/lib/postgresql/17/lib/llvmjit.so", "usr/share/doc/*/*.gz"),
)
TIMESCALE_SETTINGS = (
    ("shared_preload_libraries", "timescaledb"),
    ("timescaledb.telemetry_level", "off"),
    ("timescaledb.max_background_workers", "2"),
)
ADVICE = "or give the tests running ones: BAILIWICK_TEST_DATABASE_URL and BAILIWICK_TEST_MQTT_URL"


@dataclass(frozen=True, slots=True)
class RealParts:
    """Where they are, and which."""

    timescale: PostgresBinaries
    mosquitto: Path
    versions: dict[str, str]


def real_parts(cache: Path = PARTS_CACHE) -> RealParts:
    """Made when they are not there yet (about 10 s). Raises `PartFailed` with one line on what is missing."""
    try:
        prefix = private_prefix(WANTED, cache)
    except PartFailed as error:
        raise PartFailed(f"a real TimescaleDB and Mosquitto cannot be had: {error}; {ADVICE}") from error
    binaries = PostgresBinaries(prefix / POSTGRES_BIN, TIMESCALE_SETTINGS, "Debian's packages")
    return RealParts(binaries, prefix / "usr" / "sbin" / "mosquitto", versions_in(prefix))


def main() -> None:
    """``python -m bailiwick.parts.real_parts``: makes them, and says where they are."""
    try:
        parts = real_parts()
    except PartFailed as error:
        sys.exit(str(error))
    named = ("postgresql-17", "postgresql-17-timescaledb", "mosquitto")
    print(", ".join(f"{name} {parts.versions[name]}" for name in named), "in", parts.timescale.folder.parents[4])


if __name__ == "__main__":
    main()
