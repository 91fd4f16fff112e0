"""The same arguments give the same bytes, on this machine and on any other."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from simulators.service import SimulateConfig, simulate

GOLDEN = {
    "caseload": "2f99cb39553401b70644440198d731c1757b00c9a5edb674d8ddad77eca10ac8",
    "feed": "31c95d1cde91a03b27e058353ddac109f9bb3c42d0bfc0d01307469eb3cccda0",
    "truth": "4962516ef3de4ce74603fca6429b9f042f4b24d123ba225140a01eca221f214a",
    "lives": "6fea193bea6cdd701f78b86651d3cc7586ca2ac887444da8f023331d32415e69",
}
"""SHA-256 of the files of a run of half a day: the same with Python 3.11 and numpy 2.4, and with Python 3.13 and numpy 2.5.

What is invented, or how, was changed on purpose: run this test, and take over what it prints. Where nobody changed it and it
differs on another machine, Python or numpy, the simulators are not what docs/simulators.md promises.
"""


def _written(folder: Path, seed: int) -> dict[str, bytes]:
    folder.mkdir()
    files = {
        "caseload": folder / "run.caseload.ndjson",
        "feed": folder / "run.ndjson",
        "truth": folder / "run.truth",
        "lives": folder / "run.lives",
    }
    config = SimulateConfig(
        wearers=24, feed=files["feed"], duration_s=43_200.0, truth=files["truth"], lives=files["lives"], seed=seed
    )
    assert simulate(config) == 0
    return {name: path.read_bytes() for name, path in files.items()}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_here_and_elsewhere(tmp_path: Path) -> None:
    first, again, other = (_written(tmp_path / name, seed) for name, seed in (("a", 11), ("b", 11), ("c", 12)))
    assert first == again
    for name, content in first.items():
        assert content
        assert content != other[name]
    assert {name: hashlib.sha256(content).hexdigest() for name, content in first.items()} == GOLDEN
