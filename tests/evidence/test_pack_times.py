"""Times of a pack as people read them, to the second; those of facts are whole."""

from __future__ import annotations

import html

from evidence.document.page import html_of
from evidence.document.times import from_to, local
from tests.evidence.made import us
from tests.evidence.sample_packs import LONDON, sample

AT = us("2026-11-23T20:15") + 10_167_691


def test_prose_is_to_the_second_and_a_fact_keeps_its_fraction() -> None:
    assert local(AT, LONDON) == "23 Nov 2026, 20:15:10"
    assert local(AT, LONDON, exact=True) == "23 Nov 2026, 20:15:10.167691"
    assert from_to(AT, AT + 60_000_000, LONDON) == "from 23 Nov 2026, 20:15:10 to 20:16:10"


def test_the_narrative_is_the_officers_and_says_who_wrote_it() -> None:
    page = html.unescape(html_of(sample()))
    assert "In the officer's words (written by R. Finch, responsible officer)" in page
