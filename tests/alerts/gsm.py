"""The alphabet of SMS (GSM 03.38): what one part of 160 holds."""

from __future__ import annotations

ONE_PART = 160
PLAIN = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("^{}\\[~]|€")


def septets(text: str) -> int | None:
    """How much of a part a text takes; None when it needs the other alphabet, of which a part holds 70."""
    if not set(text) <= PLAIN | EXTENDED:
        return None
    return sum(2 if sign in EXTENDED else 1 for sign in text)
