"""The mobile network that a message says it came by: carrier (mcc, mnc) and cell (tac, cell), as words."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple, Protocol, TypeAlias

WORD_CHARACTERS: Final = 16
"""A code that is longer, or not of ASCII letters and digits, is no code: as if it had not been told."""
KNOWN: Final = 65_536
"""How many networks' words are kept at hand, process-wide."""

Code: TypeAlias = int | str | None


class Network(NamedTuple):
    """Where a device last said that it was connected. A part that it did not tell is None."""

    mcc: str | None = None
    mnc: str | None = None
    tac: str | None = None
    cell: str | None = None

    @property
    def carrier(self) -> tuple[str, str] | None:
        """(mcc, mnc); None unless both are told."""
        return None if self.mcc is None or self.mnc is None else (self.mcc, self.mnc)


UNTOLD: Final = Network()
"""A device that never said where it was connected."""


class Told(Protocol):
    """`net` of an envelope (wire.md)."""

    mcc: Code
    mnc: Code
    tac: Code
    cell: Code


def network_of(net: Told | None) -> Network | None:
    """The network of an envelope; None when it tells nothing of it."""
    if net is None:
        return None
    network = _network(net.mcc, net.mnc, net.tac, net.cell)
    return None if network == UNTOLD else network


@lru_cache(KNOWN)
def _network(mcc: Code, mnc: Code, tac: Code, cell: Code) -> Network:
    return Network(_word(mcc), _word(mnc), _word(tac), _word(cell))


def _word(code: Code) -> str | None:
    """One code, the same whether it came as a number or as text with leading zeros."""
    if code is None:
        return None
    word = str(code)
    if not word.isascii() or not word.isalnum() or len(word) > WORD_CHARACTERS:
        return None
    return word.lstrip("0") or "0"
