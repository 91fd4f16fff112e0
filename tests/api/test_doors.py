"""No route stands beside the door: one that names no deed is found when the application starts, wherever it was put."""

from __future__ import annotations

import pytest
from fastapi import APIRouter, FastAPI

from access.grants import GRANTS, Deed
from api.doors import BEFORE_IT, require_deeds
from api.parts import API_ROOT
from domain.facts import Roster
from domain.vocabulary import Role
from tests.api.doors import asks
from tests.api.fake_reading import FakeReading
from tests.api.serving import app_over, client_of
from tests.api.sides import Side


async def app() -> FastAPI:
    return app_over(Side(FakeReading(), Roster(), ()))


async def nothing() -> None:
    """A route that asks nobody."""


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("nested", [False, True])
async def test_a_route_without_a_deed_stops_the_start(hidden: bool, nested: bool) -> None:
    there = await app()
    router = APIRouter(prefix=API_ROOT)
    router.add_api_route("/forgotten", nothing, include_in_schema=not hidden)
    outer = APIRouter()
    outer.include_router(router)
    there.include_router(outer if nested else router)
    with pytest.raises(AssertionError, match="/api/v1/forgotten"):
        require_deeds(there)


async def test_an_application_whose_routes_are_not_found_does_not_start() -> None:
    with pytest.raises(AssertionError, match="wrong place"):
        require_deeds(FastAPI())


async def test_the_document_says_of_every_operation_what_is_done_and_who_may() -> None:
    document = (await app()).openapi()
    told = {
        (path, method): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if path.startswith(API_ROOT) and not path.startswith(BEFORE_IT)
    }
    assert len(told) > 100
    for where, operation in told.items():
        assert Deed(operation["x-deed"]), where
        assert {Role(role) for role in operation["x-roles"]} == GRANTS[Deed(operation["x-deed"])], where


async def test_who_was_refused_is_found_by_the_session_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    pia = asks("pia", "police") | {"Test-Session": "s-17"}
    async with client_of(await app()) as client:
        assert (await client.get(f"{API_ROOT}/accounts", headers=pia)).status_code == 403
        assert (await client.get(f"{API_ROOT}/wearers/W-none", headers=pia)).status_code == 404
        assert (await client.get(f"{API_ROOT}/wearers", headers=pia)).status_code == 200
    refused, missing, shown = [line for line in capsys.readouterr().out.splitlines() if "request" in line]
    assert "session=s-17" in refused
    assert "session=s-17" in missing
    assert "s-17" not in shown
    assert not any("pia" in line for line in (refused, missing, shown))
