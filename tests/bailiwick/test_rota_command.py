"""``bailiwick rota`` and ``bailiwick forces`` against real databases: whole files or nothing, and plain words."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bailiwick.commands import main
from bailiwick.directory import read_directory
from bailiwick.timezones import pinned_time_zones
from domain.instants import parse_instant
from domain.records import Area, Order, Place, Record, Version, Wearer
from domain.vocabulary import AreaKind, OrderKind
from store import Store
from tests.store.made import learn_everything, roster_of

NOON = "2026-11-21T12:00:00Z"
START, END = parse_instant("2026-01-01T00:00:00Z"), parse_instant("2027-01-01T00:00:00Z")
RECORDS: list[Record] = [
    Area("westshire", AreaKind.POLICE_FORCE, "Westshire"),
    Area("eastshire", AreaKind.POLICE_FORCE, "Eastshire"),
    Area("elham", AreaKind.PDU, "Elham", "westshire"),
    Wearer("W1"),
    Order("O1", "W1", OrderKind.COMMUNITY, START, END, area="elham"),
]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(embedded_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line; gives its exit code and what it said."""

    async def prepare() -> None:
        async with await Store.open(embedded_url) as store:
            await store.migrate()
            await store.learn([Version(record) for record in RECORDS])
            await learn_everything(store, 1, roster_of())

    asyncio.run(prepare())
    for name in [name for name in os.environ if name.startswith("BAILIWICK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BAILIWICK_DATABASE_URL", embedded_url)
    monkeypatch.chdir(tmp_path)

    def ran(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return ran


def shift(name: str, role: str, start: str, end: str, **more: Any) -> dict[str, Any]:
    numbers = {"phone": "+44 1632 960001"}
    return (
        {"id": name, "role": role, "person": f"p-{name}", "name": name.title(), "from": start, "to": end}
        | numbers
        | more
    )


def written(name: str, *lines: dict[str, Any]) -> str:
    Path(name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return name


def test_a_rota_is_imported_shown_and_its_gaps_are_found(run: Run) -> None:
    whole = ("2026-11-21T00:00:00Z", "2026-11-29T00:00:00Z")
    day = ("2026-11-21T08:00:00Z", "2026-11-21T20:00:00Z")
    others = [shift(role, role, *whole) for role in ("operator", "duty_manager", "officer")]
    file = written("rota.ndjson", *others, shift("ann", "supervisor", *day, area="elham"))
    assert run("rota", "import", file) == (0, "4 shifts are new, 0 changed, 0 as before\n", "")
    assert run("rota", "import", file)[1] == "0 shifts are new, 0 changed, 4 as before\n"
    code, said, _ = run("rota", "show", "--at", NOON)
    assert code == 0
    assert "supervisor for elham: Ann (+44 1632 960001) until 2026-11-21T20:00:00Z" in said
    code, said, _ = run("rota", "gaps", "--at", NOON, "--days", "2", "--json")
    assert code == 1
    gap = {"role": "supervisor", "area": None, "from": "2026-11-21T20:00:00Z", "to": "2026-11-23T12:00:00Z"}
    assert json.loads(said) == {"gaps": [gap]}
    week = ("2026-11-21T20:00:00Z", "2026-11-28T20:00:00Z")
    run("rota", "import", written("more.ndjson", shift("bob", "supervisor", *week)))
    assert run("rota", "gaps", "--at", NOON, "--days", "2") == (0, "no gap in 2 days\n", "")


def test_a_bad_rota_changes_nothing_and_is_told_by_line_and_field(run: Run) -> None:
    good = shift("ann", "supervisor", "2026-11-21T08:00:00Z", "2026-11-21T20:00:00Z")
    code, said, err = run("rota", "import", written("rota.ndjson", good, good | {"id": "bob", "area": "elam"}))
    assert (code, said) == (2, "")
    assert err.startswith("rota.ndjson:2: area: ")
    assert run("rota", "show", "--at", NOON)[1] == "nobody is on duty\n"
    assert run("rota", "import", "nowhere.ndjson")[0] == 2
    assert run("rota", "show", "--at", "noon")[0] == 2


def boundary(area: str, lon: float) -> dict[str, Any]:
    ring = [[lon, 51.0], [lon + 1, 51.0], [lon + 1, 52.0], [lon, 52.0], [lon, 51.0]]
    return {"type": "Feature", "properties": {"area": area}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def test_boundaries_are_imported_and_found_in_the_directory(run: Run, embedded_url: str) -> None:
    def collection(*features: dict[str, Any]) -> str:
        Path("forces.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return "forces.geojson"

    code, said, err = run("forces", "import", collection(boundary("westshire", 0.0), boundary("elham", 1.0)))
    assert (code, said) == (2, "")
    assert "features[1].properties.area: is 'elham', an area of kind pdu" in err
    both = collection(boundary("westshire", 0.0), boundary("eastshire", 0.9))
    code, said, err = run("forces", "import", both)
    assert (code, said) == (0, "2 boundaries were entered, 0 as before\n")
    assert "warning: " in err
    assert "share 10 % of the smaller" in err
    assert run("forces", "import", both)[1] == "0 boundaries were entered, 2 as before\n"

    async def found() -> tuple[str | None, str | None]:
        async with await Store.open(embedded_url) as store:
            known = await read_directory(store, pinned_time_zones(), parse_instant(NOON))
            return known.forces.force_at(Place("", 1.5, 51.5)), known.forces.home_force("elham", known.areas, None)

    assert asyncio.run(found()) == ("eastshire", "westshire")
