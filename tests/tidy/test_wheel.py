"""The wheel holds the console as built, so that a centre needs no Node, and nothing that belongs to the government's own sites alone."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
BUILT: Final = ROOT / "api/console/built"
NOT_OURS: Final = ("crown", "crest", "logotype", "transport", "opengraph", "apple-touch", ".woff")
"""The crown, the royal arms and the typeface are for gov.uk's own sites: GOV.UK Frontend's licence does not give them."""
MOST_SCRIPT_BYTES: Final = 350 * 1024


@pytest.mark.slow
def test_the_wheel_holds_the_console_and_no_crown_and_no_transport_font(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as parts:
        names = parts.namelist()
        style = parts.read("api/console/built/console.css").decode()
    for name in ("console.css", "page.js", "queue.js", "map.js"):
        assert f"api/console/built/{name}" in names
    assert "api/console/templates/base.html" in names
    assert [name for name in names if any(word in name.lower() for word in NOT_OURS)] == []
    assert [word for word in NOT_OURS if word in style.lower()] == []
    assert "@font-face" not in style


def test_every_picture_that_the_style_names_is_there() -> None:
    style = (BUILT / "console.css").read_text(encoding="utf-8")
    named = {piece.partition(")")[0].strip("\"'") for piece in style.split("url(")[1:]}
    ours = {name for name in named if not name.startswith("data:")}
    assert {name for name in ours if not name.startswith("/console/")} == set()
    assert {name for name in ours if not (BUILT / name.removeprefix("/console/")).is_file()} == set()


def test_the_scripts_are_small() -> None:
    assert json.loads((BUILT / "sizes.json").read_text(encoding="utf-8"))["js_gzip_bytes"] <= MOST_SCRIPT_BYTES
