"""An officer's caseload: their orders, and of one order its violations: assessed, several at once, and taken to a breach."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Query
from starlette.responses import Response

from access.grants import Deed
from api.console.asking import Refused, together
from api.console.before_saving import draft, fresh_key
from api.console.due import due_words
from api.console.frame import Opened, Page, see_other
from api.console.rendering import when
from api.console.typed import Form, moment_anchors
from api.console.wearer_words import ORDER_KINDS
from api.console.words import alert_words
from api.routes.people import Id
from domain.vocabulary import AssessmentDecision
from evidence.breaches import WHY_NOT, NotRelied

MOST_ORDERS: Final = 400
MOST_AT_ONCE: Final = 100
"""Violations that are assessed at once."""
DECISIONS: Final = {
    AssessmentDecision.UPHELD: "Upheld: the wearer had no good reason",
    AssessmentDecision.REASONABLE_EXCUSE: "Reasonable excuse",
    AssessmentDecision.EQUIPMENT: "The equipment, not the wearer",
    AssessmentDecision.DISPUTED: "Disputed: not settled yet",
    AssessmentDecision.NOT_PURSUED: "Not pursued",
}
DECIDED: Final = {
    "upheld": "Upheld",
    "reasonable_excuse": "Reasonable excuse",
    "equipment": "Equipment",
    "disputed": "Disputed",
    "not_pursued": "Not pursued",
}
NOBODY_HAS: Final = WHY_NOT[NotRelied.NOT_ASSESSED]
MOST_NAMED: Final = 10
"""In one line, of what is still to be assessed."""
OPEN: Final = (None, "disputed")
"""Decisions after which somebody must still decide."""
FIELDS: Final = {
    "at": "identified",
    "identified": "identified",
    "narrative": "narrative",
    "left_out_because": "because",
    "violations": "v",
    "decision": "decision",
    "reason": "reason",
}

router = APIRouter(include_in_schema=False)


@router.get("/caseload")
async def caseload(
    opened: Opened, everybody: Annotated[bool, Query(alias="all", description="Other officers' too")] = False
) -> Response:
    """The orders of the officer who reads, what is to be done first; and their cases that are not over."""
    wanted = {"all": "true"} if everybody else {}
    (orders, more), (cases, _) = await together(
        opened.ask.items("orders-at-hand", most=MOST_ORDERS, limit=200, **wanted),
        opened.ask.items("breaches", most=MOST_ORDERS, limit=200, open="true"),
    )
    mine = {one["order"] for one in orders}
    running = [one for one in cases if one["order"] in mine]
    names = {one["wearer"]: one["name"] for one in orders}
    return opened.show(
        "caseload.html",
        title="Caseload",
        orders=sorted(orders, key=_first, reverse=True),
        cases=sorted(running, key=lambda one: (one["next"] or {}).get("due") or "9"),
        names=names,
        kinds=ORDER_KINDS,
        more=more,
        everybody=everybody,
        due=due_words,
        officer=opened.reader.role == "officer",
    )


@router.get("/caseload/{order}")
async def order(order: Id, opened: Opened) -> Response:
    """One order: its violations, and the forms to assess them and to take some to a breach."""
    return await _order(opened, order, Form())


@router.post("/caseload/{order}")
async def decide(order: Id, opened: Opened) -> Response:
    """Assesses those that were ticked, or opens a case that relies on them, by the button that was pressed."""
    form, ticked = Form(opened.typed), opened.lists.get("v", [])
    if not ticked:
        form.fault("v", "Tick the violations that you mean")
    elif opened.typed.get("do") == "open":
        path = await _open(opened, order, form, ticked)
        if path is not None:
            return see_other(path)
    elif await _assess(opened, form, ticked):
        return see_other(f"/caseload/{order}?assessed={len(ticked)}")
    return await _order(opened, order, form, ticked)


async def _assess(opened: Page, form: Form, ticked: list[str]) -> bool:
    """One decision and one reason for all of them; each is a record of its own. The key makes each once."""
    if form["decision"] not in set(AssessmentDecision):
        form.fault("decision", "Choose what you decide")
    reason = form.said("reason", "Say why in your own words: the wearer and a court may read it")
    if len(ticked) > MOST_AT_ONCE:
        form.fault("v", f"Tick at most {MOST_AT_ONCE} at once")
    if form.wrong:
        return False
    key = opened.key() or str(uuid4())
    for one in ticked:
        violation = one.partition(":")[0]
        record = {"id": f"B-{key[:18]}-{violation}"[:64], "violation": violation}
        try:
            told = record | {"decision": form["decision"], "reason": reason}
            await opened.ask.post("assessments", told, key=f"{key}-{violation}"[:128])
        except Refused as refused:
            form.refused(refused, FIELDS)
            return False
    return True


async def _open(opened: Page, order: str, form: Form, ticked: list[str]) -> str | None:
    """Opens a case; where it is."""
    told, how = form.moment("told", "when the wearer had been told", needed=False), form.said("told_how")
    if (told is None) != (not how) and "told" not in form.wrong:
        form.fault("told", "Say both when and how the wearer had been told, or neither")
    identified = form.moment("identified", "when the breach was identified")
    if form.wrong:
        return None
    before = {} if told is None else {"told": told, "told_how": how}
    body: dict[str, Any] = {
        "order": order,
        "identified": identified,
        "violations": [_relied(one, before) for one in ticked],
        "left_out_because": form.said("because") or None,
        "narrative": opened.typed.get("narrative") or None,
    }
    try:
        made = await opened.ask.post("breaches", body, key=opened.key())
    except Refused as refused:
        if refused.status not in (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT):
            raise
        if any(str(one["cause"]).startswith(NOBODY_HAS) for one in refused.problem.get("errors") or []):
            form.fault("v", await _to_assess_first(opened, order, ticked))
        form.refused(refused, FIELDS)
        return None
    return f"/breaches/{made.body['id']}?opened"


async def _to_assess_first(opened: Page, order: str, ticked: list[str]) -> str:
    """Which of those that were ticked nobody has assessed: what, when, and the id that stands in its row."""
    meant = {one.partition(":")[0] for one in ticked}
    found = (await opened.ask.get(f"orders/{order}/to-rely-on"))["violations"]
    those = [one["violation"] for one in found if one["violation"]["id"] in meant and _waits(one)]
    named = [
        f"{alert_words(v['kind'], v['code'])}, {when(v['from'], opened.now).striptags()} ({v['id']})" for v in those
    ]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    said = f"{NOBODY_HAS}: assess first, or untick"
    return f"{said[:1].upper()}{said[1:]}: {'; '.join(named[:MOST_NAMED])}{more}"


def _relied(ticked: str, told: Mapping[str, Any]) -> dict[str, Any]:
    violation, _, version = ticked.partition(":")
    return {"id": violation, "version": int(version) if version.isdigit() else 1} | dict(told)


async def _order(opened: Page, order: str, form: Form, ticked: list[str] | None = None) -> Response:
    found = await opened.ask.get(f"orders/{order}/to-rely-on")
    about = await opened.ask.get("names", wearer=found["wearer"])
    name = next((one["name"] for one in about["items"]), found["wearer"])
    gaps = [one for one in found["violations"] if one["why_not"] == "monitoring_gap"]
    others = [one for one in found["violations"] if one["why_not"] != "monitoring_gap"]
    form.fill("identified", opened.now.replace(second=0, microsecond=0))
    allowance = found["atv_allowance_min"]
    return opened.show(
        "caseload_order.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong else HTTPStatus.OK,
        title=f"{name}: violations",
        name=name,
        found=found,
        kinds=ORDER_KINDS,
        gaps=gaps,
        others=others,
        waiting=sum(_waits(one) for one in others),
        late=any(one["why_not"] == "retrospective" for one in others),
        share=None if not allowance else min(100, round(found["minutes_counted"] / allowance * 100)),
        bw_items=[
            {"value": one.value, "text": text, "selected": form["decision"] == one} for one, text in DECISIONS.items()
        ],
        decided=DECIDED,
        ticked=ticked or [],
        form=form,
        anchors=moment_anchors("identified", "told")
        | {"v": "violations", "decision": "decision", "form": "violations"},
        key=opened.key() or fresh_key(),
        draft=draft(opened, f"caseload-{order}"),
        assessed=opened.request.query_params.get("assessed"),
        assesses=opened.reader.may(Deed.WRITE_ASSESSMENTS),
        opens=opened.reader.may(Deed.WRITE_BREACHES),
    )


def _waits(one: Mapping[str, Any]) -> bool:
    return bool(one["why_not"] == "not_assessed")


def _first(one: Mapping[str, Any]) -> tuple[int, int]:
    return one["to_assess"], one["upheld"]
