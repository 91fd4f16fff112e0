"""A pack from ingested facts to a signed file that anybody can check, on a real database."""

from __future__ import annotations

from pathlib import Path

import pytest

from bailiwick.pack_making import make
from evidence.attachments import attachments_of
from evidence.signing import certificate_of
from evidence.verifying import verify
from tests.bailiwick.pack_world import EVERYTHING, NOW_US, ZONES, certified, key_in, night
from tests.store.made import ask

pytestmark = [pytest.mark.real, pytest.mark.slow]


async def test_a_pack_is_made_of_a_night_signed_and_holds_from_its_file_alone(
    embedded_url: str, tmp_path: Path
) -> None:
    async with night(embedded_url, key_in(tmp_path)) as there:
        print(
            ask(embedded_url, "SELECT id, version, change, kind, cause, from_at, to_at FROM violations ORDER BY 1, 2")
        )
        await there.opened(["W1-1", "W1-2"])
        assert await there.asked() == 1
        claimed = await there.packs.claim(NOW_US)
        assert claimed is not None
        made = await make(there.making, claimed, NOW_US)
        await there.packs.finish(claimed, made, NOW_US)
        (row,) = await there.packs.of_case(there.breach, EVERYTHING)
        assert (row.state, row.signature) == ("draft", "")
        await there.signed(row.no, made.sha256)
        claimed = await there.packs.claim(NOW_US)
        assert claimed is not None
        made = await make(there.making, claimed, NOW_US)
        await there.packs.finish(claimed, made, NOW_US)
        (row,) = await there.packs.of_case(there.breach, EVERYTHING)
        assert row.state == "done", row
        document = await there.packs.document(row.no)
        assert document is not None
        (tmp_path / "pack.pdf").write_bytes(document)
        (tmp_path / "trusted.pem").write_bytes(certified()[1])
        verdict = verify(document, ZONES, [certificate_of(tmp_path / "trusted.pem")])
        print(verdict.as_json(), {name: len(body) for name, body in attachments_of(document).items()})
        assert verdict.holds, verdict.fault
        assert sorted(verdict.replayed) == ["W1-1", "W1-2"]
