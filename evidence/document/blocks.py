"""What a document is made of. Every text is plain: whoever renders a block escapes it, and nothing in it is ever markup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from evidence.content import Attachment
from evidence.document.svg import joined


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list; ``numbered`` from 1."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What each thing is, line by line: (name, what it says). ``dense``: one of many such, set as one paragraph."""

    rows: tuple[tuple[str, str], ...]
    dense: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its head, its width on paper, and whether it is read from the right, as figures are."""

    head: str
    width_mm: float
    figures: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its head repeated on each page. ``small`` is for points; a line break in a cell is a line break."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    small: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing of ``width_mm`` by ``height_mm`` on paper; ``alt`` says in words what it shows.

    ``layers``: SVG drawings of that size that lie over each other. What many drawings share is a layer of its own, made once.
    """

    layers: tuple[str, ...]
    alt: str
    caption: str
    width_mm: float
    height_mm: float

    @property
    def svg(self) -> str:
        """All layers as one drawing, for a screen."""
        return joined(self.layers)


@dataclass(frozen=True, slots=True)
class Inset:
    """What must not be missed."""

    head: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subhead:
    """A heading within a section; ``number`` as ``5.3``. ``page``: on paper it begins one."""

    number: str
    text: str
    page: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """Where somebody signs: (what, what is there already), each with a line to write on where it is empty."""

    lines: tuple[tuple[str, str], ...]


Block: TypeAlias = Paragraph | Items | Facts | Table | Figure | Inset | Subhead | Signature


@dataclass(frozen=True, slots=True)
class Section:
    number: int
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A pack in blocks. ``opening`` stands on the first page, before the contents."""

    title: str
    reference: str
    version: int
    marking: str
    made_us: int
    opening: tuple[Block, ...]
    sections: tuple[Section, ...]
    attachments: tuple[Attachment, ...]
