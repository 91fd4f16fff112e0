"""The contingency list: who is on it and in which order, that nobody else can read it, and that a changed one is found."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bailiwick.audit_keys import AnchorKey, load_key, make_key
from bailiwick.contingency_command import ContingencyWatch, verify_list_command
from bailiwick.contingency_files import KEPT, LIST, PAGE, SIGNED, fault_of, text_of, write_list
from bailiwick.contingency_list import contingency_list
from domain.instants import HOUR_US, MINUTE_US
from domain.rota import Shift
from domain.vocabulary import Role
from store import Store
from tests.api.access_world import versions_of
from tests.console.world import NAMES, NIGHT, NIGHTS, World, night
from tests.store.alert_making import ZONES

TOLD: dict[str, Any] = {
    "made": "2026-11-21T22:30:00Z",
    "orders_in_force": 1,
    "wearers_in_force": 1,
    "listed": 0,
    "duty": [],
    "wearers": [],
    "not_taken": {"wearers": [], "of": 0},
}


@pytest.fixture
def key(tmp_path: Path) -> AnchorKey:
    assert make_key(tmp_path / "audit.pem")
    return load_key(tmp_path / "audit.pem")


def as_dispatch(url: str) -> str:
    """What the process may that writes the list."""
    return f"{url}{'&' if '?' in url else '?'}options={quote('-c role=bailiwick_dispatch')}"


async def listed(world: World) -> dict[str, Any]:
    async with await Store.open(as_dispatch(world.made.url)) as store:
        return await contingency_list(store, ZONES, world.clock())


async def test_who_is_on_it_and_in_which_order(database_url: str, tmp_path: Path) -> None:
    async with night(database_url, tmp_path) as world:
        shift = Shift(
            "S1", Role.SUPERVISOR, "p1", "S. Able", NIGHT - HOUR_US, NIGHT + HOUR_US, None, None, "+44 1632 960001"
        )
        await world.made.store.rota.enter([shift], "test")
        told = await listed(world)
        # An open critical alert first, of these by need, then by id; the rest by need too.
        assert [one["id"] for one in told["wearers"]][:3] == ["W1001", "W1002", "W1008"]
        worst = [one["alerts"] is not None and one["alerts"]["worst"] == "critical" for one in told["wearers"]]
        assert worst == sorted(worst, reverse=True)
        ranks = [one["rank"] for one, critical in zip(told["wearers"], worst, strict=True) if not critical]
        assert ranks == sorted(ranks)
        first = told["wearers"][0]
        assert (first["place"], first["why"], first["phones"]) == (
            1,
            "must keep away from a protected person",
            ["0700 900000"],
        )
        assert first["staff_safety"] == ["Two people at every visit: a large dog"]
        assert first["orders"][0]["officer"] == {"name": "Dee Farrow", "email": "dee.farrow@example.org"}
        assert first["alerts"]["worst"] == "critical"
        assert {wearer for wearer, *_ in NAMES} <= {one["id"] for one in told["wearers"]}
        assert [one["phone"] for one in told["duty"]] == ["+44 1632 960001"]
        text = json.dumps(told)
        assert not [word for word in ("V1", "Hidden Person", '"lat"', '"lon"', "51.5") if word in text]


async def test_who_is_left_alone_now_is_not_on_it(database_url: str, tmp_path: Path) -> None:
    async with night(database_url, tmp_path, 3, alerts=False) as world:
        world.clock.now_us = NIGHT + 12 * HOUR_US  # half past ten in the morning: no curfew, and old fixes
        told = await listed(world)
        assert told["wearers_in_force"] >= 3
        whys = {one["id"]: one["why"] for one in told["wearers"]}
        assert whys["W1001"] == "must keep away from a protected person"
        assert "nothing asks for contact now" not in whys.values()


async def test_whoever_ingest_does_not_know_of_yet_is_named_apart(database_url: str, tmp_path: Path) -> None:
    async with night(database_url, tmp_path, 3, alerts=False) as world:
        assert (await listed(world))["not_taken"] == {"wearers": [], "of": 0}
        times = {"from": "2026-11-21T20:00:00Z", "to": "2027-02-01T00:00:00Z"}
        place = {"name": "home", "lon": 0.5, "lat": 51.2}
        records = [
            {"type": "wearer", "id": "W2001", "name": "Ines Rook", "phones": ["0700 900321"]},
            {"type": "order", "id": "O2001", "wearer": "W2001", "kind": "community", **times},
            {
                "type": "condition",
                "id": "C2001",
                "order": "O2001",
                "kind": "curfew",
                "place": place,
                "timetable": NIGHTS,
            },
            {"type": "absence", "id": "A2001", "condition": "C2001", **times},
        ]
        await world.made.store.learn(versions_of(*records))
        told = await listed(world)
        (one,) = told["not_taken"]["wearers"]
        assert told["not_taken"]["of"] == 1
        assert (one["id"], one["name"], one["phones"]) == ("W2001", "Ines Rook", ["0700 900321"])
        assert one["entered"] == ["absence", "condition", "order", "wearer"]
        assert "W2001" not in {listed["id"] for listed in told["wearers"]}
        page, text = (write_list(tmp_path / "lists", told, None) / PAGE).read_text(), text_of(told)
        for shown in (page, text):
            assert "Ines Rook" in shown
            assert "0700 900321" in shown
            assert "ngest has not taken it" in shown


async def test_dispatch_writes_it_signed_for_its_owner_alone_and_drops_old_ones(
    database_url: str, tmp_path: Path, key: AnchorKey
) -> None:
    folder = tmp_path / "lists"
    async with (
        night(database_url, tmp_path) as world,
        await Store.open(as_dispatch(world.made.url)) as store,
    ):
        watch = ContingencyWatch(store, ZONES, folder, key)
        for number in range(KEPT + 2):
            await watch.look(world.clock() + number * 15 * MINUTE_US)
        entries = world.ask(
            "SELECT body ->> 'who', body -> 'details' FROM audit_bodies WHERE body ->> 'deed' = 'contingency.read'"
        )
        assert len(entries) == KEPT + 2
        assert entries[0][0] == "dispatch"
        assert entries[0][1]["listed"] >= len(NAMES)
    made = sorted(folder.iterdir())
    assert [path.name for path in made][:1] == ["contingency-20261121T230000Z"]
    assert len(made) == KEPT
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in made:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()} == {0o600}
    page = (made[-1] / PAGE).read_text()
    assert "Alder Finch (W1001)" in page
    assert "0700 900000" in page
    assert "<script" not in page
    assert fault_of(made[-1], {key.id: key.public}) is None


@pytest.mark.parametrize("file", [LIST, PAGE, SIGNED])
def test_a_changed_list_is_found(tmp_path: Path, key: AnchorKey, file: str) -> None:
    made = write_list(tmp_path / "lists", TOLD, key)
    keys = {key.id: key.public}
    assert fault_of(made, keys) is None
    body = (made / file).read_text()
    (made / file).write_text(body.replace("22:30:00", "22:31:00"))
    assert fault_of(made, keys) is not None


def test_another_key_and_no_key_are_found(tmp_path: Path, key: AnchorKey, capsys: pytest.CaptureFixture[str]) -> None:
    made = write_list(tmp_path / "lists", TOLD, key)
    assert "was not given" in (fault_of(made, {}) or "")
    assert make_key(tmp_path / "other.pem")
    other = load_key(tmp_path / "other.pem")
    assert "does not hold" in (fault_of(made, {key.id: other.public}) or "")
    unsigned = write_list(tmp_path / "unsigned", TOLD, None)
    assert verify_list_command(unsigned, {key.id: key.public}) == 1
    assert "was not signed" in capsys.readouterr().out
    assert verify_list_command(made, {key.id: key.public}) == 0


def test_what_a_record_says_is_no_html(tmp_path: Path) -> None:
    line = {
        "place": 1,
        "id": "W1",
        "name": "<b>A</b>",
        "level": None,
        "why": "x",
        "alerts": None,
        "phones": ["<script>"],
    }
    officers = [{"officer": "P. <Able>"}, {"officer": {"name": "Dee Farrow"}}, {"officer": None}]
    line |= {"responsible_adult": None, "orders": officers, "staff_safety": [], "needs": []}
    told = TOLD | {"wearers": [line], "centre_phone": "0800 900 123"}
    page = (write_list(tmp_path, told, None) / PAGE).read_text()
    assert "The monitoring centre: 0800 900 123" in page
    assert "the monitoring centre: 0800 900 123" in text_of(told)
    assert "<script>" not in page
    assert "&lt;b&gt;A&lt;/b&gt;" in page
    assert "P. &lt;Able&gt;, Dee Farrow" in page, "an officer is a text, or an object"


def test_the_list_for_a_terminal_tells_its_time_to_the_second_and_as_utc() -> None:
    nobody = {"listed": 0, "wearers_in_force": 3, "duty": [], "not_taken": {"wearers": [], "of": 0}, "wearers": []}
    told = {"made": "2026-11-21T22:30:00.123456Z", "centre_phone": None, **nobody}
    assert text_of(told).startswith("as of 2026-11-21 22:30:00 UTC: 0 of 3 wearers with an order in force")
