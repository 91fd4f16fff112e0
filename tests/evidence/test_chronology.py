"""The chronology: each thing that happened is one line, and no line tells of a protected person."""

from __future__ import annotations

from dataclasses import replace

from domain.instants import FAR_US, format_instant
from domain.records import Version
from domain.vocabulary import Cause, Change, Code, Kind
from evidence.breaches import BREACHES
from evidence.chronology import WITHHELD, Happened, What, chronology, of_records, of_violations
from tests.evidence.made import assessed, curfew, out, us, version, wearer

ALWAYS = (-FAR_US, FAR_US)


def told(lines: list[Happened]) -> list[tuple[str, str]]:
    return [(format_instant(one.at_us)[:16], one.event) for one in lines]


def test_every_record_is_a_line_and_every_change_is_another() -> None:
    visit = version(type="visit", id="X1", wearer="W1", kind="fit", at="2026-09-01T08:30:00Z", outcome="no_answer")
    granted = version(
        type="absence",
        id="A1",
        condition="C1",
        from_="2026-09-05T19:00:00Z",
        to="2026-09-05T22:00:00Z",
        reason="a wedding",
        granted_by="Dee Farrow",
    )
    gone = version(
        type="fitting", id="F1", wearer="W1", device="T1", from_="2026-09-01T09:00:00Z", to="2026-09-20T10:00:00Z"
    )
    varied = replace(curfew(start="20:00"), holds_from_us=us("2026-09-10T00:00"), learnt_us=us("2026-09-09T16:00"))
    custody = version(
        type="suspension", id="S1", order="O1", from_="2026-09-22T00:00:00Z", reason="custody", by="court"
    )
    ended = Version(custody.record, us("2026-09-24T00:00"), us("2026-09-24T00:00"), cancelled=True)
    caseload = [*wearer(visit, curfew(told_at="2026-09-02T10:00:00Z"), granted, gone, varied, custody, ended)]
    found = chronology(of_records(caseload), us("2026-09-01T00:00"), us("2026-10-01T00:00"))
    assert told(found) == [
        ("2026-09-01T08:30", "visit to fit: no answer"),
        ("2026-09-01T09:00", "curfew came into force"),
        ("2026-09-01T09:00", "device T1 fitted"),
        ("2026-09-01T09:00", "community order began"),
        ("2026-09-01T09:00", "told of the order"),
        ("2026-09-02T10:00", "told of the curfew"),
        ("2026-09-05T19:00", "absence from C1 granted"),
        ("2026-09-10T00:00", "curfew varied"),
        ("2026-09-20T10:00", "device T1 taken off"),
        ("2026-09-22T00:00", "suspension of O1 began"),
        ("2026-09-24T00:00", "suspension of O1 ended"),
    ]
    absence = next(one for one in found if one.what is What.ABSENCE)
    assert (absence.by, absence.text, absence.to_us) == ("Dee Farrow", "a wedding", us("2026-09-05T22:00"))
    assert next(one for one in found if one.event == "curfew varied").learnt_us == us("2026-09-09T16:00")
    assert told(chronology(of_records(caseload), *ALWAYS))[-1] == ("2027-04-01T00:00", "community order is over")


def test_violations_with_their_versions_and_gaps_apart() -> None:
    first = out(1, "2026-11-03T20:00", None, code=Code.AL10)
    closed = replace(
        out(1, "2026-11-03T20:00", "2026-11-03T22:00", code=Code.AL10),
        version=2,
        change=Change.CLOSED,
        decided_us=us("2026-11-03T22:01"),
    )
    gone = replace(first, version=3, change=Change.WITHDRAWN, decided_us=us("2026-11-05T09:00"))
    gap = out(2, "2026-11-04T01:00", None, kind=Kind.COMMUNICATION_LOST, cause=Cause.UNKNOWN)
    early = out(3, "2026-11-04T02:00", None, untold=True)
    found = chronology(of_violations([first, closed, gone, gap, early]), *ALWAYS)
    assert told(found) == [
        ("2026-11-03T20:00", "violation opened, version 1: left home during curfew (AL10)"),
        ("2026-11-03T22:01", "violation closed, version 2: left home during curfew (AL10)"),
        ("2026-11-04T01:00", "monitoring gap opened, version 1: no message from the device"),
        ("2026-11-04T02:00", "violation opened, version 1: curfew not kept (untold: counts against nobody)"),
        ("2026-11-05T09:00", "violation withdrawn, version 3: left home during curfew (AL10)"),
    ]
    assert [one.about for one in chronology(of_violations([first, gap]), *ALWAYS, [What.ALERT])] == []


def test_nothing_tells_of_a_protected_person() -> None:
    near = out(1, "2026-11-03T20:00", None, kind=Kind.PROXIMITY_ALERT, victim="V77")
    away = version(type="condition", id="C3", order="O1", kind="proximity", victim="V77")
    lines = [
        *of_violations([near]),
        *of_records(wearer(away, assessed("W1-1", "upheld"))),
        Happened(
            us("2026-11-03T20:10"),
            What.CONTACT,
            "came from wearer by call",
            "1",
            by="ola",
            text="saw Marsh at 07700 900-123",
        ),
        Happened(
            us("2026-11-03T20:11"),
            What.CONTACT,
            "went to wearer by call",
            "2",
            by="ola",
            text="will go home by Marshfield Road",
        ),
        Happened(
            us("2026-11-03T20:12"), What.CONTACT, "went to wearer by call", "3", by="ola", text="their unit U9 was near"
        ),
    ]
    shown = chronology(lines, *ALWAYS, known_by=["V77", "Cleo Marsh", "+44 7700 900123", "U9"])
    everything = "\n".join(str(one) for one in shown)
    for hidden in ("V77", "Cleo", "900", "U9"):
        assert hidden not in everything
    texts = [one.text for one in shown if one.what is What.CONTACT]
    assert texts == [WITHHELD, "will go home by Marshfield Road", WITHHELD], "a street of a like name stays"
    assert "violation opened, version 1: near a protected person, of a protected person" in everything
    assert "proximity about a protected person came into force" in everything


def test_a_warning_is_never_called_a_violation_and_a_gap_stands_apart() -> None:
    edge = out(1, "2026-11-03T20:00", None, kind=Kind.ZONE_EDGE)
    line = out(2, "2026-11-03T21:00", None, kind=Kind.ZONE_TRANSIT)
    lost = out(3, "2026-11-03T22:00", None, kind=Kind.LOCATION_LOST, cause=Cause.UNKNOWN)
    inside = out(4, "2026-11-03T23:00", None, kind=Kind.EXCLUSION_ZONE)
    found = chronology(of_violations([edge, line, lost, inside]), *ALWAYS)
    assert [(one.what, one.event) for one in found] == [
        (What.NOTICE, "warning opened, version 1: at the edge of a zone"),
        (What.NOTICE, "information opened, version 1: perhaps passed through a zone"),
        (What.MONITORING_GAP, "monitoring gap opened, version 1: no position from the device"),
        (What.VIOLATION, "violation opened, version 1: in an exclusion zone"),
    ]


def test_what_may_be_a_breach_is_no_warning() -> None:
    kinds = [kind for kind in Kind if kind in BREACHES]
    found = of_violations(out(number, "2026-11-03T20:00", None, kind=kind) for number, kind in enumerate(kinds, 1))
    assert {one.what for one in found} == {What.VIOLATION}
