"""docs/database.md names every table, view, role and channel, and its queries run."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

from store.listening import ALERTS_CHANNEL, CASELOAD_CHANNEL, EVENTS_CHANNEL, FIGURES_CHANNEL
from tests.store.made import ask, migrated

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "database.md").read_text(encoding="utf-8")


async def test_every_table_and_view_is_documented(embedded_url: str) -> None:
    async with migrated(embedded_url):
        there = {name for (name,) in ask(embedded_url, "SELECT relname::text FROM pg_class WHERE relnamespace = "
                                         "'public'::regnamespace AND relkind IN ('r', 'v')")}  # fmt: skip
        tables, views = PAGE.split("## Tables")[1].split("Views: ")
        told = {
            name for row in re.findall(r"^\| (`.*?) \|", tables, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
        }
        told |= set(re.findall(r"`(\w+)`", views.split("\n\n")[0]))
        assert told == there


async def test_roles_and_channels_are_documented(embedded_url: str) -> None:
    async with migrated(embedded_url):
        roles = {name for (name,) in ask(embedded_url, "SELECT rolname::text FROM pg_roles WHERE rolname IN "
                                         "('bailiwick_ingest', 'bailiwick_api', 'bailiwick_dispatch', 'bailiwick_exporter', 'bailiwick_statistics')")}  # fmt: skip
        assert set(re.findall(r"^\| `(bailiwick_\w+)` \|", PAGE, re.MULTILINE)) == roles
        assert all(
            f"`{channel}`" in PAGE for channel in (ALERTS_CHANNEL, CASELOAD_CHANNEL, EVENTS_CHANNEL, FIGURES_CHANNEL)
        )


async def test_the_queries_of_the_page_run(database_url: str) -> None:
    async with migrated(database_url):
        (block,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
        queries = [query for query in block.split(";") if query.strip()]
        assert len(queries) == 5
        with psycopg.connect(database_url) as conn:
            for query in queries:
                conn.execute(query.encode()).fetchall()
