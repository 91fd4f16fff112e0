"""``python -m tests.twin --caseload F --feed F [--until T] [--kinds K,...|all]``: prints violations as contract.md says."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from domain.instants import parse_instant
from tests.twin.engine import BEFORE, EVERY_KIND, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caseload", type=Path, required=True)
    parser.add_argument("--feed", type=Path, required=True)
    parser.add_argument("--until")
    parser.add_argument("--kinds")
    given = parser.parse_args()
    kinds = EVERY_KIND if given.kinds == "all" else given.kinds.split(",") if given.kinds else BEFORE
    until = parse_instant(given.until) if given.until else None
    with given.caseload.open(encoding="utf-8") as caseload, given.feed.open(encoding="utf-8") as feed:
        for line in run(caseload, feed, until, kinds):
            sys.stdout.write(line + "\n")


main()
