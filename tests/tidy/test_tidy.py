"""The habits that no linter holds: what stands where, how long it is, and that it is documented."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
PACKAGES: list[str] = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
TELLTALE_NAMES = {"utils", "util", "common", "core", "helpers", "helper", "manager", "models", "misc"}
BANNED = re.compile(
    r"(^|\.)(mock|Mock|MagicMock|patch|patch\.object|skip|skipif|xfail|importorskip)$|^(time\.|asyncio\.)?sleep$"
)
SOURCES = sorted(path for package in [*PACKAGES, "tests", "bench"] for path in (PROJECT / package).rglob("*.py"))
TESTS = [path for path in SOURCES if path.is_relative_to(PROJECT / "tests")]


def name_of(path: Path) -> str:
    return str(path.relative_to(PROJECT))


class Look(NamedTuple):
    """What is to be known of one module: its tree is large, and let go of."""

    documented: bool
    too_long: list[str]
    told: list[str]
    """File, line and dotted name of each call that tests do without."""


@cache
def look_at(path: Path) -> Look:
    tree = ast.parse(path.read_text())
    too_long, told = [], []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX:
                too_long.append(f"{name_of(path)}:{node.lineno} {node.name}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = ast.unparse(node.func)
            # `sleep(0)` only lets others run.
            if BANNED.search(name) and [ast.unparse(argument) for argument in node.args] != ["0"]:
                told.append(f"{name_of(path)}:{node.lineno} {name}")
    return Look(not path.read_text().strip() or ast.get_docstring(tree) is not None, too_long, told)


@pytest.mark.parametrize("package", PACKAGES)
def test_each_root_package_is_imported_from_the_repository(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__file__ is not None
    assert Path(module.__file__).is_relative_to(PROJECT / package)


def test_no_module_is_too_long() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: length for name, length in lengths.items() if length > MODULE_LINES_MAX} == {}


def test_no_function_is_too_long() -> None:
    assert [one for path in SOURCES for one in look_at(path).too_long] == []


def test_names_say_what_is_inside() -> None:
    assert [name_of(path) for path in SOURCES if TELLTALE_NAMES & {path.stem, path.parent.name}] == []


def test_each_module_says_what_it_is() -> None:
    assert [name_of(path) for path in SOURCES if not look_at(path).documented] == []


def test_nothing_is_left_to_do() -> None:
    mark = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    assert [name_of(path) for path in SOURCES if mark.search(path.read_text())] == []


def test_tests_neither_patch_nor_skip_nor_sleep() -> None:
    waits = PROJECT / "tests" / "waiting.py"
    assert [one for path in TESTS for one in look_at(path).told if path != waits or not one.endswith("sleep")] == []


def test_readme_has_a_line_for_each_folder() -> None:
    text = (PROJECT / "README.md").read_text()
    assert [folder for folder in [*PACKAGES, "tests", "bench", "deploy", "docs"] if f"{folder}/" not in text] == []
