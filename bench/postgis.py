"""A PostgreSQL with PostGIS for the benchmarks alone, without root: `bailiwick.parts.private_prefix`."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bailiwick.parts.postgres_server import PostgresBinaries, PostgresServer
from bailiwick.parts.private_prefix import Wanted, private_prefix, versions_in
from bailiwick.parts.real_parts import PARTS_CACHE, POSTGRES_BIN, SUITE

EXTENSIONS = "usr/share/postgresql/17/extension"

WANTED = Wanted(
    name="postgis",
    suite=SUITE,
    packages=(
        "postgresql-17",
        "postgresql-client-17",
        "postgresql-17-postgis-3",
        "postgresql-17-postgis-3-scripts",
        "proj-data",
        "patchelf",
    ),
    programs=(POSTGRES_BIN,),
    drop=("usr/lib/postgresql/17/lib/llvmjit.so", "usr/share/doc/*/*.gz"),
)


@contextmanager
def started_postgis() -> Iterator[tuple[psycopg.Connection, dict[str, str]]]:
    """A connection to a fresh database with the extension, and the versions; gone afterwards. Raises `PartFailed`."""
    prefix = private_prefix(WANTED, PARTS_CACHE)
    _name_extension(prefix)
    # PROJ looks its data up where Debian puts them; ours are below the prefix.
    os.environ["PROJ_DATA"] = str(prefix / "usr" / "share" / "proj")
    folder = Path(tempfile.mkdtemp(prefix="bailiwick-bench-"))
    folder.chmod(0o711)
    database = PostgresServer(PostgresBinaries(prefix / POSTGRES_BIN), folder / "postgis" / "data", folder / "log")
    try:
        database.start()
        with psycopg.connect(database.url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION postgis")
            yield connection, versions_in(prefix)
    finally:
        database.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _name_extension(prefix: Path) -> None:
    """What the package's installation does through the system's alternatives: the name without a version."""
    extensions = prefix / EXTENSIONS
    control = extensions / "postgis.control"
    if not control.exists():
        control.symlink_to(extensions / "postgis-3.control")
