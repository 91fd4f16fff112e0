"""``bailiwick crimes`` against a real database: what is right is taken, what is wrong is told by line and field."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from bailiwick.commands import main
from domain.records import Area, Version
from domain.vocabulary import AreaKind
from store import Store
from tests.store.made import ask, learn_everything, roster_of

ROW = "westshire,{},theft,2026-11-01T10:00:00Z,2026-11-01T11:00:00Z,TQ 300 800\n"
HEADER = "force,reference,kind,from,to,grid\n"


def test_a_file_is_taken_row_by_row(
    embedded_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def prepare() -> None:
        async with await Store.open(embedded_url) as store:
            await store.migrate()
            await store.learn([Version(Area("westshire", AreaKind.POLICE_FORCE, "Westshire"))])
            await learn_everything(store, 1, roster_of())

    asyncio.run(prepare())
    for name in [name for name in os.environ if name.startswith("BAILIWICK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BAILIWICK_DATABASE_URL", embedded_url)
    monkeypatch.chdir(tmp_path)

    def ran(text: str, *words: str) -> tuple[int, str, str]:
        Path("crimes.csv").write_text(text)
        with pytest.raises(SystemExit) as ended:
            main(("crimes", "crimes.csv", *words))
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    code, out, _ = ran(HEADER + ROW.format("a") + ROW.format("b").replace("TQ", "SI"))
    assert code == 1
    assert "crimes.csv:3: grid: begins with SI" in out
    assert "1 created, 0 corrected, 0 duplicate, 1 refused" in out
    code, out, _ = ran(HEADER + ROW.format("a") + ROW.format("b"), "--json")
    assert (code, json.loads(out)["duplicate"], json.loads(out)["created"]) == (0, 1, 1)
    code, _, err = ran("force,colour\n")
    assert code == 2
    assert "colour" in err
    assert ask(embedded_url, "SELECT count(*), min(state) FROM crimes") == [(2, "waiting")]
    deeds = ask(embedded_url, "SELECT count(*) FROM audit_bodies WHERE body ->> 'deed' = 'crimes.write'")
    assert deeds == [(2,)]
