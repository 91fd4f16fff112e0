"""Crimes from the file of a force to a name that two people let it see; and what is seen on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import numpy as np

from bailiwick.matcher import Known, Telling, match_once
from domain.facts import Facts
from domain.instants import HOUR_US, MINUTE_US, SECOND_US, format_instant
from store import Reading
from store.matching import CrimeMatching
from tests.api.access_world import versions_of
from tests.api.doors import asks
from tests.api.test_positions import AT_NOON, CASELOAD, FARE, INSIDE, OUTSIDE, PC, SUE, wearer
from tests.api.working import OLA, Working, working
from tests.store.alert_making import ZONES
from tests.store.made import NOON, fixes_of

HOME_AT_NOON = {"place": {"name": "h", "lon": INSIDE[0], "lat": INSIDE[1], "radius_m": 50}, "timetable": [AT_NOON]}
PEOPLE = [*CASELOAD, *wearer(8, "curfew", **HOME_AT_NOON)]
PIA = asks("pia", "supervisor")
TEN_PAST = NOON + 10 * MINUTE_US


def crime(**more: Any) -> dict[str, Any]:
    told = {"force": "kent", "reference": "46/1/26", "kind": "burglary", "lon": INSIDE[0], "lat": INSIDE[1]}
    return told | {"from": format_instant(NOON), "to": format_instant(TEN_PAST)} | more


def minutes(at: Working, number: int, places: list[tuple[float, float]], t_us: int = NOON) -> Facts:
    """A fix a minute."""
    facts = fixes_of(at.made.roster.index[f"T{number}"], [int(t_us // SECOND_US) + i for i in range(len(places))], t_us)
    facts["t_us"] = facts["received_us"] = t_us + np.arange(len(places)) * MINUTE_US
    facts["lon"], facts["lat"] = np.array(places).T
    return facts


@dataclass
class Scene:
    """People at and away from a place, and the matcher's turn."""

    at: Working
    telling: Telling
    store: CrimeMatching
    reading: Reading
    known: Known

    async def matched(self) -> int:
        return await match_once(self.telling, self.store, self.reading, self.known)

    async def told(self, who: dict[str, str] = PC, **more: Any) -> httpx2.Response:
        return await self.at.post("crimes", crime(**more), who)

    async def names(self, number: str, who: dict[str, str], query: str = "") -> list[str]:
        answer = await self.at.get(f"crimes/{number}/matches{query}", who)
        assert answer.status_code == 200, answer.text
        return [one["wearer"] for one in answer.json()["items"]]

    async def batch(self, text: str, who: dict[str, str] = PC, **headers: str) -> httpx2.Response:
        named = {"Content-Type": "text/csv"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.at.client.post("/api/v1/crimes/batches", content=text.encode(), headers=who | named)


@asynccontextmanager
async def scene(url: str) -> AsyncIterator[Scene]:
    """W2 (trail) and W8 (curfew, at home) near, W7 (trail, Essex) too; W3 in its zone once; W4 and W6 sealed; W5 elsewhere."""
    async with (
        working(url, *PEOPLE, alerts=0) as at,
        await CrimeMatching.open(url) as store,
        await Reading.open(url, at.clock) as reading,
    ):
        for number, places in {
            2: [INSIDE] * 6 + [OUTSIDE] * 4,
            3: [INSIDE] + [OUTSIDE] * 9,
            4: [OUTSIDE] * 10,
            5: [OUTSIDE] * 10,
            6: [INSIDE] * 10,
            7: [INSIDE] * 10,
            8: [INSIDE] * 10,
        }.items():
            await at.made.commit(facts=minutes(at, number, places))
        at.clock.forward(3600)
        telling = Telling(url, ZONES, at.clock, None)  # nothing here waits for its end
        yield Scene(at, telling, store, reading, Known(ZONES))


async def test_from_a_crime_to_a_name_that_two_people_let_the_force_see(database_url: str) -> None:
    async with scene(database_url) as it:
        at, told = it.at, await it.told()
        assert (told.status_code, told.json()["state"], told.json()["result"]) == (201, "waiting", None)
        number = told.json()["id"]
        assert await it.matched() == 1
        assert await it.matched() == 0
        result = (await at.get(f"crimes/{number}", PC)).json()["result"]
        assert {name: result[name] for name in ("near", "elsewhere", "elsewhere_throughout", "no_data", "stands")} == {
            "near": 3,
            "elsewhere": 1,
            "elsewhere_throughout": 1,
            "no_data": 4,
            "stands": True,
        }, "near W2, W7, W8; elsewhere W5; W1 has no tag, W3 was once in its zone, W4 and W6 are sealed"
        assert await it.names(number, PC) == [], "numbers alone, until somebody authorised a name"
        assert await it.names(number, OLA) == ["W7", "W8", "W2"]
        assert await it.names(number, asks("tia", "operator", "kent")) == ["W8", "W2"], "whom she sees"
        page = (await at.get(f"crimes/{number}/matches?limit=1", OLA)).json()
        assert [one["wearer"] for one in (await at.get(page["next"][8:], OLA)).json()["items"]] == ["W8"]
        _, home, away = (await at.get(f"crimes/{number}/matches", OLA)).json()["items"]
        assert (home["near_home"], away["near_home"]) == (True, False)
        assert (away["positions"], away["visits"][0]["dwell_s"], len(away["fixes"])) == (6, 300.0, 6)
        looks = at.ask(
            "SELECT body ->> 'who', body -> 'subjects' FROM audit_bodies WHERE body ->> 'deed' = 'crime_matches.read'"
        )
        assert ("tia", ["W2", "W8"]) in looks
        await two_people(it, number)


async def two_people(it: Scene, number: str) -> None:
    """Qualified by one, authorised by another; the same person may not, and the force may do neither."""
    at, path = it.at, f"crimes/{number}/matches/W2"
    yes, may = {"plausible": True, "note": "walked there and back"}, {"authorised": True, "decision": "proportionate"}
    assert (await at.post(f"{path}/authorise", may, SUE)).status_code == 409, "nobody qualified it"
    assert (await at.post(f"{path}/qualify", yes, PC)).status_code == 403
    assert (await at.post(f"{path}/qualify", yes | {"note": "a\0b"}, SUE)).status_code == 422
    assert (await at.post(f"{path}/authorise", may, OLA)).status_code == 403
    assert (await at.post(f"{path}/qualify", yes | {"plausible": False}, SUE)).headers["etag"] == '"2"'
    assert (await at.post(f"{path}/authorise", may, PIA)).status_code == 409, "it was not found plausible"
    assert (await at.post(f"{path}/qualify", yes, SUE, If_Match='"1"')).status_code == 412
    assert (await at.post(f"{path}/qualify", yes, SUE, If_Match='"2"')).json()["qualified"]["by"] == "sue"
    assert (await at.post(f"{path}/authorise", may, SUE)).status_code == 403, "she qualified it"
    assert (await at.post(f"{path}/authorise", may, PIA)).json()["decided"]["authorised"] is True
    assert (await at.post(f"{path}/qualify", yes, OLA)).status_code == 409, "it is decided"
    assert (await at.post(f"crimes/{number}/matches/W5/qualify", yes, OLA)).status_code == 404, "he was not near"
    (seen,) = (await at.get(f"crimes/{number}/matches", PC)).json()["items"]
    assert (seen["wearer"], seen["name"]) == ("W2", "Invented W2")
    assert (await at.get(f"crimes/{number}", FARE)).status_code == 404, "another force's"
    assert (await at.get("crimes", FARE)).json()["items"] == []
    deeds = at.ask(
        "SELECT body ->> 'deed', body ->> 'who' FROM audit_bodies WHERE body ->> 'deed' ~ '^crime.*(qualify|authorise)$' ORDER BY body_no"
    )
    assert deeds == [("crime_matches.qualify", "sue")] * 2 + [("crime_matches.authorise", "pia")]


async def test_a_correction_and_late_data_are_new_results_beside_the_old(database_url: str) -> None:
    async with scene(database_url) as it:
        number = (await it.told()).json()["id"]
        assert (await it.told()).status_code == 200, "the same words again"
        await it.matched()
        moved = await it.told(lon=OUTSIDE[0], lat=OUTSIDE[1])
        assert (moved.status_code, moved.json()["told"]["version"], moved.json()["result"]["stands"]) == (201, 2, False)
        await it.matched()
        whole = (await it.at.get(f"crimes/{number}", PC)).json()
        assert [(one["version"], one["reason"], one["near"], one["stands"]) for one in whole["results"]] == [
            (2, "corrected", 2, True),
            (1, "entered", 3, False),
        ], "W2 and W5 were there"
        old = whole["results"][1]["id"]
        assert await it.names(number, OLA, f"?result={old}") == ["W7", "W8", "W2"]
        assert (await it.at.get(f"crimes/{number}/matches?result=999", OLA)).status_code == 404
        assert await it.store.look_for_late(it.at.clock()) == 0
        await it.at.made.commit(facts=minutes(it.at, 7, [OUTSIDE] * 3, NOON + 30 * SECOND_US))
        assert await it.store.look_for_late(it.at.clock()) == 1
        assert await it.matched() == 1
        (newest, *_) = (await it.at.get(f"crimes/{number}", PC)).json()["results"]
        assert (newest["reason"], newest["near"]) == ("late_data", 3)
        await it.at.made.commit(facts=minutes(it.at, 6, [OUTSIDE] * 3, NOON + 40 * SECOND_US))
        assert await it.store.look_for_late(it.at.clock()) == 1
        await it.matched()
        assert len((await it.at.get(f"crimes/{number}", PC)).json()["results"]) == 3, (
            "a sealed position changes nothing"
        )


async def test_a_fix_that_was_judged_again_counts_as_it_was_judged_last(embedded_url: str) -> None:
    async with scene(embedded_url) as it:
        it.at.ask(
            "INSERT INTO fix_qualities (device_no, gen, seq, quality, commit_no, line) SELECT f.device_no, f.gen, f.seq, 7, 1, 0 "
            "FROM fixes f JOIN devices d USING (device_no) WHERE d.id IN ('T2', 'T8') AND f.lon < 0.55 RETURNING 1"
        )
        number = (await it.told()).json()["id"]
        await it.matched()
        assert await it.names(number, OLA) == ["W7"], "a device error took W2 and W8 there"


async def test_one_wearer_is_asked_about_and_told_in_the_same_words(database_url: str) -> None:
    async with scene(database_url) as it:
        number = (await it.told()).json()["id"]
        found, homes = {}, {}
        for name in ("W2", "W3", "W5", "W6", "W8"):
            answer = await it.at.get(f"crimes/{number}/wearers/{name}", OLA)
            assert answer.status_code == 200, answer.text
            found[name] = (answer.json()["match"], answer.json()["positions"], answer.json()["throughout"])
            homes[name] = answer.json()["near_home"]
        assert found == {
            "W2": ("near", 10, True),
            "W3": ("no_data", 0, False),
            "W5": ("elsewhere", 10, True),
            "W6": ("no_data", 0, False),
            "W8": ("near", 10, True),
        }
        assert homes == {"W2": False, "W3": None, "W5": None, "W6": None, "W8": True}
        assert (await it.at.get(f"crimes/{number}/wearers/W6", PC)).status_code == 404, "of another area"
        asked = {"legal_ground": "PACE", "purpose": "a burglary", "wearer": "W2"}
        span = {
            "from": format_instant(NOON),
            "to": format_instant(TEN_PAST),
            "expires": format_instant(NOON + 5 * HOUR_US),
        }
        before = (await it.at.get(f"crimes/{number}/wearers/W2", PC)).json()
        assert (before["match"], before["fixes"]) == ("no_data", []), "no alert and no request lets the force see"
        request = (await it.at.post("requests", asked | span, PC)).json()["id"]
        assert (await it.at.post(f"requests/{request}/approve", {"reason": "needed"}, SUE)).status_code == 200
        assert (await it.at.get(f"crimes/{number}/wearers/W2", PC)).json()["match"] == "near"
        uses = it.at.ask("SELECT count(*) FROM request_uses")
        assert uses == [(1,)]


HEADER = "force,reference,kind,from,to,lat,lon,radius_m\n"


async def test_a_batch_answers_each_row_and_takes_what_is_right(embedded_url: str) -> None:
    async with scene(embedded_url) as it:
        window = f"{format_instant(NOON)},{format_instant(TEN_PAST)}"
        rows = [
            f"kent,a,burglary,{window},51.25,0.5,",
            f"essex,b,burglary,{window},51.25,0.5,",
            f"kent,c,robbery,{window},51.25,0.5,9000",
            f"kent,a,burglary,{window},51.25,0.5,",
            f"kent,d,theft,{window},51.25,0.5,200",
        ]
        done = await it.batch(HEADER + "\n".join(rows), Idempotency_Key="k1")
        assert done.status_code == 200, done.text
        assert [
            (one["line"], one["outcome"], [wrong["field"] for wrong in one["errors"]]) for one in done.json()["rows"]
        ] == [
            (2, "created", []),
            (3, "refused", ["force"]),
            (4, "refused", ["radius_m"]),
            (5, "duplicate", []),
            (6, "created", []),
        ]
        far = await it.batch(
            HEADER + f"kent,long,theft,{window},51.25{'0' * 300},0.5,\nkent,d,theft,{window},51.25,0.5,200"
        )
        assert [one["outcome"] for one in far.json()["rows"]] == ["refused", "duplicate"], (
            "one row does not cost the file"
        )
        again = await it.batch(HEADER + "\n".join(rows), Idempotency_Key="k1")
        assert again.json() == done.json()
        assert (await it.batch(HEADER + rows[0])).json()["duplicate"] == 1
        assert (await it.batch(HEADER + rows[4].replace("200", "300"))).json()["corrected"] == 1
        assert await it.matched() == 2
        listed = (await it.at.get("crimes?limit=1", PC)).json()
        assert (listed["items"][0]["reference"], listed["items"][0]["told"]["radius_m"]) == ("d", 300.0)
        assert len((await it.at.get(listed["next"][8:], PC)).json()["items"]) == 1
        assert (await it.batch("what,is,this\n1,2,3")).status_code == 422
        assert (await it.batch(HEADER + rows[0], Content_Type="text/plain")).status_code == 415
        assert (await it.batch(HEADER + rows[0], asks("x", "officer", "kent"))).status_code == 403
        assert it.at.ask("SELECT count(*) FROM crimes") == [(2,)]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"force": "essex"}, "force"),
    ({"lon": None}, "lon"),
    ({"grid": "TQ 300 800"}, "grid"),
    ({"to": format_instant(NOON)}, "to"),
    ({"to": format_instant(NOON + 2 * HOUR_US)}, "to"),
    ({"radius_m": 5000}, "radius_m"),
    ({"kind": "mischief"}, "kind"),
    ({"colour": "red"}, "colour"),
]


async def test_what_a_crime_may_not_be(embedded_url: str) -> None:
    async with scene(embedded_url) as it:
        for more, field in WRONG:
            answer = await it.told(**more)
            assert answer.status_code == 422
            assert [one["field"] for one in answer.json()["errors"]] == [field]
        assert it.at.ask("SELECT count(*) FROM crimes") == [(0,)]


async def test_a_variation_alone_is_a_new_result_of_the_crimes_that_it_reaches(database_url: str) -> None:
    async with scene(database_url) as it:
        number = (await it.told()).json()["id"]
        await it.matched()
        record = {"type": "condition", "order": "O6", "kind": "trail"}
        ahead = record | {"id": "NEW1", "from": format_instant(NOON + 40 * MINUTE_US)}
        await it.at.made.learn(*versions_of(ahead))
        assert await it.store.look_for_late(it.at.clock()) == 0, "it reaches no crime"
        await it.at.made.learn(*versions_of(record | {"id": "NEW2", "from": format_instant(NOON - MINUTE_US)}))
        assert await it.store.look_for_late(it.at.clock()) == 1
        assert await it.matched() == 1
        (newest, before) = (await it.at.get(f"crimes/{number}", PC)).json()["results"]
        assert (newest["reason"], newest["near"], newest["stands"]) == ("variation", before["near"] + 1, True)
        (later,) = versions_of(ahead | {"from": format_instant(NOON + 50 * MINUTE_US)})
        await it.at.made.learn(replace(later, holds_from_us=NOON - MINUTE_US))
        assert await it.store.look_for_late(it.at.clock()) == 1
        await it.matched()
        assert len((await it.at.get(f"crimes/{number}", PC)).json()["results"]) == 2, "it changed nothing"
