"""A pack's blocks as a page of the console: the same words as on paper, every text escaped, figures as they are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from markupsafe import escape

from evidence.content import Pack
from evidence.document.blocks import (
    Block,
    Facts,
    Figure,
    Inset,
    Items,
    Paragraph,
    Section,
    Signature,
    Subhead,
    Table,
)
from evidence.document.pack import document_of


def page_of(pack: Pack) -> str:
    """The pack as HTML below a heading of the first order."""
    document = document_of(pack)
    lines = [f'<p class="govuk-body"><strong>{escape(document.marking)}</strong></p>', *_blocks(document.opening)]
    for section in document.sections:
        lines += _section(section)
    return "\n".join(lines)


def _section(section: Section) -> Iterator[str]:
    name = f"section-{section.number}"
    yield f'<section aria-labelledby="{name}">'
    yield f'<h2 class="govuk-heading-m" id="{name}">{section.number}. {escape(section.title)}</h2>'
    yield from _blocks(section.blocks)
    yield "</section>"


def _blocks(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            text = f"<strong>{escape(block.text)}</strong>" if block.strong else escape(block.text)
            yield f'<p class="govuk-body">{text}</p>'
        case Items():
            yield from _items(block.items, numbered=block.numbered)
        case Facts():
            yield from _facts(block.rows)
        case Table():
            yield from _table(block)
        case Figure():
            yield f'<figure class="app-pack-figure" role="img" aria-label="{escape(block.alt)}">{block.svg}'
            yield f'<figcaption class="govuk-body-s">{escape(block.caption)}</figcaption></figure>'
        case Inset():
            yield f'<div class="govuk-inset-text"><h3 class="govuk-heading-s">{escape(block.head)}</h3>'
            yield from _items(block.items, numbered=False)
            yield "</div>"
        case Subhead():
            yield f'<h3 class="govuk-heading-s">{escape(block.number)} {escape(block.text)}</h3>'
        case Signature():
            yield from _facts(block.lines)


def _items(items: Iterable[str], *, numbered: bool) -> Iterator[str]:
    tag, kind = ("ol", "number") if numbered else ("ul", "bullet")
    yield f'<{tag} class="govuk-list govuk-list--{kind}">'
    yield from (f"<li>{escape(item)}</li>" for item in items)
    yield f"</{tag}>"


def _facts(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield '<dl class="govuk-summary-list">'
    for name, says in rows:
        yield f'<div class="govuk-summary-list__row"><dt class="govuk-summary-list__key">{escape(name)}</dt>'
        yield f'<dd class="govuk-summary-list__value">{escape(says)}</dd></div>'
    yield "</dl>"


def _table(table: Table) -> Iterator[str]:
    yield '<div class="app-scroll" tabindex="0"><table class="govuk-table govuk-table--small-text-until-tablet">'
    yield f'<caption class="govuk-table__caption govuk-table__caption--s">{escape(table.caption)}</caption>'
    heads = "".join(f'<th scope="col" class="govuk-table__header">{escape(one.head)}</th>' for one in table.columns)
    yield f'<thead class="govuk-table__head"><tr class="govuk-table__row">{heads}</tr></thead><tbody>'
    for row in table.rows:
        cells = "".join(f'<td class="govuk-table__cell">{escape(cell)}</td>' for cell in row)
        yield f'<tr class="govuk-table__row">{cells}</tr>'
    yield "</tbody></table></div>"
