"""docs/asvs.md tells of every requirement once, counts right, and names tests that there are; and what it says of the page's code."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = PROJECT / "docs" / "asvs.md"
LEVELS_1_AND_2: Final = (
    "1.1:1-2 1.2:1-9 1.3:1-11 1.4:1-3 1.5:1-2 2.1:1-3 2.2:1-3 2.3:1-4 2.4:1 3.2:1-2 3.3:1-4 3.4:1-6 3.5:1-5 "
    "3.7:1-2 4.1:1-3 4.2:1 4.3:1-2 4.4:1-4 5.1:1 5.2:1-3 5.3:1-2 5.4:1-3 6.1:1-3 6.2:1-12 6.3:1-4 6.4:1-4 6.5:1-5 "
    "6.6:1-3 6.8:1-4 7.1:1-3 7.2:1-4 7.3:1-2 7.4:1-5 7.5:1-2 7.6:1-2 8.1:1-2 8.2:1-3 8.3:1 8.4:1 9.1:1-3 9.2:1-4 "
    "10.1:1-2 10.2:1-2 10.3:1-4 10.4:1-11 10.5:1-5 10.6:1-2 10.7:1-3 11.1:1-2 11.2:1-3 11.3:1-3 11.4:1-4 11.5:1 "
    "11.6:1 12.1:1-3 12.2:1-2 12.3:1-4 13.1:1 13.2:1-5 13.3:1-2 13.4:1-5 14.1:1-2 14.2:1-4 14.3:1-3 15.1:1-3 "
    "15.2:1-3 15.3:1-7 16.1:1 16.2:1-5 16.3:1-4 16.4:1-3 16.5:1-3 17.1:1 17.2:1-4 17.3:1-2 "
)
"""The requirements of ASVS 5.0.0 that are of these levels, by section."""
STATES: Final = ("met", "partly", "not met", "n/a")
HTML_BY_CODE: Final = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc")


def wanted() -> list[str]:
    found = []
    for section, runs in (word.split(":") for word in LEVELS_1_AND_2.split()):
        for first, _, last in (run.partition("-") for run in runs.split(",")):
            found += [f"V{section}.{number}" for number in range(int(first), int(last or first) + 1)]
    return found


def rows() -> list[tuple[list[str], str, str]]:
    """Numbers, state, and what shows it."""
    cells = [line.strip("|").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| V")]
    return [(numbers.strip().split(", "), state.strip(), shown) for numbers, _, state, shown in cells]


def test_every_requirement_of_level_2_stands_there_once() -> None:
    told = [number for numbers, _, _ in rows() for number in numbers]
    assert sorted(told) == sorted(wanted())


def test_what_is_met_says_by_what_and_the_counts_are_right() -> None:
    counts = Counter[str]()
    for numbers, state, shown in rows():
        assert state in STATES, numbers
        assert "`tests/" in shown or "`docs/" in shown or "`deploy/" in shown or state != "met", numbers
        assert "**" in shown or shown.startswith("as V") or state != "partly", f"{numbers}: what is missing?"
        counts[state] += len(numbers)
    summary = dict(re.findall(r"^\| (met|partly|not met|n/a)(?::.*?)? \| (\d+) \|$", PAGE.read_text(), re.MULTILINE))
    assert summary == {state: str(counts[state]) for state in STATES}


def test_every_test_and_page_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:tests|docs)/[\w/.-]+)(?:::(\w+))?`", PAGE.read_text()))
    assert len(named) > 100
    for file, test in named:
        path = PROJECT / file
        assert path.exists(), file
        assert not test or re.search(rf"^(async )?def {test}\(", path.read_text(), re.MULTILINE), f"{file}::{test}"


def test_the_page_writes_text_and_never_html() -> None:
    web = PROJECT / "web"
    folders = [one for one in web.iterdir() if one.is_dir() and one.name != "node_modules"]
    scripts = sorted(path for folder in folders for path in folder.rglob("*.ts*"))
    assert len(scripts) > 10
    assert not [path.name for path in scripts if HTML_BY_CODE.search(path.read_text())]
