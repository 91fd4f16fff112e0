"""Texts from outside, as PostgreSQL can hold them."""

from __future__ import annotations

from typing import overload


@overload
def storable(text: str) -> str: ...
@overload
def storable(text: None) -> None: ...
def storable(text: str | None) -> str | None:
    """``text`` with U+0000 and lone surrogates, which PostgreSQL refuses, replaced by U+FFFD and ``?``.

    Only for what is shown to people (a dead letter's topic and cause): its bytes are kept beside it, exactly.
    """
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
