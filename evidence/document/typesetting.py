"""A pack as PDF, by typst: PDF/A-3a and PDF/UA-1 at once, the same bytes from the same pack.

Nothing is read but this package and its fonts: no system font, no network, no clock. What the pack says goes in as data, never as
markup. It lies in a folder that only this user may open and that is gone when the PDF is made, by a process that ends then (`apart`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

from domain.instants import SECOND_US
from evidence.content import Pack
from evidence.document import apart
from evidence.document.blocks import Block, Document, Figure, Table
from evidence.document.pack import document_of
from evidence.document.shown import on_paper

FONT_FILES: Final = ("Regular", "It", "Semibold", "SemiboldIt")
"""Of Source Sans Pro, each in one of the two formats that it comes in; what it lacks (Hebrew, Arabic) typst's own fonts have."""
WHOLE_ROW: Final = 400
"""Letters of a cell up to which no row of its table is cut at the end of a page; longer ones may not fit a page."""
ROW_MM: Final = 9.6
"""Height of a row of points, whose cells have three lines. A row whose height is known is laid out once, not twice."""
LETTER_MM: Final = 1.35
CAPITAL_MM: Final = 2.2
"""Widths of letters in it, rather too wide than too narrow."""
CELL_MM: Final = 2.4
"""What of a column is left free at its sides."""
GIVES_BACK: Final = {"MALLOC_TRIM_THRESHOLD_": "131072"}
"""The C library gives free memory back from so many bytes on. Left alone it keeps more after each large block: 15 MB of a large pack."""
LONGEST_S: Final = 120.0
"""After this a document is given up. The largest that the benchmark makes takes a second and a half."""


class NotTypeset(Exception):
    """The typesetter refused the document: a fault of ours, for what people write cannot do that."""


def pdf_of(pack: Pack) -> bytes:
    """The pack as PDF. Raises `NotTypeset` when typst refuses it."""
    return _typeset(partial(document_of, pack))


def typeset(document: Document) -> bytes:
    """A document as PDF, dated with the instant at which it was made. Raises `NotTypeset`."""
    return _typeset(lambda: document)


def _typeset(make: Callable[[], Document]) -> bytes:
    """The typesetter starts while the document is made: each has a core of its own."""
    with tempfile.TemporaryDirectory(prefix="bailiwick-pack-") as name:
        folder = Path(name)
        command = [sys.executable, "-P", apart.__file__, name]
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        env = os.environ | GIVES_BACK
        with subprocess.Popen(command, stdin=pipe, stdout=nowhere, stderr=pipe, text=True, env=env) as child:
            try:
                _lay_out(make(), folder)
                _, said = child.communicate(apart.READY, timeout=LONGEST_S)
            except subprocess.TimeoutExpired:
                raise NotTypeset(f"it took longer than {LONGEST_S:g} s") from None
            finally:
                child.kill()
        if child.returncode:
            raise NotTypeset(said.strip()[-2_000:])
        return (folder / apart.MADE).read_bytes()


def _lay_out(document: Document, folder: Path) -> None:
    """What typst reads, in a folder that it cannot leave: the template, what is said, the fonts, each attached file by its number."""
    (folder / apart.SOURCE).write_bytes(files("evidence.document").joinpath("templates", "pack.typ").read_bytes())
    said = json.dumps(_said(document), ensure_ascii=False, separators=(",", ":"))
    (folder / "said.json").write_text(said, encoding="utf-8")
    (folder / apart.DATED).write_text(str(document.made_us // SECOND_US))
    for number, one in enumerate(document.attachments):
        (folder / str(number)).write_bytes(one.content)
    (folder / apart.FONTS).mkdir()
    with as_file(files("font_source_sans_pro").joinpath("files")) as fonts:
        for style in FONT_FILES:
            (folder / apart.FONTS / f"{style}.ttf").write_bytes((fonts / f"SourceSansPro-{style}.ttf").read_bytes())


def _said(document: Document) -> dict[str, Any]:
    """The document as what the template reads."""
    return {
        "title": on_paper(document.title),
        "reference": on_paper(document.reference),
        "version": str(document.version),
        "marking": on_paper(document.marking),
        "opening": list(_blocks(document.opening)),
        "sections": [
            {"number": section.number, "title": section.title, "blocks": list(_blocks(section.blocks))}
            for section in document.sections
        ],
        "attached": [
            {
                "file": str(number),
                "name": one.name,
                "media": one.media_type,
                "relationship": one.relationship.value,
                "description": on_paper(one.what),
            }
            for number, one in enumerate(document.attachments)
        ],
    }


def _blocks(blocks: tuple[Block, ...]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        said = {field.name: _plain(getattr(block, field.name)) for field in fields(block) if field.name != "layers"}
        if isinstance(block, Figure):
            said["layers"] = block.layers  # their words are ours
        if isinstance(block, Table):
            said["columns"] = [
                {"head": one.head, "width": one.width_mm, "figures": one.figures} for one in block.columns
            ]
            said["breakable"] = any(len(cell) > WHOLE_ROW for row in block.rows for cell in row)
            said["row"] = ROW_MM if block.small and _fits(block) else 0
        for name in ("width", "height"):
            if f"{name}_mm" in said:
                said[name] = said.pop(f"{name}_mm")
        yield {"is": type(block).__name__.lower(), **said}


def _fits(table: Table) -> bool:
    """Whether every cell surely takes at most three lines of its column."""
    widths = [column.width_mm - CELL_MM for column in table.columns]
    return all(
        cell.count("\n") < 3 and all(_width(line) <= width for line in cell.split("\n"))
        for row in table.rows
        for width, cell in zip(widths, row, strict=True)
    )


def _width(line: str) -> float:
    if not line.replace("°", "").isascii():
        return float("inf")
    capitals = sum(map(str.isupper, line))
    return LETTER_MM * (len(line) - capitals) + CAPITAL_MM * capitals


def _plain(value: Any) -> Any:
    """Texts made fit for paper, however deep they lie."""
    if isinstance(value, str):
        return on_paper(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value
