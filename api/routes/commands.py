"""Commands to devices: asked for, and what became of each."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Request
from starlette.responses import Response

from access.grants import CENTRE
from alerts.desk import Note
from api import shapes
from api.command_shapes import DeviceCommand, NewDeviceCommand, command_body
from api.commanding import Changes, Commanding, Reads
from api.cursors import Number, cut, next_link, read_cursor
from api.desk import LARGEST_ID, once
from api.parts import API_ROOT, NOT_FOUND, PROBLEM_CONTENT, PROBLEMS, Cursor, answer
from api.problems import Problem
from api.routes.people import LIST_DEFAULT, ListLimit
from domain.wire_topics import DEVICE_PATTERN

DeviceId = Annotated[str, Path(pattern=f"^{DEVICE_PATTERN.pattern}$")]
Id = Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]
READS: Final[dict[int | str, dict[str, Any]]] = {
    **NOT_FOUND,
    503: {"description": "Commands are not set up in this process", **PROBLEM_CONTENT},
}
MAKES: Final[dict[int | str, dict[str, Any]]] = {
    **READS,
    409: {"description": "So many commands of this device are open that one more would only wait", **PROBLEM_CONTENT},
}

router = APIRouter(prefix=API_ROOT, responses=PROBLEMS, tags=["commands"])


@router.post("/devices/{device}/commands", response_model=DeviceCommand, status_code=202, responses=MAKES)
async def command_device(device: DeviceId, asked: Changes, body: Annotated[NewDeviceCommand, Body()]) -> Response:
    """Asks a device for something. It is sent after the answer; what becomes of it is read at `/commands/{id}`."""

    async def work(note: Note) -> Response:
        row = await asked.make(await asked.device(device), body, note)
        return answer(command_body(row, shows_texts=True), status=HTTPStatus.ACCEPTED)

    return await once(asked.asking, work)


@router.get("/devices/{device}/commands", response_model=shapes.Page[DeviceCommand], responses=READS)
async def commands_of_device(
    request: Request, device: DeviceId, asked: Reads, cursor: Cursor = None, limit: ListLimit = LIST_DEFAULT
) -> Response:
    """What was asked of a device, by people and by rules, the newest first."""
    found = await asked.device(device)
    rows = await asked.commands.of_device(asked.seen.sight, found.id, read_cursor(cursor, Number), limit + 1)
    page, onward = cut(rows, limit, lambda row: row.no)
    link = next_link(request, onward)
    shows = _shows_texts(asked)
    return answer({"items": [command_body(row, shows_texts=shows) for row in page], "next": link}, link)


@router.get("/commands/{command}", response_model=DeviceCommand, responses=READS)
async def command(command: Id, asked: Reads) -> Response:
    """One command, and what became of it."""
    row = None if int(command) > LARGEST_ID else await asked.commands.command(asked.seen.sight, int(command))
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such command", field="command")
    await asked.device(row.device)
    return answer(command_body(row, shows_texts=_shows_texts(asked)))


def _shows_texts(asked: Commanding) -> bool:
    """Whoever keeps devices needs to know that there was a text, not what it said."""
    return asked.seen.caller.role in CENTRE
