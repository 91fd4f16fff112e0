"""typst in a process of its own: ``python apart.py FOLDER`` makes FOLDER/pack.pdf of what lies there, or says on standard error why not.

It begins when it is told on standard input that everything lies there, and ends when whoever started it is gone.

typst keeps what it has laid out for the next time, and never lets go of it: a hundred megabytes a pack. A process that ends does.
Nothing of ours is imported, so that it starts in no time and is as large as typst alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import typst

STANDARDS: Final[list[Any]] = ["a-3a", "ua-1"]
SOURCE: Final = "main.typ"
DATED: Final = "dated"
"""Holds the document's instant, seconds UTC."""
FONTS: Final = "fonts"
MADE: Final = "pack.pdf"
READY: Final = "\n"


def main(folder: Path) -> int:
    """0 when it is made; 1 with the reason when typst refuses the document or has anything to say about it."""
    try:
        made, warnings = typst.compile_with_warnings(
            str(folder / SOURCE),
            root=str(folder),
            format="pdf",
            font_paths=typst.Fonts(include_system_fonts=False, font_paths=[str(folder / FONTS)]),
            ignore_system_fonts=True,
            pdf_standards=STANDARDS,
            timestamp=int((folder / DATED).read_text()),
        )
    except typst.TypstError as error:
        print(error.message, *error.hints, file=sys.stderr)
        return 1
    if warnings:
        print(*(one.message for one in warnings), sep="; ", file=sys.stderr)
        return 1
    assert isinstance(made, bytes)
    (folder / MADE).write_bytes(made)
    return 0


if __name__ == "__main__":
    if sys.stdin.readline() == READY:
        sys.exit(main(Path(sys.argv[1])))
