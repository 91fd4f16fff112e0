"""What has come since a list of positions: those alone who moved, where it may be seen, with one entry in the audit for many looks."""

from __future__ import annotations

from typing import Any

import pytest

from api.cursors import write_cursor
from api.sittings import SITTING_US, SITTINGS_KEPT, Sittings
from domain.callers import Caller
from domain.instants import MINUTE_US, SECOND_US
from domain.records import Version
from domain.vocabulary import Role
from tests.api.doors import SOMEBODY, asks
from tests.api.serving import app_over, client_of
from tests.api.sides import Side
from tests.api.test_positions import FARE, INSIDE, OUTSIDE, PC, SUE, fix, fleet, looks, opened, wearer
from tests.api.working import OLA, Working
from tests.store.made import NOON, fixes_of, wearer_records, work_of

MANY = 100


async def asked(at: Working, path: str, who: dict[str, str]) -> Any:
    answer = await at.client.get(path, headers=who)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def begun(at: Working, who: dict[str, str] = OLA) -> str:
    """The `moves` of a whole list."""
    page = await asked(at, "/api/v1/positions", who)
    assert page["gone"] == []
    assert page["moves"] is not None
    return str(page["moves"])


def of(page: Any) -> list[str]:
    return [item["wearer"] for item in page["items"]]


async def test_only_those_who_moved_come_and_a_later_look_goes_on_from_there(database_url: str) -> None:
    async with fleet(database_url) as at:
        first = await begun(at)
        nothing = await asked(at, first, OLA)
        assert (of(nothing), nothing["gone"], nothing["next"]) == ([], [], None)
        await fix(at, 2, NOON + SECOND_US, OUTSIDE)
        moved = await asked(at, nothing["moves"], OLA)
        assert of(moved) == ["W2"]
        assert (moved["items"][0]["lon"], moved["items"][0]["lat"]) == OUTSIDE
        assert of(await asked(at, moved["moves"], OLA)) == []
        assert of(await asked(at, first, OLA)) == ["W2"], "an answer that was lost is asked for again"


async def test_who_is_sealed_now_leaves_the_list_once_and_who_is_permitted_comes_onto_it(database_url: str) -> None:
    async with fleet(database_url) as at:
        path = await begun(at)
        await fix(at, 3, NOON + SECOND_US, OUTSIDE)
        await fix(at, 4, NOON + SECOND_US, INSIDE)
        moved = await asked(at, path, OLA)
        assert (of(moved), moved["gone"]) == (["W4"], ["W3"])
        await fix(at, 3, NOON + 2 * SECOND_US, OUTSIDE)
        again = await asked(at, moved["moves"], OLA)
        assert (of(again), again["gone"]) == ([], []), "when somebody was somewhere is nobody's to know"


async def test_the_audit_has_one_entry_for_a_sitting_and_one_for_whoever_comes_onto_the_list(database_url: str) -> None:
    async with fleet(database_url) as at:
        path = await begun(at)
        for second in (1, 2, 3):
            await fix(at, 2, NOON + second * SECOND_US)
            path = (await asked(at, path, OLA))["moves"]
        told = {"areas": None, "requests": [], "until": "2026-11-21T12:15:00Z"}
        whole = ["W2", "W3", "W5", "W7"]
        assert [(who, subjects) for who, subjects, _ in looks(at)] == [("ola", whole)] * 2
        assert looks(at)[1][2] | {"until": None} == told | {"shown": "moves", "number": 4, "until": None}
        await fix(at, 4, NOON + SECOND_US, INSIDE)
        assert of(await asked(at, path, OLA)) == ["W4"]
        assert looks(at)[2][:2] == ("ola", ["W4"])
        assert len(looks(at)) == 3


async def test_a_sitting_ends_and_is_its_callers_alone(database_url: str) -> None:
    async with fleet(database_url) as at:
        path = await begun(at)
        await fix(at, 2, NOON + SECOND_US)
        for who in (SUE, asks("ola", "officer", "kent"), OLA | {"Test-Session": "another"}):
            page = await asked(at, path, who)
            assert (page["items"], page["moves"]) == ([], None)
        at.clock.now_us += SITTING_US
        page = await asked(at, path, OLA)
        assert (page["items"], page["moves"]) == ([], None)


async def test_moves_are_cut_to_the_sight_and_to_what_the_police_may_see(database_url: str) -> None:
    async with fleet(database_url) as at:
        await opened(at, 2)
        officer = asks("dee", "officer", "essex")
        paths = [(who, await begun(at, who)) for who in (officer, PC, FARE)]
        for number in (2, 5, 7):
            await fix(at, number, NOON + SECOND_US)
        assert [of(await asked(at, path, who)) for who, path in paths] == [["W7"], ["W2"], []]


async def test_a_list_says_how_many_are_not_on_it_and_why(database_url: str) -> None:
    async with fleet(database_url) as at:
        page = await asked(at, "/api/v1/positions", OLA)
        assert page["left_out"] == {"sealed": 2, "unheard": 1}, "W4 and W6; W1 was never heard"
        part = await asked(at, "/api/v1/positions?limit=2", OLA)
        assert (part["moves"], part["left_out"]) == (None, None)


async def test_a_variation_counts_with_the_next_move(database_url: str) -> None:
    async with fleet(database_url) as at:
        path = await begun(at)
        ended = [Version(one.record, cancelled=True) for one in wearer(2, "trail") if one.record.id == "C2"]
        await at.made.learn(*ended)
        await fix(at, 2, NOON + SECOND_US)
        moved = await asked(at, path, OLA)
        assert (of(moved), moved["gone"]) == ([], ["W2"])


@pytest.mark.parametrize("since", ["", "; drop", "abcd", write_cursor("W1"), write_cursor(("x", "y")), "a" * 513])
async def test_what_is_no_cursor_is_said_by_its_field(side: Side, since: str) -> None:
    async with client_of(app_over(side)) as client:
        answer = await client.get("/api/v1/positions", params={"since": since})
        assert answer.status_code == 422
        assert "since" in answer.text


async def test_both_sides_give_what_came_after_a_mark(side: Side) -> None:
    for number in (1, 2):
        await side.learn(wearer_records(f"W{number}", f"T{number}"))
        facts = fixes_of(side.roster.index[f"T{number}"], [1], NOON - MINUTE_US)
        await side.commit(work_of(0, side.roster, facts))
    _, tracked, mark = await side.reading.positions_marked(None, MANY)
    assert tracked == 2
    rows, later = await side.reading.moves(mark)
    assert (len(rows), later) == (0, mark)
    facts = fixes_of(side.roster.index["T2"], [2], NOON - MINUTE_US + SECOND_US)
    await side.commit(work_of(0, side.roster, facts))
    rows, later = await side.reading.moves(mark)
    assert [(row.wearer, row.seq) for row in rows.rows()] == [("W2", 2)]
    assert rows.rows() == (await side.reading.positions(None, MANY))[1:]
    assert len((await side.reading.moves(later))[0]) == 0
    assert list((await side.reading.moves(0))[0].wearers) == ["W1", "W2"]


def test_no_more_sittings_are_kept_than_there_may_be() -> None:
    sittings = Sittings()
    first = sittings.begin(SOMEBODY, ["W1"], NOON)
    for n in range(SITTINGS_KEPT - 1):
        sittings.begin(Caller(f"u{n}", Role.OPERATOR), [], NOON)
    assert sittings.of(SOMEBODY, first.id, NOON) is first
    sittings.begin(SOMEBODY, [], NOON)
    assert sittings.of(SOMEBODY, first.id, NOON) is first, "it was asked for last"
    for n in range(SITTINGS_KEPT):
        sittings.begin(Caller(f"v{n}", Role.OPERATOR), [], NOON)
    assert sittings.of(SOMEBODY, first.id, NOON) is None
