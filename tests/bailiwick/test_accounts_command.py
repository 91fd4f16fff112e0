"""``bailiwick accounts`` against real databases: accounts and keys made, listed and ended; each secret said once."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.hashing import Hashing
from bailiwick.commands import main
from domain.records import Area, Version
from domain.vocabulary import AreaKind
from store import Store
from tests.store.made import ask, learn_everything, roster_of

ONE_TIME = re.compile(r"(?:[a-z2-9]{5}-){3}[a-z2-9]{5}")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line; gives its exit code and what it said."""

    async def prepare() -> None:
        async with await Store.open(database_url) as store:
            await store.migrate()
            await store.learn([Version(Area("kent", AreaKind.PDU, "Kent"))])
            await learn_everything(store, 1, roster_of())

    asyncio.run(prepare())
    for name in [name for name in os.environ if name.startswith("BAILIWICK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BAILIWICK_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)

    def ran(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["accounts", *words])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return ran


def told(run: Run, *words: str) -> Any:
    code, out, err = run(*words, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def fits(database_url: str, name: str, password: str) -> bool:
    async def compared() -> bool:
        hashing = Hashing()
        ((kept,),) = ask(database_url, "SELECT password_hash FROM accounts WHERE name = %s", name)
        found = await hashing.fits(kept, password)
        hashing.close()
        return found

    return asyncio.run(compared())


@pytest.mark.slow
def test_an_account_from_its_making_to_its_end(run: Run, database_url: str) -> None:
    code, out, err = run("add", "o.lind", "--role", "operator", "--area", "kent", "--shown", "O. Lind")
    assert (code, err) == (0, "")
    (once,) = ONE_TIME.findall(out)
    assert fits(database_url, "o.lind", once)
    (found,) = told(run, "list")["accounts"]
    assert (found["name"], found["shown"], found["role"], found["areas"]) == ("o.lind", "O. Lind", "operator", ["kent"])
    assert found["must_change_password"]
    assert once not in json.dumps(found)
    other = told(run, "reset", "o.lind")["one_time_password"]
    assert fits(database_url, "o.lind", other)
    assert not fits(database_url, "o.lind", once)
    assert told(run, "unlock", "o.lind") == {"name": "o.lind", "changed": False}
    assert told(run, "disable", "o.lind") == {"name": "o.lind", "changed": True}
    assert "o.lind: operator, kent; disabled" in run("list")[1]
    assert told(run, "enable", "o.lind")["changed"]
    did = ask(database_url, "SELECT body -> 'details' ->> 'did', body ->> 'by' FROM audit_bodies ORDER BY body_no")
    assert did == [(one, "command") for one in ("made", "reset", "disabled", "enabled")]
    assert once not in str(ask(database_url, "SELECT a::text FROM accounts a"))


@pytest.mark.slow
def test_a_key_from_its_making_to_its_end(run: Run, database_url: str) -> None:
    made = told(run, "key", "--for", "the PNC", "--role", "police", "--area", "kent", "--days", "30")
    assert re.fullmatch(rf"bwk_{made['id']}_[A-Za-z0-9_-]{{43}}", made["key"])
    (found,) = told(run, "keys")["keys"]
    assert (found["id"], found["shown"], found["reads_only"], found["used"]) == (made["id"], "the PNC", True, None)
    assert made["key"][-43:] not in json.dumps(found)
    assert f"{made['id']}: the PNC; police, kent, reads; until " in run("keys")[1]
    assert told(run, "revoke", made["id"])["changed"]
    assert "opens nothing any more" in run("keys")[1]
    assert not told(run, "revoke", made["id"])["changed"]


@pytest.mark.slow
def test_what_cannot_be_is_said_in_one_line(run: Run) -> None:
    add = ("add", "pia", "--role")
    wrong = [
        (("add", "Pia", "--role", "auditor"), "2 to 64 of a-z"),
        (("add", "nobody", "--role", "auditor"), "none that is reserved"),
        ((*add, "operator"), "as operator it would see nobody: name its areas, or give --every-area"),
        ((*add, "officer"), "as officer it would see nobody"),
        ((*add, "police", "--area", "west"), "there is no area west"),
        ((*add, "police", "--area", "kent", "--every-area"), "not together with --area"),
        ((*add, "officer", "--email", "pia"), "is not an address"),
        ((*add, "king"), "king"),
        (("key", "--for", "x", "--role", "administrator"), "a machine is no administrator"),
        (("key", "--for", "x", "--role", "auditor", "--days", "401"), "less than or equal to 400"),
    ]
    for words, says in wrong:
        code, out, err = run(*words)
        assert (code, out) == (2, ""), words
        assert says in " ".join(err.split()), words
    assert told(run, *add, "officer", "--email", "P.Ia@Example.org", "--provider-alone")["one_time_password"] is None
    assert told(run, "list")["accounts"][0]["email"] == "p.ia@example.org"
    for words, says in (
        (("add", "pia", "--role", "auditor"), "another account has this name"),
        (("reset", "eve"), "there is no such account"),
        (("revoke", "eve"), "there is no such key"),
    ):
        code, out, err = run(*words)
        assert (code, out) == (1, ""), words
        assert says in err
        assert err.count("\n") == 1
