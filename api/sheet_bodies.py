"""Answers about sheets, in the shapes of `api.sheet_shapes`, and the same as lines of CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from api.csv_lines import csv_text
from domain.instants import HOUR_US, format_instant
from domain.records import Order
from domain.violations import Violation
from evidence.chronology import Happened
from evidence.compliance import ComplianceSheet, ConditionSheet, Hours, SheetRow, Sums, Weighed
from evidence.programmes import WeekOfHours
from evidence.qualifying import COUNTED, QualifyingSheet

Json = dict[str, Any]

HOURS: Final = ("required", "present", "absent", "open", "absent_possible", "unknown", "excused")
COMPLIANCE_COLUMNS: Final = (
    *("order", "condition", "from", "to", "kept", *(f"{name}_h" for name in HOURS)),
    *("absent_with_leave_h", "suspended_h", "violations", "decisions"),
)
QUALIFYING_COLUMNS: Final = ("order", "day", "hours", "counts", "why", "because")
WEEK_COLUMNS: Final = (
    *("order", "condition", "from", "to", "met", "required_h", "offered_h", "present_h", "exactly", "unknown_h"),
    *("violation", "decision"),
)
CHRONOLOGY_COLUMNS: Final = ("at", "to", "learnt", "what", "event", "about", "by", "text")


def _hours(us: int) -> float:
    return round(us / HOUR_US, 2)


def _at(us: int | None) -> str | None:
    return None if us is None else format_instant(us)


def order_body(order: Order) -> Json:
    """`SheetOrder`."""
    programme = None if order.programme is None else order.programme.value
    told = {"id": order.id, "wearer": order.wearer, "kind": order.kind.value, "programme": programme}
    return told | {"from": format_instant(order.from_us), "to": _at(order.to_us)}


def hours_body(hours: Hours) -> Json:
    """`SheetHours`; what is open is the difference of what is told, so that the figures add up as they stand."""
    told = {"required": _hours(hours.required), "present": _hours(hours.present), "absent": _hours(hours.absent)}
    left = round(told["required"] - told["present"] - told["absent"], 2)
    rest = {"absent_possible": hours.absent_possible, "unknown": hours.unknown, "excused": hours.excused}
    return told | {"open": max(0.0, left)} | {name: _hours(us) for name, us in rest.items()}


def sums_body(sums: Sums) -> Json:
    """`SheetSums`."""
    return {"windows": {kept.value: n for kept, n in sums.windows.items()}, "hours": hours_body(sums.hours)}


def compliance_body(sheet: ComplianceSheet) -> Json:
    """`Compliance`."""
    return {
        "order": order_body(sheet.order),
        "from": format_instant(sheet.from_us),
        "to": format_instant(sheet.to_us),
        "at": format_instant(sheet.now_us),
        "all": sums_body(sheet.all),
        "conditions": [_condition(one) for one in sheet.conditions],
        "gaps": [_gap(one) for one in sheet.gaps],
    }


def _condition(sheet: ConditionSheet) -> Json:
    condition = sheet.condition
    told = {"condition": condition.id, "kind": condition.kind.value, "name": condition.name}
    return told | {
        "timezone": condition.timezone,
        "all": sums_body(sheet.all),
        "weeks": [{"week": format_instant(start)} | sums_body(sums) for start, sums in sheet.weeks],
        "windows": [_window(row) for row in sheet.rows],
    }


def _window(row: SheetRow) -> Json:
    window = row.window
    return {
        "from": format_instant(window.from_us),
        "to": format_instant(window.to_us),
        "kept": row.kept.value,
        "hours": hours_body(row.hours),
        "absent_with_leave": _hours(window.absent_us),
        "suspended": _hours(window.suspended_us),
        "violations": [_violation(one) for one in row.violations],
    }


def _violation(one: Weighed) -> Json:
    found = one.violation
    told = {"id": found.id, "kind": found.kind.value, "from": format_instant(found.from_us), "to": _at(found.to_us)}
    decision = None if one.decision is None else one.decision.value
    return told | {"weight": one.weight.value, "decision": decision, "reason": one.reason}


def _gap(one: Violation) -> Json:
    told = {"id": one.id, "kind": one.kind.value, "cause": one.cause.value}
    return told | {"from": format_instant(one.from_us), "to": _at(one.to_us)}


def compliance_csv(sheet: ComplianceSheet) -> bytes:
    """A line a window, by condition."""
    return csv_text(COMPLIANCE_COLUMNS, _window_lines(sheet))


def _window_lines(sheet: ComplianceSheet) -> Iterable[Sequence[object]]:
    for condition in sheet.conditions:
        for row in condition.rows:
            told = _window(row)
            figures = [told["hours"][name] for name in HOURS]
            decisions = ";".join(one["decision"] or "undecided" for one in told["violations"])
            names = ";".join(one["id"] for one in told["violations"])
            start = (sheet.order.id, condition.condition.id, told["from"], told["to"], told["kept"])
            yield (*start, *figures, told["absent_with_leave"], told["suspended"], names, decisions)


def qualifying_body(sheet: QualifyingSheet) -> Json:
    """`QualifyingCurfew`."""
    scheme = sheet.scheme
    return {
        "order": order_body(sheet.order),
        "scheme": scheme.name,
        "scheme_from": scheme.from_.isoformat(),
        "minimum_hours": scheme.minimum_hours,
        "numerator": scheme.numerator,
        "denominator": scheme.denominator,
        "rounding": scheme.rounding,
        "at": format_instant(sheet.now_us),
        "subject": sheet.subject,
        "deducted": [{"why": why.value, "days": days} for why, days in sheet.deducted.items()],
        "counted": sheet.counted,
        "credit": sheet.credit,
        "days": [
            {
                "day": one.day.isoformat(),
                "hours": _hours(one.asked_us),
                "counts": one.why in COUNTED,
                "why": one.why.value,
                "because": list(one.because),
            }
            for one in sheet.days
        ],
    }


def qualifying_csv(sheet: QualifyingSheet) -> bytes:
    """A line a day."""
    days = qualifying_body(sheet)["days"]
    rows = (
        (
            sheet.order.id,
            one["day"],
            one["hours"],
            "yes" if one["counts"] else "no",
            one["why"],
            ";".join(one["because"]),
        )
        for one in days
    )
    return csv_text(QUALIFYING_COLUMNS, rows)


def week_body(week: WeekOfHours) -> Json:
    """`ProgrammeWeek`."""
    asked = week.required_us is not None and week.met.value not in ("running", "no_hours")
    short = week.short
    return {
        "condition": week.condition,
        "from": format_instant(week.span[0]),
        "to": format_instant(week.span[1]),
        "met": week.met.value,
        "required": None if week.required_us is None else _hours(week.required_us),
        "offered": _hours(week.offered_us),
        "present": _hours(week.present_us) if asked else None,
        "exactly": week.exactly,
        "unknown": _hours(week.unknown_us),
        "violation": None if short is None else short.violation.id,
        "decision": None if short is None or short.decision is None else short.decision.value,
    }


def weeks_csv(order: Order, weeks: Iterable[WeekOfHours]) -> bytes:
    """A line a week and condition."""
    names = [name.removesuffix("_h") for name in WEEK_COLUMNS[1:]]
    return csv_text(WEEK_COLUMNS, ([order.id, *(week_body(week)[name] for name in names)] for week in weeks))


def line_body(line: Happened) -> Json:
    """`ChronologyLine`."""
    told = {"at": format_instant(line.at_us), "to": _at(line.to_us), "learnt": _at(line.learnt_us)}
    return told | {"what": line.what.value, "event": line.event, "about": line.about, "by": line.by, "text": line.text}


def chronology_csv(lines: Iterable[Happened]) -> bytes:
    """A line a line."""
    return csv_text(CHRONOLOGY_COLUMNS, ([line_body(line)[name] for name in CHRONOLOGY_COLUMNS] for line in lines))
