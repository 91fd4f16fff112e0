"""Texts of others as a document may show them: what would hide, turn or lose letters is shown by its code.

A name or a narrative may hold any character. One that nobody sees (a control, a zero-width space) or that turns the reading direction
of what follows could make a page say other than what was written; one that no font of the document has would be an empty box. Both
stand as ``[U+202E]``. The attached data have every text as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST_WORD: Final = 36
"""Letters after which a word may be broken where the line ends; digests are broken by whoever writes them."""
BREAK: Final = "\u200b"
INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""Unicode's categories of what is not seen or not assigned."""
COVERED: Final = (
    (0x20, 0x7E),
    (0xA0, 0x17F),
    (0x18F, 0x18F),
    (0x192, 0x192),
    (0x1A0, 0x1A1),
    (0x1AF, 0x1B0),
    (0x1CD, 0x1DC),
    (0x1E6, 0x1E7),
    (0x1EA, 0x1EB),
    (0x1F8, 0x1F9),
    (0x218, 0x21B),
    (0x22A, 0x22D),
    (0x230, 0x233),
    (0x2BB, 0x2BC),
    (0x2C6, 0x2C7),
    (0x2D8, 0x2DD),
    (0x300, 0x304),
    (0x306, 0x30C),
    (0x323, 0x328),
    (0x384, 0x386),
    (0x388, 0x38A),
    (0x38C, 0x38C),
    (0x38E, 0x3A1),
    (0x3A3, 0x3CE),
    (0x400, 0x45F),
    (0x490, 0x493),
    (0x5D0, 0x5EA),
    (0x60C, 0x60C),
    (0x61B, 0x61B),
    (0x61F, 0x61F),
    (0x621, 0x63A),
    (0x640, 0x652),
    (0x660, 0x66D),
    (0x679, 0x679),
    (0x67E, 0x67E),
    (0x686, 0x686),
    (0x691, 0x691),
    (0x698, 0x698),
    (0x6A9, 0x6A9),
    (0x6AF, 0x6AF),
    (0x6CC, 0x6CC),
    (0x6F0, 0x6F9),
    (0x1E80, 0x1E85),
    (0x1EA0, 0x1EF9),
    (0x2010, 0x2015),
    (0x2018, 0x201E),
    (0x2020, 0x2022),
    (0x2026, 0x2026),
    (0x2030, 0x2030),
    (0x2032, 0x2033),
    (0x2039, 0x203A),
    (0x2044, 0x2044),
    (0x20AC, 0x20AC),
    (0x2116, 0x2116),
    (0x2122, 0x2122),
    (0x2190, 0x2193),
    (0x2212, 0x2212),
    (0x2248, 0x2248),
    (0x2260, 0x2260),
    (0x2264, 0x2265),
)
"""Characters that the document's fonts have, first and last of each run; a test sets every one of them."""

_LONG: Final = re.compile(rf"[^\s{BREAK}]{{{LONGEST_WORD + 1},}}")
_OUTSIDE: Final = re.compile(
    "[^\n"
    + "".join(f"{chr(first)}-{chr(last)}".replace("\\", "\\\\").replace("]", "\\]") for first, last in COVERED)
    + "]"
)


def on_screen(text: str) -> str:
    """The text with what is not seen or turns the direction shown by its code; line breaks stay."""
    plain = _lines(text)
    if plain.isascii() and plain.isprintable():
        return plain
    return "".join(code(one) if one != "\n" and unicodedata.category(one) in INVISIBLE else one for one in plain)


def on_paper(text: str) -> str:
    """As `on_screen`, and what the fonts do not have by its code; long words may be broken."""
    plain = _lines(text)
    if not plain.isascii() or not plain.isprintable():
        plain = unicodedata.normalize("NFC", plain)
        plain = _OUTSIDE.sub(lambda found: code(found.group()), plain)
    return _LONG.sub(lambda found: BREAK.join(_pieces(found.group())), plain) if len(plain) > LONGEST_WORD else plain


def code(character: str) -> str:
    """``[U+202E]``."""
    return f"[U+{ord(character):04X}]"


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ") if not text.isprintable() else text


def _pieces(word: str) -> list[str]:
    half = LONGEST_WORD // 2
    return [word[i : i + half] for i in range(0, len(word), half)]
