"""Warrants: those that are out in order of risk, one of them with its last place for whoever holds it, and how long they are out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from api.console.asking import Asking, Refused, together
from api.console.frame import Opened, Page, see_other
from api.console.typed import Form, moment_anchors
from domain.national_grid import references

LISTED: Final = 200
ENDED_LISTED: Final = 10
KINDS: Final = {
    "bail": "Bail",
    "fail_to_attend": "Failure to attend",
    "breach": "Breach",
    "recall": "Recall",
}
OUTCOMES: Final = {"executed": "Executed", "withdrawn": "Withdrawn", "expired": "Expired"}
ROSH: Final = {"low": "low", "medium": "medium", "high": "high", "very_high": "very high"}
REQUIRES: Final = {
    "keep_away": "must keep away from a place or person now",
    "be_there": "must be at a place now",
}
BANDS: Final = {
    "under_8_days": "Under 8 days",
    "8_to_28_days": "8 to 28 days",
    "29_to_90_days": "29 to 90 days",
    "over_90_days": "Over 90 days",
}
FIELDS: Final = {
    "agency": "agency",
    "person": "person",
    "outcome": "outcome",
    "at": "at",
    "place": "place",
    "note": "note",
}

router = APIRouter(include_in_schema=False)


@router.get("/warrants")
async def warrants(opened: Opened) -> Response:
    """Those that are out, the most urgent first; the latest that are over; and the figures."""
    ask = opened.ask
    (listed, more), over, figures = await together(
        ask.items("warrants/ranked", most=LISTED, limit=LISTED),
        ask.get("warrants", open="false", limit=ENDED_LISTED),
        ask.get("warrants/figures"),
    )
    known = [one["warrant"] for one in listed] + over["items"]
    return opened.show(
        "warrants.html",
        title="Warrants",
        listed=[one | {"reasons": reasons(one["why"])} for one in listed],
        more=more,
        over=over["items"],
        names=await _names(ask, (one["wearer"] for one in known)),
        figures=figures["items"],
        kinds=KINDS,
        outcomes=OUTCOMES,
        bands=BANDS,
        enters=opened.reader.may(Deed.WRITE_WARRANTS),
    )


@router.get("/warrants/{warrant}")
async def warrant(warrant: str, opened: Opened) -> Response:
    """One; for whoever holds it with the last place, each look at which is in the audit."""
    return await _one(opened, warrant)


@router.post("/warrants/{warrant}/{do}")
async def change(warrant: str, do: str, opened: Opened) -> Response:
    """Accepts it, hands it over, or ends it."""
    form, etag = Form(opened.typed), opened.typed.get("etag")
    body = _body(do, form)
    if not form.wrong:
        path = f"warrants/{warrant}/{do if do in ('accept', 'hand-over') else 'end'}"
        try:
            await opened.ask.post(path, body, if_match=etag, key=opened.key())
            return see_other(f"/warrants/{warrant}")
        except Refused as refused:
            form.refused(refused, FIELDS)
            return await _one(opened, warrant, form, do, refused.status)
    return await _one(opened, warrant, form, do, 422)


def _body(do: str, form: Form) -> dict[str, Any] | None:
    if do == "accept":
        return None
    if do == "hand-over":
        agency, person = form.said("agency", "Enter the agency"), form.said("person", "Enter who holds it there")
        return {"agency": agency, "person": person}
    outcome = form.said("outcome", "Say what became of it")
    executed = outcome == "executed"
    at = form.moment("at", "when it was", needed=executed)
    place = form.said("place", "Say where it was executed" if executed else None)
    told = {"outcome": outcome, "at": at, "place": place or None, "note": form.said("note") or None}
    return {name: value for name, value in told.items() if value is not None}


async def _one(
    opened: Page, number: str, form: Form | None = None, do: str | None = None, status: int = 200
) -> Response:
    ask, reader = opened.ask, opened.reader
    told = await ask.ask("GET", f"warrants/{number}")
    row = told.body
    held = row["holder"] is not None
    person, last = await together(
        ask.maybe(f"wearers/{row['wearer']}"),
        ask.maybe(f"warrants/{number}/last-place") if held and reader.may(Deed.READ_LAST_PLACE) else _nothing(),
    )
    position = last["position"] if last else None
    form = form or Form()
    # Enforcement changes what its agency holds: whoever sees the place, holds it.
    changes = reader.may(Deed.WRITE_WARRANTS) and held and (not reader.may(Deed.READ_LAST_PLACE) or last is not None)
    return opened.show(
        "warrant.html",
        status,
        title=f"Warrant {row['id']}",
        row=row,
        record=None if person is None else person["record"],
        etag=told.etag,
        key=str(uuid4()),
        form=form,
        do=do,
        anchors=moment_anchors("at"),
        last=last,
        position=position,
        grid=None if position is None else references([position["lon"]], [position["lat"]])[0],
        shape=None if position is None else _shape(position),
        changes=changes,
        entered="entered" in opened.request.query_params,
        fallen=[one["violation"] for one in row["rests_on"] if one["withdrawn"]],
        kinds=KINDS,
        outcomes=OUTCOMES,
    )


async def _nothing() -> None:
    return None


def _shape(position: Mapping[str, Any]) -> dict[str, Any]:
    at = {"type": "Point", "coordinates": [position["lon"], position["lat"]]}
    about = {"kind": "newest", "acc": position["acc"], "t": position["t"]}
    return {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": at, "properties": about}]}


def reasons(why: Mapping[str, Any] | None) -> list[str]:
    """What a warrant's place rests on, in words; nothing of whom the reader may not see."""
    if why is None:
        return []
    found = ["protects somebody"] if why["victim"] else []
    found.append(f"risk of serious harm {ROSH.get(why['rosh'] or '', 'not assessed')}")
    found += [f"MAPPA {why['mappa']}"] if why["mappa"] else []
    return found + ([REQUIRES[why["requires"]]] if why["requires"] in REQUIRES else [])


async def _names(ask: Asking, wearers: Iterable[str]) -> dict[str, str]:
    wanted = sorted(set(wearers))
    named = await ask.maybe("names", wearer=wanted) if wanted else None
    return {one["id"]: one["name"] for one in named["items"]} if named else {}
