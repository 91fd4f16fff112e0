"""What exists is documented, and what is documented exists: metrics, pages, resources, the words for kinds."""

from __future__ import annotations

import re
from pathlib import Path

from alerts.device_commands.figures import CommandFigures
from alerts.dispatch_figures import DispatchFigures
from api.app import create_app
from api.console import words
from api.metrics import Metrics
from domain.vocabulary import AlertEvent, ConditionKind, Kind, OrderState, Severity
from ingest.figures import Figures
from tests.api.doors import HeaderDoor
from tests.api.fake_reading import FakeReading

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"


def test_every_metric_is_documented_and_every_documented_one_exists() -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    _, of_api, of_ingest, of_dispatch = page.split("\n## ")
    dispatch = DispatchFigures().registry
    CommandFigures(dispatch)
    sections = (
        (Metrics().registry, of_api),
        (Figures().registry, of_ingest),
        (dispatch, of_dispatch),
    )
    for registry, section in sections:
        told = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE))
        assert set(told) == {metric.name for metric in registry.collect()}


def test_labels_of_metrics_are_documented() -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    sources = {
        "Of the API": ("api/metrics.py",),
        "Of ingest": ("ingest/figures.py",),
        "Of dispatch": ("alerts/dispatch_figures.py", "alerts/device_commands/figures.py"),
    }
    for section, files in sources.items():
        code = "\n".join((PROJECT / source).read_text(encoding="utf-8") for source in files)
        rows = page.split(f"## {section}")[1].split("\n## ")[0]
        for name, labels in re.findall(r"^\| `bailiwick_(\w+)` \| (`.*?`) \|", rows, re.MULTILINE):
            written = ", ".join(f'"{label}"' for label in re.findall(r"\w+", labels))
            assert re.search(rf'"(bailiwick_)?{name}"[^)]*?{re.escape(written)}', code, re.DOTALL), name


def test_every_resource_is_documented() -> None:
    page = (DOCS / "http.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(/[\w/{}-]+)`", page.split("\n## ")[0]))
    assert documented - {"/api/v1", "/api/v1/docs", "/api/v1/openapi.json"} == set(
        create_app(FakeReading(), door=HeaderDoor()).openapi()["paths"]
    )


def test_the_index_names_every_document() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    there = {path.name + ("/" if path.is_dir() else "") for path in DOCS.iterdir()} - {"README.md", "pictures/"}
    assert there - set(re.findall(r"\[([\w./-]+)\]", index)) == set()


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(PROJECT)}: {target}"
        for page in [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *DOCS.rglob("*.md")]
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_decision_records_have_their_parts() -> None:
    for path in (DOCS / "decisions").glob("[0-9]*.md"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:4]}"), path.name
        assert re.search(r"reject", text, re.IGNORECASE), path.name


def test_the_console_has_words_for_every_kind_state_and_severity() -> None:
    assert {kind.value for kind in Kind} <= words.KINDS.keys()
    assert {state.value for state in OrderState} == words.STATES.keys()
    assert {severity.value for severity in Severity} == words.SEVERITIES.keys()
    assert {kind.value for kind in ConditionKind} == words.CONDITION_KINDS.keys()
    assert {event.value for event in AlertEvent} == words.DONE.keys()
