"""The last pages: what is not known, exhibits, unused material, versions, and what is attached with how to check it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from evidence.content import Pack
from evidence.document.blocks import Block, Column, Facts, Figure, Inset, Items, Paragraph, Section, Table
from evidence.document.doubts import doubts
from evidence.document.drawn import Drawn
from evidence.document.words import RELATIONSHIPS, counted

UNUSED: Final = (
    Column("No.", 10.0, figures=True),
    Column("What", 60.0),
    Column("How many", 20.0, figures=True),
    Column("Why", 54.0),
    Column("Where", 30.0),
)
ATTACHED: Final = (
    Column("File", 34.0),
    Column("What", 46.0),
    Column("Rows; bytes", 22.0, figures=True),
    Column("SHA-256", 72.0),
)
LIBRARIES: Final = (Column("Library", 87.0), Column("Version", 87.0))
HALF: Final = 32
"""Characters of a digest in a line."""


def not_known(pack: Pack, drawn: Drawn) -> Iterator[Block]:
    """The numbered list of what the system does not know."""
    yield Paragraph("What applies to this pack, numbered. Neither the centre nor its equipment knows:")
    yield Items(tuple(doubts(pack, drawn)), numbered=True)


def exhibits(pack: Pack, sections: list[Section]) -> Iterator[Block]:
    """Every drawing and attachment, numbered through the pack."""
    found = [
        (f"{block.caption.partition(' 1:')[0]}", f"section {section.number}")
        for section in sections
        for block in section.blocks
        if isinstance(block, Figure)
    ]
    found += [(f"{one.name}: {one.what}", "attached file") for one in pack.attachments]
    if not found:
        yield Paragraph("There is no exhibit.")
        return
    yield Facts(
        tuple((f"{pack.reference}/{i}", f"{what} ({where})") for i, (what, where) in enumerate(found, start=1)),
        dense=True,
    )


def unused(pack: Pack) -> Iterator[Block]:
    """The schedule of unused material."""
    yield Paragraph(
        "What the centre holds of this order and time and does not rely on, and why. It is listed so that the defence can ask for it; the "
        "data stand in the attached files named."
    )
    if not pack.unused:
        yield Paragraph("There is no unused material.")
        return
    rows = tuple((str(i), one.what, f"{one.count:,}", one.why, one.where) for i, one in enumerate(pack.unused, start=1))
    yield Table("Schedule of unused material", UNUSED, rows)


def versions(pack: Pack) -> Iterator[Block]:
    """What decided and what made this."""
    yield Facts(
        (
            ("Bailiwick", pack.versions.software),
            ("Rules", pack.versions.rules),
            ("Time-zone data", pack.versions.tzdata),
        )
    )
    if pack.versions.libraries:
        yield Table("Libraries", LIBRARIES, pack.versions.libraries)


def attached(pack: Pack) -> Iterator[Block]:
    """The files in this file, and how to check them."""
    if not pack.attachments:
        yield Paragraph("No file is attached.")
        return
    yield Paragraph(
        f"{counted(len(pack.attachments), 'file')} {'is' if len(pack.attachments) == 1 else 'are'} inside this PDF: a reader of PDF files "
        "lists them under attachments. The SHA-256 of each is printed here, so that a printed pack can be held against its files."
    )
    rows = tuple(
        (
            one.name,
            f"{one.what} ({RELATIONSHIPS[one.relationship]})",
            f"{f'{one.rows:,} rows' if one.rows is not None else 'no rows'}\n{len(one.content):,}",
            f"{one.sha256[:HALF]}\n{one.sha256[HALF:]}",
        )
        for one in pack.attachments
    )
    yield Table("Attached files", ATTACHED, rows)
    yield Paragraph(
        "Whoever holds this file can check it without the centre: bailiwick verify-report FILE.", strong=True
    )
    if pack.replay.possible:
        yield Paragraph(
            "It checks the signature, every file, the audit trail's proof, and makes every decision again from the attached data."
        )
    else:
        yield Inset(
            "The decisions cannot be made again from this pack alone",
            pack.replay.why_not or ("The pack does not say why.",),
        )
