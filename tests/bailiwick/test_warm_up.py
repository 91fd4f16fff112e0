"""What the rules run is compiled before ingest connects; nothing is left to be compiled while messages wait."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules import pairs_made

PROJECT = Path(__file__).parents[2]
WARM_UP = "from bailiwick.warm_up import warm_up; assert warm_up() > 0"


def run(code: list[str], cache: Path) -> set[str]:
    """What is compiled after running that, by name."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    subprocess.run([sys.executable, *code], cwd=PROJECT, env=environment, check=True, capture_output=True)
    return {path.name for path in cache.rglob("*.nbc")}


@pytest.mark.slow
def test_other_feeds_find_everything_compiled(tmp_path: Path) -> None:
    compiled = run(["-c", WARM_UP], tmp_path / "cache")
    assert compiled
    feed, caseload = tmp_path / "feed.ndjson", tmp_path / "feed.caseload.ndjson"
    run(
        ["-m", "bailiwick", "simulate", "--wearers", "60", "--seed", "9", "--feed", str(feed), "--duration", "1800"],
        tmp_path / "cache",
    )
    evaluate = ["-m", "bailiwick", "evaluate", "--caseload", str(caseload), "--feed", str(feed)]
    assert run(evaluate, tmp_path / "cache") == compiled
    caseload.write_text("\n".join(pairs_made.caseload(pairs_made.PROXIMITY, pairs_made.ASSOCIATION)))
    pair = pairs_made.Feed()
    for seconds in (0, 60, 120, 180, 240, 150, 300, 360):
        for device in (pairs_made.TAG, pairs_made.OTHER_TAG, pairs_made.UNIT):
            pair.fix(device, seconds, seconds / 2, received=max(seconds, 310) if seconds == 150 else None)
    feed.write_text("\n".join(pair.said()))
    assert run(evaluate, tmp_path / "cache") == compiled
