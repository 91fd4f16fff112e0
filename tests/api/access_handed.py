"""More calls of the table of access: what is handed over, to the next shift and to whom a patrol link goes; saved views; what comes next."""

from __future__ import annotations

from functools import partial
from typing import Final

from tests.api.access_breaches import CALLS as CASES
from tests.api.access_calls import CALLS as OTHERS
from tests.api.access_calls import About, Call, Caller, said
from tests.api.access_crimes import CALLS as CRIMES
from tests.api.access_packs import CALLS as PACKS
from tests.api.doors import asks
from tests.store.made import ask


async def handover(about: About) -> Call:
    """One that stands, made by somebody else than who asks."""
    return Call(about.template.replace("{handover}", str(await about.world.post("handovers", {"note": "quiet"}))))


async def take(about: About) -> Call:
    """A fresh one for who takes it; whoever may not is refused before it is looked for."""
    if not about.does:
        return Call(about.template.replace("{handover}", "1"), {})
    return Call((await handover(about)).path, {})


NAMED: Final = {"officer": "PC 4411", "force": "Kent Police"}


async def revoke(about: About) -> Call:
    """The standing link to the alert of whom it is about; a fresh one where it is to be revoked."""
    if not about.does:
        return Call(about.template.replace("{link}", str(about.world.links[about.one.word])))
    path = f"/api/v1/alerts/{about.world.alerts[about.one.word]}/patrol-links"
    made = await about.world.client.post(path, json=NAMED, headers=asks("sam", "supervisor"))
    return Call(about.template.replace("{link}", made.json()["id"]))


VIEW: Final = {"name": "Bad ones", "query": "severity=critical&severity=serious"}


async def view(about: About) -> Call:
    """A fresh one of whoever removes it."""
    if not about.does:
        return Call(about.template.replace("{view}", "1"))
    answer = await about.world.client.post("/api/v1/views", json=VIEW, headers=about.headers)
    return Call(about.template.replace("{view}", answer.json()["id"]))


async def next_steps(about: About) -> Call:
    """Of every standing alert, each with a step to come."""
    step = "INSERT INTO timers (alert_no, name, due_at) VALUES (%s, 'step:0', now()) ON CONFLICT DO NOTHING RETURNING 1"
    for number in about.world.alerts.values():
        ask(about.world.made.url, step, number)
    query = "&".join(f"alert={number}" for number in about.world.alerts.values())
    return Call(f"{about.path()}?{query}")


CALLS: Final[dict[str, Caller]] = OTHERS | {
    **CASES,
    **CRIMES,
    **PACKS,
    "GET /next-steps": next_steps,
    "POST /handovers": partial(said, {"note": "All quiet"}),
    "GET /handovers/{handover}": handover,
    "POST /handovers/{handover}/take": take,
    "POST /alerts/{alert}/patrol-links": partial(said, NAMED),
    "POST /patrol-links/{link}/revoke": revoke,
    "POST /views": partial(said, VIEW),
    "DELETE /views/{view}": view,
}
