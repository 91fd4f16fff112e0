"""Records entered by API: the same rows as by file, versions that nobody loses, ends, swaps, two at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.desk import REPLAYED
from bailiwick.import_command import import_command
from domain.instants import DAY_US, HOUR_US, format_instant
from domain.records import RECORD_TYPES
from store import Store
from tests.api.entering import DEV, ENTRY_ORDER, ESSEX, FAY, KIT, OLA, ORLA, PATHS, entry, entry_as, problem
from tests.caseload.lines import SINCE, as_lines, record, records
from tests.store.made import NOON, ask, violation_of, work_of
from tests.store.test_roles import login_as

pytestmark = [pytest.mark.real, pytest.mark.slow]

ROWS = "SELECT type, id, body, packed, holds_from::text, cancelled FROM caseload_records ORDER BY type, id, record_no"


def body_of(name: str, /, **values: Any) -> dict[str, Any]:
    return {key: value for key, value in record(name).items() if key != "type"} | values


async def imported(url: str, folder: Path, wanted: list[dict[str, Any]]) -> None:
    async with await Store.open(url) as store:
        await store.migrate()
    (folder / "caseload.ndjson").write_bytes(b"".join(as_lines(wanted)))
    assert await asyncio.to_thread(import_command, folder / "caseload.ndjson", url) == 0


async def test_records_entered_one_by_one_are_the_rows_of_the_file(
    timescale_url: str, embedded_url: str, tmp_path: Path
) -> None:
    """Equal to the byte, so whatever is decided of them is the same too."""
    wanted = [one for one in records() if one["type"] not in ("assessment",)]
    await imported(timescale_url, tmp_path, wanted)
    async with entry(embedded_url) as at:
        await at.everything()
        assert (await at.enter(record("E1"))).status_code == 201
        assert at.rows(ROWS) == ask(timescale_url, ROWS)
        assert {row[0] for row in at.rows("SELECT entered_by FROM caseload_records")} == {"ola", "dev", "ada"}


async def test_records_entered_together_are_the_rows_of_the_file(
    timescale_url: str, embedded_url: str, tmp_path: Path
) -> None:
    wanted = [one for one in records() if one["type"] not in ("area", "device", "equipment_check", "assessment")]
    stores = [one for one in records() if one["type"] in ("area", "device")]
    await imported(timescale_url, tmp_path, stores + wanted)
    async with entry(embedded_url) as at:
        for one in stores:
            assert (await at.enter(one)).status_code == 201
        lines = b"".join(as_lines(list(reversed(wanted))))
        done = await at.call("POST", "caseload", lines, Content_Type="application/x-ndjson")
        assert (done.status_code, done.json()["new"], done.json()["changed"]) == (200, len(wanted), 0)
        assert at.rows(ROWS) == ask(timescale_url, ROWS)
        again = await at.call("POST", "caseload", {"records": wanted})
        assert (again.json()["new"], again.json()["unchanged"]) == (0, len(wanted))
        assert at.rows(ROWS) == ask(timescale_url, ROWS), "the same again is nothing new"


async def test_what_is_entered_is_read_at_once_and_learnt_when_ingest_takes_it(database_url: str) -> None:
    async with entry(database_url) as at:
        made = await at.enter(record("W1"))
        assert made.headers["location"] == "/api/v1/wearers/W1"
        await at.enter(record("kent-pdu") | {"parent": None})
        made = await at.enter(record("O1"))
        assert made.headers["location"] == "/api/v1/orders/O1"
        found = await at.get("orders/O1")
        assert found.headers["etag"] == made.headers["etag"]
        assert (found.json()["by"], found.json()["learnt"], found.json()["holds_from"]) == ("ola", None, None)
        assert found.json()["record"] == body_of("O1") | {
            **dict.fromkeys(("programme", "review", "notifying_organisation", "organisation", "atv_allowance_min")),
            "told_at": SINCE,
            "fit_within_h": 72,
        }
        await at.learn()
        assert (await at.get("orders/O1")).json()["learnt"] is not None


async def test_a_variation_is_a_new_version_and_needs_the_version_that_was_seen(database_url: str) -> None:
    async with entry(database_url) as at:
        await at.everything()
        seen = (await at.get("orders/O1")).headers["etag"]
        varied = body_of("O1", to="2027-03-01T00:00:00Z")
        assert (await at.call("PUT", "orders/O1", varied)).status_code == 428
        wrong = await at.call("PUT", "orders/O1", varied, If_Match='W/"1"')
        assert wrong.status_code == 412
        for other in ("nonsense", f'"{"9" * 30}"', '"x", "y"'):
            assert (await at.call("PUT", "orders/O1", varied, If_Match=other)).status_code == 412, other
        done = await at.call("PUT", "orders/O1", varied, If_Match=seen)
        assert (done.status_code, done.json()["holds_from"]) == (200, format_instant(at.clock()))
        late = await at.call("PUT", "orders/O1", body_of("O1", organisation="probation"), KIT, If_Match=seen)
        assert late.status_code == 412
        changed = late.json()["changed"]
        assert (changed["by"], changed["event"], changed["revision"]) == ("ola", "changed", done.json()["version"])
        same = await at.call("PUT", "orders/O1", varied, KIT, If_Match=done.headers["etag"])
        assert (same.status_code, same.headers["etag"]) == (200, done.headers["etag"])
        assert same.json() == done.json(), "the version that stands, and who entered it"
        assert {k: v for k, v in done.json().items() if k != "warnings"} == (await at.get("orders/O1")).json()
        past = format_instant(at.clock() - DAY_US)
        again = await at.call("PUT", f"orders/O1?holds_from={past}", body_of("O1"), KIT, If_Match=done.headers["etag"])
        assert again.json()["holds_from"] == past
        versions = (await at.get("orders/O1/versions")).json()["items"]
        assert [(one["by"], one["record"]["to"], one["holds_from"]) for one in versions] == [
            ("kit", "2027-02-01T00:00:00Z", past),
            ("ola", "2027-03-01T00:00:00Z", format_instant(at.clock())),
            ("ola", "2027-02-01T00:00:00Z", None),
        ]
        first = (await at.get("orders/O1/versions?limit=2")).json()
        rest = (await at.get(first["next"].removeprefix("/api/v1/"))).json()
        assert first["items"] + rest["items"] == versions


async def test_any_of_several_versions_that_were_seen_will_do_and_a_star_for_none(embedded_url: str) -> None:
    async with entry(embedded_url) as at:
        await at.enter(record("W1"))
        seen = (await at.get("wearers/W1")).headers["etag"]
        done = await at.call("PUT", "wearers/W1", body_of("W1", name="One"), If_Match=f'"x", {seen}')
        assert (done.status_code, done.json()["record"]["name"]) == (200, "One")
        assert (await at.call("PUT", "wearers/W1", body_of("W1", name="Two"), If_Match="*")).status_code == 412


async def test_an_end_is_a_version_and_waits_for_those_that_refer_to_it(database_url: str) -> None:
    async with entry(database_url) as at:
        await at.everything()
        tag = (await at.get("conditions/C2")).headers["etag"]
        held = await at.call("DELETE", "conditions/C2", If_Match=tag)
        assert (held.status_code, "1 records refer to it, such as absence" in held.json()["detail"]) == (409, True)
        absence = (await at.get("absences/A1")).headers["etag"]
        assert (await at.call("DELETE", "absences/A1", If_Match=absence)).json()["cancelled"]
        ended = await at.call("DELETE", "conditions/C2", If_Match=tag)
        assert (ended.status_code, ended.json()["holds_from"]) == (200, format_instant(at.clock()))
        assert (await at.call("DELETE", "conditions/C2", If_Match=ended.headers["etag"])).status_code == 404
        assert (await at.call("PUT", "conditions/C2", body_of("C2"), If_Match=ended.headers["etag"])).status_code == 404
        assert (await at.get("conditions/C2")).json()["cancelled"]
        assert [one["id"] for one in (await at.get("conditions?order=O1")).json()["items"]] == ["C1", "C3"]
        assert [one["cancelled"] for one in (await at.get("conditions/C2/versions")).json()["items"]] == [True, False]
        again = await at.enter(record("C2"))
        assert (again.status_code, again.json()["holds_from"]) == (201, format_instant(at.clock())), "as a file would"
        assert (await at.enter(record("C2"))).status_code == 409


async def test_a_request_that_names_itself_is_done_once(database_url: str) -> None:
    async with entry(database_url) as at:
        first = await at.enter(record("W1"), Idempotency_Key="k-1")
        again = await at.enter(record("W1"), Idempotency_Key="k-1")
        assert (again.status_code, again.headers[REPLAYED]) == (201, "true")
        assert (again.json(), again.headers["etag"]) == (first.json(), first.headers["etag"])
        assert again.headers["location"] == first.headers["location"] == "/api/v1/wearers/W1"
        assert at.entered() == [("wearer", "W1", False)]
        assert (await at.enter(record("W2"), Idempotency_Key="k-1")).status_code == 422


async def test_of_fittings_that_overlap_and_come_at_once_one_is_taken(database_url: str) -> None:
    async with entry(database_url) as at:
        await at.everything()
        await at.call("POST", "devices", {"id": "T9", "kind": "gps_tag"}, DEV)
        wearers = ["W1", "W2"] * 4

        def fitting(number: int) -> Any:
            body = {"id": f"N{number}", "device": "T9", "wearer": wearers[number], "from": SINCE}
            return at.call("POST", "fittings", body)

        answers = await asyncio.gather(*map(fitting, range(len(wearers))))
        assert sorted(answer.status_code for answer in answers) == [201] + [422] * 7
        refused = next(answer for answer in answers if answer.status_code == 422)
        assert problem(refused) == {"device": "is already fitted to somebody then; end that fitting first"}
        assert at.rows("SELECT count(*) FROM caseload_records WHERE body ->> 'device' = 'T9' AND type = 'fitting'") == [
            (1,)
        ]


async def test_of_variations_of_one_version_that_come_at_once_one_is_taken(database_url: str) -> None:
    async with entry(database_url) as at:
        await at.everything()
        tag = (await at.get("wearers/W1")).headers["etag"]
        answers = await asyncio.gather(
            *(at.call("PUT", "wearers/W1", body_of("W1", name=f"Name {n}"), If_Match=tag) for n in range(6))
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * 5
        (taken,) = [answer for answer in answers if answer.status_code == 200]
        now = await at.get("wearers/W1")
        assert (now.json()["record"], now.headers["etag"]) == (taken.json()["record"], taken.headers["etag"])
        await at.learn()
        assert (await at.get("wearers/W1")).json()["orders"] == ["O1"]


async def test_a_reference_may_not_be_ended_while_somebody_refers_to_it(database_url: str) -> None:
    """Whoever is first, nothing stands that refers to nothing."""
    async with entry(database_url) as at:
        await at.everything()
        await at.call("POST", "devices", {"id": "T9", "kind": "gps_tag"}, DEV)
        tag = (await at.get("devices/T9", DEV)).headers["etag"]
        fitting = {"id": "N1", "device": "T9", "wearer": "W2", "from": SINCE}
        ended, fitted = await asyncio.gather(
            at.call("DELETE", "devices/T9", who=DEV, If_Match=tag), at.call("POST", "fittings", fitting)
        )
        assert (ended.status_code, fitted.status_code) in ((200, 422), (409, 201))


@pytest.mark.parametrize("away_us", [0, -3 * HOUR_US, 3 * HOUR_US])
async def test_a_device_is_swapped_in_one_step(embedded_url: str, away_us: int) -> None:
    async with entry(embedded_url) as at:
        await at.everything()
        await at.call("POST", "devices", {"id": "T9", "kind": "gps_tag"}, DEV)
        at_us = at.clock() + away_us
        tag = (await at.get("fittings/F1")).headers["etag"]
        asked = {"id": "F9", "device": "T9"} | ({"at": format_instant(at_us)} if away_us else {})
        done = await at.call("POST", "fittings/F1/swap", asked, If_Match=tag)
        assert done.status_code == 200, done.text
        ended, begun = done.json()["ended"], done.json()["begun"]
        assert (ended["record"]["to"], begun["record"]["from"]) == (format_instant(at_us),) * 2
        assert (begun["record"]["wearer"], begun["record"]["device"]) == ("W1", "T9")
        assert ended["holds_from"] == format_instant(min(at_us, at.clock()))
        at_noon = (await at.get(f"fittings?wearer=W1&at={format_instant(at_us)}")).json()["items"]
        assert {one["record"]["device"] for one in at_noon} == {"T9", "H1"}
        stale = await at.call("POST", "fittings/F1/swap", asked | {"id": "F10"}, If_Match=tag)
        assert stale.status_code == 412


async def test_a_swap_that_cannot_be_changes_nothing(embedded_url: str) -> None:
    async with entry(embedded_url) as at:
        await at.everything()
        before = at.entered()
        tag = (await at.get("fittings/F1")).headers["etag"]
        for asked, field in (
            ({"id": "F9", "device": "U1"}, "device"),
            ({"id": "F9", "device": "T77"}, "device"),
            ({"id": "F9", "device": "L1", "at": SINCE}, "at"),
        ):
            answer = await at.call("POST", "fittings/F1/swap", asked, If_Match=tag)
            assert (answer.status_code, set(problem(answer))) == (422, {field})
        used = await at.call("POST", "fittings/F1/swap", {"id": "F2", "device": "L1"}, If_Match=tag)
        assert used.status_code == 409
        assert at.entered() == before


async def test_lists_have_the_filters_that_people_need(embedded_url: str) -> None:
    async with entry(embedded_url) as at:
        await at.everything()
        await at.enter(record("O1") | {"id": "O2", "wearer": "W2", "to": "2026-11-10T00:00:00Z"})
        await at.enter(record("C2") | {"id": "C9", "order": "O2"})
        noon = format_instant(NOON)
        for path, wanted in (
            ("orders?wearer=W2", ["O2"]),
            ("orders?area=kent-pdu", ["O1", "O2"]),
            (f"orders?at={noon}", ["O1"]),
            (f"conditions?at={noon}", ["C1", "C2", "C3"]),
            (f"conditions?wearer=W2&at={noon}", []),
            ("conditions?wearer=W2", ["C9"]),
            ("conditions?zone=Z1", ["C1"]),
            ("absences?condition=C2", ["A1"]),
            ("absences?wearer=W1", ["A1"]),
            (f"absences?at={noon}", []),
            ("suspensions?order=O1", ["S1"]),
            ("fittings?device=T1", ["F1"]),
            ("fittings?victim=V1", ["F3"]),
            ("zones?area=kent-pdu", ["Z1"]),
            ("areas?parent=south-east", ["kent-pdu"]),
            (f"visits?from={SINCE}&to={noon}", ["X1"]),
            (f"visits?from={noon}", []),
        ):
            assert [one["id"] for one in (await at.get(path)).json()["items"]] == wanted, path
        first = (await at.get("fittings?limit=2")).json()
        assert [one["id"] for one in first["items"]] == ["F1", "F2"]
        assert [one["id"] for one in (await at.get(first["next"].removeprefix("/api/v1/"))).json()["items"]] == ["F3"]
        assert (await at.get("fittings?wearer=a%20b")).status_code == 422


async def test_many_are_taken_all_or_none_and_each_fault_has_its_line_and_field(database_url: str) -> None:
    async with entry(database_url) as at:
        await at.enter(record("kent-pdu") | {"parent": None})
        before = at.entered()
        good = [record("W1"), record("O1"), record("C2") | {"place": record("C2")["place"] | {"home_unit": None}}]
        bad = [*good, record("A1") | {"condition": "C9"}, {"type": "wearer", "id": "W2", "levle": "standard"}]
        answer = await at.call("POST", "caseload", {"records": bad})
        assert answer.status_code == 422
        told = [(one["line"], one["field"]) for one in answer.json()["errors"]]
        assert told == [(4, "condition"), (5, "levle")]
        assert at.entered() == before
        lines = b"".join(as_lines(bad))
        same = await at.call("POST", "caseload", lines, Content_Type="application/x-ndjson")
        assert [(one["line"], one["field"]) for one in same.json()["errors"]] == told
        shown = await at.call("POST", "caseload?preview=true", {"records": good}, Idempotency_Key="k-1")
        assert (shown.status_code, shown.json()["new"], shown.json()["preview"]) == (200, 3, True)
        assert at.entered() == before
        done = await at.call("POST", "caseload", {"records": good}, Idempotency_Key="k-1")
        assert [(one["id"], one["version"] is not None) for one in done.json()["records"]] == [
            ("W1", True),
            ("O1", True),
            ("C2", True),
        ]
        varied = await at.call("POST", "caseload", {"records": [good[0] | {"level": "enhanced"}, good[1]]})
        assert (varied.json()["changed"], varied.json()["unchanged"]) == (1, 1)


async def test_warnings_come_with_the_answer_also_of_what_was_there_before(embedded_url: str) -> None:
    async with entry(embedded_url) as at:
        await at.everything()
        near = {"id": "C9", "order": "O1", "kind": "curfew", "timetable": record("C2")["timetable"]}
        made = await at.call("POST", "conditions", near | {"place": {"lon": 0.5, "lat": 51.21, "name": "door"}})
        assert made.status_code == 201
        assert [(one["field"], "of the zone 'C1'" in one["cause"]) for one in made.json()["warnings"]] == [
            ("place", True)
        ]


async def test_an_assessment_is_an_officers_by_name_and_now(database_url: str) -> None:
    async with entry(database_url) as at:
        await at.everything()
        await at.learn()
        at.commits += 1
        violation = replace(violation_of("W1-3"), order="O1", condition="C1")
        await at.store.commit(work_of(at.commits, at.roster, versions=[violation]))
        body = {"id": "B1", "violation": "W1-3", "decision": "reasonable_excuse", "reason": "at the hospital"}
        assert (await at.call("POST", "assessments", body)).status_code == 403
        forged = await at.call("POST", "assessments", body | {"by": "somebody else"}, ORLA)
        assert (forged.status_code, set(problem(forged))) == (422, {"by"})
        unseen = await at.call("POST", "assessments", body | {"violation": "W1-4"}, ORLA)
        assert (unseen.status_code, problem(unseen)) == (422, {"violation": "there is no such violation"})
        made = await at.call("POST", "assessments", body, ORLA)
        assert made.status_code == 201, made.text
        assert (made.json()["record"]["by"], made.json()["record"]["at"]) == ("orla", format_instant(at.clock()))
        found = (await at.get("assessments?violation=W1-3", ORLA)).json()["items"]
        assert [one["id"] for one in found] == ["B1"]


# ---- who may enter what, and whose it must be ----


async def test_what_is_not_in_sight_is_as_if_it_were_not(database_url: str) -> None:
    async with entry(database_url) as at:
        await at.everything()
        await at.enter({"type": "area", "id": "essex-pdu", "kind": "pdu"})
        for path in ("orders/O1", "conditions/C2", "fittings/F1", "absences/A1", "victims/V1", "orders/O1/versions"):
            assert (await at.get(path, KIT)).status_code == 200, path
            assert (await at.get(path, ESSEX)).json() == (await at.get(path.replace("1", "77"), ESSEX)).json(), path
        tag = (await at.get("orders/O1")).headers["etag"]
        before = at.entered()
        for method, path, body in (
            ("PUT", "orders/O1", body_of("O1")),
            ("DELETE", "orders/O1", None),
            ("POST", "fittings/F1/swap", {"id": "F9", "device": "L1"}),
        ):
            answer = await at.call(method, path, body, ESSEX, If_Match=tag)
            assert answer.status_code == 404, (method, path)
        for name, fields in (
            ({"type": "visit", "id": "X9", "wearer": "W1", "kind": "fit", "at": SINCE, "outcome": "done"}, {"wearer"}),
            (record("C2") | {"id": "C9"}, {"order"}),
            (record("A1") | {"id": "A9"}, {"condition"}),
            (record("O1") | {"id": "O9", "area": "essex-pdu"}, {"wearer"}),
            (record("O1") | {"area": "essex-pdu"}, {"id", "wearer"}),
            (record("F1") | {"id": "F9", "device": "L1"}, {"wearer"}),
            (record("Z1") | {"id": "Z9"}, {"area"}),
        ):
            answer = await at.enter(name, ESSEX)
            assert answer.status_code in (409, 422), (name["id"], answer.status_code)
            if answer.status_code == 422:
                assert set(problem(answer)) <= fields, (name["id"], answer.text)
            assert "W1" not in answer.text
        taken = await at.enter({"type": "fitting", "id": "F9", "device": "T1", "victim": "V1", "from": SINCE}, ESSEX)
        assert (taken.status_code, "W1" in taken.text) == (422, False)
        assert at.entered() == before


async def test_a_device_is_checked_by_whoever_sees_whom_it_is_on(database_url: str) -> None:
    async with entry(database_url) as at:
        await at.everything()
        await at.enter({"type": "area", "id": "essex-pdu", "kind": "pdu"})
        checked = {"type": "equipment_check", "id": "E9", "device": "T1", "at": SINCE, "result": "sound"}
        refused = await at.enter(checked, ESSEX)
        assert (refused.status_code, problem(refused)) == (422, {"device": "there is no device"})
        assert (await at.enter(checked | {"device": "L1"}, ESSEX)).status_code == 201, "in store: on nobody"
        assert (await at.enter(checked | {"id": "E8"}, KIT)).status_code == 201


async def test_a_new_wearer_is_of_the_area_of_the_first_order_and_that_is_one_of_the_callers(database_url: str) -> None:
    async with entry(database_url) as at:
        await at.everything()
        await at.enter({"type": "area", "id": "essex-pdu", "kind": "pdu"})
        await at.learn()
        new = [{"type": "wearer", "id": "W9", "name": "Nell Ash"}, record("O1") | {"id": "O9", "wearer": "W9"}]
        answer = await at.call("POST", "caseload", {"records": new}, ESSEX)
        assert [(one["line"], one["field"]) for one in answer.json()["errors"]] == [(2, "area")]
        assert (await at.call("POST", "caseload", {"records": new}, KIT)).status_code == 200
        assert (await at.get("orders/O9", KIT)).status_code == 200, "in sight before any ingest runs"
        assert (await at.get("orders/O9", ESSEX)).status_code == 404
        alone = await at.enter({"type": "wearer", "id": "W10", "name": "Ned Oak"}, KIT)
        assert alone.status_code == 201
        theirs = await at.enter(record("O1") | {"id": "O10", "wearer": "W10", "area": "essex-pdu"}, KIT)
        assert (theirs.status_code, set(problem(theirs))) == (422, {"area"})
        assert (await at.enter(record("O1") | {"id": "O10", "wearer": "W10"}, KIT)).status_code == 201
        moved = (await at.get("orders/O10", KIT)).headers["etag"]
        await at.call("PUT", "orders/O10", body_of("O1", id="O10", wearer="W10", area="essex-pdu"), KIT, If_Match=moved)
        assert (await at.get("orders/O10", KIT)).status_code == 404
        assert (await at.get("orders/O10", ESSEX)).status_code == 200, "a variation moves who sees it at once"


async def test_each_type_has_its_own_deed(embedded_url: str) -> None:
    async with entry(embedded_url) as at:
        await at.everything()
        for kind, who in (
            ("area", OLA),
            ("device", OLA),
            ("order", ORLA),
            ("victim", ORLA),
            ("wearer", FAY),
            ("zone", DEV),
        ):
            one = next(r for r in records() if r["type"] == kind) | {"id": "N9"}
            assert (await at.enter(one, who)).status_code == 403, kind
        many = [record("T1") | {"id": "T9"}, {"type": "area", "id": "wide", "kind": "region"}]
        answer = await at.call("POST", "caseload", {"records": many})
        assert [(one["line"], one["field"]) for one in answer.json()["errors"]] == [(1, "type"), (2, "type")]


async def test_every_change_is_in_the_audit_and_nothing_that_was_refused(database_url: str) -> None:
    async with entry(database_url) as at:
        await at.everything()
        await at.enter(record("O1"))
        tag = (await at.get("orders/O1")).headers["etag"]
        await at.call(
            "PUT",
            "orders/O1",
            body_of("O1", organisation="probation"),
            If_Match=tag,
            Bailiwick_Purpose="variation by the court",
        )
        found = at.rows(
            "SELECT body ->> 'who', body ->> 'deed', body ->> 'subject_type', body -> 'subjects' ->> 0, body ->> 'why', "
            "body -> 'details' ->> 'change', body -> 'details' -> 'records' ->> 0 FROM audit_bodies ORDER BY body_no"
        )
        assert found[-1] == ("ola", "caseload.write", "wearer", "W1", "variation by the court", "changed", "order:O1")
        assert [row[-1] for row in found[:-1]] == [f"{kind}:{name}" for kind, name, _ in at.entered()[:-1]]
        assert ("ola", "victims.write", "victim", "V1", None, "entered", "victim:V1") in found


async def test_the_apis_own_login_may_do_all_of_it(database_url: str) -> None:
    async with entry(database_url) as at:
        await at.enter(record("south-east"))
    with login_as(database_url, "bailiwick_api") as url:
        async with entry_as(url) as at:
            for kind in ENTRY_ORDER:
                for one in records():
                    if one["type"] == kind and one["id"] != "south-east":
                        assert (await at.enter(one)).status_code == 201, one["id"]
            tag = (await at.get("orders/O1", KIT)).headers["etag"]
            varied = await at.call("PUT", "orders/O1", body_of("O1", organisation="probation"), KIT, If_Match=tag)
            assert varied.status_code == 200
            assert (await at.call("DELETE", "orders/O1", who=KIT, If_Match=varied.headers["etag"])).status_code == 409
            assert (await at.get("search?q=quill", KIT)).json()["items"][0]["wearer"] == "W1"
            assert (await at.enter(record("W1"), Idempotency_Key="k-2")).status_code == 409


async def test_nothing_is_entered_when_the_audit_cannot_be_kept(embedded_url: str) -> None:
    async with entry(embedded_url) as at:
        await at.enter(record("W1"))
        with psycopg.connect(embedded_url, autocommit=True) as conn:
            conn.execute("ALTER TABLE audit_bodies RENAME TO audit_away")
        assert (await at.enter(record("W2"))).status_code == 500
        assert at.entered() == [("wearer", "W1", False)]


async def test_every_type_of_the_file_is_a_resource(embedded_url: str) -> None:
    assert set(PATHS) == set(RECORD_TYPES)
    async with entry(embedded_url) as at:
        for plural in PATHS.values():
            assert f"/api/v1/{plural}" in at.document["paths"]
