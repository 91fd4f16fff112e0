"""A breach case: its dates as a timeline, what is due when, what it relies on, and the officer's narrative."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from api.console.asking import Refused
from api.console.before_saving import draft, fresh_key
from api.console.due import due_words
from api.console.frame import Opened, Page, see_other
from api.console.rendering import clock, day
from api.console.typed import Form, moment_anchors
from api.console.wearer_words import ORDER_KINDS
from api.routes.records import Id as Number

FIELDS: Final = {
    "at": "at",
    "step": "step",
    "result": "result",
    "corrects": "step",
    "why": "why",
    "note": "note",
    "text": "text",
}
AFTER: Final = {"in_time": 2, "late": 2, "waiting": 3, "passed_over": 4}
"""Clocks that say nothing to do now stand after the others."""

router = APIRouter(include_in_schema=False)


@router.get("/breaches/{breach}")
async def case(breach: Number, opened: Opened) -> Response:
    """One case."""
    return await _case(opened, breach, Form())


@router.post("/breaches/{breach}/steps")
async def step(breach: Number, opened: Opened) -> Response:
    """Records a date, or corrects one."""
    form = Form(opened.typed)
    corrects, name = form["corrects"] or None, form["step"]
    undone = corrects is not None and form["undone"] == "yes"
    at = None if undone else form.moment("at", "when it happened")
    if not name:
        form.fault("step", "Choose what happened")
    if corrects is not None:
        form.said("why", "Say why the entry was wrong")
    result = form["result"] if name == "result" and not undone else ""
    if name == "result" and not undone and not result:
        form.fault("result", "Choose the result")
    if not form.wrong:
        body = {"step": name, "at": at, "note": form["note"].strip(), "result": result or None}
        body |= {} if corrects is None else {"corrects": corrects, "why": form.said("why")}
        if await _done(opened, form, f"breaches/{breach}/steps", body):
            return see_other(f"/breaches/{breach}?recorded#dates")
    return await _case(opened, breach, form)


@router.post("/breaches/{breach}/narratives")
async def narrate(breach: Number, opened: Opened) -> Response:
    """Keeps the narrative: as a draft, or ready for a pack."""
    form, ready = Form(opened.typed), opened.typed.get("do") == "ready"
    if ready:
        form.said("text", "Write the narrative before it is ready for a pack")
    if not form.wrong:
        body = {"text": form["text"], "ready": ready}
        if await _done(opened, form, f"breaches/{breach}/narratives", body):
            return see_other(f"/breaches/{breach}?kept#narrative")
    return await _case(opened, breach, form)


async def _done(opened: Page, form: Form, path: str, body: dict[str, Any]) -> bool:
    try:
        await opened.ask.post(path, body, key=opened.key(), if_match=opened.typed.get("etag") or None)
    except Refused as refused:
        if refused.status not in (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.PRECONDITION_FAILED):
            raise
        form.refused(refused, FIELDS)
        return False
    return True


async def _case(opened: Page, breach: str, form: Form) -> Response:
    told = await opened.ask.ask("GET", f"breaches/{breach}")
    row = told.body
    about = await opened.ask.get("names", wearer=row["wearer"])
    name = next((one["name"] for one in about["items"]), row["wearer"])
    wanted = opened.request.query_params.get("correct") or form["corrects"]
    entry = next((one for one in row["steps"] if one["id"] == wanted and one["stands"]), None)
    if entry is not None:
        form.fill("at", entry["at"])
    else:
        form.fill("at", opened.now.replace(second=0, microsecond=0))
    was = None if entry is None else entry["result"]
    newest = row["narratives"][-1] if row["narratives"] else None
    relied = [one for one in row["violations"] if one["relied"]]
    clocks = [one | {"words": due_words(one)} for one in row["clocks"]]
    return opened.show(
        "breach.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong else HTTPStatus.OK,
        title=f"Breach case {breach}: {name}",
        row=row,
        name=name,
        etag=told.etag,
        kinds=ORDER_KINDS,
        clocks=sorted(clocks, key=lambda one: (AFTER.get(one["state"], 1), one["due"] or "")),
        entries=entries(row),
        relied=relied,
        left=[one for one in row["violations"] if not one["relied"]],
        fallen=[one for one in relied if not one["stands"]],
        bw_steps=[
            {"value": one["step"], "text": one["title"], "selected": form["step"] == one["step"]}
            for one in (row["taken_by"] or {"stages": []})["stages"]
        ],
        bw_results=[
            {"value": one["id"], "text": one["title"], "selected": (form["result"] or was) == one["id"]}
            for one in (row["taken_by"] or {"results": []})["results"]
        ],
        entry=entry,
        newest=newest,
        text=form["text"] if "text" in form.values else (newest["text"] if newest else ""),
        form=form,
        anchors=moment_anchors("at") | {"form": "step"},
        key=opened.key() or fresh_key(),
        draft=draft(opened, f"breach-{breach}"),
        writes=opened.reader.may(Deed.WRITE_BREACHES),
        done=next((one for one in ("opened", "recorded", "kept") if one in opened.request.query_params), None),
    )


def entries(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The dates that stand, for the timeline, the newest first; what was corrected is told with each."""
    by_id = {one["id"]: one for one in row["steps"]}
    results = {one["id"]: one["title"] for one in (row["taken_by"] or {"results": []})["results"]}
    found = []
    for one in row["steps"]:
        if not one["stands"]:
            continue
        texts = [("Result", results.get(one["result"], one["result"]))] if one["result"] else []
        texts += [("Note", one["note"])] if one["note"] else []
        was = by_id.get(one["corrects"] or "")
        if was is not None:
            before = "not having happened" if was["at"] is None else f"{day(was['at'])}, {clock(was['at'])}"
            texts.append(("Corrected", f"{one['why']} (recorded before as {before}, by {was['made_by']})"))
        found.append(one | {"who": one["made_by"], "texts": texts})
    return sorted(found, key=lambda one: one["at"], reverse=True)
