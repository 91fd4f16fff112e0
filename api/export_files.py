"""Exports as the routes see them: those that were asked for, and the folder in which their files lie."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from api.problems import problem_response
from domain.exports import MANIFEST
from store.exports import ExportRow, Exports


@dataclass(frozen=True, slots=True)
class AtExports:
    """What exports are asked for and fetched with; made by whoever composes the process."""

    exports: Exports
    folder: Path

    def path(self, row: ExportRow, name: str) -> Path | None:
        """Where a file of an export lies; None for whatever its manifest does not name, and for what is gone.

        A name is looked up, never followed: no way out of the folder can be in it.
        """
        if row.files is None or name not in {MANIFEST, *(file["path"] for file in row.files)}:
            return None
        path = self.folder / str(row.no) / name
        return path if path.is_file() and not path.is_symlink() else None


class ExportFile(FileResponse):
    """A file, or the part of it that `Range` names; a range that is none is a problem, as every error is."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = False

        async def send_or_refuse(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] >= HTTPStatus.BAD_REQUEST:
                refused = True
                size = Headers(raw=message["headers"]).get("content-range")
                headers = None if size is None else {"Content-Range": size}
                detail = "the header Range names no part of the file"
                await problem_response(message["status"], detail, headers=headers)(scope, receive, send)
            elif not refused:
                await send(message)

        await super().__call__(scope, receive, send_or_refuse)
