"""How the wearer was monitored: the timeline, what was fitted and checked, who was spoken to, gaps, and how reliable it all is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from domain.records import Timetable
from evidence.content import MEASURED_FROM, Fitted, Gap, Pack, Reliability, Span
from evidence.document.blocks import Block, Column, Facts, Figure, Paragraph, Subhead, Table
from evidence.document.condition_words import condition_name, timetable_words
from evidence.document.front import NOT_RECORDED
from evidence.document.timeline import DAYS_A_FIGURE, WIDTH_MM, Day, Marked, days_of, figure_of, words_of
from evidence.document.times import NO_END, from_to, length, local, local_day
from evidence.document.words import CAUSES, DEVICES, KINDS, OUTCOMES, VISITS, counted
from geofence.wallclock import Zone

DAYS: Final = (
    Column("Day", 38.0),
    Column("Hours asked for", 28.0, figures=True),
    Column("As required", 27.0, figures=True),
    Column("Not as required", 28.0, figures=True),
    Column("Not known", 26.0, figures=True),
    Column("Excused", 27.0, figures=True),
)
VISITED: Final = (Column("At", 52.0), Column("Visit", 60.0), Column("Outcome", 62.0))
CHECKED: Final = (Column("At", 48.0), Column("Device", 36.0), Column("By", 40.0), Column("Result", 50.0))
SPOKEN: Final = (Column("At", 40.0), Column("By", 32.0), Column("How", 24.0), Column("What was said or done", 78.0))
LEFT: Final = (Column("What", 24.0), Column("When", 66.0), Column("Why", 50.0), Column("Granted or ordered by", 34.0))
GAPS: Final = (Column("What", 50.0), Column("When", 74.0), Column("Cause", 24.0), Column("Device", 26.0))
RELIABLE: Final = (
    Column("Kind of alert", 50.0),
    Column("Model", 36.0),
    Column("Confirmed", 52.0),
    Column("Measured over", 36.0),
)
CLOCKS: Final = (
    Column("Device", 50.0),
    Column("Least delay from sending to receipt", 56.0, figures=True),
    Column("Measured", 68.0),
)


def timelines(pack: Pack, section: int) -> Iterator[Block]:
    """Each condition's windows against presence, drawn and in figures; ``section`` is that of what is relied on."""
    names = {version.condition.id: condition_name(version.condition) for version in pack.conditions}
    yield Paragraph(
        "What the order asked for, day by day, against what is held. A day runs from midnight to midnight of the local clock; on days on "
        "which the clocks change it is drawn as long as it was."
    )
    drawn = False
    for kept in pack.kept:
        days = days_of(kept, pack.covers, pack.zone)
        if not days:
            continue
        drawn = True
        name = names.get(kept.condition, kept.condition)
        yield Subhead("", name)
        marked = [
            Marked(f"{section}.{i}", Span(one.current.from_us, one.current.to_us))
            for i, one in enumerate(pack.relied, start=1)
            if one.current.condition == kept.condition
        ]
        for first in range(0, len(days), DAYS_A_FIGURE):
            yield _figure(days[first : first + DAYS_A_FIGURE], marked, name)
        yield Table(f"{name}, day by day", DAYS, tuple((day.name, *words_of(day)) for day in days))
    if not drawn:
        yield Paragraph("No condition had a window in the time that the pack covers.")


def _figure(days: Sequence[Day], marked: Sequence[Marked], name: str) -> Figure:
    picture, height = figure_of(days, marked)
    first, last = days[0], days[-1]
    marks = [m for m in marked if m.span.from_us < last.to_us and (m.span.to_us or last.to_us) > first.from_us]
    told = (
        f"{counted(len(marks), 'violation')} relied on {'is' if len(marks) == 1 else 'are'} marked"
        if marks
        else "No violation is marked"
    )
    alt = f"Timeline of {name} from {first.name} to {last.name}, {counted(len(days), 'day')} with hours asked for. {told}. The table below has each day in figures."
    return Figure((picture,), alt, f"{name}, {first.name} to {last.name}.", WIDTH_MM, height)


def equipment(pack: Pack) -> Iterator[Block]:
    """Devices on the wearer with what was checked, visits, checks of equipment."""
    for one in pack.fittings:
        yield Subhead("", f"{DEVICES[one.kind]} {one.fitting.device}")
        yield Facts(tuple(_fitted(one, pack.zone)))
    if not pack.fittings:
        yield Paragraph("No fitting is in the records of the time that the pack covers.")
    visits = tuple(
        (local(v.at_us, pack.zone), f"{VISITS[v.kind].capitalize()} ({v.id})", OUTCOMES[v.outcome]) for v in pack.visits
    )
    yield Table("Visits", VISITED, visits) if visits else Paragraph("No visit was recorded.")
    checks = tuple(
        (local(c.at_us, pack.zone), c.device, c.by or NOT_RECORDED, c.result or NOT_RECORDED) for c in pack.checks
    )
    yield Table("Checks of equipment", CHECKED, checks) if checks else Paragraph("No check of equipment was recorded.")


def _fitted(one: Fitted, zone: Zone) -> Iterator[tuple[str, str]]:
    end = "still fitted when this pack was made" if one.fitting.to_us is None else local(one.fitting.to_us, zone)
    yield "Fitted", f"{local(one.fitting.from_us, zone)} to {end} ({one.fitting.id})"
    yield (
        "Model",
        f"{one.model or NOT_RECORDED}; firmware {one.firmware or NOT_RECORDED}; lot {one.lot or NOT_RECORDED}",
    )
    if one.interval_s is not None:
        yield "A position every", f"{one.interval_s} s"
    yield "Fitted by", one.fitted_by or NOT_RECORDED
    yield "Identity check", one.identity_check or NOT_RECORDED
    yield "Strap check", one.strap_check or NOT_RECORDED
    yield "Range test", one.range_test or NOT_RECORDED


def contacts(pack: Pack) -> Iterator[Block]:
    """What was said to and by the wearer, when they were let off, when the order was suspended."""
    if pack.contacts:
        spoken = tuple((local(c.at_us, pack.zone), c.by or NOT_RECORDED, c.how, c.what) for c in pack.contacts)
        yield Table("Contacts with the device wearer, as they were written down", SPOKEN, spoken)
    else:
        yield Paragraph("No contact with the device wearer was recorded.")
    rows = tuple(_excused(pack))
    if rows:
        yield Table("Authorised absences and suspensions", LEFT, rows)
    else:
        yield Paragraph("No absence was authorised and the order was not suspended.")


def _excused(pack: Pack) -> Iterator[tuple[str, ...]]:
    for a in pack.absences:
        when = from_to(a.from_us, a.to_us, pack.zone, still=NO_END) + _times(a.timetable)
        yield f"Absence {a.id} from {a.condition}", when, a.reason or NOT_RECORDED, a.granted_by or NOT_RECORDED
    for s in pack.suspensions:
        when = from_to(s.from_us, s.to_us, pack.zone, still=NO_END) + _times(s.timetable)
        yield f"Suspension {s.id} of {s.order}", when, s.reason or NOT_RECORDED, s.by or NOT_RECORDED


def _times(timetable: Timetable | None) -> str:
    return f", {timetable_words(timetable)}" if timetable else ""


def gaps(pack: Pack) -> Iterator[Block]:
    """When the wearer was not, or not fully, monitored."""
    if not pack.gaps:
        yield Paragraph("No monitoring gap was recorded in the time that the pack covers.")
        return
    lasted = sum((gap.to_us if gap.to_us is not None else pack.made_us) - gap.from_us for gap in pack.gaps)
    yield Paragraph(f"{counted(len(pack.gaps), 'gap')}, {length(lasted)} added up. They count against nobody.")
    yield Table("Monitoring gaps", GAPS, tuple(_gap(gap, pack.zone) for gap in pack.gaps))


def _gap(gap: Gap, zone: Zone) -> tuple[str, ...]:
    lasted = "" if gap.to_us is None or gap.to_us == gap.from_us else f" ({length(gap.to_us - gap.from_us)})"
    what = f"{KINDS[gap.kind]}{f' ({gap.violation})' if gap.violation else ''}"
    return what, f"{from_to(gap.from_us, gap.to_us, zone)}{lasted}", CAUSES[gap.cause], gap.device or "none"


def reliability(pack: Pack) -> Iterator[Block]:
    """How often alerts like these were right, and how far the devices' clocks were from ours."""
    if pack.reliability:
        yield Paragraph(
            "Of the alerts of that kind, from devices of that model, that were closed with an outcome: how many were confirmed."
        )
        yield Table("Measured reliability", RELIABLE, tuple(_reliable(one, pack.zone) for one in pack.reliability))
    else:
        yield Paragraph("The reliability of these kinds of alert has not yet been measured.")
    if pack.clocks:
        rows = tuple(
            (c.device, f"{c.offset_s:.1f} s", f"{local(c.at_us, pack.zone)}, of {counted(c.messages, 'message')}")
            for c in pack.clocks
        )
        yield Table("Clocks of the devices", CLOCKS, rows)
        yield Paragraph(
            "A delay below nothing, or of more than 5 seconds, says that the device's clock and ours differ."
        )
    else:
        yield Paragraph("How far the devices' clocks were from ours is not known.")


def _reliable(one: Reliability, zone: Zone) -> tuple[str, ...]:
    if one.decided < MEASURED_FROM:
        said = f"not yet measured: {counted(one.decided, 'alert')} with an outcome, under {MEASURED_FROM}"
    else:
        said = f"{one.confirmed:,} of {one.decided:,} ({one.confirmed / one.decided:.0%})"
    return (
        KINDS[one.kind],
        one.model or NOT_RECORDED,
        said,
        f"{local_day(one.from_us, zone)} to {local_day(one.to_us, zone)}",
    )
