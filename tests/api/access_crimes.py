"""More calls of the table of access: recorded crimes, and who was near."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from domain.instants import HOUR_US, MINUTE_US, format_instant
from tests.api.access_calls import About, Call, Caller
from tests.api.crime_rows import crime_of
from tests.store.made import NOON

WINDOW: Final = {"from": format_instant(NOON - HOUR_US), "to": format_instant(NOON - 20 * MINUTE_US)}


async def told(about: About) -> Call:
    """Of the force of somebody's area."""
    name = {"force": about.one.area, "reference": about.world.fresh() if about.does else "refused", "kind": "theft"}
    return Call(about.path(), name | WINDOW | {"lon": -3.1, "lat": 55.9})


async def batch(about: About) -> Call:
    rows = f"force,reference,kind,from,to,lat,lon\nkent,b1,theft,{WINDOW['from']},{WINDOW['to']},55.9,-3.1\n"
    return Call(about.path(), rows.encode(), (("Content-Type", "text/csv"),))


async def standing(about: About) -> Call:
    """The crime of the force of somebody's area, to which they were near."""
    return Call(about.path())


async def worked(body: dict[str, Any], about: About) -> Call:
    """A fresh match of theirs; the standing one for who is to be refused."""
    if not about.does:
        return Call(about.path(), body)
    number = crime_of(about.world.rows, about.one.area, about.world.fresh(), about.one.W, about.one.lat)
    return Call(about.path(crime=number), body)


CALLS: Final[dict[str, Caller]] = {
    "POST /crimes": told,
    "POST /crimes/batches": batch,
    "GET /crimes/{crime}": standing,
    "GET /crimes/{crime}/matches": standing,
    "GET /crimes/{crime}/wearers/{wearer}": standing,
    "POST /crimes/{crime}/matches/{wearer}/qualify": partial(worked, {"plausible": True, "note": "seen"}),
    "POST /crimes/{crime}/matches/{wearer}/authorise": partial(worked, {"authorised": True, "decision": "needed"}),
}
