"""A pack as PDF, by typst: PDF/A-3a and PDF/UA-1 at once, the same bytes from the same pack.

Nothing is read but this package and its fonts: no system font, no network, no clock. What the pack says goes in as data, never as
markup. typst reads it from a folder of its own that only this user may open and that is gone when it is done: handed over in memory, the
attached files would be held six times.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

import typst

from domain.instants import SECOND_US
from evidence.content import Pack
from evidence.document.blocks import Block, Document, Figure, Table
from evidence.document.pack import document_of
from evidence.document.shown import on_paper

STANDARDS: Final[list[Any]] = ["a-3a", "ua-1"]
FONT_FILES: Final = ("Regular", "It", "Semibold", "SemiboldIt")
"""Of Source Sans Pro; what it lacks (Hebrew, Arabic) the fonts in typst itself have."""
WHOLE_ROW: Final = 400
"""Letters of a cell up to which no row of its table is cut at the end of a page; longer ones may not fit a page."""


class NotTypeset(Exception):
    """The typesetter refused the document: a fault of ours, for what people write cannot do that."""


def pdf_of(pack: Pack) -> bytes:
    """The pack as PDF. Raises `NotTypeset` when typst refuses it."""
    return typeset(document_of(pack))


def typeset(document: Document) -> bytes:
    """A document as PDF, dated with the instant at which it was made. Raises `NotTypeset`."""
    try:
        with tempfile.TemporaryDirectory(prefix="bailiwick-pack-") as folder:
            _lay_out(document, Path(folder))
            made, warnings = typst.compile_with_warnings(
                str(Path(folder, "main.typ")),
                root=folder,
                format="pdf",
                font_paths=_fonts(),
                ignore_system_fonts=True,
                pdf_standards=STANDARDS,
                timestamp=document.made_us // SECOND_US,
            )
    except typst.TypstError as error:
        raise NotTypeset(f"{error.message} {' '.join(error.hints)}".strip()) from error
    if warnings:
        raise NotTypeset("; ".join(one.message for one in warnings))
    assert isinstance(made, bytes)
    return made


@cache
def _fonts() -> typst.Fonts:
    """The document's fonts, found once a process: those files alone, for their folder has each twice, in two formats."""
    with tempfile.TemporaryDirectory() as folder, as_file(files("font_source_sans_pro").joinpath("files")) as found:
        for name in FONT_FILES:
            Path(folder, f"{name}.ttf").write_bytes((found / f"SourceSansPro-{name}.ttf").read_bytes())
        loaded = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[folder])
        typst.compile(
            b'#set text(font: "Source Sans Pro")\nA _A_ *A* _*A*_', font_paths=loaded, format="svg"
        )  # they are read when first used
        return loaded


def _lay_out(document: Document, folder: Path) -> None:
    """What typst reads, in a folder that it cannot leave: the template, what is said, and each attached file by its number."""
    Path(folder, "main.typ").write_bytes(files("evidence.document").joinpath("templates", "pack.typ").read_bytes())
    said = json.dumps(_said(document), ensure_ascii=False, separators=(",", ":"))
    Path(folder, "said.json").write_text(said, encoding="utf-8")
    for number, one in enumerate(document.attachments):
        Path(folder, str(number)).write_bytes(one.content)


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
        for name in ("width", "height"):
            if f"{name}_mm" in said:
                said[name] = said.pop(f"{name}_mm")
        yield {"is": type(block).__name__.lower(), **said}


def _plain(value: Any) -> Any:
    """Texts made fit for paper, however deep they lie."""
    if isinstance(value, str):
        return on_paper(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value
