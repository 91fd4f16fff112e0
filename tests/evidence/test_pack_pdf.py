"""A pack as PDF: what can be checked of PDF/A-3a and PDF/UA-1 without veraPDF, its files, its words, whoever wrote them."""

import io
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pikepdf
import pypdfium2
import pytest

from domain.records import Absence
from domain.violations import Violation
from evidence.content import MARKING, Contact, Pack, Unused
from evidence.document.blocks import Facts, Figure, Inset, Items, Paragraph, Signature, Subhead, Table
from evidence.document.pack import document_of
from evidence.document.shown import COVERED, on_paper, on_screen
from evidence.document.svg import drawing
from evidence.document.svg import text as svg_text
from evidence.document.typesetting import NotTypeset, pdf_of, typeset
from tests.evidence.sample_packs import MADE_US, START_US, attachment, sample

HOSTILE = (
    '#panic("typst") $x^2$ *bold* _it_ `raw` @ref <label> \\ ~ -- "q" // /* = Heading\n- item\n#read("/etc/passwd") '
    "<script>alert(1)</script> &amp; <svg onload=x> {{ 7*7 }} {% raw %} \x00\x07\u202eesrever\u2066\u200b\ufeff\ud800 "
    "אברהם כהן محمد الفارسي پژمان Llŷr Ŵyn 中文 😀 \u0b95 Ÿ é e\u0301 " + "W" * 200 + "\r\nnext\ttab"
)


@cache
def made() -> bytes:
    """The sample pack, once."""
    return pdf_of(sample())


def words_of(pdf: bytes) -> str:
    """The text of all pages."""
    with pypdfium2.PdfDocument(pdf) as document:
        pages = [document[i] for i in range(len(document))]
        texts = [page.get_textpage() for page in pages]
        found = "\n".join(text.get_text_range() for text in texts)
        for one in (*texts, *pages):
            one.close()
    return found


def test_the_same_pack_is_the_same_bytes_and_another_is_not() -> None:
    assert pdf_of(sample()) == made()
    later = pdf_of(sample(made_us=MADE_US + 1_000_000))
    assert later != made()
    with pikepdf.open(io.BytesIO(made())) as one, pikepdf.open(io.BytesIO(later)) as other:
        assert str(one.trailer.ID[1]) != str(other.trailer.ID[1])
        assert str(one.docinfo["/CreationDate"]) == "D:20261116103000Z"


def test_it_says_that_it_is_pdf_a_3a_and_ua_1_and_keeps_what_they_ask() -> None:
    with pikepdf.open(io.BytesIO(made())) as pdf:
        root = pdf.Root
        xmp = bytes(root.Metadata.read_bytes()).decode()
        for said in ("pdfaid:part>3<", "pdfaid:conformance>A<", "pdfuaid:part>1<"):
            assert said in xmp
        assert "Breach pack BW-17" in xmp
        assert str(root.Lang) == "en-GB"
        assert bool(root.MarkInfo.Marked)
        assert bool(root.ViewerPreferences.DisplayDocTitle)
        assert [str(one.S) for one in root.OutputIntents] == ["/GTS_PDFA1"]
        assert not pdf.is_encrypted
        assert "/JavaScript" not in root.get("/Names", {})
        assert "/OpenAction" not in root
        for page in pdf.pages:
            assert str(page.Tabs) == "/S" if "/Annots" in page else True
            assert not {"/AA"} & set(page.keys())
        for number in range(1, len(pdf.objects)):
            thing = pdf.objects[number]
            if isinstance(thing, pikepdf.Dictionary) and thing.get("/Type") == "/FontDescriptor":
                assert any(key in thing for key in ("/FontFile2", "/FontFile3")), "every font is inside"
            if (
                isinstance(thing, pikepdf.Dictionary)
                and thing.get("/Type") == "/Font"
                and thing.get("/Subtype") == "/Type0"
            ):
                assert "/ToUnicode" in thing


def structure(pdf: pikepdf.Pdf) -> list[pikepdf.Dictionary]:
    """Every element of the structure tree, in reading order."""
    found = []
    stack = [pdf.Root.StructTreeRoot.K]
    while stack:
        one = stack.pop()
        if isinstance(one, pikepdf.Array):
            stack += reversed(list(one))
        elif isinstance(one, pikepdf.Dictionary) and "/S" in one:
            found.append(one)
            stack += [one.K] if "/K" in one else []
    return found


def test_its_structure_has_headings_in_order_heads_of_tables_and_words_for_pictures() -> None:
    with pikepdf.open(io.BytesIO(made())) as pdf:
        elements = structure(pdf)
        kinds = Counter(str(one.S) for one in elements)
        figures = sum(
            isinstance(block, Figure) for section in document_of(sample()).sections for block in section.blocks
        )
        tables = sum(isinstance(block, Table) for section in document_of(sample()).sections for block in section.blocks)
        assert kinds["/Figure"] == figures
        assert all(len(str(one.Alt)) > 60 for one in elements if str(one.S) == "/Figure")
        assert kinds["/Table"] == tables
        assert kinds["/THead"] >= tables
        assert kinds["/TH"] >= 3 * tables
        levels = [int(str(one.S)[2:]) for one in elements if re.fullmatch("/H[1-6]", str(one.S))]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))


def test_files_are_inside_byte_by_byte_each_with_what_it_is() -> None:
    pack = sample()
    with pikepdf.open(io.BytesIO(made())) as pdf:
        assert sorted(pdf.attachments) == sorted(one.name for one in pack.attachments)
        for one in pack.attachments:
            spec = pdf.attachments[one.name]
            assert spec.get_file().read_bytes() == one.content
            assert spec.get_file().mime_type == one.media_type
            assert spec.description == one.what
            assert str(spec.relationship) == "/Data"
        assert len(pdf.Root.AF) == len(pack.attachments)
    with pytest.raises(NotTypeset):
        pdf_of(sample(attachments=pack.attachments[:1] * 2))


def test_every_page_has_its_number_the_reference_and_the_marking() -> None:
    with pypdfium2.PdfDocument(made()) as document:
        count = len(document)
        for i in range(count):
            page = document[i]
            text = page.get_textpage()
            words = text.get_text_range()
            text.close()
            page.close()
            assert f"page {i + 1} of {count}" in words
            assert "BW-17, version 2" in words
            assert MARKING.upper() in words
            assert (page_size := document.get_page_size(i)) == pytest.approx((595.28, 841.89), abs=0.01), page_size


def test_it_says_everything_that_the_content_says() -> None:
    said = " ".join(words_of(made()).split())
    for words in (
        "Maidstone Magistrates’ Court", "Aled Llŷr Ŵyn-Owen", "28 February 1998", "Welsh (cy)", "01AB1234526", "R. Finch", "Duty manager",
        "Data that came late showed W1-9", "Left home during curfew (AL10): W1-3", "Out for entire curfew (AL12)", "26 Oct 2026, 19:00:00 to",
        "718.2 min for certain", "score 0.9991", "TQ 76016 56168", "25.0 m inside", "2026-10-21T13:00:00Z", "2026-10-21T16:00:00Z",
        "late, 3 h 1 min after it happened", "Reasonable excuse: the bus was late.", "in the sealed annex", "from 19:00 to 07:00 the next day",
        "Range test: not recorded", "two fingers", "Said that he had gone to the shop.", "181 of 207 (87%)", "not yet measured: 6 alerts",
        "a second position is not a second witness", "Facts of the order not relied on 43,158", "Time-zone data: 2026f", "BW-17/7",
        "He was warned by letter on 20 October.", "hospital", "Scale 1:",
    ):  # fmt: skip
        assert words in said, words
    digest = sample().attachments[0].sha256
    assert digest[:32] in said
    assert digest[32:] in said
    lower = said.lower()
    assert "probability" not in lower
    assert "certainty" not in lower


def everywhere(pack: Pack, text: str) -> Pack:
    """The pack with one text wherever people write."""
    first, *rest = pack.relied
    assessed = replace(first.assessments[0], assessment=replace(first.assessments[0].assessment, by=text, reason=text))
    condition = pack.conditions[0]
    place = replace(condition.condition.place, name=text)
    named = replace(condition, condition=replace(condition.condition, name=text, place=place), told_how=text)
    zone = replace(pack.conditions[1], zone_name=text)
    return replace(
        pack, to_whom=text, about=replace(pack.about, name=text, needs=(text,), identifiers=((text, text),), responsible_adult=text, born=text),
        narrative=(text, text), narrative_by=text, changed=(replace(pack.changed[0], what=text, where=text),), statement=(text,), signing=text,
        signatory=replace(pack.signatory, name=text, post=text), people=(replace(pack.people[0], name=text, contact=text),),
        relied=(replace(first, assessments=(assessed,)), *rest), conditions=(named, zone, *pack.conditions[2:]),
        left_out=(replace(pack.left_out[0], why=text),), contacts=(Contact(START_US, text, text, text),),
        absences=(Absence("A1", "C1", START_US, None, None, text, text),), unused=(Unused(text, 1, text, text),), marking=text,
        orders=(replace(pack.orders[0], told_how=text), ), fittings=(replace(pack.fittings[0], model=text, strap_check=text),),
    )  # fmt: skip


@pytest.mark.slow
def test_whatever_people_write_is_shown_and_never_obeyed() -> None:
    pdf = pdf_of(everywhere(sample(), HOSTILE))
    said = words_of(pdf)
    for words in (
        '#panic("typst")',
        "*bold* _it_ `raw`",
        "<script>alert(1)</script>",
        "{{ 7*7 }}",
        '#read("/etc/passwd")',
        "Llŷr Ŵyn",
    ):
        assert words in said.replace("\u200b", ""), words
    for code in ("[U+202E]", "[U+0000]", "[U+200B]", "[U+4E2D]", "[U+1F600]", "[U+D800]", "[U+0B95]"):
        assert code in said.replace("\u200b", "").replace("\r", "").replace("\n", ""), code
    assert "root:" not in said
    assert said.replace("\r", "").replace("\n", "").replace("\u200b", "").count("W" * 200) > 20
    assert "אברהם" in said or "םהרבא" in said
    with pikepdf.open(io.BytesIO(pdf)) as again:
        assert len(again.pages) < 60


def test_texts_are_made_fit_without_being_changed_otherwise() -> None:
    plain = "An ordinary name, O’Neill – 20 °C, café"
    assert on_paper(plain) == on_screen(plain) == plain
    assert on_screen("中文 \u202e x") == "中文 [U+202E] x"
    assert on_paper("中 \u202e") == "[U+4E2D] [U+202E]"
    assert on_paper("e\u0301") == "é"
    assert on_paper("W" * 100).replace("\u200b", "") == "W" * 100
    assert on_paper("one\r\ntwo\tthree") == "one\ntwo three"


@pytest.mark.slow
def test_the_fonts_have_every_character_that_is_said_to_be_covered() -> None:
    every = " ".join(chr(code) for first, last in COVERED for code in range(first, last + 1))
    pdf_of(sample(narrative=(every,), attachments=()))
    bare = replace(
        document_of(sample(attachments=())),
        opening=(Figure((drawing(9, 9, [svg_text(1, 5, "中")]),), "one", "two", 9, 9),),
    )
    with pytest.raises(NotTypeset, match="font"):
        typeset(bare)  # a character that no font has is refused, so the line above says something


def test_the_annex_says_what_the_pack_leaves_out_and_is_marked() -> None:
    said = words_of(
        pdf_of(sample(annex=True, attachments=(attachment("manifest.json", "Digests", "application/json", b"{}"),)))
    )
    assert "Sealed annex to a breach pack BW-17-A" in said
    assert "without a direction of the court" in " ".join(said.split())


def test_a_pack_of_nothing_is_a_document_that_says_so() -> None:
    empty = Pack("1", 1, MADE_US, sample().covers, sample().zone, "the court", sample().about, ())
    said = " ".join(words_of(pdf_of(empty)).split())
    for words in (
        "No violation is relied on.",
        "No fitting is in the records",
        "Nobody has put their name to this version",
        "There is no exhibit.",
    ):
        assert words in said


def test_what_is_sealed_cannot_say_where() -> None:
    sealed = sample().relied[4]
    with pytest.raises(ValueError, match="sealed"):
        replace(sealed, points=(replace(sealed.points[0], p_inside=0.5),))
    with pytest.raises(ValueError, match="sealed"):
        replace(sample().conditions[0], sealed=True)


def test_a_doubt_stands_there_when_it_applies_and_not_otherwise() -> None:
    def doubts(pack: Pack) -> str:
        (section,) = [one for one in document_of(pack).sections if one.title == "What the system does not know"]
        (items,) = [block for block in section.blocks if isinstance(block, Items)]
        assert items.numbered
        return " ".join(items.items)

    whole = doubts(sample())
    bare = doubts(sample(relied=(), gaps=(), kept=(), left_out=(), conditions=()))
    for words in (
        "position score",
        "second witness",
        "monitoring gap",
        "came late",
        "Not known is not absent",
        "sealed annex",
        "home monitoring unit",
    ):
        assert words in whole, words
        assert words not in bare, words
    assert "Who wore the device" in bare
    open_one: Violation = replace(sample().relied[0].current, to_us=None, minutes_certain=None, minutes_possible=None)
    still = doubts(sample(relied=(replace(sample().relied[0], versions=(open_one,)),)))
    assert "When W1-3 ended: still open" in still


def test_every_block_is_of_a_kind_that_the_template_knows() -> None:
    kinds = {type(block) for section in document_of(sample(signatory=None)).sections for block in section.blocks}
    assert kinds == {Paragraph, Items, Facts, Table, Figure, Inset, Subhead, Signature}
