"""A pack on screen: the words of the paper, whoever wrote them."""

import re
from dataclasses import fields
from html.parser import HTMLParser

from evidence.document.blocks import Figure, Items, Paragraph, Table
from evidence.document.pack import document_of
from evidence.document.page import html_of
from tests.evidence.sample_packs import sample
from tests.evidence.test_pack_pdf import HOSTILE, everywhere


class Read(HTMLParser):
    """What a page says, and the elements that it is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: set[str] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data + " "


def test_the_screen_says_what_the_paper_says() -> None:
    pack = sample()
    page = Read(html_of(pack))
    assert page.open == []
    said = " ".join(page.text.split())
    document = document_of(pack)
    for section in document.sections:
        assert f"{section.number}. {section.title}" in said
        for block in section.blocks:
            for text in texts(block):
                assert " ".join(text.split()) in said, text
    assert page.tags.count("table") == sum(
        isinstance(block, Table) for section in document.sections for block in section.blocks
    )
    assert page.tags.count("figure") == sum(
        isinstance(block, Figure) for section in document.sections for block in section.blocks
    )
    assert "style" not in page.attributes, "the console's policy allows none"
    assert len(re.findall(r' id="', html_of(pack))) == len(document.sections)


def texts(block: object) -> list[str]:
    """Some of the words of a block."""
    if isinstance(block, Paragraph):
        return [block.text]
    if isinstance(block, Items):
        return list(block.items)
    if isinstance(block, Table):
        return [block.caption, *(cell for row in block.rows for cell in row)]
    return [getattr(block, field.name) for field in fields(block) if field.name in ("caption", "head", "text")]


def test_whatever_people_write_is_shown_and_never_obeyed() -> None:
    page = Read(html_of(everywhere(sample(), HOSTILE)))
    assert page.open == []
    assert "script" not in page.tags
    assert "onload" not in page.attributes
    for words in ("<script>alert(1)</script>", "{{ 7*7 }}", "[U+202E]esrever", "Llŷr Ŵyn 中文", "&amp;"):
        assert words in page.text
    assert "\u202e" not in page.text


def test_the_screen_is_the_same_each_time() -> None:
    assert html_of(sample()) == html_of(sample())
