"""More calls of the table of access: what is handed over, to the next shift and to whom a patrol link goes."""

from __future__ import annotations

from functools import partial
from typing import Final

from tests.api.access_calls import CALLS as OTHERS
from tests.api.access_calls import About, Call, Caller, said


async def handover(about: About) -> Call:
    """One that stands, made by somebody else than who asks."""
    return Call(about.template.replace("{handover}", str(await about.world.post("handovers", {"note": "quiet"}))))


async def take(about: About) -> Call:
    """A fresh one for who takes it; whoever may not is refused before it is looked for."""
    if not about.does:
        return Call(about.template.replace("{handover}", "1"), {})
    return Call((await handover(about)).path, {})


CALLS: Final[dict[str, Caller]] = OTHERS | {
    "POST /handovers": partial(said, {"note": "All quiet"}),
    "GET /handovers/{handover}": handover,
    "POST /handovers/{handover}/take": take,
}
