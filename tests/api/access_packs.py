"""More calls of the table of access: breach packs, whose files are made here by hand."""

from __future__ import annotations

import io
from functools import cache, partial
from typing import Any, Final

import pikepdf

from tests.api.access_calls import About, Call, Caller

SHA: Final = "ab" * 32
DIRECTION: Final = {"court": "Kent", "reference": "KC-1", "directed": "2026-11-20"}


@cache
def document() -> bytes:
    """A PDF with one file in it."""
    made, out = pikepdf.new(), io.BytesIO()
    made.add_blank_page()
    made.attachments["facts.csv"] = b"device\n"
    made.save(out)
    return out.getvalue()


async def made(about: About, state: str) -> int:
    """A fresh case with a pack in that state; the standing one, without a pack, for who is to be refused."""
    if not about.does:
        return about.world.breaches[about.one.word]
    breach = await about.world.breach(about.one)
    signs = ("Sue", "Duty manager", "sue") if state == "done" else (None, None, None)
    about.world.rows(
        "INSERT INTO packs (breach_no, version, state, asked_at, asked_by, asked_role, document, document_sha256, pages, annex,"
        " annex_sha256, parts, signatory, post, signed_by) VALUES (%s, 1, %s, now(), 'dee', 'officer', %s, %s, '<p>read</p>', %s,"
        " %s, '[]', %s, %s, %s) RETURNING 1",
        *(breach, state, document(), SHA, document(), SHA, *signs),
    )
    return breach


async def there(body: dict[str, Any] | None, state: str, about: About) -> Call:
    breach = await made(about, state)
    path = about.template.replace("{breach}", str(breach)).replace("{version}", "1").replace("{part}", "facts.csv")
    return Call(path) if body is None else Call(path, body)


ONE: Final = "/breaches/{breach}/packs/{version}"
SIGNS: Final = {"name": "Sue Invented", "post": "Duty manager", "read_sha256": SHA}
CALLS: Final[dict[str, Caller]] = {
    "GET /breaches/{breach}/packs": partial(there, None, "done"),
    "POST /breaches/{breach}/packs": partial(there, {}, "done"),
    f"GET {ONE}": partial(there, None, "done"),
    f"GET {ONE}/document": partial(there, None, "done"),
    f"GET {ONE}/page": partial(there, None, "done"),
    f"GET {ONE}/parts/{{part}}": partial(there, None, "done"),
    f"POST {ONE}/signature": partial(there, SIGNS, "draft"),
    f"GET {ONE}/recipients": partial(there, None, "done"),
    f"POST {ONE}/recipients": partial(there, {"name": "Kent Magistrates"}, "done"),
    f"GET {ONE}/annex-openings": partial(there, None, "done"),
    f"POST {ONE}/annex-openings": partial(there, DIRECTION, "done"),
}
