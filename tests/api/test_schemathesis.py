"""The whole OpenAPI document, put to it by schemathesis: no 500, and every answer as declared, whoever asks what.

Requests that fit the document and requests that do not, by every role that may reach an operation and by one that may not, with ids that
are there and ids that are not; over a real database and a real socket. ``BAILIWICK_TEST_EXAMPLES`` asks for more of each.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from domain.vocabulary import Role
from tests.api.access_world import CALM, FAR, LOT, OWN, World, world
from tests.api.doors import HEADER, asks
from tests.api.serving import served

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    # The server's thread uses chance of its own while requests are made up in another.
    pytest.mark.filterwarnings("ignore:Do not use the `random` module"),
]
EXAMPLES: Final = int(os.environ.get("BAILIWICK_TEST_EXAMPLES", "6"))
PATIENCE_S: Final = 10
ENDLESS: Final = "/api/v1/stream"
"""Has tests of its own: it never ends."""
AS_DECLARED: Final = (
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


def known_ids(there: World) -> dict[str, list[str]]:
    """By the name of a parameter of a path: ids that are there."""
    numbers = ("alerts", "contacts", "tasks", "mutes", "requests", "warrants", "crimes", "commands", "exports", "holds")
    found = {name.rstrip("s"): [str(number) for number in getattr(there, name).values()] for name in numbers}
    letters = {"wearer": "W", "victim": "V", "device": "T", "fitting": "F", "order": "O", "zone": "Z", "condition": "C"}
    letters |= {"absence": "A", "suspension": "S", "visit": "X", "equipment_check": "E", "assessment": "B"}
    found |= {name: [getattr(one, letter) for one in (OWN, CALM, FAR)] for name, letter in letters.items()}
    return found | {
        "violation": [f"{OWN.W}-1", f"{OWN.W}-2"],
        "breach": [str(number) for number in there.breaches.values()],
        "lot": [LOT],
        "incident": ["outage-1"],
        "area": ["kent", "essex"],
        "account": ["standing"],
        "file": ["manifest.json"],
    }


def askers(roles: list[str]) -> list[dict[str, str]]:
    """Everybody who may, of one area and of every one; one who may not; and nobody."""
    may_not = [role for role in Role if role.value not in roles][:1]
    named = [*roles, *(role.value for role in may_not)]
    return [asks(f"{role}.{areas}", role, areas) for role in named for areas in ("*", "kent")] + [{HEADER: ""}]


class Fuzzing:
    """What was wrong with the answers, each kind of an operation once; it never stops at the first."""

    def __init__(self, there: World, address: str) -> None:
        self._there = there
        self._address = address
        self._session = requests.Session()
        self._ids = known_ids(there)
        self.asked = 0
        self.statuses: set[int] = set()
        self.wrong: dict[tuple[str, str], str] = {}

    def all(self) -> None:
        """Every operation but the one that never ends."""
        load_all_checks()
        schema = schemathesis.openapi.from_dict(self._there.document)
        for found in schema.get_all_operations():
            operation = found.ok()
            if operation.path != ENDLESS:
                self._some(operation)

    def _some(self, operation: Any) -> None:
        modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
        cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))
        who = st.sampled_from(askers(operation.definition.raw.get("x-roles", list(Role))))
        settings = hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )

        @settings
        @hypothesis.given(cases, who, st.integers(0, 3))
        def ask(case: Any, headers: dict[str, str], known: int) -> None:
            if known:
                self._name_what_is_there(case, known)
            self._ask(case, headers)

        with suppress(hypothesis.errors.Unsatisfiable):  # nothing can be wrong with a request without parameters
            ask()

    def _name_what_is_there(self, case: Any, known: int) -> None:
        for name in case.path_parameters or {}:
            ids = self._ids.get(name)
            if ids:
                case.path_parameters[name] = ids[known % len(ids)]

    def _ask(self, case: Any, headers: dict[str, str]) -> None:
        label = f"{case.method} {case.operation.path}"
        try:
            answer = case.call(
                base_url=self._address,
                session=self._session,
                headers=headers,
                timeout=PATIENCE_S,
                allow_redirects=False,
            )
        except requests.Timeout:
            self.wrong[label, "timeout"] = f"no answer within {PATIENCE_S} s"
            return
        self.asked += 1
        self.statuses.add(answer.status_code)
        if answer.status_code == 500:
            self.wrong[label, "500"] = f"{case.path_parameters} {case.query} {str(case.body)[:300]} {headers}"
        try:
            case.validate_response(answer, checks=AS_DECLARED)
        except FailureGroup as group:
            for failure in group.exceptions:
                said = f"{answer.status_code} {failure.message[:500]} {headers} {answer.text[:200]}"
                self.wrong.setdefault((label, type(failure).__name__), said)


def told(wrong: dict[tuple[str, str], str]) -> Iterator[str]:
    for (label, kind), said in sorted(wrong.items()):
        yield f"{label}: {kind}: {said}"


async def test_every_answer_is_as_declared(embedded_url: str, tmp_path: Path) -> None:
    async with world(embedded_url, tmp_path) as there, served(there.app) as address:
        fuzzing = Fuzzing(there, address)
        await asyncio.to_thread(fuzzing.all)
        assert not fuzzing.wrong, "\n".join(told(fuzzing.wrong))
        assert {200, 403, 404, 422} <= fuzzing.statuses
        assert fuzzing.asked > EXAMPLES * 50
