"""More calls of the table of access: breach cases, and what rests on devices of a lot."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from domain.instants import HOUR_US, format_instant
from tests.api.access_calls import About, Call, Caller
from tests.api.access_world import LOT
from tests.store.made import NOON

AT: Final = format_instant(NOON - HOUR_US)


async def _chosen(about: About) -> dict[str, Any]:
    """A fresh violation that was upheld, to rely on; everything else is left out."""
    name = f"{about.one.W}-1"
    if about.does:
        await about.world.raised(about.one)
        ((name,),) = about.world.rows(
            "SELECT id FROM violations WHERE wearer = %s ORDER BY violation_no DESC LIMIT 1", about.one.W
        )
        upheld = {"violation": name, "decision": "upheld", "at": AT, "by": "dee"}
        await about.world.learn({"type": "assessment", "id": f"B-{about.world.fresh()}"} | upheld)
    return {"violations": [{"id": name, "version": 1}], "left_out_because": "others"}


async def opened(about: About) -> Call:
    return Call(about.path(), {"order": about.one.O, "identified": AT} | await _chosen(about))


async def _path(about: About) -> str:
    """A fresh case of theirs; the standing one for who is to be refused."""
    number = await about.world.breach(about.one) if about.does else about.world.breaches[about.one.word]
    return about.template.replace("{breach}", str(number))


async def chosen(about: About) -> Call:
    return Call(await _path(about), await _chosen(about))


async def changed(body: dict[str, Any], about: About) -> Call:
    return Call(await _path(about), body)


async def one(about: About) -> Call:
    return Call(about.template.replace("{breach}", str(about.world.breaches[about.one.word])))


async def everybodys(about: About) -> Call:
    return Call(f"{about.path()}?all=true&limit=1000")


async def lot(about: About) -> Call:
    return Call(about.template.replace("{lot}", LOT))


CALLS: Final[dict[str, Caller]] = {
    "POST /breaches": opened,
    "GET /breaches/{breach}": one,
    "POST /breaches/{breach}/steps": partial(changed, {"step": "pack_requested", "at": AT}),
    "POST /breaches/{breach}/choices": chosen,
    "POST /breaches/{breach}/narratives": partial(changed, {"text": "Out all night."}),
    "GET /orders-at-hand": everybodys,
    "GET /lots/{lot}": lot,
}
