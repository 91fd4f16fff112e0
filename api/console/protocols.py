"""Protocols: what would happen to an alert minute by minute, who is told when, the versions, and for seniors a file that comes into force."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Path
from starlette.responses import Response

from access.grants import Deed
from alerts.explaining import after, every, words_of
from alerts.protocol_reading import KINDS
from alerts.protocol_words import FLAG_WORDS, for_whom, how, step_words
from alerts.protocols import Flag, Protocols, Target
from api.console import words
from api.console.asking import Refused, together
from api.console.before_saving import LOOK, SAVE, draft, fresh_key
from api.console.frame import Opened, Page, see_other
from api.console.typed import GENERAL, Form
from domain.instants import SECOND_US
from domain.vocabulary import Channel, Level, Severity

USUAL: Final = {"kind": "strap_tamper", "level": Level.STANDARD.value}
"""What the page explains before anybody asks."""

Json = dict[str, Any]

router = APIRouter(include_in_schema=False)


@router.get("/protocols")
async def protocols(opened: Opened) -> Response:
    """Those in force, and what would happen to the alert that is asked about."""
    form = Form(dict(opened.request.query_params))
    if "kind" not in form.values:
        form.values |= USUAL
    at = form.moment("at", "when it is raised", needed=False)
    body, (versions, _), (areas, _) = await together(
        opened.ask.get("protocols"), opened.ask.items("protocols/versions", most=10), opened.ask.items("areas")
    )
    told = None if form.wrong else await _explained(opened, form, at)
    shown = msgspec.convert(body, Protocols)
    wanted = form["find"].strip().lower()
    listed = [_protocol(one) for one in shown.protocol]
    return opened.show(
        "protocols.html",
        status=422 if form.wrong else 200,
        title="Protocols",
        form=form,
        told=None if told is None else _told(told),
        version=shown.version,
        versions=versions,
        protocols=[one for one in listed if wanted in one["all"]],
        number=len(listed),
        find=form["find"],
        areas=areas,
        kinds=sorted(((kind, words.kind_words(kind)) for kind in KINDS), key=lambda pair: pair[1]),
        levels=[one.value for one in Level],
        severities=[one.value for one in Severity],
        may=opened.reader.may(Deed.WRITE_PROTOCOLS),
    )


@router.get("/protocols/new")
async def new(opened: Opened) -> Response:
    """The form for a file."""
    return _file(opened, Form({}), None)


@router.post("/protocols/new")
async def enter(opened: Opened) -> Response:
    """Says what is wrong with a file or what it would change; takes it into force when that was shown."""
    form = Form(opened.typed)
    if form["file"].strip():
        form.values["text"] = form["file"]
    text = form["text"].replace("\r\n", "\n")
    if not text.strip():
        form.fault("text", "Choose a file, or paste the whole file")
        return _file(opened, form, None)
    told = None
    try:
        told = (await opened.ask.post("protocols/preview", {"text": text})).body
        if opened.typed.get("do") == SAVE and opened.typed.get("looked") == str(told["version"]):
            await opened.ask.post("protocols", {"text": text}, key=opened.key())
            return see_other("/protocols")
    except Refused as refused:
        return _file(opened, form, None, _faults(refused))
    return _file(opened, form, told)


@router.get("/protocols/versions/{version}")
async def version_of(version: Annotated[str, Path(pattern=r"^[0-9]{1,18}$")], opened: Opened) -> Response:
    """What a version said."""
    shown = msgspec.convert(await opened.ask.get(f"protocols/versions/{version}"), Protocols)
    return opened.show(
        "protocol_version.html",
        title=f"Protocols, version {version}",
        version=shown.version,
        protocols=[_protocol(one) for one in shown.protocol],
    )


def _file(opened: Page, form: Form, told: Json | None, faults: list[Json] | None = None) -> Response:
    if faults:
        form.fault(
            "text",
            f"{len(faults)} {'thing is' if len(faults) == 1 else 'things are'} wrong with the file. Nothing was changed",
        )
    return opened.show(
        "protocols_file.html",
        status=422 if form.wrong else 200,
        title="Take a file of protocols into force",
        form=form,
        told=told,
        faults=faults or [],
        key=opened.key() or fresh_key(),
        draft=draft(opened, "protocols"),
        anchors={GENERAL: "text"},
        look=LOOK,
    )


def _faults(refused: Refused) -> list[Json]:
    found: list[Json] = refused.problem.get("errors") or [{"field": "file", "cause": refused.words}]
    return found


async def _explained(opened: Page, form: Form, at: str | None) -> Json | None:
    asked = {
        "kind": form["kind"],
        "level": form["level"] or Level.STANDARD.value,
        "severity": form["severity"] or None,
        "area": form["area"] or None,
        "at": at,
        **{name: "true" for name in ("victim", "under_18", "own_unit") if form[name]},
    }
    try:
        found: Json = await opened.ask.get("protocols/explain", **asked)
    except Refused as refused:
        form.refused(refused, {name: name for name in ("kind", "level", "severity", "area", "at")})
        return None
    return found


def _told(told: Json) -> Json:
    """The answer in words: rows by the minute, with what would change it."""
    start = datetime.fromisoformat(told["at"])
    rows: list[Json] = [_row(row, start) for row in told["told"]]
    for rise in told["rises"]:
        at = datetime.fromisoformat(rise["at"])
        rows.append({"at": rise["at"], "after": _after(at, start), "rise": rise["severity"], "by": rise["protocol"]})
    return told | {
        "rows": sorted(rows, key=lambda row: str(row["at"])),
        "left_words": _seniors(told["claimed_and_left"]),
        "worked_words": _seniors(told["claimed_and_worked_on"]),
        "cleared_words": list(dict.fromkeys(_who(row) for row in told["not_told_when_cleared"])),
        "when_words": [
            f"when {' and '.join(FLAG_WORDS[Flag(flag)] for flag in one['only'])}: {_target(one['to'])} "
            f"by {how([Channel(channel) for channel in one['by']])}, {words_of(one['text'], Target(one['to']))}"
            for one in told["when"]
        ],
    }


def _row(row: Json, start: datetime) -> Json:
    at = datetime.fromisoformat(row["at"])
    task = row["action"] == "task"
    again = f"again every {every(row['repeat_s'])}" if row["repeat_s"] else ""
    stops = [FLAG_WORDS[Flag(flag)] for flag in row["stop"]]
    until = f"{'until' if again else 'unless'} {' or '.join(stops)}" if stops else ""
    return {
        "at": row["at"],
        "after": _after(at, start),
        "who": "Operator" if task else words.sentence(_target(row["to"])),
        "names": [] if task else (row["names"] or []),
        "known": row["names"] is not None and not task,
        "how": "task" if task else how([Channel(channel) for channel in row["by"]]),
        "what": words_of(row["text"], Target(row["to"])),
        "until": " ".join(part for part in (again, until) if part),
    }


def _seniors(rows: list[Json]) -> list[str]:
    return [f"{_who(row)} at {after(row['after_s'] * SECOND_US)}" for row in rows]


def _who(row: Json) -> str:
    return f"{_target(row['to'])} ({words_of(row['text'], Target(row['to']))})"


def _target(name: str) -> str:
    return {"responsible_adult": "the responsible adult"}.get(name, name.replace("_", " "))


def _after(at: datetime, start: datetime) -> str:
    return after(round((at - start).total_seconds()) * SECOND_US)


def _protocol(one: Any) -> Json:
    steps = [step_words(step) for step in one.steps]
    kinds = [words.kind_words(kind) for kind in one.match.kinds or ()]
    return {
        "id": one.id,
        "version": one.version,
        "title": one.title,
        "for": for_whom(one.match),
        "steps": steps,
        "then": f"unclaimed for {every(one.then_after_s)}: goes on as {one.then}" if one.then else "",
        "closes": one.closes_when_cleared.value if one.closes_when_cleared else "",
        "tells_cleared": one.tells_cleared,
        "all": " ".join([one.id, one.title, for_whom(one.match), *kinds]).lower(),
    }
