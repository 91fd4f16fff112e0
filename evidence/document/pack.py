"""A pack as a document: its sections in their order, in blocks that the screen and the page render alike."""

from __future__ import annotations

from collections.abc import Iterable

from evidence.content import Pack
from evidence.document import back, front, monitoring
from evidence.document.blocks import Block, Document, Section
from evidence.document.drawn import drawn_of
from evidence.document.relied import left_out, relied

RELIED_SECTION = 5


def document_of(pack: Pack) -> Document:
    """The whole document. The same pack gives the same document, to the letter."""
    drawn = drawn_of(pack)
    sections: list[Section] = []

    def add(title: str, blocks: Iterable[Block]) -> None:
        sections.append(Section(len(sections) + 1, title, tuple(blocks)))

    add("Summary", front.summary(pack))
    add("Statement", front.statement(pack))
    add("The device wearer and the order", (*front.person(pack), *front.orders(pack)))
    add("Conditions", front.conditions(pack, drawn))
    assert len(sections) + 1 == RELIED_SECTION
    add("Violations relied on", relied(pack, drawn, RELIED_SECTION))
    add("Violations left out", left_out(pack))
    add("Hours asked for and kept", monitoring.timelines(pack, RELIED_SECTION))
    add("Equipment, visits and checks", monitoring.equipment(pack))
    add("Contacts, absences and suspensions", monitoring.contacts(pack))
    add("Monitoring gaps", monitoring.gaps(pack))
    add("How reliable it is", monitoring.reliability(pack))
    add("What the system does not know", back.not_known(pack, drawn))
    add("Unused material", back.unused(pack))
    add("Versions", back.versions(pack))
    add("Exhibits", back.exhibits(pack, sections))
    add("Attached files, and how to check this pack", back.attached(pack))
    return Document(
        title=front.title_of(pack),
        reference=pack.reference,
        version=pack.version,
        marking=pack.marking,
        made_us=pack.made_us,
        opening=tuple(front.opening(pack)),
        sections=tuple(sections),
        attachments=pack.attachments,
    )
