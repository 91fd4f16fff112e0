"""Breach cases as JSON: rows of the store, with what their route and the working days make of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.breaches import BreachStep, standing
from domain.instants import format_instant
from evidence.breaches import WHY_NOT, Clock, clocks, counted, next_due, why_not
from evidence.routes import Limit, Route, Routes
from evidence.working_days import WorkingDays
from store.breaches import Case, CaseRow, ChosenRow, Decided, OrderAtHand, OrderRow, OrderViolation


def route_of(routes: Routes, row: CaseRow) -> Route | None:
    """`Routes.of_case`."""
    return routes.of_case(row.route, row.order_kind, row.made_us)


def case_body(routes: Routes, calendar: WorkingDays, row: CaseRow, now_us: int) -> dict[str, Any]:
    """`CaseNow`."""
    route = route_of(routes, row)
    first = next((one.at_us for one in standing(row.steps) if one.step is BreachStep.IDENTIFIED), None)
    due = None if route is None or row.ended_us is not None else next_due(clocks(route, row.steps, calendar, now_us))
    return {
        "id": str(row.no),
        "order": row.order,
        "order_kind": row.order_kind.value,
        "wearer": row.wearer,
        "area": row.area,
        "route": row.route,
        "status": row.status,
        "revision": str(row.revision),
        "identified": _instant(first),
        "made": format_instant(row.made_us),
        "made_by": row.made_by,
        "ended": _instant(row.ended_us),
        "next": None if route is None or due is None else _clock(route, due),
    }


def whole_body(routes: Routes, calendar: WorkingDays, case: Case, now_us: int) -> dict[str, Any]:
    """`CaseWhole`."""
    row, route = case.row, route_of(routes, case.row)
    stands = {one.no for one in standing(row.steps)}
    return case_body(routes, calendar, row, now_us) | {
        "taken_by": None if route is None else route_body(route),
        "steps": [
            {
                "id": str(one.no),
                "step": one.step.value,
                "title": title(route, one.step),
                "at": _instant(one.at_us),
                "result": one.result,
                "note": one.note,
                "corrects": None if one.corrects is None else str(one.corrects),
                "why": one.why,
                "made": format_instant(one.made_us),
                "made_by": one.made_by,
                "stands": one.no in stands,
            }
            for one in row.steps
        ],
        "clocks": [] if route is None else [_clock(route, one) for one in clocks(route, row.steps, calendar, now_us)],
        "choice": case.choice,
        "violations": [_chosen(one) for one in case.chosen],
        "narratives": [
            {
                "version": one.version,
                "text": one.text,
                "ready": one.ready,
                "made": format_instant(one.made_us),
                "made_by": one.made_by,
            }
            for one in case.narratives
        ],
    }


def to_rely_on_body(
    order: OrderRow, found: Sequence[OrderViolation], route: Route | None, cases: list[dict[str, Any]]
) -> dict[str, Any]:
    """`OrderToRelyOn`."""
    sums = counted((one.violation, None if one.decided is None else one.decided.decision) for one in found)
    return {
        "order": order.id,
        "wearer": order.wearer,
        "kind": order.kind.value,
        "from": format_instant(order.from_us),
        "to": _instant(order.to_us),
        "area": order.areas[0] if order.areas else None,
        "organisation": order.organisation,
        "officer": order.officer,
        "atv_allowance_min": order.atv_allowance_min,
        "minutes_counted": round(sums.minutes, 3),
        "still_running": sums.going,
        "route": None if route is None else route_body(route),
        "violations": [_to_rely_on(one) for one in found],
        "cases": cases,
    }


def at_hand_body(row: OrderAtHand) -> dict[str, Any]:
    """`OrderAtHand`."""
    return {
        "order": row.id,
        "wearer": row.wearer,
        "name": row.name,
        "kind": row.kind.value,
        "from": format_instant(row.from_us),
        "to": _instant(row.to_us),
        "officer": row.officer,
        "area": row.area,
        "to_assess": row.counts.to_assess,
        "upheld": row.counts.upheld,
        "otherwise": row.counts.otherwise,
        "monitoring_gaps": row.counts.gaps,
        "atv_allowance_min": row.atv_allowance_min,
        "minutes_counted": round(row.counts.minutes_counted, 3),
        "still_running": row.counts.going,
        "cases": [str(no) for no in row.cases],
    }


def route_body(route: Route) -> dict[str, Any]:
    """`RouteNow`."""
    return {
        "name": route.name,
        "title": route.title,
        "recipient": route.recipient,
        "template": route.template,
        "stages": [
            {
                "step": one.step.value,
                "title": one.title,
                "status": one.status,
                "follows": [step.value for step in one.follows],
                "planned": one.planned,
                "repeats": one.repeats,
                "limit": None if one.limit is None else limit_words(route, one.limit),
            }
            for one in route.stages
        ],
        "results": [{"id": one.id, "title": one.title, "rests": one.rests} for one in route.results],
    }


def limit_words(route: Route, limit: Limit) -> str:
    """Such as "within 2 working days of: Breach pack requested"."""
    number, unit = next(
        (number, unit)
        for number, unit in ((limit.working_days, "working day"), (limit.days, "day"), (limit.hours, "hour"))
        if number is not None
    )
    return f"within {number:g} {unit}{'' if number == 1 else 's'} of: {title(route, limit.of)}"


def title(route: Route | None, step: BreachStep) -> str:
    """What a route calls a step."""
    stage = None if route is None else route.stage(step)
    return step.value.replace("_", " ") if stage is None else stage.title


def _clock(route: Route, one: Clock) -> dict[str, Any]:
    return {
        "step": one.step.value,
        "title": title(route, one.step),
        "state": one.state.value,
        "due": _instant(one.due_us),
        "due_day": None if one.due_day is None else one.due_day.isoformat(),
        "left_working_days": one.left_days,
        "done": _instant(one.done_us),
    }


def _to_rely_on(one: OrderViolation) -> dict[str, Any]:
    why = why_not(one.violation, None if one.decided is None else one.decided.decision)
    return {
        "violation": one.violation.as_json(),
        "assessed": _assessed(one.decided),
        "why_not": None if why is None else why.value,
        "words": None if why is None else WHY_NOT[why],
    }


def _chosen(one: ChosenRow) -> dict[str, Any]:
    decision = None if one.decided is None else one.decided.decision
    why = why_not(one.violation, decision, one.chosen.told_us, withdrawn=one.withdrawn)
    newer = one.newest != one.chosen.version
    words = None if why is None else WHY_NOT[why]
    return {
        "relied": one.chosen.relied,
        "why": one.chosen.why,
        "told": _instant(one.chosen.told_us),
        "told_how": one.chosen.told_how,
        "chosen": format_instant(one.made_us),
        "chosen_by": one.made_by,
        "violation": one.violation.as_json(),
        "newest_version": one.newest,
        "withdrawn": one.withdrawn,
        "assessed": _assessed(one.decided),
        "stands": why is None and not newer,
        "words": words or ("it has a newer version" if newer else None),
    }


def _assessed(one: Decided | None) -> dict[str, Any] | None:
    if one is None:
        return None
    at = format_instant(one.at_us)
    return {"decision": one.decision.value, "at": at, "by": one.by, "reason": one.reason}


def _instant(us: int | None) -> str | None:
    return None if us is None else format_instant(us)
