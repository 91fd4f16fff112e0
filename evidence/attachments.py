"""The files inside a PDF, by name. Pure."""

from __future__ import annotations

import io
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError, PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader

from domain.errors import BailiwickError

MOST_FILES: Final = 64
MOST_BYTES: Final = 1 << 30
"""Of all files together, unpacked."""
DEEPEST: Final = 16
"""Levels of the tree of names."""


class NoPack(BailiwickError):
    """It is no PDF with files in it."""


class Unreadable(BailiwickError):
    """A PDF that was one once: a part of it cannot be read."""


def attachments_of(document: bytes) -> dict[str, bytes]:
    """Every file in a PDF. Raises `NoPack` for what is no PDF at all, `Unreadable` for one that is broken."""
    if not document.startswith(b"%PDF-"):
        raise NoPack("it is no PDF file")
    try:
        found = _read(document)
    except (Unreadable, NoPack):
        raise
    except Exception as error:  # whatever changed bytes make of a parser
        raise Unreadable(f"the document's files cannot be read: {type(error).__name__}: {error}") from None
    return found


def _read(document: bytes) -> dict[str, bytes]:
    try:
        root = PdfFileReader(io.BytesIO(document), strict=False).root
        tree = root["/Names"]["/EmbeddedFiles"]
    except KeyError:
        raise NoPack("no file is in it, and a pack has its data in it") from None
    except (PdfError, PdfReadError) as error:
        raise Unreadable(f"the document cannot be read: {error}") from None
    found: dict[str, bytes] = {}
    size = 0
    for spec in _specs(tree, DEEPEST):
        name = str(spec.get("/UF", spec.get("/F")))
        body = spec["/EF"]["/F"].data
        size += len(body)
        if name in found:
            raise Unreadable(f"two files in the document are called {name}")
        if len(found) == MOST_FILES or size > MOST_BYTES:
            raise Unreadable("more is in the document than a pack holds")
        found[name] = bytes(body)
    return found


def _specs(node: Any, depth: int) -> list[Any]:
    if depth == 0:
        raise Unreadable("the tree of the document's files is too deep")
    found: list[Any] = []
    if "/Names" in node:
        found += [_of(one) for one in node["/Names"]][1::2]
    if "/Kids" in node:
        for kid in node["/Kids"]:
            found += _specs(_of(kid), depth - 1)
    return found


def _of(one: Any) -> Any:
    return one.get_object() if isinstance(one, generic.IndirectObject) else one
