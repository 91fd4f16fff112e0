"""A pack on screen: the blocks of the PDF as HTML with GOV.UK's components, below a heading of the first order that the page gives."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, Template
from markupsafe import Markup

from evidence.content import Pack
from evidence.document.blocks import Block
from evidence.document.pack import document_of
from evidence.document.shown import on_screen


def html_of(pack: Pack) -> str:
    """The pack as HTML. Every text is escaped, and what would hide or turn letters stands by its code, as on paper."""
    return _template().render(document=document_of(pack))


@cache
def _template() -> Template:
    made = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, finalize=_shown)
    made.filters |= {"lines": _lines, "kind": _kind}
    return made.from_string(files("evidence.document").joinpath("templates", "pack.html").read_text(encoding="utf-8"))


def _shown(value: Any) -> Any:
    """What is written anywhere: drawings and what is escaped already stay as they are."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else on_screen(value)


def _lines(text: str) -> Markup:
    return Markup("<br>").join(on_screen(text).split("\n"))


def _kind(block: Block) -> str:
    return type(block).__name__
