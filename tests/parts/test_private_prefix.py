"""Packages in a folder of ours: made once, and one clear line when the machine lacks something."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bailiwick.parts import private_prefix
from bailiwick.parts.private_prefix import Wanted, made_prefix, versions_in
from bailiwick.parts.processes import PartFailed, unprivileged
from bailiwick.parts.real_parts import PARTS_CACHE, WANTED, RealParts

SMALL = Wanted("small", "trixie", ("patchelf", "hello"), ("usr/bin/hello",))
NO_MIRROR = 'Acquire::http::Proxy "http://127.0.0.1:9"; Acquire::Retries "0";'
MAKE = """
import sys
from dataclasses import replace
from pathlib import Path
from bailiwick.parts.private_prefix import private_prefix
from tests.parts.test_private_prefix import SMALL
print(private_prefix(SMALL, Path(sys.argv[1])))
"""
PROJECT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.real
def test_two_at_once_make_one_and_its_programs_run(parts_folder: Path) -> None:
    command = [sys.executable, "-c", MAKE, str(parts_folder / "cache")]
    makers = [subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    prefixes = {maker.communicate()[0].strip() for maker in makers}
    assert len(prefixes) == 1
    prefix = Path(prefixes.pop())
    said = subprocess.run([prefix / "usr/bin/hello"], capture_output=True, text=True, check=True).stdout
    assert said == "Hello, world!\n"
    assert set(versions_in(prefix)) >= {"hello", "patchelf", "libc6"}
    assert made_prefix(SMALL, parts_folder / "cache") == prefix
    assert [path.name for path in (parts_folder / "cache").iterdir() if path.name.startswith("apt-")] == []


@pytest.mark.slow
@pytest.mark.real
def test_a_prefix_that_was_moved_is_not_taken(parts_folder: Path, installed_parts: RealParts) -> None:
    made = made_prefix(WANTED, PARTS_CACHE)
    assert made is not None
    elsewhere = parts_folder / "moved" / made.name
    elsewhere.mkdir(parents=True)
    (elsewhere / "ready.json").write_text((made / "ready.json").read_text())
    assert made_prefix(WANTED, elsewhere.parent) is None
    (elsewhere / "ready.json").write_text(json.dumps({"prefix": str(elsewhere)}))
    assert made_prefix(WANTED, elsewhere.parent) == elsewhere


@pytest.mark.slow
def test_a_missing_mirror_is_one_line(tmp_path: Path, parts_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "apt.conf").write_text(NO_MIRROR)
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    with pytest.raises(PartFailed, match=r"the package mirror http\S+ does not serve what is needed: E") as caught:
        private_prefix.private_prefix(SMALL, parts_folder / "none")
    assert "\n" not in str(caught.value)


def test_missing_apt_is_one_line(parts_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PartFailed, match="apt-get is not on this machine"):
        private_prefix.private_prefix(SMALL, parts_folder / "no-apt")


def test_a_full_disk_is_one_line(parts_folder: Path) -> None:
    with pytest.raises(PartFailed, match=r"MB of disk are needed at .*, \d+ MB are free"):
        private_prefix.private_prefix(replace(SMALL, disk_mb=1 << 40), parts_folder / "full")


def test_a_folder_that_the_parts_account_cannot_reach_is_not_used(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    kept = private_prefix._place(closed / "cache").is_relative_to(closed)
    assert kept == (unprivileged() is None)
