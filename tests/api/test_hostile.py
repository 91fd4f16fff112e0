"""Requests made to do harm, to every operation of the document: a clear problem, and nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from api.cursors import write_cursor
from api.guard import LONGEST_BODY
from domain.vocabulary import Role
from tests.api.access_world import World, world
from tests.api.doors import asks
from tests.api.test_schemathesis import known_ids

pytestmark = [pytest.mark.real, pytest.mark.slow]
JSON: Final = {"Content-Type": "application/json"}
DEEP: Final = 200_000
"""Brackets: far more than any reader of JSON goes down."""
BODIES: Final = {
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "never closed": b'{"kind":' + b"[" * DEEP,
    "no JSON": b"{'kind': 1}",
    "no UTF-8": b'{"kind":"\xff\xfe"}',
    "a lone surrogate": b'{"kind":"\\ud800"}',
    "U+0000": b'{"kind":"\\u0000","wearer":"\\u0000","note":"\\u0000","outcome":"\\u0000"}',
    "no number": b'{"kind":NaN,"limit":Infinity}',
    "a long number": b'{"kind":' + b"9" * 5_000 + b"}",
    "a list": b"[1,2,3]",
    "a text": b'"text"',
    "nothing": b"null",
    "a million points": b'{"zone":{"type":"Polygon","coordinates":[[' + b"[0,0]," * 150_000 + b"[0,0]]]}}",
    "too long": b'{"note":"' + b"x" * LONGEST_BODY + b'"}',
}
TRICKS: Final = (
    *("..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%00", "a%00b", "%0d%0aSet-Cookie:%20a=b", "%ff%fe", "x" * 5_000),
    *("' OR 1=1 --", "-1", "9" * 30, "1e3", "0x10", "%F0%9F%92%A9", "*", "{}", "%25", ";", "W1;x=1"),
)
CURSORS: Final = (
    *("x", "%%%", "A" * 513, "gg==", "\u00e9", ""),
    *(
        write_cursor(key)
        for key in (
            "\0",
            (1, "\0", "a", "b"),
            "W1",
            1,
            -1,
            (1, 2),
            ("a", "b"),
            (1, "T1", 0, 1),
            None,
            {"a": 1},
            [1] * 9,
        )
    ),
)


INSTANTS: Final = (
    *("9999-12-31T23:59:59-23:59", "9998-12-31T23:59:59.999999Z", "1000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59"),
    *("2026-11-21T22:00:00+99:99", "２０２６-11-21T22:00:00Z"),
)
"""The first and the last that are taken, beyond them, and what is none."""


def operations(there: World) -> Iterator[tuple[str, str, dict[str, Any], dict[str, str]]]:
    """Method, path with ids that are there, the operation, and the headers of one who may."""
    ids = known_ids(there)
    for path, methods in there.document["paths"].items():
        if path.endswith("/stream"):
            continue
        for method, operation in methods.items():
            role = (operation.get("x-roles") or [Role.OPERATOR.value])[0]
            yield method, filled(path, ids), operation, asks("mal", role)


def filled(path: str, ids: dict[str, list[str]]) -> str:
    for name, known in ids.items():
        path = path.replace(f"{{{name}}}", known[0])
    return path.replace("{", "").replace("}", "")


def is_problem(answer: httpx2.Response) -> bool:
    """A problem that repeats nothing of what was sent at length."""
    told = answer.headers.get("content-type") == "application/problem+json"
    return told and answer.status_code < 500 and len(answer.content) < 20_000


async def test_no_body_does_any_harm(embedded_url: str, tmp_path: Path) -> None:
    async with world(embedded_url, tmp_path) as there:
        before = there.digest()
        wrong = []
        for method, path, operation, who in operations(there):
            if "requestBody" not in operation:
                continue
            optional = not operation["requestBody"].get("required")
            for name, body in BODIES.items():
                answer = await there.client.request(method, path, content=body, headers=who | JSON)
                if not is_problem(answer) and not (optional and name == "nothing"):
                    wrong.append((method, path, name, answer.status_code, answer.text[:100]))
        assert wrong == []
        after = there.digest()
        assert {name for name, held in before.items() if after[name] != held} <= TOUCHED_BY_TRYING


TOUCHED_BY_TRYING: Final = {
    *("alerts", "alert_work", "alert_events", "audit_entries", "audit_bodies", "audit_sets", "tasks", "timers"),
    *("notifications", "stream_events", "outbox", "answers_given"),
}
"""What a claim, a release, an action without a word may do: their bodies may be left out, so `null` is one."""


async def test_no_cursor_of_another_list_does_any_harm(embedded_url: str, tmp_path: Path) -> None:
    async with world(embedded_url, tmp_path) as there:
        wrong = []
        for method, path, operation, who in operations(there):
            if not any(one["name"] == "cursor" for one in operation.get("parameters", ())):
                continue
            for cursor in CURSORS:
                answer = await there.client.request(method, path, params={"cursor": cursor}, headers=who)
                if not is_problem(answer) and answer.status_code != 200:
                    wrong.append((path, cursor[:40], answer.status_code))
        assert wrong == []


async def test_no_parameter_of_a_list_does_any_harm(embedded_url: str, tmp_path: Path) -> None:
    async with world(embedded_url, tmp_path) as there:
        wrong = []
        for method, path, operation, who in operations(there):
            named = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
            needed = {one["name"]: one.get("example", "sos") for one in named if one.get("required")}
            for name, values in (
                *((one["name"], ["\0", "a\0b"]) for one in named),
                *((one["name"], INSTANTS) for one in named if "date-time" in json.dumps(one)),
            ):
                for value in values if method == "get" else ():
                    answer = await there.client.get(path, params=needed | {name: value}, headers=who)
                    if answer.status_code >= 500 or (answer.status_code >= 400 and not is_problem(answer)):
                        wrong.append((path, name, value, answer.status_code, answer.text[:100]))
                    if "\0" in value and answer.status_code != 422:
                        wrong.append((path, name, value, answer.status_code, answer.text[:100]))
        assert wrong == []


async def test_no_path_does_any_harm(embedded_url: str, tmp_path: Path) -> None:
    async with world(embedded_url, tmp_path) as there:
        before = there.digest()
        wrong = []
        for path, methods in there.document["paths"].items():
            if "{" not in path:
                continue
            for trick in TRICKS:
                tricked = "/".join(trick if part.startswith("{") else part for part in path.split("/"))
                for method, operation in methods.items():
                    role = (operation.get("x-roles") or ["operator"])[0]
                    body = b"{}" if "requestBody" in operation else b""
                    answer = await there.client.request(method, tricked, content=body, headers=asks("mal", role) | JSON)
                    if answer.status_code >= 500 or (answer.status_code < 300 and method != "get"):
                        wrong.append((method, path, trick[:40], answer.status_code))
                    assert "set-cookie" not in answer.headers
        assert wrong == []
        assert {name for name, held in before.items() if there.digest()[name] != held} <= {
            "audit_entries",
            "audit_bodies",
        }


async def test_headers_of_every_kind_are_a_problem_or_nothing(embedded_url: str, tmp_path: Path) -> None:
    hostile = {
        "If-Match": ['"' + "9" * 400 + '"', "W/" + '"1"' * 50, '"x"', "*"],
        "Idempotency-Key": ["k" * 500, "\x7f", " "],
        "Accept": ["application/" + "x" * 4_000, "*/*;q=nan", ",,,;;;", "text/html;q=-1"],
        "Last-Event-ID": ["9" * 60, "-1"],
        "Bailiwick-Purpose": ["x" * 5_000],
        "Content-Length": ["-1"],
        "Range": ["bytes=9-1", "bytes=" + "0-1," * 500],
    }
    async with world(embedded_url, tmp_path) as there:
        for method, path, operation, who in operations(there):
            for name, values in hostile.items():
                for value in values:
                    headers = who | JSON | {name: value}
                    body = json.dumps({}).encode() if "requestBody" in operation else b""
                    answer = await there.client.request(method, path, content=body, headers=headers)
                    assert answer.status_code < 500, (method, path, name, value[:40], answer.text[:200])
