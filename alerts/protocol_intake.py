"""A file of protocols that is to come into force: read, and refused with a line for everything that is wrong."""

from __future__ import annotations

from alerts.protocol_checks import check
from alerts.protocol_reading import Keys, line_of, read_protocols
from alerts.protocols import Protocols
from alerts.texts import shipped_catalogues
from domain.errors import BadInput, Fault


def read_usable(text: str, file: str) -> Protocols:
    """The protocols of a TOML file that may be used.

    Raises `BadInput`: what cannot be read by line and field, what could age in silence by protocol and field.
    """
    [*books] = shipped_catalogues().values()
    texts = set.intersection(*(set(book.text) for book in books))
    tasks = set.intersection(*(set(book.task) for book in books))
    protocols = read_protocols(text, file, Keys(texts, tasks))
    found = check(protocols)
    if found:
        raise BadInput([Fault(file, line_of(text, protocols, one.protocol), one.where, one.cause) for one in found])
    return protocols
