"""Every fault that a file is told of comes back by API, by the same field; hostile bodies are a clear problem and change nothing."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from api.caseload_causes import told
from domain.caseload_values import shown
from tests.api.entering import ADA, DEV, OLA, PATHS, entry, problem
from tests.caseload.lines import changed, line_of, record, records
from tests.caseload.test_caseload_faults import ONE_RECORD

LEVELS = 50_000
VERTICES = 1_000_000


@pytest.mark.real
@pytest.mark.slow
async def test_every_fault_of_a_record_in_a_file_is_told_by_line_and_field(embedded_url: str) -> None:
    async with entry(embedded_url) as at:
        for why, (name, values, field, _) in ONE_RECORD.items():
            lines = b"".join(changed(name, **values))
            answer = await at.call("POST", "caseload?preview=true", lines, Content_Type="application/x-ndjson")
            found = [(one["line"], one["field"]) for one in answer.json()["errors"] if one["field"] != "type"]
            if field != "type":
                assert (answer.status_code, (line_of(name), field) in found) == (422, True), (why, answer.text)
        assert at.entered() == []


@pytest.mark.real
@pytest.mark.slow
async def test_every_fault_of_a_record_alone_is_told_by_its_field_without_its_value(embedded_url: str) -> None:
    async with entry(embedded_url) as at:
        for kind in ("area", "wearer", "victim", "device", "order", "zone"):
            for one in records():
                if one["type"] == kind:
                    assert (await at.enter(one)).status_code == 201
        before = at.entered()
        for why, (name, values, field, _) in ONE_RECORD.items():
            one = json.loads(changed(name, **values)[line_of(name) - 1])
            if field == "type" or one["type"] == "assessment" or why == "an area in itself":
                continue
            body = {key: value for key, value in one.items() if key != "type"}
            if "id" not in values:
                body["id"] = "N9"
            who = {"area": ADA, "device": DEV}.get(one["type"], OLA)
            answer = await at.call("POST", PATHS[one["type"]], json.dumps(body).encode(), who)
            assert answer.status_code == 422, (why, answer.text)
            assert field in problem(answer), (why, answer.text)
        assert at.entered() == before


@pytest.mark.real
@pytest.mark.slow
async def test_a_variation_that_cannot_be_read_is_told_its_faults_whatever_version_was_seen(embedded_url: str) -> None:
    async with entry(embedded_url) as at:
        await at.everything()
        before = at.entered()
        for name, key in (("W1", "name"), ("O1", "wearer"), ("C1", "order"), ("F1", "device"), ("Z1", "shape")):
            one = record(name)
            path = f"{PATHS[one['type']]}/{name}"
            body = {field: value for field, value in one.items() if field != "type"}
            wrong = [("zzz", body | {"zzz": 1}), (key, body | {key: True}), (key, body | {key: "a\0"})]
            if key != "name":  # without a name a wearer has none
                wrong.append((key, {field: value for field, value in body.items() if field != key}))
            tag = (await at.get(path)).headers["etag"]
            for (field, sent), seen in product(wrong, (tag, '"1"')):
                answer = await at.call("PUT", path, sent, If_Match=seen)
                assert answer.status_code == 422, (name, field, answer.text)
                assert any(told.startswith(field) for told in problem(answer)), (name, field, answer.text)
        assert at.entered() == before


@pytest.mark.real
@pytest.mark.slow
async def test_a_variation_that_makes_something_wrong_of_a_known_condition_is_refused(embedded_url: str) -> None:
    async with entry(embedded_url) as at:
        await at.everything()
        unit = record("T1") | {"id": "H9", "kind": "home_unit"}
        order = record("O1") | {"id": "O9", "kind": "bail"}
        rows = [row | {"start": "18:00", "end": "18:00"} for row in record("C2")["timetable"]]
        fitting = record("F1") | {"id": "F9", "device": "H9"}
        at_home = record("C2") | {"id": "C9", "order": "O9", "timetable": rows}
        at_home["place"] = at_home["place"] | {"home_unit": "H9"}
        for one in (unit, fitting, order, at_home):
            assert (await at.enter(one)).status_code == 201
        before = at.entered()
        for one, kind, who in ((order, "suspended_sentence", OLA), (unit, "gps_tag", DEV)):
            path = f"{PATHS[one['type']]}/{one['id']}"
            body = {key: value for key, value in one.items() if key != "type"} | {"kind": kind}
            answer = await at.call("PUT", path, body, who, If_Match=(await at.get(path, who)).headers["etag"])
            assert answer.status_code == 422, answer.text
            assert list(problem(answer)) == ["kind"], answer.text
        assert at.entered() == before


@pytest.mark.parametrize(
    ("cause", "plain"),
    [
        (f"is {shown('high')}; must be one of standard, enhanced", "must be one of standard, enhanced"),
        (f"is {shown('a; must be b')}; must be a text", "must be a text"),
        (f"is {shown('n' * 4000)}; must be a text", "must be a text"),
        (f"is {shown(['Ann', 'Oak'])}; must be a text", "must be a text"),
        (f"is {shown(5)}; must be a number from 10 to 5,000", "must be a number from 10 to 5,000"),
        ("is missing; must be one of area, wearer", "is missing; must be one of area, wearer"),
        ("is empty; must say something", "is empty; must say something"),
        ("there is no wearer 'W9'", "there is no wearer"),
        ("is not a key of this record; did you mean 'level'?", "is not a key of this record; did you mean 'level'?"),
        ("is not closed: it begins at [0.500000, 51.200000] and ends at [0.600000, 51.200000]",
         "is not closed: it begins at (a position) and ends at (a position)"),
        ("'T1' is already on 'W1' by fitting 'F1', from 2026-11-01T09:00:00Z with no end; end that one first",
         "is already fitted to somebody then; end that fitting first"),
        (f"has the key {shown('Ann Oak')}; a row has day, start and end", "has a wrong key; a row has day, start and end"),
        ("is null; must be one of standard", "must be one of standard"),
        (f"is {shown('Kent/Dover')}, a time zone that does not exist; such as Europe/London",
         "is a time zone that does not exist; such as Europe/London"),
        ("'H1' is a gps_tag; must be a home_unit", "is a gps_tag; must be a home_unit"),
        ("is 2026-10-01T00:00:00Z, before `from` (2026-11-01T09:00:00Z); must be after it",
         "is 2026-10-01T00:00:00Z, before `from` (2026-11-01T09:00:00Z); must be after it"),
    ],
)  # fmt: skip
def test_a_problem_says_what_would_be_right_and_not_what_was_sent(cause: str, plain: str) -> None:
    assert told(cause) == plain


def _nested(levels: int) -> bytes:
    return b'{"id":"W9","ids":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"


def _many_vertices(number: int) -> bytes:
    ring = ",".join(f"[0.{k % (number - 1):06d},51]" for k in range(number))
    return f'{{"id":"Z9","shape":{{"type":"Polygon","coordinates":[[{ring}]]}}}}'.encode()


HOSTILE: dict[str, tuple[str, Any, int, str]] = {
    "no body": ("wearers", b"", 422, "body"),
    "no JSON": ("wearers", b"{", 422, "body"),
    "a list": ("wearers", b"[]", 422, "body"),
    "not UTF-8": ("wearers", b'{"id":"\xff"}', 422, "body"),
    "a key twice": ("wearers", b'{"id":"W9","id":"W8"}', 422, "body"),
    "no number": ("devices", b'{"id":"T9","kind":"gps_tag","interval_s":NaN}', 422, "body"),
    "too many digits": ("devices", b'{"id":"T9","kind":"gps_tag","interval_s":' + b"9" * 5000 + b"}", 422, "body"),
    "nested deep": ("wearers", _nested(LEVELS), 422, "body"),
    "nested a little": ("wearers", _nested(50), 422, "ids.a"),
    "U+0000": ("wearers", b'{"id":"W9","name":"a\\u0000b"}', 422, "name"),
    "half a pair": ("wearers", b'{"id":"W9","name":"\\ud800"}', 422, "name"),
    "another type": ("wearers", b'{"type":"victim","id":"W9"}', 422, "type"),
    "a path": ("wearers", b'{"id":"../../etc/passwd"}', 422, "id"),
    "too many vertices": ("zones", _many_vertices(30_000), 422, "shape.coordinates"),
    "a million vertices": ("zones", _many_vertices(VERTICES), 413, ""),
    "records that are none": ("caseload", b'{"records":{}}', 422, "records"),
    "records and more": ("caseload", b'{"records":[],"also":1}', 422, "records"),
    "a record that is none": ("caseload", b'{"records":[1]}', 422, "record"),
    "too many records": ("caseload", b'{"records":[' + b"{}," * 1000 + b"{}]}", 422, "records"),
    "a preview nested deep": ("conditions/preview", b'{"record":' + _nested(LEVELS) + b"}", 400, ""),
    "a preview without a range": ("conditions/preview", b'{"record":{}}', 422, "from"),
    "a preview of a century": (
        *("conditions/preview", b'{"record":{},"from":"2000-01-01T00:00:00Z","to":"2100-01-01T00:00:00Z"}'),
        *(422, "to"),
    ),
}


@pytest.mark.real
@pytest.mark.slow
async def test_hostile_bodies_are_a_clear_problem_and_change_nothing(embedded_url: str) -> None:
    async with entry(embedded_url) as at:
        for why, (path, body, status, field) in HOSTILE.items():
            who = DEV if path == "devices" else OLA
            answer = await at.call("POST", path, body, who)
            assert answer.status_code == status, (why, answer.text[:300])
            if field:
                assert field in problem(answer), (why, answer.text[:300])
            assert len(answer.content) < 2_000, why
        wrong = await at.call("POST", "wearers", b"id=W9", Content_Type="application/x-www-form-urlencoded")
        assert wrong.status_code == 415
        wrong = await at.call("PUT", "wearers/W1", b'{"id":"W2"}', If_Match='"1"')
        assert wrong.status_code == 404
        assert at.entered() == []
        assert (await at.enter(record("W1"))).status_code == 201
        tag = '"1"'
        other = await at.call("PUT", "wearers/W1", {"id": "W2"}, If_Match=tag)
        assert (other.status_code, set(problem(other))) == (422, {"id"})
        for cursor in ("x", "gqFhAQ", "//"):
            assert (await at.get(f"orders?cursor={cursor}")).status_code == 422
        assert (await at.get("orders/..%2F..%2Fetc")).status_code in (404, 422)
