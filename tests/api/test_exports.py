"""Exports over HTTP: who may ask for what, that it is done once, what is told of it, and that no name leads out of the folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2

from api.export_files import AtExports
from bailiwick.exporter import Exporting, folder_of, work_once
from bailiwick.timezones import pinned_time_zones
from store.exports import KEPT_US, Exports
from tests.api.doors import asks
from tests.api.working import Working, working
from tests.store.made import wearer_records

DOT = asks("dot", "duty_manager")
DEE = asks("dee", "duty_manager", "kent")
EVERYTHING = {"kind": "everything"}


@dataclass
class At:
    """An application with exports, the folder, and the exporter's turn."""

    working: Working
    folder: Path
    told: Exporting
    exports: Exports

    async def ask(self, body: Any = EVERYTHING, who: dict[str, str] = DOT, **headers: str) -> httpx2.Response:
        return await self.working.post("exports", body, who, **headers)

    async def get(self, path: str, who: dict[str, str] = DOT, **more: Any) -> httpx2.Response:
        return await self.working.client.get(f"/api/v1/{path}", headers=who, **more)

    async def make(self) -> None:
        while await work_once(self.told, self.exports):
            pass


@asynccontextmanager
async def exporting(url: str, folder: Path) -> AsyncIterator[At]:
    async with working(url, *wearer_records()) as at, await Exports.open(url) as exports:
        parts = at.app.state.parts
        desk = replace(parts.desk, exports=AtExports(exports, folder))
        at.app.state.parts = replace(parts, desk=desk)
        yield At(at, folder, Exporting(url, folder, pinned_time_zones(), at.clock), exports)


def problem(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    return answer.status_code, told["errors"][0]["field"] if told.get("errors") else ""


async def test_it_is_asked_for_made_and_fetched(database_url: str, tmp_path: Path) -> None:
    async with exporting(database_url, tmp_path) as at:
        asked = await at.ask(Bailiwick_Purpose="a restore is tested")
        assert (asked.status_code, asked.headers["location"]) == (202, "/api/v1/exports/1")
        assert (asked.json()["state"], asked.json()["files"]) == ("waiting", None)
        assert (await at.get("exports/1/files/manifest.json")).status_code == 404
        await at.make()
        done = (await at.get("exports/1")).json()
        assert (done["state"], done["rows_done"], done["asked_by"]) == ("done", done["rows"], "dot")
        manifest = (await at.get("exports/1/files/manifest.json")).json()
        assert manifest["tables"]["alerts"]["rows"] == 1
        assert {file["path"] for file in done["files"]} == {"manifest.json", *(f["path"] for f in manifest["files"])}
        for file in done["files"]:
            fetched = await at.working.client.get(file["href"], headers=DOT)
            assert fetched.status_code == 200
            assert fetched.content == (folder_of(tmp_path, 1) / file["path"]).read_bytes()
            assert fetched.headers["content-disposition"].startswith("attachment")
        listed = (await at.get("exports")).json()
        assert [one["id"] for one in listed["items"]] == ["1"]
        audited = at.working.ask(
            "SELECT body ->> 'deed', body ->> 'who', body ->> 'why' FROM audit_bodies ORDER BY body_no"
        )
        assert audited[0] == ("exports.write", "dot", "a restore is tested")
        assert audited.count(("exports.fetch", "dot", None)) == len(done["files"]) + 1
        at.working.clock.now_us += KEPT_US
        assert await at.exports.expire(at.working.clock(), lambda _: None) == 1
        assert (await at.get("exports/1/files/manifest.json")).status_code == 410


async def test_a_range_that_is_none_of_a_file_is_a_problem(embedded_url: str, tmp_path: Path) -> None:
    async with exporting(embedded_url, tmp_path) as at:
        await at.ask()
        await at.make()
        path = "/api/v1/exports/1/files/manifest.json"
        size = len((await at.working.client.get(path, headers=DOT)).content)
        part = await at.working.client.get(path, headers=DOT | {"Range": "bytes=0-1"})
        assert (part.status_code, part.headers["content-range"]) == (206, f"bytes 0-1/{size}")
        beyond = await at.working.client.get(path, headers=DOT | {"Range": "bytes=999999999-"})
        assert (problem(beyond)[0], beyond.headers["content-range"]) == (416, f"bytes */{size}")
        assert problem(await at.working.client.get(path, headers=DOT | {"Range": "pages=1-2"}))[0] == 400


async def test_asked_again_under_the_same_key_it_is_one(embedded_url: str, tmp_path: Path) -> None:
    async with exporting(embedded_url, tmp_path) as at:
        both = await asyncio.gather(*(at.ask(Idempotency_Key="k1") for _ in range(4)))
        assert {one.status_code for one in both} <= {202, 409}
        again = await at.ask(Idempotency_Key="k1")
        assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
        assert again.headers["location"] == "/api/v1/exports/1"
        assert at.working.ask("SELECT count(*) FROM exports") == [(1,)]
        other = await at.ask({"kind": "wearer", "wearer": "W1"}, Idempotency_Key="k1")
        assert problem(other) == (422, "Idempotency-Key")


async def test_who_may_ask_for_what(embedded_url: str, tmp_path: Path) -> None:
    async with exporting(embedded_url, tmp_path) as at:
        for role in ("operator", "supervisor", "officer", "police", "administrator", "auditor"):
            assert (await at.ask(who=asks("x", role))).status_code == 403, role
        assert (await at.ask(who=DEE)).status_code == 403, "everything is more than one area"
        assert problem(await at.ask({"kind": "wearer", "wearer": "W1"}, DEE)) == (422, "wearer"), "not in her sight"
        assert at.working.ask("SELECT count(*) FROM exports") == [(0,)]
        assert (await at.ask({"kind": "wearer", "wearer": "W1"})).status_code == 202
        await at.make()
        assert (await at.get("exports/1", DEE)).status_code == 404
        assert (await at.get("exports", DEE)).json()["items"] == []
        assert (await at.get("exports/1/files/manifest.json", DEE)).status_code == 404
        auditor = asks("aud", "auditor")
        assert (await at.get("exports/1", auditor)).json()["asked_by"] == "dot"
        assert (await at.get("exports/1/files/manifest.json", auditor)).status_code == 403


async def test_what_makes_no_sense_is_refused_by_field(embedded_url: str, tmp_path: Path) -> None:
    noon, later = "2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z"
    wearer = {"kind": "wearer", "wearer": "W1"}
    async with exporting(embedded_url, tmp_path) as at:
        for body, field in (
            (EVERYTHING | {"wearer": "W1"}, "wearer"),
            (EVERYTHING | {"from": noon}, "from"),
            ({"kind": "wearer"}, "wearer"),
            (wearer | {"wearer": "W9"}, "wearer"),
            (wearer | {"wearer": "../W1"}, "wearer"),
            (wearer | {"protected": True}, "protected"),
            (wearer | {"from": later, "to": noon}, "to"),
            (wearer | {"from": "yesterday"}, "from"),
            ({"kind": "other"}, "kind"),
            (EVERYTHING | {"folder": "/etc"}, "folder"),
        ):
            assert problem(await at.ask(body)) == (422, field), body
        assert at.working.ask("SELECT count(*) FROM exports") == [(0,)]


async def test_no_name_leads_out_of_the_folder(embedded_url: str, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("secret")
    folder = tmp_path / "exports"
    async with exporting(embedded_url, folder) as at:
        await at.ask()
        await at.make()
        (folder_of(folder, 1) / "other.csv.gz").write_text("secret")
        (folder_of(folder, 1) / "alerts.ndjson.gz").unlink()
        (folder_of(folder, 1) / "alerts.ndjson.gz").symlink_to(tmp_path / "secret.json")
        tricks = ("../../secret.json", "..%2F..%2Fsecret.json", "%2e%2e/%2e%2e/secret.json", "....//secret.json")
        tricks += (
            "/etc/passwd",
            "%2Fetc%2Fpasswd",
            "manifest.json%00.gz",
            "protected/%2e%2e/manifest.json",
            "progress.json",
        )
        tricks += ("other.csv.gz", "alerts.ndjson.gz", "..\\..\\secret.json", "manifest.json/", "", "protected", ".")
        for trick in tricks:
            for export in ("1", "..", "01", "9" * 19, "1%2F.."):
                answer = await at.get(f"exports/{export}/files/{trick}")
                assert answer.status_code in (404, 405, 422), (export, trick)
                assert "secret" not in answer.text


async def test_without_a_folder_none_can_be_asked_for(embedded_url: str) -> None:
    async with working(embedded_url) as at:
        assert (await at.post("exports", EVERYTHING, DOT)).status_code == 503
