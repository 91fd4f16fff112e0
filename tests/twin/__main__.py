"""``python -m tests.twin --caseload F --feed F [--until T]``: prints violations as contract.md says."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from domain.instants import parse_instant
from tests.twin.engine import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caseload", type=Path, required=True)
    parser.add_argument("--feed", type=Path, required=True)
    parser.add_argument("--until")
    given = parser.parse_args()
    until = parse_instant(given.until) if given.until else None
    with given.caseload.open(encoding="utf-8") as caseload, given.feed.open(encoding="utf-8") as feed:
        for line in run(caseload, feed, until):
            sys.stdout.write(line + "\n")


main()
