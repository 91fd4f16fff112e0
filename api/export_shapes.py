"""The JSON of exports, in and out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.instants import Instant
from api.parts import API_ROOT
from api.shapes import Shape
from domain.exports import MANIFEST
from domain.instants import format_instant
from store.exports import ExportRow


class NewExport(Shape):
    """What is to be exported. `wearer`, `from` and `to` are of a `wearer` export alone, `protected` of `everything`."""

    kind: Literal["everything", "wearer"]
    wearer: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")] = None
    from_: Annotated[Instant | None, Field(alias="from", description="Facts from then on, by fix time")] = None
    to: Annotated[Instant | None, Field(description="Facts before then")] = None
    protected: Annotated[bool, Field(description="With what is known of protected people, in a part of its own")] = (
        False
    )


class ExportFile(Shape):
    """A file of an export that may be fetched; `rows` is null of the manifest."""

    path: str
    rows: int | None
    bytes: int | None
    sha256: str
    href: str


class Export(Shape):
    """An export. `rows_done` tells how far it is; `files` is null in lists, until it is done, and when it has expired."""

    id: str
    kind: str
    wearer: str | None
    from_: str | None = Field(alias="from")
    to: str | None
    protected: bool
    state: Literal["waiting", "working", "done", "failed", "expired"]
    asked: str
    asked_by: str
    asked_role: str
    why: str | None
    begun: str | None
    done: str | None
    expires: str | None
    rows_done: int
    rows: int | None
    bytes: int | None
    manifest_sha256: str | None
    problem: str | None
    files: list[ExportFile] | None


def export_body(row: ExportRow, *, files: bool) -> dict[str, Any]:
    """`Export`; with its files where they are asked for."""
    return {
        "id": str(row.no),
        "kind": row.kind,
        "wearer": row.subject,
        "from": _instant(row.from_us),
        "to": _instant(row.to_us),
        "protected": row.protected,
        "state": row.state,
        "asked": format_instant(row.asked_us),
        "asked_by": row.asked_by,
        "asked_role": row.asked_role,
        "why": row.why,
        "begun": _instant(row.begun_us),
        "done": _instant(row.done_us),
        "expires": _instant(row.expires_us),
        "rows_done": row.rows_done,
        "rows": row.rows,
        "bytes": row.bytes,
        "manifest_sha256": row.manifest_sha256,
        "problem": row.problem,
        "files": _files(row) if files else None,
    }


def _files(row: ExportRow) -> list[dict[str, Any]] | None:
    if row.files is None:
        return None
    manifest = {"path": MANIFEST, "rows": None, "bytes": None, "sha256": row.manifest_sha256}
    return [{**file, "href": f"{API_ROOT}/exports/{row.no}/files/{file['path']}"} for file in (manifest, *row.files)]


def _instant(us: int | None) -> str | None:
    return None if us is None else format_instant(us)
