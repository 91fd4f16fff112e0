"""How a protected person may be told: only by their safe channels, in their hours, in their words (alerts.md). Pure.

What was not agreed with them, or was agreed in words that we cannot read, is not done by us: then only a person calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from alerts.hours import Hours, Unreadable, read_hours
from domain.vocabulary import Channel

SENDING: Final = (Channel.SMS, Channel.EMAIL)
"""What we may send to a protected person ourselves."""
NUMBERS: Final = ("call", "phone")


@dataclass(frozen=True, slots=True)
class SafeContact:
    """What was agreed.

    Attributes
    ----------
    addresses : by channel, those that were agreed with an address.
    number : on which a person may ring them; empty where none was agreed, and a person must find out.
    hours : None: agreed in words that only a person can keep to, or not at all.
    words, over_words : of a message that tells of an alert, and of one that it is over; None: not agreed.
    """

    addresses: Mapping[Channel, str]
    number: str = ""
    hours: Hours | None = None
    words: str | None = None
    over_words: str | None = None


NOTHING_AGREED: Final = SafeContact({})


def read_contact(victim: Mapping[str, Any]) -> SafeContact:
    """What a victim's body in the caseload says. Nobody under 18 is written to: the person who calls asks for their adult."""
    contact = victim.get("contact")
    if not isinstance(contact, dict):
        return NOTHING_AGREED
    addresses, number = _addresses(contact.get("safe_channels"))
    if victim.get("under_18"):
        return SafeContact({}, number)
    words, over_words = _words(contact.get("safe_words"))
    return SafeContact(addresses, number, _hours(contact), words, over_words)


def _addresses(written: Any) -> tuple[dict[Channel, str], str]:
    """``sms:+44...``, ``email:a@b``, ``call:+44...``; a channel without an address is none of ours."""
    addresses: dict[Channel, str] = {}
    number = ""
    for one in written if isinstance(written, list) else []:
        word, _, address = str(one).partition(":")
        word, address = word.strip().lower(), address.strip()
        if word in NUMBERS and not number:
            number = address
        if word in SENDING and address:
            addresses.setdefault(Channel(word), address)
    return addresses, number


def _hours(contact: Mapping[str, Any]) -> Hours | None:
    if "safe_hours" not in contact:
        return None
    try:
        return read_hours(contact["safe_hours"])
    except Unreadable:
        return None


def _words(written: Any) -> tuple[str | None, str | None]:
    """One text is for an alert; of a list the second is for its end. The words of an alert are never sent for its end."""
    texts = [
        one for one in (written if isinstance(written, list) else [written]) if isinstance(one, str) and one.strip()
    ]
    return (texts[0] if texts else None), (texts[1] if len(texts) > 1 else None)
