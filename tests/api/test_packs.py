"""Breach packs over HTTP: what a person puts in, and the annex by a court's direction alone."""

from __future__ import annotations

import pytest

from tests.api.access_packs import DIRECTION, SHA, document
from tests.api.doors import asks
from tests.api.test_breaches import DEE, made, opened, order
from tests.api.working import SAM, Working, working

pytestmark = [pytest.mark.real, pytest.mark.slow]
DOM = asks("dom", "duty_manager")


async def packed(there: Working, state: str) -> str:
    """A case with a pack in a state, its file made by hand; where it is."""
    await made(there)
    breach = (await opened(there))["id"]
    signs = "'Sue', 'Duty manager', 'sue'" if state == "done" else "NULL, NULL, NULL"
    there.ask(
        "INSERT INTO packs (breach_no, version, state, asked_at, asked_by, asked_role, document, document_sha256, annex,"
        f" annex_sha256, parts, signatory, post, signed_by) VALUES ({breach}, 1, '{state}', now(), 'dee', 'officer',"
        f" '\\x{document().hex()}', '{SHA}', '\\x{document().hex()}', '{SHA}', '[]', {signs}) RETURNING 1"
    )
    return f"breaches/{breach}/packs/1"


async def test_the_annex_is_opened_by_a_direction_that_was_given(embedded_url: str) -> None:
    async with working(embedded_url, order(), alerts=0) as there:
        path = f"{await packed(there, 'done')}/annex-openings"
        ahead = await there.post(path, DIRECTION | {"directed": "2027-01-01"}, DOM)
        assert (ahead.status_code, ahead.json()["errors"][0]["field"]) == (422, "directed")
        assert (await there.post(path, DIRECTION, SAM)).status_code == 403
        assert (await there.get(path, DOM)).json()["items"] == []
        given = await there.client.post(f"/api/v1/{path}", json=DIRECTION, headers=DOM)
        assert (given.status_code, given.content) == (200, document())
        (entry,) = (await there.get(path, DOM)).json()["items"]
        assert (entry["court"], entry["reference"], entry["directed"]) == ("Kent", "KC-1", "2026-11-20")


async def test_a_name_that_cannot_be_kept_is_refused_and_the_draft_stays_one(embedded_url: str) -> None:
    async with working(embedded_url, order(), alerts=0) as there:
        path = await packed(there, "draft")
        signs = {"name": "Sue Invented", "post": "Duty manager", "read_sha256": SHA}
        for name in ("", "Sue\x00", "x" * 5_000):
            assert (await there.post(f"{path}/signature", signs | {"name": name}, SAM)).status_code == 422, name
        other = await there.post(f"{path}/signature", signs | {"read_sha256": "cd" * 32}, SAM)
        assert other.status_code == 409
        assert (await there.get(path, DEE)).json()["state"] == "draft"
        part = await there.client.get(f"/api/v1/{path}/parts/facts.csv", headers=DEE)
        assert part.content == b"device\n"
        assert (await there.get(f"{path}/parts/other.csv", DEE)).status_code == 404
