"""``bailiwick protocols``: what a tired person reads, what a program reads, and what stands in the database."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from alerts.shipped import in_force, shipped_protocols, shipped_text
from bailiwick.commands import main
from domain.instants import parse_instant
from domain.rota import Shift
from domain.vocabulary import Role
from store import Store

AT = "2026-11-22T11:20:00Z"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command line without settings, in an empty folder; gives its exit code and what it said."""
    for name in [name for name in os.environ if name.startswith("BAILIWICK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def ran(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(("protocols", *words))
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return ran


def explain(run: Run, kind: str, *more: str, level: str = "standard") -> str:
    code, said, wrong = run("explain", "--kind", kind, "--level", level, "--at", AT, *more)
    assert (code, wrong) == (0, "")
    return said


def test_a_tamper_is_explained_minute_by_minute(run: Run) -> None:
    assert explain(run, "strap_tamper").split("\n")[:11] == [
        "strap_tamper, critical, standard: protocol tamper (version 1), The tag was interfered with",
        "Raised Sun 22 Nov 2026 11:20:00 Europe/London. If nobody acts:",
        "",
        "  clock     after     who           how                   what",
        "  11:20:00  +00:00    operator      console               alert         unless claimed",
        "  11:20:00  +00:00    wearer        call                  check device",
        "  11:20:00  +00:00    officer       e-mail                notice",
        "  11:22:00  +02:00    supervisor    SMS, else call        unclaimed     unless claimed",
        "  11:25:00  +05:00    duty manager  SMS, else call        unclaimed     every 10 min until claimed",
        "  11:35:00  +15:00    wearer        call                  check device  every 15 min until acted on or the wearer answers",
        "  11:35:00  +15:00    duty manager  SMS, else call        unclaimed     again",
    ]


def test_it_says_where_a_claim_changes_it_and_that_there_are_no_names(run: Run) -> None:
    said = explain(run, "strap_tamper").strip().split("\n")
    assert said[-6:] == [
        "",
        "Claimed at +01:00, then nothing: the claim lapses at +16:00; supervisor +18:00 (unclaimed),"
        " duty manager +21:00 (unclaimed), duty manager +1:00:00 (still open)",
        "Claimed, and worked on: duty manager +1:00:00 (still open)",
        "Over after a minute: nothing stops",
        "",
        "The protocols that ship (version 1), and roles alone: no database is set.",
    ]


def test_times_are_those_of_the_clock_on_the_wall_in_summer(run: Run) -> None:
    _, said, _ = run("explain", "--kind", "sos", "--level", "standard", "--at", "2026-07-01T23:30:00Z")
    assert "Raised Thu 02 Jul 2026 00:30:00 Europe/London" in said
    assert "  00:32:00  +02:00    supervisor" in said


def test_a_curfew_rises_by_time_unless_its_severity_is_given(run: Run) -> None:
    assert "13:20:00  +2:00:00" in explain(run, "curfew")
    assert "it becomes critical: curfew-critical" in explain(run, "curfew")
    assert "it becomes" not in explain(run, "curfew", "--severity", "serious")


def test_a_loss_of_contact_begins_without_need_and_is_told_to_nobody_for_an_hour(run: Run) -> None:
    said = explain(run, "communication_lost")
    assert said.split("\n")[4].split()[:2] == ["12:20:00", "+1:00:00"]
    assert "11:22:00  +02:00    operator" in explain(run, "communication_lost", "--severity", "serious")
    assert "  11:30:00  +10:00    victim " in explain(run, "communication_lost", "--victim")


def test_under_18_at_night_the_adult_is_called_now_and_the_wearer_in_the_morning(run: Run) -> None:
    words = ("--level", "standard", "--at", "2026-11-22T23:20:00Z", "--under-18", "--severity", "serious")
    _, said, _ = run("explain", "--kind", "jamming", *words)
    assert "  23:20:00  +00:00    responsible adult" in said
    assert "  07:00:00  +7:40:00  wearer " in said


def test_what_waits_for_an_answer_is_told(run: Run) -> None:
    said = explain(run, "proximity_prealert", "--victim")
    assert "When the wearer does not answer: victim by SMS, else call: near" in said
    assert "When the wearer does not answer: police by webhook, else call: attend" in said


def test_a_victims_own_unit_has_its_own(run: Run) -> None:
    assert "protocol victim-unit-dead" in explain(run, "battery_dead", "--own-unit")


def test_for_programs_it_is_json(run: Run) -> None:
    told = json.loads(explain(run, "strap_tamper", "--json", level="intensive"))
    assert (told["protocol"]["id"], told["severity"], told["at"]) == ("tamper-intensive", "critical", AT)
    assert told["told"][1] == {
        "at": AT,
        "after_s": 0,
        "action": "notify",
        "to": "police",
        "by": ["webhook", "call"],
        "text": "police_attend",
        "reason": "first",
        "stop": [],
        "repeat_s": None,
        "names": None,
    }


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--kind", "strap_tampr", "--level", "standard"), "--kind: there is no 'strap_tampr' (did you mean strap_tamper?)"),
        (("--kind", "sos", "--level", "intense"), "--level: there is no 'intense' (did you mean intensive?)"),
        (("--kind", "sos", "--level", "standard", "--severity", "x"), "--severity: there is no 'x'"),
        (("--kind", "sos", "--level", "standard", "--at", "noon"), '--at: is "noon"; must be a date and time'),
        (("--kind", "sos", "--level", "standard", "--at", "9999-12-31T23:59:59Z"), "--at: is 9999-12-31T23:59:59Z; must be before"),
        (("--kind", "AL12", "--level", "standard"), "--kind: AL12 is an event code of curfew"),
    ],
)  # fmt: skip
def test_a_word_that_is_not_known_ends_with_2_and_names_the_nearest(
    run: Run, words: tuple[str, ...], says: str
) -> None:
    code, said, wrong = run("explain", *words)
    assert (code, said) == (2, "")
    assert wrong.startswith(f"bailiwick protocols: {says}")
    assert wrong.count("\n") == 1


@pytest.mark.parametrize("command", ["explain", "check", "import", "show"])
def test_each_command_and_option_is_documented(run: Run, command: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    code, said, _ = run(command, "--help")
    assert (code, f"`protocols {command}" in page) == (0, True)
    options = set(re.findall(r"--[a-z][a-z0-9-]+", said)) - {"--help", "--json"}
    assert [option for option in sorted(options) if f"`{option}`" not in page] == []


def test_those_that_ship_are_shown_when_there_is_no_database(run: Run) -> None:
    code, said, _ = run("show")
    lines = said.split("\n")
    assert (code, lines[0]) == (0, "protocol                     version  steps  for")
    assert len(lines) == 1 + len(shipped_protocols().protocol) + 3
    assert run("show", "tamper")[1].startswith("tamper (version 1): The tag was interfered with\n  for: strap_tamper, ")
    assert run("show", "tampr")[::2] == (
        2,
        "bailiwick protocols: ID: there is no protocol 'tampr' (did you mean tamper?)\n",
    )


@pytest.mark.slow
def test_a_file_is_checked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(shipped_text())
    expected = f"version 1, {len(shipped_protocols().protocol)} protocols: nothing critical can age in silence\n"
    assert run("check", "good.toml") == (0, expected, "")
    (tmp_path / "bad.toml").write_text(shipped_text().replace("repeat_s = 600", "repeat_s = 900"))
    code, said, wrong = run("check", "bad.toml")
    assert (code, said) == (2, "")
    place = 1 + shipped_text().splitlines().index('id = "tamper"') - 1
    assert (
        f"bad.toml:{place}: protocol tamper, steps: nobody is told from +05:00 to +20:00 while nobody has claimed it"
        in wrong
    )
    (tmp_path / "worse.toml").write_text(shipped_text().replace('to = "police"', 'to = "polcie"', 1))
    code, _, wrong = run("check", "worse.toml")
    assert code == 2
    line = 1 + shipped_text().splitlines().index("[[protocol]]")
    assert wrong.startswith(
        f"worse.toml:{line}: protocol victim-sos, step 2, to: there is no 'polcie' (did you mean police?)"
    )
    (tmp_path / "wordless.toml").write_text(shipped_text().replace('"police_sos"', '"police_sso"', 1))
    wrong = run("check", "wordless.toml")[2]
    assert wrong == (
        f"wordless.toml:{line}: protocol victim-sos, step 2, text: the catalogues have no text 'police_sso' (did you mean police_sos?)\n"
    )
    assert run("check", "none.toml")[0] == 2


@pytest.mark.real
@pytest.mark.slow
def test_versions_are_imported_in_order_and_names_come_from_the_rota(
    run: Run, embedded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = (parse_instant("2026-11-22T00:00:00Z"), parse_instant("2026-11-23T00:00:00Z"))
    shifts = [
        Shift("s1", Role.SUPERVISOR, "ann", "Ann Holm", *day, phone="+44 20 7946 0001"),
        Shift("s2", Role.DUTY_MANAGER, "bob", "Bob Lind", *day, email="bob@example.org"),
    ]

    async def prepare() -> None:
        async with await Store.open(embedded_url) as store:
            await store.migrate()
            await store.rota.enter(shifts, "a test")

    asyncio.run(prepare())
    monkeypatch.setenv("BAILIWICK_DATABASE_URL", embedded_url)

    said = explain(run, "strap_tamper")
    assert re.search(r"  11:22:00  \+02:00    supervisor: Ann Holm \+44 20 7946 0001 +SMS, else call +unclaimed", said)
    assert "duty manager: Bob Lind bob@example.org" in said
    assert said.strip().endswith(
        "Protocols: those that ship, version 1. Names: the rota for no area in particular (--area names one)."
    )
    wrong = run("explain", "--kind", "sos", "--level", "standard", "--area", "nowhere")
    assert wrong == (2, "", "bailiwick protocols: --area: there is no area 'nowhere'\n")

    (tmp_path / "one.toml").write_text(shipped_text())
    assert run("import", "one.toml")[::2] == (2, "one.toml: version: is 1, not over 1, which is in force\n")
    changed = shipped_text().replace("version = 1", "version = 2", 1).replace("+ after", "").replace("120", "90")
    (tmp_path / "two.toml").write_text(changed)
    code, _, wrong_versions = run("import", "two.toml")
    assert code == 2
    assert (
        "two.toml: protocol tamper, version: is 1, but version 1 is in force and says something else" in wrong_versions
    )
    assert in_force(newest(embedded_url)) == shipped_protocols()

    (tmp_path / "three.toml").write_text(changed.replace("version = 1\n", "version = 2\n"))
    expected = f"version 2 is in force, {len(shipped_protocols().protocol)} protocols\n"
    assert run("import", "three.toml") == (0, expected, "")
    kept = in_force(newest(embedded_url))
    assert kept.version == 2
    assert kept.named("tamper", 1) == shipped_protocols().named("tamper", 1)
    assert "+01:30 supervisor by SMS, else call: unclaimed" in run("show", "tamper")[1]
    assert "11:21:30  +01:30" in explain(run, "strap_tamper")
    assert run("import", "three.toml")[0] == 2


def newest(url: str) -> dict[str, object] | None:
    async def ask() -> dict[str, object] | None:
        async with await Store.open(url) as store:
            return await store.protocols.newest()

    return asyncio.run(ask())
