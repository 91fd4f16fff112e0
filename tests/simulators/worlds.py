"""Small worlds for the simulators' tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from domain.caseload_records import parse_record
from domain.instants import SECOND_US, format_instant, parse_instant
from domain.records import Version
from simulators.caseload import generate
from simulators.scenario import CALM, Scenario
from simulators.scenes import DeviceEvent, Life, Silence, Span
from simulators.service import Simulation, timezone_names
from simulators.speakers import Speaker, speakers_of
from simulators.subjects import Run, Subject, subjects_of
from simulators.truth import lines_of
from simulators.truth_lines import Line, WhyNot

START_US = parse_instant("2026-11-21T18:00:00Z")


def versions_of(records: Iterable[dict[str, Any]]) -> list[Version]:
    zones = timezone_names()
    return [Version(parse_record(record, zones)) for record in records]


def world(
    wearers: int,
    duration_s: float,
    rate_hz: float,
    scenario: Scenario | None = None,
    *,
    seed: int = 1,
    soon: bool = True,
    start_us: int = START_US,
) -> Simulation:
    """A generated caseload brought to life."""
    records = generate(wearers, seed, start_us, duration_s if soon else None, rate_hz)
    run = Run(start_us, duration_s)
    return Simulation.prepare(versions_of(records), run, scenario or Scenario(), seed, rate_hz)


def wearer(*conditions: dict[str, Any], tag: str = "gps_tag", **more: Any) -> list[dict[str, Any]]:
    """One wearer, W1, with a tag T1 (a curfew tag's home unit is H1), fitted when the run begins, and order O1."""
    begun, fitted = "2026-11-21T17:00:00Z", format_instant(START_US)
    devices = [("T1", tag)] + ([("H1", "home_unit")] if tag == "rf_tag" else [])
    records: list[dict[str, Any]] = [
        {"type": "wearer", "id": "W1", "name": "Asha Croft"},
        {"type": "order", "id": "O1", "wearer": "W1", "kind": "community", "from": begun, "to": "2027-01-01T00:00:00Z"},
    ]
    for name, kind in devices:
        records.append({"type": "device", "id": name, "kind": kind, "interval_s": 1, "upload_s": 1, **more})
        records.append(
            {"type": "fitting", "id": f"F{name}", "wearer": "W1", "device": name, "from": fitted, "to": None}
        )
    for number, condition in enumerate(conditions, start=1):
        records.append({"type": "condition", "id": f"C{number}", "order": "O1", **condition})
    return records


def curfew(start: str, end: str, *, grace_s: int = 60, unit: str | None = None) -> dict[str, Any]:
    """A curfew at a door in Kent, on every day; times are London's."""
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return {
        "kind": "curfew",
        "place": {"name": "home", "lon": 0.5, "lat": 51.2, "radius_m": 50, "home_unit": unit},
        "timezone": "Europe/London",
        "timetable": [{"day": day, "start": start, "end": end} for day in days],
        "grace_s": grace_s,
    }


def one(records: list[dict[str, Any]], duration_s: float, rate_hz: float = 1.0) -> tuple[Subject, list[Speaker], Run]:
    """The only person of a caseload, their speaking devices, and the run."""
    run = Run(START_US, duration_s)
    subjects = subjects_of(versions_of(records), run, 1)
    return subjects[0], speakers_of(subjects, run, CALM, 1, rate_hz), run


def life(
    *knots: tuple[float, float, float],
    silences: list[Silence] | None = None,
    blind: list[Span] | None = None,
    events: list[DeviceEvent] | None = None,
) -> Life:
    """A life by hand: (seconds, metres east, metres north of home)."""
    t, x, y = np.array(knots, np.float64).T
    return Life(t, x, y, silences=silences or [], blind=blind or [], events=events or [])


def at(seconds: float) -> int:
    """An instant of the run, microseconds UTC."""
    return START_US + round(seconds * SECOND_US)


def lines_told(records: list[dict[str, Any]], lived: Life, duration_s: float, rate_hz: float = 1.0) -> list[Line]:
    """The truth of the only person of a caseload, all of it."""
    subject, speakers, run = one(records, duration_s, rate_hz)
    return lines_of(subject, lived, speakers, run)


def truth_of(records: list[dict[str, Any]], lived: Life, duration_s: float, rate_hz: float = 1.0) -> list[Line]:
    """The same without what may be shown near an edge."""
    return [line for line in lines_told(records, lived, duration_s, rate_hz) if line.why_not is not WhyNot.NEAR_EDGE]


def brief(lines: list[Line]) -> list[tuple[str, str | None, float, float, str | None]]:
    """Kind, code, from and to in whole seconds (-1: not over), and why not."""
    return [
        (
            line.kind,
            line.code and line.code.value,
            round(line.from_s),
            round(line.to_s) if line.to_s < 1e9 else -1,
            line.why_not,
        )
        for line in lines
    ]
