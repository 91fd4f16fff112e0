"""`deploy/`: each process has a database login of its own, and it may do what the process must and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from store import Reading

DEPLOY = Path(__file__).parents[2] / "deploy"
PROCESSES = ("ingest", "dispatch", "api", "exporter", "statistics")


@contextmanager
def logins(url: str) -> Iterator[dict[str, str]]:
    """The URL of each login that `logins.sql` makes; roles belong to the whole server, so under names of this database."""
    own = f"login_{psycopg.conninfo.conninfo_to_dict(url)['dbname']}"
    names = {process: f"{own}_{process}" for process in PROCESSES}
    text = (DEPLOY / "logins.sql").read_text()
    for process, name in names.items():
        text = text.replace(f"bailiwick_login_{process}", name).replace(f":'{process}'", "'an invented word'")
    assert ":'" not in text.partition("CREATE")[2], "every variable of the file is known here"
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(text.encode())
    try:
        yield {process: psycopg.conninfo.make_conninfo(url, user=name) for process, name in names.items()}
    finally:
        with psycopg.connect(url, autocommit=True) as owner:
            for name in names.values():
                owner.execute(f"DROP ROLE {name}".encode())


REFUSED = {
    "ingest": ("DELETE FROM violations", "UPDATE audit_bodies SET body = NULL", "SELECT 1 FROM accounts"),
    "dispatch": (
        "SELECT 1 FROM fixes",
        "DELETE FROM alerts",
        "UPDATE alerts SET severity = 'information'",
        "DELETE FROM audit_entries",
        "SELECT 1 FROM accounts",
    ),
    "api": (
        "DELETE FROM fixes",
        "UPDATE violations SET late = true",
        "TRUNCATE audit_entries",
        "DROP SCHEMA seen CASCADE",
    ),
    "statistics": (
        "SELECT 1 FROM fixes",
        "SELECT 1 FROM violations",
        "SELECT 1 FROM wearers",
        "UPDATE statistics_published SET year = 1",
        "SELECT 1 FROM accounts",
    ),
    "exporter": ("UPDATE alerts SET state = 'cleared'", "DELETE FROM caseload_records", "SELECT 1 FROM accounts"),
}


@pytest.mark.slow
async def test_each_login_is_its_process_and_no_more(database_url: str) -> None:
    with logins(database_url) as of:
        for process, statements in REFUSED.items():
            with psycopg.connect(of[process], autocommit=True) as conn:
                for statement in statements:
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        conn.execute(statement.encode())
        with psycopg.connect(of["statistics"]) as conn:
            assert conn.execute("SELECT count(*) FROM wearer_statistics").fetchone() == (0,)
        async with await Reading.open(of["api"]) as reading:
            assert await reading.ready() is None


def test_the_owners_login_is_for_migrate_and_retention_alone() -> None:
    composed: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    uses = {
        name: {(s["source"], s["target"]) for s in service.get("secrets", []) if isinstance(s, dict)}
        for name, service in composed["services"].items()
    }
    database, retention = "bailiwick_database_url", "bailiwick_retention_database_url"
    assert uses["migrate"] == {("owner_database_url", database)}
    assert uses["ingest"] == uses["ingest-standby"] == {("ingest_database_url", database)}
    assert uses["api"] == {("api_database_url", database)}
    assert uses["dispatch"] == uses["dispatch-second"]
    assert uses["dispatch"] == {("dispatch_database_url", database), ("owner_database_url", retention)}
    named = {source for service in uses.values() for source, _ in service}
    assert named <= set(composed["secrets"])
    documented = (DEPLOY.parent / "docs" / "deployment.md").read_text()
    for secret in composed["secrets"].values():
        file = re.sub(r"^\./secrets/", "", secret["file"])
        assert f"`{file}`" in documented, file
