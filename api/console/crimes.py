"""Recorded crimes: those that were sent and what they came to, a file of more, and who was near, which two people look at."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.responses import Response

from access.grants import Deed
from api.console.asking import Refused, together
from api.console.frame import Opened, Page, see_other
from api.console.typed import Form
from domain.national_grid import references
from domain.vocabulary import CrimeMatch
from evidence.crimes import COLUMNS

LISTED: Final = 50
MATCHES: Final = 50
"""Of one crime on its page, the highest score first; the page says when there are more."""
CIRCLED: Final = 12
"""So many positions of one wearer have their circle each; of more only the nearest: they would cover the map."""
CSV: Final = "text/csv"
LOST: Final = "\ufffd"
"""Where a byte was no UTF-8."""
SAID: Final = {
    CrimeMatch.NEAR: "was near",
    CrimeMatch.ELSEWHERE: "was elsewhere",
    CrimeMatch.NO_DATA: "cannot be placed: nothing can be said",
}
WORKS: Final = {"qualify": Deed.QUALIFY_CRIME_MATCHES, "authorise": Deed.AUTHORISE_CRIME_MATCHES}

router = APIRouter(include_in_schema=False)


@router.get("/crimes")
async def crimes(opened: Opened) -> Response:
    """The crimes, the newest first, and the form for a file of more."""
    return await _all(opened, Form({}))


@router.post("/crimes")
async def send(opened: Opened) -> Response:
    """Sends a file; shows what became of each row."""
    form = Form(opened.typed)
    if form["file"].strip():
        form.values["text"] = form["file"]
    if not form["text"].strip():
        form.fault("text", "Choose a file, or paste the rows with the line that names the columns above them")
    elif LOST in form["text"]:
        form.fault("text", "The file is not UTF-8: save it as CSV UTF-8")
    if form.wrong:
        return await _all(opened, form)
    try:
        done = await opened.ask.post("crimes/batches", key=opened.key(), sent=(CSV, form["text"].encode()))
    except Refused as refused:
        form.fault("text", refused.words[:1].upper() + refused.words[1:])
        return await _all(opened, form)
    return await _all(opened, Form({}), done.body)


async def _all(opened: Page, form: Form, done: Any = None) -> Response:
    query = opened.request.query_params
    reference = query.get("reference", "").strip() or None
    page = await opened.ask.get("crimes", limit=LISTED, cursor=query.get("cursor"), reference=reference)
    return opened.show(
        "crimes.html",
        422 if form.wrong else 200,
        title="Crimes",
        items=page["items"],
        more=(page["next"] or "").partition("?")[2],
        reference=reference,
        form=form,
        done=done,
        wrong=[one for one in done["rows"] if one["errors"]] if done else [],
        columns=COLUMNS,
        may=opened.reader.may(Deed.WRITE_CRIMES),
        key=str(uuid4()),
    )


@router.get("/crimes/{crime}")
async def crime(crime: str, opened: Opened) -> Response:
    """One: what was told, what it came to, who was near."""
    return await _one(opened, crime)


@router.post("/crimes/{crime}/matches/{wearer}/{work}")
async def work(crime: str, wearer: str, work: str, opened: Opened) -> Response:
    """Somebody says what they make of a match, or whether the force sees it."""
    form = Form(opened.typed)
    deciding = work == "authorise"
    answer, words = form["answer"], form.said("words", "Say why in your own words")
    if answer not in ("yes", "no"):
        form.fault("answer", "Choose whether the force may see it" if deciding else "Choose whether it is plausible")
    if not form.wrong:
        body = {"authorised" if deciding else "plausible": answer == "yes", "decision" if deciding else "note": words}
        path = f"crimes/{crime}/matches/{wearer}/{'authorise' if deciding else 'qualify'}"
        try:
            await opened.ask.post(path, body, if_match=form["etag"] or None)
            return see_other(f"/crimes/{crime}#match-{wearer}")
        except Refused as refused:
            form.fault("answer", refused.words[:1].upper() + refused.words[1:])
    return await _one(opened, crime, (wearer, work, form), 422)


async def _one(opened: Page, crime: str, at: tuple[str, str, Form] | None = None, status: int = 200) -> Response:
    ask, query = opened.ask, opened.request.query_params
    result = query.get("result")
    row, found = await together(
        ask.get(f"crimes/{crime}"),
        ask.get(f"crimes/{crime}/matches", limit=MATCHES, result=result, cursor=query.get("cursor")),
    )
    shown = next((one for one in row["results"] if one["id"] == (result or (row["result"] or {}).get("id"))), None)
    told = row["told"] if shown is None else next(one for one in row["versions"] if one["version"] == shown["version"])
    asked = query.get("wearer", "").strip()
    return opened.show(
        "crime.html",
        status,
        title=f"Crime {row['reference']}",
        row=row,
        told=told,
        grid=references([told["lon"]], [told["lat"]])[0],
        shown=shown,
        matches=found["items"],
        more=(found["next"] or "").partition("?")[2],
        drawn=_drawn(told, found["items"]),
        asked=asked,
        of_one=await ask.maybe(f"crimes/{crime}/wearers/{asked}") if asked else None,
        said=SAID,
        at=at,
        police=opened.reader.role == "police",
        may={name: opened.reader.may(deed) for name, deed in WORKS.items()},
        mine=opened.reader.name,
    )


def _drawn(told: dict[str, Any], matches: list[dict[str, Any]]) -> dict[str, Any]:
    """The place with its radius, and the positions near."""
    place = {"kind": "zone", "sort": "crime", "radius_m": told["radius_m"]}
    features = [_point(told["lon"], told["lat"], place)]
    for match in matches:
        fixes = match["fixes"]
        nearest = min(range(len(fixes)), key=lambda number: fixes[number]["metres"])
        for number, fix in enumerate(fixes):
            named = {"label": match["name"] or match["wearer"]} if number == nearest else {}
            acc = {"acc": fix["acc"]} if number == nearest or len(fixes) <= CIRCLED else {}
            features.append(_point(fix["lon"], fix["lat"], {"kind": "point"} | named | acc))
    return {"type": "FeatureCollection", "features": features}


def _point(lon: float, lat: float, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": properties,
    }
