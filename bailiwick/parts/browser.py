"""A headless Chromium for the tests of the page, from Debian's packages, in a folder of ours (`private_prefix`).

``BAILIWICK_TEST_BROWSER`` names another one. It renders in software, and without its sandbox, which needs rights that a
container does not have: it is only ever shown our own pages.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from bailiwick.parts.private_prefix import Wanted, private_prefix, triplet
from bailiwick.parts.processes import PartFailed
from bailiwick.parts.real_parts import PARTS_CACHE, SUITE

GIVEN_BROWSER = "BAILIWICK_TEST_BROWSER"
PROGRAM = "usr/lib/chromium/chromium-headless-shell"
WANTED = Wanted(
    name="browser",
    suite=SUITE,
    packages=("chromium-headless-shell", "chromium-common", "fonts-dejavu-core", "fonts-dejavu-mono", "patchelf"),
    programs=(PROGRAM, "usr/lib/chromium/chrome_crashpad_handler"),
)
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


@dataclass(frozen=True, slots=True)
class Browser:
    """What ``playwright.chromium.launch(executable_path=, args=, env=)`` is given."""

    program: Path
    arguments: tuple[str, ...]
    environment: dict[str, str]


def headless_browser(cache: Path = PARTS_CACHE) -> Browser:
    """Made when it is not there yet (about 20 s, 330 MB). Raises `PartFailed` with one line on what is missing."""
    given = os.environ.get(GIVEN_BROWSER)
    if given:
        return Browser(Path(given), ARGUMENTS, dict(os.environ))
    try:
        prefix = private_prefix(WANTED, cache)
    except PartFailed as error:
        raise PartFailed(f"a browser cannot be had: {error}; or name one in {GIVEN_BROWSER}") from error
    # libpulse looks for its own half by an absolute path, past what `patchelf` set; there is no sound.
    pulse = prefix / "usr" / "lib" / triplet(prefix) / "pulseaudio"
    environment = {**os.environ, "FONTCONFIG_FILE": str(_fonts(prefix)), "LD_LIBRARY_PATH": str(pulse)}
    return Browser(prefix / PROGRAM, ARGUMENTS, environment)


def _fonts(prefix: Path) -> Path:
    """Only the fonts that were unpacked: the same letters on every machine."""
    settings = prefix / "fonts.conf"
    text = _FONTS.format(fonts=prefix / "usr" / "share" / "fonts", cache=prefix / "font-cache")
    if not settings.exists():
        settings.write_text(text)
    return settings


def main() -> None:
    """``python -m bailiwick.parts.browser``: makes it, and says where it is."""
    try:
        browser = headless_browser()
    except PartFailed as error:
        sys.exit(str(error))
    print("browser:", browser.program)


if __name__ == "__main__":
    main()
