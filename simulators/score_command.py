"""The command `score`: files in, the comparison as text, JSON and a page; one clear line for what cannot be read."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path

from domain.errors import BailiwickError
from simulators.files_asked import check_written, is_standard, naming
from simulators.score import Report, as_text, read_lines, score
from simulators.score_groups_file import read_groups
from simulators.score_page import as_page
from simulators.score_report import OFF_S
from simulators.telling import BAD_INPUT, DONE, FAILED, printing, told


@dataclass(frozen=True, slots=True)
class ScoreConfig:
    """What the command line asks for. ``page``: a file to write for people; ``lives``: who lived how."""

    truth: Path
    violations: Path
    alerts: Path | None = None
    groups: Path | None = None
    page: Path | None = None
    lives: Path | None = None
    tolerance_s: float = OFF_S
    as_json: bool = False


def score_files(config: ScoreConfig) -> int:
    """0 when nothing was missed and nothing false, 1 when something was, 2 for bad files or usage."""
    return told(lambda: _told(config), "score", unread=BAD_INPUT)


def _told(config: ScoreConfig) -> int:
    report = _scored(config)
    if config.page is not None:
        with naming(config.page):
            config.page.write_text(as_page(report), encoding="utf-8")
    if report.strangers:
        print("warning: --truth and --violations have no wearer in common: are they of one run?", file=sys.stderr)
    with printing():
        print(json.dumps(report.as_json()) if config.as_json else as_text(report))
    return DONE if report.good else FAILED


def _scored(config: ScoreConfig) -> Report:
    _check_files(config)
    if not (math.isfinite(config.tolerance_s) and config.tolerance_s >= 0):
        raise BailiwickError("--tolerance: 0 seconds or more")
    return score(
        read_lines(config.truth),
        read_lines(config.violations),
        life_lines=() if config.lives is None else read_lines(config.lives),
        alert_lines=None if config.alerts is None else read_lines(config.alerts),
        groups=None if config.groups is None else read_groups(config.groups),
        tolerance_s=config.tolerance_s,
    )


def _check_files(config: ScoreConfig) -> None:
    """Raises `BailiwickError` where the page cannot be written, or would be over a file that is read; standard input is one file."""
    asked: dict[str, Path | None] = {
        f"--{name}": getattr(config, name) for name in ("truth", "violations", "alerts", "groups", "lives")
    }
    read = {option: path for option, path in asked.items() if path is not None}
    standard = [option for option, path in read.items() if is_standard(path)]
    if len(standard) > 1:
        raise BailiwickError(f"{standard[1]}: standard input is {standard[0]} already: name a file")
    if config.page is not None:
        check_written(
            {"--html": config.page}, {option: path for option, path in read.items() if option not in standard}
        )
