"""Measures over HTTP, out of a real database: clocks, outcomes, precision, and characteristics that the API cannot read."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from pathlib import Path

import psycopg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from bailiwick.commands import app as commands
from domain.instants import DAY_US
from tests.api.doors import asks
from tests.api.working import Working, working
from tests.store.made import ask
from tests.store.test_roles import login_as

pytestmark = [pytest.mark.real, pytest.mark.slow]

ANN = asks("ann", "auditor", "")

BREACHES = """
INSERT INTO breaches (order_id, order_kind, wearer, area, route, status, made_at, made_by)
SELECT 'O1', 'community', 'W' || n, CASE WHEN n <= 20 THEN 'kent' ELSE 'essex' END, 'court 2020-01-01', 'identified',
    '2026-05-05T09:00Z', 'dee' FROM generate_series(1, 23) AS n RETURNING breach_no"""
STEPS = """
INSERT INTO breach_steps (breach_no, step, at, result, note, why, made_at, made_by)
SELECT breach_no, step, at, result, '', '', at, 'dee' FROM breaches, LATERAL (VALUES
    ('identified', '2026-05-05T09:00Z'::timestamptz, NULL),
    ('pack_requested', '2026-05-06T09:00Z', NULL),
    ('pack_sent', CASE WHEN breach_no % 4 = 0 THEN '2026-05-20T09:00Z'::timestamptz ELSE '2026-05-07T16:00Z' END, NULL),
    ('information', '2026-05-12T09:00Z', NULL),
    ('result', '2026-06-12T09:00Z', CASE WHEN breach_no % 7 = 0 THEN 'withdrawn' ELSE 'continues' END)
) AS s (step, at, result) RETURNING 1"""


async def run(words: list[str]) -> Result:
    """A command, beside the loop."""
    return await asyncio.to_thread(CliRunner().invoke, commands, words)


async def enforced(at: Working) -> None:
    """Twenty-three breach cases of May: three of them of essex."""
    for statement in (BREACHES, STEPS):
        at.ask(statement)
    at.ask(
        "INSERT INTO breach_violations (breach_no, choice, violation_id, version, relied, why, told_how, made_at, made_by) "
        "SELECT breach_no, 1, 'W1-1', 1, true, '', '', made_at, 'dee' FROM breaches RETURNING 1"
    )


async def test_measures_of_a_year_leave_out_what_is_small_and_need_no_sight(database_url: str) -> None:
    async with working(database_url, alerts=0) as at:
        await at.made.raised("W1-1", from_us=at.clock() - 203 * DAY_US)
        await enforced(at)
        told = (await at.get("measures?year=2026", ANN)).json()
        assert (told["through"], told["least"]) == ("2026-10", 5)
        measures = {one["id"]: one for one in told["measures"]}
        begun, sent = measures["enforcement_begun"], measures["pack_sent"]
        assert begun["all"]["number"] == 23, "the failure of each is that of the violation it relies on"
        assert (begun["all"]["share"], begun["met"], "84 %" in begun["published"]) == (1.0, True, True)
        assert round(sent["all"]["share"], 2) == round(18 / 23, 2)
        areas = {row["value"]: row["number"] for by in begun["by"] if by["by"] == "area" for row in by["rows"]}
        assert areas == {"essex": None, "kent": None}
        assert [row["number"] for row in sent["months"]][4] == 23
        assert told["outcomes_all"] == 23
        assert {one["result"]: one["number"] for one in told["outcomes"]} == {"continues": None, "withdrawn": None}
        answer = await at.client.get("/api/v1/measures?year=2026&format=csv", headers=ANN)
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["number"] for row in rows if (row["measure"], row["by"]) == ("pack_sent", "all")] == ["23"]
        assert {row["number"] for row in rows if row["by"] == "area"} == {""}
        assert (await at.get("measures", asks("dee", "officer"))).status_code == 403
        assert (await at.get("measures?year=1999", ANN)).status_code == 422
        empty = (await at.get("measures?year=2027", ANN)).json()
        assert (empty["through"], empty["measures"][0]["all"]["number"]) == (None, 0)


async def test_characteristics_are_read_by_the_statistics_job_alone(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with working(database_url, alerts=0) as at:
        await enforced(at)
        lines = ["wearer,sex,age_band,ethnic_group"]
        lines += [f"W{n},{'female' if n % 3 == 0 else 'male'},25 to 34," for n in range(1, 24)]
        file = tmp_path / "c.csv"
        file.write_text("\n".join(lines))
        with login_as(database_url, "bailiwick_statistics") as url:
            user = psycopg.conninfo.conninfo_to_dict(url)["user"]
            monkeypatch.setenv("BAILIWICK_DATABASE_URL", re.sub("//[^@]*@", f"//{user}@", database_url))
            taken = await run(["statistics", "import", str(file), "--json"])
            assert taken.exception is None, repr(taken.exception)
            assert (taken.exit_code, taken.stdout.strip()) == (0, '{"rows": 23, "before": 0}'), taken.output
            published = await run(["statistics", "publish", "2026"])
            assert published.exit_code == 0, published.output
            for query in ("SELECT 1 FROM wearers", "SELECT 1 FROM violations", "SELECT 1 FROM fixes"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    ask(url, query)
            file.write_text(lines[0] + "\nW1,female,,\nW1,male,,\n")
            twice = await run(["statistics", "import", str(file)])
            assert (twice.exit_code, ":3: wearer: is on line 2 too" in twice.output) == (2, True)
            assert ask(url, "SELECT count(*) FROM wearer_statistics") == [(23,)]
        for group in (
            "bailiwick_api",
            "bailiwick_ingest",
            "bailiwick_dispatch",
            "bailiwick_exporter",
            "bailiwick_seeing",
        ):
            with login_as(database_url, group) as url, pytest.raises(psycopg.errors.InsufficientPrivilege):
                ask(url, "SELECT 1 FROM wearer_statistics")
        with login_as(database_url, "bailiwick_api") as url:
            assert len(ask(url, "SELECT told FROM statistics_published")) == 1
        told = (await at.get("measures?year=2026", ANN)).json()["statistics"]
        tables = {one["by"]: one for one in told["tables"]}
        assert set(tables) == {"sex", "age_band", "ethnic_group"}
        shown = [number for table in tables.values() for row in table["counts"] for number in row if number is not None]
        assert shown
        assert all(number == 0 or number >= 5 for number in shown)
        kept = at.ask(
            "SELECT body ->> 'deed', body -> 'details' ->> 'done' FROM audit_bodies WHERE body ->> 'deed' LIKE 'statistics%%' ORDER BY 2"
        )
        assert kept == [("statistics.write", "imported"), ("statistics.write", "published")]
